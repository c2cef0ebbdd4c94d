//! Queues: pause and resume.

use tokio_postgres::types::Type;
use windlass_core::error::StoreError;
use windlass_core::store::Now;

use crate::connection::Connection;

const PAUSE: &str = "insert into windlass.queue as q (name, paused_at, note) \
     values ($2::text, coalesce($1::int8, windlass.now_us()), $3::text) \
     on conflict (name) do update set paused_at = coalesce(q.paused_at, excluded.paused_at), note = excluded.note";
const RESUME: &str = "with gone as (delete from windlass.queue where name = $1::text and paused_at is not null returning 1), \
     ringing as (select count(pg_notify(channel, '')) from windlass.idle where $1::text = any (queues)) \
     select 1 from gone, ringing";

pub(crate) async fn pause(
    connection: &Connection,
    queue: &str,
    note: Option<&str>,
    now: Now,
) -> Result<(), StoreError> {
    let now = now.micros();
    connection
        .query(PAUSE, &[(&now, Type::INT8), (&queue, Type::TEXT), (&note, Type::TEXT)])
        .await
        .map(drop)
}

pub(crate) async fn resume(connection: &Connection, queue: &str) -> Result<bool, StoreError> {
    Ok(!connection.query(RESUME, &[(&queue, Type::TEXT)]).await?.is_empty())
}
