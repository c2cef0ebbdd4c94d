//! List: all subscriptions.

use tokio_postgres::Row;
use windlass_core::error::StoreError;
use windlass_core::subscription::{GapRecord, Progress, SubscriptionRecord, Subscriptions};
use windlass_core::time::Timestamp;

use crate::connection::Connection;
use crate::connection::runs::Runs;
use crate::row::get;

const SUBSCRIPTIONS: &str = "select l.revision, s.number, s.name, s.definition, s.after, s.position, s.paused_at, s.created_at, s.since, s.until \
     from windlass.log l left join windlass.subscription s on true order by s.number";

const GAPS: &str =
    "select number, from_position, to_position, reason, at from windlass.gap order by nth";

pub(crate) async fn subscriptions(place: &impl Runs) -> Result<Subscriptions, StoreError> {
    let rows = place.rows(SUBSCRIPTIONS, &[]).await?;
    let revision = rows.first().map_or(Ok(0), |row| get::<i64>(row, 0))?.unsigned_abs();
    let all = rows.iter().filter_map(|row| record(row).transpose()).collect::<Result<_, _>>()?;
    Ok(Subscriptions { revision, all })
}

pub(super) async fn gaps(connection: &Connection) -> Result<Vec<GapRecord>, StoreError> {
    let rows = connection.query(GAPS, &[]).await?;
    let gap = |row: &Row| {
        Ok(GapRecord {
            number: get::<i32>(row, 0)?.unsigned_abs(),
            from: get::<i64>(row, 1)?.unsigned_abs(),
            to: get::<i64>(row, 2)?.unsigned_abs(),
            reason: get(row, 3)?,
            at: Timestamp::from_micros(get(row, 4)?),
        })
    };
    rows.iter().map(gap).collect()
}

fn record(row: &Row) -> Result<Option<SubscriptionRecord>, StoreError> {
    let Some(number) = get::<Option<i32>>(row, 1)? else { return Ok(None) };
    let (name, definition): (String, &str) = (get(row, 2)?, get(row, 3)?);
    let corrupt = |_| StoreError::Corrupt {
        table: "windlass.subscription",
        column: "definition",
        row: name.clone(),
        value: definition.to_owned(),
    };
    let position: Option<i64> = get(row, 5)?;
    let paused_at: Option<i64> = get(row, 6)?;
    Ok(Some(SubscriptionRecord {
        number: number.unsigned_abs(),
        definition: serde_json::from_str(definition).map_err(corrupt)?,
        name,
        after: get::<i64>(row, 4)?.unsigned_abs(),
        since: get::<i64>(row, 8)?.unsigned_abs(),
        until: get::<Option<i64>>(row, 9)?.map(i64::unsigned_abs),
        progress: position.map_or(Progress::Live, |position| Progress::CatchingUp {
            position: position.unsigned_abs(),
        }),
        paused_at: paused_at.map(Timestamp::from_micros),
        created_at: Timestamp::from_micros(get(row, 7)?),
    }))
}
