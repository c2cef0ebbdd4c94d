//! Fold: rows are written, the parts that are in them and what is old go.

use rusqlite::{Connection, ToSql, params};
use windlass_core::error::StoreError;
use windlass_core::limits::STATS_PRUNED;
use windlass_core::stats::{DepthRow, Fold, StatsRow};
use windlass_core::time::micros;

use crate::row::{Id, run};

const PASS: &str = "update windlass_stats_round set round = round + 1 where round = ?1";
const FORGET: &str = "delete from windlass_stats_part where id = ?1";
const WRITE: &str = "replace into windlass_stats_row (resolution, start_at, queue, kind, enqueued, started, died, wait, run, \
       ok, error, timeout, panic, lost, released, snoozed, cancelled, expired, discarded) \
     values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19)";
const DEPTH: &str = "insert into windlass_stats_queue (resolution, start_at, queue, available, running, oldest) \
     values (?1, ?2, ?3, ?4, ?5, ?6) on conflict (resolution, start_at, queue) do update \
     set available = max(available, excluded.available), running = max(running, excluded.running), \
         oldest = max(oldest, excluded.oldest)";
const PRUNE: &str = "delete from windlass_stats_row where (resolution, start_at, queue, kind) in \
     (select resolution, start_at, queue, kind from windlass_stats_row where resolution = ?1 and start_at < ?2 limit ?3)";
const PRUNE_DEPTHS: &str = "delete from windlass_stats_queue where (resolution, start_at, queue) in \
     (select resolution, start_at, queue from windlass_stats_queue where resolution = ?1 and start_at < ?2 limit ?3)";

/// `false` where another has folded since that round.
pub(super) fn fold(connection: &Connection, fold: &Fold) -> Result<bool, StoreError> {
    if run(connection, PASS, [whole(fold.round)])? == 0 {
        return Ok(false);
    }
    for part in &fold.parts {
        run(connection, FORGET, [Id(*part)])?;
    }
    for row in &fold.rows {
        write(connection, row)?;
    }
    for row in &fold.depths {
        write_depth(connection, row)?;
    }
    let most = i64::try_from(STATS_PRUNED).unwrap_or(i64::MAX);
    for (resolution, before) in fold.before {
        let binds = params![resolution.seconds(), before.as_micros(), most];
        run(connection, PRUNE, binds)?;
        run(connection, PRUNE_DEPTHS, binds)?;
    }
    Ok(true)
}

fn write(connection: &Connection, row: &StatsRow) -> Result<(), StoreError> {
    let counts = &row.counts;
    let (wait, ran) = (counts.wait.to_text(), counts.run.to_text());
    let (seconds, start) = (row.resolution.seconds(), row.start.as_micros());
    let numbers = [counts.enqueued, counts.started, counts.died].map(whole);
    let ended = counts.ended.map(whole);
    let mut binds: Vec<&dyn ToSql> = vec![&seconds, &start, &row.queue, &row.kind];
    binds.extend(numbers.iter().map(|number| number as &dyn ToSql));
    binds.extend([&wait as &dyn ToSql, &ran]);
    binds.extend(ended.iter().map(|number| number as &dyn ToSql));
    run(connection, WRITE, binds.as_slice()).map(drop)
}

fn write_depth(connection: &Connection, row: &DepthRow) -> Result<(), StoreError> {
    let depth = row.depth;
    let binds = params![
        row.resolution.seconds(),
        row.start.as_micros(),
        row.queue,
        whole(depth.available),
        whole(depth.running),
        micros(depth.oldest),
    ];
    run(connection, DEPTH, binds).map(drop)
}

fn whole(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
