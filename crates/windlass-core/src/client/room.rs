//! Room: an enqueue to a queue that has a bound waits for room, or is refused.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::Client;
use crate::error::StoreError;
use crate::job::NewJob;
use crate::limits::{BOUNDS_SEEN, ROOM_WAIT};
use crate::queue::{QueueBound, WhenFull};

/// Waits between looks at a full queue: from the first to the last, doubling.
const LOOKS: (Duration, Duration) = (Duration::from_millis(10), Duration::from_millis(500));

/// When bounds were seen, and which.
type Seen = (Instant, Arc<[QueueBound]>);

/// The bounds as they were seen last, for all clones of a client, and how long this one waits for room.
#[derive(Clone)]
pub(super) struct Room {
    seen: Arc<Mutex<Option<Seen>>>,
    patience: Duration,
}

impl Default for Room {
    fn default() -> Self {
        Self { seen: Arc::default(), patience: ROOM_WAIT }
    }
}

/// Bounds on the length of queues.
impl Client {
    /// How long an enqueue waits for room in a queue whose bound says so, before it is refused: 30 s unless said
    /// otherwise. Calls inside a transaction of the caller's do not wait.
    #[must_use]
    pub fn waiting_for_room(mut self, patience: Duration) -> Self {
        self.room.patience = patience;
        self
    }

    /// Bounds a queue: enqueues wait or are refused while so many of its jobs are available. This client and its clones
    /// see it at once, every other within 2 s.
    ///
    /// # Errors
    /// [`StoreError::Refused`] for a name that no queue can have and for a bound of 0, otherwise what kept the
    /// store from writing.
    pub async fn bound(&self, bound: QueueBound) -> Result<(), StoreError> {
        bound.check()?;
        self.store.bound(&bound).await?;
        self.forget_bounds();
        Ok(())
    }

    /// Takes a queue's bound away. `false` where it had none.
    ///
    /// # Errors
    /// What kept the store from writing.
    pub async fn unbound(&self, queue: &str) -> Result<bool, StoreError> {
        let was_bound = self.store.unbound(queue).await?;
        self.forget_bounds();
        Ok(was_bound)
    }

    /// The queues that have a bound.
    ///
    /// # Errors
    /// When the store cannot be asked.
    pub async fn bounds(&self) -> Result<Vec<QueueBound>, StoreError> {
        self.store.bounds().await
    }

    /// Refuses jobs for a queue that is full: for those that write them themselves.
    ///
    /// # Errors
    /// [`StoreError::QueueFull`], or when the store cannot be asked.
    pub async fn check_room(&self, jobs: &[NewJob]) -> Result<(), StoreError> {
        self.room(jobs, Duration::ZERO).await
    }

    pub(super) async fn wait_for_room(&self, jobs: &[NewJob]) -> Result<(), StoreError> {
        self.room(jobs, self.room.patience).await
    }

    async fn room(&self, jobs: &[NewJob], patience: Duration) -> Result<(), StoreError> {
        if self.seen_bounds().await?.is_empty() {
            return Ok(());
        }
        let until = Instant::now() + patience;
        for queue in jobs.iter().map(|job| job.queue.as_str()).collect::<BTreeSet<_>>() {
            self.room_in(queue, until).await?;
        }
        Ok(())
    }

    async fn room_in(&self, queue: &str, until: Instant) -> Result<(), StoreError> {
        let mut pause = LOOKS.0;
        loop {
            // Looked up again and again: somebody may take the bound away.
            let bounds = self.seen_bounds().await?;
            let Some(bound) = bounds.iter().find(|bound| bound.queue == queue) else {
                return Ok(());
            };
            if !self.store.is_full(bound).await? {
                return Ok(());
            }
            let left = until.saturating_duration_since(Instant::now());
            if bound.when_full == WhenFull::Error || left.is_zero() {
                return Err(StoreError::QueueFull { queue: queue.to_owned(), limit: bound.jobs });
            }
            tokio::time::sleep(pause.min(left)).await;
            pause = (pause * 2).min(LOOKS.1);
        }
    }

    /// The next enqueue looks again.
    pub(super) fn forget_bounds(&self) {
        *self.room.seen.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    async fn seen_bounds(&self) -> Result<Arc<[QueueBound]>, StoreError> {
        let last = self.room.seen.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some((_, bounds)) = last.filter(|(at, _)| at.elapsed() < BOUNDS_SEEN) {
            return Ok(bounds);
        }
        let bounds: Arc<[QueueBound]> = self.store.bounds().await?.into();
        let seen = (Instant::now(), Arc::clone(&bounds));
        *self.room.seen.lock().unwrap_or_else(PoisonError::into_inner) = Some(seen);
        Ok(bounds)
    }
}
