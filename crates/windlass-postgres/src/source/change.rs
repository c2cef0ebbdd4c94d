//! Sources are paused, resumed, reset and removed, and their gaps closed.

use tokio_postgres::types::Type;
use uuid::Uuid;
use windlass_core::error::StoreError;
use windlass_core::id::EventId;
use windlass_core::source::Reset;
use windlass_core::store::Now;

use crate::connection::patience::{Gate, patiently};
use crate::connection::{Bind, Connection};

const PAUSE: &str = "update windlass.source set \
       changed_at = case state when 'running' then coalesce($1::int8, windlass.now_us()) else changed_at end, \
       reason = case state when 'stopped' then reason else $3::text end, \
       state = case state when 'stopped' then state else 'paused' end \
     from (select set_config('lock_timeout', $4::text, true) as setting) as patience \
     where patience.setting is not null and name = $2::text returning 1";
const RESUME: &str = include_str!("resume.sql");
const RESET: &str = include_str!("reset.sql");
const REMOVE: &str = "with gaps as (delete from windlass.source_gap where source = $1::text), \
     aside as (delete from windlass.quarantine where source = $1::text) \
     delete from windlass.source where name = $1::text returning 1";
const CLOSE: &str = "update windlass.source_gap set closed_at = coalesce($1::int8, windlass.now_us()) \
     where source = $2::text and closed_at is null and ($3::uuid is null or event = $3::uuid) returning 1";

async fn changed(
    writes: (&Connection, &Gate),
    sql: &'static str,
    binds: &[Bind<'_>],
) -> Result<bool, StoreError> {
    Ok(!patiently(writes, sql, binds, "this source").await?.is_empty())
}

pub(super) async fn pause(
    writes: (&Connection, &Gate),
    (name, note): (&str, Option<&str>),
    now: Now,
) -> Result<bool, StoreError> {
    let now = now.micros();
    let binds: [Bind<'_>; 3] = [(&now, Type::INT8), (&name, Type::TEXT), (&note, Type::TEXT)];
    changed(writes, PAUSE, &binds).await
}

pub(super) async fn resume(
    writes: (&Connection, &Gate),
    name: &str,
    now: Now,
) -> Result<bool, StoreError> {
    let now = now.micros();
    let binds: [Bind<'_>; 2] = [(&now, Type::INT8), (&name, Type::TEXT)];
    changed(writes, RESUME, &binds).await
}

pub(super) async fn reset(
    writes: (&Connection, &Gate),
    (name, to): (&str, Reset<'_>),
    now: Now,
) -> Result<bool, StoreError> {
    let (now, cursor) = (now.micros(), to.cursor());
    let binds: [Bind<'_>; 3] = [(&now, Type::INT8), (&name, Type::TEXT), (&cursor, Type::TEXT)];
    changed(writes, RESET, &binds).await
}

pub(super) async fn remove(connection: &Connection, name: &str) -> Result<bool, StoreError> {
    Ok(!connection.query(REMOVE, &[(&name, Type::TEXT)]).await?.is_empty())
}

pub(super) async fn close_gaps(
    connection: &Connection,
    (name, event): (&str, Option<EventId>),
    now: Now,
) -> Result<u64, StoreError> {
    let (now, event): (_, Option<Uuid>) = (now.micros(), event.map(|event| event.as_uuid()));
    let binds: [Bind<'_>; 3] = [(&now, Type::INT8), (&name, Type::TEXT), (&event, Type::UUID)];
    Ok(connection.query(CLOSE, &binds).await?.len() as u64)
}
