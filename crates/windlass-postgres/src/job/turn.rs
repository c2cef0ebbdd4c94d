//! Turns: while a queue has a backlog, processes claim from it one after the other.
//!
//! Claims that overlap are right, but dear: each walks over all rows that the others have just locked, so that
//! eight processes read seven times as many rows as they take. A turn is a session lock that is only tried: a
//! process that does not get it asks again some milliseconds later, and after [`LONGEST_WAIT`] claims without it.
//! So nobody waits long for a holder that is frozen, and `skip locked` still decides who gets which row. Over a
//! network a turn costs more than it saves: its round trips are time in which nobody claims.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio_postgres::types::Type;
use windlass_core::error::StoreError;

use crate::connection::Connection;
use crate::row::get;

const TAKE: &str = "select pg_try_advisory_lock(hashtext('windlass.claim'), hashtext($1::text))";
const GIVE: &str = "select pg_advisory_unlock(hashtext('windlass.claim'), hashtext($1::text))";
/// This connection has no other session locks.
const GIVE_ALL: &str = "select pg_advisory_unlock_all()";

/// Smaller claims walk over too little to ask first.
const LEAST_JOBS: usize = 50;
/// How long a claim waits for its turn, asking every few milliseconds, before it goes without.
const LONGEST_WAIT: Duration = Duration::from_millis(90);
/// Asking must cost less than walking over what others hold: a server that needs longer to answer is not asked.
const FAR_AWAY: Duration = Duration::from_micros(600);
/// Answers after which it is known how long the server needs: one may have been held up by chance.
const ENOUGH: u32 = 8;
/// Who had a turn that others wanted too lets one of them have the next: so long it does not ask again.
const COURTESY: Duration = Duration::from_millis(6);
/// How long a turn counts as wanted by others after they had it.
const LATELY: Duration = Duration::from_secs(1);
/// After two turns that it did not get, a process asks for none during this time, then for twice as long each time:
/// somebody holds one who does not claim.
const REST: Duration = Duration::from_millis(250);

/// What this process knows of the queues it claims from.
#[derive(Debug, Default)]
pub(crate) struct Turns {
    queues: Mutex<HashMap<String, Backlog>>,
    /// Whether a claim was dropped before it gave its turn back.
    left_taken: AtomicBool,
    distance: Mutex<Distance>,
}

/// How quickly the server answers at best.
#[derive(Debug, Default, Clone, Copy)]
struct Distance {
    answers: u32,
    best: Option<Duration>,
}

impl Distance {
    fn learn(&mut self, took: Duration) {
        self.answers = self.answers.saturating_add(1);
        self.best = Some(self.best.map_or(took, |best| best.min(took)));
    }

    fn is_far(self) -> bool {
        self.answers >= ENOUGH && self.best.is_some_and(|best| best > FAR_AWAY)
    }
}

/// How the last claim of a queue went.
#[derive(Debug, Default, Clone, Copy)]
struct Backlog {
    /// It got all it had asked for, so there is more.
    is_filled: bool,
    /// How many times in a row it waited for its turn without success, and when it last did.
    missed: u32,
    gave_up_at: Option<Instant>,
    /// When somebody else last had the turn that was asked for.
    contested_at: Option<Instant>,
    /// When the last turn was given back.
    given_at: Option<Instant>,
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

/// A turn that was asked for, and perhaps taken. It must be given back.
#[derive(Debug)]
pub(crate) struct Turn<'a> {
    turns: &'a Turns,
    queue: &'a str,
    is_given: bool,
}

