//! Where a draft can be enqueued: a client, or a transaction of the caller's.

use std::future::Future;
use windlass_core::client::Client;
use windlass_core::context::AttemptContext;
use windlass_core::error::{Refusal, StoreError};
use windlass_core::job::{Draft, Enqueued, Fence, NewJob};
use windlass_core::json::Json;
use windlass_core::name::DEFAULT_SCHEMA;

/// Something that jobs can be written to.
///
/// On a transaction of the caller's the job is part of it: invisible before the commit, gone on
/// rollback. On a [`Client`] it is committed when the call returns.
#[diagnostic::on_unimplemented(
    message = "jobs cannot be enqueued on `{Self}`",
    label = "not a client and not a transaction that is known here",
    note = "enqueue on `&client`, or on a transaction: `&mut tx` of sqlx, `&tx` of tokio-postgres; on `&tx` of rusqlite with `enqueue_blocking`",
    note = "each driver has a feature: rusqlite, tokio-postgres-0_7, sqlx-0_9-postgres, sqlx-0_9-sqlite"
)]
pub trait EnqueueOn: Sized {
    /// Writes one job to the tables in this schema; a target that knows its own does not ask.
    fn write(
        self,
        job: NewJob,
        schema: &str,
    ) -> impl Future<Output = Result<Enqueued, StoreError>> + Send;
}

impl EnqueueOn for &Client {
    async fn write(self, job: NewJob, _schema: &str) -> Result<Enqueued, StoreError> {
        self.enqueue(Draft::from(job)).await
    }
}

/// The same for drivers that block: a `rusqlite::Connection`, or a transaction on one.
#[diagnostic::on_unimplemented(
    message = "jobs cannot be enqueued on `{Self}` without waiting",
    label = "not a connection that blocks and is known here",
    note = "enqueue_blocking is for `&connection` or `&tx` of rusqlite (feature `rusqlite`); elsewhere use `.enqueue(…).await`"
)]
pub trait EnqueueBlockingOn: Sized {
    /// Writes one job.
    ///
    /// # Errors
    /// What the database said.
    fn write_blocking(self, job: NewJob) -> Result<Enqueued, StoreError>;
}

/// Enqueueing for drafts of every kind of job.
pub trait EnqueueExt {
    /// Writes the job into a transaction of a driver that blocks.
    ///
    /// # Errors
    /// As [`EnqueueExt::enqueue`].
    fn enqueue_blocking<T: EnqueueBlockingOn>(self, on: T) -> Result<Enqueued, StoreError>;

    /// Writes the job to a client or into a transaction.
    ///
    /// # Errors
    /// [`StoreError::Refused`] when the job cannot be stored; otherwise what the database said,
    /// after which a transaction is best rolled back.
    fn enqueue<T: EnqueueOn + Send>(
        self,
        on: T,
    ) -> impl Future<Output = Result<Enqueued, StoreError>> + Send;
}

impl<J> EnqueueExt for Draft<J> {
    fn enqueue_blocking<T: EnqueueBlockingOn>(self, on: T) -> Result<Enqueued, StoreError> {
        on.write_blocking(checked(self)?)
    }

    fn enqueue<T: EnqueueOn + Send>(
        self,
        on: T,
    ) -> impl Future<Output = Result<Enqueued, StoreError>> + Send {
        let job = checked(self);
        async move { on.write(job?, DEFAULT_SCHEMA).await }
    }
}

fn checked<J>(draft: Draft<J>) -> Result<NewJob, Refusal> {
    let job = draft.into_new_job()?;
    job.check()?;
    Ok(job)
}

/// A transaction seen through a client: its enqueue layers and its origin apply.
#[derive(Debug)]
pub struct Within<'c, T> {
    client: &'c Client,
    transaction: T,
}

/// Enqueueing in a transaction with a client's layers.
pub trait WithinExt {
    /// The transaction, with this client's enqueue layers and origin for what is enqueued on it.
    fn within<T>(&self, transaction: T) -> Within<'_, T>;
}

impl WithinExt for Client {
    fn within<T>(&self, transaction: T) -> Within<'_, T> {
        Within { client: self, transaction }
    }
}

impl<T: EnqueueOn + Send> EnqueueOn for Within<'_, T> {
    async fn write(self, job: NewJob, schema: &str) -> Result<Enqueued, StoreError> {
        let job = self.client.prepare(job)?;
        self.transaction.write(job, schema).await
    }
}

impl<T: EnqueueBlockingOn> EnqueueBlockingOn for Within<'_, T> {
    fn write_blocking(self, job: NewJob) -> Result<Enqueued, StoreError> {
        self.transaction.write_blocking(self.client.prepare(job)?)
    }
}

/// A transaction in which a running job can be finished.
#[diagnostic::on_unimplemented(
    message = "a job cannot be finished in `{Self}`",
    label = "not a transaction that is known here",
    note = "finish in a transaction on the store's own database: `&mut tx` of sqlx, `&tx` of tokio-postgres; on `&tx` of rusqlite with `finish_blocking_in`"
)]
pub trait FinishOn: Sized {
    /// Completes the job in the tables of this schema; `false` where the lease is lost.
    fn finish(
        self,
        fence: Fence,
        output: Option<Json>,
        schema: &str,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;
}

/// The same for drivers that block.
pub trait FinishBlockingOn: Sized {
    /// Completes the job; `false` where the lease is lost.
    ///
    /// # Errors
    /// What the database said.
    fn finish_blocking(self, fence: Fence, output: Option<Json>) -> Result<bool, StoreError>;
}

/// Finishing a job in the handler's own transaction: the one way to have an effect in the same
/// database exactly once.
pub trait FinishExt {
    /// [`FinishExt::finish_in`] for drivers that block.
    ///
    /// # Errors
    /// As there.
    fn finish_blocking_in<T: FinishBlockingOn>(
        &self,
        transaction: T,
        output: Option<Json>,
    ) -> Result<(), StoreError>;

    /// Completes this job as part of `transaction`. Commit right after it, then return from the
    /// handler; the handler's own value is not stored.
    ///
    /// # Errors
    /// [`StoreError::LeaseLost`] when another worker has the job by now: roll back.
    fn finish_in<T: FinishOn + Send>(
        &self,
        transaction: T,
        output: Option<Json>,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
}

impl FinishExt for AttemptContext {
    fn finish_blocking_in<T: FinishBlockingOn>(
        &self,
        transaction: T,
        output: Option<Json>,
    ) -> Result<(), StoreError> {
        note(self, transaction.finish_blocking(self.fence(), output)?)
    }

    async fn finish_in<T: FinishOn + Send>(
        &self,
        transaction: T,
        output: Option<Json>,
    ) -> Result<(), StoreError> {
        note(self, transaction.finish(self.fence(), output, DEFAULT_SCHEMA).await?)
    }
}

fn note(attempt: &AttemptContext, is_finished: bool) -> Result<(), StoreError> {
    if !is_finished {
        return Err(StoreError::LeaseLost { job: attempt.job_id() });
    }
    attempt.note_finished();
    Ok(())
}
