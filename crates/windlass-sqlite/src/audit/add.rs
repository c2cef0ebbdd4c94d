//! Add: the entry of an act behind the last one; and entries whose time of keeping is over.

use rusqlite::{Connection, params};
use windlass_core::audit::{Act, Entry, EntryDigest};
use windlass_core::error::StoreError;
use windlass_core::limits::{KEEP_ACTS, SWEEP_JOBS};
use windlass_core::time::{Timestamp, micros};

use super::list::{link, start};
use crate::row::{all, run};

const LAST: &str = "select number, digest from windlass_audit order by number desc limit 1";
const ADD: &str = "insert into windlass_audit \
     (number, at, actor, via, origin, action, target, asked, before, after, previous, digest) \
     values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)";
const OVER: &str = "select number, digest from \
       (select number, digest, at from windlass_audit order by number limit ?2) \
     where at <= ?1 order by number desc limit 1";
const START: &str = "insert into windlass_audit_start (one, number, digest) values (1, ?1, ?2) \
     on conflict (one) do update set number = excluded.number, digest = excluded.digest";
const FORGET: &str = "delete from windlass_audit where number <= ?1";

pub(super) fn add(connection: &Connection, act: Act, at: Timestamp) -> Result<Entry, StoreError> {
    let last = all(connection, LAST, [], link)?.into_iter().next();
    let last = last.map_or_else(|| start(connection), Ok)?;
    let entry = Entry::behind(last, act, at);
    let Act { actor, via, origin, action, target, asked, before, after } = &entry.act;
    let [asked, before, after] =
        [asked, before, after].map(|json| json.as_ref().map(|json| json.as_str()));
    let binds = params![
        number(entry.number),
        at.as_micros(),
        actor,
        via.word(),
        origin,
        action,
        target,
        asked,
        before,
        after,
        entry.previous.as_bytes().as_slice(),
        entry.digest.as_bytes().as_slice()
    ];
    run(connection, ADD, binds)?;
    Ok(entry)
}

pub(super) fn number(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn over(now: Timestamp) -> i64 {
    now.as_micros().saturating_sub(micros(KEEP_ACTS))
}

/// Removes the oldest entries whose time of keeping is over, so many at a time. The chain begins behind them.
pub(crate) fn forget(connection: &Connection, now: Timestamp) -> Result<(), StoreError> {
    let most = i64::try_from(SWEEP_JOBS).unwrap_or(i64::MAX);
    let last: Vec<(u64, EntryDigest)> = all(connection, OVER, params![over(now), most], link)?;
    if let Some((last, digest)) = last.first() {
        run(connection, START, params![number(*last), digest.as_bytes().as_slice()])?;
        run(connection, FORGET, [number(*last)])?;
    }
    Ok(())
}
