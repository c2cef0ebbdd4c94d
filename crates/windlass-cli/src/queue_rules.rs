//! What was set for queues, or is said of them in `windlass.toml`: bounds and aging.

use windlass::StoreError;
use windlass::queue::{Aging, QueueBound};
use windlass::store::Store;

/// The bounds of queues, and how their jobs age.
#[derive(Debug, Default)]
pub(crate) struct QueueRules {
    pub(crate) bounds: Vec<QueueBound>,
    pub(crate) agings: Vec<Aging>,
}

impl QueueRules {
    /// What is set now.
    pub(crate) async fn of(store: &dyn Store) -> Result<Self, StoreError> {
        Ok(Self { bounds: store.bounds().await?, agings: store.agings().await? })
    }

    /// Sets these where a queue has none: what a person has set stays.
    pub(crate) async fn declare(&self, store: &dyn Store) -> Result<(), StoreError> {
        if self.bounds.is_empty() && self.agings.is_empty() {
            return Ok(());
        }
        let set = Self::of(store).await?;
        for bound in self.bounds.iter().filter(|one| set.bound(&one.queue).is_none()) {
            store.bound(bound).await?;
        }
        for aging in self.agings.iter().filter(|one| set.aging(&one.queue).is_none()) {
            store.age(aging).await?;
        }
        Ok(())
    }

    /// The bound of a queue.
    pub(crate) fn bound(&self, name: &str) -> Option<&QueueBound> {
        self.bounds.iter().find(|bound| bound.queue == name)
    }

    /// How the jobs of a queue age.
    pub(crate) fn aging(&self, name: &str) -> Option<&Aging> {
        self.agings.iter().find(|aging| aging.queue == name)
    }
}
