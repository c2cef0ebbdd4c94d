//! The verbs of limits.

pub(crate) mod list;
pub(crate) mod set;

use windlass_core::json::storable_text;
use windlass_core::limit::{Limit, LimitOn, LimitRecord, LimitSet, LimitStore, SetBy};
use windlass_core::limits::ERROR_BYTES;
use windlass_core::store::{Now, Reply};

use crate::connection::reader::in_one_snapshot;
use crate::store::{SqliteStore, at};

impl LimitStore for SqliteStore {
    fn set_limit<'a>(
        &'a self,
        limit: &'a Limit,
        by: SetBy,
        note: Option<&'a str>,
        now: Now,
    ) -> Reply<'a, LimitSet> {
        let note = note.map(|note| storable_text(note, ERROR_BYTES));
        Box::pin(async move {
            limit.check()?;
            let owned = limit.clone();
            let set = self
                .writer
                .write(move |c| set::set(c, &owned, (by, note.as_deref()), at(now)))
                .await?;
            self.wakeups.work_anywhere();
            Ok(set)
        })
    }

    fn remove_limit<'a>(&'a self, on: &'a LimitOn) -> Reply<'a, bool> {
        Box::pin(async move {
            let owned = on.clone();
            let was_there = self.writer.write(move |c| set::remove(c, &owned)).await?;
            self.wakeups.work_anywhere();
            Ok(was_there)
        })
    }

    fn close_breaker<'a>(&'a self, on: &'a LimitOn) -> Reply<'a, bool> {
        Box::pin(async move {
            let owned = on.clone();
            let was_open = self.writer.write(move |c| set::close(c, &owned)).await?;
            self.wakeups.work_anywhere();
            Ok(was_open)
        })
    }

    fn limits(&self, now: Now) -> Reply<'_, Vec<LimitRecord>> {
        Box::pin(self.readers.read(in_one_snapshot(move |c| list::limits(c, at(now)))))
    }
}
