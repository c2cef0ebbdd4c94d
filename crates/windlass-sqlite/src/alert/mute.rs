//! Mute: what is not told.

use std::collections::BTreeSet;

use rusqlite::{Connection, params};
use windlass_core::alert::{Mute, MuteName};
use windlass_core::error::StoreError;
use windlass_core::time::Timestamp;

use crate::row::{all, run};

const MUTE: &str = "insert into windlass_alert_mute (name, declared, muted_at, until, note) values (?1, 0, ?2, ?3, ?4) \
     on conflict (name, declared) do update \
     set muted_at = excluded.muted_at, until = excluded.until, note = excluded.note";
const UNMUTE: &str = "delete from windlass_alert_mute where name = ?1 and declared = 0";
const DECLARED: &str = "select name from windlass_alert_mute where declared = 1";
const DECLARE: &str =
    "insert or ignore into windlass_alert_mute (name, declared, muted_at) values (?1, 1, ?2)";
const FORGET: &str = "delete from windlass_alert_mute where name = ?1 and declared = 1";

pub(super) fn mute(connection: &Connection, mute: &Mute, now: Timestamp) -> Result<(), StoreError> {
    let until = mute.until.map(Timestamp::as_micros);
    let binds = params![mute.name.as_str(), now.as_micros(), until, mute.note];
    run(connection, MUTE, binds).map(drop)
}

pub(super) fn unmute(connection: &Connection, name: &MuteName) -> Result<bool, StoreError> {
    Ok(run(connection, UNMUTE, [name.as_str()])? > 0)
}

/// What the workers have declared.
pub(super) fn declared(connection: &Connection) -> Result<BTreeSet<String>, StoreError> {
    Ok(all(connection, DECLARED, [], |row| row.get(0))?.into_iter().collect())
}

/// These kinds as they are muted.
pub(super) fn names(kinds: &[String]) -> BTreeSet<String> {
    kinds.iter().map(|kind| MuteName::of_kind(kind).to_string()).collect()
}

pub(super) fn declare(
    connection: &Connection,
    kinds: &[String],
    now: Timestamp,
) -> Result<(), StoreError> {
    let (known, wanted) = (declared(connection)?, names(kinds));
    for name in known.difference(&wanted) {
        run(connection, FORGET, [name])?;
    }
    for name in wanted.difference(&known) {
        run(connection, DECLARE, params![name, now.as_micros()])?;
    }
    Ok(())
}
