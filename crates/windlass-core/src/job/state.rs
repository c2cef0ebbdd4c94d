//! States of a job, outcomes of an attempt, and the one table of transitions.

use std::fmt;
use std::str::FromStr;

use crate::name::nearest;
use serde::{Deserialize, Serialize};

/// Where a job stands. A state is where the row lives: `pending` holds the first four, a lease
/// the running ones, `finished` the last three.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[repr(i16)]
pub enum State {
    /// Its conditions are unmet; for a parked job: no live worker knows its kind and version.
    Waiting = 0,
    /// Due later.
    Scheduled = 1,
    /// Due; the next free slot of its queue takes it.
    Available = 2,
    /// Failed, and due again later.
    Retryable = 3,
    /// Claimed by a worker, under a lease.
    Running = 4,
    /// Done.
    Completed = 5,
    /// Cancelled, or expired, before it was done.
    Cancelled = 6,
    /// Given up or failed for good. Kept, listed, and retryable by a person.
    Dead = 7,
}

impl State {
    /// The number the stores keep for a job that waits for its conditions, beside that of one that is parked.
    pub const AWAITS: i16 = -1;

    /// The number under which they count jobs that have ended and were removed since.
    pub const PRUNED: i16 = 8;

    /// Every state, in the order of a job's life.
    pub const ALL: [Self; 8] = [
        Self::Waiting,
        Self::Scheduled,
        Self::Available,
        Self::Retryable,
        Self::Running,
        Self::Completed,
        Self::Cancelled,
        Self::Dead,
    ];

    /// The number the stores keep.
    #[must_use]
    pub const fn code(self) -> i16 {
        self as i16
    }

    /// The state with this number.
    #[must_use]
    pub fn from_code(code: i16) -> Option<Self> {
        if code == Self::AWAITS {
            return Some(Self::Waiting);
        }
        Self::ALL.into_iter().find(|state| state.code() == code)
    }

    /// The word for it, the same in Rust, SQL, CLI and JSON.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Scheduled => "scheduled",
            Self::Available => "available",
            Self::Retryable => "retryable",
            Self::Running => "running",
            Self::Completed => "completed",
            Self::Cancelled => "cancelled",
            Self::Dead => "dead",
        }
    }

    /// Whether the job has ended; only a person's retry leads out of such a state.
    #[must_use]
    pub const fn is_terminal(self) -> bool {
        matches!(self, Self::Completed | Self::Cancelled | Self::Dead)
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

/// A word that names no state.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{word}` is not a state: waiting, scheduled, available, retryable, running, completed, cancelled or dead{hint}"
)]
pub struct ParseStateError {
    word: String,
    /// What may have been meant, as a phrase to append.
    hint: String,
}

impl FromStr for State {
    type Err = ParseStateError;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|state| state.word() == word).ok_or_else(|| {
            let near = nearest(word, &Self::ALL.map(Self::word));
            let hint = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
            ParseStateError { word: word.to_owned(), hint }
        })
    }
}

/// How one attempt ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[repr(i16)]
#[non_exhaustive]
pub enum Outcome {
    /// The handler returned a value.
    Ok = 0,
    /// The handler returned an error.
    Error = 1,
    /// The handler ran longer than it may.
    Timeout = 2,
    /// The handler panicked.
    Panic = 3,
    /// The worker died, or could not renew its lease, with the job in its hands.
    Lost = 4,
    /// Handed back at a stop, or not started at all.
    Released = 5,
    /// The handler asked to be run again later.
    Snoozed = 6,
    /// Cancelled while it ran.
    Cancelled = 7,
    /// Its time to live ran out.
    Expired = 8,
    /// The handler said that there is nothing to do any more.
    Discarded = 9,
}

impl Outcome {
    /// Every outcome.
    pub const ALL: [Self; 10] = [
        Self::Ok,
        Self::Error,
        Self::Timeout,
        Self::Panic,
        Self::Lost,
        Self::Released,
        Self::Snoozed,
        Self::Cancelled,
        Self::Expired,
        Self::Discarded,
    ];

    /// The number the stores keep.
    #[must_use]
    pub const fn code(self) -> i16 {
        self as i16
    }

    /// The outcome with this number.
    #[must_use]
    pub fn from_code(code: i16) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.code() == code)
    }

    /// The word for it, the same in Rust, SQL, CLI and JSON.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Error => "error",
            Self::Timeout => "timeout",
            Self::Panic => "panic",
            Self::Lost => "lost",
            Self::Released => "released",
            Self::Snoozed => "snoozed",
            Self::Cancelled => "cancelled",
            Self::Expired => "expired",
            Self::Discarded => "discarded",
        }
    }

    /// Whether it raises the failure count, which the maximum number of attempts is held against.
    #[must_use]
    pub const fn counts_as_failure(self) -> bool {
        matches!(self, Self::Error | Self::Timeout | Self::Panic | Self::Lost)
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

/// What moves a job from one state to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verb {
    /// A new job is written.
    Enqueue,
    /// The last condition that it waits for is met, or its deadline passes.
    Meet,
    /// A due job becomes available.
    Promote,
    /// A worker takes it, under a new lease.
    Claim,
    /// The worker says how the attempt ended; its lease must hold.
    Settle,
    /// The leader takes it back from a dead worker.
    Rescue,
    /// A person or program cancels it.
    Cancel,
    /// A person runs it again.
    Retry,
    /// A person gives it to another queue; its state stays.
    Move,
    /// No live worker knows its kind and version: out of the way of others.
    Park,
    /// A worker that knows it has come.
    Unpark,
    /// The time until which it was to start is over.
    Expire,
}

