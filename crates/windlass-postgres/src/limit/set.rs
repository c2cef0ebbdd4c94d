//! Set a limit, remove it, and close its breaker.

use std::time::Duration;

use tokio_postgres::Row;
use tokio_postgres::types::Type;
use windlass_core::error::StoreError;
use windlass_core::limit::{Limit, LimitOn, LimitSet, SetBy};
use windlass_core::store::Now;
use windlass_core::time::micros;

use crate::connection::runs::RunsPatiently;
use crate::connection::{Bind, Connection};
use crate::row::get;

const SET: &str = "select windlass.write_limit(row($2::int2, $3::text, $4::int4, $5::int4, $6::int8, $7::int4, $8::int4, \
     $9::int8, $10::int8, $13::text::jsonb, $11::int2, $12::text, coalesce($1::int8, windlass.now_us()), false)::windlass.limit_rule) \
     from (select set_config('lock_timeout', $14::text, true)) as patience";
const REMOVE: &str = "select windlass.remove_limit($1::text) from (select set_config('lock_timeout', $2::text, true)) as patience";
/// What another transaction keeps where a call is not answered.
const WHAT: &str = "the limits";
const CLOSE: &str = "select windlass.close_breaker($1::text)";

pub(crate) async fn set(
    place: &impl RunsPatiently,
    limit: &Limit,
    (by, note): (SetBy, Option<&str>),
    now: Now,
) -> Result<LimitSet, StoreError> {
    let now = now.micros();
    let (scope, name) = limit.on.scope();
    let number = |number: u32| i32::try_from(number).unwrap_or(i32::MAX);
    let time = |time: Duration| micros(time);
    let running = limit.running.map(number);
    let (tokens, burst) =
        (limit.rate.map(|rate| number(rate.tokens)), limit.rate.map(|rate| number(rate.burst)));
    let per = limit.rate.map(|rate| time(rate.per));
    let after = limit.breaker.map(|breaker| number(breaker.failures));
    let within = limit.breaker.map(|breaker| time(breaker.within));
    let open_for = limit.breaker.map(|breaker| time(breaker.open_for));
    let reserved =
        (!limit.reserved.is_empty()).then(|| serde_json::json!(limit.reserved).to_string());
    let by = by.code();
    let binds: [Bind<'_>; 13] = [
        (&now, Type::INT8),
        (&scope, Type::INT2),
        (&name, Type::TEXT),
        (&running, Type::INT4),
        (&tokens, Type::INT4),
        (&per, Type::INT8),
        (&burst, Type::INT4),
        (&after, Type::INT4),
        (&within, Type::INT8),
        (&open_for, Type::INT8),
        (&by, Type::INT2),
        (&note, Type::TEXT),
        (&reserved, Type::TEXT),
    ];
    Ok(if first(place.rows_in_time(SET, &binds, WHAT).await?)? {
        LimitSet::Now
    } else {
        LimitSet::Kept
    })
}

pub(crate) async fn remove(place: &impl RunsPatiently, on: &LimitOn) -> Result<bool, StoreError> {
    let target = on.to_string();
    first(place.rows_in_time(REMOVE, &[(&target, Type::TEXT)], WHAT).await?)
}

fn first(rows: Vec<Row>) -> Result<bool, StoreError> {
    rows.first().map_or(Ok(false), |row| get(row, 0))
}

pub(crate) async fn close(connection: &Connection, on: &LimitOn) -> Result<bool, StoreError> {
    let target = on.to_string();
    let row = connection.query_one(CLOSE, &[(&target, Type::TEXT)]).await?;
    get(&row, 0)
}
