//! List: batches with how many of their jobs are where.

use tokio_postgres::Row;
use tokio_postgres::types::Type;
use uuid::Uuid;
use windlass_core::batch::{BatchCounts, BatchFilter, BatchRecord, BatchState, Standing};
use windlass_core::error::StoreError;
use windlass_core::id::BatchId;
use windlass_core::time::Timestamp;

use crate::connection::{Bind, Connection};
use crate::row::get;

const BATCHES: &str = include_str!("list.sql");

pub(super) async fn batches(
    connection: &Connection,
    only: Option<BatchId>,
    filter: &BatchFilter,
    limit: usize,
) -> Result<Vec<BatchRecord>, StoreError> {
    let id = |batch: Option<BatchId>| batch.map(|batch| batch.as_uuid());
    let (only, undoes, before) = (id(only), id(filter.undoes), id(filter.before));
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let binds: [Bind<'_>; 8] = [
        (&only, Type::UUID),
        (&filter.name, Type::TEXT),
        (&filter.key, Type::TEXT),
        (&filter.is_live, Type::BOOL),
        (&filter.is_workflow, Type::BOOL),
        (&undoes, Type::UUID),
        (&before, Type::UUID),
        (&limit, Type::INT8),
    ];
    connection.query(BATCHES, &binds).await?.iter().map(record).collect()
}

fn record(row: &Row) -> Result<BatchRecord, StoreError> {
    let count = |column| get::<i64>(row, column).map(i64::unsigned_abs);
    let jobs = BatchCounts {
        open: count(9)?,
        completed: count(10)?,
        cancelled: count(11)?,
        dead: count(12)?,
    };
    let standing =
        Standing { is_sealed: get(row, 5)?, is_live: get(row, 6)?, is_stuck: get(row, 13)? };
    Ok(BatchRecord {
        id: BatchId::from_uuid(get(row, 0)?),
        name: get(row, 1)?,
        key: get(row, 2)?,
        undoes: get::<Option<Uuid>>(row, 3)?.map(BatchId::from_uuid),
        is_workflow: get(row, 4)?,
        state: BatchState::of(standing, &jobs),
        created_at: Timestamp::from_micros(get(row, 7)?),
        ended_at: get::<Option<i64>>(row, 8)?.map(Timestamp::from_micros),
        jobs,
    })
}
