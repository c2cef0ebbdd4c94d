//! The four measurements, each from an empty store.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use crate::tally::tally;
use crate::usage::{self, CpuTime};
use crate::{Job, Options, Peer, Result, server};

/// How long latency goes on for peers that pick up in seconds; the report says how many samples.
const LATENCY_BUDGET: Duration = Duration::from_secs(45);
/// Gaps between samples, in milliseconds: random enough not to lock step with a poll.
const GAP_MS: std::ops::Range<u64> = 5..30;

pub(crate) struct Measured {
    pub(crate) jobs: usize,
    pub(crate) elapsed: Duration,
    pub(crate) client_cpu_ms: Option<f64>,
    pub(crate) server_cpu_ms: Option<f64>,
    pub(crate) rss_mb: Option<f64>,
    /// Milliseconds, sorted.
    pub(crate) latencies: Vec<f64>,
}

/// Works off a backlog with one worker, until the store has every job as finished.
pub(crate) async fn drain<P: Peer>(peer: &P, options: &Options) -> Result<Measured> {
    for batch in batches(options) {
        peer.enqueue_batch(batch).await?;
    }
    server::settle(options)?;
    let stopwatch = Stopwatch::start();
    peer.start_worker().await?;
    tally().wait_for_runs(options.jobs).await;
    while peer.unfinished().await? > 0 {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    let measured = stopwatch.stop(options.jobs);
    tally().check_each_ran_once()?;
    Ok(measured)
}

pub(crate) async fn bulk<P: Peer>(peer: &P, options: &Options) -> Result<Measured> {
    let stopwatch = Stopwatch::start();
    for batch in batches(options) {
        peer.enqueue_batch(batch).await?;
    }
    let measured = stopwatch.stop(options.jobs);
    check_stored(peer, options).await?;
    Ok(measured)
}

pub(crate) async fn enqueue<P: Peer>(peer: P, options: &Options) -> Result<Measured> {
    let peer = Arc::new(peer);
    let next = Arc::new(AtomicUsize::new(0));
    let stopwatch = Stopwatch::start();
    let mut clients = JoinSet::new();
    for _ in 0..options.clients {
        clients.spawn(enqueue_from(peer.clone(), next.clone(), options.jobs));
    }
    let mut latencies = Vec::with_capacity(options.jobs);
    while let Some(client) = clients.join_next().await {
        latencies.extend(client??);
    }
    let measured = stopwatch.stop(options.jobs);
    check_stored(peer.as_ref(), options).await?;
    latencies.sort_by(f64::total_cmp);
    Ok(Measured { latencies, ..measured })
}

/// From the call that enqueues to the start of the handler, with the worker otherwise idle.
pub(crate) async fn latency<P: Peer>(peer: &P, options: &Options) -> Result<Measured> {
    peer.start_worker().await?;
    tokio::time::sleep(Duration::from_secs(2)).await;
    let mut latencies = Vec::with_capacity(options.jobs);
    let stopwatch = Stopwatch::start();
    while latencies.len() < options.jobs && stopwatch.began.elapsed() < LATENCY_BUDGET {
        let id = latencies.len();
        let called_at = tally().now();
        peer.enqueue(Job::new(id as u64)).await?;
        tally().wait_for_runs(id + 1).await;
        latencies.push((tally().started_at(id) - called_at) as f64 / 1e6);
        tokio::time::sleep(random_gap()).await;
    }
    let measured = stopwatch.stop(latencies.len());
    latencies.sort_by(f64::total_cmp);
    Ok(Measured { latencies, ..measured })
}

async fn enqueue_from<P: Peer>(
    peer: Arc<P>,
    next: Arc<AtomicUsize>,
    jobs: usize,
) -> Result<Vec<f64>> {
    let mut latencies = Vec::new();
    loop {
        let id = next.fetch_add(1, Ordering::Relaxed);
        if id >= jobs {
            return Ok(latencies);
        }
        let began = Instant::now();
        peer.enqueue(Job::new(id as u64)).await?;
        latencies.push(began.elapsed().as_secs_f64() * 1e3);
    }
}

async fn check_stored<P: Peer>(peer: &P, options: &Options) -> Result<()> {
    let stored = peer.unfinished().await?;
    if stored == options.jobs as u64 {
        return Ok(());
    }
    Err(format!("{} jobs enqueued, {stored} stored", options.jobs).into())
}

fn batches(options: &Options) -> impl Iterator<Item = Vec<Job>> {
    let (jobs, batch) = (options.jobs as u64, options.batch as u64);
    (0..jobs)
        .step_by(options.batch)
        .map(move |first| (first..jobs.min(first + batch)).map(Job::new).collect())
}

fn random_gap() -> Duration {
    // The standard library's only source of randomness.
    let random = RandomState::new().build_hasher().finish();
    Duration::from_millis(GAP_MS.start + random % (GAP_MS.end - GAP_MS.start))
}

struct Stopwatch {
    began: Instant,
    cpu: CpuTime,
}

impl Stopwatch {
    fn start() -> Self {
        usage::reset_peak_memory();
        Self { cpu: CpuTime::now(), began: Instant::now() }
    }

    fn stop(&self, jobs: usize) -> Measured {
        let elapsed = self.began.elapsed();
        let cpu = CpuTime::now();
        Measured {
            jobs,
            elapsed,
            client_cpu_ms: cpu.client_ms_since(self.cpu),
            server_cpu_ms: cpu.server_ms_since(self.cpu),
            rss_mb: usage::peak_memory_mb(),
            latencies: Vec::new(),
        }
    }
}
