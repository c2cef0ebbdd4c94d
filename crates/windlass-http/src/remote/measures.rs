//! What is counted of the attempts of remote workers for the stats: written with their heartbeats, and at the end.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::time::Instant;
use windlass::job::{Settled, Settlement};
use windlass::limits::STATS_EVERY;
use windlass::stats::{Measures, StatsPart, of_verdict};
use windlass::store::{Now, Store};

use super::registry::Held;

/// What this process has counted, of all the workers that it speaks for.
#[derive(Debug, Default)]
pub(crate) struct RemoteMeasures(Mutex<Counted>);

#[derive(Debug, Default)]
struct Counted {
    measures: Measures,
    /// Not written again before this.
    not_before: Option<Instant>,
}

impl RemoteMeasures {
    /// Jobs were given to a worker.
    pub(super) fn started<'a>(&self, held: impl Iterator<Item = &'a Held>) {
        let mut counted = self.lock();
        for held in held {
            let now = held.since;
            counted.measures.heard((now, now), held.claimed_at);
            counted.measures.started(&held.job, now);
        }
    }

    /// An attempt was settled so; it counts where that was written now.
    pub(super) fn settled(&self, settlement: &Settlement, settled: Settled) {
        if settled == Settled::Done
            && let Some(end) = of_verdict(&settlement.verdict, settled)
        {
            let end = (end, settlement.ran);
            self.lock().measures.ended(&settlement.job, end, Instant::now());
        }
    }

    /// Writes what was counted, where the last time is some time ago.
    pub(super) async fn write_due(&self, store: &dyn Store) {
        let Some(part) = self.due() else { return };
        match store.put_stats_part(&part, Now::Database).await {
            Err(error) if error.is_passing() => {
                tracing::debug!(%error, "what was counted for the stats is written later");
                self.lock().measures.failed();
            }
            Err(error) => {
                tracing::warn!(%error, "what was counted for the stats was refused, and is left out");
                self.lock().measures.written();
            }
            Ok(()) => self.lock().measures.written(),
        }
    }

    /// Writes all that was counted.
    pub(crate) async fn write_all(&self, store: &dyn Store) {
        let parts = self.lock().measures.last();
        for part in parts {
            if let Err(error) = store.put_stats_part(&part, Now::Database).await {
                return tracing::debug!(%error, "what was counted for the stats is lost");
            }
        }
    }

    fn due(&self) -> Option<Arc<StatsPart>> {
        let (now, mut counted) = (Instant::now(), self.lock());
        if counted.not_before.is_some_and(|at| now < at) {
            return None;
        }
        let part = counted.measures.due()?;
        counted.not_before = Some(now + STATS_EVERY);
        Some(part)
    }

    fn lock(&self) -> MutexGuard<'_, Counted> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
