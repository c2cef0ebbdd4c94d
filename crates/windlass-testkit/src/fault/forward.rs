//! Verbs that a wrapped store leaves as they are.

/// Hands the named verbs on to `self.store`.
macro_rules! forward {
    ($($verb:ident)+) => { $( $crate::fault::forward::forward_one!($verb); )+ };
}

macro_rules! forward_one {
    (enqueue) => {
        fn enqueue<'a>(&'a self, jobs: &'a [NewJob], now: Now) -> Reply<'a, Vec<Enqueued>> {
            self.store.enqueue(jobs, now)
        }
    };
    (claim) => {
        fn claim<'a>(&'a self, request: &'a ClaimRequest, now: Now) -> Reply<'a, Batch> {
            self.store.claim(request, now)
        }
    };
    (settle) => {
        fn settle<'a>(
            &'a self,
            worker: WorkerId,
            settlements: &'a [Settlement],
            now: Now,
        ) -> Reply<'a, Vec<Settled>> {
            self.store.settle(worker, settlements, now)
        }
    };
    (heartbeat) => {
        fn heartbeat(&self, worker: WorkerId, lease: Duration, now: Now) -> Reply<'_, Beat> {
            self.store.heartbeat(worker, lease, now)
        }
    };
    (register) => {
        fn register<'a>(&'a self, worker: &'a Registration, now: Now) -> Reply<'a, ()> {
            self.store.register(worker, now)
        }
    };
    (pause) => {
        fn pause<'a>(&'a self, queue: &'a str, note: Option<&'a str>, now: Now) -> Reply<'a, ()> {
            self.store.pause(queue, note, now)
        }
    };
    (resume) => {
        fn resume<'a>(&'a self, queue: &'a str, now: Now) -> Reply<'a, bool> {
            self.store.resume(queue, now)
        }
    };
    (retry) => {
        fn retry<'a>(&'a self, jobs: &'a [JobId], now: Now) -> Reply<'a, Vec<Retried>> {
            self.store.retry(jobs, now)
        }
    };
    (release) => {
        fn release<'a>(&'a self, worker: WorkerId, lease: LeaseId, now: Now) -> Reply<'a, u64> {
            self.store.release(worker, lease, now)
        }
    };
    (leave) => {
        fn leave(&self, worker: WorkerId, now: Now) -> Reply<'_, ()> {
            self.store.leave(worker, now)
        }
    };
    (sweep) => {
        fn sweep(&self, worker: WorkerId, now: Now) -> Reply<'_, Swept> {
            self.store.sweep(worker, now)
        }
    };
    (tidy) => {
        fn tidy(&self, now: Now) -> Reply<'_, Tidied> {
            self.store.tidy(now)
        }
    };
    (cancel) => {
        fn cancel<'a>(
            &'a self,
            jobs: &'a [JobId],
            reason: &'a str,
            now: Now,
        ) -> Reply<'a, Vec<Cancelled>> {
            self.store.cancel(jobs, reason, now)
        }
    };
    (others) => {
        fn move_jobs<'a>(&'a self, jobs: &'a [JobId], queue: &'a str) -> Reply<'a, Vec<Moved>> {
            self.store.move_jobs(jobs, queue)
        }

        fn quiet(&self, worker: WorkerId, wish: Quiet, now: Now) -> Reply<'_, bool> {
            self.store.quiet(worker, wish, now)
        }

        fn job(&self, id: JobId) -> Reply<'_, Option<JobRecord>> {
            self.store.job(id)
        }

        fn jobs<'a>(&'a self, filter: &'a Filter, page: Page) -> Reply<'a, Vec<JobRecord>> {
            self.store.jobs(filter, page)
        }

        fn counts(&self) -> Reply<'_, Counts> {
            self.store.counts()
        }

        fn queues(&self) -> Reply<'_, Vec<QueueRecord>> {
            self.store.queues()
        }

        fn workers(&self) -> Reply<'_, Vec<WorkerRecord>> {
            self.store.workers()
        }

        fn unserved(&self, now: Now) -> Reply<'_, Vec<Unserved>> {
            self.store.unserved(now)
        }

        fn facts(&self) -> Reply<'_, Facts> {
            self.store.facts()
        }

        fn wakeups(&self) -> &Wakeups {
            self.store.wakeups()
        }
    };
}

pub(crate) use {forward, forward_one};

/// What the forwarded signatures name.
pub(crate) mod names {
    pub(crate) use std::time::Duration;

    pub(crate) use windlass_core::filter::Filter;
    pub(crate) use windlass_core::id::{JobId, LeaseId, WorkerId};
    pub(crate) use windlass_core::job::{Enqueued, JobRecord, NewJob, WorkerRecord};
    pub(crate) use windlass_core::store::{
        Batch, Beat, Cancelled, ClaimRequest, Counts, Facts, Moved, Now, Page, QueueRecord, Quiet,
        Registration, Reply, Retried, Settled, Settlement, Store, Swept, Tidied, Unserved,
    };
    pub(crate) use windlass_core::wake::Wakeups;
}
