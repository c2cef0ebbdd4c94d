//! A line in parts: words, names and commands, told apart where they are written, so that nobody who shows them guesses.

use std::fmt::{self, Display};

use serde::Serialize;
use utoipa::ToSchema;

/// A line of a check.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub(crate) struct Line(Vec<Part>);

/// Words, a name or a command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = CheckPart)]
pub(crate) struct Part {
    /// As it stands in the line.
    text: String,
    /// What it is; absent for words.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    is: Option<Is>,
}

/// What a part of a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = CheckPartIs)]
pub(crate) enum Is {
    /// A command that a shell runs as it is.
    Command,
    /// A command with a word in capitals that somebody has to replace first.
    Template,
    /// The id of a job.
    Job,
    /// A kind.
    Kind,
    /// A queue.
    Queue,
    /// A schedule.
    Schedule,
    /// A source.
    Source,
    /// A subscription.
    Subscription,
}

impl Line {
    fn with(mut self, text: impl Display, is: Option<Is>) -> Self {
        self.0.push(Part { text: text.to_string(), is });
        self
    }

    pub(super) fn words(self, text: impl Display) -> Self {
        self.with(text, None)
    }

    /// This line and then that one.
    pub(super) fn and(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }

    pub(super) fn name(self, is: Is, name: impl Display) -> Self {
        self.with(name, Some(is))
    }

    pub(super) fn job(self, id: impl Display) -> Self {
        self.name(Is::Job, id)
    }

    pub(super) fn kind(self, kind: &str) -> Self {
        self.name(Is::Kind, kind)
    }

    pub(super) fn queue(self, queue: &str) -> Self {
        self.name(Is::Queue, queue)
    }

    pub(super) fn source(self, source: &str) -> Self {
        self.name(Is::Source, source)
    }

    /// A command that a shell runs as it is.
    pub(super) fn run(self, command: impl Display) -> Self {
        self.name(Is::Command, command)
    }

    /// A command with something that is to be replaced first.
    pub(super) fn like(self, command: impl Display) -> Self {
        self.name(Is::Template, command)
    }
}

impl Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|part| f.write_str(&part.text))
    }
}

impl From<String> for Line {
    fn from(words: String) -> Self {
        Self::default().words(words)
    }
}

impl From<&str> for Line {
    fn from(words: &str) -> Self {
        Self::default().words(words)
    }
}

/// The lines as one text.
pub(super) fn text(lines: &[Line]) -> String {
    lines.iter().map(Line::to_string).collect::<Vec<_>>().join("\n")
}

/// A line to add to.
pub(super) fn line() -> Line {
    Line::default()
}
