//! Requests: changes of subscriptions that are asked for by SQL.

use rusqlite::{Connection, Row, params};
use windlass_core::error::StoreError;
use windlass_core::subscription::{RequestAnswer, RequestedChange, Start, SubscriptionRequest};
use windlass_core::time::Timestamp;

use super::put;
use crate::row::{all, run, text, text_where};

const REQUESTS: &str = "select nth, name, what, definition, after, at, error from windlass_subscription_request \
     order by error is not null, nth limit ?1";
const OPEN: &str = "select nth, name, what, definition, after, at, error from windlass_subscription_request \
     where nth = ?1 and error is null";
/// What was refused before is forgotten, and so is this where something else was asked for meanwhile.
const FORGET: &str = "delete from windlass_subscription_request \
     where name = ?1 and (error is not null and nth < ?2 or nth = ?2 and (?3 is null or exists ( \
       select 1 from windlass_subscription_request l where l.name = ?1 and l.nth > ?2)))";
const REFUSE: &str = "update windlass_subscription_request set error = ?2 where nth = ?1";

pub(super) fn requests(
    connection: &Connection,
    most: usize,
) -> Result<Vec<SubscriptionRequest>, StoreError> {
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    all(connection, REQUESTS, [most], request)
}

/// Does what is asked for, or keeps why not; false where it was answered before.
pub(super) fn answer(
    connection: &Connection,
    nth: u64,
    answer: &RequestAnswer,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let nth = i64::try_from(nth).unwrap_or(i64::MAX);
    let Some(asked) = all(connection, OPEN, [nth], request)?.pop() else { return Ok(false) };
    let name = asked.name.as_str();
    let why = match (answer, &asked.change) {
        (RequestAnswer::Refused(why), _) => Some(why.clone()),
        (RequestAnswer::Put(definition), RequestedChange::Put { after, .. }) => {
            put::put(connection, (name, definition), Start::After(*after), now)?;
            None
        }
        (RequestAnswer::Put(_) | RequestAnswer::Done, change) => {
            let is_there = match change {
                RequestedChange::Put { .. } => true,
                RequestedChange::Pause => put::pause(connection, name, now)?,
                RequestedChange::Resume => put::resume(connection, name)?,
                RequestedChange::Remove => {
                    put::remove(connection, name)?;
                    true
                }
            };
            (!is_there).then(|| format!("there is no subscription {name}"))
        }
    };
    run(connection, FORGET, params![name, nth, why])?;
    run(connection, REFUSE, params![nth, why])?;
    Ok(true)
}

fn request(row: &Row<'_>) -> rusqlite::Result<SubscriptionRequest> {
    let after = row.get::<_, Option<i64>>(4)?.unwrap_or_default().unsigned_abs();
    let change = match (&*text(row, 2)?, text_where(row, 3)?) {
        ("pause", _) => RequestedChange::Pause,
        ("resume", _) => RequestedChange::Resume,
        ("remove", _) => RequestedChange::Remove,
        // The table has no others.
        (_, definition) => {
            RequestedChange::Put { definition: definition.unwrap_or_default(), after }
        }
    };
    Ok(SubscriptionRequest {
        nth: row.get::<_, i64>(0)?.unsigned_abs(),
        name: text(row, 1)?,
        change,
        at: Timestamp::from_micros(row.get(5)?),
        error: text_where(row, 6)?,
    })
}
