//! What can be done without waiting: each step asks one decider and carries its answer out.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::attempt::{self, Begin, HandlerExit};
use super::attempts::{Interruption, RunningAttempt, later};
use super::call::Request;
use super::dispatch::ReadyJob;
use super::events::Event;
use super::health::Call;
use super::last_words::LastWords;
use super::liveness::{Doubt, LivenessCall};
use super::maintenance::Duty;
use super::pending::Role;
use super::state::Engine;
use super::sweep_interval::CancelWatch;
use super::verdict::{self, AttemptEnd};
use crate::alert::Watch;
use crate::context::{AttemptContext, AttemptParts, Signals};
use crate::id::LeaseId;
use crate::job::{ClaimRequest, HandlerKey, Outcome, Settlement, Verdict, expired_reason};
use crate::limits::SETTLE_JOBS;
use crate::worker::Renewal;

impl Engine {
    /// Tells handlers to end when the lease may be over, so that this process ends before others
    /// take its jobs.
    pub(super) fn check_lease(&mut self, now: Instant) {
        let Some(doubt) = self.liveness.doubt(now) else { return };
        if doubt == Doubt::Unanswered {
            self.health.failed(Call::Heartbeat, &"the database does not answer");
        }
        self.attempts.interrupt_all(&Interruption::LeaseInDoubt, now);
    }

    /// Interrupts handlers whose time is over, and abandons those that did not end when told to.
    pub(super) fn check_deadlines(&mut self, now: Instant) {
        for attempt in self.attempts.overdue(now) {
            self.abandon(attempt, now);
        }
    }

    fn abandon(&mut self, attempt: RunningAttempt, now: Instant) {
        if let Some(abort) = &attempt.abort {
            abort.abort();
        }
        self.stats.abandoned.fetch_add(1, Ordering::Relaxed);
        self.show_running();
        tracing::warn!(job = %attempt.job.id, kind = attempt.job.kind, "handler did not end when told to; abandoned");
        self.free_slot(&attempt);
        let began = attempt.began.load(Ordering::Acquire);
        let Some(why) =
            attempt.interruption.as_ref().filter(|why| **why != Interruption::LeaseLost)
        else {
            if began {
                self.report_lost(&attempt.job);
            }
            return;
        };
        let Some(handler) = self.handlers.get(&attempt.job.kind) else { return };
        let exit = if began { HandlerExit::Dropped } else { HandlerExit::NotStarted };
        let end = AttemptEnd { exit, finished: false };
        let failures = attempt.failure_budget();
        let Some(verdict) = verdict::decide(end, Some(why), failures, &handler.policy) else {
            return;
        };
        let ran = began.then(|| now - attempt.started);
        self.report(&attempt.job, &verdict, None);
        let words = attempt.words(&HandlerExit::Dropped);
        self.settle(attempt, ran, (verdict, words));
    }

    pub(super) fn free_slot(&mut self, attempt: &RunningAttempt) {
        self.dispatch.ended(attempt.queue, &attempt.job);
        self.fetch.freed(attempt.queue);
    }

    /// `ran` is how long its handler ran, `None` where it did not begin.
    pub(super) fn settle(
        &mut self,
        attempt: RunningAttempt,
        ran: Option<Duration>,
        (verdict, words): (Verdict, Option<Box<LastWords>>),
    ) {
        self.released += u64::from(matches!(verdict, Verdict::Release { .. }));
        let RunningAttempt { lease, job, .. } = attempt;
        self.pending.push_end(Settlement { lease, job, ran, verdict }, words);
    }

    /// Tells handlers to end when the grace of a stopping worker is over.
    pub(super) fn check_grace(&mut self, now: Instant) {
        if self.phase.grace().is_some_and(|until| now >= until) {
            self.attempts.interrupt_all(&Interruption::GraceOver, now);
        }
    }

    /// Cancels claimed jobs that have not started in time.
    pub(super) fn end_expired(&mut self, now: Instant) {
        for ready in self.dispatch.expired(now) {
            let expires_at = ready.job.meta.expires_at(ready.job.created_at);
            let reason = expires_at.map(expired_reason).unwrap_or_default();
            let verdict = Verdict::Cancel { outcome: Outcome::Expired, reason };
            let ReadyJob { lease, queue, job, .. } = ready;
            self.fetch.freed(queue);
            self.pending.push(Settlement { lease, job, ran: None, verdict }, Role::Ordinary);
        }
    }

    /// Starts claimed jobs while slots are free. After a long stop of the process the lease may be
    /// over: nothing starts until a heartbeat has said that it is not.
    pub(super) fn start_ready(&mut self, now: Instant) {
        if !self.liveness.lease_holds(now) {
            if self.dispatch.has_unstarted() {
                self.beat_now();
            }
            return;
        }
        if self.pending.surplus_suspects_are_released()
            && let Some(suspect) = self.dispatch.next_suspect()
        {
            self.start(suspect, now);
        }
        while let Some(ready) = self.dispatch.next() {
            self.start(ready, now);
        }
    }

    /// When [`Engine::hand_back_waiting`] has something to do.
    pub(super) fn next_hand_back(&self, now: Instant) -> Option<Instant> {
        self.dispatch.next_hand_back().filter(|_| self.liveness.lease_holds(now))
    }

    /// Hands back what has waited for a slot for long. While the lease may be over nothing starts, and waiting means nothing.
    pub(super) fn hand_back_waiting(&mut self, now: Instant) {
        if self.next_hand_back(now).is_none_or(|at| now < at) {
            return;
        }
        let so_far = self.attempts.mean_so_far(now);
        for ready in self.dispatch.waited_too_long(now) {
            self.fetch.waited_too_long(ready.queue, so_far);
            self.hand_back(ready);
        }
    }

