//! The verbs of events.

pub(crate) mod keep;
mod list;
pub mod publish;
mod renew;
mod sequence;

use windlass_core::event::{
    EventHead, EventRecord, EventStore, Keep, LogRecord, NewEvent, Published,
};
use windlass_core::id::{EventId, JobId, WorkerId};
use windlass_core::store::{Now, Reply};

use crate::connection::watch::channel;
use crate::store::PostgresStore;

impl EventStore for PostgresStore {
    fn publish<'a>(&'a self, events: &'a [NewEvent], now: Now) -> Reply<'a, Vec<Published>> {
        Box::pin(async move {
            events.iter().try_for_each(NewEvent::check)?;
            publish::publish((&self.writes, &self.waiting), events, now).await
        })
    }

    fn sequence(&self, most: usize, now: Now) -> Reply<'_, u64> {
        if self.shared.is_standby() {
            return Box::pin(sequence::is_done(&self.claims));
        }
        Box::pin(sequence::sequence(&self.claims, most, now))
    }

    fn event(&self, id: EventId) -> Reply<'_, Option<EventRecord>> {
        Box::pin(list::event(&self.claims, id))
    }

    fn events(&self, after: u64, most: usize) -> Reply<'_, Vec<EventRecord>> {
        Box::pin(list::events(&self.claims, after, most))
    }

    fn event_heads(&self, after: u64, most: usize) -> Reply<'_, Vec<EventHead>> {
        Box::pin(list::event_heads(&self.claims, after, most))
    }

    fn events_at<'a>(&'a self, positions: &'a [u64]) -> Reply<'a, Vec<EventRecord>> {
        Box::pin(list::events_at(&self.claims, positions))
    }

    fn events_of_tree(&self, root: JobId, most: usize) -> Reply<'_, Vec<EventRecord>> {
        Box::pin(list::events_of_tree(&self.claims, root, most))
    }

    /// A worker that nobody can tell is told by a sweep.
    fn await_events(&self, worker: WorkerId) -> Reply<'_, bool> {
        Box::pin(async move {
            match self.local(worker).wakeable {
                true => list::await_events(&self.claims, &channel(worker)).await,
                false => Ok(false),
            }
        })
    }

    fn keep_events(&self, keep: Keep) -> Reply<'_, ()> {
        Box::pin(keep::keep(&self.claims, keep))
    }

    fn renew_log(&self, now: Now) -> Reply<'_, u64> {
        Box::pin(renew::renew(&self.claims, now))
    }

    fn event_log(&self) -> Reply<'_, LogRecord> {
        Box::pin(list::log(&self.claims))
    }
}
