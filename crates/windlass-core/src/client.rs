//! Enqueueing and asking, outside a worker.

use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use crate::error::{Refusal, StoreError};
use crate::filter::Filter;
use crate::handler::Job;
use crate::id::JobId;
use crate::job::{Due, Enqueued, Identity, JobRecord, NewJob};
use crate::json::Json;
use crate::limits;
use crate::name::check_queue;
use crate::store::{Moved, Page, Store};
use crate::time::Timestamp;

/// A job on its way to a store: a payload with what the caller wants different.
#[derive(Debug, Clone)]
#[must_use = "a draft does nothing until it is enqueued"]
pub struct Draft<J> {
    job: Result<NewJob, Refusal>,
    payload: PhantomData<fn() -> J>,
}

impl<J: Job> Draft<J> {
    pub(crate) fn new(payload: &J) -> Self {
        let job = Json::args_of(payload).map_err(Refusal::from).map(|args| NewJob {
            version: J::VERSION,
            queue: J::QUEUE.to_owned(),
            priority: J::PRIORITY,
            max_attempts: J::MAX_ATTEMPTS,
            ..NewJob::new(J::KIND, args)
        });
        Self { job, payload: PhantomData }
    }

    /// Another queue than the kind declares. The job's record says so.
    pub fn queue(self, queue: impl Into<String>) -> Self {
        self.with(|job| {
            job.queue = queue.into();
            job.meta.declared_queue = (job.queue != J::QUEUE).then(|| J::QUEUE.to_owned());
        })
    }

    /// Smaller runs first.
    pub fn priority(self, priority: i16) -> Self {
        self.with(|job| job.priority = priority)
    }

    /// Due this long after it is written.
    pub fn after(self, delay: Duration) -> Self {
        self.with(|job| job.due = Due::In(delay))
    }

    /// Due at this moment.
    pub fn at(self, moment: Timestamp) -> Self {
        self.with(|job| job.due = Due::At(moment))
    }

    /// Failures after which this job is dead; 0 never gives up.
    pub fn max_attempts(self, limit: u16) -> Self {
        self.with(|job| job.max_attempts = Some(limit))
    }

    /// How long a handler of this job may run.
    pub fn timeout(self, limit: Duration) -> Self {
        self.with(|job| job.meta.timeout_ms = u64::try_from(limit.as_millis()).ok())
    }

    /// The id of the caller's choice, perhaps from a try whose answer was lost. If a job with it
    /// exists, in whatever state, nothing is written and [`Enqueued::Existing`] is the answer.
    pub fn id(self, id: JobId) -> Self {
        self.with(|job| {
            job.id = id;
            job.identity = Identity::Given;
        })
    }

    /// The W3C trace context the job continues.
    pub fn traceparent(self, traceparent: impl Into<String>) -> Self {
        self.with(|job| job.meta.traceparent = Some(traceparent.into()))
    }

    pub(crate) fn child_of(self, parent: JobId, root: JobId, traceparent: Option<&str>) -> Self {
        self.with(|job| {
            job.parent = Some(parent);
            job.root = Some(root);
            job.meta.traceparent = job.meta.traceparent.take().or(traceparent.map(str::to_owned));
        })
    }

    fn with(mut self, change: impl FnOnce(&mut NewJob)) -> Self {
        if let Ok(job) = &mut self.job {
            change(job);
        }
        self
    }
}

impl<J> Draft<J> {
    /// The job that would be written, for adapters that write it themselves.
    ///
    /// # Errors
    /// When the payload cannot be stored.
    pub fn into_new_job(self) -> Result<NewJob, Refusal> {
        self.job
    }
}

impl<J> From<Draft<J>> for Result<NewJob, Refusal> {
    fn from(draft: Draft<J>) -> Self {
        draft.job
    }
}

impl From<NewJob> for Draft<()> {
    fn from(job: NewJob) -> Self {
        Self { job: Ok(job), payload: PhantomData }
    }
}

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
    /// Never returns for a job that never ends: put a timeout around it.
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
