//! Tags and conditions of jobs that are gone.

use std::sync::{Mutex, PoisonError};

use tokio_postgres::types::Type;
use uuid::Uuid;
use windlass_core::error::StoreError;
use windlass_core::id::JobId;
use windlass_core::limits::KEEP_FINISHED;
use windlass_core::time::{Timestamp, micros};

use crate::connection::{Bind, Connection};
use crate::row::get;

/// Rows looked at at once.
const LOOK: i32 = 5_000;
/// Such looks in one round, while more than half of what they find is of jobs that are gone.
const LOOKS: usize = 20;
/// A walk's next part, of the tags.
pub(super) const TAGS: &str =
    "select last_job, removed from windlass.forget_tags($1::uuid, $2::uuid, $3::int4)";

/// The same, of what jobs have kept and said: their steps, progress and log lines.
pub(super) const INSIDE: [&str; 3] = [
    "select last_job, removed from windlass.forget_inside('step', $1::uuid, $2::uuid, $3::int4)",
    "select last_job, removed from windlass.forget_inside('progress', $1::uuid, $2::uuid, $3::int4)",
    "select last_job, removed from windlass.forget_inside('log_line', $1::uuid, $2::uuid, $3::int4)",
];

/// How far two walks over what belongs to jobs have come: the one over those that were written long enough ago to have been pruned, and
/// the one over all others.
#[derive(Debug)]
pub(crate) struct Walks(Mutex<[Uuid; 2]>);

impl Default for Walks {
    fn default() -> Self {
        Self(Mutex::new([Uuid::nil(); 2]))
    }
}

/// How far each of the walks has come.
#[derive(Debug, Default)]
pub(crate) struct AllWalks {
    pub(super) tags: Walks,
    pub(super) conditions: Walks,
    pub(super) inside: [Walks; 3],
}

/// Removes what belongs to jobs that are gone, by a statement for the next part of a walk.
pub(super) async fn forget(
    connection: &Connection,
    (walks, part): (&Walks, &'static str),
    now: i64,
) -> Result<(), StoreError> {
    let kept_since = Timestamp::from_micros(now - micros(KEEP_FINISHED));
    let horizon = JobId::first_of(kept_since).as_uuid();
    let [old, young] = *walks.0.lock().unwrap_or_else(PoisonError::into_inner);
    let old = walk(connection, part, (old, horizon)).await?;
    let young = walk(connection, part, (young.max(horizon), JobId::LAST.as_uuid())).await?;
    *walks.0.lock().unwrap_or_else(PoisonError::into_inner) = [old, young];
    Ok(())
}

async fn walk(
    connection: &Connection,
    part: &'static str,
    (mut at, to): (Uuid, Uuid),
) -> Result<Uuid, StoreError> {
    for _ in 0..LOOKS {
        let binds: [Bind<'_>; 3] = [(&at, Type::UUID), (&to, Type::UUID), (&LOOK, Type::INT4)];
        let row = connection.query_one(part, &binds).await?;
        let Some(last) = get::<Option<Uuid>>(&row, 0)? else { return Ok(Uuid::nil()) };
        at = last;
        if get::<i32>(&row, 1)? < LOOK / 2 {
            break;
        }
    }
    Ok(at)
}
