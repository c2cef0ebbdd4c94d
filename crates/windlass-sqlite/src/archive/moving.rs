//! Moving: nobody uses a store whose rows go elsewhere, nor one into which they come.

use std::path::Path;

use rusqlite::{Connection, params};
use windlass_core::archive::{Fence, Onto, Reached};
use windlass_core::error::StoreError;
use windlass_core::schema::{self, Moving};
use windlass_core::time::Timestamp;

use crate::archive::look;
use crate::archive::write::remove_all;
use crate::connection::writer::in_transaction;
use crate::error::store_error;
use crate::row::{Id, all, run};

const MOVING: &str =
    "select goes, other, ended_at is not null, place, rows, fence from windlass_moving";
const BEGIN: &str =
    "insert into windlass_moving (one, goes, other, begun_at, fence) values (1, ?1, ?2, ?3, ?4)";
const ENDED: &str = "update windlass_moving set ended_at = ?1 where goes";
const FORGET: &str = "delete from windlass_moving";
/// On what nobody writes who has the store open: the name of the trigger, and what it is on.
const KEPT: [(&str, &str); 4] = [
    ("windlass_moving_job", "before insert on windlass_pending"),
    ("windlass_moving_change", "before update on windlass_pending"),
    ("windlass_moving_end", "before insert on windlass_finished"),
    ("windlass_moving_event", "before insert on windlass_event"),
];

struct Row {
    moving: Moving,
    place: Reached,
}

fn row(connection: &Connection) -> Result<Option<Row>, StoreError> {
    let rows = all(connection, MOVING, [], |row| {
        let (goes, other, has_ended) = (row.get::<_, bool>(0)?, row.get(1)?, row.get(2)?);
        let moving = match (goes, has_ended) {
            (true, true) => Moving::Gone(other),
            (true, false) => Moving::Goes(other),
            (false, _) => Moving::Comes(other),
        };
        let table = usize::try_from(row.get::<_, i64>(3)?).unwrap_or(0);
        let rows = row.get::<_, i64>(4)?.unsigned_abs();
        let place = Reached { table, rows, fence: Fence::of(row.get::<_, Id>(5)?.0) };
        Ok(Row { moving, place })
    })?;
    Ok(rows.into_iter().next())
}

/// Refuses to open it.
pub(crate) fn refuse(connection: &Connection) -> Result<(), StoreError> {
    row(connection)?.map_or(Ok(()), |row| schema::refuse_moving(&row.moving))
}

fn begin(connection: &Connection, goes: i64, other: &str) -> Result<(), StoreError> {
    let now = Timestamp::wall_clock().as_micros();
    let fence = Id(Fence::by_chance().as_uuid());
    run(connection, BEGIN, params![goes, other, now, fence]).map(drop)
}

pub(super) fn leave(connection: &Connection, path: &Path, to: &str) -> Result<bool, StoreError> {
    in_transaction(connection, |connection| {
        match row(connection)? {
            Some(Row { moving: Moving::Goes(other) | Moving::Gone(other), .. }) if other == to => {
                return Ok(false);
            }
            Some(row) => schema::refuse_moving(&row.moving)?,
            None => look::look(connection, path)?.check(Onto::Everything)?,
        }
        for (trigger, on) in KEPT {
            let create = format!(
                "create trigger {trigger} {on} begin select raise(abort, 'windlass: what this store holds goes to another one'); end"
            );
            connection.execute_batch(&create).map_err(store_error)?;
        }
        begin(connection, 1, to)?;
        Ok(true)
    })
}

pub(super) fn has_left(connection: &Connection) -> Result<(), StoreError> {
    in_transaction(connection, |connection| {
        run(connection, ENDED, [Timestamp::wall_clock().as_micros()]).map(drop)
    })
}

pub(super) fn arrive(
    connection: &Connection,
    path: &Path,
    from: &str,
) -> Result<Reached, StoreError> {
    in_transaction(connection, |connection| {
        match row(connection)? {
            Some(Row { moving: Moving::Comes(other), place }) if other == from => return Ok(place),
            Some(row) => schema::refuse_moving(&row.moving)?,
            None => look::look(connection, path)?.check(Onto::Empty)?,
        }
        remove_all(connection)?;
        begin(connection, 0, from)?;
        let none = || StoreError::Backend("a move has no row".into());
        Ok(row(connection)?.ok_or_else(none)?.place)
    })
}

pub(super) fn stay(connection: &Connection) -> Result<bool, StoreError> {
    in_transaction(connection, |connection| {
        match row(connection)? {
            None => return Ok(false),
            Some(Row { moving: Moving::Comes(_), .. }) => remove_all(connection)?,
            Some(_) => let_write(connection)?,
        }
        run(connection, FORGET, []).map(|_| true)
    })
}

/// Who has it open can write again.
pub(super) fn let_write(connection: &Connection) -> Result<(), StoreError> {
    KEPT.iter().try_for_each(|(trigger, _)| {
        let drop = format!("drop trigger if exists {trigger}");
        connection.execute_batch(&drop).map_err(store_error)
    })
}
