//! What the store's answers and the handlers' ends mean: each is handed to the decider it is for.

use std::collections::HashSet;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::time::Instant;

use super::attempt::{AttemptReport, HandlerExit};
use super::attempts::{Interruption, later};
use super::call::{Answer, Answered, Request};
use super::dispatch::ReadyJob;
use super::events::Event;
use super::health::Call;
use super::pending::{PendingSettlement, Role};
use super::phase::{Intake, Phase};
use super::state::{Engine, FirstAnswer};
use super::verdict::{self, AttemptEnd};
use crate::alert::{Alerted, Watch};
use crate::error::StoreError;
use crate::id::{JobId, LeaseId, WorkerId};
use crate::job::{Batch, Claimed, Fenced, Settled, Verdict};
use crate::limits;
use crate::maintenance::{Swept, Tidied};
use crate::operation::Round;
use crate::progress::Report;
use crate::schedule::FireRound;
use crate::stats::{self, Folded};
use crate::subscription::{Fed, Feed};
use crate::time::Timestamp;
use crate::worker::{Beat, MinimumBuild};

impl Engine {
    pub(super) fn on_answer(&mut self, Answered { sent, answer }: Answered) {
        match answer {
            Answer::Registered(result) => self.on_registered(sent, result),
            Answer::Heartbeat(result) => self.on_heartbeat(sent, result),
            Answer::Claimed(worker, result) => self.on_claimed(worker, sent, result),
            Answer::Settled(batch, result) => self.on_settled(batch, result),
            Answer::Reported(reports, result) => self.on_reported(reports, result),
            Answer::Swept(result) => self.on_swept(result),
            Answer::Fired(result) => self.on_fired(result),
            Answer::Fed(feed, result) => self.on_fed(feed, result),
            Answer::AwaitsEvents(result) => self.on_awaits_events(result),
            Answer::Alerted(watch, result) => self.on_alerted(watch, result),
            Answer::Operated(result) => self.on_operated(sent, result),
            Answer::Measured(result) => self.on_measured(result),
            Answer::Folded(result) => self.on_folded(result),
            Answer::Declared(result) => self.on_declared(result),
            Answer::Tidied(result) => self.on_tidied(result),
            Answer::Released(Ok(_)) => {}
            // The next two heartbeats find the lease again.
            Answer::Released(Err(error)) => tracing::debug!(%error, "a lease was not handed back"),
        }
    }

    pub(super) fn on_report(&mut self, report: AttemptReport) {
        // An attempt that was abandoned has been settled already.
        let Some(attempt) = self.attempts.remove(report.key) else { return };
        self.show_running();
        self.free_slot(&attempt);
        let ran = (!matches!(report.exit, HandlerExit::NotStarted)).then_some(report.ran);
        if let Some(ran) = ran {
            self.fetch.ran(attempt.queue, ran);
        }
        let Some(handler) = self.handlers.get(&attempt.job.kind) else { return };
        let failures = attempt.failure_budget();
        let interruption = attempt.interruption.as_ref();
        let words = attempt.words(&report.exit);
        let end = AttemptEnd { exit: report.exit, finished: report.finished };
        let cause = end.cause();
        match verdict::decide(end, interruption, failures, &handler.policy) {
            Some(verdict) => {
                self.report(&attempt.job, &verdict, cause);
                self.settle(attempt, ran, (verdict, words));
            }
            None if ran.is_some() => self.report_lost(&attempt.job),
            None => {}
        }
    }

    fn on_registered(&mut self, sent: Instant, result: Result<Vec<MinimumBuild>, StoreError>) {
        // Told last, so that the caller finds the worker's health as it is.
        let mut first = self.first_answer.take();
        let required = match result {
            Ok(required) => required,
            Err(error) => {
                let Some(error) = self.refuse_start(&mut first, error) else { return };
                self.liveness.registration_failed(self.health.failed(Call::Register, &error));
                return;
            }
        };
        self.note_success(Call::Register);
        // Before it may claim: that is from the next line on.
        self.require(&required);
        self.liveness.registered(sent);
        self.maintenance.sweep_by(sent);
        self.fetch.look_now(Instant::now());
        self.tell(|| Event::Registered);
        if let Some(first) = first {
            // The caller of `start` stopped waiting, and finds the worker working.
            let _ = first.send(Ok(()));
        }
    }

    /// Ends a start that no waiting would help, or gives the error back. Later the same error
    /// only makes the worker fail until somebody has repaired the database: it may hold jobs then.
    fn refuse_start(
        &mut self,
        first: &mut Option<FirstAnswer>,
        error: StoreError,
    ) -> Option<StoreError> {
        if !matches!(error, StoreError::Unusable { .. }) {
            return Some(error);
        }
        let Some(first) = first.take() else { return Some(error) };
        match first.send(Err(error)) {
            Ok(()) => {
                self.phase = Phase::Refused;
                None
            }
            Err(answer) => answer.err(),
        }
    }

