//! A subscription as it is asked for, and the filters that other requests name.

use std::num::NonZeroU32;

use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;
use windlass::name::DEFAULT_QUEUE;
use windlass::subscription::{
    EventKey, EventTarget, Filter, JobTarget, Mode, Pace, Subscription, Target,
};

use super::{EventStart, FilterParts, Part};
use crate::problem::Problem;
use crate::schema;

/// A subscription to be made, or as it is to be from now on: what comes of its events (`kind`, `signal` or `event`), and which it
/// wants (`types`, `filter` and `sql`, which hold together; all events unless given).
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewSubscription)]
pub(super) struct SubscriptionDraft {
    /// The kind of the jobs that come of its events.
    #[schema(max_length = 128)]
    kind: Option<String>,
    /// With `kind`: where these wait; `default` unless given.
    #[schema(max_length = 128)]
    queue: Option<String>,
    /// With `kind`: the version of their args; 1 unless given.
    #[schema(minimum = 1, maximum = 32_767)]
    version: Option<u16>,
    /// With `kind`: failures after which one is dead; 0 never gives up; the handler's limit unless given.
    #[schema(maximum = 32_767)]
    max_attempts: Option<u16>,
    /// Instead of jobs a signal: what its key has behind the name, such as `data.order`.
    #[schema(value_type = Option<String>)]
    signal: Option<EventKey>,
    /// Instead of jobs another event: its type.
    #[schema(max_length = 128)]
    event: Option<String>,
    /// With `event`: its source; `/subscription/` and the name unless given.
    #[schema(max_length = 1024)]
    source: Option<String>,
    /// Types, or patterns such as `order.*`.
    #[serde(default)]
    #[schema(max_items = 100)]
    types: Vec<String>,
    /// The filter.
    #[schema(value_type = Option<schema::Filter>)]
    filter: Option<Value>,
    /// An SQL expression of CloudEvents, such as `data.total >= 1000`.
    #[schema(max_length = 4096)]
    sql: Option<String>,
    /// Jobs of events that have the same there run one after the other: an attribute such as `subject`, or a member of the data.
    #[schema(value_type = Option<String>)]
    lane: Option<EventKey>,
    /// Whether each event becomes a job, or several together; `each` unless given.
    #[serde(default)]
    #[schema(value_type = Option<schema::Mode>)]
    mode: Option<Mode>,
    /// At most so many of its jobs are unfinished; 10,000 unless given.
    #[schema(value_type = Option<u32>, minimum = 1)]
    credit: Option<NonZeroU32>,
    /// At most so many jobs in a time while it catches up: `100/s`, `30/m`, `500/h`.
    #[schema(value_type = Option<String>)]
    pace: Option<Pace>,
    /// Where one that is new begins: `now`, `beginning`, a position that it begins behind, or a moment; `now` unless given.
    #[serde(default)]
    #[schema(value_type = Option<schema::EventStart>)]
    from: Option<EventStart>,
}

impl SubscriptionDraft {
    /// What it is, and where it begins.
    pub(super) fn read(self) -> Result<(Subscription, EventStart), Problem> {
        let target = self.target()?;
        let Self { types, filter, sql, lane, mode, credit, pace, from, .. } = self;
        let filter = read_filter(FilterParts { types, filter, sql })?;
        let mode = mode.unwrap_or_default();
        let subscription = Subscription { filter, target, lane, mode, credit, pace };
        Ok((subscription, from.unwrap_or_default()))
    }

    fn target(&self) -> Result<Target, Problem> {
        let of_job = [
            ("queue", self.queue.is_some()),
            ("version", self.version.is_some()),
            ("max_attempts", self.max_attempts.is_some()),
        ];
        let of_event = [("source", self.source.is_some())];
        match (&self.kind, &self.signal, &self.event) {
            (Some(kind), None, None) => {
                none_of("event", &of_event)?;
                Ok(Target::Job(JobTarget {
                    kind: kind.clone(),
                    queue: self.queue.clone().unwrap_or_else(|| DEFAULT_QUEUE.to_owned()),
                    version: self.version.unwrap_or(1),
                    max_attempts: self.max_attempts,
                }))
            }
            (None, Some(key), None) => {
                none_of("kind", &of_job)?;
                none_of("event", &of_event)?;
                Ok(Target::Signal(key.clone()))
            }
            (None, None, Some(event_type)) => {
                none_of("kind", &of_job)?;
                let (event_type, source) = (event_type.clone(), self.source.clone());
                Ok(Target::Event(EventTarget { event_type, source }))
            }
            (None, None, None) => {
                let detail =
                    "one of `kind`, `signal` and `event` is missing: what comes of each event";
                Err(Problem::body(String::new(), detail))
            }
            _ => {
                let place = if self.signal.is_some() { "/signal" } else { "/event" };
                let detail = "one of `kind`, `signal` and `event` stands alone";
                Err(Problem::body(place.to_owned(), detail))
            }
        }
    }
}

/// What is said stands with another field.
fn none_of(with: &str, fields: &[(&str, bool)]) -> Result<(), Problem> {
    match fields.iter().find(|(_, is_said)| *is_said) {
        Some((name, _)) => {
            Err(Problem::body(format!("/{name}"), format!("stands with `{with}` only")))
        }
        None => Ok(()),
    }
}

/// The filter of a body, with its place where it is none.
pub(super) fn read_filter(parts: FilterParts) -> Result<Filter, Problem> {
    parts.read().map_err(|wrong| {
        let place = match wrong.part {
            Part::Types => "/types",
            Part::Filter => "/filter",
            Part::Sql => "/sql",
        };
        Problem::body(place.to_owned(), wrong.what)
    })
}
