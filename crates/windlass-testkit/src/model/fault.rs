//! Stores with a fault put in, each the kind of bug that queues have really had.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use windlass_core::job::{Claimed, Lane};
use windlass_core::limit::Rate;
use windlass_core::limits::LEASE;

use crate::fault::forward::forward;
use crate::fault::forward::names::*;
use crate::history::sabotage::without_expiry;

/// A bug.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// I-L3: a settlement ends whatever attempt its job is at.
    SettlesWithoutFence,
    /// C3: a settlement that was refused is reported as written.
    AcknowledgesTheStale,
    /// I-L2, I-L5: a worker is taken for dead before its lease has run out.
    RescuesTooEarly,
    /// C13: the death of a worker counts for nothing.
    CountsNoLosses,
    /// I-D1: a job is acknowledged and not written.
    LosesAJob,
    /// I-W3: a paused queue still gives jobs.
    ForgetsPauses,
    /// I-C1: a cancel is acknowledged and not written.
    ForgetsCancels,
    /// I-W7: a job is written without the time until which it may start.
    ForgetsExpiry,
    /// I-Q1: a job is written without what it waits for.
    ForgetsConditions,
    /// I-Q2: a signal is acknowledged and not written.
    ForgetsSignals,
    /// I-E1: an event is acknowledged and not written.
    LosesEvents,
    /// I-E2: an id that its source gave an event is not looked at.
    ForgetsGivenIds,
    /// I-E4: of a part of the log with some jobs one is not written.
    FeedsTooLittle,
    /// I-E4: a pause of a subscription is acknowledged and not written.
    ForgetsPausesOfSubscriptions,
    /// I-E5: no job of a subscription is counted.
    ForgetsCredit,
    /// I-O3: one more runs than a limit says.
    CountsOneTooFew,
    /// I-O2: a limit of two lets one through.
    CountsOneTooMany,
    /// I-O3: the tokens of a rate come eight times as fast.
    HasFastTokens,
    /// I-O1: a dead job that is to block its lane does not.
    ForgetsToBlock,
    /// I-S1: a due time is fired whatever was seen, and so once more.
    FiresTwice,
    /// I-S2: a schedule moves on, and its jobs are not written.
    ForgetsToFire,
}

impl Fault {
    pub(super) const ALL: [Self; 21] = [
        Self::SettlesWithoutFence,
        Self::AcknowledgesTheStale,
        Self::RescuesTooEarly,
        Self::CountsNoLosses,
        Self::LosesAJob,
        Self::ForgetsPauses,
        Self::ForgetsCancels,
        Self::ForgetsExpiry,
        Self::ForgetsConditions,
        Self::ForgetsSignals,
        Self::LosesEvents,
        Self::ForgetsGivenIds,
        Self::FeedsTooLittle,
        Self::ForgetsPausesOfSubscriptions,
        Self::ForgetsCredit,
        Self::CountsOneTooFew,
        Self::CountsOneTooMany,
        Self::HasFastTokens,
        Self::ForgetsToBlock,
        Self::FiresTwice,
        Self::ForgetsToFire,
    ];

    /// Whether it can only show where there are lines and schedules.
    pub(super) fn needs_lines(self) -> bool {
        Self::ALL[15..].contains(&self)
    }
}

/// A store with a fault.
pub(super) struct FaultyStore {
    store: Arc<dyn Store>,
    fault: Fault,
    /// Each job as it was claimed last, with its lease.
    claimed: Mutex<HashMap<JobId, (LeaseId, Arc<Claimed>)>>,
}

impl FaultyStore {
    pub(super) fn new(store: Arc<dyn Store>, fault: Fault) -> Self {
        Self { store, fault, claimed: Mutex::default() }
    }

    fn has(&self, fault: Fault) -> bool {
        self.fault == fault
    }

    fn remember(&self, batch: &Batch) {
        let mut claimed = self.claimed.lock().unwrap_or_else(PoisonError::into_inner);
        claimed.extend(batch.jobs.iter().map(|job| (job.id, (batch.lease, Arc::clone(job)))));
    }

    /// The settlement, turned to the attempt its job is at.
    fn unfenced(&self, settlement: &Settlement) -> Settlement {
        let claimed = self.claimed.lock().unwrap_or_else(PoisonError::into_inner);
        let (lease, job) = &claimed[&settlement.job.id];
        Settlement { lease: *lease, job: Arc::clone(job), ..settlement.clone() }
    }

    /// The limit that is really written.
    fn limit(&self, limit: &Limit) -> Limit {
        let running = match self.fault {
            Fault::CountsOneTooFew => limit.running.map(|most| most + 1),
            Fault::CountsOneTooMany => limit.running.map(|most| (most - 1).max(1)),
            _ => limit.running,
        };
        let rate = limit.rate.map(|rate| match self.fault {
            Fault::HasFastTokens => Rate { tokens: rate.tokens * 8, ..rate },
            _ => rate,
        });
        Limit { running, rate, ..limit.clone() }
    }

