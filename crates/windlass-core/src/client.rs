//! Enqueueing, asking and acting, outside a worker.

mod aging;
mod edit;
mod find;
mod operation;
mod pipeline;
mod room;
mod schedule;
mod stats;

use crate::reply::Now;
use std::sync::Arc;
use std::time::Duration;

use crate::condition::{ConditionRecord, Signal, Signalled, Waived};
use crate::error::{Refusal, StoreError};
use crate::health::{Overview, Problem, Thresholds, problems};
use crate::id::{JobId, WorkerId};
use crate::job::{
    Cancelled, Cipher, Claimed, Counts, Duplicates, Enqueued, Explanation, Filter, IntoDraft,
    JobRecord, Moved, Page, Retried, Undecryptable,
};
use crate::json::Json;
use crate::limit::{Limit, LimitOn, LimitRecord, SetBy};
use crate::limits;
use crate::name::check_queue;
use crate::progress::{LogLine, ProgressRecord};
use crate::queue::{Pause, PausedKind, QueueRecord, Scope, Unserved};
use crate::step::StepRecord;
use crate::store::Store;
use crate::time::Timestamp;
use crate::worker::{MinimumBuild, Quiet, RequiredBuild, WorkerRecord};

pub use find::{Count, Effort};
pub use pipeline::{EnqueueLayer, EnqueuePipeline, Parent};
pub(crate) use pipeline::{depth_of, stored_depth};

/// Why a job was not enqueued.
pub type EnqueueError = StoreError;

/// Enqueues jobs, answers questions about them and acts on them. Cheap to clone.
#[derive(Clone)]
pub struct Client {
    store: Arc<dyn Store>,
    pipeline: EnqueuePipeline,
    room: room::Room,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("pipeline", &self.pipeline).finish_non_exhaustive()
    }
}

/// Making one.
impl Client {
    /// A client to this store.
    #[must_use]
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self { store, pipeline: EnqueuePipeline::default(), room: room::Room::default() }
    }

    /// Says in each job's record who enqueued it; a job that a handler enqueues has its parent instead.
    #[must_use]
    pub fn with_origin(mut self, origin: impl Into<Arc<str>>) -> Self {
        self.pipeline = self.pipeline.with_origin(origin);
        self
    }

    /// Adds a layer that sees every job before it is written; layers run in the order added.
    #[must_use]
    pub fn with_layer(mut self, layer: impl EnqueueLayer) -> Self {
        self.pipeline = self.pipeline.with_layer(Arc::new(layer));
        self
    }

    /// Encrypts the args of the jobs it writes, and decrypts those of jobs that it or its handlers read. What SQL, schedules and
    /// subscriptions write is not encrypted, and events are not.
    #[must_use]
    pub fn encrypting(mut self, cipher: impl Cipher) -> Self {
        self.pipeline = self.pipeline.with_cipher(Arc::new(cipher));
        self
    }

    /// A client whose jobs and events come of this job, as those of [`AttemptContext::client`](crate::context::AttemptContext::client):
    /// for programs that run jobs for others.
    #[must_use]
    pub fn with_parent(mut self, parent: Parent) -> Self {
        self.pipeline = self.pipeline.with_parent(parent);
        self
    }

    /// A client whose jobs, events and signals pass these layers, with this origin and parent, in place of its own: what several
    /// clients share.
    #[must_use]
    pub fn with_pipeline(mut self, pipeline: EnqueuePipeline) -> Self {
        self.pipeline = pipeline;
        self
    }

    /// The store behind it.
    #[must_use]
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    /// What every job passes before it is written: for those that write it themselves.
    #[must_use]
    pub fn pipeline(&self) -> &EnqueuePipeline {
        &self.pipeline
    }
}

/// Enqueueing.
impl Client {
    /// Writes one job: a payload, or its draft. It is committed, and durable by the store's setting, when
    /// this returns. Concurrent calls share commits.
    ///
    /// # Errors
    /// [`StoreError::Refused`] when the job cannot be stored, [`StoreError::QueueFull`] when its queue has a bound
    /// and no room, otherwise what kept the store from writing. After [`StoreError::Unknown`] the job may exist: enqueue it again with the same
    /// [`Draft::id`](crate::job::Draft::id) to be sure that there is one.
    pub async fn enqueue(&self, draft: impl IntoDraft) -> Result<Enqueued, EnqueueError> {
        let job = [self.pipeline.prepare(draft)?];
        self.wait_for_room(&job).await?;
        let answers = self.store.enqueue(&job, Now::Database).await?;
        answers.first().copied().ok_or_else(|| no_answer(job[0].id))
    }

