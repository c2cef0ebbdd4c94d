//! What a worker does besides its jobs: register, renew its lease, sweep, tidy.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::Instant;

use super::events::Event;
use super::lookout;
use super::options::Options;
use super::pulse::Call;
use super::run::{Done, Engine, Phase};
use super::running::Ending;
use crate::error::StoreError;
use crate::id::{LeaseId, WorkerId};
use crate::store::{Beat, Swept, Tidied};

/// Who waits for what the store says to the first registration.
pub(super) type FirstAnswer = oneshot::Sender<Result<(), StoreError>>;

/// When each duty is due, and whether it is under way.
#[derive(Debug)]
pub(super) struct Duties {
    registered: bool,
    registering: bool,
    beating: bool,
    sweeping: bool,
    tidying: bool,
    leads: bool,
    /// How long after a sweep the next one is due.
    sweep_wait: Duration,
    beat_at: Instant,
    sweep_at: Instant,
    tidy_at: Instant,
    /// Until when the lease holds for sure, by this process's own clock.
    lease_until: Instant,
    /// By how much our own clock ends the lease before the store's does.
    margin: Duration,
    beat_sent: Instant,
    beat_failed: bool,
    /// Whether what has to be done when the lease may be over was done.
    is_overdue: bool,
    /// Leases a heartbeat found that nothing here knows; handed back if found twice.
    strays: HashSet<LeaseId>,
}

impl Duties {
    pub(super) fn new(now: Instant, options: &Options) -> Self {
        Self {
            registered: false,
            registering: false,
            beating: false,
            sweeping: false,
            tidying: false,
            leads: false,
            sweep_wait: options.sweep,
            beat_at: now,
            sweep_at: now,
            tidy_at: now,
            lease_until: now,
            margin: (options.lease / 10).max(Duration::from_millis(100)),
            beat_sent: now,
            beat_failed: false,
            is_overdue: false,
            strays: HashSet::new(),
        }
    }

    pub(super) fn is_registered(&self) -> bool {
        self.registered
    }

    pub(super) fn lease_holds(&self, now: Instant) -> bool {
        now < self.lease_until
    }

    /// Asks for a heartbeat at this moment, unless one is due sooner.
    fn beat_by(&mut self, moment: Instant) {
        self.beat_at = self.beat_at.min(moment);
    }

    pub(super) fn sweep_now(&mut self) {
        self.sweep_at = self.sweep_at.min(Instant::now());
    }

    /// When the next duty is due that is not under way.
    pub(super) fn next(&self) -> Instant {
        if !self.registered {
            return if self.registering { far() } else { self.beat_at };
        }
        let due = |at: Instant, under_way: bool| if under_way { far() } else { at };
        due(self.beat_at, self.beating)
            .min(due(self.sweep_at, self.sweeping))
            .min(due(self.tidy_at, self.tidying || !self.leads))
            .min(self.in_doubt_at())
    }

    /// When handlers must be told that the lease may be over. A process that was stopped for
    /// longer than its lease asks first: nobody may have taken its jobs.
    fn in_doubt_at(&self) -> Instant {
        match (self.registered && !self.is_overdue, self.beat_failed, self.beating) {
            (false, _, _) | (true, false, false) => far(),
            (true, true, _) => self.lease_until,
            (true, false, true) => self.lease_until.max(self.beat_sent + self.margin),
        }
    }

    /// Tries whatever failed again at this moment.
    pub(super) fn try_again(&mut self, now: Instant) {
        self.beat_by(now);
        self.sweep_at = self.sweep_at.min(now);
    }

    fn renewed(&mut self, sent: Instant, options: &Options) {
        // From before the request was sent, less a margin: when the store's view of the lease
        // and ours differ, ours must end first.
        self.lease_until = sent + options.lease.saturating_sub(self.margin);
        self.is_overdue = false;
    }
}

/// A round that pruned so many is followed by another one soon.
const A_LOT: u64 = 500;
const TIDY_AGAIN: Duration = Duration::from_millis(100);

fn far() -> Instant {
    Instant::now() + Duration::from_secs(3_600)
}

impl Engine {
    /// A heartbeat as soon as the store may be asked again.
    pub(super) fn beat_now(&mut self) {
        let now = Instant::now();
        self.duties.beat_by(self.pulse.again_at(Call::Heartbeat).map_or(now, |at| at.max(now)));
    }