    /// Lets dead workers leave as if they had said good-bye.
    async fn forgive(&self, sweeper: WorkerId, now: Now) {
        for worker in self.store.workers().await.unwrap_or_default() {
            if worker.id != sweeper && now.given().is_some_and(|now| worker.expires_at <= now) {
                self.store.leave(worker.id, now).await.expect("a worker can leave");
            }
        }
    }
}

/// The jobs, none of which keeps its lane when it is dead.
fn without_block(jobs: &[NewJob]) -> Vec<NewJob> {
    let mut jobs = jobs.to_vec();
    for job in &mut jobs {
        let key = job.meta.lane.as_ref().filter(|lane| !lane.has_rules()).map(Lane::key);
        if let Some(lane) = key.map(Lane::by) {
            job.meta.lane = Some(lane);
        }
    }
    jobs
}

impl JobStore for FaultyStore {
    fn enqueue<'a>(&'a self, jobs: &'a [NewJob], now: Now) -> Reply<'a, Vec<Enqueued>> {
        Box::pin(async move {
            if self.has(Fault::ForgetsConditions) {
                let mut jobs = jobs.to_vec();
                jobs.iter_mut().for_each(|job| job.meta.waits = None);
                return self.store.enqueue(&jobs, now).await;
            }
            if self.has(Fault::ForgetsExpiry) {
                return self.store.enqueue(&without_expiry(jobs), now).await;
            }
            if self.has(Fault::ForgetsToBlock) {
                return self.store.enqueue(&without_block(jobs), now).await;
            }
            if !self.has(Fault::LosesAJob) || jobs.len() < 2 {
                return self.store.enqueue(jobs, now).await;
            }
            let mut answers = self.store.enqueue(&jobs[1..], now).await?;
            answers.insert(0, Enqueued::New(jobs[0].id));
            Ok(answers)
        })
    }

    fn claim<'a>(&'a self, request: &'a ClaimRequest, now: Now) -> Reply<'a, Batch> {
        Box::pin(async move {
            let batch = self.store.claim(request, now).await?;
            self.remember(&batch);
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
            let sent: Vec<Settlement> = if self.has(Fault::SettlesWithoutFence) {
                settlements.iter().map(|settlement| self.unfenced(settlement)).collect()
            } else {
                settlements.to_vec()
            };
            let answers = self.store.settle(worker, &sent, now).await?;
            if self.has(Fault::AcknowledgesTheStale) {
                return Ok(vec![Settled::Done; answers.len()]);
            }
            Ok(answers)
        })
    }

    fn cancel<'a>(
        &'a self,
        jobs: &'a [JobId],
        reason: &'a str,
        now: Now,
    ) -> Reply<'a, Vec<Cancelled>> {
        if self.has(Fault::ForgetsCancels) {
            return Box::pin(async move { Ok(vec![Cancelled::Now; jobs.len()]) });
        }
        self.store.cancel(jobs, reason, now)
    }

    forward!(release retry move_jobs in_hand complete_with open_lane job look job_heads jobs counts duplicates);
}

impl HealthStore for FaultyStore {
    forward!(observe);
    forward!(lanes);
}

impl OperationStore for FaultyStore {
    forward!(operations);
}

impl StatsStore for FaultyStore {
    forward!(stats);
}

impl TokenStore for FaultyStore {
    forward!(tokens);
}

impl UserStore for FaultyStore {
    forward!(users);
}

impl IdempotencyStore for FaultyStore {
    forward!(idempotency);
}

impl EditStore for FaultyStore {
    forward!(edit);
}

impl AuditStore for FaultyStore {
    forward!(audit);
}

impl AlertStore for FaultyStore {
    forward!(alerts);
}

impl BatchStore for FaultyStore {
    forward!(open_batch seal_batch batch batches);
}

impl EventStore for FaultyStore {
    fn publish<'a>(&'a self, events: &'a [NewEvent], now: Now) -> Reply<'a, Vec<Published>> {
        Box::pin(async move {
            let mut events = events.to_vec();
            if self.has(Fault::ForgetsGivenIds) {
                events.iter_mut().for_each(|event| event.given = None);
            }
            if !self.has(Fault::LosesEvents) || events.len() < 2 {
                return self.store.publish(&events, now).await;
            }
            let lost = Published::New(events.remove(0).id);
            let mut answers = self.store.publish(&events, now).await?;
            answers.insert(0, lost);
            Ok(answers)
        })
    }

    forward!(sequence events);
}

