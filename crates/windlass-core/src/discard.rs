//! The store that keeps nothing: for programs that publish and enqueue, and are to run without a database.
//!
//! Nobody gets it by chance: a store whose address is missing or wrong is an error, and this one is chosen by its name.

mod refused;

use std::sync::atomic::{AtomicU64, Ordering};

use serde::Serialize;

use crate::client::Client;
use crate::condition::{Signal, SignalAnswer, Signalled};
use crate::error::{StoreError, Unusable};
use crate::event::{NewEvent, Published};
use crate::job::{Enqueued, NewJob};
use crate::store::{Facts, Reply, Store};
use crate::wake::Wakeups;

/// Takes jobs, events and signals, counts them and throws them away. It refuses everything else: there are no jobs to
/// run, and nothing to be asked for.
///
/// It checks what it is given as a store does, so that what is refused later is refused here too.
#[derive(Debug, Default)]
pub struct DiscardStore {
    discards: Discards,
    wakeups: Wakeups,
}

impl DiscardStore {
    /// Its address.
    pub const URL: &'static str = "discard:";

    /// Opens one, which is logged as a warning.
    #[must_use]
    pub fn open() -> Self {
        tracing::warn!(
            store = Self::URL,
            "jobs, events and signals are counted and thrown away: this store was chosen by name"
        );
        Self::default()
    }

    /// What it has thrown away since it was opened.
    #[must_use]
    pub fn discarded(&self) -> Discarded {
        self.discards.count()
    }
}

impl Store for DiscardStore {
    fn facts(&self) -> Reply<'_, Facts> {
        refused()
    }

    fn schema(&self) -> &str {
        ""
    }

    fn wakeups(&self) -> &Wakeups {
        &self.wakeups
    }

    fn discards(&self) -> Option<&Discards> {
        Some(&self.discards)
    }
}

/// What was thrown away.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Discarded {
    /// Jobs.
    pub jobs: u64,
    /// Events.
    pub events: u64,
    /// Signals.
    pub signals: u64,
}

/// Throws away and counts: for those that write on a caller's own connection.
#[derive(Debug, Default)]
pub struct Discards {
    jobs: AtomicU64,
    events: AtomicU64,
    signals: AtomicU64,
}

impl Discards {
    /// Throws jobs away; the answers are in their order.
    pub fn jobs(&self, jobs: &[NewJob]) -> Vec<Enqueued> {
        self.jobs.fetch_add(jobs.len() as u64, Ordering::Relaxed);
        jobs.iter().map(|job| Enqueued::New(job.id)).collect()
    }

    /// Throws events away; the answers are in their order.
    pub fn events(&self, events: &[NewEvent]) -> Vec<Published> {
        self.events.fetch_add(events.len() as u64, Ordering::Relaxed);
        events.iter().map(|event| Published::New(event.id)).collect()
    }

    /// Throws a signal away, for which nobody waits.
    pub fn signal(&self, _: &Signal) -> Signalled {
        self.signals.fetch_add(1, Ordering::Relaxed);
        Signalled { answer: SignalAnswer::Kept, conditions: 0 }
    }

    /// How many there were.
    #[must_use]
    pub fn count(&self) -> Discarded {
        let count = |number: &AtomicU64| number.load(Ordering::Relaxed);
        let (jobs, events, signals) = (&self.jobs, &self.events, &self.signals);
        Discarded { jobs: count(jobs), events: count(events), signals: count(signals) }
    }
}

/// What was discarded.
impl Client {
    /// What its store has thrown away since it was opened, where that is one that keeps nothing: [`DiscardStore`].
    #[must_use]
    pub fn discarded(&self) -> Option<Discarded> {
        self.store().discards().map(Discards::count)
    }
}

fn refused<'a, T: Send + 'a>() -> Reply<'a, T> {
    let url = DiscardStore::URL;
    let reason = format!(
        "the store `{url}` keeps nothing: it takes jobs, events and signals, and can do nothing else; name a database instead"
    );
    Box::pin(std::future::ready(Err(StoreError::Unusable { reason, kind: Unusable::Url })))
}

fn done<'a, T: Send + 'a>(answer: T) -> Reply<'a, T> {
    Box::pin(std::future::ready(Ok(answer)))
}
