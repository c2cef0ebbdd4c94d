//! What a handler knows of its attempt and can do from within it.

mod blocking;
mod fenced;
mod progress;
mod span;
mod steps;
mod wait;

pub(crate) use progress::News;
pub use span::attempt_of_new_span;
pub(crate) use span::in_new_span;
pub use steps::StepSet;

use crate::batch::BatchRecord;
use crate::client::{Client, EnqueueError, Parent};
use crate::condition::ConditionRecord;
use crate::error::StoreError;
use crate::event::EventRecord;
use serde::de::DeserializeOwned;
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::OnceCell;
use tokio_util::sync::CancellationToken;

use crate::id::{BatchId, JobId, LeaseId, WorkerId};
use crate::job::{Claimed, Decided, Enqueued, Fence, IntoDraft, JobError, Undecryptable};
use crate::json::Json;
use crate::schedule::Occurrence;
use crate::subscription::{NO_ARGS, event_of};

/// One attempt, with the application's state beside it. Everything of [`AttemptContext`] can be
/// called on it. Cheap to clone.
#[derive(Debug)]
pub struct Context<App = ()> {
    app: Arc<App>,
    attempt: Arc<AttemptContext>,
}

impl<App> Context<App> {
    pub(crate) fn new(app: Arc<App>, attempt: Arc<AttemptContext>) -> Self {
        Self { app, attempt }
    }

    /// The application's state, as given to the worker.
    #[must_use]
    pub fn app(&self) -> &App {
        &self.app
    }
}

impl<App> Clone for Context<App> {
    fn clone(&self) -> Self {
        Self::new(Arc::clone(&self.app), Arc::clone(&self.attempt))
    }
}

impl<App> Deref for Context<App> {
    type Target = AttemptContext;

    fn deref(&self) -> &AttemptContext {
        &self.attempt
    }
}

/// What the engine tells a running attempt.
#[derive(Debug, Clone, Default)]
pub(crate) struct Signals {
    /// The worker is stopping: safe points end the attempt.
    pub(crate) stopping: CancellationToken,
    /// The attempt must end: cancelled, timed out, lease lost, or grace over.
    pub(crate) cancelled: CancellationToken,
}

/// One attempt of one job.
#[derive(Debug)]
pub struct AttemptContext {
    job: Arc<Claimed>,
    /// Its args in clear, where they are encrypted.
    decrypted: Option<Result<Json, Undecryptable>>,
    lease: LeaseId,
    worker: WorkerId,
    worker_label: Arc<str>,
    timeout: Duration,
    signals: Signals,
    client: Client,
    finished: AtomicBool,
    /// Read when the first of them is called.
    steps: OnceCell<steps::Steps>,
    said: progress::SaidSoFar,
    news: News,
    beside: Option<usize>,
}

/// What the engine gives an attempt besides the job.
pub(crate) struct AttemptParts {
    pub(crate) lease: LeaseId,
    pub(crate) worker: WorkerId,
    pub(crate) worker_label: Arc<str>,
    pub(crate) timeout: Duration,
    pub(crate) signals: Signals,
    pub(crate) client: Client,
    pub(crate) news: News,
    /// How many attempts of the kind begin together with it, itself among them, where that is known.
    pub(crate) beside: Option<usize>,
}

impl AttemptContext {
    pub(crate) fn new(job: Arc<Claimed>, parts: AttemptParts) -> Self {
        let decrypted = parts.client.pipeline().decrypted((&job.kind, job.id), &job.args);
        Self {
            job,
            decrypted,
            lease: parts.lease,
            worker: parts.worker,
            worker_label: parts.worker_label,
            timeout: parts.timeout,
            signals: parts.signals,
            client: parts.client,
            finished: AtomicBool::new(false),
            steps: OnceCell::new(),
            said: progress::SaidSoFar::default(),
            news: parts.news,
            beside: parts.beside,
        }
    }

    /// The job's id, the same on every attempt.
    #[must_use]
    pub fn job_id(&self) -> JobId {
        self.job.id
    }

    /// The job's kind.
    #[must_use]
    pub fn kind(&self) -> &str {
        &self.job.kind
    }

