//! The verbs of queues.

pub(crate) mod list;
pub(crate) mod pause;
pub(crate) mod unserved;

use crate::store::at;
use windlass_core::json::storable_text;
use windlass_core::limits::ERROR_BYTES;
use windlass_core::queue::{QueueRecord, QueueStore, Unserved};
use windlass_core::store::{Now, Reply};

use crate::connection::reader::in_one_snapshot;
use crate::job::count;
use crate::store::SqliteStore;
use crate::worker;

impl QueueStore for SqliteStore {
    fn pause<'a>(&'a self, queue: &'a str, note: Option<&'a str>, now: Now) -> Reply<'a, ()> {
        Box::pin(async move {
            let (queue, note) =
                (queue.to_owned(), note.map(|note| storable_text(note, ERROR_BYTES)));
            self.writer.write(move |c| pause::pause(c, &queue, note.as_deref(), at(now))).await
        })
    }

    fn resume<'a>(&'a self, queue: &'a str, _now: Now) -> Reply<'a, bool> {
        Box::pin(async move {
            let owned = queue.to_owned();
            let was_paused = self.writer.write(move |c| pause::resume(c, &owned)).await?;
            self.wakeups.work_on(queue);
            Ok(was_paused)
        })
    }

    fn queues(&self) -> Reply<'_, Vec<QueueRecord>> {
        Box::pin(self.readers.read(in_one_snapshot(|c| {
            let counts = count::counts(c)?;
            list::queues(c, counts, &worker::list::workers(c)?)
        })))
    }

    fn unserved(&self, now: Now) -> Reply<'_, Vec<Unserved>> {
        Box::pin(self.readers.read(in_one_snapshot(move |c| {
            unserved::unserved(c, &worker::list::workers(c)?, at(now))
        })))
    }
}
