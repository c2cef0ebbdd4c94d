//! Start: what was counted is what it goes through.

use rusqlite::{Connection, params};
use windlass_core::error::StoreError;
use windlass_core::operation::{NewOperation, OperationRecord, Preview};
use windlass_core::time::Timestamp;

use super::list;
use crate::row::{Count, Id, run};

const START: &str = "insert into windlass_operation \
     (id, action, detail, filter, expect, matched, pace, note, origin, created_at, next_at) \
     values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?10) on conflict (id) do nothing";

pub(super) fn start(
    connection: &Connection,
    new: &NewOperation,
    (counted, now): (&Preview, Timestamp),
) -> Result<OperationRecord, StoreError> {
    if let Some(begun) = list::operation(connection, new.id)? {
        return Ok(begun);
    }
    let matched = new.matched(counted)?;
    let filter = new.filter.clone().frozen(now).to_string();
    let binds = params![
        Id::from(new.id),
        new.action.word(),
        new.action.detail(),
        filter,
        new.expect.map(Count),
        matched.map(Count),
        new.pace.map(|pace| pace.to_string()),
        new.note,
        new.origin,
        now.as_micros(),
    ];
    run(connection, START, binds)?;
    list::operation(connection, new.id)?.ok_or_else(|| new.id.missing())
}
