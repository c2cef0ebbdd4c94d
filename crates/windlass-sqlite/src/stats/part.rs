//! Parts: what somebody has counted and nobody has folded.

use rusqlite::{Connection, params};
use windlass_core::error::StoreError;
use windlass_core::limits::STATS_WAITING;
use windlass_core::stats::{Kept, PartSeen, PartsSeen, StatsPart};
use windlass_core::time::Timestamp;

use super::depth;
use crate::row::{Id, all, one, run};

const PUT: &str = "insert or ignore into windlass_stats_part (id, at, body) select ?1, ?2, ?3 \
     where (select count(*) from (select 1 from windlass_stats_part limit ?4)) < ?4";
const ROUND: &str = "select round from windlass_stats_round";
const PARTS: &str = "select id, body from windlass_stats_part order by id limit ?1";
const IS_OLD: &str = "select exists (select 1 from windlass_stats_row where resolution = ?1 and start_at < ?2) \
     or exists (select 1 from windlass_stats_queue where resolution = ?1 and start_at < ?2)";

pub(super) fn put(
    connection: &Connection,
    part: &StatsPart,
    now: Timestamp,
) -> Result<(), StoreError> {
    let most = i64::try_from(STATS_WAITING).unwrap_or(i64::MAX);
    let binds = params![Id(part.id), now.as_micros(), part.body, most];
    run(connection, PUT, binds).map(drop)
}

pub(super) fn parts(
    connection: &Connection,
    (most, kept): (usize, Kept),
    now: Timestamp,
) -> Result<PartsSeen, StoreError> {
    let round: i64 = one(connection, ROUND, [])?.unwrap_or_default();
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let parts = all(connection, PARTS, [most], |row| {
        Ok(PartSeen { id: row.get::<_, Id>(0)?.0, body: row.get(1)? })
    })?;
    let mut prunes = false;
    for (resolution, before) in kept.before(now) {
        let binds = params![resolution.seconds(), before.as_micros()];
        prunes |= one(connection, IS_OLD, binds)?.unwrap_or(false);
    }
    let depths = depth::depths(connection, now)?;
    Ok(PartsSeen { at: now, round: round.unsigned_abs(), parts, prunes, depths })
}
