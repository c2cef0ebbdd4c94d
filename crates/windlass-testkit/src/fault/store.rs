//! A store with named points before and after its verbs.

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::{RwLock, watch};
use windlass_core::error::StoreError;

use super::forward::forward;
use super::forward::names::*;
use super::plan::{Action, Plan, Side, Verb};

/// A store at which one fault is to come.
pub struct FaultStore {
    store: Arc<dyn Store>,
    plan: Plan,
    passages: AtomicU64,
    /// Held by the calls that are inside the store.
    inside: RwLock<()>,
    /// How many heartbeats were answered.
    heartbeats: watch::Sender<u64>,
    /// How many of them when the verb that is to be delayed began: what comes of it is seen before its answer is held up.
    at_begin: AtomicU64,
}

/// Heartbeats that a delayed answer lets go first: a worker that draws conclusions from two of them has drawn
/// them, and acted, by then.
const HEARTBEATS: u64 = 4;

impl std::fmt::Debug for FaultStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FaultStore").field("plan", &self.plan).finish_non_exhaustive()
    }
}

impl FaultStore {
    /// The store, with a fault to come.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, plan: Plan) -> Self {
        let (passages, heartbeats) = (AtomicU64::new(0), watch::Sender::new(0));
        let (inside, at_begin) = (RwLock::new(()), AtomicU64::new(0));
        Self { store, plan, passages, inside, heartbeats, at_begin }
    }

    async fn pass(&self, verb: Verb, side: Side) -> Result<(), StoreError> {
        if (verb, side) == (self.plan.verb, Side::Before) {
            self.at_begin.store(*self.heartbeats.borrow(), Ordering::Relaxed);
        }
        if (verb, side) != (self.plan.verb, self.plan.side) {
            return Ok(());
        }
        if self.passages.fetch_add(1, Ordering::Relaxed) + 1 != self.plan.passage {
            return Ok(());
        }
        let reason = format!("fault at {}", self.plan.point());
        match self.plan.action {
            Action::Lose => {
                self.report();
                Err(StoreError::Unknown { reason })
            }
            Action::Refuse => {
                self.report();
                Err(StoreError::Unavailable { reason })
            }
            Action::Abort => {
                self.report();
                std::process::abort();
            }
            Action::Stop => {
                // A process frozen inside a transaction would hold SQLite's write lock, and
                // everybody else would stand still with it. A busy writer may keep the lock between two of
                // them: one that is to be stopped must not be busy.
                let _nobody_inside = self.inside.write().await;
                self.report();
                stop();
                Ok(())
            }
            Action::Delay => {
                self.report();
                let enough = self.at_begin.load(Ordering::Relaxed) + HEARTBEATS;
                let mut heartbeats = self.heartbeats.subscribe();
                // The sender is this store's own.
                let _ = heartbeats.wait_for(|answered| *answered >= enough).await;
                Ok(())
            }
        }
    }

    async fn inside<T>(&self, reply: Reply<'_, T>) -> Result<T, StoreError> {
        let _inside = self.inside.read().await;
        reply.await
    }

    fn report(&self) {
        let mut out = std::io::stdout();
        // Nobody listening any more ends the test anyway.
        let _ = writeln!(out, "at {}", self.plan.point());
        let _ = out.flush();
    }
}

/// Stops this process until it gets SIGCONT.
fn stop() {
    // SAFETY: `raise` takes no pointer, and SIGSTOP runs no handler.
    unsafe { libc::raise(libc::SIGSTOP) };
}

impl JobStore for FaultStore {
    fn enqueue<'a>(&'a self, jobs: &'a [NewJob], now: Now) -> Reply<'a, Vec<Enqueued>> {
        Box::pin(async move {
            self.pass(Verb::Enqueue, Side::Before).await?;
            let answers = self.inside(self.store.enqueue(jobs, now)).await?;
            self.pass(Verb::Enqueue, Side::After).await?;
            Ok(answers)
        })
    }

    fn claim<'a>(&'a self, request: &'a ClaimRequest, now: Now) -> Reply<'a, Batch> {
        Box::pin(async move {
            self.pass(Verb::Claim, Side::Before).await?;
            let batch = self.inside(self.store.claim(request, now)).await?;
            if !batch.jobs.is_empty() {
                self.pass(Verb::Claim, Side::After).await?;
            }
            Ok(batch)
        })
    }

