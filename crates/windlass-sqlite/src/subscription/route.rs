//! Route: what comes of a part of the log is written together with how far it was fed.

use rusqlite::{Connection, params};
use windlass_core::error::StoreError;
use windlass_core::subscription::{Routed, Slice};
use windlass_core::time::Timestamp;

use crate::job::enqueue::enqueue;
use crate::row::{one, run};

const IS_OF: &str = "select routed from windlass_log where revision = ?1";
const ROUTED: &str = "update windlass_log set routed = ?2 where routed = ?1";
const CAUGHT_UP: &str = "update windlass_subscription set position = ?3 \
     where number = ?1 and position = ?2 and paused_at is null";
const REVISE: &str = "update windlass_log set revision = revision + 1";

pub(super) fn route(
    connection: &Connection,
    slice: &Slice,
    now: Timestamp,
) -> Result<Routed, StoreError> {
    let number = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    let Some(routed) = one::<i64>(connection, IS_OF, [number(slice.revision)])? else {
        return Ok(Routed::Stale);
    };
    let (from, to) = (number(slice.from), number(slice.to));
    let is_live = slice.number.is_some() && to >= routed;
    let written = match slice.number {
        None => run(connection, ROUTED, [from, to])?,
        Some(one) => {
            let position = Some(to).filter(|_| !is_live);
            run(connection, CAUGHT_UP, params![one, from, position])?
        }
    };
    if written == 0 {
        return Ok(Routed::Stale);
    }
    if is_live {
        run(connection, REVISE, [])?;
    }
    enqueue(connection, &slice.jobs, now)?;
    Ok(if is_live { Routed::Live } else { Routed::Done })
}
