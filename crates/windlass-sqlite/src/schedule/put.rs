//! Put: what a schedule is from now on, if it still is as it was seen.

use rusqlite::{Connection, named_params};
use windlass_core::error::StoreError;
use windlass_core::schedule::{Declaration, SchedulePut, Timing};
use windlass_core::time::Timestamp;

use crate::row::run;

const FIRST: &str = include_str!("first.sql");
const CHANGE: &str = include_str!("change.sql");

pub(crate) fn put(
    connection: &Connection,
    puts: &[SchedulePut],
    now: Timestamp,
) -> Result<Vec<bool>, StoreError> {
    puts.iter().map(|put| put_one(connection, put, now)).collect()
}

fn put_one(connection: &Connection, put: &SchedulePut, now: Timestamp) -> Result<bool, StoreError> {
    let definition = &put.definition;
    let declared = put.declared.as_ref();
    let replaced = put.replaced.as_ref();
    let by = |one: Option<&Declaration>| one.map(|one| (one.owner.word(), one.by.clone()));
    let (declared_owner, declared_by) = by(declared).unzip();
    let (replaced_owner, replaced_by) = by(replaced).unzip();
    // A declaration that was just made has no moment yet.
    let moment = |one: &Declaration| if one.at.as_micros() == 0 { now } else { one.at };
    let binds = named_params! {
        ":name": put.name,
        ":rule": definition.rule,
        ":zone": definition.zone,
        ":on_missed": definition.missed.word(),
        ":on_overlap": definition.overlap.word(),
        ":kind": definition.kind,
        ":version": definition.version,
        ":queue": definition.queue,
        ":priority": definition.priority,
        ":max_attempts": definition.max_attempts,
        ":args": definition.args.as_str(),
        ":meta": definition.meta.to_stored(),
        ":owner": put.owner.word(),
        ":changed_by": put.changed_by,
        ":declared": declared.map(|one| one.text.as_str()),
        ":declared_owner": declared_owner,
        ":declared_by": declared_by,
        ":declared_at": declared.map(|one| moment(one).as_micros()),
        ":replaced": replaced.map(|one| one.text.as_str()),
        ":replaced_owner": replaced_owner,
        ":replaced_by": replaced_by,
        ":replaced_at": replaced.map(|one| moment(one).as_micros()),
        ":is_contested": put.is_contested,
        ":from_now": put.timing == Timing::FromNow,
        ":seen": put.seen,
        ":now": now.as_micros(),
    };
    let sql = if put.seen.is_some() { CHANGE } else { FIRST };
    Ok(run(connection, sql, binds)? == 1)
}
