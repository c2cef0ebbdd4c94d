//! Watch: notices commits of other connections, in whatever process, by `PRAGMA data_version`,
//! which costs two microseconds and no lock. What was committed is looked up only then: a wake-up
//! goes to the queues that have something to claim, and to the workers that have news to fetch.

use std::path::Path;
use std::sync::{Arc, Weak};
use std::time::Duration;

use rusqlite::Connection;
use windlass_core::error::StoreError;
use windlass_core::wake::Wakeups;

use crate::connection::{connect, thread};
use crate::error::store_error;
use crate::event::list::HAS_NEWS;
use crate::row::{Id, all, one};

/// How often it looks: half of it is what a wake-up from another process takes on average.
const EVERY: Duration = Duration::from_millis(10);

const ATTENTION: &str = "select id from windlass_worker where attention = 1";
const READY: &str = "select 1 where exists (select 1 from windlass_pending where queue = ?1 and state = 2 and line is null) \
     or exists (select 1 from windlass_pending where queue = ?1 and state = 2 and line is not null)";

/// Starts the watching thread; it ends when the store is dropped.
pub(crate) fn start(path: &Path, wakeups: &Arc<Wakeups>) -> Result<(), StoreError> {
    let connection = connect::reader(path)?;
    wakeups.begin_to_hear();
    let wakeups = Arc::downgrade(wakeups);
    thread::start(("windlass-watch", "watcher"), connection, move |connection| {
        watch(connection, &wakeups);
    })
}

fn watch(connection: &Connection, wakeups: &Weak<Wakeups>) {
    let mut seen = None;
    loop {
        std::thread::sleep(EVERY);
        let Some(wakeups) = wakeups.upgrade() else { return };
        if wakeups.is_empty() {
            // The first look also tells of what came before it.
            seen = None;
            continue;
        }
        // An error passes or shows up where somebody can be told; polling goes on regardless.
        let Ok(version) = data_version(connection) else {
            wakeups.stop_hearing();
            continue;
        };
        wakeups.begin_to_hear();
        if seen.replace(version) != Some(version) {
            wake(connection, &wakeups);
            tell(connection, &wakeups);
            tell_of_events(connection, &wakeups);
        }
    }
}

/// Wakes the workers of queues that have available jobs. Where that cannot be told, all of them.
fn wake(connection: &Connection, wakeups: &Wakeups) {
    for queue in wakeups.queues() {
        if is_ready(connection, &queue).unwrap_or(true) {
            wakeups.work_on(&queue);
        }
    }
}

/// Rings for the workers that have news to fetch, at every commit until they have fetched it: what
/// was said to one just after it asked must not wait for the next time it asks by itself. Where
/// that cannot be told, for all of them.
fn tell(connection: &Connection, wakeups: &Wakeups) {
    match all(connection, ATTENTION, [], |row| row.get::<_, Id>(0)) {
        Ok(told) => told.into_iter().for_each(|id| wakeups.news_for(id.worker())),
        Err(_) => wakeups.news(),
    }
}

/// Tells who feeds the subscriptions of events that those who are live have not been fed. Of the others it knows, and where this
/// cannot be told a sweep says so.
fn tell_of_events(connection: &Connection, wakeups: &Wakeups) {
    if matches!(one(connection, HAS_NEWS, []), Ok(Some(true))) {
        wakeups.events();
    }
}

fn is_ready(connection: &Connection, queue: &str) -> rusqlite::Result<bool> {
    connection.prepare_cached(READY)?.exists([queue])
}

fn data_version(connection: &Connection) -> Result<i64, StoreError> {
    connection
        .prepare_cached("pragma data_version")
        .and_then(|mut statement| statement.query_row([], |row| row.get(0)))
        .map_err(store_error)
}
