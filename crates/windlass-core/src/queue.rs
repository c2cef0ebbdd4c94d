//! Queues as others see them.
use crate::job::HandlerKey;
use crate::reply::{Now, Reply};
use crate::time::Timestamp;
use crate::worker::WorkerRecord;
use serde::Serialize;

/// A queue as others see it.
#[derive(Debug, Clone, Serialize)]
pub struct QueueRecord {
    /// Its name.
    pub name: String,
    /// Since when it is paused.
    pub paused_at: Option<Timestamp>,
    /// Why, and by whom.
    pub note: Option<String>,
    /// Live workers that serve it.
    pub workers: u32,
    /// Since when its oldest available job is due.
    pub oldest_due_at: Option<Timestamp>,
}

/// Jobs that wait for a worker that does not exist.
#[derive(Debug, Clone, Serialize)]
pub struct Unserved {
    /// Their queue.
    pub queue: String,
    /// Their kind.
    pub kind: String,
    /// The version of their args.
    pub version: u16,
    /// How many there are.
    pub jobs: u64,
    /// When the oldest was due.
    pub oldest_due_at: Timestamp,
    /// Whether some live worker serves the queue (and only the kind is unknown).
    pub queue_served: bool,
}

impl Unserved {
    /// The group, marked whether its queue is served; nothing where some worker that is alive
    /// serves the queue and knows the kind.
    #[must_use]
    pub fn unless_served(mut self, workers: &[WorkerRecord], now: Timestamp) -> Option<Self> {
        let key = HandlerKey::new(&self.kind, self.version);
        let serves =
            |worker: &&WorkerRecord| worker.expires_at > now && worker.queues.contains(&self.queue);
        let mut serving = workers.iter().filter(serves).peekable();
        let queue_served = serving.peek().is_some();
        let is_served = serving.any(|worker| worker.handlers.contains(&key));
        self.queue_served = queue_served;
        (!is_served).then_some(self)
    }
}

/// The verbs of queues.
pub trait QueueStore: Send + Sync {
    /// Stops claims from a queue, also for workers that come later.
    fn pause<'a>(&'a self, queue: &'a str, note: Option<&'a str>, now: Now) -> Reply<'a, ()>;

    /// Lets claims from a queue go on. `false` where it was not paused.
    fn resume<'a>(&'a self, queue: &'a str, now: Now) -> Reply<'a, bool>;

    /// Queues that have jobs, workers or a pause.
    fn queues(&self) -> Reply<'_, Vec<QueueRecord>>;

    /// Jobs that are due and that no live worker could run.
    fn unserved(&self, now: Now) -> Reply<'_, Vec<Unserved>>;
}
