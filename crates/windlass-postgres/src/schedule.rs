//! The verbs of schedules.

pub(crate) mod due;
pub(crate) mod fire;
pub(crate) mod list;
pub(crate) mod pause;
pub(crate) mod put;
pub(crate) mod remove;

use tokio_postgres::Row;
use windlass_core::error::StoreError;
use windlass_core::json::storable_text;
use windlass_core::limits::ERROR_BYTES;
use windlass_core::schedule::{
    DueSchedules, Fired, Firing, SchedulePut, ScheduleRecord, ScheduleStore,
};
use windlass_core::store::{Now, Reply};

use crate::row::get;
use crate::store::PostgresStore;

/// What a function of the schema answers.
fn first(rows: &[Row]) -> Result<bool, StoreError> {
    rows.first().map_or(Ok(false), |row| get(row, 0))
}

impl ScheduleStore for PostgresStore {
    fn schedules(&self) -> Reply<'_, Vec<ScheduleRecord>> {
        Box::pin(list::schedules(&self.claims))
    }

    fn schedule<'a>(&'a self, name: &'a str) -> Reply<'a, Option<ScheduleRecord>> {
        Box::pin(list::schedule(&self.claims, name))
    }

    fn due_schedules(&self, most: usize, now: Now) -> Reply<'_, DueSchedules> {
        Box::pin(due::due(&self.claims, most, now))
    }

    fn put_schedules<'a>(&'a self, puts: &'a [SchedulePut], now: Now) -> Reply<'a, Vec<bool>> {
        Box::pin(async move {
            let written = put::put(&(&*self.writes, &*self.waiting), puts, now).await?;
            self.wakeups.news();
            Ok(written)
        })
    }

    fn fire<'a>(&'a self, firings: &'a [Firing], now: Now) -> Reply<'a, Fired> {
        Box::pin(fire::fire(&self.writes, firings, now))
    }

    fn pause_schedule<'a>(
        &'a self,
        name: &'a str,
        note: Option<&'a str>,
        now: Now,
    ) -> Reply<'a, bool> {
        let note = note.map(|note| storable_text(note, ERROR_BYTES));
        Box::pin(async move {
            pause::pause((&self.writes, &self.waiting), name, note.as_deref(), now).await
        })
    }

    fn resume_schedule<'a>(&'a self, name: &'a str, now: Now) -> Reply<'a, bool> {
        Box::pin(async move {
            let resumed = pause::resume((&self.writes, &self.waiting), name, now).await?;
            self.wakeups.news();
            Ok(resumed)
        })
    }

    fn remove_schedule<'a>(&'a self, name: &'a str, now: Now) -> Reply<'a, bool> {
        Box::pin(async move { remove::remove(&(&*self.writes, &*self.waiting), name, now).await })
    }
}
