//! Stores with one bug each, which the rules must see. A checker that has never failed proves
//! nothing.

mod events;

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use windlass_core::batch::Membership;
use windlass_core::condition::SignalAnswer;
use windlass_core::error::StoreError;
use windlass_core::job::Claimed;

use crate::fault::forward::forward;
use crate::fault::forward::names::*;
use crate::verdicts::die;

/// A bug.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sabotage {
    /// I-D1: a job is acknowledged and never written.
    DropsAnAcknowledgedJob,
    /// I-D1: a call is acknowledged first and written with the next one, unless the process dies.
    AnswersBeforeTheCommit,
    /// I-D8: a call is written in two transactions, and the second one is lost.
    SplitsACall,
    /// I-L3: an end is written whatever attempt its job is at.
    AcceptsStaleEnds,
    /// I-L1: every claim is told the same lease.
    RepeatsALease,
    /// I-X3: a given id is written again as another job would be, and reported as new.
    ForgetsGivenIds,
    /// I-U1: a unique key is not looked at.
    ForgetsKeys,
    /// I-O1, I-O3: lanes and limits are not looked at.
    ForgetsLines,
    /// I-O3: a limit is acknowledged and not written.
    ForgetsLimits,
    /// I-W3: a pause is acknowledged and not written.
    ForgetsPauses,
    /// I-S1: a due time is fired whatever was seen, and so once more.
    FiresTwice,
    /// I-S2: a schedule moves on, and its jobs are not written.
    ForgetsToFire,
    /// I-W7: a job is written without the time until which it may start.
    ForgetsExpiry,
    /// I-Q1: a job is written without what it waits for.
    ForgetsConditions,
    /// I-Q2: a signal is acknowledged and not written.
    ForgetsSignals,
    /// I-B1: only the first job of a call is written into its batch.
    LosesMembers,
    /// I-B2: a batch is said to be sealed and is not.
    KeepsBatchesOpen,
    /// I-B3: a batch tells one dead job as completed.
    Miscounts,
    /// I-T1: steps are acknowledged and not written.
    ForgetsSteps,
    /// I-E1: who reads the log does not see every third event, which comes later.
    HidesEvents,
    /// I-E1: events are acknowledged first and published with those of the next call.
    PublishesLate,
    /// I-E2: ids that sources give their events are not looked at.
    ForgetsGivenEventIds,
    /// I-E3: the first event of a call is acknowledged and not published.
    LosesEvents,
    /// I-E4: of a part of the log with some jobs one is not written.
    FeedsTooLittle,
    /// I-E4: of windows that close one job is not written.
    ClosesTooFew,
    /// I-E4: lanes of events are not looked at.
    ForgetsLanesOfEvents,
    /// I-E5: no job of a subscription is counted.
    ForgetsCredit,
    /// I-E6: events are kept for no time, whatever was asked for.
    KeepsTooShort,
    /// I-D2: dead workers keep what they held.
    NeverRescues,
    /// I-L2: a claim first takes back what others hold, dead or not.
    RescuesTheLiving,
    /// I-L4: what has ended can be claimed again.
    RevivesTheEnded,
    /// I-L7: an end is acknowledged and another one written.
    WritesAnotherEnd,
    /// I-L8: a claim tells a number that it has not counted.
    CountsTooLate,
    /// I-X2: an answer gets lost, and the end that it told of is denied afterwards.
    DeniesWhatItWrote,
    /// I-X2: an end that is sent again is written again.
    WritesAgain,
    /// I-W1: nobody gets any work.
    HidesWork,
}

/// A store with a bug.
pub struct SabotagedStore {
    store: Arc<dyn Store>,
    sabotage: Sabotage,
    lease: LeaseId,
    unwritten: Mutex<Vec<NewJob>>,
    unpublished: Mutex<Vec<NewEvent>>,
    claimed: Mutex<HashMap<JobId, (LeaseId, Arc<Claimed>)>>,
    has_lost_an_answer: AtomicBool,
}

impl std::fmt::Debug for SabotagedStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SabotagedStore").field("sabotage", &self.sabotage).finish_non_exhaustive()
    }
}