    /// Writes many jobs in one transaction: all of them or none, at most 100,000. The answers are in the
    /// order of the drafts. For jobs of several kinds: [`Draft::any_kind`](crate::job::Draft::any_kind).
    ///
    /// # Errors
    /// As [`Client::enqueue`]; one refused job refuses all.
    pub async fn enqueue_all<D: IntoDraft>(
        &self,
        drafts: impl IntoIterator<Item = D>,
    ) -> Result<Vec<Enqueued>, EnqueueError> {
        let jobs = self.pipeline.prepare_all(drafts)?;
        self.wait_for_room(&jobs).await?;
        self.store.enqueue(&jobs, Now::Database).await
    }
}

/// Asking.
impl Client {
    /// One job, wherever it is.
    ///
    /// # Errors
    /// When the store cannot be asked.
    pub async fn job(&self, id: JobId) -> Result<Option<JobRecord>, StoreError> {
        self.store.job(id).await
    }

    /// The args of a job in clear: as they are stored, or decrypted where this client has the key.
    ///
    /// # Errors
    /// Why encrypted args cannot be read.
    pub fn args_of(&self, job: &JobRecord) -> Result<Json, Undecryptable> {
        let decrypted = self.pipeline.decrypted((&job.kind, job.id), &job.args);
        decrypted.unwrap_or_else(|| Ok(job.args.clone()))
    }

    /// The same of a job that was claimed, where they are encrypted: for programs that run jobs for others.
    ///
    /// # Errors
    /// As [`Client::args_of`].
    pub fn decrypted(&self, job: &Claimed) -> Option<Result<Json, Undecryptable>> {
        self.pipeline.decrypted((&job.kind, job.id), &job.args)
    }

    /// Why a job is where it is: every gate between it and a worker, who holds it shut, and what happens next and when.
    /// `None` where there is no such job.
    ///
    /// # Errors
    /// When the store cannot be asked.
    pub async fn explain(&self, id: JobId) -> Result<Option<Explanation>, StoreError> {
        let look = self.store.look(id, Now::Database).await?;
        Ok(look.map(|look| Explanation::of(&look).beside(Timestamp::wall_clock())))
    }

    /// What a job waits for, or has waited for, in the order in which it was declared; with what signals have brought and
    /// the outputs of the jobs it waited for.
    ///
    /// # Errors
    /// When the store cannot be asked.
    pub async fn conditions(&self, job: JobId) -> Result<Vec<ConditionRecord>, StoreError> {
        self.store.conditions(job).await
    }

    /// What the handler of a job has done so far: its steps, in their order.
    ///
    /// # Errors
    /// When the store cannot be asked.
    pub async fn steps(&self, job: JobId) -> Result<Vec<StepRecord>, StoreError> {
        self.store.steps(job).await
    }

    /// How far a job is by its own account, and its last checkpoint; `None` where it has told nothing.
    ///
    /// # Errors
    /// When the store cannot be asked.
    pub async fn progress(&self, job: JobId) -> Result<Option<ProgressRecord>, StoreError> {
        self.store.progress(job).await
    }

    /// The last log lines of a job, at most so many, the oldest first.
    ///
    /// # Errors
    /// When the store cannot be asked.
    pub async fn log(&self, job: JobId, most: usize) -> Result<Vec<LogLine>, StoreError> {
        self.store.log(job, most).await
    }

    /// Jobs that match, newest first.
    ///
    /// # Errors
    /// When the store cannot be asked.
    pub async fn jobs(&self, filter: &Filter, page: Page) -> Result<Vec<JobRecord>, StoreError> {
        self.store.jobs(filter, page).await
    }

    /// Numbers of jobs by queue and state.
    ///
    /// # Errors
    /// When the store cannot be asked.
    pub async fn counts(&self) -> Result<Counts, StoreError> {
        self.store.counts().await
    }

    /// The same, of waiting jobs no more than 10,000 of each queue and state: it costs the same however many wait, and
    /// [`Counts::or_more`] says of which there may be more.
    ///
    /// # Errors
    /// When the store cannot be asked.
    pub async fn capped_counts(&self) -> Result<Counts, StoreError> {
        self.store.capped_counts().await
    }

    /// Jobs that were not written since their unique keys were held: how many of each kind, and the newest.
    ///
    /// # Errors
    /// When the store cannot be asked.
    pub async fn duplicates(&self, newest: usize) -> Result<Duplicates, StoreError> {
        self.store.duplicates(newest.min(limits::DUPLICATES)).await
    }

    /// The limits that are set, with what of them is used.
    ///
    /// # Errors
    /// When the store cannot be asked.
    pub async fn limits(&self) -> Result<Vec<LimitRecord>, StoreError> {
        self.store.limits(Now::Database).await
    }

