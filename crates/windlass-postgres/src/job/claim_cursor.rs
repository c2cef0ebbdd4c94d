//! Claim cursors: where the claim of a queue begins to look.
//!
//! A snapshot that somebody holds open for minutes keeps dead index entries in front of the
//! queue's head, and every claim would walk over them. So while claims are slow they begin where
//! the last one ended, and now and then at the very front, for what came in below: retries,
//! smaller priorities, transactions that committed late.
//!
//! A process that has just started has not been slow yet. So a slow one stores its cursors, and a
//! worker that registers begins at those that are fresh: see [`store`] and [`find`].

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio_postgres::types::Type;
use windlass_core::error::StoreError;
use windlass_core::job::Claimed;
use windlass_core::time::micros;

use crate::connection::Connection;
use crate::row::get;

/// A claim that takes longer walks over something dead.
const SLOW: Duration = Duration::from_millis(30);
/// How long a cursor is trusted before a look from the front.
const FULL_PASS: Duration = Duration::from_millis(250);

/// How often a process stores the cursor of a queue, at most.
const STORE_EVERY: Duration = Duration::from_secs(1);
/// How long a stored cursor is worth something to a process that starts.
const FRESH: Duration = Duration::from_secs(10);

const STORE: &str = include_str!("claim_cursor.sql");
const FIND: &str = "select queue, priority, run_at, cost from windlass.claim_cursor \
     where queue = any ($1::text[]) and written_at > windlass.now_us() - $2::int8";

const FRONT: Position = Position { priority: i16::MIN, run_at: i64::MIN };

/// A place in the order of a queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Position {
    priority: i16,
    run_at: i64,
}

#[derive(Debug)]
struct ClaimCursor {
    cursor: Position,
    /// When the front was looked at last.
    full_at: Instant,
    /// What such a look cost.
    full_cost: Duration,
    slow: bool,
    stored_at: Option<Instant>,
}

/// The cursor of a queue whose claims are slow, as another process begins with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StoredCursor {
    queue: String,
    cursor: Position,
    full_cost: Duration,
}

/// Which cursors are worth storing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Storing {
    /// Those that were not stored lately.
    NowAndThen,
    /// All: the worker leaves.
    AtLast,
}

/// The cursor of each queue, for one process.
#[derive(Debug, Default)]
pub(crate) struct ClaimCursors {
    cursors: Mutex<HashMap<String, ClaimCursor>>,
}

impl ClaimCursors {
    /// Where the next claim of each queue begins.
    pub(crate) fn of(&self, queues: &[&str]) -> Vec<Position> {
        let cursors = self.cursors.lock().unwrap_or_else(PoisonError::into_inner);
        queues.iter().map(|queue| cursors.get(*queue).map_or(FRONT, ClaimCursor::begin)).collect()
    }

    /// What a claim got that began at these places, and how long it took.
    pub(crate) fn learn(
        &self,
        (queues, began): (&[&str], &[Position]),
        jobs: &[Arc<Claimed>],
        took: Duration,
    ) {
        let mut cursors = self.cursors.lock().unwrap_or_else(PoisonError::into_inner);
        for (queue, began) in queues.iter().zip(began) {
            let last = jobs
                .iter()
                .filter(|job| job.queue == **queue)
                .map(|job| Position { priority: job.priority, run_at: job.run_at.as_micros() })
                .max();
            let cursor = cursors.entry((*queue).to_owned()).or_insert_with(ClaimCursor::new);
            cursor.learn(*began, last, took);
        }
    }

    /// The cursors to store now: of queues whose claims are slow.
    pub(crate) fn to_store(&self, storing: Storing) -> Vec<StoredCursor> {
        let mut cursors = self.cursors.lock().unwrap_or_else(PoisonError::into_inner);
        let is_worth = |cursor: &ClaimCursor| {
            let is_new = cursor.stored_at.is_none_or(|at| at.elapsed() >= STORE_EVERY);
            cursor.slow && cursor.cursor != FRONT && (is_new || storing == Storing::AtLast)
        };
        let stored =
            cursors.iter_mut().filter(|(_, cursor)| is_worth(cursor)).map(|(queue, one)| {
                one.stored_at = Some(Instant::now());
                StoredCursor { queue: queue.clone(), cursor: one.cursor, full_cost: one.full_cost }
            });
        stored.collect()
    }

    /// Begins where other processes are, in queues that this one knows nothing of yet.
    pub(crate) fn adopt(&self, stored: Vec<StoredCursor>) {
        let mut cursors = self.cursors.lock().unwrap_or_else(PoisonError::into_inner);
        for one in stored {
            cursors.entry(one.queue).or_insert_with(|| ClaimCursor {
                cursor: one.cursor,
                full_at: Instant::now(),
                full_cost: one.full_cost,
                slow: true,
                stored_at: Some(Instant::now()),
            });
        }
    }
}

/// Places as two columns.
pub(crate) fn columns(positions: &[Position]) -> (Vec<i16>, Vec<i64>) {
    positions.iter().map(|position| (position.priority, position.run_at)).unzip()
}