impl SabotagedStore {
    /// Puts a bug into a store.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, sabotage: Sabotage) -> Self {
        Self {
            store,
            sabotage,
            lease: LeaseId::new(),
            unwritten: Mutex::default(),
            unpublished: Mutex::default(),
            claimed: Mutex::default(),
            has_lost_an_answer: AtomicBool::new(false),
        }
    }

    fn has(&self, sabotage: Sabotage) -> bool {
        self.sabotage == sabotage
    }

    /// Which jobs are really written by a call that wants these.
    fn written(&self, jobs: &[NewJob]) -> Vec<NewJob> {
        match self.sabotage {
            Sabotage::DropsAnAcknowledgedJob => jobs[1..].to_vec(),
            Sabotage::SplitsACall => jobs[..jobs.len().div_ceil(2)].to_vec(),
            Sabotage::AnswersBeforeTheCommit => {
                let mut unwritten = self.unwritten.lock().unwrap_or_else(PoisonError::into_inner);
                std::mem::replace(&mut *unwritten, jobs.to_vec())
            }
            Sabotage::ForgetsKeys => {
                let mut jobs = jobs.to_vec();
                jobs.iter_mut().for_each(|job| job.meta.unique = None);
                jobs
            }
            Sabotage::ForgetsLines => {
                let mut jobs = jobs.to_vec();
                for job in &mut jobs {
                    (job.meta.lane, job.meta.limited) = (None, None);
                }
                jobs
            }
            Sabotage::ForgetsConditions => {
                let mut jobs = jobs.to_vec();
                jobs.iter_mut().for_each(|job| job.meta.waits = None);
                jobs
            }
            Sabotage::LosesMembers => {
                let mut jobs = jobs.to_vec();
                for job in &mut jobs {
                    let is_first = |member: &Membership| member.begins.is_some();
                    job.meta.member = job.meta.member.take().filter(is_first);
                }
                jobs
            }
            Sabotage::ForgetsExpiry => without_expiry(jobs),
            _ => jobs.to_vec(),
        }
    }

    /// What is really written of these ends.
    fn sent(&self, settlements: &[Settlement]) -> Vec<Settlement> {
        let is_turned = matches!(
            self.sabotage,
            Sabotage::AcceptsStaleEnds | Sabotage::CountsTooLate | Sabotage::RepeatsALease
        );
        let turned = |one| if is_turned { self.unfenced(one) } else { one.clone() };
        let mut sent: Vec<Settlement> = settlements.iter().map(turned).collect();
        if self.has(Sabotage::WritesAnotherEnd) {
            sent.iter_mut().for_each(|one| one.verdict = die());
        }
        sent
    }

    async fn send_away_who_works_beside(
        &self,
        worker: WorkerId,
        now: Now,
    ) -> Result<(), StoreError> {
        let workers = self.store.workers().await?;
        for other in workers.iter().filter(|other| other.id != worker && other.running > 0) {
            self.store.leave(other.id, now).await?;
        }
        Ok(())
    }

    /// What is told of the ends, after they were written.
    async fn told(
        &self,
        settlements: &[Settlement],
        mut answers: Vec<Settled>,
        now: Now,
    ) -> Result<Vec<Settled>, StoreError> {
        let again = answers.iter_mut().filter(|answer| **answer == Settled::Already);
        match self.sabotage {
            Sabotage::RevivesTheEnded => {
                let jobs: Vec<JobId> = settlements.iter().map(|one| one.job.id).collect();
                self.store.retry(&jobs, now).await?;
            }
            Sabotage::WritesAgain => again.for_each(|answer| *answer = Settled::Done),
            Sabotage::DeniesWhatItWrote => {
                again.for_each(|answer| *answer = Settled::Lost);
                if !self.has_lost_an_answer.swap(true, Ordering::Relaxed) {
                    return Err(StoreError::Unknown { reason: "sabotage".to_owned() });
                }
            }
            _ => {}
        }
        Ok(answers)
    }

    /// The settlement, turned to the attempt its job is at.
    fn unfenced(&self, settlement: &Settlement) -> Settlement {
        let claimed = self.claimed.lock().unwrap_or_else(PoisonError::into_inner);
        let (lease, job) = &claimed[&settlement.job.id];
        Settlement { lease: *lease, job: Arc::clone(job), ..settlement.clone() }
    }
}

/// The jobs, for ever to be started.
pub(crate) fn without_expiry(jobs: &[NewJob]) -> Vec<NewJob> {
    let mut jobs = jobs.to_vec();
    for job in &mut jobs {
        (job.meta.expires_at, job.meta.expires_in_us) = (None, None);
    }
    jobs
}

impl JobStore for SabotagedStore {
    fn enqueue<'a>(&'a self, jobs: &'a [NewJob], now: Now) -> Reply<'a, Vec<Enqueued>> {
        Box::pin(async move {
            let answers = self.store.enqueue(&self.written(jobs), now).await?;
            let is_honest = answers.len() == jobs.len() && !self.has(Sabotage::ForgetsGivenIds);
            let lie = || jobs.iter().map(|job| Enqueued::New(job.id)).collect();
            Ok(if is_honest { answers } else { lie() })
        })
    }

