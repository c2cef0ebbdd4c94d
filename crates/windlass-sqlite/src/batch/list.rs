//! List: batches with how many of their jobs are where.

use rusqlite::{Connection, Row, params};
use windlass_core::batch::{BatchCounts, BatchFilter, BatchRecord, BatchState, Standing};
use windlass_core::error::StoreError;
use windlass_core::id::BatchId;
use windlass_core::time::Timestamp;

use crate::row::{Digits, all};

const BATCHES: &str = include_str!("list.sql");

pub(super) fn batches(
    connection: &Connection,
    only: Option<BatchId>,
    filter: &BatchFilter,
    limit: usize,
) -> Result<Vec<BatchRecord>, StoreError> {
    let digits = |batch: Option<BatchId>| batch.map(Digits::from);
    let binds = params![
        digits(only),
        filter.name,
        filter.key,
        filter.is_live,
        filter.is_workflow,
        digits(filter.undoes),
        digits(filter.before),
        i64::try_from(limit).unwrap_or(i64::MAX),
    ];
    all(connection, BATCHES, binds, record)
}

fn record(row: &Row<'_>) -> rusqlite::Result<BatchRecord> {
    let count = |column| row.get::<_, i64>(column).map(i64::unsigned_abs);
    let jobs = BatchCounts {
        open: count(9)?,
        completed: count(10)?,
        cancelled: count(11)?,
        dead: count(12)?,
    };
    let standing =
        Standing { is_sealed: row.get(5)?, is_live: row.get(6)?, is_stuck: row.get(13)? };
    Ok(BatchRecord {
        id: row.get::<_, Digits>(0)?.batch(),
        name: row.get(1)?,
        key: row.get(2)?,
        undoes: row.get::<_, Option<Digits>>(3)?.map(Digits::batch),
        is_workflow: row.get(4)?,
        state: BatchState::of(standing, &jobs),
        created_at: Timestamp::from_micros(row.get(7)?),
        ended_at: row.get::<_, Option<i64>>(8)?.map(Timestamp::from_micros),
        jobs,
    })
}
