//! [`Store`] for PostgreSQL: each verb is one statement on one of three lanes.

use std::collections::HashMap;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use windlass_core::filter::Filter;
use windlass_core::id::{JobId, LeaseId, WorkerId};
use windlass_core::job::{Due, Enqueued, JobRecord, NewJob, WorkerRecord};
use windlass_core::store::{
    Batch, Beat, Cancelled, ClaimRequest, Counts, Facts, Moved, Now, Page, QueueRecord, Quiet,
    Registration, Reply, Retried, Settled, Settlement, Store, Swept, Tidied, Unserved,
};
use windlass_core::wake::Wakeups;

use crate::claim::Local;
use crate::coalesce::Coalescer;
use crate::config::History;
use crate::floor::Floors;
use crate::lane::{Lane, Shared};
use crate::settle::Holder;
use crate::watch::Watch;
use crate::{cancel, claim, enqueue, move_jobs, queues, read, retry, settle, sweep, tidy, workers};

/// Calls with fewer jobs share statements with others.
const SHARES_A_STATEMENT: usize = 100;

/// The store on a PostgreSQL server, in one schema, on at most three connections.
#[derive(Debug)]
pub struct PostgresStore {
    /// Claims, sweeps and questions.
    pub(crate) claims: Lane,
    /// Settlements, heartbeats and enqueues.
    pub(crate) writes: Arc<Lane>,
    pub(crate) coalescer: Coalescer,
    pub(crate) watch: Watch,
    pub(crate) wakeups: Arc<Wakeups>,
    pub(crate) shared: Arc<Shared>,
    pub(crate) floors: Floors,
    pub(crate) workers: Mutex<HashMap<WorkerId, Arc<Local>>>,
}

impl PostgresStore {
    fn local(&self, worker: WorkerId) -> Arc<Local> {
        let workers = self.workers.lock().unwrap_or_else(PoisonError::into_inner);
        workers.get(&worker).cloned().unwrap_or_else(|| {
            // A worker that never registered here can claim nothing that it could keep.
            Arc::new(Local {
                label: worker.to_string().into(),
                queues: Vec::new(),
                asleep: AtomicBool::new(false),
                wakeable: false,
            })
        })
    }

    fn remember(&self, worker: &Registration, guard: Option<i64>) {
        let local = Local {
            label: worker.label.as_str().into(),
            queues: worker.queues.clone(),
            asleep: AtomicBool::new(false),
            wakeable: guard.is_some(),
        };
        let mut workers = self.workers.lock().unwrap_or_else(PoisonError::into_inner);
        workers.insert(worker.worker, Arc::new(local));
    }

    fn forget(&self, worker: WorkerId) {
        self.workers.lock().unwrap_or_else(PoisonError::into_inner).remove(&worker);
        self.watch.let_go(worker);
    }
}

impl Store for PostgresStore {
    fn enqueue<'a>(&'a self, jobs: &'a [NewJob], now: Now) -> Reply<'a, Vec<Enqueued>> {
        Box::pin(async move {
            if jobs.is_empty() {
                return Ok(Vec::new());
            }
            let answers = if jobs.len() < SHARES_A_STATEMENT {
                self.coalescer.enqueue(jobs.to_vec(), now).await?
            } else {
                enqueue::enqueue(&self.writes, jobs, now).await?
            };
            if jobs.iter().any(|job| job.due != Due::Now) {
                self.wakeups.news();
            }
            Ok(answers)
        })
    }

    fn register<'a>(&'a self, worker: &'a Registration, now: Now) -> Reply<'a, ()> {
        Box::pin(async move {
            self.check_connections()?;
            let guard = self.watch.guard(worker.worker).await;
            workers::register(&self.claims, worker, guard, now).await?;
            self.remember(worker, guard);
            Ok(())
        })
    }

    fn claim<'a>(&'a self, request: &'a ClaimRequest, now: Now) -> Reply<'a, Batch> {
        Box::pin(async move {
            let local = self.local(request.worker);
            claim::claim(&self.claims, request, (&local, &self.floors), now).await
        })
    }

