//! Threads that have a connection each, and whether all of them have ended.

use std::sync::{Condvar, Mutex, PoisonError};
use std::thread::Builder;
use std::time::Duration;

use rusqlite::Connection;
use windlass_core::error::StoreError;

static RUNNING: Mutex<usize> = Mutex::new(0);
static CLOSING: Mutex<()> = Mutex::new(());
static ENDED: Condvar = Condvar::new();

/// One of the threads that run.
struct Running;

impl Running {
    fn begin() -> Self {
        *RUNNING.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        Self
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        *RUNNING.lock().unwrap_or_else(PoisonError::into_inner) -= 1;
        ENDED.notify_all();
    }
}

/// Starts a thread that has this connection, and closes it at its end.
pub(crate) fn start(
    (name, role): (&str, &str),
    connection: Connection,
    run: impl FnOnce(&Connection) + Send + 'static,
) -> Result<(), StoreError> {
    let running = Running::begin();
    let work = move || {
        run(&connection);
        // Of two that close at once neither is the last one for SQLite, and what is in its log would stay there.
        let turn = CLOSING.lock();
        drop(connection);
        drop((turn, running));
    };
    let started = Builder::new().name(name.to_owned()).spawn(work);
    started.map(drop).map_err(|error| StoreError::Unavailable {
        reason: format!("the {role}'s thread could not be started: {error}"),
    })
}

/// Waits until every store of this process that was dropped has closed its connections, at most so long: `false` where one has
/// not. With the last connection of all processes SQLite brings what is in its log into the file: from then on the file alone has
/// everything. A process that ends without waiting loses nothing, and leaves that log behind.
#[must_use]
pub fn wait_closed(within: Duration) -> bool {
    let running = RUNNING.lock().unwrap_or_else(PoisonError::into_inner);
    let waited = ENDED.wait_timeout_while(running, within, |running| *running > 0);
    !waited.unwrap_or_else(PoisonError::into_inner).1.timed_out()
}
