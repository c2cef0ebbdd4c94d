//! Stores: callers enqueue by a rule into two stores while workers of both work, in turns with all of it in the first alone.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::task::JoinSet;
use windlass::prelude::*;
use windlass::store::Store;
use windlass::stores::{Routes, RunningWorkers, Stores};
use windlass::{Draft, NewJob, Options};

use super::eventful::Beside;
use super::noop::{self, App, Noop};
use super::usage::Usage;
use super::{Finding, Measurement};

/// Turns of each side. The write-ahead log is not told: each store has one of its own.
const TURNS: u64 = 3;
/// How often the workers' totals are looked at.
const LOOK: Duration = Duration::from_millis(1);
const FIRST: &str = "first";
const SECOND: &str = "second";

/// A queue of this run whose jobs belong to a store, where there are both.
fn queue(store: &str) -> String {
    format!("{}.{store}", noop::queue())
}

pub(super) async fn two(bench: &Measurement, url: &str, other: &str) -> anyhow::Result<Finding> {
    let routes = Routes::otherwise(FIRST).queue(queue(SECOND), SECOND);
    let both = Stores::of([(FIRST, url), (SECOND, other)], routes)?;
    let one = Stores::of([(FIRST, url)], Routes::otherwise(FIRST))?;
    // Opened before anything is measured.
    both.each(|client| async move { client.counts().await }).await;
    one.each(|client| async move { client.counts().await }).await;
    let (mut together, mut alone) = (Side::default(), Side::default());
    for _ in 0..TURNS {
        alone.add(Side::of(bench, &one).await?);
        together.add(Side::of(bench, &both).await?);
    }
    let beside = Beside {
        ratio: Some(alone.seconds / together.seconds),
        store_cpu_ratio: store_cpu(&together).zip(store_cpu(&alone)).map(|(two, one)| two / one),
        times_ms: alone.times_ms,
        ..Beside::default()
    };
    let used = Some(Usage { log_bytes: None, ..together.used });
    let finding = Finding::new(together.jobs, together.seconds, together.times_ms);
    Ok(Finding { beside, used, ..finding })
}

fn store_cpu(side: &Side) -> Option<f64> {
    side.used.store_cpu_ms
}

/// What it is with some stores.
#[derive(Debug, Default)]
struct Side {
    jobs: u64,
    seconds: f64,
    used: Usage,
    times_ms: Vec<f64>,
}

impl Side {
    async fn of(bench: &Measurement, stores: &Stores) -> anyhow::Result<Self> {
        let jobs = bench.args.jobs / TURNS;
        let before = Usage::now(&bench.store, &[]).await?;
        let workers = workers(stores, bench.args.slots).await?;
        let began = Instant::now();
        let times_ms = enqueued(bench, stores, jobs).await?;
        while completed(&workers) < jobs {
            tokio::time::sleep(LOOK).await;
        }
        let seconds = began.elapsed().as_secs_f64();
        workers.stop().await;
        let used = Usage::now(&bench.store, &[]).await?.since(&before);
        Ok(Self { jobs, seconds, used, times_ms })
    }

    fn add(&mut self, turn: Self) {
        let sum = |ms: Option<f64>, all: Option<f64>| ms.map(|ms| ms + all.unwrap_or_default());
        self.jobs += turn.jobs;
        self.seconds += turn.seconds;
        self.used = Usage {
            client_cpu_ms: sum(turn.used.client_cpu_ms, self.used.client_cpu_ms),
            store_cpu_ms: sum(turn.used.store_cpu_ms, self.used.store_cpu_ms),
            ..turn.used
        };
        self.times_ms.extend(turn.times_ms);
    }
}

/// A worker for each store, of the queues whose jobs are there.
async fn workers(stores: &Stores, slots: usize) -> anyhow::Result<RunningWorkers> {
    let is_alone = stores.names().count() == 1;
    let describe = move |name: &str, store: Arc<dyn Store>| {
        let queues = [FIRST, SECOND].into_iter().filter(|queue| is_alone || *queue == name);
        let worker = Worker::new(store, App::plain()).handle::<Noop>().options(Options::default());
        queues.fold(worker, |worker, name| worker.queue(queue(name), slots))
    };
    Ok(stores.worker(describe).await?)
}

fn completed(workers: &RunningWorkers) -> u64 {
    let running = workers.workers().into_iter().filter_map(|worker| worker.running);
    running.map(|worker| worker.stats().completed()).sum()
}

/// As many callers for each store, so that each has the load of one alone, enqueue one by one, into either queue in turns; how long each call took.
async fn enqueued(bench: &Measurement, stores: &Stores, jobs: u64) -> anyhow::Result<Vec<f64>> {
    let made = Arc::new(AtomicU64::new(0));
    let mut callers = JoinSet::new();
    for _ in 0..bench.args.clients() * stores.names().count() {
        let (stores, made, payload) = (stores.clone(), Arc::clone(&made), bench.payload.clone());
        callers.spawn(async move {
            let mut times_ms = Vec::new();
            loop {
                let nth = made.fetch_add(1, Ordering::Relaxed);
                if nth >= jobs {
                    return Ok::<_, windlass::StoreError>(times_ms);
                }
                let name = if nth.is_multiple_of(2) { FIRST } else { SECOND };
                let called = Instant::now();
                let job = NewJob { queue: queue(name), ..payload.new_job(0) };
                stores.enqueue(Draft::<()>::from(job)).await?;
                times_ms.push(called.elapsed().as_secs_f64() * 1e3);
            }
        });
    }
    let mut times_ms = Vec::new();
    while let Some(done) = callers.join_next().await {
        times_ms.extend(done??);
    }
    Ok(times_ms)
}
