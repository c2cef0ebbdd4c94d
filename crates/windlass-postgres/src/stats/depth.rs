//! Depth: how long queues are, within bounds.

use tokio_postgres::Row;
use tokio_postgres::types::Type;
use windlass_core::error::StoreError;
use windlass_core::limits::{
    LINES_LOOKED_AT, STATS_DEPTH, STATS_DEPTH_ALL, STATS_DEPTH_LEAST, STATS_LEASES, STATS_PAIRS,
};
use windlass_core::stats::Depth;
use windlass_core::time::Timestamp;

use crate::connection::{Bind, Connection};
use crate::row::get;

const DEPTH: &str = include_str!("depth.sql");

/// How long queues are that have jobs to run or running.
pub(super) async fn depths(
    connection: &Connection,
    now: Timestamp,
) -> Result<Vec<(String, Depth)>, StoreError> {
    let limits = [
        STATS_DEPTH,
        STATS_DEPTH_ALL,
        LINES_LOOKED_AT,
        STATS_LEASES,
        STATS_PAIRS,
        STATS_DEPTH_LEAST,
    ];
    let limits = limits.map(|limit| i64::try_from(limit).unwrap_or(i64::MAX));
    let binds: Vec<Bind<'_>> = limits.iter().map(|limit| (limit as _, Type::INT8)).collect();
    let depth = |row: &Row| {
        let due_at = get::<Option<i64>>(row, 3)?.map_or(now, Timestamp::from_micros);
        let depth = Depth {
            available: get::<i64>(row, 1)?.unsigned_abs(),
            running: get::<i64>(row, 2)?.unsigned_abs(),
            oldest: now.since(due_at),
        };
        Ok((get(row, 0)?, depth))
    };
    connection.query(DEPTH, &binds).await?.iter().map(depth).collect()
}