impl Turns {
    /// Waits for the turn of a queue, where the queue has a backlog and claims of this size walk far.
    pub(crate) async fn take<'a>(
        &'a self,
        connection: &Connection,
        queue: &'a str,
        jobs: usize,
    ) -> Option<Turn<'a>> {
        if jobs < LEAST_JOBS
            || !self.is_worth_it(queue)
            || !connection.owns_session()
            || self.distance.lock().unwrap_or_else(PoisonError::into_inner).is_far()
        {
            return None;
        }
        // From before it is asked for: the answer may come when nobody waits for it any more.
        let mut turn = Turn { turns: self, queue, is_given: false };
        match self.ask(connection, queue).await {
            Ok(true) => {
                self.note(queue, |backlog| backlog.missed = 0);
                return Some(turn);
            }
            Ok(false) => {
                turn.is_given = true;
                self.note(queue, Backlog::give_up);
            }
            Err(error) => tracing::debug!(%error, "could not ask for a turn"),
        }
        None
    }

    /// Whether a claim of this queue got all it had asked for.
    pub(crate) fn learn(&self, queue: &str, filled: bool) {
        self.note(queue, |backlog| backlog.is_filled = filled);
    }

    async fn ask(&self, connection: &Connection, queue: &str) -> Result<bool, StoreError> {
        if self.left_taken.swap(false, Ordering::Relaxed) {
            connection.query(GIVE_ALL, &[]).await?;
        }
        let courtesy = self.courtesy(queue);
        // A timer of no time still takes a millisecond.
        if !courtesy.is_zero() {
            tokio::time::sleep(courtesy).await;
        }
        let began = Instant::now();
        while began.elapsed() < LONGEST_WAIT {
            let asked = Instant::now();
            let rows = connection.query(TAKE, &[(&queue, Type::TEXT)]).await?;
            self.distance.lock().unwrap_or_else(PoisonError::into_inner).learn(asked.elapsed());
            if rows.first().is_some_and(|row| get(row, 0).unwrap_or(false)) {
                return Ok(true);
            }
            self.note(queue, |backlog| backlog.contested_at = Some(Instant::now()));
            tokio::time::sleep(Duration::from_micros(fastrand::u64(2_000..5_000))).await;
        }
        Ok(false)
    }

    fn is_worth_it(&self, queue: &str) -> bool {
        let queues = self.queues.lock().unwrap_or_else(PoisonError::into_inner);
        let backlog = queues.get(queue).copied().unwrap_or_default();
        backlog.is_filled && !backlog.rests()
    }

    /// How long to let others go first.
    fn courtesy(&self, queue: &str) -> Duration {
        let queues = self.queues.lock().unwrap_or_else(PoisonError::into_inner);
        let backlog = queues.get(queue).copied().unwrap_or_default();
        match (backlog.contested_at, backlog.given_at) {
            (Some(contested), Some(given)) if contested.elapsed() < LATELY => {
                COURTESY.saturating_sub(given.elapsed())
            }
            _ => Duration::ZERO,
        }
    }

    fn note(&self, queue: &str, change: impl FnOnce(&mut Backlog)) {
        let mut queues = self.queues.lock().unwrap_or_else(PoisonError::into_inner);
        change(queues.entry(queue.to_owned()).or_default());
    }
}

impl Turn<'_> {
    /// Lets the next process claim.
    pub(crate) async fn give(mut self, connection: &Connection) {
        self.turns.note(self.queue, |backlog| backlog.given_at = Some(Instant::now()));
        match connection.query(GIVE, &[(&self.queue, Type::TEXT)]).await {
            // A session that ended has no locks any more.
            Ok(_) | Err(StoreError::Unavailable { .. }) => self.is_given = true,
            Err(error) => tracing::debug!(%error, "could not give a turn back"),
        }
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        if !self.is_given {
            self.turns.left_taken.store(true, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turns_are_asked_for_while_there_is_a_backlog() {
        let turns = Turns::default();
        assert!(!turns.is_worth_it("mail"), "nothing is known of it");
        turns.learn("mail", true);
        assert!(turns.is_worth_it("mail"));
        assert!(!turns.is_worth_it("other"));
        turns.learn("mail", false);
        assert!(!turns.is_worth_it("mail"), "it is empty");
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

    #[test]
    fn who_had_a_contested_turn_lets_others_go_first() {
        let turns = Turns::default();
        turns.note("mail", |backlog| backlog.given_at = Some(Instant::now()));
        assert_eq!(turns.courtesy("mail"), Duration::ZERO, "nobody else wants it");
        turns.note("mail", |backlog| backlog.contested_at = Some(Instant::now()));
        assert_ne!(turns.courtesy("mail"), Duration::ZERO);
        turns.note("mail", |backlog| backlog.given_at = Instant::now().checked_sub(COURTESY));
        assert_eq!(turns.courtesy("mail"), Duration::ZERO, "they had the time");
        turns.note("mail", |backlog| {
            backlog.given_at = Some(Instant::now());
            backlog.contested_at = Instant::now().checked_sub(LATELY);
        });
        assert_eq!(turns.courtesy("mail"), Duration::ZERO, "that was long ago");
    }

    #[test]
    fn a_server_far_away_is_not_asked() {
        let mut distance = Distance::default();
        for _ in 0..ENOUGH {
            assert!(!distance.is_far(), "one answer may have been held up by chance");
            distance.learn(FAR_AWAY * 2);
        }
        assert!(distance.is_far());
        distance.learn(FAR_AWAY / 2);
        assert!(!distance.is_far());
    }

    #[test]
    fn a_turn_that_was_dropped_is_remembered() {
        let turns = Turns::default();
        drop(Turn { turns: &turns, queue: "mail", is_given: true });
        assert!(!turns.left_taken.load(Ordering::Relaxed));
        drop(Turn { turns: &turns, queue: "mail", is_given: false });
        assert!(turns.left_taken.load(Ordering::Relaxed));
    }
}
