//! A subscription as JSON: `subscription.v1`.

use serde::Serialize;
use utoipa::ToSchema;
use windlass::Timestamp;
use windlass::event::LogRecord;
use windlass::subscription::{
    EventWindow, Filter, GapRecord, Mode, Pace, Progress, SubscriptionRecord, Target,
};

use crate::answer::Document;
use crate::event::{GapBody, gap};
use crate::schema;

/// A subscription.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Subscription)]
pub struct SubscriptionBody<'a> {
    /// Its name.
    name: &'a str,
    /// The kind of the jobs that come of its events.
    kind: Option<&'a str>,
    /// Where these wait.
    queue: Option<&'a str>,
    /// The version of their args.
    version: Option<u16>,
    /// Failures after which one is dead; 0 never gives up; null leaves it to the handler.
    max_attempts: Option<u16>,
    /// Of which part of an event the signal's key is made, where it is told as one.
    signal: Option<String>,
    /// The type of the event that comes of each, where one does.
    event: Option<&'a str>,
    /// The source of that; null for `/subscription/` and the name.
    source: Option<&'a str>,
    /// Jobs of events that have the same there run one after the other.
    lane: Option<String>,
    /// Whether each event becomes a job, or several together; null where none are made.
    #[schema(value_type = Option<schema::Mode>)]
    mode: Option<&'a Mode>,
    /// How many of its jobs may be unfinished; events beyond them wait in the log.
    credit: Option<u32>,
    /// At most so many jobs in a time while it catches up, such as `100/s`.
    #[schema(value_type = Option<String>)]
    pace: Option<Pace>,
    #[schema(value_type = schema::Filter)]
    filter: &'a Filter,
    /// The filter as a person reads it.
    wants: String,
    state: Standing,
    /// It wants events behind this position.
    after: u64,
    /// The last position that it wants, where it is a replay.
    until: Option<u64>,
    /// The last position that it was fed.
    position: u64,
    /// Positions of the log that it was not fed yet.
    behind: u64,
    /// Since when it is paused.
    #[schema(value_type = Option<schema::Moment>)]
    paused_at: Option<Timestamp>,
    /// When it was made.
    #[schema(value_type = schema::Moment)]
    created_at: Timestamp,
    /// Events that wait for others, to become a job with them; where one subscription is shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    waiting: Option<Vec<WindowBody<'a>>>,
    /// What it was not fed, and never will be; where one subscription is shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    gaps: Option<Vec<GapBody<'a>>>,
}

/// What is known of one subscription that is shown alone.
#[derive(Debug, Clone, Copy)]
pub struct Alone<'a> {
    /// Events that wait to become a job together.
    pub windows: &'a [EventWindow],
    /// What it was not fed, and never will be.
    pub gaps: &'a [GapRecord],
}

/// How a subscription stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = SubscriptionState)]
pub enum Standing {
    /// It stands still until it is resumed.
    Paused,
    /// It is a replay.
    Replaying,
    /// It is behind the others, and fed on its own.
    CatchingUp,
    /// It gets each event as it comes.
    Live,
}

impl Standing {
    /// The word for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Paused => "paused",
            Self::Replaying => "replaying",
            Self::CatchingUp => "catching_up",
            Self::Live => "live",
        }
    }
}

/// How a subscription stands.
#[must_use]
pub const fn standing(record: &SubscriptionRecord) -> Standing {
    match record.progress {
        _ if record.paused_at.is_some() => Standing::Paused,
        Progress::CatchingUp { .. } if record.until.is_some() => Standing::Replaying,
        Progress::CatchingUp { .. } => Standing::CatchingUp,
        Progress::Live => Standing::Live,
    }
}

/// Events that wait to become a job together.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = EventWindow)]
struct WindowBody<'a> {
    /// What they have in common; empty where the subscription has no lane, or they have nothing there.
    key: &'a str,
    /// When the first of them got its position.
    #[schema(value_type = schema::Moment)]
    opened_at: Timestamp,
    /// When they become a job at the latest.
    #[schema(value_type = schema::Moment)]
    due_at: Timestamp,
    /// Their positions.
    positions: &'a [u64],
}

/// A subscription as `subscription.v1`, in a log that reaches so far.
#[must_use]
pub fn document<'a>(
    record: &'a SubscriptionRecord,
    log: &LogRecord,
    alone: Option<Alone<'a>>,
) -> Document<SubscriptionBody<'a>> {
    let definition = &record.definition;
    let job = definition.target.job();
    let (signal, made) = match &definition.target {
        Target::Job(_) => (None, None),
        Target::Signal(key) => (Some(key.to_string()), None),
        Target::Event(made) => (None, Some(made)),
    };
    Document::new(
        "subscription.v1",
        SubscriptionBody {
            name: &record.name,
            kind: job.map(|job| job.kind.as_str()),
            queue: job.map(|job| job.queue.as_str()),
            version: job.map(|job| job.version),
            max_attempts: job.and_then(|job| job.max_attempts),
            signal,
            event: made.map(|made| made.event_type.as_str()),
            source: made.and_then(|made| made.source.as_deref()),
            lane: definition.lane.as_ref().map(ToString::to_string),
            mode: job.map(|_| &definition.mode),
            credit: job.map(|_| definition.most_unfinished()),
            pace: definition.pace,
            filter: &definition.filter,
            wants: definition.filter.to_string(),
            state: standing(record),
            after: record.after,
            until: record.until,
            position: record.position(log),
            behind: record.behind(log),
            paused_at: record.paused_at,
            created_at: record.created_at,
            waiting: alone.map(|alone| alone.windows.iter().map(window).collect()),
            gaps: alone.map(|alone| alone.gaps.iter().map(gap).collect()),
        },
    )
}

fn window(window: &EventWindow) -> WindowBody<'_> {
    let EventWindow { key, opened_at, due_at, positions, .. } = window;
    WindowBody { key, opened_at: *opened_at, due_at: *due_at, positions }
}
