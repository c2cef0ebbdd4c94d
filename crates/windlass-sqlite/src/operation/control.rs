//! Pause, resume, stop and undo.

use rusqlite::{Connection, params};
use windlass_core::error::StoreError;
use windlass_core::id::OperationId;
use windlass_core::limits::OPERATION_UNDO;
use windlass_core::operation::{Control, Controlled, OperationState};
use windlass_core::time::Timestamp;

use super::list;
use crate::row::{Id, run};

/// One that goes on has its turn now; one that is over can be undone for some time.
const CHANGE: &str = "update windlass_operation set state = ?2, next_at = ?3, \
     ended_at = case when ?2 = 'stopped' then ?3 when ?2 = 'undoing' then null else ended_at end, \
     undo_until = case when ?2 = 'stopped' then ?4 when ?2 = 'undoing' then null else undo_until end \
     where id = ?1 and state <> ?2";

pub(super) fn control(
    connection: &Connection,
    (id, control): (OperationId, Control),
    now: Timestamp,
) -> Result<Controlled, StoreError> {
    let Some(record) = list::operation(connection, id)? else { return Ok(Controlled::Missing) };
    let Some(state) = control.after(&record, now) else { return Ok(Controlled::Unfit(record)) };
    change(connection, (id, state), now)?;
    let record = list::operation(connection, id)?.unwrap_or(record);
    Ok(Controlled::Done(record))
}

fn change(
    connection: &Connection,
    (id, state): (OperationId, OperationState),
    now: Timestamp,
) -> Result<(), StoreError> {
    let until = now.after(OPERATION_UNDO).as_micros();
    let binds = params![Id::from(id), state.word(), now.as_micros(), until];
    run(connection, CHANGE, binds).map(drop)
}
