//! Asking and telling all of several stores.

use std::future::Future;
use std::sync::Arc;

use futures_util::future::join_all;
use windlass_core::client::Client;
use windlass_core::condition::{Signal, Signalled};
use windlass_core::error::StoreError;
use windlass_core::id::JobId;
use windlass_core::job::JobRecord;

use super::Stores;

/// What one of several stores answered.
pub type OfStore<T> = (Arc<str>, Result<T, StoreError>);

/// All of them.
impl Stores {
    /// Asks every store, all at the same time; the answers have the stores' names, and their order. There is no moment for which all
    /// of them hold: each is of its store's own time.
    ///
    /// ```no_run
    /// # async fn count(stores: &windlass::stores::Stores) {
    /// for (store, counts) in stores.each(|client| async move { client.counts().await }).await {
    ///     match counts {
    ///         Ok(counts) => println!("{store}: {} dead", counts.of(windlass::State::Dead)),
    ///         Err(error) => println!("{store} is away: {error}"),
    ///     }
    /// }
    /// # }
    /// ```
    pub async fn each<T, Fut>(&self, ask: impl Fn(Client) -> Fut) -> Vec<OfStore<T>>
    where
        Fut: Future<Output = Result<T, StoreError>>,
    {
        let ask = &ask;
        let asked = self.slots.iter().map(|slot| async move {
            let answer = match self.client(slot.name()).await {
                Ok(client) => ask(client).await.map_err(|error| slot.named(error)),
                Err(error) => Err(error),
            };
            (Arc::from(slot.name()), answer)
        });
        join_all(asked).await
    }

    /// One job, in whichever store it is, with that store's name; all of them are asked.
    ///
    /// # Errors
    /// When none of those that can be asked has it, and some cannot: these are named. It may be there.
    pub async fn job(&self, id: JobId) -> Result<Option<(Arc<str>, JobRecord)>, StoreError> {
        let answers = self.each(|client| async move { client.job(id).await }).await;
        let (mut without, mut away) = (Vec::new(), Vec::new());
        for (name, answer) in answers {
            match answer {
                Ok(Some(job)) => return Ok(Some((name, job))),
                Ok(None) => without.push(name),
                Err(error) => away.push((name, error)),
            }
        }
        if away.is_empty() { Ok(None) } else { Err(perhaps_there(id, &without, away)) }
    }

    /// Tells a signal in every store, since the job that waits for it may be in any of them. Each tells it in a transaction of its
    /// own, and keeps it for those who will wait: telling it again, where one was away, changes nothing in the others.
    ///
    /// The answers are those of [`Client::signal`], each with its store's name.
    #[must_use = "a store that is away was not told"]
    pub async fn signal(&self, signal: &Signal) -> Vec<OfStore<Signalled>> {
        self.each(|client| async move { client.signal(signal.clone()).await }).await
    }
}

/// That a job was not found, and where it was not looked for.
fn perhaps_there(id: JobId, without: &[Arc<str>], away: Vec<(Arc<str>, StoreError)>) -> StoreError {
    let names = |names: &[Arc<str>]| names.join(", ");
    let (away, errors): (Vec<Arc<str>>, Vec<String>) =
        away.into_iter().map(|(name, error)| (name, error.to_string())).unzip();
    let looked = match without {
        [] => String::new(),
        without => format!("job {id} is not in {}; ", names(without)),
    };
    let reason =
        format!("{looked}{} could not be asked for it: {}", names(&away), errors.join("; "));
    StoreError::Unavailable { reason }
}