    fn on_heartbeat(&mut self, sent: Instant, result: Result<Beat, StoreError>) {
        match result {
            Ok(Beat::Gone) => {
                self.note_success(Call::Heartbeat);
                self.on_lease_lost();
            }
            Ok(Beat::Alive { leases, cancels, quiet, stopping, required }) => {
                self.note_success(Call::Heartbeat);
                self.liveness.renewed(sent);
                for (job, reason) in cancels {
                    self.cancel(job, reason);
                }
                self.wishes.stored = if quiet { Intake::Closed } else { Intake::Open };
                self.require(&required);
                self.hand_back_unknown(leases);
                if stopping {
                    self.stop_as_asked();
                }
            }
            Err(error) => {
                let again_at = self.health.failed(Call::Heartbeat, &error);
                self.liveness.heartbeat_failed(sent, again_at);
            }
        }
    }

    /// A person has asked it to stop. Each heartbeat says so again, and only the first one counts.
    fn stop_as_asked(&mut self) {
        if matches!(self.phase, Phase::Stopping(_)) {
            return;
        }
        tracing::info!(worker = self.registration.label, "asked to stop");
        self.stop_within(limits::GRACE);
        self.tell(|| Event::AskedToStop);
    }

    /// The store does not know this worker any more: its jobs belong to others, nothing that runs
    /// here can write, and the process goes on as a new worker.
    fn on_lease_lost(&mut self) {
        let now = Instant::now();
        tracing::warn!(
            worker = self.registration.label,
            "the lease was lost; going on as a new worker"
        );
        self.attempts.interrupt_all(&Interruption::LeaseLost, now);
        for ready in self.dispatch.drain() {
            self.fetch.freed(ready.queue);
        }
        let dropped = self.pending.clear();
        self.stats.refused.fetch_add(dropped.len() as u64, Ordering::Relaxed);
        for one in dropped.iter().filter(|one| one.settlement.ran.is_some()) {
            self.report_lost(&one.settlement.job);
        }
        let wakeups = self.store.wakeups();
        wakeups.forget(self.registration.worker);
        self.registration.worker = WorkerId::new();
        self.wake_handle = wakeups.add(self.registration.worker, self.registration.queues.clone());
        self.claimed = None;
        self.health.clear(Call::Settle);
        self.liveness.lost(now);
        self.tell(|| Event::LostLease);
    }

    fn cancel(&mut self, job: JobId, reason: String) {
        self.attempts.interrupt(job, &Interruption::CancelRequested(reason), Instant::now());
    }

    /// A lease that the store has and nothing here knows is what a lost answer left behind.
    fn hand_back_unknown(&mut self, found: Vec<LeaseId>) {
        let now = Instant::now();
        let known: HashSet<LeaseId> = self
            .attempts
            .leases()
            .chain(self.dispatch.leases())
            .chain(self.pending.leases())
            .chain(self.claiming)
            .collect();
        for lease in self.liveness.unknown_leases(found, &known, now) {
            tracing::warn!(%lease, "handing back a lease whose claim was never answered");
            self.call(Request::Release(self.registration.worker, lease), now);
        }
    }

    fn on_claimed(&mut self, worker: WorkerId, sent: Instant, result: Result<Batch, StoreError>) {
        let now = Instant::now();
        let took = now.saturating_duration_since(sent);
        self.claiming = None;
        if worker != self.registration.worker {
            // The store has forgotten who asked: what this brought belongs to others, or will in a moment.
            return self.fetch.claimed(&vec![0; self.fetch.queue_count()], now);
        }
        let batch = match result {
            Ok(batch) => batch,
            Err(error) => {
                // An unknown answer may have left jobs under this lease: the next heartbeat
                // finds it and hands them back.
                if matches!(error, StoreError::Unknown { .. }) {
                    self.beat_now();
                }
                let again_at = self.health.failed(Call::Claim, &error);
                return self.fetch.failed(now, again_at);
            }
        };
        self.note_success(Call::Claim);
        if let Some(claimed_at) = batch.claimed_at {
            self.measures.heard((sent, now), claimed_at);
        }
        let mut got = vec![0; self.fetch.queue_count()];
        let mut claimed = Vec::with_capacity(batch.jobs.len());
        for job in batch.jobs {
            let Some(queue) = self.fetch.queue_index(&job.queue) else { continue };
            got[queue] += 1;
            let start_by = start_by(&job, batch.claimed_at, sent);
            claimed.push(ReadyJob { lease: batch.lease, queue, job, start_by, since: now });
        }
        if claimed.is_empty() {
            self.tell(|| Event::Idle);
            if self.attempts.is_empty() && !self.dispatch.has_unstarted() {
                self.beside.idle();
            }
        } else {
            self.claimed = Some(now);
            self.stats.note_claim(took);
            self.fetch.took(took);
        }
        self.fetch.claimed(&got, now);
        for ready in claimed {
            self.take_in(ready);
        }
    }