    fn start(&mut self, ready: ReadyJob, now: Instant) {
        let ReadyJob { lease, queue, job, start_by, since } = ready;
        let Some(registered) = self.handlers.get(&job.kind) else {
            self.dispatch.ended(queue, &job);
            return self.hand_back(ReadyJob { lease, queue, job, start_by, since });
        };
        let handler = Arc::clone(&registered.handler);
        let timeout = job.meta.timeout_ms.map_or(registered.policy.timeout, Duration::from_millis);
        let signals =
            Signals { stopping: self.stopping.clone(), cancelled: CancellationToken::new() };
        let cancel = signals.cancelled.clone();
        self.measures.started(&job, now);
        self.tell(|| Event::Started { job: job.id, kind: job.kind.clone(), attempt: job.attempt });
        let parts = AttemptParts {
            lease,
            worker: self.registration.worker,
            worker_label: Arc::clone(&self.label),
            timeout,
            signals,
            client: self.client.clone(),
            news: Arc::clone(&self.news),
            beside: None,
        };
        let context = Arc::new(AttemptContext::new(Arc::clone(&job), parts));
        let says = Some(Arc::clone(&context));
        let key = self.attempts.new_key();
        let began = Arc::default();
        let lease_end = self.liveness.lease_end();
        let began_too = Arc::clone(&began);
        let begin = Begin { key, handler, context, lease_end, start_by, began: began_too };
        let abort = attempt::start(&self.runtime, begin, self.reports.clone());
        let (interruption, abort) = (None, Some(abort));
        let deadline = later(now, timeout);
        let attempt = RunningAttempt {
            lease,
            job,
            queue,
            timeout,
            started: now,
            began,
            deadline,
            interruption,
            cancel,
            abort,
            context: says,
        };
        self.attempts.insert(key, attempt);
        self.beside.busy();
        self.stats.started.fetch_add(1, Ordering::Relaxed);
        self.show_running();
        if self.cancel_watch() == CancelWatch::Sweeps {
            self.maintenance.watch_cancels(now);
        }
    }

    pub(super) fn send_settlements(&mut self, now: Instant) {
        if let Some(batch) = self.pending.due(now, SETTLE_JOBS) {
            self.call(Request::Settle(self.registration.worker, batch), now);
        }
    }

    /// Writes what running attempts have said.
    pub(super) fn send_reports(&mut self, now: Instant) {
        if !self.accounts.take_due(now) {
            return;
        }
        let reports = self.attempts.take_reports();
        if !reports.is_empty() {
            self.accounts.sent();
            self.call(Request::Report(reports), now);
        }
    }

    pub(super) fn send_claim(&mut self, now: Instant) {
        if !self.may_claim() {
            return;
        }
        let handlers = self.claimable();
        let Some((shares, jobs)) = self.fetch.due(now) else { return };
        self.stats.claims.fetch_add(1, Ordering::Relaxed);
        let lease = LeaseId::new();
        self.claiming = Some(lease);
        let request = ClaimRequest {
            worker: self.registration.worker,
            lease,
            shares,
            jobs,
            bytes: self.options.claim_bytes,
            handlers,
        };
        self.call(Request::Claim(request), now);
    }

    /// The kinds and versions worth claiming: without those whose own slots are taken.
    fn claimable(&self) -> Arc<[HandlerKey]> {
        if !self.dispatch.has_kind_slots() {
            return Arc::clone(&self.registration.handlers);
        }
        let open = self.handlers.values().filter(|handler| !self.dispatch.is_full(&handler.kind));
        open.flat_map(|handler| handler.keys().collect::<Vec<_>>()).collect()
    }

    pub(super) fn send_liveness(&mut self, now: Instant) {
        let request = match self.liveness.due(now) {
            Some(LivenessCall::Register) => Request::Register(self.registration.clone()),
            Some(LivenessCall::Heartbeat) => {
                if let Some(part) = self.measures.due() {
                    self.call(Request::Measure(part), now);
                }
                let claimed = self.claimed.map(|at| now.saturating_duration_since(at));
                let renewal = Renewal { lease: self.registration.lease, claimed };
                Request::Heartbeat(self.registration.worker, renewal)
            }
            None => return,
        };
        self.call(request, now);
    }

    /// Says what this program declares, once it is registered, until it is written.
    pub(super) fn send_declarations(&mut self, now: Instant) {
        if self.liveness.is_registered()
            && let Some(declared) = self.declarations.due(now)
        {
            self.call(Request::Declare(declared), now);
        }
    }

    pub(super) fn send_maintenance(&mut self, now: Instant) {
        if !self.liveness.is_registered() {
            return;
        }
        while let Some(duty) = self.maintenance.due(now) {
            let request = match duty {
                Duty::Sweep => Request::Sweep(self.registration.worker),
                Duty::Fire => Request::Fire,
                Duty::Feed => Request::Feed(std::mem::take(&mut self.feed)),
                Duty::AwaitEvents => Request::AwaitEvents(self.registration.worker),
                Duty::Alert => {
                    let new = || Box::new(Watch::new(self.thresholds.clone()));
                    Request::Alert(self.watch.take().unwrap_or_else(new))
                }
                Duty::Operate => Request::Operate,
                Duty::Fold => Request::Fold(self.kept_stats()),
                Duty::Tidy => Request::Tidy,
            };
            self.call(request, now);
        }
    }
}
