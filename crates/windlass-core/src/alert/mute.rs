//! Mutes: what is not told.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

use super::AlertType;
use crate::error::Refusal;
use crate::job::check_key;
use crate::limits::ALERT_KEY_BYTES;
use crate::name::{check_kind, nearest};
use crate::time::Timestamp;

const OF_KIND: &str = "kind/";

/// What is muted: a type such as `job.failing`, one alert by its key such as `job.failing/mail.send`, or all that is said of a kind's
/// jobs, `kind/mail.send`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct MuteName(String);

/// Why something cannot be muted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MuteError {
    /// It begins with no type of alert.
    #[error("`{}` cannot be muted: there is no alert `{}`{}", .0.escape_debug(), type_of(.0).escape_debug(), meant(.0))]
    Type(String),
    /// It is the name of no kind.
    #[error("`{}` cannot be muted: {}", .0.escape_debug(), .1)]
    Kind(String, String),
    /// It is too long.
    #[error("a key of {0} bytes is above the limit of {ALERT_KEY_BYTES} bytes")]
    Long(usize),
}

fn type_of(name: &str) -> &str {
    name.split('/').next().unwrap_or_default()
}

fn meant(name: &str) -> String {
    let names: Vec<&str> = AlertType::ALL.iter().map(|one| one.name()).collect();
    match nearest(type_of(name), &names) {
        Some(near) => format!("; do you mean `{near}`?"),
        None => format!("; there are kind/NAME and {}", names.join(", ")),
    }
}

impl MuteName {
    /// All that is said of jobs of this kind.
    #[must_use]
    pub fn of_kind(kind: &str) -> Self {
        Self(format!("{OF_KIND}{kind}"))
    }

    /// As it is written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What a store gave back.
    #[must_use]
    pub const fn stored(text: String) -> Self {
        Self(text)
    }

    /// Whether it covers an alert, of a kind where it is about one.
    #[must_use]
    pub fn covers(&self, key: &str, kind: Option<&str>) -> bool {
        self.0 == key
            || self.0 == type_of(key)
            || (kind.is_some() && self.0.strip_prefix(OF_KIND) == kind)
    }
}

impl FromStr for MuteName {
    type Err = MuteError;

    fn from_str(text: &str) -> Result<Self, MuteError> {
        let name = text.strip_prefix("windlass.").unwrap_or(text);
        if name.len() > ALERT_KEY_BYTES {
            return Err(MuteError::Long(name.len()));
        }
        if let Some(kind) = name.strip_prefix(OF_KIND) {
            let wrong =
                |error: crate::name::NameError| MuteError::Kind(text.to_owned(), error.to_string());
            check_kind(kind).map_err(wrong)?;
        } else if AlertType::named(type_of(name)).is_none() || name.contains('\0') {
            return Err(MuteError::Type(text.to_owned()));
        }
        Ok(Self(name.to_owned()))
    }
}

impl fmt::Display for MuteName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for MuteName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

/// A wish to mute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mute {
    /// What.
    pub name: MuteName,
    /// Until when; for good where it is not said.
    pub until: Option<Timestamp>,
    /// Why, for people.
    pub note: Option<String>,
}

impl Mute {
    /// Mutes this for good.
    #[must_use]
    pub const fn new(name: MuteName) -> Self {
        Self { name, until: None, note: None }
    }

    /// Until this moment.
    #[must_use]
    pub const fn until(mut self, moment: Timestamp) -> Self {
        self.until = Some(moment);
        self
    }

    /// Why, for people.
    #[must_use]
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.note = Some(note.into());
        self
    }

    /// Checks what the types leave open.
    ///
    /// # Errors
    /// When its note cannot be stored.
    pub fn check(&self) -> Result<(), Refusal> {
        self.note.as_deref().map_or(Ok(()), |note| check_key("a mute's note", note))
    }
}

/// What is muted, as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MuteRecord {
    /// What.
    pub name: MuteName,
    /// Whether the workers' thresholds say so, and not a person.
    pub is_declared: bool,
    /// Since when.
    pub muted_at: Timestamp,
    /// Until when.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// Why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

impl MuteRecord {
    /// Whether it is over.
    #[must_use]
    pub fn is_over(&self, now: Timestamp) -> bool {
        self.until.is_some_and(|until| until <= now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mute_covers_a_type_a_key_or_a_kind() {
        let covers = |name: &str| {
            let name: MuteName = name.parse().expect("a name");
            name.covers("job.failing/mail.send", Some("mail.send"))
        };
        for name in
            ["job.failing", "windlass.job.failing", "job.failing/mail.send", "kind/mail.send"]
        {
            assert!(covers(name), "{name}");
        }
        for name in ["job.dead", "job.failing/mail", "kind/mail", "queue.stalled/mail.send"] {
            assert!(!covers(name), "{name}");
        }
        let of_kind: MuteName = "kind/mail".parse().expect("a name");
        assert!(!of_kind.covers("queue.stalled/mail", None));
    }

    #[test]
    fn what_is_no_alert_is_refused_with_what_was_meant() {
        let error = |text: &str| text.parse::<MuteName>().expect_err(text).to_string();
        assert_eq!(
            error("job.failling/mail"),
            "`job.failling/mail` cannot be muted: there is no alert `job.failling`; do you mean `job.failing`?"
        );
        assert!(error("mail.send").contains("there are kind/NAME and job.failing, job.overdue"));
        assert!(error("kind/").contains("cannot be muted"));
    }
}
