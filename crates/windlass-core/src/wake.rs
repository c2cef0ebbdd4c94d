//! Wake-ups: hints from a store to the workers of this process that something has come.
//!
//! A hint may be late or lost, and one that finds nobody asleep is simply kept. Correctness
//! rests on polling; hints only make it fast.

use std::collections::{BTreeSet, HashMap};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Notify;

use crate::id::WorkerId;

/// The workers of this process that a store can wake.
#[derive(Debug, Default)]
pub struct Wakeups {
    sleepers: Mutex<HashMap<WorkerId, Sleeper>>,
    /// Whether hints from other processes arrive at present.
    is_hearing: AtomicBool,
}

#[derive(Debug)]
struct Sleeper {
    queues: Vec<String>,
    wake_handle: Arc<WakeHandle>,
}

/// What rings for one worker.
#[derive(Debug, Default)]
pub struct WakeHandle {
    work: Notify,
    news: Notify,
    events: Notify,
}

impl WakeHandle {
    /// Resolves when a queue of the worker may have got work since the last time.
    pub async fn work(&self) {
        self.work.notified().await;
    }

    /// Resolves when maintenance may have got earlier, or a heartbeat would bring news.
    pub async fn news(&self) {
        self.news.notified().await;
    }

    /// Resolves when somebody may have published since the last time.
    pub async fn events(&self) {
        self.events.notified().await;
    }

    /// Rings for work.
    pub fn wake_for_work(&self) {
        self.work.notify_one();
    }

    /// Rings for news.
    pub fn wake_for_news(&self) {
        self.news.notify_one();
    }
}

impl Wakeups {
    /// Makes a worker wakeable until [`Wakeups::forget`].
    pub fn add(&self, worker: WorkerId, queues: Vec<String>) -> Arc<WakeHandle> {
        let wake_handle = Arc::new(WakeHandle::default());
        let sleeper = Sleeper { queues, wake_handle: Arc::clone(&wake_handle) };
        self.lock().insert(worker, sleeper);
        wake_handle
    }

    /// Takes a worker off the list.
    pub fn forget(&self, worker: WorkerId) {
        self.lock().remove(&worker);
    }

    /// Work has come on a queue: wakes every worker here that serves it.
    pub fn work_on(&self, queue: &str) {
        for sleeper in self.lock().values() {
            if sleeper.queues.iter().any(|served| served == queue) {
                sleeper.wake_handle.wake_for_work();
            }
        }
    }

    /// Work may have come on any queue, as after a reconnect.
    pub fn work_anywhere(&self) {
        self.lock().values().for_each(|sleeper| sleeper.wake_handle.wake_for_work());
    }

    /// Work has come for one worker.
    pub fn work_for(&self, worker: WorkerId) {
        if let Some(sleeper) = self.lock().get(&worker) {
            sleeper.wake_handle.wake_for_work();
        }
    }

    /// Somebody may have published: tells whichever worker here feeds the subscriptions.
    pub fn events(&self) {
        self.lock().values().for_each(|sleeper| sleeper.wake_handle.events.notify_one());
    }

    /// Something else may have come for anybody: a job due later, or what was said while nobody
    /// listened.
    pub fn news(&self) {
        self.lock().values().for_each(|sleeper| sleeper.wake_handle.wake_for_news());
    }

    /// Something else has come for one worker, such as a cancel request.
    pub fn news_for(&self, worker: WorkerId) {
        if let Some(sleeper) = self.lock().get(&worker) {
            sleeper.wake_handle.wake_for_news();
        }
    }

    /// Whether hints from other processes arrive at present. Where they do not (a pooler, a broken
    /// connection) a worker that must know soon has to poll.
    ///
    /// It may be wrong for some seconds after a connection was cut off far away.
    #[must_use]
    pub fn hears(&self) -> bool {
        self.is_hearing.load(Ordering::Relaxed)
    }

    /// From now on hints from other processes arrive. For stores.
    pub fn begin_to_hear(&self) {
        self.is_hearing.store(true, Ordering::Relaxed);
    }

    /// Until [`Wakeups::begin_to_hear`] no hints from other processes arrive. For stores.
    pub fn stop_hearing(&self) {
        self.is_hearing.store(false, Ordering::Relaxed);
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

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    /// X18: news for one worker wakes no other.
    #[test]
    fn news_for_one_worker_wakes_it_alone() {
        let wakeups = Wakeups::default();
        let (told, other) = (WorkerId::new(), WorkerId::new());
        let handles = [told, other].map(|worker| wakeups.add(worker, Vec::new()));
        wakeups.news_for(told);
        wakeups.news_for(WorkerId::new());
        assert!(handles[0].news().now_or_never().is_some());
        assert!(handles[1].news().now_or_never().is_none());
    }

    /// X18: a store hears nothing until it says that it does.
    #[test]
    fn a_store_hears_only_while_it_says_so() {
        let wakeups = Wakeups::default();
        assert!(!wakeups.hears());
        wakeups.begin_to_hear();
        assert!(wakeups.hears());
        wakeups.stop_hearing();
        assert!(!wakeups.hears());
    }
}
