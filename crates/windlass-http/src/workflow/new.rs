//! A workflow as it is asked for.

use serde::Deserialize;
use utoipa::ToSchema;
use windlass::BatchId;
use windlass::batch::{Step, Workflow};
use windlass::condition::Ends;

use crate::batch::standalone;
use crate::job::NewJobBody;
use crate::limits::BATCH_JOBS;
use crate::problem::Problem;
use crate::schema;

/// A workflow to be started: jobs with names that run after each other.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewWorkflow {
    /// Its name, which says which one it is, such as `vm.provision`.
    #[schema(max_length = 128)]
    name: String,
    /// There is one with this key: a request that is repeated with it starts no second one.
    #[schema(max_length = 1024)]
    key: Option<String>,
    /// The id it is to have, which makes a request repeatable, too.
    #[schema(value_type = Option<schema::BatchId>)]
    id: Option<BatchId>,
    /// Its steps in any order, at most 1,000.
    #[schema(max_items = 1000)]
    steps: Vec<NewStep>,
}

/// A step of a workflow.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewStep {
    /// Its name, of which there is one in the workflow.
    #[schema(max_length = 128)]
    name: String,
    /// What is to be done, without `batch` and `step`. What it waits for beside other steps is in its `waits`.
    job: NewJobBody,
    /// Not before these steps are completed.
    #[serde(default)]
    #[schema(max_items = 1000)]
    after: Vec<String>,
    /// Not before these steps have ended in one of these ways.
    #[serde(default)]
    #[schema(max_items = 1000)]
    after_ends: Vec<AfterEnds>,
    /// What undoes it, where it was completed and the workflow fails.
    undo: Option<NewJobBody>,
}

/// A step that another one comes after.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct AfterEnds {
    /// Its name.
    #[schema(max_length = 128)]
    step: String,
    /// How it may end; at least one.
    #[schema(min_items = 1, max_items = 3)]
    ends: Vec<EndWord>,
}

#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = StepEnd)]
enum EndWord {
    /// It is completed.
    Completed,
    /// It was cancelled, or has expired.
    Cancelled,
    /// It is dead.
    Dead,
}

impl NewWorkflow {
    /// The workflow.
    pub(super) fn workflow(self) -> Result<Workflow, Problem> {
        let steps = self.steps.len();
        if !(1..=BATCH_JOBS).contains(&steps) {
            let detail = format!("expected 1 to {BATCH_JOBS} steps, found {steps}");
            return Err(Problem::body("/steps".to_owned(), detail));
        }
        let steps = self.steps.into_iter().enumerate();
        let steps = steps.map(|(nth, step)| step.step(&format!("/steps/{nth}")));
        let steps: Vec<Step> = steps.collect::<Result<_, _>>()?;
        let workflow = Workflow::new(self.name).steps(steps);
        let workflow = self.key.into_iter().fold(workflow, Workflow::key);
        Ok(self.id.into_iter().fold(workflow, Workflow::with_id))
    }
}

impl NewStep {
    fn step(self, pointer: &str) -> Result<Step, Problem> {
        let job = standalone(self.job, &format!("{pointer}/job"))?;
        let mut step = Step::new(self.name, job).after(self.after);
        for (nth, after) in self.after_ends.into_iter().enumerate() {
            let ends = after.ends.iter().map(|end| end.given()).reduce(Ends::or);
            let place = || format!("{pointer}/after_ends/{nth}/ends");
            let ends = ends.ok_or_else(|| Problem::body(place(), "has at least one end"))?;
            step = step.after_ends([after.step], ends);
        }
        match self.undo {
            Some(undo) => Ok(step.undo(standalone(undo, &format!("{pointer}/undo"))?)),
            None => Ok(step),
        }
    }
}

impl EndWord {
    const fn given(self) -> Ends {
        match self {
            Self::Completed => Ends::COMPLETED,
            Self::Cancelled => Ends::CANCELLED,
            Self::Dead => Ends::DEAD,
        }
    }
}
