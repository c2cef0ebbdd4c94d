//! Tags and subjects: what jobs are found by.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::Meta;
use crate::error::Refusal;
use crate::json::{Json, JsonError};
use crate::limits::{SUBJECT_BYTES, TAGS};
use crate::name::check_word;

/// What a job is about: a type and an id, such as customer 42. Many jobs can have one subject, and one job many.
///
/// ```
/// # use windlass_core::job::Subject;
/// assert_eq!(Subject::new("customer", 42).to_string(), "customer=42");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Subject(String);

impl Subject {
    /// The thing of this type with this id.
    #[must_use]
    pub fn new(kind: impl AsRef<str>, id: impl ToString) -> Self {
        Self(format!("{}={}", kind.as_ref(), id.to_string()))
    }

    /// The thing that a field of a payload names; none where the field is empty. Used by the derive.
    ///
    /// # Errors
    /// When the field cannot be written as JSON.
    #[doc(hidden)]
    pub fn of_field(kind: &str, value: Result<Json, JsonError>) -> Result<Option<Self>, JsonError> {
        Ok(value?.name_part().map(|id| Self::new(kind, id)))
    }

    /// Its type, such as `customer`.
    #[must_use]
    pub fn kind(&self) -> &str {
        self.0.split_once('=').map_or(self.0.as_str(), |(kind, _)| kind)
    }

    /// Its id.
    #[must_use]
    pub fn id(&self) -> &str {
        self.0.split_once('=').map_or("", |(_, id)| id)
    }

    /// The type and the id with `=` between: what a store finds it by.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub(crate) fn check(&self) -> Result<(), Refusal> {
        check_word("subject type", self.kind())?;
        let (id, limit) = (self.id(), SUBJECT_BYTES);
        if id.is_empty() || id.len() > limit {
            let (kind, bytes) = (self.kind().to_owned(), id.len());
            return Err(Refusal::SubjectId { kind, bytes, limit });
        }
        let is_odd = |c: &char| c.is_whitespace() || c.is_control() || *c == ',';
        match id.chars().find(is_odd) {
            Some(found) => Err(Refusal::SubjectCharacter { subject: self.0.clone(), found }),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A text that names no subject.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{}` is not a subject: expected type=id, such as customer=42", .0.escape_debug())]
pub struct ParseSubjectError(String);

impl FromStr for Subject {
    type Err = ParseSubjectError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let subject = Self(text.to_owned());
        if subject.kind().is_empty() || subject.id().is_empty() {
            return Err(ParseSubjectError(text.to_owned()));
        }
        Ok(subject)
    }
}

impl Meta {
    /// Whether it has what jobs are found by.
    #[must_use]
    pub fn is_tagged(&self) -> bool {
        !self.tags.is_empty() || !self.subjects.is_empty()
    }

    pub(super) fn check_tags(&self) -> Result<(), Refusal> {
        let (tags, limit) = (self.tags.len() + self.subjects.len(), TAGS);
        if tags > limit {
            return Err(Refusal::Tags { tags, limit });
        }
        self.tags.iter().try_for_each(|tag| check_word("tag", tag))?;
        self.subjects.iter().try_for_each(Subject::check)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::NewJob;

    fn refused(tags: &[&str], subjects: &[Subject]) -> String {
        let mut job = NewJob::new("work", Json::stored("null"));
        job.meta.tags = tags.iter().map(|tag| (*tag).to_owned()).collect();
        job.meta.subjects = subjects.to_vec();
        job.check().expect_err("it is refused").to_string()
    }

    #[test]
    fn a_subject_has_a_type_and_an_id() {
        let subject = Subject::new("order", "a=b");
        assert_eq!((subject.kind(), subject.id()), ("order", "a=b"));
        assert_eq!(subject.to_string().parse(), Ok(subject));
        for text in ["customer", "customer=", "=42", ""] {
            assert!(text.parse::<Subject>().is_err(), "{text} was taken for a subject");
        }
    }

    #[test]
    fn a_field_is_an_id() {
        let of = |value| Subject::of_field("a", value).expect("written").map(|s| s.0);
        assert_eq!(of(Json::args_of(&42)).as_deref(), Some("a=42"));
        assert_eq!(of(Json::args_of("b\"c")).as_deref(), Some("a=b\"c"));
        assert_eq!(of(Json::args_of(&None::<i32>)), None);
    }

    #[test]
    fn what_nobody_could_find_is_refused() {
        assert_eq!(refused(&[""], &[]), "a tag needs a name");
        assert!(refused(&["a\0"], &[]).contains("the character '\\0' at 1"));
        assert!(refused(&["a b"], &[]).starts_with("tag `a b` has the character ' ' at 1"));
        assert!(refused(&[&"x".repeat(129)], &[]).contains("129 characters is above the limit"));
        assert_eq!(refused(&[], &[Subject::new("", 1)]), "a subject type needs a name");
        assert_eq!(
            refused(&[], &[Subject::new("a", "")]),
            "the id of a subject of type a has 1 to 256 bytes, this one 0"
        );
        let nul = refused(&[], &[Subject::new("a", "b\0")]);
        assert_eq!(
            nul,
            "subject `a=b\\0` has the character '\\0': an id has no blanks, commas and control characters"
        );
        let many: Vec<Subject> = (0..40).map(|id| Subject::new("a", id)).collect();
        assert_eq!(refused(&[], &many), "a job has up to 32 tags and subjects, this one 40");
    }
}
