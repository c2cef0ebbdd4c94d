//! Wake-ups: hints from a store to the workers of this process that something has come.
//!
//! A hint may be late or lost, and one that finds nobody asleep is simply kept. Correctness
//! rests on polling; hints only make it fast.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Notify;

use crate::id::WorkerId;

/// The workers of this process that a store can wake.
#[derive(Debug, Default)]
pub struct Wakeups {
    sleepers: Mutex<HashMap<WorkerId, Sleeper>>,
}

#[derive(Debug)]
struct Sleeper {
    queues: Vec<String>,
    bell: Arc<Bell>,
}

/// What rings for one worker.
#[derive(Debug, Default)]
pub struct Bell {
    work: Notify,
    news: Notify,
}

impl Bell {
    /// Resolves when a queue of the worker may have got work since the last time.
    pub async fn work(&self) {
        self.work.notified().await;
    }

    /// Resolves when time-driven duties may have got earlier, or a heartbeat would bring news.
    pub async fn news(&self) {
        self.news.notified().await;
    }

    /// Rings for work.
    pub fn ring_work(&self) {
        self.work.notify_one();
    }

    /// Rings for news.
    pub fn ring_news(&self) {
        self.news.notify_one();
    }
}

impl Wakeups {
    /// Makes a worker wakeable until [`Wakeups::forget`].
    pub fn add(&self, worker: WorkerId, queues: Vec<String>) -> Arc<Bell> {
        let bell = Arc::new(Bell::default());
        let sleeper = Sleeper { queues, bell: Arc::clone(&bell) };
        self.lock().insert(worker, sleeper);
        bell
    }

    /// Takes a worker off the list.
    pub fn forget(&self, worker: WorkerId) {
        self.lock().remove(&worker);
    }

    /// Work has come on a queue: wakes every worker here that serves it.
    pub fn work_on(&self, queue: &str) {
        for sleeper in self.lock().values() {
            if sleeper.queues.iter().any(|served| served == queue) {
                sleeper.bell.ring_work();
            }
        }
    }

    /// Work may have come on any queue, as after a reconnect.
    pub fn work_anywhere(&self) {
        self.lock().values().for_each(|sleeper| sleeper.bell.ring_work());
    }

    /// Work has come for one worker.
    pub fn work_for(&self, worker: WorkerId) {
        if let Some(sleeper) = self.lock().get(&worker) {
            sleeper.bell.ring_work();
        }
    }

    /// Something else has come: a job due later, a job called off.
    pub fn news(&self) {
        self.lock().values().for_each(|sleeper| sleeper.bell.ring_news());
    }

    /// Whether anybody here could be woken.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.lock().is_empty()
    }

    /// The queues that workers on the list serve.
    #[must_use]
    pub fn queues(&self) -> BTreeSet<String> {
        self.lock().values().flat_map(|sleeper| sleeper.queues.iter().cloned()).collect()
    }

    /// The workers on the list.
    #[must_use]
    pub fn workers(&self) -> Vec<WorkerId> {
        self.lock().keys().copied().collect()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<WorkerId, Sleeper>> {
        self.sleepers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