    fn settle<'a>(
        &'a self,
        worker: WorkerId,
        settlements: &'a [Settlement],
        now: Now,
    ) -> Reply<'a, Vec<Settled>> {
        Box::pin(async move {
            let local = self.local(worker);
            let holder = Holder {
                worker,
                label: &local.label,
                history: self.shared.config.history == History::Kept,
            };
            settle::settle(&self.writes, holder, settlements, now).await
        })
    }

    fn release<'a>(&'a self, worker: WorkerId, lease: LeaseId, now: Now) -> Reply<'a, u64> {
        Box::pin(workers::release(&self.writes, worker, Some(lease), now))
    }

    fn heartbeat(&self, worker: WorkerId, lease: Duration, now: Now) -> Reply<'_, Beat> {
        Box::pin(workers::heartbeat(&self.writes, worker, lease, now))
    }

    fn leave(&self, worker: WorkerId, now: Now) -> Reply<'_, ()> {
        Box::pin(async move {
            workers::release(&self.writes, worker, None, now).await?;
            workers::remove(&self.writes, worker).await?;
            self.forget(worker);
            Ok(())
        })
    }

    fn sweep(&self, worker: WorkerId, now: Now) -> Reply<'_, Swept> {
        Box::pin(async move {
            let mut round = sweep::sweep(&self.claims, worker, now).await?;
            if round.has_orphans {
                sweep::rescue(&self.claims, &mut round.swept, now).await?;
            }
            if round.swept.promoted > 0 || round.swept.rescued > 0 {
                self.wakeups.work_anywhere();
            }
            Ok(round.swept)
        })
    }

    fn tidy(&self, now: Now) -> Reply<'_, Tidied> {
        Box::pin(async move {
            let tidied = tidy::tidy(&self.claims, &self.shared, now).await?;
            if tidied.unparked > 0 {
                self.wakeups.work_anywhere();
            }
            Ok(tidied)
        })
    }

    fn cancel<'a>(
        &'a self,
        jobs: &'a [JobId],
        reason: &'a str,
        now: Now,
    ) -> Reply<'a, Vec<Cancelled>> {
        Box::pin(async move {
            let answers = cancel::cancel(&self.writes, jobs, reason, now).await?;
            self.wakeups.news();
            Ok(answers)
        })
    }

    fn retry<'a>(&'a self, jobs: &'a [JobId], now: Now) -> Reply<'a, Vec<Retried>> {
        Box::pin(retry::retry(&self.writes, jobs, now))
    }

    fn move_jobs<'a>(&'a self, jobs: &'a [JobId], queue: &'a str) -> Reply<'a, Vec<Moved>> {
        Box::pin(move_jobs::move_jobs(&self.writes, jobs, queue))
    }

    fn pause<'a>(&'a self, queue: &'a str, note: Option<&'a str>, now: Now) -> Reply<'a, ()> {
        Box::pin(queues::pause(&self.writes, queue, note, now))
    }

    fn resume<'a>(&'a self, queue: &'a str, _now: Now) -> Reply<'a, bool> {
        Box::pin(queues::resume(&self.writes, queue))
    }

    fn quiet(&self, worker: WorkerId, wish: Quiet, _now: Now) -> Reply<'_, bool> {
        Box::pin(workers::quiet(&self.writes, worker, wish))
    }

    fn job(&self, id: JobId) -> Reply<'_, Option<JobRecord>> {
        Box::pin(read::job(&self.claims, id))
    }

    fn jobs<'a>(&'a self, filter: &'a Filter, page: Page) -> Reply<'a, Vec<JobRecord>> {
        Box::pin(read::jobs(&self.claims, filter, page))
    }

    fn counts(&self) -> Reply<'_, Counts> {
        Box::pin(read::counts(&self.claims))
    }

    fn queues(&self) -> Reply<'_, Vec<QueueRecord>> {
        Box::pin(read::queues(&self.claims))
    }

    fn workers(&self) -> Reply<'_, Vec<WorkerRecord>> {
        Box::pin(read::workers(&self.claims))
    }

    fn unserved(&self, now: Now) -> Reply<'_, Vec<Unserved>> {
        Box::pin(read::unserved(&self.claims, now))
    }

    fn facts(&self) -> Reply<'_, Facts> {
        Box::pin(read::facts(&self.claims))
    }

    fn wakeups(&self) -> &Wakeups {
        &self.wakeups
    }
}
