//! Steps as they are written and read.

use std::time::Duration;

use serde::Serialize;

use crate::json::Json;
use crate::time::Timestamp;

/// What sort of step it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum StepForm {
    /// Work that was done, with what it returned.
    Work = 0,
    /// A time that the job sleeps.
    Sleep = 1,
    /// A signal that the job waits for.
    Wait = 2,
}

impl StepForm {
    /// The form with this number.
    #[must_use]
    pub fn from_code(code: i16) -> Option<Self> {
        [Self::Work, Self::Sleep, Self::Wait].into_iter().find(|form| *form as i16 == code)
    }

    /// The word for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Work => "work",
            Self::Sleep => "sleep",
            Self::Wait => "wait",
        }
    }
}

/// Until when a step lasts that is to be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Until {
    /// So long after it is written.
    After(Duration),
    /// This moment.
    At(Timestamp),
}

/// A step that is to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewStep {
    /// Its place in the list, from 1.
    pub nth: u32,
    /// Its name.
    pub name: String,
    /// What sort of step it is.
    pub form: StepForm,
    /// What it returned; `None` while it has not.
    pub output: Option<Json>,
    /// Until when it sleeps or waits at most.
    pub until: Option<Until>,
}

/// A step as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StepRecord {
    /// Its place in the list, from 1.
    pub nth: u32,
    /// Its name.
    pub name: String,
    /// What sort of step it is.
    pub form: StepForm,
    /// What it returned; `None` while it has not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output: Option<Json>,
    /// Until when it sleeps or waits at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// When it was written.
    pub at: Timestamp,
}

impl StepRecord {
    /// The same, to be written again.
    pub(crate) fn again(&self) -> NewStep {
        NewStep {
            nth: self.nth,
            name: self.name.clone(),
            form: self.form,
            output: self.output.clone(),
            until: self.until.map(Until::At),
        }
    }
}

/// What an attempt learns of those before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recalled {
    /// When it is, by the database's clock.
    pub now: Timestamp,
    /// The steps, in their order.
    pub steps: Vec<StepRecord>,
}
