//! Questions in SQL: one text that reads the views for people, and what the database answers.
//!
//! A question is asked of a database, on a connection of its own: no engine and no client asks one.

use std::time::Duration;

use crate::error::StoreError;
use crate::limits::QUESTION_BYTES;

/// The views that may be asked. Their names on SQLite begin with `windlass_`.
pub const VIEWS: [&str; 11] = [
    "attempt",
    "batches",
    "events",
    "job",
    "job_log",
    "job_progress",
    "job_step",
    "queue_stats",
    "stats",
    "stats_depth",
    "workers",
];

/// A question, and how much of an answer is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// One statement that reads.
    pub sql: String,
    /// At most so many rows.
    pub rows: usize,
    /// The database gives up after this time.
    pub within: Duration,
}

impl Question {
    /// Checks what no database is asked.
    ///
    /// # Errors
    /// When there is nothing to ask, too much, or something that no database takes.
    pub fn check(&self) -> Result<(), Unanswered> {
        let refuse = |what: String| Err(Unanswered::Refused(what));
        if self.sql.trim().is_empty() {
            return refuse("the question is empty".to_owned());
        }
        if self.sql.len() > QUESTION_BYTES {
            let bytes = self.sql.len();
            return refuse(format!(
                "the question has {bytes} bytes, above the limit of {QUESTION_BYTES}"
            ));
        }
        match self.sql.find('\0') {
            Some(at) => refuse(format!("the question has a NUL character at byte {at}")),
            None => Ok(()),
        }
    }
}

/// A question of ours: each store has the text of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counting {
    /// How many jobs there are by `kind` and `state`: `jobs`.
    Jobs,
    /// How attempts fail by `kind` and `outcome`: `attempts`, `different_errors`, `last_at`.
    Failures,
}

/// A value of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// There is none.
    Null,
    /// True or false.
    Bool(bool),
    /// A whole number.
    Whole(i64),
    /// Any other number, as it is written in JSON.
    Number(String),
    /// A text; also a moment, in RFC 3339, and whatever else a database writes as text.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
    /// A text that the database knows to be JSON.
    Json(String),
    /// Several values.
    List(Vec<Value>),
}

impl Value {
    /// About so many bytes.
    #[must_use]
    pub fn size(&self) -> usize {
        match self {
            Self::Null | Self::Bool(_) | Self::Whole(_) => size_of::<Self>(),
            Self::Number(text) | Self::Text(text) | Self::Json(text) => {
                size_of::<Self>() + text.len()
            }
            Self::Bytes(bytes) => size_of::<Self>() + bytes.len(),
            Self::List(values) => values.iter().map(Self::size).sum::<usize>() + size_of::<Self>(),
        }
    }
}

/// Whether there is more than what was answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rest {
    /// These are all rows.
    Nothing,
    /// There are more rows than were wanted.
    Rows,
    /// The rows have become too large.
    Bytes,
}

/// What a database has answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The names of the columns. Two may have the same.
    pub columns: Vec<String>,
    /// The rows, each with a value for each column.
    pub rows: Vec<Vec<Value>>,
    /// What was left out.
    pub rest: Rest,
}

/// A view and its columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct View {
    /// Its name, as a question has it.
    pub name: String,
    /// Names and types, as the database calls them; the type is empty where it is that of the value.
    pub columns: Vec<(String, String)>,
}

/// Why a question has no answer.
#[derive(Debug, thiserror::Error)]
pub enum Unanswered {
    /// The text is not a question, or not one that can be answered.
    #[error("{0}")]
    Refused(String),
    /// It asks what is not one of the views.
    #[error("`{0}` is not one of the views that can be asked")]
    NotAView(String),
    /// The answer took longer than this.
    #[error("there is no answer after {0:?}, and the question was ended")]
    TooLong(Duration),
    /// The store could not be asked at all.
    #[error(transparent)]
    Store(#[from] StoreError),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_database_is_asked_is_refused() {
        let refused = |sql: &str| {
            let question = Question { sql: sql.to_owned(), rows: 1, within: Duration::ZERO };
            question.check().expect_err("refused").to_string()
        };
        assert_eq!(refused(" \n"), "the question is empty");
        assert_eq!(refused("select '\0'"), "the question has a NUL character at byte 8");
        assert!(refused(&"x".repeat(QUESTION_BYTES + 1)).contains("above the limit"));
    }
}
