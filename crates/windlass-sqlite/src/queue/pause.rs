//! Queues and kinds: pause and resume.

use rusqlite::{Connection, params};
use windlass_core::error::StoreError;
use windlass_core::json::storable_text;
use windlass_core::limits::ERROR_BYTES;
use windlass_core::queue::{Pause, PausedKind, Scope};
use windlass_core::time::Timestamp;

use crate::row::{all, run};

pub(crate) fn pause(
    connection: &Connection,
    pause: &Pause,
    now: Timestamp,
) -> Result<(), StoreError> {
    const QUEUE: &str = "insert into windlass_queue (name, paused_at, paused_until, note) values (?1, ?2, ?3, ?4) \
         on conflict (name) do update set paused_until = excluded.paused_until, note = excluded.note, \
         paused_at = case when paused_until <= excluded.paused_at then excluded.paused_at \
                          else coalesce(paused_at, excluded.paused_at) end";
    const KIND: &str = "insert into windlass_paused_kind (kind, paused_at, paused_until, note) values (?1, ?2, ?3, ?4) \
         on conflict (kind) do update set paused_until = excluded.paused_until, note = excluded.note, \
         paused_at = case when paused_until <= excluded.paused_at then excluded.paused_at else paused_at end";
    let note = pause.note.as_deref().map(|note| storable_text(note, ERROR_BYTES));
    let (sql, name) = match &pause.scope {
        Scope::Queue(name) => (QUEUE, name),
        Scope::Kind(name) => (KIND, name),
    };
    run(connection, sql, params![name, now.as_micros(), pause.ends_at(now), note]).map(drop)
}

/// Ends a pause; a kind's row stays for the sweep.
pub(crate) fn resume(
    connection: &Connection,
    scope: &Scope,
    now: Timestamp,
) -> Result<bool, StoreError> {
    const QUEUE: &str = "delete from windlass_queue where name = ?1 and paused_at is not null \
         returning coalesce(paused_until > ?2, 1)";
    const KIND: &str = "update windlass_paused_kind set paused_until = ?2 \
         where kind = ?1 and coalesce(paused_until > ?2, 1) returning 1";
    let (sql, name) = match scope {
        Scope::Queue(name) => (QUEUE, name),
        Scope::Kind(name) => (KIND, name),
    };
    let ended = all(connection, sql, params![name, now.as_micros()], |row| row.get::<_, bool>(0))?;
    Ok(ended.contains(&true))
}

pub(crate) fn paused_kinds(
    connection: &Connection,
    now: Timestamp,
) -> Result<Vec<PausedKind>, StoreError> {
    const KINDS: &str = "select kind, paused_at, paused_until, note from windlass_paused_kind \
         where coalesce(paused_until > ?1, 1) order by kind";
    all(connection, KINDS, [now.as_micros()], |row| {
        Ok(PausedKind {
            kind: row.get(0)?,
            paused_at: Timestamp::from_micros(row.get(1)?),
            paused_until: row.get::<_, Option<i64>>(2)?.map(Timestamp::from_micros),
            note: row.get(3)?,
        })
    })
}