    /// The version of the args.
    #[must_use]
    pub fn version(&self) -> u16 {
        self.job.version
    }

    /// The queue the job came from.
    #[must_use]
    pub fn queue(&self) -> &str {
        &self.job.queue
    }

    /// The args, decrypted where they are stored encrypted; of a job that comes of an event, the event's data.
    #[must_use]
    pub fn args(&self) -> &Json {
        match &self.decrypted {
            Some(Ok(args)) => args,
            _ => self.job.payload(),
        }
    }

    /// The event that the job comes of, where it comes of one: its args are the event's data, and the rest is here.
    #[must_use]
    pub fn event(&self) -> Option<&EventRecord> {
        self.job.event.as_deref()
    }

    /// Whether its args are encrypted where they are stored.
    pub(crate) fn are_args_encrypted(&self) -> bool {
        self.decrypted.is_some()
    }

    /// Why its args cannot be read.
    pub(crate) fn undecryptable(&self) -> Option<&Undecryptable> {
        self.decrypted.as_ref()?.as_ref().err()
    }

    /// Whether it comes of an event that could not be found.
    pub(crate) fn lacks_its_event(&self) -> bool {
        self.job.event.is_none()
            && self.job.parent.is_some()
            && event_of(self.job.id).is_some()
            && self.job.args.as_str() == NO_ARGS
    }

    /// The number of this attempt, from 1. It was counted before the handler started; only a crash
    /// of the database server can make it forget that, and then gives the number again.
    #[must_use]
    pub fn attempt(&self) -> u32 {
        self.job.attempt
    }

    /// How many attempts failed before this one.
    #[must_use]
    pub fn failures(&self) -> u32 {
        self.job.failures
    }

    /// The job's own limit of failures, if it has one; 0 never gives up.
    #[must_use]
    pub fn max_attempts(&self) -> Option<u16> {
        self.job.max_attempts
    }

    /// A text that is the same on every attempt of this job and on no other job: what makes an
    /// effect elsewhere idempotent.
    #[must_use]
    pub fn idempotency_key(&self) -> String {
        self.job.id.to_string()
    }

    /// The job at the root of this job's tree: itself, unless a handler enqueued it.
    #[must_use]
    pub fn root(&self) -> JobId {
        self.job.root.unwrap_or(self.job.id)
    }

    /// How many jobs and events there are between the job and the root of its tree, and itself; 0 for the root.
    #[must_use]
    pub fn depth(&self) -> u16 {
        self.job.depth()
    }

    /// The due time of the schedule that enqueued the job; `None` where none did.
    #[must_use]
    pub fn schedule(&self) -> Option<&Occurrence> {
        self.job.meta.schedule.as_ref()
    }

    /// The W3C trace context of the caller that enqueued the job.
    #[must_use]
    pub fn traceparent(&self) -> Option<&str> {
        self.job.meta.traceparent.as_deref()
    }

    /// The worker that runs this attempt, for people.
    #[must_use]
    pub fn worker(&self) -> &str {
        &self.worker_label
    }

    /// How long this attempt may run.
    #[must_use]
    pub fn timeout(&self) -> Duration {
        self.timeout
    }

    /// Ends the attempt here if the worker is stopping or the attempt was cancelled: the job
    /// runs again elsewhere, and no failure is counted.
    ///
    /// # Errors
    /// When the attempt should end; hand the error on with `?`, through `anyhow::Error` too.
    pub fn safe_point(&self) -> Result<(), Decided> {
        if self.signals.cancelled.is_cancelled() {
            return Err(JobError::cancelled("asked to stop").into_error());
        }
        if self.signals.stopping.is_cancelled() {
            return Err(JobError::stopped().into_error());
        }
        Ok(())
    }

    /// Whether the worker is stopping.
    #[must_use]
    pub fn is_stopping(&self) -> bool {
        self.signals.stopping.is_cancelled()
    }

    /// Resolves when the worker begins to stop.
    pub async fn stopping(&self) {
        self.signals.stopping.cancelled().await;
    }