/// Every transition there is, as (from, verb, to); `None` is before the job exists. Stores are
/// held against this table by the model test and by the history checker.
#[rustfmt::skip]
pub const TRANSITIONS: &[(Option<State>, Verb, State)] = &[
    (None, Verb::Enqueue, State::Scheduled),
    (None, Verb::Enqueue, State::Available),
    (None, Verb::Enqueue, State::Waiting),
    (Some(State::Waiting), Verb::Meet, State::Available),
    (Some(State::Waiting), Verb::Meet, State::Scheduled),
    (Some(State::Waiting), Verb::Meet, State::Cancelled),
    (Some(State::Waiting), Verb::Meet, State::Dead),
    (Some(State::Scheduled), Verb::Promote, State::Available),
    (Some(State::Retryable), Verb::Promote, State::Available),
    (Some(State::Available), Verb::Claim, State::Running),
    (Some(State::Running), Verb::Settle, State::Completed),
    (Some(State::Running), Verb::Settle, State::Cancelled),
    (Some(State::Running), Verb::Settle, State::Dead),
    (Some(State::Running), Verb::Settle, State::Retryable),
    (Some(State::Running), Verb::Settle, State::Scheduled),
    (Some(State::Running), Verb::Settle, State::Available),
    (Some(State::Running), Verb::Settle, State::Waiting),
    (Some(State::Running), Verb::Rescue, State::Available),
    (Some(State::Running), Verb::Rescue, State::Retryable),
    (Some(State::Running), Verb::Rescue, State::Dead),
    (Some(State::Running), Verb::Rescue, State::Cancelled),
    (Some(State::Waiting), Verb::Cancel, State::Cancelled),
    (Some(State::Scheduled), Verb::Cancel, State::Cancelled),
    (Some(State::Available), Verb::Cancel, State::Cancelled),
    (Some(State::Retryable), Verb::Cancel, State::Cancelled),
    (Some(State::Running), Verb::Cancel, State::Running),
    (Some(State::Scheduled), Verb::Retry, State::Available),
    (Some(State::Retryable), Verb::Retry, State::Available),
    (Some(State::Completed), Verb::Retry, State::Available),
    (Some(State::Cancelled), Verb::Retry, State::Available),
    (Some(State::Dead), Verb::Retry, State::Available),
    (Some(State::Waiting), Verb::Move, State::Waiting),
    (Some(State::Scheduled), Verb::Move, State::Scheduled),
    (Some(State::Available), Verb::Move, State::Available),
    (Some(State::Retryable), Verb::Move, State::Retryable),
    (Some(State::Available), Verb::Park, State::Waiting),
    (Some(State::Waiting), Verb::Unpark, State::Available),
    (Some(State::Waiting), Verb::Expire, State::Cancelled),
    (Some(State::Scheduled), Verb::Expire, State::Cancelled),
    (Some(State::Available), Verb::Expire, State::Cancelled),
    (Some(State::Retryable), Verb::Expire, State::Cancelled),
];

/// Whether the table has a way from one state to another.
#[must_use]
pub fn is_transition(from: Option<State>, to: State) -> bool {
    TRANSITIONS.iter().any(|(start, _, end)| *start == from && *end == to)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_and_words_lead_back() {
        for state in State::ALL {
            assert_eq!(State::from_code(state.code()), Some(state));
            assert_eq!(state.word().parse(), Ok(state));
        }
        for outcome in Outcome::ALL {
            assert_eq!(Outcome::from_code(outcome.code()), Some(outcome));
        }
    }

    /// I-L4: terminal states are final except for a person's retry.
    #[test]
    fn only_a_retry_leads_out_of_a_terminal_state() {
        for (from, verb, _) in TRANSITIONS {
            if from.is_some_and(State::is_terminal) {
                assert_eq!(*verb, Verb::Retry);
            }
        }
    }

    #[test]
    fn every_state_is_reached_and_only_terminal_ones_need_not_be_left() {
        for state in State::ALL {
            assert!(TRANSITIONS.iter().any(|(_, _, to)| *to == state), "{state} is never reached");
            assert!(
                TRANSITIONS.iter().any(|(from, _, _)| *from == Some(state)),
                "{state} is a trap"
            );
        }
    }
}
