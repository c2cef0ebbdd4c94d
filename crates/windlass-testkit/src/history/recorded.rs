//! A store whose calls are written down.

mod events;

use std::sync::Arc;
use windlass_core::condition::Waits;
use windlass_core::job::{Due, Until};
use windlass_core::queue::PauseEnd;

use super::journal::Journal;
use super::record::{Answer, Event, Fate, InBatch, Taken, Wanted, Wish};
use crate::fault::clock;
use crate::fault::forward::forward;
use crate::fault::forward::names::*;

/// A store with a journal beside it.
pub struct RecordedStore {
    store: Arc<dyn Store>,
    journal: Arc<Journal>,
}

impl std::fmt::Debug for RecordedStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RecordedStore").field("journal", &self.journal).finish_non_exhaustive()
    }
}

impl RecordedStore {
    /// Writes down what is asked of this store and what it answers.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, journal: Arc<Journal>) -> Self {
        Self { store, journal }
    }

    /// Notes that jobs are to be written; the call's name.
    fn note_wanted(&self, jobs: &[NewJob]) -> u64 {
        let call = self.journal.next_call();
        self.journal.note(Event::Enqueue { call, jobs: jobs.iter().map(wanted).collect() });
        call
    }

    /// Limits of queues and keys are not judged: jobs move, and say numbers of their own.
    fn note_limit(&self, on: &LimitOn, running: Option<u32>, asked: u64) {
        if let LimitOn::Kind(kind) = on {
            self.journal.note(Event::LimitSet { kind: kind.clone(), running, asked });
        }
    }

    fn note_settled(&self, asked: u64, settlements: &[Settlement], answers: &[Answer]) {
        for (settlement, answer) in settlements.iter().zip(answers) {
            self.journal.note(Event::Settled {
                asked,
                lease: settlement.lease,
                job: settlement.job.id,
                attempt: settlement.job.attempt,
                wish: Wish::of(&settlement.verdict),
                answer: *answer,
            });
        }
    }
}

/// What is written down of a job that is to be written.
fn wanted(job: &NewJob) -> Wanted {
    let limit = job.meta.limited.as_ref();
    let waits = job.meta.waits.iter().filter(|waits| waits.is_for_all());
    Wanted {
        job: job.id,
        kind: job.kind.clone(),
        queue: job.queue.clone(),
        is_due: matches!(job.due, Due::Now) && job.meta.waits.is_none(),
        key: key(job),
        lane: job.meta.lane.as_ref().map(|lane| lane.key().to_owned()),
        limit: limit.and_then(|limit| Some((limit.key().to_owned(), limit.most_running()?))),
        in_batch: in_batch(job),
        after: waits.clone().flat_map(Waits::jobs).collect(),
        after_batches: waits.clone().flat_map(Waits::batch_ends).collect(),
        signals: waits.flat_map(Waits::signals).map(str::to_owned).collect(),
        expires_in: expires_in(job),
    }
}

/// Its place in a batch.
fn in_batch(job: &NewJob) -> Option<InBatch> {
    let member = job.meta.member.as_ref()?;
    let undoes = member.begins.as_ref().and_then(|begins| begins.undoes);
    Some(InBatch { batch: member.batch, step: member.step.clone(), undoes })
}

/// The key that a job holds until it has ended, with its kind.
fn key(job: &NewJob) -> Option<String> {
    let unique = job.meta.unique.as_ref().filter(|unique| unique.until() == Until::Finished)?;
    Some(format!("{} {}", job.kind, unique.key()))
}

/// How long after it is written a job may start, in nanoseconds.
fn expires_in(job: &NewJob) -> Option<u64> {
    job.meta.expires_in_us.map(|us| us.unsigned_abs() * 1_000)
}

impl JobStore for RecordedStore {
    fn enqueue<'a>(&'a self, jobs: &'a [NewJob], now: Now) -> Reply<'a, Vec<Enqueued>> {
        Box::pin(async move {
            let call = self.note_wanted(jobs);
            let result = self.store.enqueue(jobs, now).await;
            let fate = result.as_ref().map_or_else(Fate::of, |_| Fate::Done);
            let is_new = |answer: &&Enqueued| matches!(answer, Enqueued::New(_));
            let answered = jobs.iter().zip(result.iter().flatten());
            let existing = answered.filter(|(_, answer)| !is_new(answer)).map(|(job, _)| job.id);
            self.journal.note(Event::Enqueued { call, fate, existing: existing.collect() });
            result
        })
    }

