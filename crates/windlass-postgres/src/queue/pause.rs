//! Queues and kinds: pause and resume.

use tokio_postgres::types::Type;
use windlass_core::error::StoreError;
use windlass_core::json::storable_text;
use windlass_core::limits::ERROR_BYTES;
use windlass_core::queue::{Pause, PauseEnd, PausedKind, Scope};
use windlass_core::store::Now;
use windlass_core::time::{Timestamp, micros};

use crate::connection::{Bind, Connection};
use crate::row::get;

const PAUSE: &str = "select windlass.pause(clock.now, $2::text, $3::text, $4::text, coalesce($5::int8, clock.now + $6::int8)) \
     from (select coalesce($1::int8, windlass.now_us()) as now) as clock";
const RESUME: &str =
    "select windlass.resume(coalesce($1::int8, windlass.now_us()), $2::text, $3::text)";
const KINDS: &str = "select kind, paused_at, paused_until, note from windlass.paused_kind \
     where coalesce(paused_until > coalesce($1::int8, windlass.now_us()), true) order by kind";

pub(crate) async fn pause(
    connection: &Connection,
    pause: &Pause,
    now: Now,
) -> Result<(), StoreError> {
    let note = pause.note.as_deref().map(|note| storable_text(note, ERROR_BYTES));
    let (queue, kind) = names(&pause.scope);
    let (at, after) = match pause.end {
        PauseEnd::Resume => (None, None),
        PauseEnd::After(time) => (None, Some(micros(time))),
        PauseEnd::At(moment) => (Some(moment.as_micros()), None),
    };
    let binds: [Bind<'_>; 6] = [
        (&now.micros(), Type::INT8),
        (&queue, Type::TEXT),
        (&kind, Type::TEXT),
        (&note, Type::TEXT),
        (&at, Type::INT8),
        (&after, Type::INT8),
    ];
    connection.query(PAUSE, &binds).await.map(drop)
}

pub(crate) async fn resume(
    connection: &Connection,
    scope: &Scope,
    now: Now,
) -> Result<bool, StoreError> {
    let (queue, kind) = names(scope);
    let binds: [Bind<'_>; 3] =
        [(&now.micros(), Type::INT8), (&queue, Type::TEXT), (&kind, Type::TEXT)];
    get(&connection.query_one(RESUME, &binds).await?, 0)
}

pub(crate) async fn paused_kinds(
    connection: &Connection,
    now: Now,
) -> Result<Vec<PausedKind>, StoreError> {
    let rows = connection.query(KINDS, &[(&now.micros(), Type::INT8)]).await?;
    let kind = |row| {
        Ok(PausedKind {
            kind: get(row, 0)?,
            paused_at: Timestamp::from_micros(get(row, 1)?),
            paused_until: get::<Option<i64>>(row, 2)?.map(Timestamp::from_micros),
            note: get(row, 3)?,
        })
    };
    rows.iter().map(kind).collect()
}

fn names(scope: &Scope) -> (Option<&str>, Option<&str>) {
    match scope {
        Scope::Queue(name) => (Some(name), None),
        Scope::Kind(name) => (None, Some(name)),
    }
}
