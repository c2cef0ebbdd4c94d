//! The loop: waits for whatever comes first and lets the deciders say what it means.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::stream::{FuturesUnordered, StreamExt};
use tokio::runtime::Handle;
use tokio::sync::{broadcast, mpsc, oneshot};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::attempt::{self, Ended, Key};
use super::dispatch::{Dispatch, Ready};
use super::duties::{Duties, FirstAnswer};
use super::events::{Event, Stats};
use super::fetch::Fetch;
use super::options::Options;
use super::outbox::{Outbox, Parcel};
use super::pulse::{Call, Pulse};
use super::running::{Ending, Running};
use super::settling;
use super::verdict;
use crate::client::Client;
use crate::context::{AttemptContext, Signals, Surroundings};
use crate::error::StoreError;
use crate::handler::Registered;
use crate::id::LeaseId;
use crate::job::HandlerKey;
use crate::store::{
    Batch, Beat, ClaimRequest, Registration, Settled, Settlement, Store, Swept, Tidied, Verdict,
};
use crate::wake::Bell;

/// Ends looked at in one go.
const ENDS_AT_ONCE: usize = 256;
/// How long after its grace a stopping worker may still try to reach its store.
const LAST_WORDS: Duration = Duration::from_secs(4);

/// What a watcher asks of the engine.
pub(super) enum Command {
    Stop { grace: Duration, done: oneshot::Sender<u64> },
    Quiet(bool),
}

/// An answer of the store.
pub(super) enum Done {
    Claimed(Duration, Result<Batch, StoreError>),
    Settled(Vec<Parcel>, Result<Vec<Settled>, StoreError>),
    Beat(Instant, Result<Beat, StoreError>),
    Swept(Result<Swept, StoreError>),
    Tidied(Result<Tidied, StoreError>),
    Registered(Instant, Result<(), StoreError>),
    Released(Result<u64, StoreError>),
}

/// Whether new work is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    Working,
    /// Taking no new work until told otherwise.
    Quiet,
    /// Stopping; handlers have until then.
    Stopping(Instant),
    /// The store cannot serve a worker; nothing was begun.
    Refused,
}

/// The state of one worker. Fields are grouped by who decides with them.
pub(super) struct Engine {
    pub(super) store: Arc<dyn Store>,
    pub(super) options: Options,
    pub(super) registration: Registration,
    pub(super) handlers: HashMap<String, Registered>,
    pub(super) runtime: Handle,
    pub(super) client: Client,
    pub(super) label: Arc<str>,
    pub(super) bell: Arc<Bell>,

    pub(super) fetch: Fetch,
    pub(super) dispatch: Dispatch,
    pub(super) running: HashMap<Key, Running>,
    pub(super) next_key: Key,
    pub(super) next_deadline: Option<Instant>,
    pub(super) outbox: Outbox,
    pub(super) duties: Duties,

    pub(super) phase: Phase,
    pub(super) stopping: CancellationToken,
    pub(super) waiters: Vec<oneshot::Sender<u64>>,
    pub(super) released: u64,
    pub(super) claiming: bool,
    /// The leases of ends on their way to the store; empty while none is.
    pub(super) settling_leases: Vec<LeaseId>,
    pub(super) settling: bool,
    pub(super) settle_after: Instant,
    pub(super) claim_after: Instant,
    pub(super) pulse: Pulse,

    pub(super) inflight: FuturesUnordered<BoxFuture<'static, Done>>,
    pub(super) reports: mpsc::UnboundedSender<Ended>,
    pub(super) events: broadcast::Sender<Event>,
    /// Whoever waits for what the store says to the first registration.
    pub(super) first_answer: Option<FirstAnswer>,
    pub(super) stats: Arc<Stats>,
}

impl Engine {
    /// Runs until stopped and everything in hand is settled or given up.
    pub(super) async fn run(
        mut self,
        mut commands: mpsc::UnboundedReceiver<Command>,
        mut ends: mpsc::UnboundedReceiver<Ended>,
    ) {
        let mut batch = Vec::with_capacity(ENDS_AT_ONCE);
        while !self.step() {
            let wake_at = self.next_wake();
            let bell = Arc::clone(&self.bell);
            tokio::select! {
                Some(done) = self.inflight.next() => self.on_done(done),
                _ = ends.recv_many(&mut batch, ENDS_AT_ONCE) => {
                    for ended in batch.drain(..) {
                        self.on_ended(ended);
                    }
                }
                command = commands.recv() => self.on_command(command),
                () = bell.work() => self.fetch.poke(Instant::now()),
                () = bell.news() => self.duties.sweep_now(),
                () = tokio::time::sleep_until(wake_at) => {}
            }
        }
        self.farewell().await;
    }

