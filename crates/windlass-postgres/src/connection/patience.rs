//! Patience: how a statement of the store's own waits for another transaction, which may stay open for as long as its
//! owner likes. Settlements and heartbeats share the connection: none waits longer than [`PATIENCE`] for a lock, and
//! between two tries they go first.

use std::time::{Duration, Instant};

use tokio_postgres::Row;
use tokio_postgres::types::Type;
use windlass_core::error::StoreError;

use crate::connection::{Bind, Connection};

/// How long a statement of the store's own waits for another transaction.
pub(crate) const PATIENCE: Duration = Duration::from_millis(50);
/// After how long a call that tries again gives up.
pub(crate) const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// Lets one call that may wait at a time to the connection: many that wait would be in the way of the others after all.
pub(crate) type Gate = tokio::sync::Mutex<()>;

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
    loop {
        let rows = {
            let _alone = gate.lock().await;
            connection.query_unless_locked(sql, &all).await?
        };
        if let Some(rows) = rows {
            return Ok(rows);
        }
        if began.elapsed() > LONGEST_WAIT {
            let reason = format!("another transaction has had {what} for too long");
            return Err(StoreError::Unavailable { reason });
        }
        tokio::time::sleep(PATIENCE).await;
    }
}
