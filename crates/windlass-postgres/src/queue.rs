//! The verbs of queues.

pub(crate) mod aging;
pub(crate) mod bound;
pub(crate) mod list;
pub(crate) mod pause;
pub(crate) mod unserved;

use windlass_core::queue::{
    Aging, Pause, PausedKind, QueueBound, QueueRecord, QueueStore, Scope, Unserved,
};
use windlass_core::store::{Now, Reply};

use crate::job::capped_counts::capped_counts;
use crate::store::PostgresStore;
use crate::worker;

impl QueueStore for PostgresStore {
    fn pause<'a>(&'a self, pause: &'a Pause, now: Now) -> Reply<'a, ()> {
        Box::pin(pause::pause(&self.writes, pause, now))
    }

    fn resume<'a>(&'a self, scope: &'a Scope, now: Now) -> Reply<'a, bool> {
        Box::pin(pause::resume(&self.writes, scope, now))
    }

    fn paused_kinds(&self, now: Now) -> Reply<'_, Vec<PausedKind>> {
        Box::pin(pause::paused_kinds(&self.claims, now))
    }

    fn bound<'a>(&'a self, bound: &'a QueueBound) -> Reply<'a, ()> {
        Box::pin(bound::bound(&*self.writes, bound))
    }

    fn unbound<'a>(&'a self, queue: &'a str) -> Reply<'a, bool> {
        Box::pin(bound::unbound(&*self.writes, queue))
    }

    fn bounds(&self) -> Reply<'_, Vec<QueueBound>> {
        Box::pin(bound::bounds(&*self.writes))
    }

    fn is_full<'a>(&'a self, bound: &'a QueueBound) -> Reply<'a, bool> {
        Box::pin(bound::is_full(&self.writes, bound))
    }

    fn age<'a>(&'a self, aging: &'a Aging) -> Reply<'a, ()> {
        Box::pin(aging::age(&*self.writes, aging))
    }

    fn stop_aging<'a>(&'a self, queue: &'a str) -> Reply<'a, bool> {
        Box::pin(aging::stop(&*self.writes, queue))
    }

    fn agings(&self) -> Reply<'_, Vec<Aging>> {
        Box::pin(aging::agings(&*self.writes))
    }

    fn queues(&self, now: Now) -> Reply<'_, Vec<QueueRecord>> {
        Box::pin(async move {
            let counts = capped_counts(&self.claims, 1).await?;
            let workers = worker::list::workers(&self.claims).await?;
            list::queues(&self.claims, counts, &workers, now).await
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
