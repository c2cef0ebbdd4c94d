//! The verbs of alerts.

mod change;
mod list;
mod mute;
pub(crate) mod tell;

use std::sync::Arc;

use windlass_core::alert::{AlertChange, AlertStore, Alerts, Mute, MuteName};
use windlass_core::store::{Now, Reply};

use crate::connection::reader::in_one_snapshot;
use crate::store::{SqliteStore, at};

pub(crate) use list::WANTED;

impl AlertStore for SqliteStore {
    fn alerts(&self) -> Reply<'_, Alerts> {
        Box::pin(self.readers.read(in_one_snapshot(list::alerts)))
    }

    fn alert<'a>(&'a self, changes: &'a [AlertChange], seen: u64, now: Now) -> Reply<'a, bool> {
        let changes: Arc<[AlertChange]> = changes.into();
        Box::pin(async move {
            let change = move |c: &_| change::change(c, (&changes, seen), at(now));
            let is_written = self.writer.write(change).await?;
            if is_written {
                self.wakeups.events();
            }
            Ok(is_written)
        })
    }

    fn mute_alerts<'a>(&'a self, mute: &'a Mute, now: Now) -> Reply<'a, ()> {
        let mute = mute.clone();
        Box::pin(self.writer.write(move |c| mute::mute(c, &mute, at(now))))
    }

    fn unmute_alerts<'a>(&'a self, name: &'a MuteName) -> Reply<'a, bool> {
        let name = name.clone();
        Box::pin(self.writer.write(move |c| mute::unmute(c, &name)))
    }

    fn declare_mutes<'a>(&'a self, kinds: &'a [String], now: Now) -> Reply<'a, ()> {
        let kinds: Arc<[String]> = kinds.into();
        Box::pin(async move {
            let (known, wanted) = (self.readers.read(mute::declared).await?, mute::names(&kinds));
            if known == wanted {
                return Ok(());
            }
            self.writer.write(move |c| mute::declare(c, &kinds, at(now))).await
        })
    }
}
