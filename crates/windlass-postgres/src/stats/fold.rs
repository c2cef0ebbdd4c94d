//! Fold: rows are written, the parts that are in them and what is old go.

use serde::Serialize;
use tokio_postgres::types::Type;
use windlass_core::error::StoreError;
use windlass_core::job::Outcome;
use windlass_core::limits::STATS_PRUNED;
use windlass_core::stats::{DepthRow, Fold, StatsRow};
use windlass_core::time::micros;

use crate::connection::{Bind, Connection};
use crate::row::get;

const FOLD: &str = "select windlass.fold_stats_at($1::int8, $2::uuid[], $3::text::jsonb, $4::text::jsonb, $5::int4[], $6::int8[], $7::int4)";

/// A row as the function takes it: what a JSON object has no member of would be null.
#[derive(Serialize)]
struct RowText<'a> {
    resolution: i32,
    start_at: i64,
    queue: &'a str,
    kind: &'a str,
    enqueued: u64,
    started: u64,
    died: u64,
    ok: u64,
    error: u64,
    timeout: u64,
    panic: u64,
    lost: u64,
    released: u64,
    snoozed: u64,
    cancelled: u64,
    expired: u64,
    discarded: u64,
    wait: String,
    run: String,
}

#[derive(Serialize)]
struct DepthText<'a> {
    resolution: i32,
    start_at: i64,
    queue: &'a str,
    available: u64,
    running: u64,
    oldest: i64,
}

/// `false` where another has folded since that round.
pub(super) async fn fold(connection: &Connection, fold: &Fold) -> Result<bool, StoreError> {
    let round = i64::try_from(fold.round).unwrap_or(i64::MAX);
    let rows = text(&fold.rows.iter().map(RowText::of).collect::<Vec<_>>())?;
    let depths = text(&fold.depths.iter().map(DepthText::of).collect::<Vec<_>>())?;
    let resolutions: Vec<i32> = fold.before.iter().map(|(one, _)| one.seconds()).collect();
    let before: Vec<i64> = fold.before.iter().map(|(_, moment)| moment.as_micros()).collect();
    let most = i32::try_from(STATS_PRUNED).unwrap_or(i32::MAX);
    let binds: [Bind<'_>; 7] = [
        (&round, Type::INT8),
        (&fold.parts, Type::UUID_ARRAY),
        (&rows, Type::TEXT),
        (&depths, Type::TEXT),
        (&resolutions, Type::INT4_ARRAY),
        (&before, Type::INT8_ARRAY),
        (&most, Type::INT4),
    ];
    get(&connection.query_one(FOLD, &binds).await?, 0)
}

impl<'a> RowText<'a> {
    fn of(row: &'a StatsRow) -> Self {
        let StatsRow { resolution, start, queue, kind, counts } = row;
        Self {
            resolution: resolution.seconds(),
            start_at: start.as_micros(),
            queue,
            kind,
            enqueued: counts.enqueued,
            started: counts.started,
            died: counts.died,
            ok: counts.of(Outcome::Ok),
            error: counts.of(Outcome::Error),
            timeout: counts.of(Outcome::Timeout),
            panic: counts.of(Outcome::Panic),
            lost: counts.of(Outcome::Lost),
            released: counts.of(Outcome::Released),
            snoozed: counts.of(Outcome::Snoozed),
            cancelled: counts.of(Outcome::Cancelled),
            expired: counts.of(Outcome::Expired),
            discarded: counts.of(Outcome::Discarded),
            wait: counts.wait.to_text(),
            run: counts.run.to_text(),
        }
    }
}

impl<'a> DepthText<'a> {
    fn of(row: &'a DepthRow) -> Self {
        Self {
            resolution: row.resolution.seconds(),
            start_at: row.start.as_micros(),
            queue: &row.queue,
            available: row.depth.available,
            running: row.depth.running,
            oldest: micros(row.depth.oldest),
        }
    }
}

fn text(value: &impl Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| StoreError::Backend(Box::new(error)))
}