    pub(super) fn send_duties(&mut self, now: Instant) {
        if !self.duties.registered {
            return self.send_registration(now);
        }
        if now >= self.duties.beat_at && !self.duties.beating {
            self.send_beat(now);
        }
        if now >= self.duties.sweep_at && !self.duties.sweeping {
            self.send_sweep(now);
        }
        if self.duties.leads && now >= self.duties.tidy_at && !self.duties.tidying {
            self.duties.tidying = true;
            self.duties.tidy_at = now + self.options.tidy;
            let store = Arc::clone(&self.store);
            self.inflight.push(Box::pin(async move { Done::Tidied(store.tidy(None).await) }));
        }
    }

    fn send_registration(&mut self, now: Instant) {
        if self.duties.registering || now < self.duties.beat_at {
            return;
        }
        self.duties.registering = true;
        let store = Arc::clone(&self.store);
        let registration = self.registration.clone();
        self.inflight.push(Box::pin(async move {
            let result = store.register(&registration, None).await;
            Done::Registered(now, result)
        }));
    }

    fn send_beat(&mut self, now: Instant) {
        self.duties.beating = true;
        self.duties.beat_sent = now;
        self.duties.beat_at = now + self.options.heartbeat;
        let (worker, lease) = (self.registration.worker, self.options.lease);
        let store = Arc::clone(&self.store);
        self.inflight.push(Box::pin(async move {
            Done::Beat(now, store.heartbeat(worker, lease, None).await)
        }));
    }

    fn send_sweep(&mut self, now: Instant) {
        self.duties.sweeping = true;
        self.duties.sweep_at = now + self.duties.sweep_wait;
        let worker = self.registration.worker;
        let store = Arc::clone(&self.store);
        self.inflight.push(Box::pin(async move { Done::Swept(store.sweep(worker, None).await) }));
    }

    pub(super) fn on_registered(&mut self, sent: Instant, result: Result<(), StoreError>) {
        self.duties.registering = false;
        // Told last, so that the caller finds the worker's health as it is.
        let mut first = self.first_answer.take();
        if let Err(error) = result {
            let Some(error) = self.refuse_start(&mut first, error) else { return };
            self.duties.beat_at = self.pulse.failed(Call::Register, &error);
            return;
        }
        self.note_success(Call::Register);
        self.duties.registered = true;
        self.duties.renewed(sent, &self.options);
        self.duties.beat_at = sent + self.options.heartbeat;
        self.duties.sweep_at = sent;
        self.fetch.poke(Instant::now());
        self.tell(|| Event::Registered);
        if let Some(first) = first {
            // Whoever started this stopped waiting, and finds the worker working.
            let _ = first.send(Ok(()));
        }
    }

    /// Ends a start that no waiting would help, or gives the error back. Later the same error
    /// only makes the worker fail until somebody has mended the database: it may hold jobs then.
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

    pub(super) fn on_beat(&mut self, sent: Instant, result: Result<Beat, StoreError>) {
        self.duties.beating = false;
        self.duties.beat_failed = result.is_err();
        match result {
            Ok(Beat::Gone) => {
                self.note_success(Call::Heartbeat);
                self.on_lease_lost();
            }
            Ok(Beat::Alive { leases, cancels, quiet }) => {
                self.note_success(Call::Heartbeat);
                self.duties.renewed(sent, &self.options);
                for (job, reason) in cancels {
                    self.call_off(job, &reason);
                }
                if matches!(self.phase, Phase::Working | Phase::Quiet) {
                    self.set_quiet(quiet);
                }
                self.hand_back_strays(leases);
            }
            Err(error) => {
                let again_at = self.pulse.failed(Call::Heartbeat, &error);
                self.duties.beat_at = again_at.min(sent + self.options.heartbeat);
            }
        }
    }

    /// Without renewal this process must stop by itself before others take its jobs: also where
    /// the heartbeat is under way, and the store just does not answer.
    pub(super) fn check_own_lease(&mut self, now: Instant) {
        if now < self.duties.in_doubt_at() {
            return;
        }
        self.duties.is_overdue = true;
        if self.duties.beating {
            self.pulse.failed(Call::Heartbeat, &"the database does not answer");
        }
        let patience = self.options.abandon_after;
        for running in self.running.values_mut() {
            running.tell(Ending::LeaseInDoubt, now, patience);
        }
        self.note_deadline(now + patience);
    }

