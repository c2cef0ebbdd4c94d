//! Forget: what was noted for an undo whose time is over, and operations that ended long ago.

use tokio_postgres::types::Type;
use windlass_core::error::StoreError;
use windlass_core::limits::OPERATION_KEEP;
use windlass_core::time::micros;

use crate::connection::{Bind, Connection};

/// Notes removed in one round.
const NOTES: i64 = 5_000;
const FORGET: &str = "delete from windlass.operation_job where ctid = any (array( \
       select n.ctid from windlass.operation o join windlass.operation_job n on n.operation = o.id \
       where o.undo_until <= $1::int8 limit $2::int8))";
const REMOVE: &str = "delete from windlass.operation o where o.ended_at <= $1::int8 \
     and o.state in ('done', 'stopped', 'undone') \
     and not exists (select from windlass.operation_job n where n.operation = o.id)";

pub(crate) async fn forget(connection: &Connection, now: i64) -> Result<(), StoreError> {
    let binds: [Bind<'_>; 2] = [(&now, Type::INT8), (&NOTES, Type::INT8)];
    connection.query(FORGET, &binds).await?;
    let before = now.saturating_sub(micros(OPERATION_KEEP));
    connection.query(REMOVE, &[(&before, Type::INT8)]).await.map(drop)
}
