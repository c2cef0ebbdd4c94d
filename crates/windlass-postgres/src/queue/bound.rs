//! Bounds on the length of queues.

use tokio_postgres::types::Type;
use windlass_core::error::StoreError;
use windlass_core::queue::{QueueBound, WhenFull};

use crate::connection::Connection;
use crate::row::get;

const BOUND: &str = "select windlass.bound_queue($1::text, $2::int8, $3::bool)";
const UNBOUND: &str = "delete from windlass.queue_bound where queue = $1::text returning 1";
const BOUNDS: &str = "select queue, jobs, waits from windlass.queue_bound order by queue";
const IS_FULL: &str = "select count(*) >= $2::int8 from ( \
       (select from windlass.pending where queue = $1::text and state = 2 and line is null limit $2::int8) \
       union all \
       (select from windlass.pending where queue = $1::text and state = 2 and line is not null limit $2::int8)) as waiting";

pub(crate) async fn bound(connection: &Connection, bound: &QueueBound) -> Result<(), StoreError> {
    let waits = bound.when_full == WhenFull::Wait;
    let binds = [
        (&bound.queue as _, Type::TEXT),
        (&jobs(bound) as _, Type::INT8),
        (&waits as _, Type::BOOL),
    ];
    connection.query(BOUND, &binds).await.map(drop)
}

pub(crate) async fn unbound(connection: &Connection, queue: &str) -> Result<bool, StoreError> {
    Ok(!connection.query(UNBOUND, &[(&queue, Type::TEXT)]).await?.is_empty())
}

pub(crate) async fn bounds(connection: &Connection) -> Result<Vec<QueueBound>, StoreError> {
    let rows = connection.query(BOUNDS, &[]).await?;
    rows.iter()
        .map(|row| Ok(QueueBound::stored(get(row, 0)?, get(row, 1)?, get(row, 2)?)))
        .collect()
}

pub(crate) async fn is_full(
    connection: &Connection,
    bound: &QueueBound,
) -> Result<bool, StoreError> {
    let binds = [(&bound.queue as _, Type::TEXT), (&jobs(bound) as _, Type::INT8)];
    get(&connection.query_one(IS_FULL, &binds).await?, 0)
}

fn jobs(bound: &QueueBound) -> i64 {
    i64::try_from(bound.jobs).unwrap_or(i64::MAX)
}
