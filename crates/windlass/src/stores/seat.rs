//! The worker of one of several stores: started, tried again, and stopped.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{oneshot, watch};
use windlass_core::engine::{RunningWorker, StartError, StopReport};
use windlass_core::error::StoreError;
use windlass_core::limits::RECONNECT_CAP;
use windlass_core::time::Timestamp;

use super::Stores;
use super::running::{Describe, First};

/// The wait after the first try that failed; each further one is twice as long, up to the cap.
const FIRST_WAIT: Duration = Duration::from_millis(250);

/// How the worker of a store is.
#[derive(Debug)]
pub(super) enum Now {
    /// It is not started: its store is away.
    Away { since: Timestamp, error: String },
    /// It runs.
    Running(Arc<RunningWorker>),
    /// It has stopped, and does not come back.
    Stopped(StopReport),
}

/// What all are to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wish {
    Work,
    Quiet,
    Stop(Duration),
}

pub(super) struct Seat {
    stores: Stores,
    name: Arc<str>,
    now: watch::Sender<Now>,
    wish: watch::Receiver<Wish>,
    first: Option<First>,
}

impl Seat {
    pub(super) fn new(
        stores: Stores,
        name: &str,
        wish: watch::Receiver<Wish>,
    ) -> (Self, watch::Receiver<Now>, oneshot::Receiver<Result<(), StartError>>) {
        let error = "it has not answered yet".to_owned();
        let (now, watched) = watch::channel(Now::Away { since: Timestamp::wall_clock(), error });
        let (first, answer) = oneshot::channel();
        (Self { stores, name: name.into(), now, wish, first: Some(first) }, watched, answer)
    }

    /// Starts the worker, tries again where the store is away, and goes with it until it stops.
    pub(super) async fn keep<App: Send + Sync + 'static>(mut self, describe: Arc<Describe<App>>) {
        let report = match self.started(&*describe).await {
            Some(worker) => self.with(worker).await,
            None => StopReport { released: 0 },
        };
        self.now.send_replace(Now::Stopped(report));
    }

    /// The worker, once there is one; none where it is told to stop before, or makes no sense.
    async fn started<App: Send + Sync + 'static>(
        &mut self,
        describe: &Describe<App>,
    ) -> Option<Arc<RunningWorker>> {
        let mut wait = FIRST_WAIT;
        loop {
            let mut wish = self.wish.clone();
            let started = tokio::select! {
                started = self.start(describe) => started,
                () = told_to_stop(&mut wish) => return None,
            };
            match started {
                Ok(worker) => {
                    tracing::info!(
                        store = &*self.name,
                        worker = worker.label(),
                        "a worker was started"
                    );
                    self.answer(Ok(()));
                    return Some(Arc::new(worker));
                }
                Err(error) if self.is_awaited() && !is_passing(&error) => {
                    self.answer(Err(error));
                    return None;
                }
                Err(error) => self.is_away(&error),
            }
            self.answer(Ok(()));
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = told_to_stop(&mut wish) => return None,
            }
            wait = (wait * 2).min(RECONNECT_CAP);
        }
    }

    async fn start<App: Send + Sync + 'static>(
        &self,
        describe: &Describe<App>,
    ) -> Result<RunningWorker, StartError> {
        let store = self.stores.store(&self.name).await.map_err(StartError::Store)?;
        let worker = describe(&self.name, store);
        if let Some(kind) = worker.isolated_kind().filter(|_| self.stores.names().count() > 1) {
            return Err(StartError::IsolatedStores(kind.to_owned()));
        }
        worker.start().await
    }

    fn is_away(&self, error: &StartError) {
        let text = error.to_string();
        let since = match &*self.now.borrow() {
            Now::Away { since, .. } => *since,
            _ => Timestamp::wall_clock(),
        };
        tracing::warn!(
            store = &*self.name,
            error = text,
            "no worker could be started; it is tried again"
        );
        self.now.send_replace(Now::Away { since, error: text });
    }

    /// Whether the caller of the start still waits for how the first try ends: otherwise nobody would be told.
    fn is_awaited(&self) -> bool {
        self.first.as_ref().is_some_and(|first| !first.is_closed())
    }

    /// Tells the caller of the start once, who may not wait any more.
    fn answer(&mut self, answer: Result<(), StartError>) {
        if let Some(first) = self.first.take() {
            let _ = first.send(answer);
        }
    }

    /// Does what all are to do, until the worker has stopped.
    async fn with(&mut self, worker: Arc<RunningWorker>) -> StopReport {
        self.now.send_replace(Now::Running(Arc::clone(&worker)));
        let mut done = Wish::Work;
        loop {
            let wish = *self.wish.borrow_and_update();
            match wish {
                Wish::Quiet if done != wish => worker.quiet(),
                Wish::Work if done != wish => worker.resume(),
                Wish::Stop(grace) => return self.stop(&worker, grace).await,
                Wish::Quiet | Wish::Work => {}
            }
            done = wish;
            tokio::select! {
                changed = self.wish.changed() => {
                    if changed.is_err() {
                        return worker.stop_within(Duration::ZERO).await;
                    }
                }
                () = worker.stopped() => return StopReport { released: 0 },
            }
        }
    }

    /// A further wish to stop can take time away.
    async fn stop(&mut self, worker: &RunningWorker, grace: Duration) -> StopReport {
        let mut grace = grace;
        loop {
            tokio::select! {
                report = worker.stop_within(grace) => return report,
                Ok(()) = self.wish.changed() => {
                    if let Wish::Stop(shorter) = *self.wish.borrow_and_update() {
                        grace = shorter;
                    }
                }
            }
        }
    }
}

/// Whether the next try may be better by itself.
fn is_passing(error: &StartError) -> bool {
    matches!(error, StartError::Store(error) if StoreError::is_passing(error))
}

async fn told_to_stop(wish: &mut watch::Receiver<Wish>) {
    // Where nobody is left to tell anything, the seat ends with them.
    if wish.wait_for(|wish| matches!(wish, Wish::Stop(_))).await.is_err() {
        std::future::pending::<()>().await;
    }
}
