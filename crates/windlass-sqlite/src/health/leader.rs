//! Leader: who does for all what time brings.

use rusqlite::Connection;
use windlass_core::error::StoreError;
use windlass_core::job::Lead;
use windlass_core::time::Timestamp;

use crate::row::{Id, all};

const LEADER: &str = "select worker, expires_at from windlass_leader where duty = 'sweep'";

pub(crate) fn leader(connection: &Connection) -> Result<Option<Lead>, StoreError> {
    let leaders = all(connection, LEADER, [], |row| {
        let (worker, until) = (row.get::<_, Id>(0)?.worker(), row.get(1)?);
        Ok(Lead { worker, until: Timestamp::from_micros(until) })
    })?;
    Ok(leaders.into_iter().next())
}
