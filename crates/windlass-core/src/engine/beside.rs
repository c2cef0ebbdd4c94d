//! What a program runs beside its jobs: timers, sources, what is done when the worker is idle, and the report of failures.
//!
//! The clock is that of the engine's thread, which no handler can hold up; the program's own code runs on its runtime. What
//! panics is logged and goes on the next time, what hangs keeps back only itself.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::runtime::Handle;
use tokio::sync::{Notify, mpsc};
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use super::attempts::later;
use super::failure::Failure;
use super::sourcing::{SourceParts, Sourcing};
use crate::limits::{REPORT_TIME, REPORTS_WAITING};
use crate::panics::Caught;
use crate::source::SourceStore;
use crate::store::Store;

/// How long a worker that ends waits for failures that are not reported yet.
const LAST_REPORTS: Duration = Duration::from_secs(2);

/// A function of the program's, with the name it is logged by.
#[derive(Clone)]
pub(super) struct Hook<T> {
    name: &'static str,
    run: Arc<dyn Fn(T) -> BoxFuture<'static, ()> + Send + Sync>,
}

impl<T: Send + 'static> Hook<T> {
    pub(super) fn new<F, Fut>(run: F) -> Self
    where
        F: Fn(T) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = ()> + Send + 'static,
    {
        Self::named(std::any::type_name::<F>(), run)
    }

    pub(super) fn named<F, Fut>(name: &'static str, run: F) -> Self
    where
        F: Fn(T) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = ()> + Send + 'static,
    {
        Self { name, run: Arc::new(move |with| Box::pin(run(with))) }
    }

    /// Runs it on the program's runtime; dropped, it is dropped there too.
    async fn run(&self, runtime: &Handle, with: T) {
        let run = Arc::clone(&self.run);
        // Called over there too: it may block before it gives its future.
        let running = runtime.spawn(Caught::new(async move { run(with).await }));
        match AbortOnDropHandle::new(running).await {
            Ok(Ok(())) => {}
            Ok(Err(panic)) => tracing::error!(hook = self.name, "{panic}"),
            // The program's runtime is gone, and this one will be.
            Err(_) => std::future::pending().await,
        }
    }

    /// Runs it for as long as that may take, in the caller's own task.
    pub(super) async fn run_here(&self, with: T) {
        let run = Arc::clone(&self.run);
        let running = Caught::new(async move { run(with).await });
        match tokio::time::timeout(REPORT_TIME, running).await {
            Ok(Ok(())) => {}
            Ok(Err(panic)) => tracing::error!(hook = self.name, "{panic}"),
            Err(_) => tracing::error!(hook = self.name, "did not end within {REPORT_TIME:?}"),
        }
    }
}

/// What a worker is to run beside its jobs.
#[derive(Default)]
pub(super) struct BesideParts {
    pub(super) timers: Vec<(Duration, Hook<()>)>,
    pub(super) idle: Vec<Hook<()>>,
    pub(super) failures: Option<Hook<Failure>>,
    pub(super) sources: Vec<SourceParts>,
}

/// What runs beside the jobs of a worker.
#[derive(Default)]
pub(super) struct Beside {
    clocks: JoinSet<()>,
    sources: JoinSet<()>,
    reports: JoinSet<()>,
    failures: Option<mpsc::Sender<Failure>>,
    idle: Vec<Arc<Notify>>,
    is_idle: bool,
}

impl Beside {
    /// Begins. To be called on the engine's runtime.
    pub(super) fn start(parts: BesideParts, runtime: &Handle) -> Self {
        let mut beside = Self::default();
        for (period, hook) in parts.timers {
            beside.clocks.spawn(every(period, hook, runtime.clone()));
        }
        for hook in parts.idle {
            let notify = Arc::new(Notify::new());
            beside.idle.push(Arc::clone(&notify));
            beside.clocks.spawn(whenever(notify, hook, runtime.clone()));
        }
        if let Some(hook) = parts.failures {
            let (failures, waiting) = mpsc::channel(REPORTS_WAITING);
            beside.failures = Some(failures);
            beside.reports.spawn(report(waiting, hook, runtime.clone()));
        }
        beside
    }

    /// Begins to read sources, until that is to stop. To be called on the engine's runtime.
    pub(super) fn read(
        &mut self,
        sources: Vec<SourceParts>,
        (store, label): (&Arc<dyn Store>, &str),
        runtime: &Handle,
        stop: &CancellationToken,
    ) {
        for parts in sources {
            let store: Arc<dyn SourceStore> = Arc::<dyn Store>::clone(store);
            let sourcing = Sourcing::new(parts, store, runtime.clone(), label);
            self.sources.spawn(sourcing.run(stop.clone()));
        }
    }

    /// Whether somebody wants to know of failures.
    pub(super) fn reports_failures(&self) -> bool {
        self.failures.is_some()
    }