/// Stores cursors, for processes that start.
pub(crate) async fn store(
    connection: &Connection,
    cursors: Vec<StoredCursor>,
) -> Result<(), StoreError> {
    if cursors.is_empty() {
        return Ok(());
    }
    let queues: Vec<&str> = cursors.iter().map(|one| one.queue.as_str()).collect();
    let priorities: Vec<i16> = cursors.iter().map(|one| one.cursor.priority).collect();
    let moments: Vec<i64> = cursors.iter().map(|one| one.cursor.run_at).collect();
    let costs: Vec<i64> = cursors.iter().map(|one| micros(one.full_cost)).collect();
    let binds: [(&(dyn tokio_postgres::types::ToSql + Sync), Type); 4] = [
        (&queues, Type::TEXT_ARRAY),
        (&priorities, Type::INT2_ARRAY),
        (&moments, Type::INT8_ARRAY),
        (&costs, Type::INT8_ARRAY),
    ];
    connection.query(STORE, &binds).await.map(drop)
}

/// The cursors that processes stored lately for these queues.
pub(crate) async fn find(
    connection: &Connection,
    queues: &[String],
) -> Result<Vec<StoredCursor>, StoreError> {
    let rows = connection
        .query(FIND, &[(&queues, Type::TEXT_ARRAY), (&micros(FRESH), Type::INT8)])
        .await?;
    rows.iter()
        .map(|row| {
            let cursor = Position { priority: get(row, 1)?, run_at: get(row, 2)? };
            let full_cost = Duration::from_micros(get::<i64>(row, 3)?.unsigned_abs());
            Ok(StoredCursor { queue: get(row, 0)?, cursor, full_cost })
        })
        .collect()
}

impl ClaimCursor {
    fn new() -> Self {
        Self {
            cursor: FRONT,
            full_at: Instant::now(),
            full_cost: Duration::ZERO,
            slow: false,
            stored_at: None,
        }
    }

    fn begin(&self) -> Position {
        // A full pass is worth a tenth of the time at most, however long it takes.
        let pause = FULL_PASS.max(self.full_cost * 10);
        if self.slow && self.full_at.elapsed() < pause { self.cursor } else { FRONT }
    }

    fn learn(&mut self, began: Position, last: Option<Position>, took: Duration) {
        // Where it would begin now says nothing: the pause may have ended while it was under way.
        if began == FRONT {
            self.full_at = Instant::now();
            self.full_cost = took;
            self.slow = took > SLOW;
        }
        match last {
            Some(last) => self.cursor = last,
            // Nothing above the cursor: the next look is from the front.
            None => self.slow = false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LAST: Position = Position { priority: 0, run_at: 7 };

    #[test]
    fn quick_claims_always_look_from_the_front() {
        let mut cursor = ClaimCursor::new();
        cursor.learn(FRONT, Some(LAST), Duration::from_millis(1));
        assert_eq!(cursor.begin(), FRONT);
    }

    #[test]
    fn slow_claims_go_on_where_they_were_and_return_when_there_is_nothing() {
        let mut cursor = ClaimCursor::new();
        cursor.learn(FRONT, Some(LAST), Duration::from_millis(100));
        assert_eq!(cursor.begin(), LAST);
        cursor.learn(LAST, None, Duration::from_millis(1));
        assert_eq!(cursor.begin(), FRONT);
    }

    #[test]
    fn a_claim_that_began_at_its_cursor_was_no_look_from_the_front() {
        let mut cursor = ClaimCursor::new();
        cursor.learn(FRONT, Some(LAST), Duration::from_millis(100));
        let began = cursor.begin();
        // The pause ends while the claim is under way.
        let pause = Duration::from_millis(100) * 10;
        cursor.full_at = Instant::now().checked_sub(pause).expect("the machine is up that long");
        cursor.learn(began, Some(LAST), Duration::from_millis(1));
        assert_eq!((cursor.slow, cursor.full_cost), (true, Duration::from_millis(100)));
        assert_eq!(cursor.begin(), FRONT, "the front is looked at next");
    }

    fn slow(cursors: &ClaimCursors) {
        let mut cursor = ClaimCursor::new();
        cursor.learn(FRONT, Some(LAST), Duration::from_millis(100));
        cursors.cursors.lock().expect("nobody panicked").insert("q".to_owned(), cursor);
    }

    #[test]
    fn a_process_begins_where_a_slow_one_is_and_looks_from_the_front_later() {
        let (slow_one, new_one) = (ClaimCursors::default(), ClaimCursors::default());
        slow(&slow_one);
        new_one.adopt(slow_one.to_store(Storing::NowAndThen));
        assert_eq!(new_one.of(&["q"]), [LAST]);
        new_one.learn((&["q"], &[LAST]), &[], Duration::from_millis(1));
        assert_eq!(new_one.of(&["q"]), [FRONT]);
    }

    #[test]
    fn what_this_process_knows_is_not_replaced() {
        let (slow_one, other) = (ClaimCursors::default(), ClaimCursors::default());
        slow(&slow_one);
        other.learn((&["q"], &[FRONT]), &[], Duration::from_millis(1));
        other.adopt(slow_one.to_store(Storing::NowAndThen));
        assert_eq!(other.of(&["q"]), [FRONT]);
    }

    #[test]
    fn a_cursor_is_stored_now_and_then_and_once_more_at_last() {
        let cursors = ClaimCursors::default();
        cursors.learn((&["quick"], &[FRONT]), &[], Duration::from_millis(1));
        assert_eq!(cursors.to_store(Storing::AtLast), [], "quick claims store nothing");
        slow(&cursors);
        assert_eq!(cursors.to_store(Storing::NowAndThen).len(), 1);
        assert_eq!(cursors.to_store(Storing::NowAndThen), []);
        assert_eq!(cursors.to_store(Storing::AtLast).len(), 1);
    }
}
