//! The verbs of the audit.

mod add;
mod list;

pub(crate) use add::forget;
use windlass_core::audit::{Act, AuditStore, EntriesWanted, Entry, EntryDigest};
use windlass_core::store::{Now, Reply};

use crate::store::PostgresStore;

impl AuditStore for PostgresStore {
    fn add_act<'a>(&'a self, act: &'a Act, now: Now) -> Reply<'a, Entry> {
        Box::pin(async move {
            act.check()?;
            add::add(&self.writes, act, now).await
        })
    }

    fn acts<'a>(&'a self, wanted: &'a EntriesWanted) -> Reply<'a, Vec<Entry>> {
        Box::pin(list::acts(&self.claims, wanted))
    }

    fn acts_after(&self, number: u64, limit: usize) -> Reply<'_, Vec<Entry>> {
        Box::pin(list::acts_after(&self.claims, number, limit))
    }

    fn audit_start(&self) -> Reply<'_, (u64, EntryDigest)> {
        Box::pin(list::start(&self.claims))
    }
}
