//! A transaction of the caller's, seen through a client: jobs and events that are part of it.

use std::future::Future;

use serde::Serialize;
use windlass_core::batch::{IntoBatch, Started};
use windlass_core::client::{Client, EnqueuePipeline};
use windlass_core::condition::{Signal, Signalled};
use windlass_core::context::AttemptContext;
use windlass_core::discard::Discards;
use windlass_core::error::{Refusal, StoreError};
use windlass_core::event::{IntoEvent, NewEvent, Published};
use windlass_core::job::{Enqueued, Fence, IntoDraft, NewJob};
use windlass_core::json::Json;

/// Only this crate knows drivers, so that what a transaction can do may grow.
pub(crate) mod sealed {
    pub trait Sealed {}
}

/// A connection or a transaction of a driver that is known here. Not called by applications: see
/// [`ClientExt::within`].
#[diagnostic::on_unimplemented(
    message = "jobs cannot be enqueued on `{Self}`",
    label = "not a transaction that is known here",
    note = "`client.within(…)` takes `&mut tx`, `&mut *connection` or `&pool` of sqlx, `&tx` of tokio-postgres; `&tx` of rusqlite with `enqueue_blocking`",
    note = "each driver has a feature: rusqlite, tokio-postgres-0_7, sqlx-0_8-postgres, sqlx-0_9-postgres, sqlx-0_9-sqlite"
)]
pub trait EnqueueOn: sealed::Sealed + Send {
    /// Writes jobs, all or none, to the tables in this schema; the answers are in their order.
    fn write(
        &mut self,
        jobs: &[NewJob],
        schema: &str,
    ) -> impl Future<Output = Result<Vec<Enqueued>, StoreError>> + Send;

    /// Tells all who wait for a key.
    fn signal(
        &mut self,
        signal: &Signal,
        schema: &str,
    ) -> impl Future<Output = Result<Signalled, StoreError>> + Send;

    /// Publishes events, all or none; the answers are in their order.
    fn publish(
        &mut self,
        events: &[NewEvent],
        schema: &str,
    ) -> impl Future<Output = Result<Vec<Published>, StoreError>> + Send;
}

/// The same for drivers that block.
#[diagnostic::on_unimplemented(
    message = "jobs cannot be enqueued on `{Self}` without waiting",
    label = "not a connection that blocks and is known here",
    note = "enqueue_blocking is for `&connection` or `&tx` of rusqlite (feature `rusqlite`); elsewhere use `.enqueue(…).await`"
)]
pub trait EnqueueBlockingOn: sealed::Sealed {
    /// Writes jobs, all or none; the answers are in their order.
    ///
    /// # Errors
    /// What the database said.
    fn write_blocking(&mut self, jobs: &[NewJob]) -> Result<Vec<Enqueued>, StoreError>;

    /// Tells all who wait for a key.
    ///
    /// # Errors
    /// What the database said.
    fn signal_blocking(&mut self, signal: &Signal) -> Result<Signalled, StoreError>;

    /// Publishes events, all or none; the answers are in their order.
    ///
    /// # Errors
    /// What the database said.
    fn publish_blocking(&mut self, events: &[NewEvent]) -> Result<Vec<Published>, StoreError>;
}

/// A transaction seen through a client, or through a handler's context: the client's layers, origin and
/// schema apply, and what a handler enqueues is its job's child.
///
/// What is enqueued here is part of the transaction: invisible before its commit, gone on rollback.
#[derive(Debug)]
#[must_use = "nothing is written yet"]
pub struct Within<T> {
    pipeline: EnqueuePipeline,
    /// Who knows the bounds of queues; a program that opens no store has nobody.
    client: Option<Client>,
    schema: String,
    connection: T,
}

impl<T> Within<T> {
    /// Writes one job: a payload, or its draft.
    ///
    /// # Errors
    /// [`StoreError::Refused`] when the job cannot be stored, [`StoreError::QueueFull`] when its queue has a bound and
    /// no room, and the transaction is as it was; otherwise
    /// what the database said, after which a transaction is best rolled back.
    pub async fn enqueue(&mut self, draft: impl IntoDraft) -> Result<Enqueued, StoreError>
    where
        T: EnqueueOn,
    {
        let job = [self.pipeline.prepare(draft)?];
        if let Some(discards) = self.discards() {
            return only(&discards.jobs(&job));
        }
        self.check_room(&job).await?;
        only(&self.connection.write(&job, &self.schema).await?)
    }