    fn claim<'a>(&'a self, request: &'a ClaimRequest, now: Now) -> Reply<'a, Batch> {
        Box::pin(async move {
            let asked = clock::now();
            let result = self.store.claim(request, now).await;
            match &result {
                Ok(batch) if !batch.jobs.is_empty() => {
                    let taken = batch.jobs.iter().map(|job| Taken {
                        job: job.id,
                        attempt: job.attempt,
                        queue: job.queue.clone(),
                    });
                    let (worker, lease) = (request.worker, batch.lease);
                    let jobs = taken.collect();
                    self.journal.note(Event::Claimed { asked, worker, lease, jobs });
                }
                Err(error) if Fate::of(error) == Fate::Unknown => {
                    self.journal.note(Event::ClaimUnknown { lease: request.lease });
                }
                _ => {}
            }
            result
        })
    }

    fn settle<'a>(
        &'a self,
        worker: WorkerId,
        settlements: &'a [Settlement],
        now: Now,
    ) -> Reply<'a, Vec<Settled>> {
        Box::pin(async move {
            let asked = clock::now();
            let result = self.store.settle(worker, settlements, now).await;
            let answers: Vec<Answer> = match &result {
                Ok(answers) => answers.iter().copied().map(Answer::from).collect(),
                Err(error) => vec![Fate::of(error).into(); settlements.len()],
            };
            self.note_settled(asked, settlements, &answers);
            result
        })
    }

    fn retry<'a>(&'a self, jobs: &'a [JobId], now: Now) -> Reply<'a, Vec<Retried>> {
        Box::pin(async move {
            let asked = clock::now();
            let result = self.store.retry(jobs, now).await;
            let may_live = |nth: usize| match &result {
                Ok(answers) => answers.get(nth) == Some(&Retried::Now),
                Err(error) => Fate::of(error) == Fate::Unknown,
            };
            for (_, job) in jobs.iter().enumerate().filter(|(nth, _)| may_live(*nth)) {
                self.journal.note(Event::Revived { job: *job, asked });
            }
            result
        })
    }

    fn cancel<'a>(
        &'a self,
        jobs: &'a [JobId],
        reason: &'a str,
        now: Now,
    ) -> Reply<'a, Vec<Cancelled>> {
        Box::pin(async move {
            let result = self.store.cancel(jobs, reason, now).await;
            self.journal.note(Event::CancelAsked { jobs: jobs.to_vec() });
            result
        })
    }

    forward!(release in_hand complete_with move_jobs open_lane job look job_heads jobs counts duplicates);
}

impl HealthStore for RecordedStore {
    forward!(observe);
    forward!(lanes);
}

impl OperationStore for RecordedStore {
    forward!(operations);
}

impl StatsStore for RecordedStore {
    forward!(stats);
}

impl TokenStore for RecordedStore {
    forward!(tokens);
}

impl UserStore for RecordedStore {
    forward!(users);
}

impl IdempotencyStore for RecordedStore {
    forward!(idempotency);
}

impl EditStore for RecordedStore {
    forward!(edit);
}

impl AuditStore for RecordedStore {
    forward!(audit);
}

impl AlertStore for RecordedStore {
    forward!(alerts);
}

impl BatchStore for RecordedStore {
    fn open_batch<'a>(&'a self, batch: BatchId, begins: &'a Begins, now: Now) -> Reply<'a, bool> {
        Box::pin(async move {
            self.journal.note(Event::Opened { batch });
            self.store.open_batch(batch, begins, now).await
        })
    }

    fn seal_batch(&self, batch: BatchId, now: Now) -> Reply<'_, Sealed> {
        Box::pin(async move {
            let sealed = self.store.seal_batch(batch, now).await?;
            if sealed != Sealed::Missing {
                self.journal.note(Event::Sealed { batch });
            }
            Ok(sealed)
        })
    }

    forward!(batch batches);
}

impl SourceStore for RecordedStore {
    forward!(sources import);
}

impl ConditionStore for RecordedStore {
    fn signal<'a>(&'a self, signal: &'a Signal, now: Now) -> Reply<'a, Signalled> {
        Box::pin(async move {
            let asked = clock::now();
            let result = self.store.signal(signal, now).await;
            let (key, is_told) = (signal.key.clone(), result.is_ok());
            let is_withdrawn = signal.is_withdrawn;
            self.journal.note(Event::Signalled { key, asked, is_told, is_withdrawn });
            result
        })
    }

    forward!(signalled waive conditions);
}

