//! Complete: the way of nearly every job. The worker brings the job back, so the row is removed
//! under the lease's fence and written to `windlass_finished` without being read again.

use rusqlite::{Connection, params};
use windlass_core::error::StoreError;
use windlass_core::json::Json;
use windlass_core::state::State;
use windlass_core::store::Settlement;
use windlass_core::time::micros;

use crate::finish::tally;
use crate::row::{Id, run};
use crate::settle::Desk;

const REMOVE: &str = "delete from windlass_pending where id = ?1 and lease = ?2";
const WRITE: &str = "insert into windlass_finished \
     (id, queue, kind, version, state, priority, attempt, failures, losses, max_attempts, run_at, created_at, \
      started_at, finished_at, prune_at, worker, args, output, root, parent, origin, meta, history) \
     values (?1, ?2, ?3, ?4, 5, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22)";

/// Completed jobs by queue, counted once per batch.
#[derive(Debug, Default)]
pub(crate) struct Completed(Vec<(String, i64)>);

impl Completed {
    fn add(&mut self, queue: &str) {
        match self.0.iter_mut().find(|(known, _)| known == queue) {
            Some((_, jobs)) => *jobs += 1,
            None => self.0.push((queue.to_owned(), 1)),
        }
    }

    pub(crate) fn write(self, connection: &Connection) -> Result<(), StoreError> {
        self.0
            .into_iter()
            .try_for_each(|(queue, jobs)| tally(connection, &queue, State::Completed.code(), jobs))
    }
}

/// Completes a job; `false` where the lease does not hold it.
pub(crate) fn complete(
    desk: &Desk<'_>,
    settlement: &Settlement,
    output: Option<&Json>,
    completed: &mut Completed,
) -> Result<bool, StoreError> {
    let job = &settlement.job;
    let id = Id::from(job.id);
    if run(desk.connection, REMOVE, params![id, Id::from(settlement.lease)])? == 0 {
        return Ok(false);
    }
    completed.add(&job.queue);
    if !desk.keeps_completed {
        return Ok(true);
    }
    let now = desk.now.as_micros();
    run(
        desk.connection,
        WRITE,
        params![
            id,
            job.queue,
            job.kind,
            job.version,
            job.priority,
            job.attempt,
            job.failures,
            job.losses,
            job.max_attempts,
            job.run_at.as_micros(),
            job.created_at.as_micros(),
            settlement.ran.map(|ran| now.saturating_sub(micros(ran))),
            now,
            desk.prune_at.as_micros(),
            desk.label,
            job.args.as_str(),
            output.map(Json::as_str),
            job.root.map(Id::from),
            job.parent.map(Id::from),
            job.origin,
            job.meta.to_stored(),
            job.history.as_deref(),
        ],
    )?;
    Ok(true)
}