    /// Resolves when the attempt must end: cancelled, timed out, lease lost, or the grace of a
    /// stopping worker over. A handler that goes on is abandoned 2 s later.
    pub async fn cancelled(&self) {
        self.signals.cancelled.cancelled().await;
    }

    /// Whether the attempt must end.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.signals.cancelled.is_cancelled()
    }

    /// Enqueues another job as this job's child: it carries this job's root and trace. Committed
    /// when it returns, whatever the outcome of this attempt.
    ///
    /// # Errors
    /// As [`Client::enqueue`].
    pub async fn enqueue(&self, draft: impl IntoDraft) -> Result<Enqueued, EnqueueError> {
        self.client().enqueue(draft).await
    }

    /// What this job has waited for, with what signals have brought and the outputs of the jobs it waited for. What has not
    /// come by its deadline is open.
    ///
    /// # Errors
    /// When the store cannot be asked.
    pub async fn conditions(&self) -> Result<Vec<ConditionRecord>, StoreError> {
        self.client().conditions(self.job_id()).await
    }

    /// What a job or a signal that this one has waited for brought, by the condition's name: in a workflow the output of a
    /// step, by the step's name.
    ///
    /// # Errors
    /// Where it waited for nothing of that name, where that brought nothing or has not come, where it is not of that shape,
    /// and when the store cannot be asked.
    pub async fn input<T: DeserializeOwned>(&self, name: &str) -> Result<T, StoreError> {
        let conditions = self.conditions().await?;
        let Some(found) = conditions.iter().find(|one| one.name == name) else {
            let names: Vec<_> = conditions.iter().map(|one| one.name.as_str()).collect();
            let what = format!("input `{name}` (this job waited for: {})", names.join(", "));
            return Err(StoreError::NotFound { what });
        };
        let nothing = || StoreError::NotFound {
            what: format!("an output of `{name}`, which has come without one or has not come:"),
        };
        let data = found.data.as_ref().ok_or_else(nothing)?;
        let wrong = |error| StoreError::Conflict {
            what: format!("input `{name}` is not what was asked for: {error}"),
        };
        data.read().map_err(wrong)
    }

    /// The batch this job is in. It does not end before this job has, so what the handler enqueues with
    /// [`Draft::member_of`](crate::job::Draft::member_of) is waited for too.
    #[must_use]
    pub fn batch(&self) -> Option<BatchId> {
        self.job.meta.member.as_ref().map(|member| member.batch)
    }

    /// The batch whose end this job has waited for, with how many of its jobs have ended in which way. Of several the first.
    ///
    /// # Errors
    /// When the store cannot be asked.
    pub async fn batch_before(&self) -> Result<Option<BatchRecord>, StoreError> {
        let first = self.job.meta.waits.as_ref().and_then(|waits| waits.batches().next());
        match first {
            Some(batch) => self.client().batch(batch).await,
            None => Ok(None),
        }
    }

    /// A client to this worker's store. What it enqueues is this job's child.
    #[must_use]
    pub fn client(&self) -> Client {
        self.client.clone().with_parent(Parent {
            job: self.job.id,
            root: self.root(),
            traceparent: self.traceparent().map(str::to_owned),
            depth: self.depth(),
        })
    }

    /// What fences a write of this attempt. Driver adapters use it to finish the job inside the
    /// handler's own transaction.
    #[must_use]
    pub fn fence(&self) -> Fence {
        Fence {
            lease: self.lease,
            job: Arc::clone(&self.job),
            worker: self.worker,
            label: Arc::clone(&self.worker_label),
        }
    }

    /// Notes that the job was finished inside a transaction of the handler's. The engine then
    /// writes nothing more for a handler that returns a value; if that transaction turns out not
    /// to have committed, the attempt counts as failed.
    pub fn note_finished(&self) {
        self.finished.store(true, Ordering::Release);
    }

    pub(crate) const fn beside(&self) -> Option<usize> {
        self.beside
    }

    pub(crate) fn signals(&self) -> &Signals {
        &self.signals
    }

    pub(crate) fn was_finished(&self) -> bool {
        self.finished.load(Ordering::Acquire)
    }
}
