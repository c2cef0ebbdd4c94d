//! Signal: who waits for a key is told, by a function of the schema, so that every driver does the same.

use tokio_postgres::Row;
use tokio_postgres::types::Type;
use windlass_core::condition::{Signal, SignalAnswer, SignalRecord, Signalled};
use windlass_core::error::StoreError;
use windlass_core::json::Json;
use windlass_core::store::Now;
use windlass_core::time::Timestamp;

use crate::connection::patience::{Gate, patiently};
use crate::connection::{Bind, Connection, in_schema};
use crate::job::statement::{Statement, Value};
use crate::row::get;

/// For callers' own connections: one row of one `text`, the answer and how many conditions it met.
const SIGNAL_IN: &str = "select answer || ' ' || conditions from windlass.signal_at(windlass.now_us(), $1::text, $2::text, \
     $3::int2 = 1, $4::text)";
const SIGNALLED: &str = "select came_at, withdrawn, data, origin from windlass.signal \
     where key = $1::text and came_at is not null";
const SIGNAL: &str = "select answer, conditions \
     from (select set_config('lock_timeout', $6::text, true) as setting) as patience, \
          lateral windlass.signal_at(coalesce($1::int8, windlass.now_us()), $2::text, $3::text, $4::bool, $5::text) \
     where patience.setting is not null";

/// Signals inside the transaction the connection is in. It answers one row of one `text` for [`answer`].
#[must_use]
pub fn statement(signal: &Signal, schema: &str) -> Statement {
    let data = signal.data.as_ref().map(|data| data.as_str().to_owned());
    let binds = vec![
        Value::Text(Some(signal.key.clone())),
        Value::Text(data),
        Value::Small(Some(i16::from(signal.is_withdrawn))),
        Value::Text(signal.origin.clone()),
    ];
    Statement { sql: in_schema(SIGNAL_IN, schema), binds }
}

/// What the row of [`statement`] means.
///
/// # Errors
/// Where it makes no sense.
pub fn answer(row: &str) -> Result<Signalled, StoreError> {
    let (word, conditions) = row.split_once(' ').unwrap_or_default();
    answered(word, conditions.parse().ok())
}

fn answered(word: &str, conditions: Option<u64>) -> Result<Signalled, StoreError> {
    let answer = SignalAnswer::from_word(word);
    let strange = || StoreError::Backend(format!("an answer that makes no sense: {word}").into());
    answer
        .zip(conditions)
        .map(|(answer, conditions)| Signalled { answer, conditions })
        .ok_or_else(strange)
}

/// What has come of a key.
pub(crate) async fn signalled(
    connection: &Connection,
    key: &str,
) -> Result<Option<SignalRecord>, StoreError> {
    let rows = connection.query(SIGNALLED, &[(&key, Type::TEXT)]).await?;
    let record = |row: &Row| {
        Ok(SignalRecord {
            came_at: Timestamp::from_micros(get(row, 0)?),
            is_withdrawn: get(row, 1)?,
            data: get::<Option<String>>(row, 2)?.map(Json::stored),
            origin: get(row, 3)?,
        })
    };
    rows.first().map(record).transpose()
}

pub(crate) async fn signal(
    writes: (&Connection, &Gate),
    signal: &Signal,
    now: Now,
) -> Result<Signalled, StoreError> {
    let data = signal.data.as_ref().map(|data| data.as_str());
    let now = now.micros();
    let binds: [Bind<'_>; 5] = [
        (&now, Type::INT8),
        (&signal.key, Type::TEXT),
        (&data, Type::TEXT),
        (&signal.is_withdrawn, Type::BOOL),
        (&signal.origin, Type::TEXT),
    ];
    let rows = patiently(writes, SIGNAL, &binds, "the signal").await?;
    of_row(rows.first().ok_or_else(|| StoreError::Backend("no answer to a signal".into()))?)
}

/// What a row of an answer and the number of conditions means.
pub(super) fn of_row(row: &Row) -> Result<Signalled, StoreError> {
    answered(get(row, 0)?, Some(get::<i64>(row, 1)?.unsigned_abs()))
}
