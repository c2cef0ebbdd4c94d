//! Requests: changes of subscriptions that are asked for by SQL.

use tokio_postgres::Row;
use tokio_postgres::types::Type;
use windlass_core::error::StoreError;
use windlass_core::store::Now;
use windlass_core::subscription::{RequestAnswer, RequestedChange, SubscriptionRequest};
use windlass_core::time::Timestamp;

use crate::connection::{Bind, Connection};
use crate::row::get;

const REQUESTS: &str = "select nth, name, what, definition, after, at, error from windlass.subscription_request \
     order by error is not null, nth limit $1::int8";
const ANSWER: &str = "select windlass.answer_request_at(coalesce($1::int8, windlass.now_us()), $2::int8, $3::text, $4::text)";

pub(super) async fn requests(
    connection: &Connection,
    most: usize,
) -> Result<Vec<SubscriptionRequest>, StoreError> {
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    connection.query(REQUESTS, &[(&most, Type::INT8)]).await?.iter().map(request).collect()
}

pub(super) async fn answer(
    connection: &Connection,
    nth: u64,
    answer: &RequestAnswer,
    now: Now,
) -> Result<bool, StoreError> {
    let (now, nth) = (now.micros(), i64::try_from(nth).unwrap_or(i64::MAX));
    let (definition, why) = match answer {
        RequestAnswer::Put(definition) => {
            let text = serde_json::to_string(definition);
            (Some(text.map_err(|error| StoreError::Backend(Box::new(error)))?), None)
        }
        RequestAnswer::Done => (None, None),
        RequestAnswer::Refused(why) => (None, Some(why.as_str())),
    };
    let binds: [Bind<'_>; 4] =
        [(&now, Type::INT8), (&nth, Type::INT8), (&definition, Type::TEXT), (&why, Type::TEXT)];
    connection.query(ANSWER, &binds).await?.first().map_or(Ok(false), |row| get(row, 0))
}

fn request(row: &Row) -> Result<SubscriptionRequest, StoreError> {
    let what: &str = get(row, 2)?;
    let definition: Option<String> = get(row, 3)?;
    let after = get::<Option<i64>>(row, 4)?.unwrap_or_default().unsigned_abs();
    let change = match what {
        "pause" => RequestedChange::Pause,
        "resume" => RequestedChange::Resume,
        "remove" => RequestedChange::Remove,
        // The table has no others.
        _ => RequestedChange::Put { definition: definition.unwrap_or_default(), after },
    };
    Ok(SubscriptionRequest {
        nth: get::<i64>(row, 0)?.unsigned_abs(),
        name: get(row, 1)?,
        change,
        at: Timestamp::from_micros(get(row, 5)?),
        error: get(row, 6)?,
    })
}
