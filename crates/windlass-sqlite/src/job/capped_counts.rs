//! Capped counts: the numbers of jobs by queue and state, at a cost that does not grow with those that wait.

use rusqlite::{Connection, params};
use windlass_core::error::StoreError;
use windlass_core::job::{Counts, State};
use windlass_core::limits::{COUNTED_ALL, COUNTED_LEAST};

use super::count::add_kept;
use crate::row::{all, one};

/// An index in the order of queues, gone through one after the other.
struct Index {
    code: i16,
    next: &'static str,
    count: &'static str,
}

/// The next queue with available jobs that do not stand in line.
pub(crate) const NEXT_FREE: &str = "select queue from windlass_pending indexed by windlass_ready \
     where state = 2 and line is null and queue > ?1 order by queue limit 1";
/// The same of those that do.
pub(crate) const NEXT_IN_LINE: &str = "select queue from windlass_pending indexed by windlass_line \
     where state = 2 and line is not null and queue > ?1 order by queue limit 1";

const BY_QUEUE: [Index; 3] = [
    Index {
        code: 2,
        next: NEXT_FREE,
        count: "select count(*) from (select 1 from windlass_pending indexed by windlass_ready \
                where queue = ?1 and state = 2 and line is null limit ?2)",
    },
    Index {
        code: 2,
        next: NEXT_IN_LINE,
        count: "select count(*) from (select 1 from windlass_pending indexed by windlass_line \
                where queue = ?1 and state = 2 and line is not null limit ?2)",
    },
    Index {
        code: -1,
        next: "select queue from windlass_pending indexed by windlass_waiting \
               where state = -1 and queue > ?1 order by queue limit 1",
        count: "select count(*) from (select 1 from windlass_pending indexed by windlass_waiting \
                where queue = ?1 and state = -1 limit ?2)",
    },
];

/// Indexes that are not in the order of queues, and the states of their jobs.
const OTHERS: [(&str, &[State]); 2] = [
    (
        "select queue, state, count(*) from (select queue, state from windlass_pending \
         indexed by windlass_due where state in (1, 3) order by run_at limit ?1) group by queue, state",
        &[State::Scheduled, State::Retryable],
    ),
    (
        "select queue, state, count(*) from (select queue, state from windlass_pending \
         indexed by windlass_parked where state = 0 order by kind, version limit ?1) group by queue, state",
        &[State::Waiting],
    ),
];

/// Of each queue and state at most so many: one where only the names of queues are asked for.
pub(crate) fn capped_counts(connection: &Connection, most: usize) -> Result<Counts, StoreError> {
    let mut counts = Counts { exact: true, ..Counts::default() };
    add_kept(connection, &mut counts)?;
    for index in &BY_QUEUE {
        count_queues(connection, (index, most), &mut counts)?;
    }
    let is_cut: Vec<bool> = OTHERS
        .iter()
        .map(|(sql, _)| count_others(connection, sql, &mut counts))
        .collect::<Result<_, _>>()?;
    let cut = OTHERS.iter().zip(is_cut).filter(|(_, is_cut)| *is_cut);
    counts.cut_short(cut.flat_map(|((_, states), _)| states.iter().copied()));
    Ok(counts)
}

fn count_queues(
    connection: &Connection,
    (index, most): (&Index, usize),
    counts: &mut Counts,
) -> Result<(), StoreError> {
    let mut left = COUNTED_ALL;
    let mut queue = String::new();
    while let Some(next) = one::<String>(connection, index.next, [&queue])? {
        queue = next;
        let most = most.min(left.max(COUNTED_LEAST));
        let limit = i64::try_from(most + 1).unwrap_or(i64::MAX);
        let found: Option<i64> = one(connection, index.count, params![queue, limit])?;
        let found = found.unwrap_or_default().unsigned_abs();
        counts.add(&queue, index.code, found.min(most as u64));
        left = left.saturating_sub(usize::try_from(found).unwrap_or(usize::MAX));
        if let Some(state) = State::from_code(index.code).filter(|_| found > most as u64) {
            counts.may_have_more(&queue, state);
        }
    }
    Ok(())
}

/// Whether there are more than were looked at.
fn count_others(
    connection: &Connection,
    sql: &str,
    counts: &mut Counts,
) -> Result<bool, StoreError> {
    let limit = i64::try_from(COUNTED_ALL + 1).unwrap_or(i64::MAX);
    let found = all(connection, sql, [limit], |row| {
        Ok((row.get::<_, String>(0)?, row.get(1)?, row.get::<_, i64>(2)?.unsigned_abs()))
    })?;
    let looked_at: u64 = found.iter().map(|(.., jobs)| jobs).sum();
    for (queue, code, jobs) in found {
        counts.add(&queue, code, jobs);
    }
    Ok(looked_at > COUNTED_ALL as u64)
}
