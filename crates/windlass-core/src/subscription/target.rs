//! What comes of an event that is wanted.

use serde::{Deserialize, Serialize};

use super::EventKey;
use crate::error::Refusal;
use crate::event::NewEvent;
use crate::job::check_number;
use crate::name::{DEFAULT_QUEUE, check_kind, check_queue};

/// What comes of an event that is wanted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Fields", into = "Fields")]
pub enum Target {
    /// A job, whose args are the event's data.
    Job(JobTarget),
    /// A signal, with the event's data: its key is the subscription's name, a colon, and what the event has there.
    Signal(EventKey),
    /// Another event, with the same data.
    Event(EventTarget),
}

/// A job that comes of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobTarget {
    /// The kind of the job.
    pub kind: String,
    /// Its queue.
    pub queue: String,
    /// The version of its args.
    pub version: u16,
    /// How often it is tried, where that is not what its kind says.
    pub max_attempts: Option<u16>,
}

/// An event that comes of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventTarget {
    /// Its type.
    pub event_type: String,
    /// Its source; `/subscription/` and the subscription's name where it is not said.
    pub source: Option<String>,
}

impl Target {
    /// A job of this kind.
    #[must_use]
    pub fn kind(kind: impl Into<String>) -> Self {
        let queue = DEFAULT_QUEUE.to_owned();
        Self::Job(JobTarget { kind: kind.into(), queue, version: 1, max_attempts: None })
    }

    /// An event of this type.
    #[must_use]
    pub fn event(event_type: impl Into<String>) -> Self {
        Self::Event(EventTarget { event_type: event_type.into(), source: None })
    }

    /// The job, where it is one.
    #[must_use]
    pub const fn job(&self) -> Option<&JobTarget> {
        match self {
            Self::Job(job) => Some(job),
            Self::Signal(_) | Self::Event(_) => None,
        }
    }

    pub(super) fn check(&self) -> Result<(), Refusal> {
        match self {
            Self::Job(job) => {
                check_kind(&job.kind)?;
                check_number("version", job.version)?;
                check_number("max_attempts", job.max_attempts.unwrap_or_default())?;
                Ok(check_queue(&job.queue)?)
            }
            Self::Signal(_) => Ok(()),
            Self::Event(made) => {
                let event = NewEvent::bare(made.event_type.clone());
                match &made.source {
                    Some(source) => event.source(source).check_from_outside(),
                    None => event.check_from_outside(),
                }
            }
        }
    }
}

/// A target as it is stored: one of `kind`, `signal` and `event`, and what belongs to it.
#[derive(Serialize, Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct Fields {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    kind: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    queue: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    version: Option<u16>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    max_attempts: Option<u16>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    signal: Option<EventKey>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    event: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    source: Option<String>,
}

impl TryFrom<Fields> for Target {
    type Error = &'static str;

    fn try_from(fields: Fields) -> Result<Self, Self::Error> {
        let of_job =
            fields.queue.is_some() || fields.version.is_some() || fields.max_attempts.is_some();
        match (fields.kind, fields.signal, fields.event) {
            (Some(kind), None, None) if fields.source.is_none() => Ok(Self::Job(JobTarget {
                kind,
                queue: fields.queue.unwrap_or_else(|| DEFAULT_QUEUE.to_owned()),
                version: fields.version.unwrap_or(1),
                max_attempts: fields.max_attempts,
            })),
            (None, Some(key), None) if !of_job && fields.source.is_none() => Ok(Self::Signal(key)),
            (None, None, Some(event_type)) if !of_job => {
                Ok(Self::Event(EventTarget { event_type, source: fields.source }))
            }
            (None, None, None) => Err("expected one of kind, signal and event"),
            _ => Err("expected one of kind, signal and event, with what belongs to it alone"),
        }
    }
}

impl From<Target> for Fields {
    fn from(target: Target) -> Self {
        match target {
            Target::Job(job) => Self {
                kind: Some(job.kind),
                queue: Some(job.queue).filter(|queue| queue != DEFAULT_QUEUE),
                version: Some(job.version).filter(|version| *version != 1),
                max_attempts: job.max_attempts,
                ..Self::default()
            },
            Target::Signal(key) => Self { signal: Some(key), ..Self::default() },
            Target::Event(made) => {
                Self { event: Some(made.event_type), source: made.source, ..Self::default() }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<Target, String> {
        serde_json::from_str(json).map_err(|error| error.to_string())
    }

    #[test]
    fn a_target_is_stored_as_what_it_is() {
        for json in [
            r#"{"kind":"mail.receipt"}"#,
            r#"{"kind":"mail.receipt","queue":"mail","version":2,"max_attempts":0}"#,
            r#"{"signal":"data.order"}"#,
            r#"{"event":"order.settled","source":"/bank"}"#,
        ] {
            let target = read(json).expect(json);
            assert_eq!(serde_json::to_string(&target).expect("JSON"), json);
        }
    }

    #[test]
    fn a_number_that_no_job_can_have_is_refused() {
        for json in [r#"{"kind":"a","version":32768}"#, r#"{"kind":"a","max_attempts":40000}"#] {
            let refusal = read(json).expect(json).check().expect_err(json).to_string();
            assert!(refusal.contains("32767"), "{refusal}");
        }
        let fits = r#"{"kind":"a","version":32767,"max_attempts":32767}"#;
        assert_eq!(read(fits).expect(fits).check(), Ok(()));
    }

    #[test]
    fn a_target_is_one_thing() {
        for json in [
            "{}",
            r#"{"kind":"a","signal":"subject"}"#,
            r#"{"kind":"a","source":"/b"}"#,
            r#"{"signal":"subject","queue":"mail"}"#,
            r#"{"event":"a","version":2}"#,
            r#"{"event":"a","kind":"b"}"#,
        ] {
            let error = read(json).expect_err(json);
            assert!(error.starts_with("expected one of kind, signal and event"), "{error}");
        }
    }
}
