//! Rows: what jobs did, and how long queues were.

use tokio_postgres::Row;
use tokio_postgres::types::Type;
use windlass_core::error::StoreError;
use windlass_core::stats::{
    Counts, Depth, DepthRow, Histogram, Resolution, StatsAsk, StatsRow, StatsRows,
};
use windlass_core::store::Now;
use windlass_core::time::{Timestamp, micros};

use crate::connection::{Bind, Connection};
use crate::row::get;

const OF_STARTS: &str = "select r.resolution, r.start_at, r.queue, r.kind, r.enqueued, r.started, r.died, r.wait, r.run, \
       r.ok, r.error, r.timeout, r.panic, r.lost, r.released, r.snoozed, r.cancelled, r.expired, r.discarded \
     from unnest($1::int4[], $2::int8[]) as asked(resolution, start_at) \
     join windlass.stats_row r on r.resolution = asked.resolution and r.start_at = asked.start_at";
const LAST: &str = "select r.resolution, r.start_at, r.queue, r.kind, r.enqueued, r.started, r.died, r.wait, r.run, \
       r.ok, r.error, r.timeout, r.panic, r.lost, r.released, r.snoozed, r.cancelled, r.expired, r.discarded \
     from windlass.stats_row r where r.resolution = $1::int4 and r.start_at >= $2::int8 and r.start_at <= $3::int8 \
     order by r.start_at, r.queue, r.kind";
const DEPTHS: &str = "select resolution, start_at, queue, available, running, oldest from windlass.stats_queue \
     where resolution = $1::int4 and start_at >= $2::int8 order by start_at, queue";
/// The first of the columns that are by outcome, in the order of their codes.
const OUTCOMES: usize = 9;

pub(super) async fn rows(
    connection: &Connection,
    ask: &StatsAsk,
    now: Now,
) -> Result<StatsRows, StoreError> {
    let at = connection.now(now).await?;
    let (found, depths) = match ask {
        StatsAsk::Starts(starts) => {
            let resolutions: Vec<i32> = starts.iter().map(|(one, _)| one.seconds()).collect();
            let starts: Vec<i64> = starts.iter().map(|(_, start)| start.as_micros()).collect();
            let binds: [Bind<'_>; 2] =
                [(&resolutions, Type::INT4_ARRAY), (&starts, Type::INT8_ARRAY)];
            (connection.query(OF_STARTS, &binds).await?, Vec::new())
        }
        StatsAsk::Last(resolution, back) => {
            let since = at.as_micros().saturating_sub(micros(*back));
            let (resolution, until) = (resolution.seconds(), at.as_micros());
            let binds: [Bind<'_>; 3] =
                [(&resolution, Type::INT4), (&since, Type::INT8), (&until, Type::INT8)];
            (connection.query(LAST, &binds).await?, connection.query(DEPTHS, &binds[..2]).await?)
        }
    };
    Ok(StatsRows {
        at,
        rows: found.iter().filter_map(|found| row(found).transpose()).collect::<Result<_, _>>()?,
        depths: depths
            .iter()
            .filter_map(|found| depth(found).transpose())
            .collect::<Result<_, _>>()?,
    })
}

/// None of a resolution that a newer program wrote.
fn row(row: &Row) -> Result<Option<StatsRow>, StoreError> {
    let Some(resolution) = Resolution::of_seconds(get(row, 0)?) else { return Ok(None) };
    let mut counts = Counts {
        enqueued: number(row, 4)?,
        started: number(row, 5)?,
        died: number(row, 6)?,
        wait: Histogram::of_text(get(row, 7)?),
        run: Histogram::of_text(get(row, 8)?),
        ..Counts::default()
    };
    for (nth, jobs) in counts.ended.iter_mut().enumerate() {
        *jobs = number(row, OUTCOMES + nth)?;
    }
    let start = Timestamp::from_micros(get(row, 1)?);
    Ok(Some(StatsRow { resolution, start, queue: get(row, 2)?, kind: get(row, 3)?, counts }))
}

fn depth(row: &Row) -> Result<Option<DepthRow>, StoreError> {
    let Some(resolution) = Resolution::of_seconds(get(row, 0)?) else { return Ok(None) };
    let oldest = std::time::Duration::from_micros(number(row, 5)?);
    let depth = Depth { available: number(row, 3)?, running: number(row, 4)?, oldest };
    let start = Timestamp::from_micros(get(row, 1)?);
    Ok(Some(DepthRow { resolution, start, queue: get(row, 2)?, depth }))
}

fn number(row: &Row, column: usize) -> Result<u64, StoreError> {
    Ok(get::<i64>(row, column)?.unsigned_abs())
}
