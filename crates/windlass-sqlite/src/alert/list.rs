//! List: what lasts, and what is muted.

use rusqlite::{Connection, Row};
use windlass_core::alert::{AlertRecord, AlertType, Alerts, MuteName, MuteRecord};
use windlass_core::error::StoreError;
use windlass_core::id::EventId;
use windlass_core::json::Json;
use windlass_core::time::Timestamp;

use crate::row::{Id, all, one};

/// Whether a subscription may want events of Windlass's own, or something that lasts has begun.
pub(crate) const WANTED: &str = "select exists (select 1 from windlass_subscription where alerts) \
     or exists (select 1 from windlass_alert)";
const ROUND: &str = "select round from windlass_alert_round";
const ALERTS: &str = "select key, type, subject, since, opened_at, fired_at, event, data, jobs \
     from windlass_alert order by key";
const MUTED: &str =
    "select name, declared, muted_at, until, note from windlass_alert_mute order by name, declared";

pub(super) fn alerts(connection: &Connection) -> Result<Alerts, StoreError> {
    let round: i64 = one(connection, ROUND, [])?.unwrap_or_default();
    let open = all(connection, ALERTS, [], record)?.into_iter().flatten().collect();
    let muted = all(connection, MUTED, [], |row| {
        Ok(MuteRecord {
            name: MuteName::stored(row.get(0)?),
            is_declared: row.get(1)?,
            muted_at: Timestamp::from_micros(row.get(2)?),
            until: row.get::<_, Option<i64>>(3)?.map(Timestamp::from_micros),
            note: row.get(4)?,
        })
    })?;
    Ok(Alerts { round: round.unsigned_abs(), open, muted })
}

/// None of a type that a newer program wrote.
fn record(row: &Row<'_>) -> rusqlite::Result<Option<AlertRecord>> {
    let Some(alert) = AlertType::named(&row.get::<_, String>(1)?) else { return Ok(None) };
    Ok(Some(AlertRecord {
        key: row.get(0)?,
        alert,
        subject: row.get(2)?,
        since: Timestamp::from_micros(row.get(3)?),
        opened_at: Timestamp::from_micros(row.get(4)?),
        fired_at: row.get::<_, Option<i64>>(5)?.map(Timestamp::from_micros),
        event: row.get::<_, Option<Id>>(6)?.map(|id| EventId::from_uuid(id.0)),
        data: Json::stored(row.get::<_, String>(7)?),
        jobs: serde_json::from_str(&row.get::<_, String>(8)?).unwrap_or_default(),
    }))
}
