//! Subscriptions as they are stored, and how far each has come.

use serde::Serialize;
use uuid::Uuid;

use super::{Gathering, Subscription};
use crate::condition::Signal;
use crate::event::NewEvent;
use crate::id::JobId;
use crate::job::NewJob;
use crate::limits::{BESIDE, BESIDE_BYTES, ROUTE_JOBS};
use crate::time::Timestamp;

/// From which event on a subscription wants them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// Those that get their position from now on.
    Now,
    /// Those behind this position; 0 is the beginning of the log.
    After(u64),
    /// Those behind the first position, up to the second one: it is over then, and is removed.
    Between(u64, u64),
}

/// Where a subscription stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Progress {
    /// It gets each event as it comes.
    Live,
    /// It has come so far, and is fed from there on its own until it has reached the others.
    CatchingUp {
        /// The last position it was fed.
        position: u64,
    },
}

/// A subscription as it is stored.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SubscriptionRecord {
    /// A number that no other one gets.
    pub number: u32,
    /// Its name.
    pub name: String,
    /// What it is.
    #[serde(flatten)]
    pub definition: Subscription,
    /// It wants events behind this position.
    pub after: u64,
    /// What it is has been so behind this position.
    pub since: u64,
    /// The last position that it wants; it is removed when it has been fed that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<u64>,
    /// Where it stands.
    pub progress: Progress,
    /// Since when it is paused: it stands still, and its events stay in the log.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub paused_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// Events that a subscription was not fed, and never will be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GapRecord {
    /// The subscription's number.
    #[serde(skip)]
    pub number: u32,
    /// The first position of it.
    pub from: u64,
    /// The last one.
    pub to: u64,
    /// Why.
    pub reason: String,
    /// When it was made, or became longer.
    pub at: Timestamp,
}

/// All subscriptions, as somebody who feeds them needs them.
#[derive(Debug, Clone, PartialEq)]
pub struct Subscriptions {
    /// The revision that they were read at.
    pub revision: u64,
    /// Each.
    pub all: Vec<SubscriptionRecord>,
}

/// How far the log was fed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reach {
    /// The last position that was fed whole.
    pub position: u64,
    /// The number up to which those that are live were fed the event behind it.
    pub part: u32,
}

impl Reach {
    /// All events up to this position, and nothing of the next one.
    #[must_use]
    pub const fn whole(position: u64) -> Self {
        Self { position, part: 0 }
    }
}

/// What one subscription, or all that are live, get of the log in one transaction.
#[derive(Debug, Clone)]
pub struct Slice {
    /// The revision of the subscriptions that was seen: another one refuses the slice.
    pub revision: u64,
    /// The subscription that catches up; none for those that are live.
    pub number: Option<u32>,
    /// How far the log was fed before: otherwise the slice is refused.
    pub from: Reach,
    /// How far it is fed with it.
    pub to: Reach,
    /// The jobs that come of the events between them.
    pub jobs: Vec<NewJob>,
    /// Those of them that wait for others to become a job with them.
    pub gathered: Vec<Gathering>,
    /// How many these are.
    pub waiting: usize,
    /// What else comes of them.
    pub beside: Beside,
    /// Those that are live and get nothing of it, since as many of their jobs as may be are unfinished: from now on they catch up.
    pub full: Vec<u32>,
}

/// What comes of events besides jobs. Who feeds tells it before the slice is written: who comes second tells it once more, and that
/// changes nothing.
#[derive(Debug, Clone, Default)]
pub struct Beside {
    /// Events, each with the number of its subscription, and an id of that one's.
    pub events: Vec<(u32, NewEvent)>,
    /// Signals, each with the number of its subscription.
    pub signals: Vec<(u32, Signal)>,
    /// Bytes of their data.
    pub(super) bytes: usize,
}

impl Slice {
    /// Whether as much comes of its events as one transaction, and one wait for what is told, should have.
    pub(super) const fn is_full(&self) -> bool {
        let beside = self.beside.events.len() + self.beside.signals.len();
        self.jobs.len() + self.waiting >= ROUTE_JOBS
            || beside >= BESIDE
            || self.beside.bytes >= BESIDE_BYTES
    }
}

/// What came of a slice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Routed {
    /// It is written.
    Done,
    /// It is written, and the subscription is live now, or over.
    Live,
    /// Somebody else was here, or a subscription was changed: nothing was written.
    Stale,
}

/// Bits of a position, and the part of them behind the version of a UUID.
const POSITION_BITS: u32 = 42;
const LOW_BITS: u32 = 30;

/// The job that comes of one event for one subscription: the same one whenever it is asked for. It is a UUID of version 8: the
/// moment at which the event got its position, in milliseconds, the position, and the subscription. So it sorts as the ids of
/// other jobs do, and the jobs of one event lie together.
#[must_use]
pub fn job_of(recorded_at: Timestamp, position: u64, number: u32) -> JobId {
    let millis = u64::try_from(recorded_at.as_micros() / 1_000).unwrap_or_default();
    let position = u128::from(position) & ((1 << POSITION_BITS) - 1);
    let bits = (u128::from(millis) << 80)
        | (0x8 << 76)
        | ((position >> LOW_BITS) << 64)
        | (0b10 << 62)
        | ((position & ((1 << LOW_BITS) - 1)) << 32)
        | u128::from(number);
    JobId::from_uuid(Uuid::from_u128(bits))
}

/// The position and the subscription that a job's id tells, where it is one of [`job_of`].
#[must_use]
pub fn event_of(job: JobId) -> Option<(u64, u32)> {
    let uuid = job.as_uuid();
    if uuid.get_version_num() != 8 {
        return None;
    }
    let bits = uuid.as_u128();
    let position = (((bits >> 64) & 0xFFF) << LOW_BITS) | ((bits >> 32) & ((1 << LOW_BITS) - 1));
    let number = u32::try_from(bits & u128::from(u32::MAX)).ok()?;
    Some((u64::try_from(position).ok()?, number))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOMENT: Timestamp = Timestamp::from_micros(1_800_000_000_000_000);
    const POSITIONS: [u64; 6] = [1, 2, (1 << 30) - 1, 1 << 30, (1 << 30) + 1, (1 << 42) - 1];

    #[test]
    fn a_job_tells_its_event() {
        for number in [0, 1, u32::MAX] {
            for position in POSITIONS {
                let job = job_of(MOMENT, position, number);
                assert_eq!(event_of(job), Some((position, number)));
            }
        }
        assert_eq!(event_of(JobId::new()), None);
    }

    #[test]
    fn jobs_of_events_sort_by_time_then_position() {
        let later = Timestamp::from_micros(MOMENT.as_micros() + 1_000);
        let jobs: Vec<_> = [MOMENT, later]
            .iter()
            .flat_map(|at| POSITIONS.map(|position| [1, 2].map(|n| job_of(*at, position, n))))
            .flatten()
            .collect();
        assert!(jobs.is_sorted());
        assert!(JobId::first_of(MOMENT) < jobs[0] && jobs[11] < JobId::first_of(later));
    }
}
