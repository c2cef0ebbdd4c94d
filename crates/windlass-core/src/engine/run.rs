//! The loop: waits for the first thing that happens and hands it on.
//!
//! A feature adds a decider to [`Engine`] and a step here, not a branch: what a decider wants sent
//! goes through [`Engine::call`], and its answer comes back through `on_answer`.

use crate::reply::Now;
use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::StreamExt;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use super::attempt::AttemptReport;
use super::attempts::later;
use super::beside::Beside;
use super::phase::{Intake, Phase};
use super::state::Engine;
use crate::stats;

/// Reports looked at in one go.
const REPORTS_AT_ONCE: usize = 256;
/// How long after its grace a stopping worker may still try to reach its store.
const LAST_TRY: Duration = Duration::from_secs(4);
/// The longest wait of the loop while nothing is due.
const IDLE: Duration = Duration::from_secs(3_600);

/// What the holder of a running worker asks of it.
pub(super) enum Command {
    Stop { grace: Duration, done: oneshot::Sender<u64> },
    Intake(Intake),
    Respond(oneshot::Sender<()>),
}

impl Engine {
    /// Runs until stopped and everything in hand is settled or given up.
    pub(super) async fn run(
        mut self,
        mut commands: mpsc::UnboundedReceiver<Command>,
        mut reports: mpsc::UnboundedReceiver<AttemptReport>,
    ) {
        let mut parts = std::mem::take(&mut self.beside_parts);
        let sources = std::mem::take(&mut parts.sources);
        self.beside = Beside::start(parts, &self.runtime);
        let ours = (&self.store, &*self.label);
        self.beside.read(sources, ours, &self.runtime, &self.stopping);
        let mut batch = Vec::with_capacity(REPORTS_AT_ONCE);
        let mut is_handle_gone = false;
        while !self.step() {
            let wake_at = self.next_wake();
            let (wake_handle, news) = (Arc::clone(&self.wake_handle), Arc::clone(&self.news));
            tokio::select! {
                Some(answered) = self.calls.next() => self.on_answer(answered),
                _ = reports.recv_many(&mut batch, REPORTS_AT_ONCE) => {
                    for report in batch.drain(..) {
                        self.on_report(report);
                    }
                }
                command = commands.recv(), if !is_handle_gone => {
                    is_handle_gone = command.is_none();
                    self.on_command(command);
                }
                () = wake_handle.work() => self.fetch.look_now(Instant::now()),
                () = news.notified() => self.accounts.heard(Instant::now()),
                () = wake_handle.news() => self.maintenance.sweep_by(Instant::now()),
                () = wake_handle.events() => self.maintenance.feed_by(Instant::now()),
                () = tokio::time::sleep_until(wake_at) => {}
            }
        }
        self.end().await;
    }

    /// Does everything that can be done without waiting; `true` when there is nothing left to do.
    fn step(&mut self) -> bool {
        let now = Instant::now();
        self.check_lease(now);
        self.check_deadlines(now);
        self.check_grace(now);
        self.end_expired(now);
        self.start_ready(now);
        self.hand_back_waiting(now);
        self.send_settlements(now);
        self.send_reports(now);
        self.send_claim(now);
        self.send_liveness(now);
        self.send_declarations(now);
        self.send_maintenance(now);
        self.is_done(now)
    }

    fn is_done(&self, now: Instant) -> bool {
        match self.phase {
            Phase::Working | Phase::Quiet => false,
            Phase::Refused => true,
            Phase::Stopping(until) => {
                let is_idle = self.attempts.is_empty() && self.pending.is_empty();
                (is_idle && !self.fetch.is_under_way()) || now >= self.last_try(until)
            }
        }
    }

    /// When a stopping worker gives up what it could not settle.
    fn last_try(&self, until: Instant) -> Instant {
        until + self.options.abandon_after + LAST_TRY
    }

    /// The earliest moment at which a decider wants to be asked again.
    fn next_wake(&self) -> Instant {
        let now = Instant::now();
        let grace =
            self.phase.grace().map(|until| if now < until { until } else { self.last_try(until) });
        let wakes = [
            self.liveness.next(),
            self.maintenance.next().filter(|_| self.liveness.is_registered()),
            self.declarations.next().filter(|_| self.liveness.is_registered()),
            self.attempts.next(),
            self.dispatch.next_expiry(),
            self.next_hand_back(now),
            self.fetch.next_look().filter(|_| self.may_claim()),
            self.pending.next(),
            self.accounts.next(),
            grace,
        ];
        wakes.into_iter().flatten().min().unwrap_or(now + IDLE)
    }

    fn on_command(&mut self, command: Option<Command>) {
        match command {
            Some(Command::Stop { grace, done }) => {
                self.stop_waiters.push(done);
                self.stop_within(grace);
            }
            Some(Command::Intake(intake)) => {
                self.wishes.own = intake;
                self.set_intake();
            }
            Some(Command::Respond(done)) => {
                // A caller that stopped waiting does not want the answer.
                let _ = done.send(());
            }
            // A dropped handle is a wish to stop at once: nobody is left to ask for anything else.
            None => self.stop_within(Duration::ZERO),
        }
    }

    pub(super) fn stop_within(&mut self, grace: Duration) {
        self.phase = self.phase.stopping(later(Instant::now(), grace));
        self.stopping.cancel();
        self.end_intake();
    }

    /// Takes the worker off the list, then tells everybody who waits for its end.
    async fn end(mut self) {
        self.attempts.abort_all();
        if self.phase != Phase::Refused {
            self.leave().await;
        }
        self.store.wakeups().forget(self.registration.worker);
        // Also where nobody asked for a stop.
        self.stopping.cancel();
        std::mem::take(&mut self.beside).end().await;
        for waiter in std::mem::take(&mut self.stop_waiters) {
            // A caller that stopped waiting does not want the answer.
            let _ = waiter.send(self.released);
        }
    }

    /// What was counted since the last heartbeat, and where this worker leads what others have counted, becomes stats; it is lost
    /// where the store does not answer in time.
    async fn write_stats(&mut self) {
        let (parts, store) = (self.measures.last(), Arc::clone(&self.store));
        let kept = self.maintenance.leads().then(|| self.kept_stats());
        let write = async {
            for part in parts {
                store.put_stats_part(&part, Now::Database).await?;
            }
            match kept {
                Some(kept) => stats::fold(&*store, kept, Now::Database).await.map(drop),
                None => Ok(()),
            }
        };
        match tokio::time::timeout(LAST_TRY, write).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::debug!(%error, "what was counted for the stats may be lost"),
            Err(_) => tracing::debug!("what was counted for the stats may be lost"),
        }
    }

    async fn leave(&mut self) {
        self.write_stats().await;
        let leave = self.store.leave(self.registration.worker, Now::Database);
        match tokio::time::timeout(LAST_TRY, leave).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "could not take the worker off the list"),
            Err(_) => tracing::warn!("could not take the worker off the list in time"),
        }
    }
}