    /// Does whatever can be done without waiting; `true` when there is nothing left to do.
    fn step(&mut self) -> bool {
        let now = Instant::now();
        self.check_own_lease(now);
        self.check_deadlines(now);
        self.check_stop(now);
        self.start_ready(now);
        self.send_settlements(now);
        self.send_claim(now);
        self.send_duties(now);
        self.is_done(now)
    }

    fn is_done(&self, now: Instant) -> bool {
        let until = match self.phase {
            Phase::Working | Phase::Quiet => return false,
            Phase::Refused => return true,
            Phase::Stopping(until) => until,
        };
        let idle = self.running.is_empty() && self.outbox.is_empty();
        (idle && !self.claiming && !self.settling)
            || now >= until + self.options.abandon_after + LAST_WORDS
    }

    fn next_wake(&self) -> Instant {
        let mut wake = self.duties.next();
        if let Some(deadline) = self.next_deadline {
            wake = wake.min(deadline);
        }
        if self.takes_work() && !self.claiming {
            wake = self.fetch.next_look().map_or(wake, |look| wake.min(look.max(self.claim_after)));
        }
        if !self.outbox.is_empty() && !self.settling {
            wake = wake.min(self.settle_after);
        }
        if let Phase::Stopping(until) = self.phase {
            let now = Instant::now();
            let last = until + self.options.abandon_after + LAST_WORDS;
            wake = wake.min(if now < until { until } else { last });
        }
        wake
    }

    fn on_done(&mut self, done: Done) {
        match done {
            Done::Claimed(took, result) => self.on_claimed(took, result),
            Done::Settled(parcels, result) => self.on_settled(parcels, result),
            Done::Beat(sent, result) => self.on_beat(sent, result),
            Done::Swept(result) => self.on_swept(result),
            Done::Tidied(result) => self.on_tidied(result),
            Done::Registered(sent, result) => self.on_registered(sent, result),
            Done::Released(Ok(_)) => {}
            // The next two heartbeats find the lease again.
            Done::Released(Err(error)) => tracing::debug!(%error, "a lease was not handed back"),
        }
    }

    fn on_command(&mut self, command: Option<Command>) {
        // A dropped handle is a wish to stop at once: nobody is left to ask for anything else.
        let command =
            command.unwrap_or(Command::Stop { grace: Duration::ZERO, done: oneshot::channel().0 });
        match command {
            Command::Stop { grace, done } => {
                self.waiters.push(done);
                let until = Instant::now() + grace;
                let until = match self.phase {
                    Phase::Stopping(before) => before.min(until),
                    Phase::Working | Phase::Quiet | Phase::Refused => until,
                };
                self.phase = Phase::Stopping(until);
                self.stopping.cancel();
                self.pulse.clear(Call::Claim);
                self.hand_back_unstarted();
            }
            Command::Quiet(wish) => self.set_quiet(wish),
        }
    }

    pub(super) fn set_quiet(&mut self, wish: bool) {
        match (self.phase, wish) {
            (Phase::Working, true) => {
                self.phase = Phase::Quiet;
                self.pulse.clear(Call::Claim);
                self.stats.quiet.store(true, std::sync::atomic::Ordering::Relaxed);
                self.hand_back_unstarted();
            }
            (Phase::Quiet, false) => {
                self.phase = Phase::Working;
                self.stats.quiet.store(false, std::sync::atomic::Ordering::Relaxed);
                self.fetch.poke(Instant::now());
            }
            _ => {}
        }
    }

    pub(super) fn takes_work(&self) -> bool {
        self.phase == Phase::Working && self.duties.is_registered()
    }

    fn hand_back_unstarted(&mut self) {
        for ready in self.dispatch.drain() {
            self.hand_back(ready, Duration::ZERO, false);
        }
    }

    /// Gives a job that was claimed and not started back, after `delay`.
    fn hand_back(&mut self, ready: Ready, delay: Duration, surplus_suspect: bool) {
        self.fetch.freed(ready.queue);
        self.released += 1;
        let settlement = Settlement {
            lease: ready.lease,
            job: ready.job,
            ran: None,
            verdict: Verdict::Release { delay },
        };
        self.outbox.push(Parcel { settlement, surplus_suspect });
    }

    fn send_claim(&mut self, now: Instant) {
        if self.claiming || !self.takes_work() || now < self.claim_after {
            return;
        }
        let Some(handlers) = self.claimable() else { return };
        let Some((shares, jobs)) = self.fetch.shares(now) else { return };
        let request = ClaimRequest {
            worker: self.registration.worker,
            lease: LeaseId::new(),
            shares,
            jobs,
            bytes: self.options.claim_bytes,
            handlers,
        };
        self.claiming = true;
        self.stats.claims.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let store = Arc::clone(&self.store);
        self.inflight.push(Box::pin(async move {
            let result = store.claim(&request, None).await;
            Done::Claimed(now.elapsed(), result)
        }));
    }

