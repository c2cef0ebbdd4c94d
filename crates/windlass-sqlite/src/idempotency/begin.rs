//! Begin: whether a request is to be carried out.

use rusqlite::{Connection, Row, params};
use windlass_core::error::StoreError;
use windlass_core::idempotency::{Answer, Begun, KeyedRequest};
use windlass_core::limits::{KEEP_REQUESTS, REQUEST_HELD};
use windlass_core::time::{Timestamp, micros};

use crate::row::{Id, all, run};

const FREE: &str = "delete from windlass_request_key where key = ?1 and began_at <= ?2";
const TAKE: &str = "insert into windlass_request_key (key, asked, seed, holder, began_at, held_until) \
     values (?1, ?2, ?3, ?3, ?4, ?5) on conflict (key) do nothing";
/// Who had it has died, or does not know how far it came.
const TAKE_OVER: &str = "update windlass_request_key set held_until = ?4, holder = ?5 \
     where key = ?1 and asked = ?2 and status is null and held_until <= ?3";
const KNOWN: &str =
    "select asked, seed, status, content_type, body from windlass_request_key where key = ?1";

pub(super) fn begin(
    connection: &Connection,
    request: KeyedRequest,
    now: Timestamp,
) -> Result<Begun, StoreError> {
    let (key, asked) = (request.key.as_bytes().as_slice(), request.asked.as_slice());
    let now = now.as_micros();
    let held_until = now.saturating_add(micros(REQUEST_HELD));
    run(connection, FREE, params![key, now.saturating_sub(micros(KEEP_REQUESTS))])?;
    let binds = params![key, asked, Id(request.seed), now, held_until];
    if run(connection, TAKE, binds)? > 0 {
        return Ok(Begun::Go(request.seed));
    }
    let is_taken_over =
        run(connection, TAKE_OVER, params![key, asked, now, held_until, Id(request.seed)])? > 0;
    let known = all(connection, KNOWN, [key], Known::read)?;
    let known = known.into_iter().next();
    Ok(match known {
        Some(known) if is_taken_over => Begun::Go(known.seed.0),
        Some(known) if known.asked != request.asked => Begun::Other,
        Some(Known { answer: Some(answer), .. }) => Begun::Answered(answer),
        _ => Begun::Running,
    })
}

struct Known {
    asked: Vec<u8>,
    seed: Id,
    answer: Option<Answer>,
}

impl Known {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        let answer = match row.get::<_, Option<u16>>(2)? {
            Some(status) => Some(Answer { status, content_type: row.get(3)?, body: row.get(4)? }),
            None => None,
        };
        Ok(Self { asked: row.get(0)?, seed: row.get(1)?, answer })
    }
}
