//! Schedules that are to be looked at.

use tokio_postgres::types::Type;
use windlass_core::error::StoreError;
use windlass_core::schedule::DueSchedules;
use windlass_core::store::Now;
use windlass_core::time::Timestamp;

use super::list::record;
use crate::connection::Connection;
use crate::row::get;

const DUE: &str = concat!(include_str!("due.sql"), include_str!("schedules.sql"));

pub(crate) async fn due(
    connection: &Connection,
    most: usize,
    now: Now,
) -> Result<DueSchedules, StoreError> {
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let rows = connection.query(DUE, &[(&now.micros(), Type::INT8), (&most, Type::INT8)]).await?;
    // Where nothing is due nobody asks what the moment was.
    let moment = rows.first().map(|row| get(row, 38)).transpose()?.or(now.micros());
    let now = Timestamp::from_micros(moment.unwrap_or_default());
    Ok(DueSchedules { now, schedules: rows.iter().map(record).collect::<Result<_, _>>()? })
}
