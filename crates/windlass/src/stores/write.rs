//! Writing through several stores: each call to the one that its jobs or events belong to.

use windlass_core::batch::{IntoBatch, Started};
use windlass_core::client::Client;
use windlass_core::error::{Refusal, StoreError};
use windlass_core::event::{IntoEvent, NewEvent, Published};
use windlass_core::job::{Enqueued, IntoDraft, NewJob};

use super::Stores;

/// Writing.
impl Stores {
    /// Writes one job to the store that it belongs to, as [`Client::enqueue`].
    ///
    /// # Errors
    /// As [`Client::enqueue`]; [`StoreError::Unavailable`] and [`StoreError::Unknown`] name the store.
    pub async fn enqueue(&self, draft: impl IntoDraft) -> Result<Enqueued, StoreError> {
        let job = self.pipeline.prepare(draft)?;
        let name = self.routes.of_job(&job).to_owned();
        let client = self.plain(&name).await?;
        self.named(&name, client.enqueue(job).await)
    }

    /// Writes many jobs in one transaction, as [`Client::enqueue_all`]: they have to belong to one store.
    ///
    /// # Errors
    /// [`Refusal::TwoStores`] where they do not: nothing was written then. Otherwise as [`Stores::enqueue`].
    pub async fn enqueue_all<D: IntoDraft>(
        &self,
        drafts: impl IntoIterator<Item = D>,
    ) -> Result<Vec<Enqueued>, StoreError> {
        let jobs = self.pipeline.prepare_all(drafts)?;
        let Some(name) = self.one_store(&jobs)? else { return Ok(Vec::new()) };
        let client = self.plain(&name).await?;
        self.named(&name, client.enqueue_all(jobs).await)
    }

    /// Writes a batch or a workflow with its jobs, as [`Client::start`]: they have to belong to one store.
    ///
    /// # Errors
    /// As [`Stores::enqueue_all`] and [`Client::start`].
    pub async fn start(&self, batch: impl IntoBatch) -> Result<Started, StoreError> {
        let (id, jobs) = batch.into_batch()?;
        let jobs = self.pipeline.prepare_all(jobs)?;
        let name = self.one_store(&jobs)?;
        let name = name.unwrap_or_else(|| self.routes.default_store().to_owned());
        let client = self.plain(&name).await?;
        self.named(&name, client.start((id, jobs)).await)
    }

    /// Publishes an event in the store that it belongs to, as [`Client::publish`]. The subscriptions of that store alone see it.
    ///
    /// # Errors
    /// As [`Client::publish`]; [`StoreError::Unavailable`] and [`StoreError::Unknown`] name the store.
    pub async fn publish(&self, event: impl IntoEvent) -> Result<Published, StoreError> {
        let event = self.pipeline.prepare_event(event)?;
        let name = self.routes.of_event(&event).to_owned();
        let client = self.plain(&name).await?;
        self.named(&name, client.publish(event).await)
    }

    /// Publishes events in one transaction, as [`Client::publish_all`]: they have to belong to one store.
    ///
    /// # Errors
    /// [`Refusal::TwoStores`] where they do not: none was published then. Otherwise as [`Stores::publish`].
    pub async fn publish_all<E: IntoEvent>(
        &self,
        events: impl IntoIterator<Item = E>,
    ) -> Result<Vec<Published>, StoreError> {
        let events: Vec<NewEvent> = self.pipeline.prepare_events(events)?;
        let names = events.iter().map(|event| self.routes.of_event(event));
        let Some(name) = one_of("events", names)? else { return Ok(Vec::new()) };
        let client = self.plain(&name).await?;
        self.named(&name, client.publish_all(events).await)
    }

    /// The store that a job belongs to, and the job, which has passed the layers: for those who write it in a transaction of theirs,
    /// with `client.within(&mut tx).enqueue(job)`.
    ///
    /// # Errors
    /// When the job cannot be stored or a layer refuses it, and as [`Stores::client`].
    pub async fn client_for(&self, draft: impl IntoDraft) -> Result<(Client, NewJob), StoreError> {
        let job = self.pipeline.prepare(draft)?;
        let client = self.plain(self.routes.of_job(&job)).await?;
        Ok((client, job))
    }

    /// The one store that jobs belong to; none where there is no job.
    fn one_store(&self, jobs: &[NewJob]) -> Result<Option<String>, Refusal> {
        one_of("jobs", jobs.iter().map(|job| self.routes.of_job(job)))
    }

    /// The answer of a store, with its name where it is away.
    fn named<T>(&self, name: &str, answer: Result<T, StoreError>) -> Result<T, StoreError> {
        answer.map_err(|error| match self.slot(name) {
            Ok(slot) => slot.named(error),
            Err(_) => error,
        })
    }
}

fn one_of<'a>(
    what: &'static str,
    mut names: impl Iterator<Item = &'a str>,
) -> Result<Option<String>, Refusal> {
    let Some(first) = names.next() else { return Ok(None) };
    match names.find(|name| *name != first) {
        None => Ok(Some(first.to_owned())),
        Some(other) => {
            let (one, other) = (first.to_owned(), other.to_owned());
            Err(Refusal::TwoStores { what, one, other })
        }
    }
}
