//! Enqueue: new rows of `windlass_pending`.

use rusqlite::{Connection, OptionalExtension, params};
use windlass_core::error::StoreError;
use windlass_core::job::{Due, Enqueued, Identity, NewJob};
use windlass_core::state::State;
use windlass_core::time::{Timestamp, micros};

use crate::error::store_error;
use crate::row::{Id, run};

/// The statement every Rust adapter runs too; its binds are [`insert`]'s.
const INSERT: &str = "insert into windlass_pending \
     (id, queue, kind, version, state, priority, max_attempts, run_at, created_at, args, root, parent, origin, meta) \
     values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14) \
     on conflict (id) do nothing";

/// Writes jobs inside whatever transaction the connection is in.
///
/// # Errors
/// When SQLite refuses.
pub fn enqueue(connection: &Connection, jobs: &[NewJob], now: Timestamp) -> Result<Vec<Enqueued>, StoreError> {
    jobs.iter().map(|job| insert(connection, job, now)).collect()
}

fn insert(connection: &Connection, job: &NewJob, now: Timestamp) -> Result<Enqueued, StoreError> {
    if job.identity == Identity::Given && is_finished(connection, job)? {
        return Ok(Enqueued::Existing(job.id));
    }
    let (run_at, state) = due(job.due, now);
    let written = run(
        connection,
        INSERT,
        params![
            Id::from(job.id),
            job.queue,
            job.kind,
            job.version,
            state.code(),
            job.priority,
            job.max_attempts,
            run_at.as_micros(),
            now.as_micros(),
            job.args.as_str(),
            job.root.map(Id::from),
            job.parent.map(Id::from),
            job.origin,
            job.meta.to_stored(),
        ],
    )?;
    Ok(if written == 0 { Enqueued::Existing(job.id) } else { Enqueued::New(job.id) })
}

/// When a job is due and in which state it waits for that.
fn due(due: Due, now: Timestamp) -> (Timestamp, State) {
    let run_at = match due {
        Due::Now => now,
        Due::In(delay) => Timestamp::from_micros(now.as_micros().saturating_add(micros(delay))),
        Due::At(moment) => moment,
    };
    (run_at, if run_at > now { State::Scheduled } else { State::Available })
}

fn is_finished(connection: &Connection, job: &NewJob) -> Result<bool, StoreError> {
    connection
        .prepare_cached("select 1 from windlass_finished where id = ?1")
        .and_then(|mut statement| statement.query_row([Id::from(job.id)], |_| Ok(())).optional())
        .map(|found| found.is_some())
        .map_err(store_error)
}
