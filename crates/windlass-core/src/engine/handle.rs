//! A worker that runs: watched, quieted, stopped.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{broadcast, mpsc, oneshot, watch};

use super::events::Event;
use super::health::Health;
use super::phase::Intake;
use super::run::Command;
use super::stats::Stats;
use crate::limits;
use crate::worker::MinimumBuild;

/// A worker that runs. Dropping it stops it without grace; call [`RunningWorker::stop`].
#[derive(Debug)]
#[must_use = "dropping it stops the worker without grace"]
pub struct RunningWorker {
    pub(super) commands: mpsc::UnboundedSender<Command>,
    pub(super) events: broadcast::Sender<Event>,
    pub(super) health: watch::Receiver<Health>,
    pub(super) held_back: watch::Receiver<Option<MinimumBuild>>,
    pub(super) stats: Arc<Stats>,
    pub(super) label: Arc<str>,
    pub(super) gone: watch::Receiver<bool>,
}

/// How a worker stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StopReport {
    /// Jobs it handed back, unstarted or unfinished, without counting a failure.
    pub released: u64,
}

impl RunningWorker {
    /// Host, process id and a few letters, as in the list of workers and in each job's history.
    #[must_use]
    pub fn label(&self) -> &str {
        &self.label
    }

    /// Running totals.
    #[must_use]
    pub fn stats(&self) -> &Arc<Stats> {
        &self.stats
    }

    /// Events from now on. A slow reader misses the oldest and is told how many.
    #[must_use]
    pub fn events(&self) -> broadcast::Receiver<Event> {
        self.events.subscribe()
    }

    /// Whether the worker can use its store at this moment: cheap, for a health check that is asked
    /// often. The caller decides how long a failure may last before it counts.
    #[must_use]
    pub fn health(&self) -> Health {
        if *self.gone.borrow() { Health::Stopped } else { self.health.borrow().clone() }
    }

    /// Whether its loop goes on: resolves when that comes by, at once as a rule; `false` where the worker has stopped. It is
    /// for a watchdog, which says how long it waits. A store that does not answer does not hold it up.
    pub async fn responds(&self) -> bool {
        let (done, answer) = oneshot::channel();
        self.send(Command::Respond(done));
        answer.await.is_ok()
    }

    /// Resolves when the worker has stopped, for whatever reason.
    pub async fn stopped(&self) {
        self.wait_gone().await;
    }

    /// The same, as it changes.
    #[must_use]
    pub fn health_changes(&self) -> watch::Receiver<Health> {
        self.health.clone()
    }

    /// Takes no new work until [`RunningWorker::resume`]; unstarted jobs are handed back.
    pub fn quiet(&self) {
        self.send(Command::Intake(Intake::Closed));
    }

    /// The minimum build that it is below, and takes no new work for: see
    /// [`Client::require_build`](crate::client::Client::require_build).
    #[must_use]
    pub fn held_back(&self) -> Option<MinimumBuild> {
        self.held_back.borrow().clone()
    }

    /// The same, as it changes.
    #[must_use]
    pub fn held_back_changes(&self) -> watch::Receiver<Option<MinimumBuild>> {
        self.held_back.clone()
    }

    /// Whether it takes no new work, for whatever reason.
    #[must_use]
    pub fn is_quiet(&self) -> bool {
        self.stats.quiet.load(std::sync::atomic::Ordering::Relaxed)
    }

    /// Takes work again, unless a person has asked it to take none, or its build is below the minimum.
    pub fn resume(&self) {
        self.send(Command::Intake(Intake::Open));
    }

    /// Stops with the default grace of 25 s, see [`RunningWorker::stop_within`].
    pub async fn stop(&self) -> StopReport {
        self.stop_within(limits::GRACE).await
    }

    /// Stops: nothing new is claimed, unstarted jobs are handed back at once, safe points end
    /// their attempts, running handlers have `grace` to end; those that remain are told to, and
    /// handed back without counting a failure. Calling it again can only shorten the grace.
    pub async fn stop_within(&self, grace: Duration) -> StopReport {
        let (done, answer) = oneshot::channel();
        self.send(Command::Stop { grace, done });
        match answer.await {
            Ok(released) => StopReport { released },
            Err(_) => {
                self.wait_gone().await;
                StopReport { released: 0 }
            }
        }
    }

    /// Runs until `signal` resolves, then stops with the default grace. One that stops before that, as where
    /// [`Client::stop_worker`](crate::client::Client::stop_worker) has asked it to, is not waited for any longer.
    pub async fn stop_on(&self, signal: impl Future<Output = ()>) -> StopReport {
        tokio::select! {
            () = signal => {}
            () = self.wait_gone() => {}
        }
        self.stop().await
    }

    /// One that does nothing and does not end: the process is there for an attempt that another worker of its program runs.
    #[cfg(unix)]
    pub(super) fn parked(events: broadcast::Sender<Event>) -> Self {
        let (gone_tx, gone) = watch::channel(false);
        // Nobody ends it, so nobody says that it has ended.
        std::mem::forget(gone_tx);
        Self {
            commands: mpsc::unbounded_channel().0,
            events,
            health: watch::channel(Health::Working).1,
            held_back: watch::channel(None).1,
            stats: Arc::default(),
            label: "isolated".into(),
            gone,
        }
    }

    pub(super) async fn wait_gone(&self) {
        // The sender goes with the engine's thread, which is just as gone.
        let _ = self.gone.clone().wait_for(|gone| *gone).await;
    }

    fn send(&self, command: Command) {
        // An engine that has stopped needs no commands.
        let _ = self.commands.send(command);
    }
}