    /// Queues that have jobs, workers or a pause.
    ///
    /// # Errors
    /// When the store cannot be asked.
    pub async fn queues(&self) -> Result<Vec<QueueRecord>, StoreError> {
        self.store.queues(Now::Database).await
    }

    /// Kinds that are paused.
    ///
    /// # Errors
    /// When the store cannot be asked.
    pub async fn paused_kinds(&self) -> Result<Vec<PausedKind>, StoreError> {
        self.store.paused_kinds(Now::Database).await
    }

    /// Registered workers, oldest first.
    ///
    /// # Errors
    /// When the store cannot be asked.
    pub async fn workers(&self) -> Result<Vec<WorkerRecord>, StoreError> {
        self.store.workers().await
    }

    /// Jobs that are due and that no live worker could run.
    ///
    /// # Errors
    /// When the store cannot be asked.
    pub async fn unserved(&self) -> Result<Vec<Unserved>, StoreError> {
        self.store.unserved(Now::Database).await
    }

    /// What is not as it should be: see [`health`](crate::health).
    ///
    /// # Errors
    /// When the store cannot be asked.
    pub async fn problems(&self, thresholds: &Thresholds) -> Result<Vec<Problem>, StoreError> {
        let overview = Overview::of(&*self.store, thresholds, Now::Database).await?;
        Ok(problems(&overview, thresholds))
    }

    /// Waits until a job has ended, looking at it at growing intervals of at most half a second.
    /// Never returns for a job that never ends: put a timeout around it.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is no such job, as when it was completed on a store that keeps none
    /// (`history=off`); otherwise when the store cannot be asked.
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

/// Acting. Every call is committed when it returns; its answers are in the order of the ids.
impl Client {
    /// Cancels jobs. What waits never starts; what runs is told, and is not tried again.
    ///
    /// # Errors
    /// What kept the store from writing.
    pub async fn cancel(&self, jobs: &[JobId], reason: &str) -> Result<Vec<Cancelled>, StoreError> {
        self.store.cancel(jobs, reason, Now::Database).await
    }

    /// Makes jobs available again that have ended or wait for their next attempt, with their failures
    /// and losses at zero.
    ///
    /// # Errors
    /// What kept the store from writing.
    pub async fn retry(&self, jobs: &[JobId]) -> Result<Vec<Retried>, StoreError> {
        self.store.retry(jobs, Now::Database).await
    }

    /// Gives jobs to another queue, where only its workers take them. What runs or has ended
    /// stays.
    ///
    /// # Errors
    /// [`StoreError::Refused`] for a name that no queue can have, otherwise what kept the store
    /// from writing.
    pub async fn move_jobs(&self, jobs: &[JobId], queue: &str) -> Result<Vec<Moved>, StoreError> {
        check_queue(queue).map_err(Refusal::from)?;
        self.store.move_jobs(jobs, queue).await
    }

    /// Stops claims from a queue, for all workers and until [`Client::resume`]. What runs goes on.
    ///
    /// # Errors
    /// As [`Client::move_jobs`].
    pub async fn pause(&self, queue: &str) -> Result<(), StoreError> {
        self.pause_with(Pause::queue(queue)).await
    }

    /// [`Client::pause`] with a note for those who wonder why.
    ///
    /// # Errors
    /// As [`Client::pause`].
    pub async fn pause_with_note(&self, queue: &str, note: &str) -> Result<(), StoreError> {
        self.pause_with(Pause::queue(queue).note(note)).await
    }

    /// Stops claims of a kind in every queue, for all workers and until [`Client::resume_kind`]. What runs goes on.
    ///
    /// # Errors
    /// As [`Client::pause`].
    pub async fn pause_kind(&self, kind: &str) -> Result<(), StoreError> {
        self.pause_with(Pause::kind(kind)).await
    }

    /// Pauses a queue or a kind, with a note and an end. What is paused already gets the new note and end.
    ///
    /// # Errors
    /// As [`Client::pause`].
    pub async fn pause_with(&self, pause: Pause) -> Result<(), StoreError> {
        pause.check().map_err(Refusal::from)?;
        self.store.pause(&pause, Now::Database).await
    }

    /// Lets claims from a queue go on. `false` where it was not paused.
    ///
    /// # Errors
    /// What kept the store from writing.
    pub async fn resume(&self, queue: &str) -> Result<bool, StoreError> {
        self.store.resume(&Scope::Queue(queue.to_owned()), Now::Database).await
    }

    /// Lets claims of a kind go on. `false` where it was not paused.
    ///
    /// # Errors
    /// What kept the store from writing.
    pub async fn resume_kind(&self, kind: &str) -> Result<bool, StoreError> {
        self.store.resume(&Scope::Kind(kind.to_owned()), Now::Database).await
    }

