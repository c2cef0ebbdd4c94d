//! Rows: what jobs did, and how long queues were.

use rusqlite::{Connection, Row, params};
use windlass_core::error::StoreError;
use windlass_core::stats::{
    Counts, Depth, DepthRow, Histogram, Resolution, StatsAsk, StatsRow, StatsRows,
};
use windlass_core::time::{Timestamp, micros};

use crate::row::{Count, all};

const ROWS: &str = "select resolution, start_at, queue, kind, enqueued, started, died, wait, run, \
     ok, error, timeout, panic, lost, released, snoozed, cancelled, expired, discarded \
     from windlass_stats_row where resolution = ?1 and start_at between ?2 and ?3 order by start_at, queue, kind";
const DEPTHS: &str = "select resolution, start_at, queue, available, running, oldest \
     from windlass_stats_queue where resolution = ?1 and start_at >= ?2 order by start_at, queue";
/// The first of the columns that are by outcome, in the order of their codes.
const OUTCOMES: usize = 9;

pub(super) fn rows(
    connection: &Connection,
    ask: &StatsAsk,
    now: Timestamp,
) -> Result<StatsRows, StoreError> {
    let (mut rows, mut depths) = (Vec::new(), Vec::new());
    match ask {
        StatsAsk::Starts(starts) => {
            for (resolution, start) in starts {
                let start = start.as_micros();
                let binds = params![resolution.seconds(), start, start];
                rows.extend(all(connection, ROWS, binds, row)?.into_iter().flatten());
            }
        }
        StatsAsk::Last(resolution, back) => {
            let since = now.as_micros().saturating_sub(micros(*back));
            let binds = params![resolution.seconds(), since, now.as_micros()];
            rows.extend(all(connection, ROWS, binds, row)?.into_iter().flatten());
            let binds = params![resolution.seconds(), since];
            depths.extend(all(connection, DEPTHS, binds, depth)?.into_iter().flatten());
        }
    }
    Ok(StatsRows { at: now, rows, depths })
}

/// None of a resolution that a newer program wrote.
fn row(row: &Row<'_>) -> rusqlite::Result<Option<StatsRow>> {
    let Some(resolution) = Resolution::of_seconds(row.get(0)?) else { return Ok(None) };
    let number = |column| row.get::<_, Count>(column).map(|number| number.0);
    let mut counts = Counts {
        enqueued: number(4)?,
        started: number(5)?,
        died: number(6)?,
        wait: Histogram::of_text(&row.get::<_, String>(7)?),
        run: Histogram::of_text(&row.get::<_, String>(8)?),
        ..Counts::default()
    };
    for (nth, jobs) in counts.ended.iter_mut().enumerate() {
        *jobs = number(OUTCOMES + nth)?;
    }
    let start = Timestamp::from_micros(row.get(1)?);
    Ok(Some(StatsRow { resolution, start, queue: row.get(2)?, kind: row.get(3)?, counts }))
}

fn depth(row: &Row<'_>) -> rusqlite::Result<Option<DepthRow>> {
    let Some(resolution) = Resolution::of_seconds(row.get(0)?) else { return Ok(None) };
    let number = |column| row.get::<_, Count>(column).map(|number| number.0);
    let oldest = std::time::Duration::from_micros(number(5)?);
    let depth = Depth { available: number(3)?, running: number(4)?, oldest };
    let start = Timestamp::from_micros(row.get(1)?);
    Ok(Some(DepthRow { resolution, start, queue: row.get(2)?, depth }))
}
