//! Complete: the way of nearly every job. The worker brings the job back, so the row is removed
//! under the lease's fence and written to `windlass_finished` without being read again.

use rusqlite::{CachedStatement, Connection, params};
use windlass_core::error::StoreError;
use windlass_core::id::JobId;
use windlass_core::job::{Claimed, Settlement, State};
use windlass_core::json::Json;
use windlass_core::time::micros;

use crate::error::store_error;
use crate::job::finish::add_job_count;
use crate::job::gate;
use crate::job::settle::SettleContext;
use crate::row::Id;

pub(crate) const REMOVE: &str = "delete from windlass_pending where id = ?1 and lease = ?2";
pub(crate) const WRITE: &str = "insert into windlass_finished \
     (id, queue, kind, version, state, priority, attempt, failures, losses, max_attempts, run_at, created_at, \
      started_at, finished_at, prune_at, worker, args, output, root, parent, origin, meta, history) \
     values (?1, ?2, ?3, ?4, 5, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22)";

/// The completions of one batch: their statements, and how many there were of each queue.
pub(crate) struct Completions<'c> {
    remove: CachedStatement<'c>,
    write: CachedStatement<'c>,
    jobs_by_queue: Vec<(String, i64)>,
    jobs: Vec<JobId>,
    /// Whether a limit is set for a queue, a kind or a name; asked when the first job that stood in line ends.
    has_rules: Option<bool>,
}

impl<'c> Completions<'c> {
    pub(crate) fn start(connection: &'c Connection) -> Result<Self, StoreError> {
        let prepare = |sql| connection.prepare_cached(sql).map_err(store_error);
        Ok(Self {
            remove: prepare(REMOVE)?,
            write: prepare(WRITE)?,
            jobs_by_queue: Vec::new(),
            jobs: Vec::new(),
            has_rules: None,
        })
    }

    /// Completes a job; `false` where the lease does not hold it.
    pub(crate) fn complete(
        &mut self,
        context: &SettleContext<'_>,
        settlement: &Settlement,
        output: Option<&Json>,
    ) -> Result<bool, StoreError> {
        let held = params![Id::from(settlement.job.id), Id::from(settlement.lease)];
        if self.remove.execute(held).map_err(store_error)? == 0 {
            return Ok(false);
        }
        if self.may_have_permits(context.connection, &settlement.job)? {
            gate::give_back(context.connection, held)?;
        }
        self.count(&settlement.job.queue);
        self.jobs.push(settlement.job.id);
        if context.keeps_completed {
            self.keep(context, settlement, output)?;
        }
        Ok(true)
    }

    fn may_have_permits(
        &mut self,
        connection: &Connection,
        job: &Claimed,
    ) -> Result<bool, StoreError> {
        let meta = &job.meta;
        if meta.line.is_none() || meta.limited.is_some() || meta.lane.is_some() {
            return Ok(meta.line.is_some());
        }
        if self.has_rules.is_none() {
            self.has_rules = Some(gate::has_rules(connection)?);
        }
        Ok(self.has_rules == Some(true))
    }

    /// Adds the batch to the job counts, and tells who waits for one of its jobs.
    pub(crate) fn end(self, context: &SettleContext<'_>) -> Result<(), StoreError> {
        let connection = context.connection;
        context.tell((&self.jobs, State::Completed))?;
        self.jobs_by_queue.into_iter().try_for_each(|(queue, jobs)| {
            add_job_count(connection, &queue, State::Completed.code(), jobs)
        })
    }

    fn count(&mut self, queue: &str) {
        match self.jobs_by_queue.iter_mut().find(|(known, _)| known == queue) {
            Some((_, jobs)) => *jobs += 1,
            None => self.jobs_by_queue.push((queue.to_owned(), 1)),
        }
    }

    fn keep(
        &mut self,
        context: &SettleContext<'_>,
        settlement: &Settlement,
        output: Option<&Json>,
    ) -> Result<(), StoreError> {
        let (job, now) = (&settlement.job, context.now.as_micros());
        self.write
            .execute(params![
                Id::from(job.id),
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
                context.prune_at.as_micros(),
                context.label,
                job.args.as_str(),
                output.map(Json::as_str),
                job.root.map(Id::from),
                job.parent.map(Id::from),
                job.origin,
                job.meta.to_stored(),
                job.history.as_deref(),
            ])
            .map(drop)
            .map_err(store_error)
    }
}
