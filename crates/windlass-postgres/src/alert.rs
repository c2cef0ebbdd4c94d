//! The verbs of alerts. What happens at a moment is told by functions of the schema, in the statements that make it true:
//! `migrations/0001_alerts.sql`.

mod change;
mod list;
mod mute;

use windlass_core::alert::{AlertChange, AlertStore, Alerts, Mute, MuteName};
use windlass_core::store::{Now, Reply};

use crate::store::PostgresStore;

impl AlertStore for PostgresStore {
    fn alerts(&self) -> Reply<'_, Alerts> {
        Box::pin(list::alerts(&self.claims))
    }

    fn alert<'a>(&'a self, changes: &'a [AlertChange], seen: u64, now: Now) -> Reply<'a, bool> {
        Box::pin(change::change(&self.claims, (changes, seen), now))
    }

    fn mute_alerts<'a>(&'a self, mute: &'a Mute, now: Now) -> Reply<'a, ()> {
        Box::pin(mute::mute(&self.claims, mute, now))
    }

    fn unmute_alerts<'a>(&'a self, name: &'a MuteName) -> Reply<'a, bool> {
        Box::pin(mute::unmute(&self.claims, name))
    }

    fn declare_mutes<'a>(&'a self, kinds: &'a [String], now: Now) -> Reply<'a, ()> {
        Box::pin(mute::declare(&self.claims, kinds, now))
    }
}
