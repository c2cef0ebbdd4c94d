//! Count: the numbers of jobs by queue and state, as far as there is time to count them.

use std::time::Instant;

use rusqlite::Connection;
use windlass_core::error::StoreError;
use windlass_core::job::{Counts, State};
use windlass_core::limits::COUNT_DEADLINE;

use crate::error::store_error;
use crate::lease::all_leases;
use crate::row::all;
use crate::row::one;

/// The queue and the state of every job that waits, each in the order of an index that has both.
const WAITING: [&str; 5] = [
    "select queue, state from windlass_pending indexed by windlass_ready where state = 2 and line is null",
    "select queue, state from windlass_pending indexed by windlass_line where state = 2 and line is not null",
    "select queue, state from windlass_pending indexed by windlass_due where state in (1, 3)",
    "select queue, state from windlass_pending indexed by windlass_parked where state = 0",
    "select queue, state from windlass_pending indexed by windlass_waiting where state = -1",
];
const ADD_JOB_COUNT: &str = "select queue, state, jobs from windlass_job_count";
/// Rows between two looks at the clock.
const LOOK: u64 = 4_096;

/// Exact numbers, or those of the jobs that could be counted in time: there are at least so many.
pub(crate) fn counts(connection: &Connection) -> Result<Counts, StoreError> {
    let deadline = Instant::now() + COUNT_DEADLINE;
    counts_until(connection, || Instant::now() < deadline)
}

/// The same while there is time. Rows are counted here and not by the database, so that what was
/// counted so far is there when time is up.
pub(crate) fn counts_until(
    connection: &Connection,
    has_time: impl Fn() -> bool,
) -> Result<Counts, StoreError> {
    let mut counts = Counts { exact: true, ..Counts::default() };
    add_kept(connection, &mut counts)?;
    for sql in WAITING {
        count_waiting(connection, sql, &has_time, &mut counts)?;
    }
    Ok(counts)
}

/// Adds those numbers for which nothing is to be counted, or little: jobs that have ended, and those that run.
pub(super) fn add_kept(connection: &Connection, counts: &mut Counts) -> Result<(), StoreError> {
    for (queue, code, jobs) in all(connection, ADD_JOB_COUNT, [], |row| {
        Ok((row.get::<_, String>(0)?, row.get(1)?, row.get::<_, i64>(2)?.unsigned_abs()))
    })? {
        counts.add(&queue, code, jobs);
    }
    for queue in running_queues(connection)? {
        counts.add(&queue, State::Running.code(), 1);
    }
    Ok(())
}

fn count_waiting(
    connection: &Connection,
    sql: &str,
    has_time: &impl Fn() -> bool,
    counts: &mut Counts,
) -> Result<(), StoreError> {
    let mut statement = connection.prepare_cached(sql).map_err(store_error)?;
    let mut rows = statement.query([]).map_err(store_error)?;
    let (mut run, mut length, mut seen) = ((String::new(), 0), 0, 0);
    while let Some(row) = rows.next().map_err(store_error)? {
        let queue = row.get_ref(0).and_then(|value| Ok(value.as_str()?)).map_err(store_error)?;
        let code: i16 = row.get(1).map_err(store_error)?;
        if (run.0.as_str(), run.1) != (queue, code) {
            counts.add(&run.0, run.1, length);
            (run, length) = ((queue.to_owned(), code), 0);
        }
        length += 1;
        seen += 1;
        if seen % LOOK == 0 && !has_time() {
            counts.exact = false;
            break;
        }
    }
    counts.add(&run.0, run.1, length);
    Ok(())
}

/// The queue of each running job: found through the leases, which are few.
fn running_queues(connection: &Connection) -> Result<Vec<String>, StoreError> {
    const QUEUE: &str = "select queue from windlass_pending where id = ?1 and lease = ?2";
    let mut queues = Vec::new();
    for (lease, jobs) in all_leases(connection)? {
        for job in jobs {
            let queue: Option<String> = one(connection, QUEUE, rusqlite::params![job, lease])?;
            queues.extend(queue);
        }
    }
    Ok(queues)
}
