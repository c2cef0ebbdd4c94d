//! Bounds on the length of queues.

use tokio_postgres::types::Type;
use windlass_core::error::StoreError;
use windlass_core::queue::{QueueBound, WhenFull};

use crate::connection::Connection;
use crate::connection::runs::Runs;
use crate::row::get;

const BOUND: &str = "select windlass.bound_queue($1::text, $2::int8, $3::bool)";
const UNBOUND: &str = "delete from windlass.queue_bound where queue = $1::text returning 1";
const BOUNDS: &str = "select queue, jobs, waits from windlass.queue_bound order by queue";
const IS_FULL: &str = "select count(*) >= $2::int8 from ( \
       (select from windlass.pending where queue = $1::text and state = 2 and line is null limit $2::int8) \
       union all \
       (select from windlass.pending where queue = $1::text and state = 2 and line is not null limit $2::int8)) as waiting";

pub(crate) async fn bound(place: &impl Runs, bound: &QueueBound) -> Result<(), StoreError> {
    let waits = bound.when_full == WhenFull::Wait;
    let binds = [
        (&bound.queue as _, Type::TEXT),
        (&jobs(bound) as _, Type::INT8),
        (&waits as _, Type::BOOL),
    ];
    place.rows(BOUND, &binds).await.map(drop)
}

pub(crate) async fn unbound(place: &impl Runs, queue: &str) -> Result<bool, StoreError> {
    Ok(!place.rows(UNBOUND, &[(&queue, Type::TEXT)]).await?.is_empty())
}

pub(crate) async fn bounds(place: &impl Runs) -> Result<Vec<QueueBound>, StoreError> {
    let rows = place.rows(BOUNDS, &[]).await?;
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