    fn settle<'a>(
        &'a self,
        worker: WorkerId,
        settlements: &'a [Settlement],
        now: Now,
    ) -> Reply<'a, Vec<Settled>> {
        Box::pin(async move {
            self.pass(Verb::Settle, Side::Before).await?;
            let answers = self.inside(self.store.settle(worker, settlements, now)).await?;
            self.pass(Verb::Settle, Side::After).await?;
            Ok(answers)
        })
    }

    fn release<'a>(&'a self, worker: WorkerId, lease: LeaseId, now: Now) -> Reply<'a, u64> {
        Box::pin(self.inside(self.store.release(worker, lease, now)))
    }

    forward!(cancel retry move_jobs in_hand complete_with open_lane job look job_heads jobs counts duplicates);
}

impl HealthStore for FaultStore {
    forward!(observe);
    forward!(lanes);
}

impl OperationStore for FaultStore {
    forward!(operations);
}

impl StatsStore for FaultStore {
    fn put_stats_part<'a>(&'a self, part: &'a StatsPart, now: Now) -> Reply<'a, ()> {
        Box::pin(async move {
            self.pass(Verb::Measure, Side::Before).await?;
            self.inside(self.store.put_stats_part(part, now)).await?;
            self.pass(Verb::Measure, Side::After).await
        })
    }

    forward!(rows_of_stats);
}

impl TokenStore for FaultStore {
    forward!(tokens);
}

impl UserStore for FaultStore {
    forward!(users);
}

impl IdempotencyStore for FaultStore {
    forward!(idempotency);
}

impl EditStore for FaultStore {
    forward!(edit);
}

impl AuditStore for FaultStore {
    forward!(audit);
}

impl AlertStore for FaultStore {
    forward!(alerts);
}

impl BatchStore for FaultStore {
    forward!(open_batch seal_batch batch batches);
}

impl EventStore for FaultStore {
    forward!(publish sequence events);
}

impl SubscriptionStore for FaultStore {
    forward!(subscriptions route);
}

impl SourceStore for FaultStore {
    fn import<'a>(&'a self, page: &'a ImportPage, now: Now) -> Reply<'a, Imported> {
        Box::pin(async move {
            self.pass(Verb::Import, Side::Before).await?;
            let imported = self.inside(self.store.import(page, now)).await?;
            self.pass(Verb::Import, Side::After).await?;
            Ok(imported)
        })
    }

    forward!(sources);
}

impl ConditionStore for FaultStore {
    forward!(signal signalled waive conditions);
}

impl StepStore for FaultStore {
    fn record_steps<'a>(
        &'a self,
        fence: &'a Fence,
        steps: &'a [NewStep],
        others: Others,
        now: Now,
    ) -> Reply<'a, Fenced> {
        Box::pin(async move {
            self.pass(Verb::Record, Side::Before).await?;
            let written = self.inside(self.store.record_steps(fence, steps, others, now)).await?;
            self.pass(Verb::Record, Side::After).await?;
            Ok(written)
        })
    }

    forward!(recall steps);
}

impl ProgressStore for FaultStore {
    forward!(report last_checkpoint progress log);
}

impl LimitStore for FaultStore {
    forward!(set_limit remove_limit close_breaker limits);
}

impl QueueStore for FaultStore {
    forward!(pause resume queues paused_kinds bounds agings unserved);
}

impl WorkerStore for FaultStore {
    fn register<'a>(&'a self, worker: &'a Registration, now: Now) -> Reply<'a, Vec<MinimumBuild>> {
        Box::pin(self.inside(self.store.register(worker, now)))
    }

    fn heartbeat(&self, worker: WorkerId, renewal: Renewal, now: Now) -> Reply<'_, Beat> {
        Box::pin(async move {
            self.pass(Verb::Heartbeat, Side::Before).await?;
            let beat = self.inside(self.store.heartbeat(worker, renewal, now)).await?;
            self.pass(Verb::Heartbeat, Side::After).await?;
            self.heartbeats.send_modify(|answered| *answered += 1);
            Ok(beat)
        })
    }

    fn leave(&self, worker: WorkerId, now: Now) -> Reply<'_, ()> {
        Box::pin(self.inside(self.store.leave(worker, now)))
    }

    forward!(quiet builds workers);
}

impl ScheduleStore for FaultStore {
    forward!(schedules fire);
}

impl MaintenanceStore for FaultStore {
    fn sweep(&self, worker: WorkerId, now: Now) -> Reply<'_, Swept> {
        Box::pin(self.inside(self.store.sweep(worker, now)))
    }

    fn tidy(&self, now: Now) -> Reply<'_, Tidied> {
        Box::pin(self.inside(self.store.tidy(now)))
    }
}

impl Store for FaultStore {
    forward!(facts schema wakeups);
}
