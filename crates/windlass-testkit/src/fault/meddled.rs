//! A store in which somebody does something right after events were read, once.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use super::forward::forward;
use super::forward::names::*;

/// What is done, on the store behind it.
pub type Meddling = Box<dyn FnOnce(Arc<dyn Store>) -> Reply<'static, ()> + Send>;

/// The store.
pub struct MeddledStore {
    store: Arc<dyn Store>,
    meddling: Mutex<Option<Meddling>>,
}

impl fmt::Debug for MeddledStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MeddledStore").finish_non_exhaustive()
    }
}

impl MeddledStore {
    /// A store in which this happens when events are read for the first time.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, meddling: Meddling) -> Self {
        Self { store, meddling: Mutex::new(Some(meddling)) }
    }

    fn take(&self) -> Option<Meddling> {
        self.meddling.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl EventStore for MeddledStore {
    fn events(&self, after: u64, most: usize) -> Reply<'_, Vec<EventRecord>> {
        Box::pin(async move {
            let events = self.store.events(after, most).await?;
            if let Some(meddling) = self.take() {
                meddling(Arc::clone(&self.store)).await?;
            }
            Ok(events)
        })
    }

    forward!(publish sequence events_by_name event_heads keep_events);
}

impl JobStore for MeddledStore {
    forward!(enqueue claim settle release cancel retry move_jobs in_hand complete_with open_lane job look job_heads jobs counts duplicates);
}

impl HealthStore for MeddledStore {
    forward!(observe);
    forward!(lanes);
}

impl OperationStore for MeddledStore {
    forward!(operations);
}

impl StatsStore for MeddledStore {
    forward!(stats);
}

impl TokenStore for MeddledStore {
    forward!(tokens);
}

impl UserStore for MeddledStore {
    forward!(users);
}

impl IdempotencyStore for MeddledStore {
    forward!(idempotency);
}

impl EditStore for MeddledStore {
    forward!(edit);
}

impl AuditStore for MeddledStore {
    forward!(audit);
}

impl AlertStore for MeddledStore {
    forward!(alerts);
}

impl BatchStore for MeddledStore {
    forward!(open_batch seal_batch batch batches);
}

impl SubscriptionStore for MeddledStore {
    forward!(subscriptions route);
}

impl SourceStore for MeddledStore {
    forward!(sources import);
}

impl ConditionStore for MeddledStore {
    forward!(signal signalled waive conditions);
}

impl StepStore for MeddledStore {
    forward!(record_steps recall steps);
}

impl ProgressStore for MeddledStore {
    forward!(report last_checkpoint progress log);
}

impl LimitStore for MeddledStore {
    forward!(set_limit remove_limit close_breaker limits);
}

impl QueueStore for MeddledStore {
    forward!(pause resume queues paused_kinds bounds agings unserved);
}

impl WorkerStore for MeddledStore {
    forward!(register heartbeat leave quiet builds workers);
}

impl ScheduleStore for MeddledStore {
    forward!(schedules fire);
}

impl MaintenanceStore for MeddledStore {
    forward!(sweep tidy);
}

impl Store for MeddledStore {
    forward!(facts schema wakeups);
}
