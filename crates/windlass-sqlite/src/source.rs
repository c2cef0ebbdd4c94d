//! The verbs of sources.

mod change;
mod hold;
mod import;
mod list;
mod quarantine;

use windlass_core::event::NewEvent;
use windlass_core::id::EventId;
use windlass_core::source::{
    Hold, Holding, ImportPage, Imported, QuarantineRecord, Release, Reset, SourceGap, SourceRecord,
    SourceStore,
};
use windlass_core::store::{Now, Reply};

use crate::store::{SqliteStore, at};

impl SourceStore for SqliteStore {
    fn declare_source<'a>(&'a self, name: &'a str, about: &'a str, now: Now) -> Reply<'a, ()> {
        let (name, about) = (name.to_owned(), about.to_owned());
        Box::pin(async move {
            let known = (name.clone(), about.clone());
            let is_so = move |c: &_| hold::is_declared(c, (&known.0, &known.1));
            // Who says the same once more takes no write lock.
            if self.readers.read(is_so).await? {
                return Ok(());
            }
            self.writer.write(move |c| hold::declare(c, (&name, &about), at(now))).await
        })
    }

    fn hold_source<'a>(&'a self, hold: &'a Hold, now: Now) -> Reply<'a, Holding> {
        let hold = hold.clone();
        Box::pin(async move {
            let asked = hold.clone();
            // Who waits for another one takes no write lock.
            match self.readers.read(move |c| hold::look(c, &asked, at(now))).await? {
                Some(holding) => Ok(holding),
                None => self.writer.write(move |c| hold::hold(c, &hold, at(now))).await,
            }
        })
    }

    fn let_go_of_source<'a>(&'a self, name: &'a str, epoch: u64) -> Reply<'a, ()> {
        let name = name.to_owned();
        Box::pin(self.writer.write(move |c| hold::let_go(c, &name, epoch)))
    }

    fn import<'a>(&'a self, page: &'a ImportPage, now: Now) -> Reply<'a, Imported> {
        let page = page.clone();
        Box::pin(async move {
            page.events.iter().try_for_each(NewEvent::check)?;
            let imported = self.writer.write(move |c| import::import(c, &page, at(now))).await?;
            self.wakeups.events();
            Ok(imported)
        })
    }

    fn sources(&self) -> Reply<'_, Vec<SourceRecord>> {
        Box::pin(self.readers.read(list::sources))
    }

    fn source<'a>(&'a self, name: &'a str) -> Reply<'a, Option<SourceRecord>> {
        let name = name.to_owned();
        Box::pin(self.readers.read(move |c| list::source(c, &name)))
    }

    fn source_gaps<'a>(&'a self, name: &'a str, most: usize) -> Reply<'a, Vec<SourceGap>> {
        let name = name.to_owned();
        Box::pin(self.readers.read(move |c| list::gaps(c, &name, most)))
    }

    fn close_source_gaps<'a>(
        &'a self,
        name: &'a str,
        event: Option<EventId>,
        now: Now,
    ) -> Reply<'a, u64> {
        let name = name.to_owned();
        Box::pin(self.writer.write(move |c| change::close_gaps(c, (&name, event), at(now))))
    }

    fn pause_source<'a>(
        &'a self,
        name: &'a str,
        note: Option<&'a str>,
        now: Now,
    ) -> Reply<'a, bool> {
        let (name, note) = (name.to_owned(), note.map(str::to_owned));
        Box::pin(self.writer.write(move |c| change::pause(c, (&name, note.as_deref()), at(now))))
    }

    fn resume_source<'a>(&'a self, name: &'a str, now: Now) -> Reply<'a, bool> {
        let name = name.to_owned();
        Box::pin(self.writer.write(move |c| change::resume(c, &name, at(now))))
    }

    fn reset_source<'a>(&'a self, name: &'a str, to: Reset<'a>, now: Now) -> Reply<'a, bool> {
        let (name, cursor) = (name.to_owned(), to.cursor().map(str::to_owned));
        Box::pin(self.writer.write(move |c| change::reset(c, (&name, cursor.as_deref()), at(now))))
    }

    fn remove_source<'a>(&'a self, name: &'a str) -> Reply<'a, bool> {
        let name = name.to_owned();
        Box::pin(self.writer.write(move |c| change::remove(c, &name)))
    }

    fn quarantined<'a>(
        &'a self,
        name: &'a str,
        after: u64,
        most: usize,
    ) -> Reply<'a, Vec<QuarantineRecord>> {
        let name = name.to_owned();
        Box::pin(self.readers.read(move |c| quarantine::list(c, &name, after, most)))
    }

    fn release_quarantined<'a>(
        &'a self,
        name: &'a str,
        released: &'a [Release],
        now: Now,
    ) -> Reply<'a, Vec<bool>> {
        let (name, released) = (name.to_owned(), released.to_vec());
        Box::pin(async move {
            released.iter().filter_map(|one| one.event.as_ref()).try_for_each(NewEvent::check)?;
            let gone =
                self.writer.write(move |c| quarantine::release(c, (&name, &released), at(now)));
            let gone = gone.await?;
            self.wakeups.events();
            Ok(gone)
        })
    }
}
