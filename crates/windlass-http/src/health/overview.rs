//! What is known of a store.

use windlass::health::Lanes;
use windlass::job::Counts;
use windlass::limit::LimitRecord;
use windlass::queue::{Aging, PausedKind, QueueBound, QueueRecord, Unserved};
use windlass::source::{SourceRecord, SourceState};
use windlass::store::{Facts, Now, Store};
use windlass::worker::WorkerRecord;
use windlass::{StoreError, Timestamp};

use super::document::{LinesBody, SourcesBody, WorkersBody};
use super::job_counts::JobCounts;
use crate::answer::Document;
use crate::queue::{QueueBody, document};

/// What is known of a store.
#[derive(Debug)]
pub struct Overview {
    /// What the store says of itself.
    pub facts: Facts,
    /// The numbers of jobs, as far as they were counted.
    pub counts: Counts,
    /// Queues that have jobs, workers or a pause.
    pub queues: Vec<QueueRecord>,
    /// Registered workers.
    pub workers: Vec<WorkerRecord>,
    /// Jobs that are due and that no live worker could run.
    pub unserved: Vec<Unserved>,
    /// Kinds that are paused.
    pub paused_kinds: Vec<PausedKind>,
    /// The bounds of queues.
    pub bounds: Vec<QueueBound>,
    /// How the jobs of queues age.
    pub agings: Vec<Aging>,
    /// Lanes with jobs that wait, and those that stand still.
    pub lanes: Lanes,
    /// The limits that are set.
    pub limits: Vec<LimitRecord>,
    /// Sources.
    pub sources: Vec<SourceRecord>,
}

impl Overview {
    /// What is known now.
    ///
    /// # Errors
    /// When the store cannot be asked.
    pub async fn of(store: &dyn Store, counting: JobCounts) -> Result<Self, StoreError> {
        Ok(Self {
            facts: store.facts().await?,
            counts: counting.counts(store).await?,
            queues: store.queues(Now::Database).await?,
            workers: store.workers().await?,
            unserved: store.unserved(Now::Database).await?,
            paused_kinds: store.paused_kinds(Now::Database).await?,
            bounds: store.bounds().await?,
            agings: store.agings().await?,
            lanes: store.lanes().await?,
            limits: store.limits(Now::Database).await?,
            sources: store.sources().await?,
        })
    }

    /// Since when the oldest available job is due, and in which queue.
    #[must_use]
    pub fn oldest(&self) -> Option<(Timestamp, &str)> {
        let due = |queue: &'_ QueueRecord| queue.oldest_due_at;
        self.queues.iter().filter_map(|queue| Some((due(queue)?, queue.name.as_str()))).min()
    }

    /// How many workers there are.
    #[must_use]
    pub fn worker_numbers(&self) -> WorkersBody {
        let over = |worker: &&WorkerRecord| worker.expires_at < self.facts.now;
        let alive = || self.workers.iter().filter(|worker| !over(worker));
        WorkersBody {
            alive: alive().count(),
            quiet: alive().filter(|worker| worker.quiet).count(),
            held_back: alive().filter(|worker| worker.held_back.is_some()).count(),
            lease_over: self.workers.iter().filter(over).count(),
            slots: alive().map(|worker| u64::from(worker.slots)).sum(),
            running: alive().map(|worker| worker.running).sum(),
        }
    }

    /// How many lanes and limits there are that keep jobs back.
    #[must_use]
    pub fn lines(&self) -> LinesBody {
        let lanes = &self.lanes;
        LinesBody {
            lanes_waiting: lanes.waiting.len(),
            lanes_waiting_or_more: lanes.or_more,
            lanes_blocked: lanes.blocked.len(),
            lanes_blocked_or_more: lanes.blocked_or_more,
            limits: self.limits.len(),
            limits_full: self.limits.iter().filter(|record| record.is_full()).count(),
            breakers_open: self.limits.iter().filter(|record| record.open_since.is_some()).count(),
        }
    }

    /// How many sources there are, and those that are not read.
    #[must_use]
    pub fn source_numbers(&self) -> SourcesBody<'_> {
        let named = |fits: &dyn Fn(&SourceRecord) -> bool| -> Vec<&str> {
            self.sources.iter().filter(|one| fits(one)).map(|one| one.name.as_str()).collect()
        };
        let is = |state| move |one: &SourceRecord| one.state == state;
        SourcesBody {
            all: self.sources.len(),
            stopped: named(&is(SourceState::Stopped)),
            failing: named(&|one| one.state == SourceState::Running && one.error.is_some()),
            paused: named(&is(SourceState::Paused)),
        }
    }

    pub(super) fn queue<'a>(&self, queue: &'a QueueRecord) -> Document<QueueBody<'a>> {
        let bound = self.bounds.iter().find(|bound| bound.queue == queue.name);
        let aging = self.agings.iter().find(|aging| aging.queue == queue.name);
        document(queue, &self.counts, (bound, aging))
    }
}
