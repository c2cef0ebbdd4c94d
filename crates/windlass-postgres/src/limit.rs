//! The verbs of limits.

pub(crate) mod list;
pub(crate) mod set;

use windlass_core::json::storable_text;
use windlass_core::limit::{Limit, LimitOn, LimitRecord, LimitSet, LimitStore, SetBy};
use windlass_core::limits::ERROR_BYTES;
use windlass_core::store::{Now, Reply};

use crate::store::PostgresStore;

impl LimitStore for PostgresStore {
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
            let set = set::set(&(&*self.writes, &*self.waiting), limit, (by, note.as_deref()), now)
                .await?;
            self.wakeups.work_anywhere();
            Ok(set)
        })
    }

    fn remove_limit<'a>(&'a self, on: &'a LimitOn) -> Reply<'a, bool> {
        Box::pin(async move {
            let was_there = set::remove(&(&*self.writes, &*self.waiting), on).await?;
            self.wakeups.work_anywhere();
            Ok(was_there)
        })
    }

    fn close_breaker<'a>(&'a self, on: &'a LimitOn) -> Reply<'a, bool> {
        Box::pin(async move {
            let was_open = set::close(&self.writes, on).await?;
            self.wakeups.work_anywhere();
            Ok(was_open)
        })
    }

    fn limits(&self, now: Now) -> Reply<'_, Vec<LimitRecord>> {
        Box::pin(list::limits(&self.claims, now))
    }
}
