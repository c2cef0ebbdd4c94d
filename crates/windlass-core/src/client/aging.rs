//! Aging: jobs that have waited for long go before more urgent ones.

use super::Client;
use crate::error::{Refusal, StoreError};
use crate::name::check_queue;
use crate::queue::Aging;

/// Queues whose jobs age.
impl Client {
    /// Has the jobs of a queue age: each so much of waiting makes the priority of a job smaller by one, so that none
    /// waits forever behind more urgent ones. The leader does it, at its sweeps. Another call changes the time.
    ///
    /// # Errors
    /// [`StoreError::Refused`] for a name that no queue can have and for a time that is shorter than
    /// [`SHORTEST_AGING`](crate::limits::SHORTEST_AGING) or longer than
    /// [`LONGEST_AGING`](crate::limits::LONGEST_AGING), otherwise what kept the store from writing.
    pub async fn age(&self, aging: Aging) -> Result<(), StoreError> {
        aging.check()?;
        self.store.age(&aging).await
    }

    /// Has the jobs of a queue age no more; what they have gained they keep. `false` where they did not.
    ///
    /// # Errors
    /// [`StoreError::Refused`] for a name that no queue can have, otherwise what kept the store from writing.
    pub async fn stop_aging(&self, queue: &str) -> Result<bool, StoreError> {
        check_queue(queue).map_err(Refusal::from)?;
        self.store.stop_aging(queue).await
    }

    /// The queues whose jobs age.
    ///
    /// # Errors
    /// When the store cannot be asked.
    pub async fn agings(&self) -> Result<Vec<Aging>, StoreError> {
        self.store.agings().await
    }
}
