//! The verbs of the audit.

mod add;
mod list;

pub(crate) use add::forget;
use windlass_core::audit::{Act, AuditStore, EntriesWanted, Entry, EntryDigest};
use windlass_core::store::{Now, Reply};

use crate::store::{SqliteStore, at};

impl AuditStore for SqliteStore {
    fn add_act<'a>(&'a self, act: &'a Act, now: Now) -> Reply<'a, Entry> {
        let act = act.clone();
        Box::pin(async move {
            act.check()?;
            self.writer.write(move |c| add::add(c, act.clone(), at(now))).await
        })
    }

    fn acts<'a>(&'a self, wanted: &'a EntriesWanted) -> Reply<'a, Vec<Entry>> {
        let wanted = wanted.clone();
        Box::pin(self.readers.read(move |c| list::acts(c, &wanted)))
    }

    fn acts_after(&self, number: u64, limit: usize) -> Reply<'_, Vec<Entry>> {
        Box::pin(self.readers.read(move |c| list::acts_after(c, number, limit)))
    }

    fn audit_start(&self) -> Reply<'_, (u64, EntryDigest)> {
        Box::pin(self.readers.read(list::start))
    }
}
