//! The verbs of queues.

pub(crate) mod aging;
pub(crate) mod bound;
pub(crate) mod list;
pub(crate) mod pause;
pub(crate) mod unserved;

use crate::store::at;
use windlass_core::queue::{
    Aging, Pause, PausedKind, QueueBound, QueueRecord, QueueStore, Scope, Unserved,
};
use windlass_core::store::{Now, Reply};

use crate::connection::reader::in_one_snapshot;
use crate::job::capped_counts::capped_counts;
use crate::store::SqliteStore;
use crate::worker;

impl QueueStore for SqliteStore {
    fn pause<'a>(&'a self, pause: &'a Pause, now: Now) -> Reply<'a, ()> {
        let owned = pause.clone();
        Box::pin(self.writer.write(move |c| pause::pause(c, &owned, at(now))))
    }

    fn resume<'a>(&'a self, scope: &'a Scope, now: Now) -> Reply<'a, bool> {
        Box::pin(async move {
            let owned = scope.clone();
            let was_paused = self.writer.write(move |c| pause::resume(c, &owned, at(now))).await?;
            match scope {
                Scope::Queue(queue) => self.wakeups.work_on(queue),
                Scope::Kind(_) => self.wakeups.work_anywhere(),
            }
            Ok(was_paused)
        })
    }

    fn bound<'a>(&'a self, bound: &'a QueueBound) -> Reply<'a, ()> {
        let owned = bound.clone();
        Box::pin(self.writer.write(move |c| bound::bound(c, &owned)))
    }

    fn unbound<'a>(&'a self, queue: &'a str) -> Reply<'a, bool> {
        let owned = queue.to_owned();
        Box::pin(self.writer.write(move |c| bound::unbound(c, &owned)))
    }

    fn bounds(&self) -> Reply<'_, Vec<QueueBound>> {
        Box::pin(self.readers.read(bound::bounds))
    }

    fn is_full<'a>(&'a self, bound: &'a QueueBound) -> Reply<'a, bool> {
        let owned = bound.clone();
        Box::pin(self.readers.read(move |c| bound::is_full(c, &owned)))
    }

    fn age<'a>(&'a self, aging: &'a Aging) -> Reply<'a, ()> {
        let owned = aging.clone();
        Box::pin(self.writer.write(move |c| aging::age(c, &owned)))
    }

    fn stop_aging<'a>(&'a self, queue: &'a str) -> Reply<'a, bool> {
        let owned = queue.to_owned();
        Box::pin(self.writer.write(move |c| aging::stop(c, &owned)))
    }

    fn agings(&self) -> Reply<'_, Vec<Aging>> {
        Box::pin(self.readers.read(aging::agings))
    }

    fn queues(&self, now: Now) -> Reply<'_, Vec<QueueRecord>> {
        Box::pin(self.readers.read(in_one_snapshot(move |c| {
            let counts = capped_counts(c, 1)?;
            list::queues(c, counts, &worker::list::workers(c)?, at(now))
        })))
    }

    fn paused_kinds(&self, now: Now) -> Reply<'_, Vec<PausedKind>> {
        Box::pin(self.readers.read(move |c| pause::paused_kinds(c, at(now))))
    }

    fn unserved(&self, now: Now) -> Reply<'_, Vec<Unserved>> {
        Box::pin(self.readers.read(in_one_snapshot(move |c| {
            unserved::unserved(c, &worker::list::workers(c)?, at(now))
        })))
    }
}
