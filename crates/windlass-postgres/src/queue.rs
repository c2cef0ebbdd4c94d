//! The verbs of queues.

pub(crate) mod list;
pub(crate) mod pause;
pub(crate) mod unserved;

use windlass_core::json::storable_text;
use windlass_core::limits::ERROR_BYTES;
use windlass_core::queue::{QueueRecord, QueueStore, Unserved};
use windlass_core::store::{Now, Reply};

use crate::job::count;
use crate::store::PostgresStore;
use crate::worker;

impl QueueStore for PostgresStore {
    fn pause<'a>(&'a self, queue: &'a str, note: Option<&'a str>, now: Now) -> Reply<'a, ()> {
        let note = note.map(|note| storable_text(note, ERROR_BYTES));
        Box::pin(async move { pause::pause(&self.writes, queue, note.as_deref(), now).await })
    }

    fn resume<'a>(&'a self, queue: &'a str, _now: Now) -> Reply<'a, bool> {
        Box::pin(pause::resume(&self.writes, queue))
    }

    fn queues(&self) -> Reply<'_, Vec<QueueRecord>> {
        Box::pin(async move {
            let counts = count::counts(&self.claims).await?;
            let workers = worker::list::workers(&self.claims).await?;
            list::queues(&self.claims, counts, &workers).await
        })
    }

    fn unserved(&self, now: Now) -> Reply<'_, Vec<Unserved>> {
        Box::pin(async move {
            let now = self.claims.now(now).await?;
            let workers = worker::list::workers(&self.claims).await?;
            unserved::unserved(&self.claims, &workers, now).await
        })
    }
}