    fn claim<'a>(&'a self, request: &'a ClaimRequest, now: Now) -> Reply<'a, Batch> {
        Box::pin(async move {
            if self.has(Sabotage::HidesWork) {
                return Ok(Batch { lease: request.lease, claimed_at: None, jobs: Vec::new() });
            }
            if self.has(Sabotage::RescuesTheLiving) {
                self.send_away_who_works_beside(request.worker, now).await?;
            }
            let mut batch = self.store.claim(request, now).await?;
            let mut claimed = self.claimed.lock().unwrap_or_else(PoisonError::into_inner);
            claimed.extend(batch.jobs.iter().map(|job| (job.id, (batch.lease, Arc::clone(job)))));
            if self.has(Sabotage::CountsTooLate) {
                for job in &mut batch.jobs {
                    Arc::make_mut(job).attempt += 1;
                }
            }
            if self.has(Sabotage::RepeatsALease) {
                batch.lease = self.lease;
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
            let answers = self.store.settle(worker, &self.sent(settlements), now).await?;
            self.told(settlements, answers, now).await
        })
    }

    forward!(release cancel retry move_jobs in_hand complete_with open_lane job look job_heads jobs counts duplicates);
}

impl HealthStore for SabotagedStore {
    forward!(observe);
    forward!(lanes);
}

impl OperationStore for SabotagedStore {
    forward!(operations);
}

impl StatsStore for SabotagedStore {
    forward!(stats);
}

impl TokenStore for SabotagedStore {
    forward!(tokens);
}

impl UserStore for SabotagedStore {
    forward!(users);
}

impl IdempotencyStore for SabotagedStore {
    forward!(idempotency);
}

impl EditStore for SabotagedStore {
    forward!(edit);
}

impl AuditStore for SabotagedStore {
    forward!(audit);
}

impl AlertStore for SabotagedStore {
    forward!(alerts);
}

impl BatchStore for SabotagedStore {
    fn seal_batch(&self, batch: BatchId, now: Now) -> Reply<'_, Sealed> {
        if self.has(Sabotage::KeepsBatchesOpen) {
            return Box::pin(async { Ok(Sealed::Now) });
        }
        self.store.seal_batch(batch, now)
    }

    fn batch(&self, batch: BatchId) -> Reply<'_, Option<BatchRecord>> {
        Box::pin(async move {
            let mut record = self.store.batch(batch).await?;
            if let Some(record) = record.as_mut().filter(|_| self.has(Sabotage::Miscounts)) {
                record.jobs.completed += record.jobs.dead.min(1);
                record.jobs.dead = record.jobs.dead.saturating_sub(1);
            }
            Ok(record)
        })
    }

    forward!(open_batch batches);
}

impl SourceStore for SabotagedStore {
    forward!(sources import);
}

impl ConditionStore for SabotagedStore {
    fn signal<'a>(&'a self, signal: &'a Signal, now: Now) -> Reply<'a, Signalled> {
        if self.has(Sabotage::ForgetsSignals) {
            return Box::pin(async { Ok(Signalled { answer: SignalAnswer::Met, conditions: 1 }) });
        }
        self.store.signal(signal, now)
    }

    forward!(signalled waive conditions);
}

impl StepStore for SabotagedStore {
    fn record_steps<'a>(
        &'a self,
        fence: &'a Fence,
        steps: &'a [NewStep],
        others: Others,
        now: Now,
    ) -> Reply<'a, Fenced> {
        if self.has(Sabotage::ForgetsSteps) {
            return Box::pin(async { Ok(Fenced::Done) });
        }
        self.store.record_steps(fence, steps, others, now)
    }

    forward!(recall steps);
}

impl ProgressStore for SabotagedStore {
    forward!(report last_checkpoint progress log);
}

impl LimitStore for SabotagedStore {
    fn set_limit<'a>(
        &'a self,
        limit: &'a Limit,
        by: SetBy,
        note: Option<&'a str>,
        now: Now,
    ) -> Reply<'a, LimitSet> {
        if self.has(Sabotage::ForgetsLimits) {
            return Box::pin(async { Ok(LimitSet::Now) });
        }
        self.store.set_limit(limit, by, note, now)
    }

    forward!(remove_limit close_breaker limits);
}

impl QueueStore for SabotagedStore {
    fn pause<'a>(&'a self, pause: &'a Pause, now: Now) -> Reply<'a, ()> {
        if self.has(Sabotage::ForgetsPauses) {
            return Box::pin(async { Ok(()) });
        }
        self.store.pause(pause, now)
    }

    forward!(resume queues paused_kinds bounds agings unserved);
}

impl WorkerStore for SabotagedStore {
    forward!(register heartbeat leave quiet builds workers);
}

impl ScheduleStore for SabotagedStore {
    fn fire<'a>(&'a self, firings: &'a [Firing], now: Now) -> Reply<'a, Fired> {
        Box::pin(async move {
            let mut firings = firings.to_vec();
            if self.has(Sabotage::ForgetsToFire) {
                firings.iter_mut().for_each(|firing| firing.jobs.clear());
            }
            let fired = self.store.fire(&firings, now).await?;
            if self.has(Sabotage::FiresTwice) {
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

impl MaintenanceStore for SabotagedStore {
    fn sweep(&self, worker: WorkerId, now: Now) -> Reply<'_, Swept> {
        if self.has(Sabotage::NeverRescues) {
            return Box::pin(async { Ok(Swept::default()) });
        }
        self.store.sweep(worker, now)
    }

    forward!(tidy);
}

impl Store for SabotagedStore {
    forward!(facts schema wakeups);
}
