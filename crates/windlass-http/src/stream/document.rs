//! What a stream tells: `stream.v1`.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use utoipa::ToSchema;
use windlass::event::EventHead;
use windlass::job::{Counts, JobHead};
use windlass::progress::Progress;
use windlass::{EventId, JobId, State, Timestamp};

use super::cursor::Cursor;
use super::pace::Merged;
use crate::answer::Document;
use crate::limits::COUNTED_QUEUES;
use crate::problem::Problem;
use crate::schema;

/// A message of a stream. As a server-sent event its name is `message`, and its id `cursor`, where it has one.
#[derive(Debug, Serialize, ToSchema)]
#[serde(tag = "message", rename_all = "lowercase")]
#[schema(as = StreamMessage)]
pub(super) enum MessageBody<'a> {
    /// The first one.
    Start {
        /// What `from` takes to go on behind this; absent where no events are told.
        #[serde(skip_serializing_if = "Option::is_none")]
        cursor: Option<String>,
    },
    /// An event was published.
    Event {
        /// What `from` takes to go on behind it.
        cursor: String,
        /// Its place in the log.
        position: u64,
        #[schema(value_type = schema::EventId)]
        id: EventId,
        /// What has happened.
        r#type: &'a str,
        /// The version of its data.
        version: u16,
        /// Where it comes from.
        source: &'a str,
        /// What it has happened to; absent where that is not said.
        #[serde(skip_serializing_if = "Option::is_none")]
        subject: Option<&'a str>,
        /// When it happened.
        #[schema(value_type = schema::Moment)]
        time: Timestamp,
    },
    /// More events were published than are told one by one.
    Merged {
        /// What `from` takes to go on behind them.
        cursor: String,
        /// The position of the first.
        first: u64,
        /// The position of the last.
        last: u64,
        /// How many of them were wanted.
        events: u64,
        /// How many there were of each type.
        types: &'a BTreeMap<String, u64>,
        /// How many there were of further types.
        others: u64,
    },
    /// Watched jobs, as they are now: at first all of them, later those that have changed.
    Jobs { jobs: Vec<WatchedBody<'a>> },
    /// The numbers of jobs, which have changed.
    Counts {
        /// Whether all of them were counted; false where counting ended early.
        exact: bool,
        /// The states of queues of which there may be more jobs than were counted.
        #[schema(value_type = BTreeMap<String, Vec<String>>)]
        or_more: BTreeMap<&'a str, BTreeSet<State>>,
        /// By queue and state; what is absent is zero.
        #[schema(value_type = BTreeMap<String, BTreeMap<String, u64>>)]
        queues: BTreeMap<&'a str, &'a BTreeMap<State, u64>>,
        /// How many further queues there are.
        left_out: u64,
    },
    /// Events were missed, and will not be told: load again what is shown. The stream goes on.
    Reset {
        /// What `from` takes to go on behind this.
        cursor: String,
        why: Why,
    },
    /// Nothing has happened for a while.
    Alive {
        /// What `from` takes to go on behind what was looked at; absent where no events are told.
        #[serde(skip_serializing_if = "Option::is_none")]
        cursor: Option<String>,
    },
    /// The last one.
    End {
        /// The code of a problem.
        code: &'static str,
        /// Why it ends.
        detail: &'a str,
    },
}

/// Why events were missed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = StreamResetReason)]
pub(super) enum Why {
    /// They are not kept any more.
    Removed,
    /// There are too many of them.
    Behind,
    /// The position lies behind the end of the log.
    Beyond,
    /// The log is another one, such as that of a backup.
    Restored,
}

/// A watched job.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WatchedJob)]
pub(super) struct WatchedBody<'a> {
    #[schema(value_type = schema::JobId)]
    id: JobId,
    /// Where it stands; null where there is no such job, or not any more.
    #[schema(value_type = Option<schema::State>)]
    state: Option<State>,
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    queue: Option<&'a str>,
    /// How often it was claimed.
    #[serde(skip_serializing_if = "Option::is_none")]
    attempt: Option<u32>,
    /// How far it is by its own account; absent where it has given none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<WatchedProgress>)]
    progress: Option<&'a Progress>,
}

/// How far a job is.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes a type of core")]
struct WatchedProgress {
    /// From 0 to 100.
    #[schema(required = false)]
    percent: Option<f64>,
    /// What it does now.
    #[schema(required = false)]
    note: Option<String>,
    /// How many parts are done.
    #[schema(required = false)]
    done: Option<u64>,
    /// How many parts there are.
    #[schema(required = false)]
    total: Option<u64>,
}

impl<'a> MessageBody<'a> {
    pub(super) fn event(cursor: Cursor, event: &'a EventHead) -> Self {
        Self::Event {
            cursor: cursor.to_string(),
            position: event.position,
            id: event.id,
            r#type: &event.event_type,
            version: event.version,
            source: &event.source,
            subject: event.subject.as_deref(),
            time: event.time,
        }
    }

    pub(super) fn merged(cursor: Cursor, merged: &'a Merged) -> Self {
        Self::Merged {
            cursor: cursor.to_string(),
            first: merged.first,
            last: merged.last,
            events: merged.events,
            types: &merged.types,
            others: merged.others,
        }
    }

    pub(super) fn counts(counts: &'a Counts) -> Self {
        let queues = counts.by_queue.iter().take(COUNTED_QUEUES);
        let shown = counts.by_queue.keys().take(COUNTED_QUEUES);
        let left_out = counts.by_queue.len().saturating_sub(COUNTED_QUEUES);
        Self::Counts {
            exact: counts.exact,
            or_more: shown
                .map(|queue| (queue.as_str(), counts.or_more_of(queue)))
                .filter(|(_, states)| !states.is_empty())
                .collect(),
            queues: queues.map(|(queue, states)| (queue.as_str(), states)).collect(),
            left_out: left_out as u64,
        }
    }

    pub(super) fn end(problem: &'a Problem) -> Self {
        Self::End { code: problem.code().word(), detail: problem.detail() }
    }

    /// What it is, as a server-sent event is named.
    pub(super) const fn word(&self) -> &'static str {
        match self {
            Self::Start { .. } => "start",
            Self::Event { .. } => "event",
            Self::Merged { .. } => "merged",
            Self::Jobs { .. } => "jobs",
            Self::Counts { .. } => "counts",
            Self::Reset { .. } => "reset",
            Self::Alive { .. } => "alive",
            Self::End { .. } => "end",
        }
    }

    pub(super) fn cursor(&self) -> Option<&str> {
        match self {
            Self::Start { cursor } | Self::Alive { cursor } => cursor.as_deref(),
            Self::Event { cursor, .. }
            | Self::Merged { cursor, .. }
            | Self::Reset { cursor, .. } => Some(cursor),
            Self::Jobs { .. } | Self::Counts { .. } | Self::End { .. } => None,
        }
    }

    pub(super) fn document(self) -> Document<Self> {
        Document::new("stream.v1", self)
    }
}

impl<'a> WatchedBody<'a> {
    /// A job, which may not be there.
    pub(super) fn of(id: JobId, head: Option<&'a JobHead>) -> Self {
        Self {
            id,
            state: head.map(|head| head.state),
            kind: head.map(|head| head.kind.as_str()),
            queue: head.map(|head| head.queue.as_str()),
            attempt: head.map(|head| head.attempt),
            progress: head.and_then(|head| head.progress.as_ref()),
        }
    }
}
