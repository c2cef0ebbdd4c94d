//! A batch as it is made.

use super::{Begins, Membership, Workflow};
use crate::condition::{Ends, Waits};
use crate::error::{Refusal, StoreError};
use crate::id::BatchId;
use crate::job::{Draft, IntoDraft, NewJob};

/// Jobs that belong together, and jobs that run once all of them have ended. All are written in one transaction.
///
/// ```
/// # use windlass_core::batch::Batch;
/// # use windlass_core::job::NewJob;
/// # use windlass_core::json::Json;
/// # let row = |number: u32| NewJob::new("import.row", Json::args_of(&number).unwrap());
/// # let report = NewJob::new("import.report", Json::args_of(&()).unwrap());
/// let import = Batch::new().name("prices").jobs((1..=10_000).map(row)).then(report);
/// ```
#[derive(Debug, Clone)]
#[must_use = "a batch does nothing until it is started"]
pub struct Batch {
    id: BatchId,
    begins: Begins,
    jobs: Vec<Draft<()>>,
    then: Vec<Draft<()>>,
}

impl Batch {
    /// A batch without jobs.
    #[expect(clippy::new_without_default, reason = "each has an id of its own")]
    pub fn new() -> Self {
        let (jobs, then) = (Vec::new(), Vec::new());
        Self { id: BatchId::new(), begins: Begins::default(), jobs, then }
    }

    /// Its name, for people.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.begins.name = Some(name.into());
        self
    }

    /// There is one batch with this key, as long as it is kept: starting another answers with the first, and writes nothing.
    pub fn key(mut self, key: impl Into<String>) -> Self {
        self.begins.key = Some(key.into());
        self
    }

    /// The id of the caller's choice, such as from a try whose answer was lost.
    pub const fn with_id(mut self, id: BatchId) -> Self {
        self.id = id;
        self
    }

    /// Its id.
    #[must_use]
    pub const fn id(&self) -> BatchId {
        self.id
    }

    /// One more job.
    pub fn job<J>(mut self, draft: impl IntoDraft<Payload = J>) -> Self {
        self.jobs.push(draft.into_draft().any_kind());
        self
    }

    /// More jobs.
    pub fn jobs<D: IntoDraft>(mut self, drafts: impl IntoIterator<Item = D>) -> Self {
        self.jobs.extend(drafts.into_iter().map(|draft| draft.into_draft().any_kind()));
        self
    }

    /// Runs once all jobs have ended, however; its handler asks [`AttemptContext::batch_before`] how.
    ///
    /// [`AttemptContext::batch_before`]: crate::context::AttemptContext::batch_before
    pub fn then<J>(self, draft: impl IntoDraft<Payload = J>) -> Self {
        self.then_on(draft, Ends::ANY)
    }

    /// Runs once all jobs are completed. Where some are dead it waits on: for their retries, for a person who waives the
    /// condition, or for being cancelled.
    pub fn then_if_completed<J>(self, draft: impl IntoDraft<Payload = J>) -> Self {
        self.then_on(draft, Ends::COMPLETED)
    }

    fn then_on<J>(mut self, draft: impl IntoDraft<Payload = J>, ends: Ends) -> Self {
        let waits = Waits::all().batch_ended("batch", self.id, ends);
        self.then.push(draft.into_draft().any_kind().waits_too(waits));
        self
    }

    /// What is written, in its order.
    fn into_jobs(self) -> Result<Vec<NewJob>, Refusal> {
        if self.jobs.is_empty() {
            return Err(Refusal::EmptyBatch);
        }
        self.begins.check()?;
        let mut begins = Some(Box::new(self.begins));
        let id = self.id;
        let member = |draft: Draft<()>| {
            let mut job = draft.into_new_job()?;
            job.meta.member = Some(Membership { begins: begins.take(), ..Membership::of(id) });
            Ok(job)
        };
        let jobs = self.jobs.into_iter().map(member).collect::<Result<Vec<_>, Refusal>>()?;
        let then = self.then.into_iter().map(Draft::into_new_job);
        jobs.into_iter().map(Ok).chain(then).collect()
    }
}

/// What can be started: a [`Batch`] or a [`Workflow`].
pub trait IntoBatch {
    /// Its id, and the jobs that are written.
    ///
    /// # Errors
    /// When they cannot be: a batch of none, a graph with a cycle or an unknown step, a job that cannot be stored.
    fn into_batch(self) -> Result<(BatchId, Vec<NewJob>), Refusal>;
}

/// What has been one: its id, and its jobs as they are to be written.
impl IntoBatch for (BatchId, Vec<NewJob>) {
    fn into_batch(self) -> Result<(BatchId, Vec<NewJob>), Refusal> {
        Ok(self)
    }
}

impl IntoBatch for Batch {
    fn into_batch(self) -> Result<(BatchId, Vec<NewJob>), Refusal> {
        Ok((self.id, self.into_jobs()?))
    }
}

impl IntoBatch for Workflow {
    fn into_batch(self) -> Result<(BatchId, Vec<NewJob>), Refusal> {
        Ok((self.id(), self.into_jobs()?))
    }
}

/// What came of starting a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Started {
    /// It was written.
    New(BatchId),
    /// There was one with its key, or with its id: nothing was written.
    Existing(BatchId),
}

impl Started {
    /// The answer to a call that wrote the jobs of a batch.
    ///
    /// # Errors
    /// Its own, unless it says that there is one with the key.
    pub fn of<T>(id: BatchId, written: Result<T, StoreError>) -> Result<Self, StoreError> {
        match written {
            Ok(_) => Ok(Self::New(id)),
            Err(StoreError::BatchExists { batch, .. }) => Ok(Self::Existing(batch)),
            Err(error) => Err(error),
        }
    }

    /// The batch's id.
    #[must_use]
    pub const fn id(self) -> BatchId {
        match self {
            Self::New(id) | Self::Existing(id) => id,
        }
    }
}
