//! Jobs that wait for the ends of others: one for many, and one after the other.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::mpsc;
use windlass::batch::Membership;
use windlass::condition::Waits;
use windlass::{BatchId, JobId, NewJob};

use super::noop::{self, Noop, OnStart};
use super::{Finding, Measurement, backlog, drain};

/// What a job that waits says in place of a moment.
const JOINED: u64 = 1;
/// How often the worker's totals are looked at.
const LOOK: Duration = Duration::from_millis(1);

/// Counts how often jobs that wait ran.
#[derive(Debug, Clone, Default)]
pub(super) struct Runs(Arc<AtomicU64>);

impl Runs {
    pub(super) fn number(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl OnStart for Runs {
    fn started(&self, job: &Noop) {
        if job.sent_us == JOINED {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// A job that waits, for what is said later.
pub(super) fn joined(bench: &Measurement) -> NewJob {
    bench.payload.new_job(JOINED)
}

/// Jobs of one batch, and behind them the job that waits for its end.
pub(super) async fn write_batch(bench: &Measurement) -> anyhow::Result<()> {
    backlog::write(bench, batch_of(bench, bench.args.jobs)).await
}

/// Jobs of several batches, each with the job that waits for its end.
pub(super) async fn write_batches(bench: &Measurement) -> anyhow::Result<()> {
    let sizes = batch_sizes(bench);
    backlog::write(bench, sizes.flat_map(|jobs| batch_of(bench, jobs))).await
}

/// How many jobs each batch has.
fn batch_sizes(bench: &Measurement) -> impl Iterator<Item = u64> {
    let (jobs, most) = (bench.args.jobs, bench.args.batch.max(1) as u64);
    (0..jobs.div_ceil(most)).map(move |nth| most.min(jobs - nth * most))
}

fn batch_of(bench: &Measurement, jobs: u64) -> impl Iterator<Item = NewJob> + '_ {
    let batch = BatchId::new();
    let mut begins = Some(Box::default());
    let members = (0..jobs).map(move |_| {
        let mut job = bench.payload.new_job(0);
        job.meta.member = Some(Membership { begins: begins.take(), ..Membership::of(batch) });
        job
    });
    let mut last = joined(bench);
    last.meta.waits = Some(Waits::all().batch("batch", batch));
    members.chain([last])
}

pub(super) async fn fan_in(bench: &Measurement) -> anyhow::Result<Finding> {
    until_joined(bench, 1).await
}

pub(super) async fn batches(bench: &Measurement) -> anyhow::Result<Finding> {
    until_joined(bench, batch_sizes(bench).count() as u64).await
}

/// Works until all jobs and so many that waited for them are done.
async fn until_joined(bench: &Measurement, waiting: u64) -> anyhow::Result<Finding> {
    let (started, runs) = (Instant::now(), Runs::default());
    let worker =
        noop::worker(&bench.store, &noop::queue(), (bench.args.slots, 0), runs.clone()).await?;
    let stats = worker.stats().clone();
    while stats.completed() < bench.args.jobs + waiting {
        tokio::time::sleep(LOOK).await;
    }
    let seconds = started.elapsed().as_secs_f64();
    worker.stop().await;
    let finding = Finding::new(bench.args.jobs, seconds, drain::claims_ms(&stats));
    Ok(Finding { runs: Some(runs.number()), ..finding })
}

/// Jobs of which each waits for the one before it.
pub(super) async fn write_chain(bench: &Measurement) -> anyhow::Result<()> {
    let mut before: Option<JobId> = None;
    let links = (0..bench.args.jobs).map(|_| {
        let mut job = joined(bench);
        job.meta.waits = before.map(|before| Waits::all().job("before", before));
        before = Some(job.id);
        job
    });
    backlog::write(bench, links).await
}

/// When jobs began.
struct Links(mpsc::UnboundedSender<Instant>);

impl OnStart for Links {
    fn started(&self, _job: &Noop) {
        // The benchmark is over when nobody listens.
        let _ = self.0.send(Instant::now());
    }
}

pub(super) async fn chain(bench: &Measurement) -> anyhow::Result<Finding> {
    let (links, mut begun) = mpsc::unbounded_channel();
    let first = Instant::now();
    let worker =
        noop::worker(&bench.store, &noop::queue(), (bench.args.slots, 0), Links(links)).await?;
    let (mut last, mut times_ms) = (None, Vec::new());
    for _ in 0..bench.args.jobs {
        let Some(at) = begun.recv().await else { break };
        let since = last.replace(at).map(|last| at.duration_since(last));
        times_ms.extend(since.map(|since| since.as_secs_f64() * 1e3));
    }
    let seconds = first.elapsed().as_secs_f64();
    worker.stop().await;
    Ok(Finding::new(bench.args.jobs, seconds, times_ms))
}
