//! How things stand in the store: what the demo shows and decides by.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use windlass::job::Page;
use windlass::store::Store;
use windlass::worker::WorkerRecord;
use windlass::{JobRecord, State, StoreError};

/// More jobs than a demo has.
const PAGE: usize = 2_000;

/// One kind's jobs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct OfKind {
    pub(super) completed: usize,
    pub(super) dead: usize,
    pub(super) failures: u32,
}

/// A look at the store.
#[derive(Debug, Default)]
pub(super) struct Progress {
    pub(super) kinds: BTreeMap<String, OfKind>,
    /// Registered workers of this demo.
    pub(super) workers: Vec<WorkerRecord>,
    /// Jobs each worker has finished, by its label.
    pub(super) done_by: HashMap<String, usize>,
    pub(super) ended: usize,
}

impl Progress {
    pub(super) async fn look(store: &Arc<dyn Store>, queue: &str) -> Result<Self, StoreError> {
        let mut workers = store.workers().await?;
        workers.retain(|worker| worker.queues.iter().any(|served| served == queue));
        let mut stage = Self { workers, ..Self::default() };
        for job in jobs(store, queue).await? {
            stage.add(&job);
        }
        Ok(stage)
    }

    fn add(&mut self, job: &JobRecord) {
        let kind = self.kinds.entry(job.kind.clone()).or_default();
        kind.failures += job.failures - u32::from(job.losses).min(job.failures);
        match job.state {
            State::Completed => kind.completed += 1,
            State::Dead => kind.dead += 1,
            _ => return,
        }
        self.ended += 1;
        if let Some(worker) = &job.worker {
            *self.done_by.entry(worker.clone()).or_default() += 1;
        }
    }

    pub(super) fn kind(&self, kind: &str) -> OfKind {
        self.kinds.get(kind).copied().unwrap_or_default()
    }

    /// Jobs in the hands of the process with this number.
    pub(super) fn held_by(&self, pid: u32) -> u64 {
        let own = self.workers.iter().filter(|worker| worker.pid == pid);
        own.map(|worker| worker.running).sum()
    }
}

/// All jobs of a demo.
pub(super) async fn jobs(
    store: &Arc<dyn Store>,
    queue: &str,
) -> Result<Vec<JobRecord>, StoreError> {
    let filter = windlass::job::Filter {
        terms: vec![windlass::job::Term {
            negated: false,
            field: windlass::job::Field::Queue(vec![queue.to_owned()]),
        }],
    };
    store.jobs(&filter, Page { before: None, limit: PAGE }).await
}
