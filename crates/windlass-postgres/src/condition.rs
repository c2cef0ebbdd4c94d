//! The verbs of conditions.

pub(crate) mod coalesce;
pub(crate) mod forget;
pub(crate) mod list;
pub(crate) mod pass;
pub mod signal;
pub(crate) mod waive;

use windlass_core::condition::{
    ConditionRecord, ConditionStore, Signal, SignalRecord, Signalled, Waived,
};
use windlass_core::id::JobId;
use windlass_core::json::storable_text;
use windlass_core::limits::ERROR_BYTES;
use windlass_core::store::{Now, Reply};

use self::coalesce::Told;
use crate::store::PostgresStore;

impl ConditionStore for PostgresStore {
    fn signal<'a>(&'a self, signal: &'a Signal, now: Now) -> Reply<'a, Signalled> {
        Box::pin(async move {
            signal.check()?;
            let told = match self.signals.signal(signal, now).await {
                Told::Answer(answer) => answer?,
                Told::Alone => signal::signal((&self.writes, &self.waiting), signal, now).await?,
            };
            self.wakeups.work_anywhere();
            Ok(told)
        })
    }

    fn signalled<'a>(&'a self, key: &'a str) -> Reply<'a, Option<SignalRecord>> {
        Box::pin(signal::signalled(&self.writes, key))
    }

    fn waive<'a>(
        &'a self,
        job: JobId,
        name: &'a str,
        note: Option<&'a str>,
        now: Now,
    ) -> Reply<'a, Waived> {
        let note = note.map(|note| storable_text(note, ERROR_BYTES));
        Box::pin(async move {
            let (writes, note) = ((&*self.writes, &*self.waiting), note.as_deref());
            let waived = waive::waive(writes, (job, name), note, now).await?;
            self.wakeups.work_anywhere();
            Ok(waived)
        })
    }

    fn conditions(&self, job: JobId) -> Reply<'_, Vec<ConditionRecord>> {
        Box::pin(list::conditions(&self.claims, job))
    }
}
