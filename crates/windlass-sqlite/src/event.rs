//! The verbs of events.

pub(crate) mod keep;
pub(crate) mod list;
pub mod publish;
pub(crate) mod renew;

use windlass_core::event::{
    EventHead, EventRecord, EventStore, Keep, LogRecord, NewEvent, Published,
};
use windlass_core::id::{EventId, JobId, WorkerId};
use windlass_core::store::{Now, Reply};

use crate::store::{SqliteStore, at};

impl EventStore for SqliteStore {
    fn publish<'a>(&'a self, events: &'a [NewEvent], now: Now) -> Reply<'a, Vec<Published>> {
        let events: std::sync::Arc<[NewEvent]> = events.into();
        Box::pin(async move {
            events.iter().try_for_each(NewEvent::check)?;
            let published =
                self.writer.write(move |c| publish::publish(c, &events, at(now))).await?;
            self.wakeups.events();
            Ok(published)
        })
    }

    /// An event has its position when it is published.
    fn sequence(&self, _most: usize, _now: Now) -> Reply<'_, u64> {
        Box::pin(std::future::ready(Ok(0)))
    }

    fn event(&self, id: EventId) -> Reply<'_, Option<EventRecord>> {
        Box::pin(self.readers.read(move |c| list::event(c, id)))
    }

    fn events(&self, after: u64, most: usize) -> Reply<'_, Vec<EventRecord>> {
        Box::pin(self.readers.read(move |c| list::events(c, after, most)))
    }

    fn event_heads(&self, after: u64, most: usize) -> Reply<'_, Vec<EventHead>> {
        Box::pin(self.readers.read(move |c| list::event_heads(c, after, most)))
    }

    fn events_at<'a>(&'a self, positions: &'a [u64]) -> Reply<'a, Vec<EventRecord>> {
        let positions = positions.to_vec();
        Box::pin(self.readers.read(move |c| list::events_at(c, &positions)))
    }

    fn events_of_tree(&self, root: JobId, most: usize) -> Reply<'_, Vec<EventRecord>> {
        Box::pin(self.readers.read(move |c| list::events_of_tree(c, root, most)))
    }

    /// Who watches commits tells of events, too.
    fn await_events(&self, _worker: WorkerId) -> Reply<'_, bool> {
        Box::pin(std::future::ready(Ok(false)))
    }

    fn keep_events(&self, keep: Keep) -> Reply<'_, ()> {
        Box::pin(self.writer.write(move |c| keep::keep(c, keep)))
    }

    fn renew_log(&self, now: Now) -> Reply<'_, u64> {
        Box::pin(self.writer.write(move |c| renew::renew(c, at(now))))
    }

    fn event_log(&self) -> Reply<'_, LogRecord> {
        Box::pin(self.readers.read(list::log))
    }
}