    /// The kinds and versions worth claiming: without those whose own slots are taken.
    fn claimable(&self) -> Option<Arc<[HandlerKey]>> {
        if !self.dispatch.has_kind_slots() {
            return Some(Arc::clone(&self.registration.handlers));
        }
        let open: Arc<[HandlerKey]> = self
            .handlers
            .values()
            .filter(|handler| !self.dispatch.is_full(&handler.kind))
            .flat_map(|handler| handler.keys().collect::<Vec<_>>())
            .collect();
        (!open.is_empty()).then_some(open)
    }

    fn on_claimed(&mut self, took: Duration, result: Result<Batch, StoreError>) {
        self.claiming = false;
        let now = Instant::now();
        let batch = match result {
            Ok(batch) => batch,
            Err(error) => {
                // An unknown answer may have left jobs under this lease: the next heartbeat
                // finds it and hands them back.
                if matches!(error, StoreError::Unknown { .. }) {
                    self.beat_now();
                }
                self.fetch.claimed(&vec![0; self.fetch.queue_count()], now);
                self.claim_after = self.pulse.failed(Call::Claim, &error);
                return;
            }
        };
        self.note_success(Call::Claim);
        let mut got = vec![0; self.fetch.queue_count()];
        let mut readies = Vec::with_capacity(batch.jobs.len());
        for job in batch.jobs {
            let Some(queue) = self.fetch.queue_index(&job.queue) else { continue };
            got[queue] += 1;
            readies.push(Ready { lease: batch.lease, queue, job });
        }
        if readies.is_empty() {
            self.tell(|| Event::Idle);
        } else {
            self.stats.note_claim(took);
            self.fetch.took(took);
        }
        self.fetch.claimed(&got, now);
        let keep = self.takes_work();
        for ready in readies {
            if keep {
                self.take_in(ready);
            } else {
                self.hand_back(ready, Duration::ZERO, false);
            }
        }
    }

    fn take_in(&mut self, ready: Ready) {
        if let Err(suspect) = self.dispatch.offer(ready) {
            // Its turn comes when the suspect that runs here has ended, here or elsewhere.
            let delay = Duration::from_millis(fastrand::u64(1_000..3_000));
            self.hand_back(suspect, delay, true);
        }
    }

    fn start_ready(&mut self, now: Instant) {
        // After a long stop (SIGSTOP, a paused machine) the lease may be over: nothing starts
        // until a heartbeat has said that it is not.
        if !self.duties.lease_holds(now) {
            if self.dispatch.has_unstarted() {
                self.beat_now();
            }
            return;
        }
        while let Some(ready) = self.dispatch.next(self.outbox.suspects_are_home()) {
            self.start(ready, now);
        }
    }

    fn start(&mut self, ready: Ready, now: Instant) {
        let Ready { lease, queue, job } = ready;
        let Some(registered) = self.handlers.get(&job.kind) else {
            self.dispatch.ended(queue, &job.kind, false);
            return self.hand_back(Ready { lease, queue, job }, Duration::ZERO, false);
        };
        let timeout = job.meta.timeout_ms.map_or(registered.policy.timeout, Duration::from_millis);
        let key = self.next_key;
        self.next_key += 1;
        self.tell(|| Event::Started { job: job.id, kind: job.kind.clone(), attempt: job.attempt });
        let signals =
            Signals { stopping: self.stopping.clone(), cancelled: CancellationToken::new() };
        let mut running = Running {
            lease,
            job: Arc::clone(&job),
            queue,
            timeout,
            started: now,
            deadline: now + timeout,
            ending: Ending::None,
            cancel: signals.cancelled.clone(),
            abort: None,
        };
        let around = Surroundings {
            lease,
            worker: self.registration.worker,
            worker_label: Arc::clone(&self.label),
            timeout,
            signals,
            client: self.client.clone(),
        };
        let context = Arc::new(AttemptContext::new(job, around));
        let handler = Arc::clone(&registered.handler);
        let reports = self.reports.clone();
        running.abort = Some(attempt::start(&self.runtime, key, handler, context, reports));
        self.note_deadline(running.deadline);
        self.running.insert(key, running);
        self.stats.started.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        self.show_running();
    }

    fn on_ended(&mut self, ended: Ended) {
        // An attempt that was abandoned has been settled already.
        let Some(running) = self.running.remove(&ended.key) else { return };
        self.show_running();
        self.dispatch.ended(running.queue, &running.job.kind, running.is_suspect());
        self.fetch.freed(running.queue);
        self.fetch.ran(ended.ran);
        let ran = ended.ran;
        let Some(handler) = self.handlers.get(&running.job.kind) else { return };
        if let Some(verdict) =
            verdict::decide(ended, &running.ending, running.standing(), &handler.policy)
        {
            self.send_off(running, ran, verdict);
        }
    }

