//! The engine's state: what a worker is, what decides, and what is under way.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use tokio::runtime::Handle;
use tokio::sync::{broadcast, mpsc, oneshot, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::accounts::Accounts;
use super::attempt::AttemptReport;
use super::attempts::Attempts;
use super::beside::{Beside, BesideParts};
use super::call::{self, Answered, Request};
use super::declarations::Declarations;
use super::dispatch::{Dispatch, ReadyJob};
use super::events::Event;
use super::failure::{Failure, FailureCause};
use super::fetch::Fetch;
use super::health::{Call, StoreHealth};
use super::liveness::Liveness;
use super::maintenance::Maintenance;
use super::options::Options;
use super::pending::{PendingSettlements, Role};
use super::phase::{Intake, IntakeWishes, Phase};
use super::stats::Stats;
use super::sweep_interval::CancelWatch;
use crate::alert::Watch;
use crate::client::Client;
use crate::context::News;
use crate::error::StoreError;
use crate::handler::Registered;
use crate::health::Thresholds;
use crate::id::LeaseId;
use crate::job::{Claimed, Outcome, Settlement, Verdict};
use crate::stats::{Kept, Measures};
use crate::store::Store;
use crate::subscription::Feed;
use crate::wake::WakeHandle;
use crate::worker::{MinimumBuild, Registration, held_back};

/// Tells the caller of `start` what the store said to the first registration.
pub(super) type FirstAnswer = oneshot::Sender<Result<(), StoreError>>;

/// One worker.
pub(super) struct Engine {
    pub(super) store: Arc<dyn Store>,
    pub(super) options: Options,
    pub(super) thresholds: Thresholds,
    pub(super) registration: Registration,
    pub(super) handlers: HashMap<String, Registered>,
    pub(super) runtime: Handle,
    pub(super) client: Client,
    pub(super) label: Arc<str>,
    pub(super) wake_handle: Arc<WakeHandle>,

    // Deciders: no I/O, tested alone.
    pub(super) fetch: Fetch,
    pub(super) dispatch: Dispatch,
    pub(super) attempts: Attempts,
    pub(super) pending: PendingSettlements,
    pub(super) accounts: Accounts,
    pub(super) liveness: Liveness,
    pub(super) maintenance: Maintenance,
    pub(super) declarations: Declarations,
    /// Who wants which events; away while it is asked.
    pub(super) feed: Box<Feed>,
    /// What was seen of alerts; away while it looks.
    pub(super) watch: Option<Box<Watch>>,
    pub(super) health: StoreHealth,
    pub(super) phase: Phase,
    pub(super) wishes: IntakeWishes,
    /// The minimum build that this one is below, as it is told.
    pub(super) held_back: watch::Sender<Option<MinimumBuild>>,

    /// What is to run beside the jobs, until the loop begins.
    pub(super) beside_parts: BesideParts,
    pub(super) beside: Beside,
    /// The lease of the claim under way: the store may have it before its answer is here.
    pub(super) claiming: Option<LeaseId>,
    /// When a claim has last brought jobs.
    pub(super) claimed: Option<Instant>,
    pub(super) stopping: CancellationToken,
    /// Those who asked for a stop and wait for its end.
    pub(super) stop_waiters: Vec<oneshot::Sender<u64>>,
    pub(super) released: u64,
    pub(super) calls: FuturesUnordered<BoxFuture<'static, Answered>>,
    pub(super) reports: mpsc::UnboundedSender<AttemptReport>,
    /// Attempts say that they have said something.
    pub(super) news: News,
    pub(super) events: broadcast::Sender<Event>,
    pub(super) first_answer: Option<FirstAnswer>,
    pub(super) stats: Arc<Stats>,
    /// What is counted for everybody's stats.
    pub(super) measures: Measures,
}

impl Engine {
    /// Sends a request to the store; its answer comes to the loop.
    pub(super) fn call(&mut self, request: Request, now: Instant) {
        self.calls.push(call::send(Arc::clone(&self.store), request, now));
    }

    /// How long stats are kept while this worker leads.
    pub(super) const fn kept_stats(&self) -> Kept {
        Kept { hours: self.options.keep_stats }
    }

    pub(super) fn takes_work(&self) -> bool {
        self.phase == Phase::Working && self.liveness.is_registered()
    }

    /// Whether a claim could bring something that starts: some kind has a slot.
    pub(super) fn may_claim(&self) -> bool {
        self.takes_work()
            && (!self.dispatch.has_kind_slots()
                || self.handlers.keys().any(|kind| !self.dispatch.is_full(kind)))
    }

    /// Goes by the minimum builds of all programs, and by what is wished otherwise.
    pub(super) fn require(&mut self, required: &[MinimumBuild]) {
        let below = held_back(&self.registration.build, required);
        self.wishes.build = if below.is_some() { Intake::Closed } else { Intake::Open };
        // First, so that those who are told find the intake as it is.
        self.set_intake();
        let build = &self.registration.build;
        self.held_back.send_if_modified(|told| {
            if told.as_ref() == below {
                return false;
            }
            match below {
                Some(minimum) => tracing::warn!(
                    build,
                    minimum = %minimum,
                    note = minimum.note,
                    "this build is below the minimum: it takes no new work, what runs goes on"
                ),
                None => tracing::info!(build, "this build is not below a minimum any more"),
            }
            *told = below.cloned();
            true
        });
    }

    /// Opens or closes the intake of new work as it is wished; unstarted jobs of a closed one are handed back.
    pub(super) fn set_intake(&mut self) {
        let intake = self.wishes.intake();
        let Some(phase) = self.phase.with_intake(intake) else { return };
        self.phase = phase;
        self.stats.quiet.store(intake == Intake::Closed, Ordering::Relaxed);
        match intake {
            Intake::Open => self.fetch.look_now(Instant::now()),
            Intake::Closed => self.end_intake(),
        }
    }

    /// Claims no more, and hands back what has not started.
    pub(super) fn end_intake(&mut self) {
        self.health.clear(Call::Claim);
        for ready in self.dispatch.drain() {
            self.hand_back(ready);
        }
    }

    /// Gives a job that was claimed and not started back at once.
    pub(super) fn hand_back(&mut self, ready: ReadyJob) {
        let verdict = Verdict::Release { delay: std::time::Duration::ZERO };
        self.hand_back_as(ready, verdict, Role::Ordinary);
    }

    /// Gives a job that was claimed and not started back as this verdict says.
    pub(super) fn hand_back_as(&mut self, ready: ReadyJob, verdict: Verdict, role: Role) {
        self.fetch.freed(ready.queue);
        self.released += 1;
        let settlement = Settlement { lease: ready.lease, job: ready.job, ran: None, verdict };
        self.pending.push(settlement, role);
    }

    /// Notes that a call succeeded. After a failure, whatever else failed is tried again at once.
    pub(super) fn note_success(&mut self, call: Call) {
        if self.health.clear(call) {
            let now = Instant::now();
            self.fetch.try_again(now);
            self.pending.try_again(now);
            self.accounts.heard(now);
            self.liveness.call_by(now);
            self.maintenance.sweep_by(now);
            self.declarations.by(now);
        }
    }

    /// A heartbeat as soon as the store may be asked again.
    pub(super) fn beat_now(&mut self) {
        let now = Instant::now();
        self.liveness.call_by(self.health.again_at(Call::Heartbeat).map_or(now, |at| at.max(now)));
    }

    pub(super) fn cancel_watch(&self) -> CancelWatch {
        if self.attempts.is_empty() || self.store.wakeups().hears() {
            CancelWatch::Hints
        } else {
            CancelWatch::Sweeps
        }
    }

    pub(super) fn tell(&self, event: impl FnOnce() -> Event) {
        if self.events.receiver_count() > 0 {
            // Nobody has to listen.
            let _ = self.events.send(event());
        }
    }

    /// Reports what a verdict stands for, where that is a failure.
    pub(super) fn report(&self, job: &Claimed, verdict: &Verdict, cause: Option<FailureCause>) {
        if self.beside.reports_failures()
            && let Some(failure) = Failure::of(job, &self.label, verdict, cause)
        {
            self.beside.failed(failure);
        }
    }

    /// Counts and reports an attempt that ran and whose end cannot be written any more.
    pub(super) fn report_lost(&mut self, job: &Claimed) {
        self.measures.ended(job, ((Outcome::Lost, false), None), Instant::now());
        if self.beside.reports_failures() {
            self.beside.failed(Failure::lost(job, &self.label));
        }
    }

    pub(super) fn show_running(&self) {
        self.stats.running.store(self.attempts.len() as u64, Ordering::Relaxed);
    }
}
