//! What stands before a page until it is answered.

use windlass::JobId;

/// A dialog.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::command::top) enum Dialog {
    /// The keys there are.
    Help,
    /// Whether to do this.
    Ask(Change),
    /// A filter that is being typed.
    Filter(Input),
}

/// What can be done to the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::command::top) enum Change {
    Pause(String),
    Resume(String),
    Retry(JobId),
}

/// A filter that is being typed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(in crate::command::top) struct Input {
    pub(in crate::command::top) text: String,
    /// What is wrong with it.
    pub(in crate::command::top) error: Option<String>,
}

/// Characters of a filter that can be typed here.
const LONGEST: usize = 500;

impl Input {
    pub(super) fn push(&mut self, c: char) {
        if self.text.chars().count() < LONGEST {
            self.text.push(c);
        }
        self.error = None;
    }

    pub(super) fn pop(&mut self) {
        self.text.pop();
        self.error = None;
    }

    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }
}

impl Change {
    /// What is asked before it is done.
    pub(in crate::command::top) fn question(&self) -> (String, &'static str) {
        match self {
            Self::Pause(queue) => {
                let effect = "none of its jobs starts until it is resumed; what runs goes on";
                (format!("Pause queue {queue}?"), effect)
            }
            Self::Resume(queue) => (format!("Resume queue {queue}?"), "its jobs start again"),
            Self::Retry(id) => {
                let effect = "it runs again, with its failures at zero and its history kept";
                (format!("Retry {id}?"), effect)
            }
        }
    }

    /// The command that does the same.
    pub(in crate::command::top) fn command(&self) -> String {
        match self {
            Self::Pause(queue) => format!("windlass queue pause {queue}"),
            Self::Resume(queue) => format!("windlass queue resume {queue}"),
            Self::Retry(id) => format!("windlass job retry {id}"),
        }
    }
}
