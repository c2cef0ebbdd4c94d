//! Patience: how a statement of the store's own waits for another transaction, which may stay open for as long as its
//! owner likes. Settlements and heartbeats share the connection: none waits longer than [`PATIENCE`] for a lock, and
//! between two tries they go first.

use std::time::{Duration, Instant};

use tokio::sync::{Mutex, MutexGuard};
use tokio_postgres::Row;
use tokio_postgres::types::Type;
use windlass_core::error::StoreError;

use crate::connection::{Bind, Connection};

/// How long a statement of the store's own waits for another transaction.
pub(crate) const PATIENCE: Duration = Duration::from_millis(50);
/// After how long a call that tries again gives up.
pub(crate) const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// Lets one call that may wait at a time to the connection: many that wait would be in the way of the others after all. Of
/// those that have waited without success one at a time stands in line for that, so that a call which nobody keeps from its
/// locks has one of them before it, however many there are.
#[derive(Debug, Default)]
pub(crate) struct Gate {
    calls: Mutex<()>,
    again: Mutex<()>,
}

/// Whether a call has waited before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Try {
    First,
    Again,
}

impl Gate {
    /// Nobody else may wait until this is dropped.
    pub(crate) async fn pass(
        &self,
        which: Try,
    ) -> (Option<MutexGuard<'_, ()>>, MutexGuard<'_, ()>) {
        let again = match which {
            Try::First => None,
            Try::Again => Some(self.again.lock().await),
        };
        (again, self.calls.lock().await)
    }
}

/// [`PATIENCE`] as a setting of the server's.
pub(crate) fn setting() -> String {
    format!("{}ms", PATIENCE.as_millis())
}

/// Runs a statement that sets its patience itself, from its last parameter, until it has its locks. `what` is what
/// another transaction keeps where it gets none.
pub(crate) async fn patiently(
    (connection, gate): (&Connection, &Gate),
    sql: &'static str,
    binds: &[Bind<'_>],
    what: &str,
) -> Result<Vec<Row>, StoreError> {
    let setting = setting();
    let mut all = binds.to_vec();
    all.push((&setting, Type::TEXT));
    let began = Instant::now();
    let mut which = Try::First;
    loop {
        let rows = {
            let _alone = gate.pass(which).await;
            connection.query_unless_locked(sql, &all).await?
        };
        if let Some(rows) = rows {
            return Ok(rows);
        }
        if began.elapsed() > LONGEST_WAIT {
            let reason = format!("another transaction has had {what} for too long");
            return Err(StoreError::Unavailable { reason });
        }
        which = Try::Again;
        tokio::time::sleep(PATIENCE).await;
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;

    use futures_util::FutureExt;

    use super::*;

    /// C4: a call that nobody keeps from its locks has one of those that are kept before it, not all of them.
    #[test]
    fn those_who_try_again_stand_in_line_one_at_a_time() {
        let gate = Gate::default();
        let held = gate.pass(Try::First).now_or_never().expect("it is free");
        let (mut first, mut second) = (pin!(gate.pass(Try::Again)), pin!(gate.pass(Try::Again)));
        assert!(first.as_mut().now_or_never().is_none());
        assert!(second.as_mut().now_or_never().is_none());
        let mut fresh = pin!(gate.pass(Try::First));
        assert!(fresh.as_mut().now_or_never().is_none());
        drop(held);
        let passed = first.as_mut().now_or_never().expect("it came first");
        assert!(fresh.as_mut().now_or_never().is_none());
        drop(passed);
        assert!(second.as_mut().now_or_never().is_none(), "it stands behind what came meanwhile");
        let passed = fresh.as_mut().now_or_never().expect("it is next");
        drop(passed);
        assert!(second.as_mut().now_or_never().is_some());
    }
}
