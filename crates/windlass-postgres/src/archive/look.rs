//! Look: who lives here, and what would be lost.

use windlass_core::archive::Standing;
use windlass_core::error::StoreError;
use windlass_core::id::WorkerId;

use crate::archive::Session;
use crate::error::store_error;
use crate::row::get;

/// A session lock that can be had belongs to nobody: the process behind it is gone.
const WORKERS: &str = "select w.id from windlass.worker w where w.expires_at > windlass.now_us() \
     and (w.guard is null or not pg_try_advisory_xact_lock(w.guard))";
const NUMBERS: &str = "select (select count(*) from windlass.pending) + (select count(*) from windlass.finished) \
       + coalesce((select sum(unsettled) from windlass.lease), 0)::int8, \
     (select count(*) from windlass.event) + (select count(*) from windlass.intake), \
     (select count(*) from windlass.schedule) + (select count(*) from windlass.subscription) + (select count(*) from windlass.source) \
       + (select count(*) from windlass.limit_rule) + (select count(*) from windlass.token) + (select count(*) from windlass.user)";

pub(super) async fn look(session: &Session) -> Result<Standing, StoreError> {
    let workers = session.client.query(&session.text(WORKERS), &[]).await.map_err(store_error)?;
    let workers: Result<_, _> =
        workers.iter().map(|row| get(row, 0).map(WorkerId::from_uuid)).collect();
    let row = session.client.query_one(&session.text(NUMBERS), &[]).await.map_err(store_error)?;
    let count = |at| get::<i64>(&row, at).map(i64::unsigned_abs);
    Ok(Standing { workers: workers?, jobs: count(0)?, events: count(1)?, others: count(2)? })
}
