//! Turns: while a queue has a backlog, processes claim from it one after the other.
//!
//! Claims that overlap are right, but dear: each walks over all rows that the others have just locked, so that
//! eight processes read seven times as many rows as they take. A turn is a session lock that is only tried: a
//! process that does not get it asks again some milliseconds later, and after [`LONGEST_WAIT`] claims without it.
//! So nobody waits for a holder that is frozen, and `skip locked` still decides who gets which row. Over a
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
/// After that turns are not asked for during this time: somebody holds one who does not claim.
const REST: Duration = Duration::from_secs(1);

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
    /// When it last waited for its turn without success.
    gave_up_at: Option<Instant>,
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
            Ok(true) => return Some(turn),
            Ok(false) => {
                turn.is_given = true;
                self.note(queue, |backlog| backlog.gave_up_at = Some(Instant::now()));
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
        let began = Instant::now();
        while began.elapsed() < LONGEST_WAIT {
            let asked = Instant::now();
            let rows = connection.query(TAKE, &[(&queue, Type::TEXT)]).await?;
            self.distance.lock().unwrap_or_else(PoisonError::into_inner).learn(asked.elapsed());
            if rows.first().is_some_and(|row| get(row, 0).unwrap_or(false)) {
                return Ok(true);
            }
            tokio::time::sleep(Duration::from_micros(fastrand::u64(2_000..5_000))).await;
        }
        Ok(false)
    }

    fn is_worth_it(&self, queue: &str) -> bool {
        let queues = self.queues.lock().unwrap_or_else(PoisonError::into_inner);
        let backlog = queues.get(queue).copied().unwrap_or_default();
        backlog.is_filled && backlog.gave_up_at.is_none_or(|at| at.elapsed() > REST)
    }

    fn note(&self, queue: &str, change: impl FnOnce(&mut Backlog)) {
        let mut queues = self.queues.lock().unwrap_or_else(PoisonError::into_inner);
        change(queues.entry(queue.to_owned()).or_default());
    }
}

impl Turn<'_> {
    /// Lets the next process claim.
    pub(crate) async fn give(mut self, connection: &Connection) {
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
        turns.note("mail", |backlog| backlog.gave_up_at = Some(Instant::now()));
        assert!(!turns.is_worth_it("mail"), "somebody holds it who does not claim");
        let before = Instant::now().checked_sub(REST + Duration::from_millis(1));
        turns.note("mail", |backlog| backlog.gave_up_at = before);
        assert!(turns.is_worth_it("mail"));
        turns.learn("mail", false);
        assert!(!turns.is_worth_it("mail"), "it is empty");
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