    /// Writes many jobs, at most 100,000. The answers are in the order of the drafts. For jobs of several
    /// kinds: [`Draft::any_kind`](crate::Draft::any_kind).
    ///
    /// # Errors
    /// As [`Within::enqueue`]; one refused job refuses all.
    pub async fn enqueue_all<D: IntoDraft>(
        &mut self,
        drafts: impl IntoIterator<Item = D>,
    ) -> Result<Vec<Enqueued>, StoreError>
    where
        T: EnqueueOn,
    {
        let jobs = self.pipeline.prepare_all(drafts)?;
        if let Some(discards) = self.discards() {
            return Ok(discards.jobs(&jobs));
        }
        self.check_room(&jobs).await?;
        self.connection.write(&jobs, &self.schema).await
    }

    /// Writes a batch or a workflow with its jobs.
    ///
    /// # Errors
    /// As [`Within::enqueue`], and as [`IntoBatch::into_batch`].
    pub async fn start(&mut self, batch: impl IntoBatch) -> Result<Started, StoreError>
    where
        T: EnqueueOn,
    {
        let (id, jobs) = batch.into_batch()?;
        Started::of(id, self.enqueue_all(jobs).await)
    }

    /// [`Within::start`] for drivers that block.
    ///
    /// # Errors
    /// As there.
    pub fn start_blocking(&mut self, batch: impl IntoBatch) -> Result<Started, StoreError>
    where
        T: EnqueueBlockingOn,
    {
        let (id, jobs) = batch.into_batch()?;
        Started::of(id, self.enqueue_all_blocking(jobs))
    }

    /// Tells all who wait for a key that it has come, or will not: see [`Client::signal`]. Those that it makes available
    /// are so when the transaction commits. On PostgreSQL who waits is locked until then: other signals for the same jobs
    /// wait for this transaction.
    ///
    /// # Errors
    /// As [`Within::enqueue`].
    pub async fn signal(&mut self, signal: Signal) -> Result<Signalled, StoreError>
    where
        T: EnqueueOn,
    {
        let signal = self.pipeline.prepare_signal(signal)?;
        match self.discards() {
            Some(discards) => Ok(discards.signal(&signal)),
            None => self.connection.signal(&signal, &self.schema).await,
        }
    }

    /// [`Within::signal`] for drivers that block.
    ///
    /// # Errors
    /// As there.
    pub fn signal_blocking(&mut self, signal: Signal) -> Result<Signalled, StoreError>
    where
        T: EnqueueBlockingOn,
    {
        let signal = self.pipeline.prepare_signal(signal)?;
        match self.discards() {
            Some(discards) => Ok(discards.signal(&signal)),
            None => self.connection.signal_blocking(&signal),
        }
    }

    /// Publishes an event: see [`Client::publish`]. It is in the log once the transaction has committed, behind all that were
    /// before; on rollback it leaves no hole.
    ///
    /// On PostgreSQL one with an id of its source's is locked by it until then: who publishes the same waits for this
    /// transaction.
    ///
    /// # Errors
    /// As [`Within::enqueue`].
    pub async fn publish(&mut self, event: impl IntoEvent) -> Result<Published, StoreError>
    where
        T: EnqueueOn,
    {
        let event = [self.pipeline.prepare_event(event)?];
        match self.discards() {
            Some(discards) => only_event(&discards.events(&event)),
            None => only_event(&self.connection.publish(&event, &self.schema).await?),
        }
    }

    /// Publishes events in this order, at most 10,000: see [`Within::publish`].
    ///
    /// # Errors
    /// As [`Within::enqueue`]; one refused event refuses all.
    pub async fn publish_all<E: IntoEvent>(
        &mut self,
        events: impl IntoIterator<Item = E>,
    ) -> Result<Vec<Published>, StoreError>
    where
        T: EnqueueOn,
    {
        let events = self.pipeline.prepare_events(events)?;
        match self.discards() {
            Some(discards) => Ok(discards.events(&events)),
            None => self.connection.publish(&events, &self.schema).await,
        }
    }

