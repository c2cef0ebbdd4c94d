//! Signal: who waits for a key is told, by one statement, so that every driver does the same.

use rusqlite::{Connection, params};
use windlass_core::condition::{Signal, SignalAnswer, SignalRecord, Signalled};
use windlass_core::error::StoreError;
use windlass_core::json::Json;
use windlass_core::time::Timestamp;

use crate::error::store_error;
use crate::row::{all, run};

/// Signals; its binds are the key, the data, whether it is withdrawn, the origin, and the moment in microseconds since 1970.
pub const SIGNAL: &str = "insert into windlass_signal (key, data, withdrawn, origin, came_at) \
     values (?1, ?2, ?3, ?4, ?5)";
/// What came of the last signal with the key ?1: a word, and how many conditions it met.
pub const ANSWER: &str = "select answer, conditions from windlass_signal where key = ?1";

const SIGNALLED: &str =
    "select came_at, withdrawn, data, origin from windlass_signalled where key = ?1";

/// What a row of [`ANSWER`] means.
///
/// # Errors
/// Where it makes no sense.
pub fn answer(word: &str, conditions: i64) -> Result<Signalled, StoreError> {
    let strange = || StoreError::Backend(format!("an answer that makes no sense: {word}").into());
    let answer = SignalAnswer::from_word(word).ok_or_else(strange)?;
    Ok(Signalled { answer, conditions: conditions.unsigned_abs() })
}

/// Signals inside whatever transaction the connection is in.
///
/// # Errors
/// When SQLite refuses.
pub fn signal(
    connection: &Connection,
    signal: &Signal,
    now: Timestamp,
) -> Result<Signalled, StoreError> {
    let data = signal.data.as_ref().map(|data| data.as_str());
    let binds = params![signal.key, data, signal.is_withdrawn, signal.origin, now.as_micros()];
    let mut statement = connection.prepare_cached(SIGNAL).map_err(store_error)?;
    statement.execute(binds).map_err(store_error)?;
    let said = all(connection, ANSWER, [&signal.key], |row| {
        Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?))
    })?;
    let (word, conditions) = said.into_iter().next().unwrap_or_default();
    answer(&word, conditions)
}

/// What has come of a key.
pub(crate) fn signalled(
    connection: &Connection,
    key: &str,
) -> Result<Option<SignalRecord>, StoreError> {
    let found = all(connection, SIGNALLED, [key], |row| {
        Ok(SignalRecord {
            came_at: Timestamp::from_micros(row.get(0)?),
            is_withdrawn: row.get(1)?,
            data: row.get::<_, Option<String>>(2)?.map(Json::stored),
            origin: row.get(3)?,
        })
    })?;
    Ok(found.into_iter().next())
}

/// Removes signals that came so long ago and that nobody waits for, at most so many.
pub(crate) fn forget(connection: &Connection, before: i64, most: i64) -> Result<(), StoreError> {
    const FORGET: &str = "delete from windlass_signalled where key in ( \
         select key from windlass_signalled s where last_at < ?1 \
           and not exists (select 1 from windlass_condition c where c.signal = s.key) order by last_at limit ?2)";
    run(connection, FORGET, params![before, most]).map(drop)
}
