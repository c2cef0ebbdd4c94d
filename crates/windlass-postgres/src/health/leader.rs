//! Leader: who does for all what time brings.

use uuid::Uuid;
use windlass_core::error::StoreError;
use windlass_core::id::WorkerId;
use windlass_core::job::Lead;
use windlass_core::time::Timestamp;

use crate::connection::Connection;
use crate::row::get;

const LEADER: &str = "select worker, expires_at from windlass.leader where duty = 'sweep'";

pub(super) async fn leader(connection: &Connection) -> Result<Option<Lead>, StoreError> {
    let rows = connection.query(LEADER, &[]).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let worker = WorkerId::from_uuid(get::<Uuid>(row, 0)?);
    Ok(Some(Lead { worker, until: Timestamp::from_micros(get(row, 1)?) }))
}
