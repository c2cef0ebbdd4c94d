//! Jobs that wait for ends which cannot come.

use tokio_postgres::Row;
use tokio_postgres::types::Type;
use windlass_core::error::StoreError;
use windlass_core::health::{StuckJob, Thresholds};
use windlass_core::id::JobId;
use windlass_core::job::State;
use windlass_core::time::Timestamp;

use super::jobs::{FEW, MOST};
use crate::connection::{Bind, Connection};
use crate::row::get;

const STUCK: &str = include_str!("stuck.sql");

pub(super) async fn stuck(
    connection: &Connection,
    thresholds: &Thresholds,
) -> Result<Vec<StuckJob>, StoreError> {
    let binds: [Bind<'_>; 3] =
        [(&thresholds.mute, Type::TEXT_ARRAY), (&MOST, Type::INT8), (&FEW, Type::INT8)];
    let stuck = |row: &Row| {
        Ok(StuckJob {
            job: JobId::from_uuid(get(row, 0)?),
            kind: get(row, 1)?,
            queue: get(row, 2)?,
            since: Timestamp::from_micros(get(row, 3)?),
            condition: get(row, 4)?,
            awaited: JobId::from_uuid(get(row, 5)?),
            ended: get::<Option<i16>>(row, 6)?.and_then(State::from_code),
        })
    };
    connection.query(STUCK, &binds).await?.iter().map(stuck).collect()
}
