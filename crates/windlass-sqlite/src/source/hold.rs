//! Hold: one reads a source at a time.

use rusqlite::{Connection, params};
use windlass_core::error::StoreError;
use windlass_core::source::{Held, Hold, Holding, Said};
use windlass_core::time::Timestamp;

use super::list::{Word, number, position};
use crate::row::{all, one, run};

const IS_DECLARED: &str = "select 1 from windlass_source where name = ?1 and about = ?2";
const DECLARE: &str = "insert into windlass_source (name, about, changed_at) values (?1, ?2, ?3) \
     on conflict (name) do update set about = excluded.about";
const IS_FREE: &str = "select holder is null or holder = ?2 or held_until <= ?3 or held_until > ?3 + 2 * held_for \
     from windlass_source where name = ?1";
const HOLD: &str = "update windlass_source set \
       epoch = epoch + (holder is not ?2), holder = ?2, held_until = ?4, held_for = ?4 - ?3, \
       polled_at = case when ?5 is null then polled_at else ?3 end, \
       next_at = coalesce(?5, next_at), \
       error = case when ?5 is null then error else ?6 end, \
       error_at = case when ?6 is null then error_at else ?3 end, \
       failures = case when ?5 is null then failures else ?7 end \
     where name = ?1 and (holder is null or holder = ?2 or held_until <= ?3 or held_until > ?3 + 2 * held_for) \
     returning state, cursor, number, generation, epoch, disowned";
const LET_GO: &str = "update windlass_source set holder = null, held_until = 0, next_at = null \
     where name = ?1 and epoch = ?2";

pub(super) fn is_declared(
    connection: &Connection,
    (name, about): (&str, &str),
) -> Result<bool, StoreError> {
    Ok(one::<i64>(connection, IS_DECLARED, [name, about])?.is_some())
}

pub(super) fn declare(
    connection: &Connection,
    (name, about): (&str, &str),
    now: Timestamp,
) -> Result<(), StoreError> {
    run(connection, DECLARE, params![name, about, now.as_micros()]).map(drop)
}

/// What can be said without a write.
pub(super) fn look(
    connection: &Connection,
    hold: &Hold,
    now: Timestamp,
) -> Result<Option<Holding>, StoreError> {
    let params = params![hold.name, hold.holder, now.as_micros()];
    Ok(match one::<bool>(connection, IS_FREE, params)? {
        None => Some(Holding::Missing),
        Some(false) => Some(Holding::Other),
        Some(true) => None,
    })
}

pub(super) fn hold(
    connection: &Connection,
    hold: &Hold,
    now: Timestamp,
) -> Result<Holding, StoreError> {
    let then = |after| now.after(after).as_micros();
    let (next, error, failures) = match &hold.said {
        Said::Nothing => (None, None, 0),
        Said::Went(next) => (Some(then(*next)), None, 0),
        Said::Failed { error, failures, again } => {
            (Some(then(*again)), Some(error.as_str()), *failures)
        }
    };
    let params =
        params![hold.name, hold.holder, now.as_micros(), then(hold.lasts), next, error, failures];
    let held = all(connection, HOLD, params, |row| {
        let epoch = row.get::<_, i64>(4)?.unsigned_abs();
        let (state, disowned) = (row.get::<_, Word<_>>(0)?.0, number(row, 5)?);
        Ok(Held { epoch, state, position: position(row, 1)?, disowned })
    })?;
    match held.into_iter().next() {
        Some(held) => Ok(Holding::Held(held)),
        None => Ok(look(connection, hold, now)?.unwrap_or(Holding::Other)),
    }
}

pub(super) fn let_go(connection: &Connection, name: &str, epoch: u64) -> Result<(), StoreError> {
    run(connection, LET_GO, params![name, epoch.cast_signed()]).map(drop)
}