    /// [`Within::publish`] for drivers that block.
    ///
    /// # Errors
    /// As there.
    pub fn publish_blocking(&mut self, event: impl IntoEvent) -> Result<Published, StoreError>
    where
        T: EnqueueBlockingOn,
    {
        let event = [self.pipeline.prepare_event(event)?];
        match self.discards() {
            Some(discards) => only_event(&discards.events(&event)),
            None => only_event(&self.connection.publish_blocking(&event)?),
        }
    }

    /// [`Within::publish_all`] for drivers that block.
    ///
    /// # Errors
    /// As there.
    pub fn publish_all_blocking<E: IntoEvent>(
        &mut self,
        events: impl IntoIterator<Item = E>,
    ) -> Result<Vec<Published>, StoreError>
    where
        T: EnqueueBlockingOn,
    {
        let events = self.pipeline.prepare_events(events)?;
        match self.discards() {
            Some(discards) => Ok(discards.events(&events)),
            None => self.connection.publish_blocking(&events),
        }
    }

    /// Of a client whose store keeps nothing nothing is written here either.
    fn discards(&self) -> Option<&Discards> {
        self.client.as_ref().and_then(|client| client.store().discards())
    }

    /// A transaction does not wait for room: its locks would wait with it.
    async fn check_room(&self, jobs: &[NewJob]) -> Result<(), StoreError> {
        match &self.client {
            Some(client) => client.check_room(jobs).await,
            None => Ok(()),
        }
    }

    /// [`Within::enqueue`] for drivers that block.
    ///
    /// # Errors
    /// As there.
    pub fn enqueue_blocking(&mut self, draft: impl IntoDraft) -> Result<Enqueued, StoreError>
    where
        T: EnqueueBlockingOn,
    {
        let job = [self.pipeline.prepare(draft)?];
        match self.discards() {
            Some(discards) => only(&discards.jobs(&job)),
            None => only(&self.connection.write_blocking(&job)?),
        }
    }

    /// [`Within::enqueue_all`] for drivers that block.
    ///
    /// # Errors
    /// As there.
    pub fn enqueue_all_blocking<D: IntoDraft>(
        &mut self,
        drafts: impl IntoIterator<Item = D>,
    ) -> Result<Vec<Enqueued>, StoreError>
    where
        T: EnqueueBlockingOn,
    {
        let jobs = self.pipeline.prepare_all(drafts)?;
        match self.discards() {
            Some(discards) => Ok(discards.jobs(&jobs)),
            None => self.connection.write_blocking(&jobs),
        }
    }
}

fn only(answers: &[Enqueued]) -> Result<Enqueued, StoreError> {
    let missing = || StoreError::Backend("the database gave no answer for the job".into());
    answers.first().copied().ok_or_else(missing)
}

fn only_event(answers: &[Published]) -> Result<Published, StoreError> {
    let missing = || StoreError::Backend("the database gave no answer for the event".into());
    answers.first().copied().ok_or_else(missing)
}

/// A transaction of a program that opens no store: no layers and no origin, and the schema is named. Where
/// there is a client, [`ClientExt::within`] says it all.
///
/// # Errors
/// When this cannot be a schema's name: small letters, digits and `_` only.
#[cfg(feature = "postgres")]
pub fn in_schema<T>(schema: &str, transaction: T) -> Result<Within<T>, StoreError> {
    windlass_postgres::check_schema(schema)?;
    let pipeline = EnqueuePipeline::default();
    Ok(Within { pipeline, client: None, schema: schema.to_owned(), connection: transaction })
}

/// What a [`Client`] does on a driver's connections.
pub trait ClientExt {
    /// This client on a transaction of the caller's, or on a connection or a pool of its own: what is
    /// enqueued there passes this client's layers, has its origin and goes to its store's schema.
    fn within<T>(&self, transaction: T) -> Within<T>;
}

impl ClientExt for Client {
    fn within<T>(&self, transaction: T) -> Within<T> {
        Within {
            pipeline: self.pipeline().clone(),
            client: Some(self.clone()),
            schema: self.store().schema().to_owned(),
            connection: transaction,
        }
    }
}

