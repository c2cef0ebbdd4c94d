//! Enqueueing and asking, outside a worker.

use std::sync::Arc;
use std::time::Duration;

use crate::error::{Refusal, StoreError};
use crate::id::JobId;
use crate::job::{Draft, Enqueued, Filter, JobRecord, Moved, NewJob, Page};
use crate::limits;
use crate::name::check_queue;
use crate::store::Store;

/// Why a job was not enqueued.
pub type EnqueueError = StoreError;

/// Sees every job that a [`Client`] enqueues, before it is written; may change or refuse it.
pub trait EnqueueLayer: Send + Sync + 'static {
    /// The layer's name, for refusals.
    fn name(&self) -> &'static str;

    /// Looks at a job.
    ///
    /// # Errors
    /// A reason for which the job must not be written.
    fn on_enqueue(&self, job: &mut NewJob) -> Result<(), String>;
}

/// Enqueues jobs and answers questions about them. Cheap to clone.
#[derive(Clone)]
pub struct Client {
    store: Arc<dyn Store>,
    layers: Arc<[Arc<dyn EnqueueLayer>]>,
    origin: Option<Arc<str>>,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("origin", &self.origin).finish_non_exhaustive()
    }
}

impl Client {
    /// A client to this store.
    #[must_use]
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self { store, layers: Arc::new([]), origin: None }
    }

    /// Says in each job's record who enqueued it.
    #[must_use]
    pub fn with_origin(mut self, origin: impl Into<Arc<str>>) -> Self {
        self.origin = Some(origin.into());
        self
    }

    /// Adds a layer that sees every job before it is written; layers run in the order added.
    #[must_use]
    pub fn with_layer(mut self, layer: impl EnqueueLayer) -> Self {
        self.layers = self.layers.iter().cloned().chain([Arc::new(layer) as _]).collect();
        self
    }

    /// The store behind it.
    #[must_use]
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    /// Writes one job. It is committed, and durable by the store's setting, when this returns.
    /// Concurrent calls share commits.
    ///
    /// # Errors
    /// [`StoreError::Refused`] when the job cannot be stored, otherwise what kept the store from
    /// writing. After [`StoreError::Unknown`] the job may exist: enqueue it again with the same
    /// [`Draft::id`] to be sure that there is one.
    pub async fn enqueue<J>(&self, draft: Draft<J>) -> Result<Enqueued, EnqueueError> {
        let job = [self.prepare(draft.into_new_job()?)?];
        let answer = self.store.enqueue(&job, None).await?;
        Ok(answer.first().copied().unwrap_or(Enqueued::New(job[0].id)))
    }

    /// Writes many jobs in one transaction: all of them or none. At most 100,000.
    ///
    /// # Errors
    /// As [`Client::enqueue`]; one refused job refuses all.
    pub async fn enqueue_all<J>(
        &self,
        drafts: impl IntoIterator<Item = Draft<J>>,
    ) -> Result<Vec<Enqueued>, EnqueueError> {
        let jobs = drafts
            .into_iter()
            .map(|draft| self.prepare(draft.into_new_job()?))
            .collect::<Result<Vec<_>, Refusal>>()?;
        check_number(jobs.len())?;
        self.store.enqueue(&jobs, None).await
    }

    /// Checks a job and lets the layers see it: what every way of enqueueing goes through.
    ///
    /// # Errors
    /// When the job cannot be stored or a layer refuses it.
    pub fn prepare(&self, mut job: NewJob) -> Result<NewJob, Refusal> {
        if job.origin.is_none() && job.parent.is_none() {
            job.origin = self.origin.as_deref().map(str::to_owned);
        }
        for layer in self.layers.iter() {
            layer
                .on_enqueue(&mut job)
                .map_err(|reason| Refusal::Layer { layer: layer.name(), reason })?;
        }
        job.check()?;
        Ok(job)
    }

    /// One job, wherever it is.
    ///
    /// # Errors
    /// When the store cannot be asked.
    pub async fn job(&self, id: JobId) -> Result<Option<JobRecord>, StoreError> {
        self.store.job(id).await
    }

    /// Jobs that match, newest first.
    ///
    /// # Errors
    /// When the store cannot be asked.
    pub async fn jobs(&self, filter: &Filter, page: Page) -> Result<Vec<JobRecord>, StoreError> {
        self.store.jobs(filter, page).await
    }

    /// Gives jobs to another queue, where only its workers take them. What runs or has ended
    /// stays. The answers are in the order of the ids.
    ///
    /// # Errors
    /// [`StoreError::Refused`] for a name that no queue can have, otherwise what kept the store
    /// from writing.
    pub async fn move_jobs(&self, jobs: &[JobId], queue: &str) -> Result<Vec<Moved>, StoreError> {
        check_queue(queue).map_err(Refusal::from)?;
        self.store.move_jobs(jobs, queue).await
    }

    /// Waits until a job has ended, looking at it at growing intervals of at most half a second.
    /// Never returns for a job that never ends: put a timeout parts it.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is no such job, otherwise when the store cannot be
    /// asked.
    pub async fn ended(&self, id: JobId) -> Result<JobRecord, StoreError> {
        const LONGEST: Duration = Duration::from_millis(500);
        let mut pause = Duration::from_millis(5);
        loop {
            let record = self.job(id).await?.ok_or_else(|| StoreError::no_job(id))?;
            if record.state.is_terminal() {
                return Ok(record);
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST);
        }
    }
}

fn check_number(jobs: usize) -> Result<(), Refusal> {
    if jobs > limits::ENQUEUE_JOBS {
        return Err(Refusal::Many { jobs, limit: limits::ENQUEUE_JOBS });
    }
    Ok(())
}
