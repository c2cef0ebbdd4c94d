//! Put: subscriptions are made, changed, paused and removed.

use tokio_postgres::types::Type;
use windlass_core::error::StoreError;
use windlass_core::store::Now;
use windlass_core::subscription::{Start, Subscription};

use crate::connection::runs::Runs;
use crate::connection::{Bind, Connection};
use crate::row::get;

const PUT: &str = "select windlass.put_subscription_at(coalesce($1::int8, windlass.now_us()), $2::text, $3::text, $4::int8, $5::int8)";
const PAUSE: &str = "select windlass.pause_subscription_at(coalesce($1::int8, windlass.now_us()), $2::text, $3::bool)";
const REMOVE: &str = "select windlass.remove_subscription_at($1::text)";

async fn is(place: &impl Runs, sql: &'static str, binds: &[Bind<'_>]) -> Result<bool, StoreError> {
    place.rows(sql, binds).await?.first().map_or(Ok(false), |row| get(row, 0))
}

pub(crate) async fn put(
    place: &impl Runs,
    (name, definition): (&str, &Subscription),
    start: Start,
    now: Now,
) -> Result<bool, StoreError> {
    let definition =
        serde_json::to_string(definition).map_err(|error| StoreError::Backend(Box::new(error)))?;
    let number = |position| i64::try_from(position).unwrap_or(i64::MAX);
    let (behind, until) = match start {
        Start::Now => (None, None),
        Start::After(position) => (Some(number(position)), None),
        Start::Between(after, to) => (Some(number(after)), Some(number(to))),
    };
    let now = now.micros();
    let binds: [Bind<'_>; 5] = [
        (&now, Type::INT8),
        (&name, Type::TEXT),
        (&definition, Type::TEXT),
        (&behind, Type::INT8),
        (&until, Type::INT8),
    ];
    is(place, PUT, &binds).await
}

pub(crate) async fn remove(place: &impl Runs, name: &str) -> Result<bool, StoreError> {
    is(place, REMOVE, &[(&name, Type::TEXT)]).await
}

pub(super) async fn pause(
    connection: &Connection,
    (name, pauses): (&str, bool),
    now: Now,
) -> Result<bool, StoreError> {
    let now = now.micros();
    let binds: [Bind<'_>; 3] = [(&now, Type::INT8), (&name, Type::TEXT), (&pauses, Type::BOOL)];
    is(connection, PAUSE, &binds).await
}
