//! Checks of texts and numbers that the core takes as they are.

use crate::limits::LARGEST_POSITION;
use crate::problem::Problem;

/// What is wrong with a text that is stored, or that the database is asked with.
pub(crate) fn text(text: &str, limit: usize) -> Result<(), String> {
    if text.len() > limit {
        return Err(format!("at most {limit} bytes, found {}", text.len()));
    }
    text.find('\0').map_or(Ok(()), |at| Err(format!("has a NUL character at byte {at}")))
}

/// A text of the body that may not be there.
pub(crate) fn at(pointer: &str, said: Option<&str>, limit: usize) -> Result<(), Problem> {
    let checked = said.map_or(Ok(()), |said| text(said, limit));
    checked.map_err(|what| Problem::body(pointer.to_owned(), what))
}

/// A parameter that may not be there.
pub(crate) fn parameter(name: &str, said: Option<&str>, limit: usize) -> Result<(), Problem> {
    let checked = said.map_or(Ok(()), |said| text(said, limit));
    checked.map_err(|what| Problem::parameter(name, what))
}

/// A position that a log can have.
pub(crate) fn position(position: u64) -> Result<u64, String> {
    match position {
        0..=LARGEST_POSITION => Ok(position),
        _ => Err(format!("a position is at most {LARGEST_POSITION}, found {position}")),
    }
}
