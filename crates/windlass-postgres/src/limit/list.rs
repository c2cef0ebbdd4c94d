//! The list of limits.

use std::time::Duration;

use tokio_postgres::Row;
use tokio_postgres::types::Type;
use windlass_core::error::StoreError;
use windlass_core::limit::{Breaker, Limit, LimitOn, LimitRecord, Rate, SetBy};
use windlass_core::store::Now;
use windlass_core::time::Timestamp;

use crate::connection::runs::Runs;
use crate::row::get;

const LIMITS: &str = include_str!("limits.sql");

pub(crate) async fn limits(place: &impl Runs, now: Now) -> Result<Vec<LimitRecord>, StoreError> {
    let rows = place.rows(LIMITS, &[(&now.micros(), Type::INT8)]).await?;
    rows.iter().map(record).collect()
}

fn record(row: &Row) -> Result<LimitRecord, StoreError> {
    let number = |at| get::<Option<i32>>(row, at).map(|number| number.map(i32::unsigned_abs));
    let time = |at| {
        get::<Option<i64>>(row, at).map(|us| us.map(|us| Duration::from_micros(us.unsigned_abs())))
    };
    let (tokens, per, burst) = (number(3)?, time(4)?, number(5)?);
    let (failures, within, open_for) = (number(6)?, time(7)?, time(8)?);
    let rate = tokens.zip(per).zip(burst).map(|((tokens, per), burst)| Rate { tokens, per, burst });
    let breaker = failures
        .zip(within)
        .zip(open_for)
        .map(|((failures, within), open_for)| Breaker { failures, within, open_for });
    let (scope, name): (i16, String) = (get(row, 0)?, get(row, 1)?);
    let corrupt = |column, value: i16| StoreError::Corrupt {
        table: "limit_rule",
        column,
        row: name.clone(),
        value: value.to_string(),
    };
    let set_by: i16 = get(row, 9)?;
    let set_by = SetBy::from_code(set_by).ok_or_else(|| corrupt("origin", set_by))?;
    let on = LimitOn::from_scope(scope, name.clone()).ok_or_else(|| corrupt("scope", scope))?;
    let running = number(2)?;
    let reserved = get::<Option<&str>>(row, 16)?.map(serde_json::from_str).transpose();
    let reserved = reserved.map_err(|error| StoreError::Backend(Box::new(error)))?;
    Ok(LimitRecord {
        running_now: running.map(|_| get::<i64>(row, 12)).transpose()?.map(i64::unsigned_abs),
        full_keys: match (&on, running) {
            (LimitOn::Key(_), Some(_)) => Some(get::<i64>(row, 13)?.unsigned_abs()),
            _ => None,
        },
        limit: Limit { on, running, reserved: reserved.unwrap_or_default(), rate, breaker },
        set_by,
        note: get(row, 10)?,
        set_at: Timestamp::from_micros(get(row, 11)?),
        tokens_now: get(row, 14)?,
        open_since: get::<Option<i64>>(row, 15)?.map(Timestamp::from_micros),
    })
}