    /// Sets a limit in place of what was set before, for all workers and from the next claim on. Jobs that run count at
    /// once. Neither code nor a file overwrites it.
    ///
    /// # Errors
    /// [`StoreError::Refused`] for a limit that makes no sense, otherwise what kept the store from writing.
    pub async fn set_limit(&self, limit: &Limit) -> Result<(), StoreError> {
        self.store.set_limit(limit, SetBy::Person, None, Now::Database).await.map(drop)
    }

    /// [`Client::set_limit`] with a note for those who wonder why.
    ///
    /// # Errors
    /// As [`Client::set_limit`].
    pub async fn set_limit_with_note(&self, limit: &Limit, note: &str) -> Result<(), StoreError> {
        self.store.set_limit(limit, SetBy::Person, Some(note), Now::Database).await.map(drop)
    }

    /// Removes a limit. `false` where there was none.
    ///
    /// # Errors
    /// What kept the store from writing.
    pub async fn remove_limit(&self, on: &LimitOn) -> Result<bool, StoreError> {
        self.store.remove_limit(on).await
    }

    /// Closes the breaker of a limit before its time is over, and forgets the failures that it has counted: jobs start again
    /// at once. For a name the breakers of all its keys. `false` where none was open.
    ///
    /// # Errors
    /// What kept the store from writing.
    pub async fn close_breaker(&self, on: &LimitOn) -> Result<bool, StoreError> {
        self.store.close_breaker(on).await
    }

    /// Tells all who wait for a key that it has come, or will not, and keeps it for those who will. Committed when it
    /// returns. Of the signals with one key the first one counts.
    ///
    /// # Errors
    /// [`StoreError::Refused`] when its key cannot be used, otherwise what kept the store from writing. After
    /// [`StoreError::Unknown`] signal again: a duplicate changes nothing.
    pub async fn signal(&self, signal: Signal) -> Result<Signalled, StoreError> {
        self.store.signal(&self.pipeline.prepare_signal(signal)?, Now::Database).await
    }

    /// Lets a job pass one of its conditions, with a note of who does and why.
    ///
    /// # Errors
    /// When the store cannot be asked.
    pub async fn waive(
        &self,
        job: JobId,
        condition: &str,
        note: Option<&str>,
    ) -> Result<Waived, StoreError> {
        self.store.waive(job, condition, note, Now::Database).await
    }

    /// Lets a lane go on that stands still behind a dead job; that job, where there is one. It stays dead.
    ///
    /// # Errors
    /// What kept the store from writing.
    pub async fn open_lane(&self, lane: &str) -> Result<Option<JobId>, StoreError> {
        self.store.open_lane(lane).await
    }

    /// Asks a worker to take no new work, or to take it again. `false` where there is no such worker.
    ///
    /// # Errors
    /// What kept the store from writing.
    pub async fn quiet(&self, worker: WorkerId, wish: Quiet) -> Result<bool, StoreError> {
        self.store.quiet(worker, wish, Now::Database).await
    }

    /// Asks a worker to stop, as SIGTERM asks its process: it takes no new work, what runs has its grace, what has not ended
    /// then is handed back, and it leaves. A Rust worker's [`RunningWorker::stopped`](crate::engine::RunningWorker::stopped)
    /// resolves then. It cannot be taken back. `false` where there is no such worker.
    ///
    /// # Errors
    /// What kept the store from writing.
    pub async fn stop_worker(&self, worker: WorkerId) -> Result<bool, StoreError> {
        self.store.stop_worker(worker, Now::Database).await
    }

    /// Sets the oldest build of a program that takes new work, in place of one that was set before. Its workers that are
    /// older, those that come later too, take no new work until it is lowered or removed, and end what they run. They
    /// hear of it at once where they hear anything, and at their next heartbeat otherwise.
    ///
    /// # Errors
    /// [`StoreError::Refused`] for a note that cannot be kept, and where too many programs have a minimum; otherwise what
    /// kept the store from writing.
    pub async fn require_build(&self, minimum: &MinimumBuild) -> Result<(), StoreError> {
        minimum.check()?;
        self.store.require_build(minimum, Now::Database).await
    }

    /// Removes the minimum build of a program. `false` where there was none.
    ///
    /// # Errors
    /// What kept the store from writing.
    pub async fn allow_builds(&self, program: &str) -> Result<bool, StoreError> {
        self.store.allow_builds(program.trim()).await
    }

    /// The minimum builds, by program.
    ///
    /// # Errors
    /// What kept the store from reading.
    pub async fn required_builds(&self) -> Result<Vec<RequiredBuild>, StoreError> {
        self.store.required_builds().await
    }
}

fn no_answer(job: JobId) -> StoreError {
    StoreError::Backend(format!("the store gave no answer for {job}").into())
}
