//! How an older list of steps becomes the present one.

use serde::Serialize;

use super::{NewStep, StepError, StepForm};
use crate::json::{Json, JsonError};

/// What is to be done with a recorded list before a handler of a newer version goes on with it. What has been done already, or
/// is about a step that is not recorded, changes nothing: so it may stay in the handler.
#[derive(Debug, Clone, Default)]
#[must_use = "it changes a list only when it is given to upgrade_steps"]
pub struct StepUpgrade {
    changes: Vec<Change>,
}

#[derive(Debug, Clone)]
enum Change {
    Rename { from: String, to: String },
    Drop { name: String },
    Add { after: String, name: String, output: Result<Json, JsonError> },
}

impl StepUpgrade {
    /// Without any change.
    pub fn new() -> Self {
        Self::default()
    }

    /// A step has another name now.
    pub fn rename(self, from: impl Into<String>, to: impl Into<String>) -> Self {
        self.with(Change::Rename { from: from.into(), to: to.into() })
    }

    /// A step is not called any more.
    pub fn drop(self, name: impl Into<String>) -> Self {
        self.with(Change::Drop { name: name.into() })
    }

    /// Where the first of these is recorded the second counts as done, with this output: it stands behind the first.
    pub fn add_after<T: Serialize + ?Sized>(
        self,
        after: impl Into<String>,
        name: impl Into<String>,
        output: &T,
    ) -> Self {
        let output = Json::output_of(output);
        self.with(Change::Add { after: after.into(), name: name.into(), output })
    }

    fn with(mut self, change: Change) -> Self {
        self.changes.push(change);
        self
    }

    /// The list after it. What was recorded of an announced set keeps its gaps.
    pub(super) fn apply(&self, mut steps: Vec<NewStep>) -> Result<Vec<NewStep>, StepError> {
        for change in &self.changes {
            change.apply(&mut steps)?;
        }
        Ok(steps)
    }
}

impl Change {
    fn apply(&self, steps: &mut Vec<NewStep>) -> Result<(), StepError> {
        let place = |name: &str| steps.iter().position(|step| step.name == name);
        match self {
            Self::Rename { from, to } => {
                if let (Some(at), None) = (place(from), place(to)) {
                    steps[at].name.clone_from(to);
                }
            }
            Self::Drop { name } => {
                if let Some(at) = place(name) {
                    steps.remove(at);
                    steps[at..].iter_mut().for_each(|later| later.nth -= 1);
                }
            }
            Self::Add { after, name, output } => {
                if let (Some(at), None) = (place(after), place(name)) {
                    let added = done(steps[at].nth + 1, name, output)?;
                    steps[at + 1..].iter_mut().for_each(|later| later.nth += 1);
                    steps.insert(at + 1, added);
                }
            }
        }
        Ok(())
    }
}

fn done(nth: u32, name: &str, output: &Result<Json, JsonError>) -> Result<NewStep, StepError> {
    let name = name.to_owned();
    match output {
        Ok(output) => {
            let output = Some(output.clone());
            Ok(NewStep { nth, name, form: StepForm::Work, output, until: None })
        }
        Err(reason) => Err(StepError::Output { name, reason: reason.clone() }),
    }
}