impl SubscriptionStore for FaultyStore {
    fn put_subscription<'a>(
        &'a self,
        name: &'a str,
        definition: &'a Subscription,
        start: Start,
        now: Now,
    ) -> Reply<'a, bool> {
        self.store.put_subscription(name, definition, start, now)
    }

    fn remove_subscription<'a>(&'a self, name: &'a str) -> Reply<'a, bool> {
        self.store.remove_subscription(name)
    }

    fn pause_subscription<'a>(&'a self, name: &'a str, now: Now) -> Reply<'a, bool> {
        Box::pin(async move {
            if self.has(Fault::ForgetsPausesOfSubscriptions) {
                let there = self.store.subscriptions().await?.all;
                return Ok(there.iter().any(|one| one.name == name));
            }
            self.store.pause_subscription(name, now).await
        })
    }

    fn resume_subscription<'a>(&'a self, name: &'a str) -> Reply<'a, bool> {
        self.store.resume_subscription(name)
    }

    forward!(requests);

    fn subscriptions(&self) -> Reply<'_, Subscriptions> {
        self.store.subscriptions()
    }

    fn unfinished<'a>(&'a self, counted: &'a [(u32, u32)]) -> Reply<'a, Vec<u64>> {
        Box::pin(async move {
            let mut unfinished = self.store.unfinished(counted).await?;
            if self.has(Fault::ForgetsCredit) {
                unfinished.fill(0);
            }
            Ok(unfinished)
        })
    }

    fn route<'a>(&'a self, slice: &'a Slice, now: Now) -> Reply<'a, Routed> {
        Box::pin(async move {
            let mut slice = slice.clone();
            if self.has(Fault::FeedsTooLittle) && slice.jobs.len() > 1 {
                slice.jobs.pop();
            }
            self.store.route(&slice, now).await
        })
    }

    forward!(gaps closing);
}

impl SourceStore for FaultyStore {
    forward!(sources import);
}

impl ConditionStore for FaultyStore {
    fn signal<'a>(&'a self, signal: &'a Signal, now: Now) -> Reply<'a, Signalled> {
        Box::pin(async move {
            if self.has(Fault::ForgetsSignals) {
                let elsewhere = Signal::new(format!("{} elsewhere", signal.key));
                return self.store.signal(&elsewhere, now).await;
            }
            self.store.signal(signal, now).await
        })
    }

    forward!(signalled waive conditions);
}

impl StepStore for FaultyStore {
    forward!(record_steps recall steps);
}

impl ProgressStore for FaultyStore {
    forward!(report last_checkpoint progress log);
}

impl LimitStore for FaultyStore {
    fn set_limit<'a>(
        &'a self,
        limit: &'a Limit,
        by: SetBy,
        note: Option<&'a str>,
        now: Now,
    ) -> Reply<'a, LimitSet> {
        Box::pin(async move { self.store.set_limit(&self.limit(limit), by, note, now).await })
    }

    forward!(remove_limit close_breaker limits);
}

impl QueueStore for FaultyStore {
    fn pause<'a>(&'a self, pause: &'a Pause, now: Now) -> Reply<'a, ()> {
        if self.has(Fault::ForgetsPauses) {
            return Box::pin(async { Ok(()) });
        }
        self.store.pause(pause, now)
    }

    forward!(resume queues paused_kinds bounds agings unserved);
}

impl WorkerStore for FaultyStore {
    forward!(register heartbeat leave quiet builds workers);
}

impl ScheduleStore for FaultyStore {
    fn fire<'a>(&'a self, firings: &'a [Firing], now: Now) -> Reply<'a, Fired> {
        Box::pin(async move {
            let mut firings = firings.to_vec();
            if self.has(Fault::ForgetsToFire) {
                firings.iter_mut().for_each(|firing| firing.jobs.clear());
            }
            let fired = self.store.fire(&firings, now).await?;
            if self.has(Fault::FiresTwice) {
                for firing in &mut firings {
                    firing.seen += 1;
                    firing.jobs.iter_mut().for_each(|job| job.id = JobId::new());
                }
                self.store.fire(&firings, now).await?;
            }
            Ok(fired)
        })
    }

    forward!(schedules);
}

impl MaintenanceStore for FaultyStore {
    fn sweep(&self, worker: WorkerId, now: Now) -> Reply<'_, Swept> {
        Box::pin(async move {
            if self.has(Fault::CountsNoLosses) {
                self.forgive(worker, now).await;
            }
            let early = if self.has(Fault::RescuesTooEarly) { LEASE / 2 } else { Duration::ZERO };
            let late = now.given().map_or(now, |now| Now::At(now.after(early)));
            self.store.sweep(worker, late).await
        })
    }

    forward!(tidy);
}

impl Store for FaultyStore {
    forward!(facts schema wakeups);
}
