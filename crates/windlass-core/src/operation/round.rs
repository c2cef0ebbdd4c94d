//! Rounds, and what a person asks of an operation. No I/O.

use std::time::Duration;

use super::{OperationRecord, OperationState};
use crate::id::OperationId;
use crate::limits::OPERATION_JOBS;
use crate::subscription::Pace;
use crate::time::{Timestamp, micros};

/// Of a second's worth one part at a time: fewer would be a transaction for each job.
const PARTS: u64 = 10;
/// What was not done in time is made up for by so much at once.
const BEHIND: Duration = Duration::from_secs(1);

/// Whose round it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// The operation that has waited longest.
    Next,
    /// This one's.
    Of(OperationId),
}

impl Which {
    /// The operation, where it is to be a certain one.
    #[must_use]
    pub const fn id(self) -> Option<OperationId> {
        match self {
            Self::Next => None,
            Self::Of(id) => Some(id),
        }
    }
}

/// What a round did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Round {
    /// The operation, where there was one whose turn it was.
    pub operation: Option<OperationId>,
    /// Jobs that it went through.
    pub jobs: u64,
    /// How long until there is something to do for another round; `None` where there is no operation that goes on.
    pub next: Option<Duration>,
}

/// What a person asks of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Control {
    /// Go no further until [`Control::Resume`].
    Pause,
    /// Go on.
    Resume,
    /// Go no further at all. What was done stays.
    Stop,
    /// Put back every job that nobody has touched since; go no further.
    Undo,
}

impl Control {
    /// The word for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Pause => "pause",
            Self::Resume => "resume",
            Self::Stop => "stop",
            Self::Undo => "undo",
        }
    }

    /// The state that an operation has then; `None` where it cannot be done.
    #[must_use]
    pub fn after(self, record: &OperationRecord, now: Timestamp) -> Option<OperationState> {
        use OperationState::{Done, Paused, Running, Stopped, Undoing};
        match (self, record.state) {
            (Self::Pause, Running | Paused) => Some(Paused),
            (Self::Resume, Paused | Running) => Some(Running),
            (Self::Stop, Running | Paused | Stopped) => Some(Stopped),
            (Self::Undo, Running | Paused | Undoing) => Some(Undoing),
            (Self::Undo, Done | Stopped) => {
                record.undo_until.is_some_and(|until| now < until).then_some(Undoing)
            }
            _ => None,
        }
    }
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Controlled {
    /// It is so, as it stands now; where it was so before nothing has changed.
    Done(OperationRecord),
    /// Its state does not allow it, or its time is over.
    Unfit(OperationRecord),
    /// There is no such operation.
    Missing,
}

/// How many jobs a round goes through at most, of so many that are left and at this pace.
#[must_use]
pub fn chunk(most: usize, left: Option<u64>, pace: Option<Pace>) -> usize {
    let most = most.min(OPERATION_JOBS) as u64;
    let paced = pace.map_or(most, |pace| (pace.in_a_second() / PARTS).clamp(1, most));
    usize::try_from(paced.min(left.unwrap_or(paced))).unwrap_or(OPERATION_JOBS)
}

/// When the next round comes after one that was due at a moment, came now and changed so many jobs.
#[must_use]
pub fn next_at(due: Timestamp, now: Timestamp, (jobs, pace): (u64, Option<Pace>)) -> Timestamp {
    let Some(pace) = pace else { return now };
    let from = due.as_micros().max(now.as_micros().saturating_sub(micros(BEHIND)));
    Timestamp::from_micros(from.saturating_add(micros(pace.time_of(jobs))))
}

/// The share of a round's time that is left to others before the next one begins.
#[must_use]
pub fn within(took: Duration, next: Duration) -> Duration {
    const SHORTEST: Duration = Duration::from_millis(2);
    next.max(took).max(SHORTEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pace(text: &str) -> Option<Pace> {
        Some(text.parse().expect("a pace"))
    }

    #[test]
    fn a_round_is_as_large_as_its_pace_and_what_is_left_allow() {
        assert_eq!(chunk(usize::MAX, None, None), OPERATION_JOBS);
        assert_eq!(chunk(100, Some(7), None), 7);
        assert_eq!(chunk(500, None, pace("200/s")), 20);
        assert_eq!(chunk(500, Some(9), pace("200/s")), 9);
        assert_eq!(chunk(500, None, pace("3/h")), 1);
        assert_eq!(chunk(500, None, pace("90000/s")), 500);
    }

    #[test]
    fn rounds_keep_their_pace_and_make_up_for_a_second_at_most() {
        let at = |millis: i64| Timestamp::from_micros(millis * 1_000);
        assert_eq!(next_at(at(0), at(5), (20, None)), at(5));
        assert_eq!(next_at(at(1_000), at(1_050), (20, pace("200/s"))), at(1_100));
        assert_eq!(next_at(at(1_000), at(9_000), (20, pace("200/s"))), at(8_100));
        assert_eq!(next_at(at(1_000), at(1_000), (1, pace("1/m"))), at(61_000));
        assert_eq!(next_at(at(1_000), at(1_000), (0, pace("1/m"))), at(1_000));
    }

    #[test]
    fn others_have_as_much_time_as_a_round_took() {
        let millis = Duration::from_millis;
        assert_eq!(within(millis(30), Duration::ZERO), millis(30));
        assert_eq!(within(millis(30), millis(100)), millis(100));
        assert_eq!(within(Duration::ZERO, Duration::ZERO), millis(2));
    }
}