    /// Hands a failure to be reported on; where too many wait already, it is not.
    pub(super) fn failed(&self, failure: Failure) {
        let Some(failures) = &self.failures else { return };
        if let Err(error) = failures.try_send(failure) {
            let failure = error.into_inner();
            tracing::warn!(job = %failure.job, "a failure is not reported: {REPORTS_WAITING} others wait");
        }
    }

    /// An attempt begins.
    pub(super) fn busy(&mut self) {
        self.is_idle = false;
    }

    /// Nothing runs and there was nothing to claim.
    pub(super) fn idle(&mut self) {
        if !std::mem::replace(&mut self.is_idle, true) {
            self.idle.iter().for_each(|hook| hook.notify_one());
        }
    }

    /// Ends timers at once, and reports once what waits is reported.
    pub(super) async fn end(mut self) {
        self.clocks.shutdown().await;
        let given_back = async { while self.sources.join_next().await.is_some() {} };
        if tokio::time::timeout(LAST_REPORTS, given_back).await.is_err() {
            tracing::warn!("the worker ended before all its sources were given back");
        }
        self.failures = None;
        let reported = async { while self.reports.join_next().await.is_some() {} };
        if tokio::time::timeout(LAST_REPORTS, reported).await.is_err() {
            tracing::warn!("the worker ended before all failures were reported");
        }
    }
}

/// Counted from the start, so that nothing adds up; a run that lasts longer than the period leaves out what it missed.
async fn every(period: Duration, hook: Hook<()>, runtime: Handle) {
    let start = Instant::now();
    loop {
        tokio::time::sleep_until(next_tick(start, period, Instant::now())).await;
        hook.run(&runtime, ()).await;
    }
}

/// The first multiple of the period after `start` that is later than `now`.
fn next_tick(start: Instant, period: Duration, now: Instant) -> Instant {
    let since_last = (now - start).as_nanos() % period.as_nanos();
    // Less than a period; one of centuries never comes anyway.
    let since_last = Duration::from_nanos(u64::try_from(since_last).unwrap_or(u64::MAX));
    later(now, period.saturating_sub(since_last))
}

async fn whenever(notify: Arc<Notify>, hook: Hook<()>, runtime: Handle) {
    loop {
        notify.notified().await;
        hook.run(&runtime, ()).await;
    }
}

async fn report(mut waiting: mpsc::Receiver<Failure>, hook: Hook<Failure>, runtime: Handle) {
    while let Some(failure) = waiting.recv().await {
        let job = failure.job;
        let run = hook.run(&runtime, failure);
        if tokio::time::timeout(REPORT_TIME, run).await.is_err() {
            tracing::warn!(%job, "the report of a failure did not end within {REPORT_TIME:?}");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    type Moments = Arc<Mutex<Vec<Duration>>>;

    /// T35: a timer's runs are counted from its start, one at a time.
    #[tokio::test(start_paused = true)]
    async fn a_timer_does_not_drift_and_leaves_out_what_it_missed() {
        let (start, moments) = (Instant::now(), Moments::default());
        let noted = Arc::clone(&moments);
        let hook = Hook::new(move |()| {
            let moments = Arc::clone(&noted);
            async move {
                let nth = {
                    let mut moments = moments.lock().expect("whole");
                    moments.push(start.elapsed());
                    moments.len()
                };
                let lasts = if nth == 2 {
                    Duration::from_millis(2_500)
                } else {
                    Duration::from_millis(300)
                };
                tokio::time::sleep_until(Instant::now() + lasts).await;
                assert_ne!(nth, 4, "what panics goes on the next time");
            }
        });
        let second = Duration::from_secs(1);
        let parts = BesideParts { timers: vec![(second, hook)], ..BesideParts::default() };
        let beside = Beside::start(parts, &Handle::current());
        tokio::time::sleep_until(start + Duration::from_millis(8_500)).await;
        beside.end().await;
        tokio::time::sleep_until(start + second * 15).await;
        let seconds: Vec<u128> =
            moments.lock().expect("whole").iter().map(Duration::as_millis).collect();
        let seconds: Vec<u128> = seconds.iter().map(|ms| ms / 100).collect();
        assert_eq!(seconds, [10, 20, 50, 60, 70, 80]);
    }

    /// T35: what is to be done when the worker is idle is done once, until it was busy again.
    #[tokio::test(start_paused = true)]
    async fn a_worker_becomes_idle_once() {
        let runs = Arc::new(Mutex::new(0));
        let counted = Arc::clone(&runs);
        let hook = Hook::new(move |()| {
            *counted.lock().expect("whole") += 1;
            async {}
        });
        let parts = BesideParts { idle: vec![hook], ..BesideParts::default() };
        let mut beside = Beside::start(parts, &Handle::current());
        let count = async || {
            tokio::time::sleep_until(Instant::now() + Duration::from_millis(1)).await;
            *runs.lock().expect("whole")
        };
        beside.idle();
        assert_eq!(count().await, 1);
        beside.idle();
        assert_eq!(count().await, 1);
        beside.busy();
        assert_eq!(count().await, 1);
        beside.idle();
        assert_eq!(count().await, 2);
    }
}
