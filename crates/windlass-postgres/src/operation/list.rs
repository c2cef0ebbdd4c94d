//! Operations as they are kept.

use tokio_postgres::Row;
use tokio_postgres::types::Type;
use uuid::Uuid;
use windlass_core::error::StoreError;
use windlass_core::id::OperationId;
use windlass_core::operation::{Action, OperationRecord, OperationState, Progress, Skipped};
use windlass_core::time::Timestamp;

use crate::connection::Connection;
use crate::row::get;

/// The columns that [`record`] reads.
macro_rules! columns {
    () => {
        "id, action, detail, filter, expect, matched, pace, note, origin, state, done, requested, skipped, undone, \
         kept, created_at, ended_at, undo_until"
    };
}

/// One operation.
pub(super) const ONE: &str =
    concat!("select ", columns!(), " from windlass.operation where id = $1::uuid");
const ALL: &str = concat!(
    "select ",
    columns!(),
    " from windlass.operation where id < $1::uuid order by id desc limit $2::int8"
);

pub(super) async fn operation(
    connection: &Connection,
    id: OperationId,
) -> Result<Option<OperationRecord>, StoreError> {
    let rows = connection.query(ONE, &[(&id.as_uuid(), Type::UUID)]).await?;
    rows.first().map(record).transpose()
}

pub(super) async fn operations(
    connection: &Connection,
    before: Option<OperationId>,
    limit: usize,
) -> Result<Vec<OperationRecord>, StoreError> {
    let before = before.map_or(Uuid::max(), |id| id.as_uuid());
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows = connection.query(ALL, &[(&before, Type::UUID), (&limit, Type::INT8)]).await?;
    rows.iter().map(record).collect()
}

/// An operation from a row of [`ONE`].
pub(super) fn record(row: &Row) -> Result<OperationRecord, StoreError> {
    let id = OperationId::from_uuid(get(row, 0)?);
    let corrupt = |column, value: &str| StoreError::Corrupt {
        table: "windlass.operation",
        column,
        row: id.to_string(),
        value: value.to_owned(),
    };
    let number = |at| get::<i64>(row, at).map(i64::unsigned_abs);
    let some = |at| get::<Option<i64>>(row, at).map(|number| number.map(i64::unsigned_abs));
    let moment = |at| get::<Option<i64>>(row, at).map(|at| at.map(Timestamp::from_micros));
    let list = |column, at| {
        let stored: Option<&str> = get(row, at)?;
        let read = Skipped::from_stored(stored);
        read.ok_or_else(|| corrupt(column, stored.unwrap_or_default()))
    };
    let (action, filter, state): (&str, &str, &str) = (get(row, 1)?, get(row, 3)?, get(row, 9)?);
    let pace: Option<&str> = get(row, 6)?;
    Ok(OperationRecord {
        id,
        action: Action::of(action, get(row, 2)?).ok_or_else(|| corrupt("action", action))?,
        filter: filter.parse().map_err(|_| corrupt("filter", filter))?,
        expect: some(4)?,
        matched: some(5)?,
        pace: pace.map(|pace| pace.parse().map_err(|_| corrupt("pace", pace))).transpose()?,
        note: get(row, 7)?,
        origin: get(row, 8)?,
        state: OperationState::of(state).ok_or_else(|| corrupt("state", state))?,
        progress: Progress {
            done: number(10)?,
            requested: number(11)?,
            skipped: list("skipped", 12)?,
            undone: number(13)?,
            kept: list("kept", 14)?,
        },
        created_at: Timestamp::from_micros(get(row, 15)?),
        ended_at: moment(16)?,
        undo_until: moment(17)?,
    })
}
