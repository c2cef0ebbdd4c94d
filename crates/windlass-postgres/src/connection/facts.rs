//! Facts: what the server says about itself.

use windlass_core::error::StoreError;
use windlass_core::store::Facts;
use windlass_core::time::Timestamp;

use crate::connection::{Connection, migrate};
use crate::row::get;

const FACTS: &str = include_str!("facts.sql");

pub(crate) async fn facts(
    connection: &Connection,
    keeps_completed: bool,
) -> Result<Facts, StoreError> {
    let row = connection.query_one(FACTS, &[]).await?;
    let snapshot_age: Option<i64> = get(&row, 4)?;
    let whose: Option<String> = get(&row, 5)?;
    let durability: String = get(&row, 3)?;
    Ok(Facts {
        server: format!("PostgreSQL {}", get::<&str>(&row, 0)?),
        schema_version: migrate::version(connection).await?,
        known_version: migrate::KNOWN,
        bytes: get::<Option<i64>>(&row, 1)?.map(i64::unsigned_abs),
        now: Timestamp::from_micros(get(&row, 2)?),
        log_bytes: get::<Option<i64>>(&row, 6)?.map(i64::unsigned_abs),
        durable: durability == "fsync=on, synchronous_commit=on",
        durability,
        oldest_snapshot: snapshot_age.map(|us| {
            (std::time::Duration::from_micros(us.unsigned_abs()), whose.unwrap_or_default())
        }),
        keeps_completed,
    })
}