/// A transaction in which a running job can be finished. Not called by applications: see
/// [`ContextExt::finish_in`].
#[diagnostic::on_unimplemented(
    message = "a job cannot be finished in `{Self}`",
    label = "not a transaction that is known here",
    note = "finish in a transaction on the store's own database: `&mut tx` of sqlx, `&tx` of tokio-postgres; `&tx` of rusqlite with `finish_in_blocking`"
)]
pub trait FinishOn: sealed::Sealed + Sized {
    /// Completes the job in the tables of this schema; `false` where the lease is lost.
    fn finish(
        self,
        fence: Fence,
        output: Option<Json>,
        schema: &str,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;
}

/// The same for drivers that block.
pub trait FinishBlockingOn: sealed::Sealed + Sized {
    /// Completes the job; `false` where the lease is lost.
    ///
    /// # Errors
    /// What the database said.
    fn finish_blocking(self, fence: Fence, output: Option<Json>) -> Result<bool, StoreError>;
}

/// What a handler's context does on a driver's transaction: enqueue children in it, and finish the job in it,
/// which is the one way to have an effect in the same database exactly once: effect and completion are one
/// transaction.
pub trait ContextExt {
    /// [`ClientExt::within`]; what is enqueued is this job's child.
    fn within<T>(&self, transaction: T) -> Within<T>;

    /// Completes this job as part of `transaction`. Commit right after it, then return from the
    /// handler; the handler's own value is not stored.
    ///
    /// It locks the lease, which on PostgreSQL stands for all jobs that were claimed together: handlers of one batch
    /// that finish in transactions wait for each other's commits, and in `REPEATABLE READ` or `SERIALIZABLE` such a
    /// transaction may fail to serialize. So do it last, and take your own locks before.
    ///
    /// # Errors
    /// [`StoreError::LeaseLost`] when another worker has the job by now, or this attempt has finished it
    /// before: roll back.
    fn finish_in<T: FinishOn + Send>(
        &self,
        transaction: T,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// [`ContextExt::finish_in`] with an output, stored as JSON.
    ///
    /// # Errors
    /// As there, and [`StoreError::Refused`] when the output cannot be stored: nothing was written.
    fn finish_in_with<T: FinishOn + Send, O: Serialize + Sync>(
        &self,
        transaction: T,
        output: &O,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// [`ContextExt::finish_in`] for drivers that block.
    ///
    /// # Errors
    /// As there.
    fn finish_in_blocking<T: FinishBlockingOn>(&self, transaction: T) -> Result<(), StoreError>;

    /// [`ContextExt::finish_in_with`] for drivers that block.
    ///
    /// # Errors
    /// As there.
    fn finish_in_with_blocking<T: FinishBlockingOn, O: Serialize>(
        &self,
        transaction: T,
        output: &O,
    ) -> Result<(), StoreError>;
}

impl ContextExt for AttemptContext {
    fn within<T>(&self, transaction: T) -> Within<T> {
        self.client().within(transaction)
    }

    async fn finish_in<T: FinishOn + Send>(&self, transaction: T) -> Result<(), StoreError> {
        let store = self.client();
        let finish = transaction.finish(self.fence(), None, store.store().schema());
        note(self, finish.await?)
    }

    async fn finish_in_with<T: FinishOn + Send, O: Serialize + Sync>(
        &self,
        transaction: T,
        output: &O,
    ) -> Result<(), StoreError> {
        let output = Json::output_of(output).map_err(Refusal::Output)?;
        let store = self.client();
        let finish = transaction.finish(self.fence(), Some(output), store.store().schema());
        note(self, finish.await?)
    }

    fn finish_in_blocking<T: FinishBlockingOn>(&self, transaction: T) -> Result<(), StoreError> {
        note(self, transaction.finish_blocking(self.fence(), None)?)
    }

    fn finish_in_with_blocking<T: FinishBlockingOn, O: Serialize>(
        &self,
        transaction: T,
        output: &O,
    ) -> Result<(), StoreError> {
        let output = Json::output_of(output).map_err(Refusal::Output)?;
        note(self, transaction.finish_blocking(self.fence(), Some(output))?)
    }
}

fn note(attempt: &AttemptContext, is_finished: bool) -> Result<(), StoreError> {
    if !is_finished {
        return Err(StoreError::LeaseLost { job: attempt.job_id() });
    }
    attempt.note_finished();
    Ok(())
}
