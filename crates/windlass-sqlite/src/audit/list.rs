//! Entries as they are kept.

use rusqlite::{Connection, Row, params};
use windlass_core::audit::{Act, EntriesWanted, Entry, EntryDigest, Via};
use windlass_core::error::StoreError;
use windlass_core::json::Json;
use windlass_core::time::Timestamp;

use super::add::number;
use crate::row::{all, text};

const ACTS: &str = "select number, at, actor, via, origin, action, target, asked, before, after, previous, digest \
     from windlass_audit \
     where (?1 is null or number < ?1) and (?2 is null or actor = ?2) and (?3 is null or target = ?3) \
     order by number desc limit ?4";
const AFTER: &str = "select number, at, actor, via, origin, action, target, asked, before, after, previous, digest \
     from windlass_audit where number > ?1 order by number limit ?2";
const START: &str = "select number, digest from windlass_audit_start";

pub(super) fn acts(
    connection: &Connection,
    wanted: &EntriesWanted,
) -> Result<Vec<Entry>, StoreError> {
    let EntriesWanted { before, actor, target, limit } = wanted;
    let (before, limit) = (before.map(number), i64::try_from(*limit).unwrap_or(i64::MAX));
    all(connection, ACTS, params![before, actor, target, limit], entry)
}

pub(super) fn acts_after(
    connection: &Connection,
    after: u64,
    limit: usize,
) -> Result<Vec<Entry>, StoreError> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    all(connection, AFTER, params![number(after), limit], entry)
}

pub(super) fn start(connection: &Connection) -> Result<(u64, EntryDigest), StoreError> {
    let found = all(connection, START, [], link)?;
    Ok(found.into_iter().next().unwrap_or((0, EntryDigest::NONE)))
}

/// A number and its digest, in front of a row.
pub(super) fn link(row: &Row<'_>) -> rusqlite::Result<(u64, EntryDigest)> {
    Ok((row.get::<_, i64>(0)?.unsigned_abs(), digest(row, 1)?))
}

/// A digest that somebody has damaged is none: it is found as a break of the chain.
fn digest(row: &Row<'_>, column: usize) -> rusqlite::Result<EntryDigest> {
    let bytes: Vec<u8> = row.get(column)?;
    Ok(EntryDigest::new(bytes.try_into().unwrap_or_default()))
}

fn entry(row: &Row<'_>) -> rusqlite::Result<Entry> {
    let json = |column| row.get::<_, Option<String>>(column).map(|text| text.map(Json::stored));
    let act = Act {
        actor: text(row, 2)?,
        via: Via::of(&text(row, 3)?).unwrap_or(Via::Api),
        origin: row.get(4)?,
        action: text(row, 5)?,
        target: text(row, 6)?,
        asked: json(7)?,
        before: json(8)?,
        after: json(9)?,
    };
    Ok(Entry {
        number: row.get::<_, i64>(0)?.unsigned_abs(),
        at: Timestamp::from_micros(row.get(1)?),
        act,
        previous: digest(row, 10)?,
        digest: digest(row, 11)?,
    })
}
