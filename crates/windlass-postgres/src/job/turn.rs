//! Turns: while a queue has a backlog, processes claim from it one after the other.
//!
//! Claims that overlap are right, but dear: each walks over all rows that the others have just locked, so that
//! eight processes read seven times as many rows as they take. A turn is a session lock. Who asks first gets it first.
//! It is asked for, used and given back by three statements that are sent together, so that it ends as soon as the server
//! has sent the claim's rows. A process that does not read them, since it is frozen or its line is slow, keeps its turn
//! for so long: a claim that waited for [`PATIENCE`] goes without, and `skip locked` still decides who gets which row.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Waits for the turn of a queue, no longer than [`PATIENCE`]; returns the microseconds it waited, null without success.
pub(crate) const TAKE: &str = "select windlass.take_turn($1, $2)";
/// How long a claim waits for its turn, before it goes without.
pub(crate) const PATIENCE: Duration = Duration::from_millis(90);
/// This connection has no other session locks, and giving back none is not an error.
pub(crate) const GIVE: &str = "select pg_advisory_unlock_all()";

/// Smaller claims walk over too little to ask first.
const LEAST_JOBS: usize = 50;
/// After two turns that it did not get, a process asks for none during this time, then for twice as long each time:
/// somebody holds one and does not claim, or too many want one.
const REST: Duration = Duration::from_millis(250);

/// What this process knows of the queues it claims from.
#[derive(Debug, Default)]
pub(crate) struct Turns {
    queues: Mutex<HashMap<String, Backlog>>,
}

/// How the last claim of a queue went.
#[derive(Debug, Default, Clone, Copy)]
struct Backlog {
    /// It got all it had asked for, so there is more.
    is_filled: bool,
    /// How many times in a row it waited for its turn without success, and when it last did.
    missed: u32,
    gave_up_at: Option<Instant>,
}

impl Backlog {
    fn give_up(&mut self) {
        self.missed = self.missed.saturating_add(1);
        self.gave_up_at = Some(Instant::now());
    }

    fn rests(&self) -> bool {
        // Once is bad luck among many.
        let Some(times) = self.missed.checked_sub(2) else { return false };
        let rest = REST.saturating_mul(1 << times.min(4));
        self.gave_up_at.is_some_and(|at| at.elapsed() < rest)
    }
}

impl Turns {
    /// Whether a claim is to wait for its turn: the queue has a backlog, and a claim of this size walks far.
    pub(crate) fn are_due(&self, queue: &str, jobs: usize) -> bool {
        let queues = self.queues.lock().unwrap_or_else(PoisonError::into_inner);
        let backlog = queues.get(queue).copied().unwrap_or_default();
        jobs >= LEAST_JOBS && backlog.is_filled && !backlog.rests()
    }

    /// Whether a claim of this queue got all it had asked for.
    pub(crate) fn learn(&self, queue: &str, filled: bool) {
        self.note(queue, |backlog| backlog.is_filled = filled);
    }

    /// Whether a claim that waited got its turn.
    pub(crate) fn waited(&self, queue: &str, got_it: bool) {
        self.note(queue, |backlog| if got_it { backlog.missed = 0 } else { backlog.give_up() });
    }

    fn note(&self, queue: &str, change: impl FnOnce(&mut Backlog)) {
        let mut queues = self.queues.lock().unwrap_or_else(PoisonError::into_inner);
        change(queues.entry(queue.to_owned()).or_default());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turns_are_asked_for_while_there_is_a_backlog() {
        let turns = Turns::default();
        assert!(!turns.are_due("mail", LEAST_JOBS), "nothing is known of it");
        turns.learn("mail", true);
        assert!(turns.are_due("mail", LEAST_JOBS));
        assert!(!turns.are_due("mail", LEAST_JOBS - 1));
        assert!(!turns.are_due("other", LEAST_JOBS));
        turns.learn("mail", false);
        assert!(!turns.are_due("mail", LEAST_JOBS), "it is empty");
    }

    #[test]
    fn a_turn_that_came_ends_the_rest() {
        let turns = Turns::default();
        turns.learn("mail", true);
        turns.waited("mail", false);
        turns.waited("mail", false);
        assert!(!turns.are_due("mail", LEAST_JOBS));
        turns.waited("mail", true);
        assert!(turns.are_due("mail", LEAST_JOBS));
    }

    #[test]
    fn who_gets_no_turn_rests_longer_each_time() {
        let mut backlog = Backlog { is_filled: true, ..Backlog::default() };
        backlog.give_up();
        assert!(!backlog.rests(), "once is bad luck");
        for times in [1, 2, 4, 8, 16, 16] {
            backlog.give_up();
            let ago = |time| Instant::now().checked_sub(time);
            backlog.gave_up_at = ago(REST * times - REST / 2);
            assert!(backlog.rests(), "{times}");
            backlog.gave_up_at = ago(REST * times);
            assert!(!backlog.rests(), "{times}");
        }
    }
}
