//! Workers of several stores in one process, from their start to their stop.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{oneshot, watch};
use tokio::task::JoinSet;
use windlass_core::engine::{Health, RunningWorker, StartError, StopReport, Worker};
use windlass_core::limits::{GRACE, START_WAIT};
use windlass_core::store::Store;

use super::Stores;
use super::seat::{Now, Seat, Wish};

/// What makes the worker of each store.
pub(super) type Describe<App> = dyn Fn(&str, Arc<dyn Store>) -> Worker<App> + Send + Sync;

/// One worker for each of several stores, in this process. Dropping it stops all of them without grace; call
/// [`RunningWorkers::stop`].
#[derive(Debug)]
#[must_use = "dropping it stops the workers without grace"]
pub struct RunningWorkers {
    workers: Vec<Watched>,
    wish: watch::Sender<Wish>,
    #[expect(dead_code, reason = "held, never read: what it holds ends with it")]
    seats: JoinSet<()>,
}

#[derive(Debug)]
struct Watched {
    name: Arc<str>,
    now: watch::Receiver<Now>,
}

/// The worker of one store.
#[derive(Debug, Clone)]
pub struct StoreWorker {
    /// The store.
    pub store: Arc<str>,
    /// Whether it can use the store. Of one that is not started, since the store is away: since when, and why.
    pub health: Health,
    /// The worker itself, where it runs.
    pub running: Option<Arc<RunningWorker>>,
}

/// Working.
impl Stores {
    /// Starts a worker for each store, in this process. The function is called for each, with the store's name, and again after each
    /// try that failed. Slots, limits, timers and schedules are those of one store's worker: two stores with 50 slots each run 100
    /// jobs at once.
    ///
    /// It returns once all are registered, and after 3 s at the latest. A store that is away is tried again for as long as the
    /// workers run, with a back-off of at most 5 s, and the others work meanwhile.
    ///
    /// # Errors
    /// When a worker makes no sense as it is described, and when a store answers that it cannot serve one: nothing runs then. A kind
    /// that wants a process for each attempt is refused, unless there is one store alone.
    pub async fn worker<App: Send + Sync + 'static>(
        &self,
        describe: impl Fn(&str, Arc<dyn Store>) -> Worker<App> + Send + Sync + 'static,
    ) -> Result<RunningWorkers, StartError> {
        let describe: Arc<Describe<App>> = Arc::new(describe);
        let (wish, told) = watch::channel(Wish::Work);
        let (mut seats, mut workers, mut first) = (JoinSet::new(), Vec::new(), Vec::new());
        for name in self.names() {
            let (seat, now, answer) = Seat::new(self.clone(), name, told.clone());
            seats.spawn(seat.keep(Arc::clone(&describe)));
            workers.push(Watched { name: name.into(), now });
            first.push(answer);
        }
        let running = RunningWorkers { workers, wish, seats };
        let began = tokio::time::Instant::now();
        for answer in first {
            // One that has not answered by then is tried beside.
            if let Ok(Ok(Err(error))) = tokio::time::timeout_at(began + START_WAIT, answer).await {
                return Err(error);
            }
        }
        Ok(running)
    }
}

/// What the first try of a store came to.
pub(super) type First = oneshot::Sender<Result<(), StartError>>;

impl RunningWorkers {
    /// The worker of each store, in the order of the stores.
    #[must_use]
    pub fn workers(&self) -> Vec<StoreWorker> {
        let of = |watched: &Watched| {
            let store = Arc::clone(&watched.name);
            match &*watched.now.borrow() {
                Now::Away { since, error } => {
                    let health = Health::Failing { since: *since, error: error.clone() };
                    StoreWorker { store, health, running: None }
                }
                Now::Running(worker) => StoreWorker {
                    store,
                    health: worker.health(),
                    running: Some(Arc::clone(worker)),
                },
                Now::Stopped(_) => StoreWorker { store, health: Health::Stopped, running: None },
            }
        };
        self.workers.iter().map(of).collect()
    }

    /// Takes no new work from any store until [`RunningWorkers::resume`], from one that comes back later neither.
    pub fn quiet(&self) {
        self.tell(Wish::Quiet);
    }

    /// Takes work again, as [`RunningWorker::resume`].
    pub fn resume(&self) {
        self.tell(Wish::Work);
    }

    /// Whether the loops of all that run go on, as [`RunningWorker::responds`].
    pub async fn responds(&self) -> bool {
        for worker in self.workers().into_iter().filter_map(|worker| worker.running) {
            if !worker.responds().await {
                return false;
            }
        }
        true
    }

    /// Resolves when all have stopped, for whatever reason.
    pub async fn stopped(&self) {
        for watched in &self.workers {
            watched.stopped().await;
        }
    }

    /// Stops all with the default grace of 25 s.
    pub async fn stop(&self) -> StopReport {
        self.stop_within(GRACE).await
    }

    /// Stops all at the same time, each as [`RunningWorker::stop_within`]. Calling it again can only shorten the grace.
    pub async fn stop_within(&self, grace: Duration) -> StopReport {
        self.tell(Wish::Stop(grace));
        let mut released = 0;
        for watched in &self.workers {
            released += watched.stopped().await.released;
        }
        StopReport { released }
    }

    /// A stop is not taken back.
    fn tell(&self, wish: Wish) {
        self.wish.send_modify(|now| {
            *now = match (*now, wish) {
                (Wish::Stop(one), Wish::Stop(other)) => Wish::Stop(one.min(other)),
                (Wish::Stop(grace), _) => Wish::Stop(grace),
                (_, wish) => wish,
            };
        });
    }
}

impl Watched {
    async fn stopped(&self) -> StopReport {
        match self.now.clone().wait_for(|now| matches!(now, Now::Stopped(_))).await.as_deref() {
            Ok(Now::Stopped(report)) => *report,
            // Its seat is gone, and the worker with it.
            _ => StopReport { released: 0 },
        }
    }
}
