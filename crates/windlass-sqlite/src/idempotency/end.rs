//! End: what was answered to a request is kept, and forgotten after its time.

use rusqlite::{Connection, params};
use windlass_core::error::StoreError;
use windlass_core::idempotency::{KeyedRequest, RequestEnd};
use windlass_core::limits::{KEEP_REQUESTS, SWEEP_JOBS};
use windlass_core::time::{Timestamp, micros};

use crate::row::{Id, run};

const ANSWER: &str = "update windlass_request_key set status = ?2, content_type = ?3, body = ?4 \
     where key = ?1 and status is null";
const FREE: &str =
    "delete from windlass_request_key where key = ?1 and holder = ?2 and status is null";
const LEAVE: &str = "update windlass_request_key set held_until = 0 \
     where key = ?1 and holder = ?2 and status is null";
const FORGET: &str = "delete from windlass_request_key where key in \
     (select key from windlass_request_key where began_at <= ?1 order by began_at limit ?2)";

pub(super) fn end(
    connection: &Connection,
    request: KeyedRequest,
    end: &RequestEnd,
) -> Result<(), StoreError> {
    let (key, holder) = (request.key.as_bytes().as_slice(), Id(request.seed));
    match end {
        RequestEnd::Answered(answer) => {
            let binds = params![key, answer.status, answer.content_type, answer.body];
            run(connection, ANSWER, binds)?
        }
        RequestEnd::Refused => run(connection, FREE, params![key, holder])?,
        _ => run(connection, LEAVE, params![key, holder])?,
    };
    Ok(())
}

fn over(now: Timestamp) -> i64 {
    now.as_micros().saturating_sub(micros(KEEP_REQUESTS))
}

/// Forgets requests whose time is over, so many at a time.
pub(crate) fn forget(connection: &Connection, now: Timestamp) -> Result<(), StoreError> {
    let most = i64::try_from(SWEEP_JOBS).unwrap_or(i64::MAX);
    run(connection, FORGET, params![over(now), most])?;
    Ok(())
}
