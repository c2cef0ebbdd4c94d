//! A store that counts the looks of who follows it: so it is seen who looks how often, and waited until he has looked.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use tokio::sync::watch;

use super::forward::forward;
use super::forward::names::*;

/// How often each verb was called. A call counts once it was answered.
pub type Calls = BTreeMap<&'static str, u64>;

/// The store.
pub struct CountedStore {
    store: Arc<dyn Store>,
    calls: watch::Sender<Calls>,
}

impl fmt::Debug for CountedStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CountedStore").finish_non_exhaustive()
    }
}

impl CountedStore {
    /// A store whose looks are counted: `sequence`, `event_log`, `event_heads`, `job_heads`, `counts` and `token`; and
    /// as `pages` those of `event_heads` that found something.
    #[must_use]
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self { store, calls: watch::Sender::default() }
    }

    /// The calls so far.
    #[must_use]
    pub fn calls(&self) -> Calls {
        self.calls.borrow().clone()
    }

    /// Returns once a verb was called so many times more, each call begun and answered after this.
    pub async fn after(&self, verb: &'static str, times: u64) {
        let mut calls = self.calls.subscribe();
        let of = |calls: &Calls| calls.get(verb).copied().unwrap_or_default();
        // One may be under way.
        let enough = of(&calls.borrow()) + times + 1;
        // The sender is this store's own.
        let _ = calls.wait_for(|calls| of(calls) >= enough).await;
    }

    fn counted<'a, T: 'a>(&'a self, verb: &'static str, reply: Reply<'a, T>) -> Reply<'a, T> {
        Box::pin(async move {
            let answer = reply.await;
            self.count(verb);
            answer
        })
    }

    fn count(&self, what: &'static str) {
        self.calls.send_modify(|calls| *calls.entry(what).or_default() += 1);
    }
}

impl EventStore for CountedStore {
    fn sequence(&self, most: usize, now: Now) -> Reply<'_, u64> {
        self.counted("sequence", self.store.sequence(most, now))
    }

    fn events(&self, after: u64, most: usize) -> Reply<'_, Vec<EventRecord>> {
        self.store.events(after, most)
    }

    fn event_heads(&self, after: u64, most: usize) -> Reply<'_, Vec<EventHead>> {
        Box::pin(async move {
            let heads = self.counted("event_heads", self.store.event_heads(after, most)).await?;
            if !heads.is_empty() {
                self.count("pages");
            }
            Ok(heads)
        })
    }

    fn event_log(&self) -> Reply<'_, LogRecord> {
        self.counted("event_log", self.store.event_log())
    }

    forward!(publish events_by_name keep_events);
}

impl JobStore for CountedStore {
    fn job_heads<'a>(&'a self, jobs: &'a [JobId]) -> Reply<'a, Vec<JobHead>> {
        self.counted("job_heads", self.store.job_heads(jobs))
    }

    fn capped_counts(&self) -> Reply<'_, Counts> {
        self.counted("capped_counts", self.store.capped_counts())
    }

    fn counts(&self) -> Reply<'_, Counts> {
        self.counted("counts", self.store.counts())
    }

    forward!(enqueue claim settle release cancel retry move_jobs in_hand complete_with open_lane job look jobs duplicates);
}

impl HealthStore for CountedStore {
    forward!(observe);
    forward!(lanes);
}

impl TokenStore for CountedStore {
    fn add_token<'a>(&'a self, token: &'a Token, now: Now) -> Reply<'a, bool> {
        self.store.add_token(token, now)
    }

    fn token(&self, digest: TokenDigest) -> Reply<'_, Option<TokenRecord>> {
        self.counted("token", self.store.token(digest))
    }

    fn tokens(&self) -> Reply<'_, Vec<TokenRecord>> {
        self.store.tokens()
    }

    fn remove_token<'a>(&'a self, name: &'a str) -> Reply<'a, bool> {
        self.store.remove_token(name)
    }
}

impl OperationStore for CountedStore {
    forward!(operations);
}

impl StatsStore for CountedStore {
    forward!(stats);
}

impl UserStore for CountedStore {
    forward!(users);
}

impl IdempotencyStore for CountedStore {
    forward!(idempotency);
}

impl EditStore for CountedStore {
    forward!(edit);
}

impl AuditStore for CountedStore {
    forward!(audit);
}

impl AlertStore for CountedStore {
    forward!(alerts);
}

impl BatchStore for CountedStore {
    forward!(open_batch seal_batch batch batches);
}

impl SubscriptionStore for CountedStore {
    forward!(subscriptions route);
}

impl SourceStore for CountedStore {
    forward!(sources import);
}

impl ConditionStore for CountedStore {
    forward!(signal signalled waive conditions);
}

impl StepStore for CountedStore {
    forward!(record_steps recall steps);
}

impl ProgressStore for CountedStore {
    forward!(report last_checkpoint progress log);
}

impl LimitStore for CountedStore {
    forward!(set_limit remove_limit close_breaker limits);
}

impl QueueStore for CountedStore {
    forward!(pause resume queues paused_kinds bounds agings unserved);
}

impl WorkerStore for CountedStore {
    forward!(register heartbeat leave quiet builds workers);
}

impl ScheduleStore for CountedStore {
    forward!(schedules fire);
}

impl MaintenanceStore for CountedStore {
    forward!(sweep tidy);
}

impl Store for CountedStore {
    forward!(facts schema wakeups);
}