    fn take_in(&mut self, ready: ReadyJob) {
        if !self.takes_work() {
            return self.hand_back(ready);
        }
        if let Err(suspect) = self.dispatch.offer(ready) {
            // Its turn comes when the suspect that runs here has ended, here or elsewhere.
            let delay = Duration::from_millis(fastrand::u64(1_000..3_000));
            self.hand_back_as(suspect, Verdict::Release { delay }, Role::SurplusSuspect);
        }
    }

    fn on_settled(
        &mut self,
        batch: Vec<PendingSettlement>,
        result: Result<Vec<Settled>, StoreError>,
    ) {
        let answers = match result {
            Ok(answers) => answers,
            Err(error) => {
                let again_at = self.health.failed(Call::Settle, &error);
                return self.pending.failed(batch, again_at);
            }
        };
        self.pending.answered();
        self.note_success(Call::Settle);
        let now = Instant::now();
        let mut busy = Vec::new();
        for (one, answer) in batch.into_iter().zip(answers) {
            match answer {
                Settled::Busy => busy.push(one),
                Settled::Done | Settled::Already => {
                    if one.moves_a_line() {
                        // The next of its line was not there to be found before, and nobody says that it is now.
                        self.fetch.look_now(now);
                    }
                    self.on_written(&one, answer);
                }
                Settled::Lost => self.on_refused(&one),
            }
        }
        self.pending.busy(busy, now);
    }

    fn on_written(&mut self, one: &PendingSettlement, answer: Settled) {
        self.pending.done(one);
        self.stats.settled.fetch_add(1, Ordering::Relaxed);
        let settlement = &one.settlement;
        if let Some(end) = stats::of_verdict(&settlement.verdict, answer) {
            self.measures.ended(&settlement.job, (end, settlement.ran), Instant::now());
        }
        let written = verdict::written(&settlement.verdict, answer);
        if !std::ptr::eq(written, &settlement.verdict) {
            // Only now it is known that the handler's own transaction was not committed.
            self.report(&settlement.job, written, None);
        }
        if matches!(written, Verdict::Complete { .. } | Verdict::Confirm { .. }) {
            self.stats.completed.fetch_add(1, Ordering::Relaxed);
        }
        self.tell(|| {
            let (outcome, error) = verdict::outcome_of(written);
            Event::Settled {
                job: settlement.job.id,
                kind: settlement.job.kind.clone(),
                outcome,
                ran: settlement.ran.unwrap_or_default(),
                error: error.map(str::to_owned),
            }
        });
    }

    fn on_refused(&mut self, one: &PendingSettlement) {
        self.pending.done(one);
        self.stats.refused.fetch_add(1, Ordering::Relaxed);
        let job = one.settlement.job.id;
        tracing::warn!(%job, kind = one.settlement.job.kind, "the end of an attempt was refused: its lease is lost");
        if one.settlement.ran.is_some() {
            self.report_lost(&one.settlement.job);
        }
        self.tell(|| Event::Refused { job });
        self.beat_now();
    }

    fn on_reported(&mut self, reports: Vec<Report>, result: Result<Vec<Fenced>, StoreError>) {
        let is_new = |answer: Fenced| answer == Fenced::Busy;
        let (again_at, unwritten): (_, Vec<_>) = match result {
            Ok(answers) => {
                self.note_success(Call::Report);
                let answered = reports.into_iter().zip(answers);
                let busy = answered.filter(|(_, answer)| is_new(*answer)).map(|(report, _)| report);
                (Instant::now(), busy.collect())
            }
            Err(error) if error.is_passing() => (self.health.failed(Call::Report, &error), reports),
            Err(error) => {
                tracing::warn!(%error, "what running attempts said was refused, and is left out");
                (Instant::now(), Vec::new())
            }
        };
        self.accounts.answered();
        if !unwritten.is_empty() {
            self.accounts.failed(again_at);
        }
        for report in unwritten {
            if let Some(of_ended) = self.attempts.put_back(report) {
                self.pending.say_too(of_ended);
            }
        }
    }