    /// The store does not know this worker any more: its jobs belong to others, whatever runs
    /// here writes nothing, and the process goes on as a new worker.
    fn on_lease_lost(&mut self) {
        let now = Instant::now();
        tracing::warn!(
            worker = self.registration.label,
            "the lease was lost; going on as a new worker"
        );
        for running in self.running.values_mut() {
            running.tell(Ending::LeaseLost, now, self.options.abandon_after);
        }
        self.note_deadline(now + self.options.abandon_after);
        for ready in self.dispatch.drain() {
            self.fetch.freed(ready.queue);
        }
        let dropped = self.outbox.clear() as u64;
        self.stats.refused.fetch_add(dropped, std::sync::atomic::Ordering::Relaxed);
        self.store.wakeups().forget(self.registration.worker);
        self.registration.worker = WorkerId::new();
        self.bell =
            self.store.wakeups().add(self.registration.worker, self.registration.queues.clone());
        self.pulse.clear(Call::Settle);
        self.duties.registered = false;
        self.duties.beat_at = now;
        self.tell(|| Event::LostLease);
    }

    fn call_off(&mut self, job: crate::id::JobId, reason: &str) {
        let now = Instant::now();
        let patience = self.options.abandon_after;
        for running in self.running.values_mut().filter(|running| running.job.id == job) {
            running.tell(Ending::CalledOff(reason.to_owned()), now, patience);
        }
        self.note_deadline(now + patience);
    }

    /// A lease that the store has and nothing here knows is what a lost answer left behind.
    /// Only one seen by two heartbeats is handed back: a claim may be on its way.
    fn hand_back_strays(&mut self, leases: Vec<LeaseId>) {
        let known: HashSet<LeaseId> = self.leases_in_hand();
        let strays: HashSet<LeaseId> =
            leases.into_iter().filter(|lease| !known.contains(lease)).collect();
        for lease in strays.intersection(&self.duties.strays) {
            tracing::warn!(%lease, "handing back a lease whose claim was never answered");
            let (store, worker, lease) =
                (Arc::clone(&self.store), self.registration.worker, *lease);
            self.inflight.push(Box::pin(async move {
                Done::Released(store.release(worker, lease, None).await)
            }));
        }
        if !strays.is_empty() {
            self.duties.beat_by(Instant::now() + self.options.sweep);
        }
        self.duties.strays = strays;
    }

    fn leases_in_hand(&self) -> HashSet<LeaseId> {
        let running = self.running.values().map(|running| running.lease);
        running
            .chain(self.dispatch.leases())
            .chain(self.outbox.leases())
            .chain(self.settling_leases.iter().copied())
            .collect()
    }

    pub(super) fn on_swept(&mut self, result: Result<Swept, StoreError>) {
        self.duties.sweeping = false;
        let swept = match result {
            Ok(swept) => swept,
            Err(error) => {
                let again_at = self.pulse.failed(Call::Sweep, &error);
                self.duties.sweep_at = self.duties.sweep_at.max(again_at);
                return;
            }
        };
        self.note_success(Call::Sweep);
        self.duties.leads = swept.leads;
        if !swept.leads {
            self.pulse.clear(Call::Tidy);
        }
        if swept.attention {
            self.beat_now();
        }
        self.duties.sweep_wait = lookout::wait(&swept, self.options.sweep);
        // Only ever sooner: somebody may have asked for a sweep while this one was under way.
        let next_at = Instant::now() + self.duties.sweep_wait;
        self.duties.sweep_at = self.duties.sweep_at.min(next_at);
        if let Some(due) = swept.next_due {
            self.duties.sweep_at = self.duties.sweep_at.min(Instant::now() + due);
        }
        if swept.rescued > 0 {
            tracing::info!(
                jobs = swept.rescued,
                workers = swept.dead_workers,
                buried = swept.buried,
                "took back jobs of dead workers"
            );
            self.tell(|| Event::Rescued { jobs: swept.rescued });
        }
    }

    pub(super) fn on_tidied(&mut self, result: Result<Tidied, StoreError>) {
        self.duties.tidying = false;
        match result {
            Ok(tidied) => {
                self.note_success(Call::Tidy);
                if tidied.pruned >= A_LOT {
                    self.duties.tidy_at = Instant::now() + TIDY_AGAIN;
                }
                if tidied.parked > 0 {
                    tracing::warn!(
                        jobs = tidied.parked,
                        "parked jobs that no live worker knows; `windlass doctor` lists them"
                    );
                }
            }
            Err(error) => self.duties.tidy_at = self.pulse.failed(Call::Tidy, &error),
        }
    }
}