impl StepStore for RecordedStore {
    fn record_steps<'a>(
        &'a self,
        fence: &'a Fence,
        steps: &'a [NewStep],
        others: Others,
        now: Now,
    ) -> Reply<'a, Fenced> {
        Box::pin(async move {
            let fenced = self.store.record_steps(fence, steps, others, now).await?;
            if fenced == Fenced::Done {
                let (job, attempt) = (fence.job.id, fence.job.attempt);
                let done = steps.iter().filter(|step| step.output.is_some());
                let steps = done.map(|step| step.name.clone()).collect();
                self.journal.note(Event::StepsKept { job, attempt, steps });
            }
            Ok(fenced)
        })
    }

    forward!(recall steps);
}

impl ProgressStore for RecordedStore {
    forward!(report last_checkpoint progress log);
}

impl LimitStore for RecordedStore {
    fn set_limit<'a>(
        &'a self,
        limit: &'a Limit,
        by: SetBy,
        note: Option<&'a str>,
        now: Now,
    ) -> Reply<'a, LimitSet> {
        Box::pin(async move {
            let asked = clock::now();
            let result = self.store.set_limit(limit, by, note, now).await;
            let is_set = matches!(result, Ok(LimitSet::Now));
            self.note_limit(&limit.on, limit.running.filter(|_| is_set), asked);
            result
        })
    }

    fn remove_limit<'a>(&'a self, on: &'a LimitOn) -> Reply<'a, bool> {
        Box::pin(async move {
            let asked = clock::now();
            let result = self.store.remove_limit(on).await;
            self.note_limit(on, None, asked);
            result
        })
    }

    forward!(close_breaker limits);
}

impl QueueStore for RecordedStore {
    fn pause<'a>(&'a self, pause: &'a Pause, now: Now) -> Reply<'a, ()> {
        Box::pin(async move {
            self.store.pause(pause, now).await?;
            // One that ends by itself, or is of a kind, is not judged.
            if let (Scope::Queue(queue), PauseEnd::Resume) = (&pause.scope, pause.end) {
                self.journal.note(Event::Paused { queue: queue.clone() });
            }
            Ok(())
        })
    }

    fn resume<'a>(&'a self, scope: &'a Scope, now: Now) -> Reply<'a, bool> {
        Box::pin(async move {
            let asked = clock::now();
            let was_paused = self.store.resume(scope, now).await?;
            if let Scope::Queue(queue) = scope {
                self.journal.note(Event::Resumed { queue: queue.clone(), asked });
            }
            Ok(was_paused)
        })
    }

    forward!(queues paused_kinds bounds agings unserved);
}

impl WorkerStore for RecordedStore {
    fn register<'a>(&'a self, worker: &'a Registration, now: Now) -> Reply<'a, Vec<MinimumBuild>> {
        Box::pin(async move {
            let asked = clock::now();
            let required = self.store.register(worker, now).await?;
            let (worker, lease) = (worker.worker, worker.lease);
            let (held, hears) = (Vec::new(), self.wakeups().hears());
            self.journal.note(Event::Renewed { worker, asked, lease, held, hears });
            Ok(required)
        })
    }

    fn heartbeat(&self, worker: WorkerId, renewal: Renewal, now: Now) -> Reply<'_, Beat> {
        Box::pin(async move {
            let asked = clock::now();
            let beat = self.store.heartbeat(worker, renewal, now).await?;
            if let Beat::Alive { leases, .. } = &beat {
                let (lease, held, hears) = (renewal.lease, leases.clone(), self.wakeups().hears());
                self.journal.note(Event::Renewed { worker, asked, lease, held, hears });
            }
            Ok(beat)
        })
    }

    forward!(leave quiet builds workers);
}

impl ScheduleStore for RecordedStore {
    /// Each schedule with jobs is an enqueue of its own: it is written or not for itself.
    fn fire<'a>(&'a self, firings: &'a [Firing], now: Now) -> Reply<'a, Fired> {
        Box::pin(async move {
            let calls: Vec<_> =
                firings.iter().map(|firing| self.note_wanted(&firing.jobs)).collect();
            let result = self.store.fire(firings, now).await;
            for (nth, call) in calls.into_iter().enumerate() {
                let fate = match &result {
                    Ok(fired) if fired.written.get(nth) == Some(&true) => Fate::Done,
                    Ok(_) => Fate::Refused,
                    Err(error) => Fate::of(error),
                };
                self.journal.note(Event::Enqueued { call, fate, existing: Vec::new() });
            }
            result
        })
    }

    forward!(schedules);
}

impl MaintenanceStore for RecordedStore {
    forward!(sweep tidy);
}

impl Store for RecordedStore {
    forward!(facts schema wakeups);
}
