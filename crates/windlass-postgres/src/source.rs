//! The verbs of sources.

mod change;
mod hold;
mod import;
mod list;
mod quarantine;

use windlass_core::id::EventId;
use windlass_core::source::{
    Hold, Holding, ImportPage, Imported, QuarantineRecord, Release, Reset, SourceGap, SourceRecord,
    SourceStore,
};
use windlass_core::store::{Now, Reply};

use crate::store::PostgresStore;

impl SourceStore for PostgresStore {
    fn declare_source<'a>(&'a self, name: &'a str, about: &'a str, now: Now) -> Reply<'a, ()> {
        Box::pin(hold::declare(&self.claims, (name, about), now))
    }

    fn hold_source<'a>(&'a self, hold: &'a Hold, now: Now) -> Reply<'a, Holding> {
        Box::pin(hold::hold((&self.writes, &self.waiting), hold, now))
    }

    fn let_go_of_source<'a>(&'a self, name: &'a str, epoch: u64) -> Reply<'a, ()> {
        Box::pin(hold::let_go(&self.claims, name, epoch))
    }

    fn import<'a>(&'a self, page: &'a ImportPage, now: Now) -> Reply<'a, Imported> {
        Box::pin(import::import((&self.writes, &self.waiting), page, now))
    }

    fn sources(&self) -> Reply<'_, Vec<SourceRecord>> {
        Box::pin(list::sources(&self.claims))
    }

    fn source<'a>(&'a self, name: &'a str) -> Reply<'a, Option<SourceRecord>> {
        Box::pin(list::source(&self.claims, name))
    }

    fn source_gaps<'a>(&'a self, name: &'a str, most: usize) -> Reply<'a, Vec<SourceGap>> {
        Box::pin(list::gaps(&self.claims, name, most))
    }

    fn close_source_gaps<'a>(
        &'a self,
        name: &'a str,
        event: Option<EventId>,
        now: Now,
    ) -> Reply<'a, u64> {
        Box::pin(change::close_gaps(&self.claims, (name, event), now))
    }

    fn pause_source<'a>(
        &'a self,
        name: &'a str,
        note: Option<&'a str>,
        now: Now,
    ) -> Reply<'a, bool> {
        Box::pin(change::pause((&self.writes, &self.waiting), (name, note), now))
    }

    fn resume_source<'a>(&'a self, name: &'a str, now: Now) -> Reply<'a, bool> {
        Box::pin(change::resume((&self.writes, &self.waiting), name, now))
    }

    fn reset_source<'a>(&'a self, name: &'a str, to: Reset<'a>, now: Now) -> Reply<'a, bool> {
        Box::pin(change::reset((&self.writes, &self.waiting), (name, to), now))
    }

    fn remove_source<'a>(&'a self, name: &'a str) -> Reply<'a, bool> {
        Box::pin(change::remove(&self.claims, name))
    }

    fn quarantined<'a>(
        &'a self,
        name: &'a str,
        after: u64,
        most: usize,
    ) -> Reply<'a, Vec<QuarantineRecord>> {
        Box::pin(quarantine::list(&self.claims, name, after, most))
    }

    fn release_quarantined<'a>(
        &'a self,
        name: &'a str,
        released: &'a [Release],
        now: Now,
    ) -> Reply<'a, Vec<bool>> {
        Box::pin(quarantine::release((&self.writes, &self.waiting), (name, released), now))
    }
}
