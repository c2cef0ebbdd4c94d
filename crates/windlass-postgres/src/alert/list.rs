//! List: what lasts, and what is muted.

use tokio_postgres::Row;
use uuid::Uuid;
use windlass_core::alert::{AlertRecord, AlertType, Alerts, MuteName, MuteRecord};
use windlass_core::error::StoreError;
use windlass_core::id::{EventId, JobId};
use windlass_core::json::Json;
use windlass_core::time::Timestamp;

use crate::connection::Connection;
use crate::row::get;

const ROUND: &str = "select round from windlass.alert_round";
const ALERTS: &str = "select key, type, subject, since, opened_at, fired_at, event, data, jobs \
     from windlass.alert order by key";
const MUTED: &str =
    "select name, declared, muted_at, until, note from windlass.alert_mute order by name, declared";

/// The round first: what is written while this reads is of a later one.
pub(super) async fn alerts(connection: &Connection) -> Result<Alerts, StoreError> {
    let round: i64 = get(&connection.query_one(ROUND, &[]).await?, 0)?;
    let open = connection.query(ALERTS, &[]).await?;
    let open: Vec<Option<AlertRecord>> = open.iter().map(record).collect::<Result<_, _>>()?;
    let muted = connection.query(MUTED, &[]).await?;
    let muted = muted.iter().map(mute).collect::<Result<_, _>>()?;
    Ok(Alerts { round: round.unsigned_abs(), open: open.into_iter().flatten().collect(), muted })
}

/// None of a type that a newer program wrote.
fn record(row: &Row) -> Result<Option<AlertRecord>, StoreError> {
    let Some(alert) = AlertType::named(get(row, 1)?) else { return Ok(None) };
    Ok(Some(AlertRecord {
        key: get(row, 0)?,
        alert,
        subject: get(row, 2)?,
        since: Timestamp::from_micros(get(row, 3)?),
        opened_at: Timestamp::from_micros(get(row, 4)?),
        fired_at: get::<Option<i64>>(row, 5)?.map(Timestamp::from_micros),
        event: get::<Option<Uuid>>(row, 6)?.map(EventId::from_uuid),
        data: Json::stored(get::<String>(row, 7)?),
        jobs: get::<Vec<Uuid>>(row, 8)?.into_iter().map(JobId::from_uuid).collect(),
    }))
}

fn mute(row: &Row) -> Result<MuteRecord, StoreError> {
    Ok(MuteRecord {
        name: MuteName::stored(get(row, 0)?),
        is_declared: get(row, 1)?,
        muted_at: Timestamp::from_micros(get(row, 2)?),
        until: get::<Option<i64>>(row, 3)?.map(Timestamp::from_micros),
        note: get(row, 4)?,
    })
}
