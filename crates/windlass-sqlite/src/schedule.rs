//! The verbs of schedules.

pub(crate) mod due;
pub(crate) mod fire;
pub(crate) mod list;
pub(crate) mod pause;
pub(crate) mod put;
pub(crate) mod remove;

use windlass_core::json::storable_text;
use windlass_core::limits::ERROR_BYTES;
use windlass_core::schedule::{
    DueSchedules, Fired, Firing, SchedulePut, ScheduleRecord, ScheduleStore,
};
use windlass_core::store::{Now, Reply};

use crate::store::{SqliteStore, at};

impl ScheduleStore for SqliteStore {
    fn schedules(&self) -> Reply<'_, Vec<ScheduleRecord>> {
        Box::pin(self.readers.read(list::schedules))
    }

    fn schedule<'a>(&'a self, name: &'a str) -> Reply<'a, Option<ScheduleRecord>> {
        let name = name.to_owned();
        Box::pin(self.readers.read(move |c| list::schedule(c, &name)))
    }

    fn due_schedules(&self, most: usize, now: Now) -> Reply<'_, DueSchedules> {
        Box::pin(self.readers.read(move |c| due::due(c, most, at(now))))
    }

    fn put_schedules<'a>(&'a self, puts: &'a [SchedulePut], now: Now) -> Reply<'a, Vec<bool>> {
        Box::pin(async move {
            let owned = puts.to_vec();
            let written = self.writer.write(move |c| put::put(c, &owned, at(now))).await?;
            self.wakeups.news();
            Ok(written)
        })
    }

    fn fire<'a>(&'a self, firings: &'a [Firing], now: Now) -> Reply<'a, Fired> {
        Box::pin(async move {
            let owned = firings.to_vec();
            let fired = self.writer.write(move |c| fire::fire(c, &owned, at(now))).await?;
            let written = firings.iter().zip(&fired.written).filter(|(_, written)| **written);
            let jobs: Vec<_> = written.flat_map(|(firing, _)| &firing.jobs).collect();
            if !jobs.is_empty() {
                self.raise_hopes();
            }
            jobs.iter().for_each(|job| self.wakeups.work_on(&job.queue));
            Ok(fired)
        })
    }

    fn pause_schedule<'a>(
        &'a self,
        name: &'a str,
        note: Option<&'a str>,
        now: Now,
    ) -> Reply<'a, bool> {
        let (name, note) = (name.to_owned(), note.map(|note| storable_text(note, ERROR_BYTES)));
        Box::pin(self.writer.write(move |c| pause::pause(c, &name, note.as_deref(), at(now))))
    }

    fn resume_schedule<'a>(&'a self, name: &'a str, now: Now) -> Reply<'a, bool> {
        let name = name.to_owned();
        Box::pin(async move {
            let resumed = self.writer.write(move |c| pause::resume(c, &name, at(now))).await?;
            self.wakeups.news();
            Ok(resumed)
        })
    }

    fn remove_schedule<'a>(&'a self, name: &'a str, now: Now) -> Reply<'a, bool> {
        let name = name.to_owned();
        Box::pin(self.writer.write(move |c| remove::remove(c, &name, at(now))))
    }
}
