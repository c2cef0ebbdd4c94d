//! Route: what comes of a part of the log is written together with how far it was fed.

use rusqlite::{Connection, Row, params};
use windlass_core::error::StoreError;
use windlass_core::subscription::{Routed, Slice};
use windlass_core::time::Timestamp;

use crate::job::enqueue::enqueue;
use crate::row::{all, run};
use crate::subscription::window::gather;

const HERE: &str = "select routed, part from windlass_log where revision = ?1";
const ROUTED: &str =
    "update windlass_log set routed = ?3, part = ?4 where routed = ?1 and part = ?2";
const FULL: &str = "update windlass_subscription set position = ?2 + (?3 >= number) \
     where number = ?1 and position is null";
const CAUGHT_UP: &str = "update windlass_subscription set position = ?3 \
     where number = ?1 and position = ?2 and paused_at is null";
const UNTIL: &str = "select until from windlass_subscription where number = ?1";
const OVER_GAPS: &str = "delete from windlass_gap where number = ?1";
const OVER: &str = "delete from windlass_subscription \
     where number = ?1 and position = ?2 and paused_at is null";
const WAITS: &str = "select exists (select 1 from windlass_event_window where number = ?1)";
const REVISE: &str = "update windlass_log set revision = revision + 1";

pub(super) fn route(
    connection: &Connection,
    slice: &Slice,
    now: Timestamp,
) -> Result<Routed, StoreError> {
    let number = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    let here = |row: &Row<'_>| Ok((row.get::<_, i64>(0)?, row.get::<_, u32>(1)?));
    let Some((routed, part)) = all(connection, HERE, [number(slice.revision)], here)?.pop() else {
        return Ok(Routed::Stale);
    };
    let (from, to) = (number(slice.from.position), number(slice.to.position));
    let until = slice.number.map(|one| until(connection, one)).transpose()?.flatten();
    let has_windows = match slice.number {
        Some(one) => !slice.gathered.is_empty() || waits(connection, one)?,
        None => false,
    };
    // It goes with its last window.
    let is_over = until.is_some_and(|until| to >= until) && !has_windows;
    let has_reached = |one| until.is_none() && to >= routed + i64::from(part >= one);
    let is_live = slice.number.is_some_and(has_reached);
    let written = match slice.number {
        None => run(connection, ROUTED, params![from, slice.from.part, to, slice.to.part])?,
        Some(one) if is_over => run(connection, OVER, params![one, from])?,
        Some(one) => {
            let position = Some(to).filter(|_| !is_live);
            run(connection, CAUGHT_UP, params![one, from, position])?
        }
    };
    if written == 0 {
        return Ok(Routed::Stale);
    }
    for one in &slice.full {
        run(connection, FULL, params![one, routed, part])?;
    }
    if is_over {
        run(connection, OVER_GAPS, [slice.number])?;
    }
    if is_live || is_over || !slice.full.is_empty() {
        run(connection, REVISE, [])?;
    }
    gather(connection, &slice.gathered)?;
    enqueue(connection, &slice.jobs, now)?;
    Ok(if is_live || is_over { Routed::Live } else { Routed::Done })
}

/// Whether events of one wait for others.
fn waits(connection: &Connection, one: u32) -> Result<bool, StoreError> {
    Ok(crate::row::one(connection, WAITS, [one])?.unwrap_or(false))
}

/// The last position that one wants which is removed then.
fn until(connection: &Connection, one: u32) -> Result<Option<i64>, StoreError> {
    Ok(crate::row::one::<Option<i64>>(connection, UNTIL, [one])?.flatten())
}
