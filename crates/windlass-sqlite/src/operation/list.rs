//! Operations as they are kept.

use rusqlite::{Connection, Row};
use uuid::Uuid;
use windlass_core::error::StoreError;
use windlass_core::id::OperationId;
use windlass_core::operation::{Action, OperationRecord, OperationState, Progress, Skipped};
use windlass_core::time::Timestamp;

use crate::row::{Count, Id, all, text, text_where};

const COLUMNS: &str = "id, action, detail, filter, expect, matched, pace, note, origin, state, \
     done, requested, skipped, undone, kept, created_at, ended_at, undo_until";

pub(super) fn operation(
    connection: &Connection,
    id: OperationId,
) -> Result<Option<OperationRecord>, StoreError> {
    let sql = format!("select {COLUMNS} from windlass_operation where id = ?1");
    all(connection, &sql, [Id::from(id)], record)?.into_iter().next().transpose()
}

pub(super) fn operations(
    connection: &Connection,
    before: Option<OperationId>,
    limit: usize,
) -> Result<Vec<OperationRecord>, StoreError> {
    let sql = format!(
        "select {COLUMNS} from windlass_operation where id < ?1 order by id desc limit {limit}"
    );
    let before = before.map_or(Uuid::max(), |id| id.as_uuid());
    all(connection, &sql, [Id(before)], record)?.into_iter().collect()
}

/// An operation from a row, or what of it cannot be read.
fn record(row: &Row<'_>) -> rusqlite::Result<Result<OperationRecord, StoreError>> {
    let moment = |at: usize| row.get::<_, Option<i64>>(at).map(|m| m.map(Timestamp::from_micros));
    let number = |at: usize| row.get::<_, Count>(at).map(|count| count.0);
    let some = |at: usize| row.get::<_, Option<Count>>(at).map(|n| n.map(|count| count.0));
    let id = OperationId::from_uuid(row.get::<_, Id>(0)?.0);
    let words = [text(row, 1)?, text(row, 3)?, text(row, 9)?];
    let [detail, pace] = [text_where(row, 2)?, text_where(row, 6)?];
    let [skipped, kept] = [text_where(row, 12)?, text_where(row, 14)?];
    let corrupt = |column, value: &str| StoreError::Corrupt {
        table: "windlass_operation",
        column,
        row: id.to_string(),
        value: value.to_owned(),
    };
    let list = |column, stored: Option<String>| {
        let read = Skipped::from_stored(stored.as_deref());
        read.ok_or_else(|| corrupt(column, stored.as_deref().unwrap_or_default()))
    };
    let progress = |skipped, kept| -> rusqlite::Result<Progress> {
        Ok(Progress {
            done: number(10)?,
            requested: number(11)?,
            skipped,
            undone: number(13)?,
            kept,
        })
    };
    let parsed = (|| {
        let [action, filter, state] = &words;
        let pace = pace.map(|pace| pace.parse().map_err(|_| corrupt("pace", &pace))).transpose()?;
        Ok((
            Action::of(action, detail.as_deref()).ok_or_else(|| corrupt("action", action))?,
            filter.parse().map_err(|_| corrupt("filter", filter))?,
            OperationState::of(state).ok_or_else(|| corrupt("state", state))?,
            pace,
            list("skipped", skipped)?,
            list("kept", kept)?,
        ))
    })();
    let (action, filter, state, pace, skipped, kept) = match parsed {
        Ok(parsed) => parsed,
        Err(error) => return Ok(Err(error)),
    };
    Ok(Ok(OperationRecord {
        id,
        action,
        filter,
        expect: some(4)?,
        matched: some(5)?,
        pace,
        note: text_where(row, 7)?,
        origin: text_where(row, 8)?,
        state,
        progress: progress(skipped, kept)?,
        created_at: Timestamp::from_micros(row.get(15)?),
        ended_at: moment(16)?,
        undo_until: moment(17)?,
    }))
}