    fn send_off(&mut self, running: Running, ran: Duration, verdict: Verdict) {
        self.released += u64::from(matches!(verdict, Verdict::Release { .. }));
        self.outbox.push(Parcel {
            settlement: Settlement {
                lease: running.lease,
                job: running.job,
                ran: Some(ran),
                verdict,
            },
            surplus_suspect: false,
        });
    }

    fn check_deadlines(&mut self, now: Instant) {
        if self.next_deadline.is_none_or(|deadline| now < deadline) {
            return;
        }
        let due: Vec<Key> = self
            .running
            .iter()
            .filter(|(_, running)| running.deadline <= now)
            .map(|(key, _)| *key)
            .collect();
        for key in due {
            self.on_deadline(key, now);
        }
        self.next_deadline = self.running.values().map(|running| running.deadline).min();
    }

    fn on_deadline(&mut self, key: Key, now: Instant) {
        let Some(running) = self.running.get_mut(&key) else { return };
        if running.ending == Ending::None {
            let limit = running.timeout;
            running.tell(Ending::TimedOut(limit), now, self.options.abandon_after);
            return;
        }
        // It was told and did not end: its slot is freed and whatever it still does is fenced.
        let Some(running) = self.running.remove(&key) else { return };
        if let Some(abort) = &running.abort {
            abort.abort();
        }
        self.stats.abandoned.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        self.show_running();
        tracing::warn!(job = %running.job.id, kind = running.job.kind, "handler did not end when told to; abandoned");
        self.dispatch.ended(running.queue, &running.job.kind, running.is_suspect());
        self.fetch.freed(running.queue);
        if running.ending == Ending::LeaseLost {
            return;
        }
        let Some(handler) = self.handlers.get(&running.job.kind) else { return };
        let verdict = verdict::of_ending(&running.ending, running.standing(), &handler.policy);
        let ran = now - running.started;
        self.send_off(running, ran, verdict);
    }

    fn check_stop(&mut self, now: Instant) {
        let Phase::Stopping(until) = self.phase else { return };
        if now < until {
            return;
        }
        let patience = self.options.abandon_after;
        for running in self.running.values_mut() {
            running.tell(Ending::GraceOver, now, patience);
        }
        if !self.running.is_empty() {
            self.note_deadline(now + patience);
        }
    }

    pub(super) fn note_deadline(&mut self, deadline: Instant) {
        self.next_deadline =
            Some(self.next_deadline.map_or(deadline, |earliest| earliest.min(deadline)));
    }

    /// Notes that a call succeeded. After a failure, whatever else failed is tried again at once.
    pub(super) fn note_success(&mut self, call: Call) {
        if self.pulse.clear(call) {
            let now = Instant::now();
            self.claim_after = now;
            self.settle_after = now;
            self.duties.try_again(now);
        }
    }

    pub(super) fn tell(&self, event: impl FnOnce() -> Event) {
        if self.events.receiver_count() > 0 {
            // Nobody listening any more is no error.
            let _ = self.events.send(event());
        }
    }

    fn show_running(&self) {
        let running = self.running.len() as u64;
        self.stats.running.store(running, std::sync::atomic::Ordering::Relaxed);
    }

    /// The last words: off the list of workers, then everybody who waits is told.
    async fn farewell(mut self) {
        for running in self.running.values() {
            running.cancel.cancel();
            if let Some(abort) = &running.abort {
                abort.abort();
            }
        }
        if self.phase != Phase::Refused {
            self.leave().await;
        }
        self.store.wakeups().forget(self.registration.worker);
        for waiter in std::mem::take(&mut self.waiters) {
            // A caller that stopped waiting does not want the answer.
            let _ = waiter.send(self.released);
        }
    }

    async fn leave(&self) {
        let leave = self.store.leave(self.registration.worker, None);
        match tokio::time::timeout(LAST_WORDS, leave).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "could not take the worker off the list"),
            Err(_) => tracing::warn!("could not take the worker off the list in time"),
        }
    }
}

impl Engine {
    pub(super) fn send_settlements(&mut self, now: Instant) {
        if self.settling || self.outbox.is_empty() || now < self.settle_after {
            return;
        }
        let parcels = self.outbox.take(crate::limits::SETTLE_JOBS);
        self.settling = true;
        self.settling_leases = parcels.iter().map(|parcel| parcel.settlement.lease).collect();
        self.settling_leases.dedup();
        let store = Arc::clone(&self.store);
        let worker = self.registration.worker;
        self.inflight.push(Box::pin(async move {
            let settlements: Vec<Settlement> =
                parcels.iter().map(|parcel| parcel.settlement.clone()).collect();
            let result = settling::write(store.as_ref(), worker, settlements).await;
            Done::Settled(parcels, result)
        }));
    }
}