    fn on_swept(&mut self, result: Result<Swept, StoreError>) {
        let swept = match result {
            Ok(swept) => swept,
            Err(error) => {
                let again_at = self.health.failed(Call::Sweep, &error);
                return self.maintenance.sweep_failed(again_at);
            }
        };
        self.note_success(Call::Sweep);
        if !self.maintenance.swept(&swept, self.cancel_watch(), Instant::now()) {
            self.health.clear(Call::Tidy);
            self.health.clear(Call::Fire);
            self.health.clear(Call::Feed);
            self.health.clear(Call::Alert);
            self.health.clear(Call::Operate);
            self.health.clear(Call::Fold);
            // What it knows is of no use to it once another has fed.
            *self.feed = Feed::default();
            self.watch = None;
        }
        if swept.attention {
            self.beat_now();
        }
        if swept.rescued > 0 {
            tracing::info!(
                jobs = swept.rescued,
                workers = swept.dead_workers,
                died = swept.died,
                "took back jobs of dead workers"
            );
            self.tell(|| Event::Rescued { jobs: swept.rescued });
        }
    }

    fn on_fired(&mut self, result: Result<FireRound, StoreError>) {
        match result {
            Ok(round) => {
                self.note_success(Call::Fire);
                self.maintenance.fired(&round, Instant::now());
                if round.jobs > 0 {
                    self.tell(|| Event::Fired { jobs: round.jobs });
                }
            }
            Err(error) => self.maintenance.fire_failed(self.health.failed(Call::Fire, &error)),
        }
    }

    fn on_fed(&mut self, feed: Box<Feed>, result: Result<Fed, StoreError>) {
        self.feed = feed;
        match result {
            Ok(fed) => {
                self.note_success(Call::Feed);
                self.maintenance.fed(&fed, Instant::now());
                if fed.routed > 0 {
                    self.tell(|| Event::Fed { events: fed.routed, jobs: fed.jobs });
                }
            }
            Err(error) => self.maintenance.feed_failed(self.health.failed(Call::Feed, &error)),
        }
    }

    fn on_awaits_events(&mut self, result: Result<bool, StoreError>) {
        match result {
            Ok(is_open) => {
                self.note_success(Call::Feed);
                self.maintenance.awaits_events(is_open, Instant::now());
            }
            Err(error) => self.maintenance.feed_failed(self.health.failed(Call::Feed, &error)),
        }
    }

    fn on_alerted(&mut self, watch: Box<Watch>, result: Result<Alerted, StoreError>) {
        self.watch = Some(watch);
        match result {
            Ok(alerted) => {
                self.note_success(Call::Alert);
                self.maintenance.alerted();
                if alerted != Alerted::default() {
                    self.tell(|| Event::Alerted {
                        fired: alerted.fired,
                        resolved: alerted.resolved,
                    });
                }
            }
            Err(error) => self.maintenance.alert_failed(self.health.failed(Call::Alert, &error)),
        }
    }

    fn on_operated(&mut self, sent: Instant, result: Result<Round, StoreError>) {
        match result {
            Ok(round) => {
                self.note_success(Call::Operate);
                self.maintenance.operated(&round, (sent, Instant::now()));
            }
            Err(error) => {
                self.maintenance.operate_failed(self.health.failed(Call::Operate, &error));
            }
        }
    }

    /// A part that may not be written is sent again with the next heartbeat; one that is refused for what is in it never can be.
    fn on_measured(&mut self, result: Result<(), StoreError>) {
        match result {
            Ok(()) => self.measures.written(),
            Err(error) if error.is_passing() => self.measures.failed(),
            Err(error) => {
                tracing::warn!(%error, "what was counted for the stats was refused, and is left out");
                self.measures.written();
            }
        }
    }

    fn on_folded(&mut self, result: Result<Folded, StoreError>) {
        match result {
            Ok(folded) => {
                self.note_success(Call::Fold);
                self.maintenance.folded(folded, Instant::now());
            }
            Err(error) => self.maintenance.fold_failed(self.health.failed(Call::Fold, &error)),
        }
    }

    fn on_declared(&mut self, result: Result<(), StoreError>) {
        match result {
            Ok(()) => {
                self.note_success(Call::Declare);
                self.declarations.written();
                self.maintenance.sweep_by(Instant::now());
            }
            Err(error) => self.declarations.failed(self.health.failed(Call::Declare, &error)),
        }
    }

    fn on_tidied(&mut self, result: Result<Tidied, StoreError>) {
        match result {
            Ok(tidied) => {
                self.note_success(Call::Tidy);
                self.maintenance.tidied(&tidied, Instant::now());
                if tidied.parked > 0 {
                    tracing::warn!(
                        jobs = tidied.parked,
                        "parked jobs that no live worker knows; `windlass doctor` lists them"
                    );
                }
            }
            Err(error) => self.maintenance.tidy_failed(self.health.failed(Call::Tidy, &error)),
        }
    }
}

/// When a job must have started, by our own clock. It was claimed after the claim was sent, so this is never late.
fn start_by(job: &Claimed, claimed_at: Option<Timestamp>, sent: Instant) -> Option<Instant> {
    let expires_at = job.meta.expires_at(job.created_at)?;
    Some(later(sent, expires_at.since(claimed_at?)))
}
