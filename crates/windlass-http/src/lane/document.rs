//! A lane as JSON: `lane.v1`.

use serde::Serialize;
use utoipa::ToSchema;
use windlass::health::{LaneBlocked, LaneSeen, Lanes};
use windlass::{JobId, State, Timestamp};

use crate::answer::Document;
use crate::schema;
use crate::words::escape::in_one_line;

/// A lane with jobs that wait, or one that stands still.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LaneStanding)]
pub struct LaneBody<'a> {
    /// Its key.
    pub lane: &'a str,
    /// How many jobs wait in it.
    pub waiting: u64,
    /// Whether there are more, or may be.
    pub waiting_or_more: bool,
    /// The job that has it next, or the dead one that it stands still behind.
    #[schema(value_type = schema::JobId)]
    pub first: JobId,
    /// The kind of that one.
    pub kind: &'a str,
    /// Where that one stands.
    #[schema(value_type = schema::State)]
    pub state: State,
    /// When that one is due, or died.
    #[schema(value_type = schema::Moment)]
    pub at: Timestamp,
    /// Whether it stands still.
    pub blocked: bool,
}

/// A lane that was opened.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LaneOpened)]
pub struct LaneOpenedBody<'a> {
    /// Its key.
    lane: &'a str,
    /// The dead job that it stood still behind.
    #[schema(value_type = schema::JobId)]
    job: JobId,
}

/// Those that stand still first, then the longest; each as the body of a `lane.v1`.
#[must_use]
pub fn lanes(lanes: &Lanes) -> Vec<LaneBody<'_>> {
    let blocked = lanes.blocked.iter().map(|lane: &LaneBlocked| LaneBody {
        lane: &lane.lane,
        waiting: lane.waiting.jobs,
        waiting_or_more: lane.waiting.or_more,
        first: lane.job,
        kind: &lane.kind,
        state: State::Dead,
        at: lane.since,
        blocked: true,
    });
    let is_told = |lane: &&LaneSeen| !lanes.blocked.iter().any(|other| other.lane == lane.lane);
    let waiting = lanes.waiting.iter().filter(is_told).map(|lane| LaneBody {
        lane: &lane.lane,
        waiting: lane.jobs.jobs,
        waiting_or_more: lane.jobs.or_more,
        first: lane.first,
        kind: &lane.kind,
        state: lane.state,
        at: lane.due_at,
        blocked: false,
    });
    let mut waiting: Vec<_> = waiting.collect();
    waiting.sort_by_key(|lane| std::cmp::Reverse(lane.waiting));
    blocked.chain(waiting).collect()
}

/// A lane that was opened, as `lane_opened.v1`.
#[must_use]
pub const fn opened(lane: &str, job: JobId) -> Document<LaneOpenedBody<'_>> {
    Document::new("lane_opened.v1", LaneOpenedBody { lane, job })
}

/// The command that opens a lane.
#[must_use]
pub fn command_to_open(key: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_-=./:@%+,".contains(c);
    let dashes = if key.starts_with('-') { "-- " } else { "" };
    if key.chars().all(is_plain) {
        return format!("windlass lane open {dashes}{key}");
    }
    format!("windlass lane open {dashes}'{}'", in_one_line(key).replace('\'', r"'\''"))
}
