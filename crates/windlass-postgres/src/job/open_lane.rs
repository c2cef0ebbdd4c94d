//! Open a lane: what is behind a dead job that blocks goes on.

use tokio_postgres::types::Type;
use windlass_core::error::StoreError;
use windlass_core::id::JobId;

use crate::connection::Connection;
use crate::row::get;

const OPEN: &str = "with opened as (delete from windlass.permit m where gate = $1::text and blocks \
     and exists (select from windlass.finished f where f.id = m.job and f.state = 7) returning job), \
     woken as (select count(pg_notify(channel, '')) from windlass.idle where exists (select from opened)) \
     select job from opened, woken";

/// Takes from a dead job what it keeps its lane by.
pub(crate) async fn open_lane(
    connection: &Connection,
    line: &str,
) -> Result<Option<JobId>, StoreError> {
    let rows = connection.query(OPEN, &[(&line, Type::TEXT)]).await?;
    rows.first().map(|row| get(row, 0).map(JobId::from_uuid)).transpose()
}
