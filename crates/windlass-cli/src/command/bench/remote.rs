//! The worker protocol: jobs that lie in the queue are worked over HTTP, by programs in any language or by clients in this process.

use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::json;
use tokio::process::{Child, Command};
use tokio::task::JoinSet;
use windlass::job::{Filter, Page};
use windlass::prelude::*;
use windlass::queue::Pause;

use super::noop::{self, Noop};
use super::served::{Connection, Served};
use super::{Finding, Measurement};

/// How often it is looked whether all have registered, and whether all is done.
const LOOK: Duration = Duration::from_millis(5);
/// Jobs of one claim at most.
const CLAIM: usize = 500;

/// Works all jobs. Time counts from the moment when all workers are there and the queue is let go.
pub(super) async fn work(bench: &Measurement) -> anyhow::Result<Finding> {
    let served = Served::start(bench).await?;
    let client = Client::new(bench.store.clone());
    client.pause_with(Pause::queue(noop::queue())).await?;
    let many = usize::from(bench.args.processes);
    let expected = client.workers().await?.len() + many;
    let mut workers = Workers::start(bench, &served.address, many)?;
    while client.workers().await?.len() < expected {
        workers.are_there()?;
        tokio::time::sleep(LOOK).await;
    }
    let started = Instant::now();
    client.resume(&noop::queue()).await?;
    let left: Filter =
        format!("queue:{} state:available,running,retryable", noop::queue()).parse()?;
    while !client.jobs(&left, Page { limit: 1, ..Page::default() }).await?.is_empty() {
        workers.are_there()?;
        tokio::time::sleep(LOOK).await;
    }
    let seconds = started.elapsed().as_secs_f64();
    let times_ms = workers.stop().await?;
    served.stop().await;
    Ok(Finding::new(bench.args.jobs, seconds, times_ms))
}

/// Who works. Dropping it kills the programs.
enum Workers {
    Programs(Vec<Child>),
    Tasks { tasks: JoinSet<anyhow::Result<Vec<f64>>>, is_over: Arc<AtomicBool> },
}

impl Workers {
    fn start(bench: &Measurement, address: &str, many: usize) -> anyhow::Result<Self> {
        let Some((program, args)) = bench.args.command.split_first() else {
            let (mut tasks, is_over) = (JoinSet::new(), Arc::new(AtomicBool::new(false)));
            for _ in 0..many {
                let (slots, address) = (bench.args.slots, address.to_owned());
                tasks.spawn(Remote { slots, address, is_over: Arc::clone(&is_over) }.run());
            }
            return Ok(Self::Tasks { tasks, is_over });
        };
        let start = |_| {
            Command::new(program)
                .args(args)
                .env("WINDLASS_URL", format!("http://{address}"))
                .env("WINDLASS_QUEUE", noop::queue())
                .env("WINDLASS_SLOTS", bench.args.slots.to_string())
                .stdin(Stdio::null())
                .kill_on_drop(true)
                .spawn()
        };
        let programs = (0..many).map(start).collect::<std::io::Result<_>>();
        Ok(Self::Programs(programs.map_err(|error| anyhow::anyhow!("{program}: {error}"))?))
    }

    /// # Errors
    /// When one of them has ended.
    fn are_there(&mut self) -> anyhow::Result<()> {
        match self {
            Self::Programs(programs) => {
                for program in programs {
                    if let Some(status) = program.try_wait()? {
                        anyhow::bail!("a worker ended early, with {status}; stderr says why");
                    }
                }
            }
            Self::Tasks { tasks, .. } => {
                if let Some(ended) = tasks.try_join_next() {
                    ended??;
                    anyhow::bail!("a worker ended early");
                }
            }
        }
        Ok(())
    }

    /// How long their claims took, where that is known.
    async fn stop(self) -> anyhow::Result<Vec<f64>> {
        let mut times_ms = Vec::new();
        match self {
            Self::Programs(programs) => drop(programs),
            Self::Tasks { mut tasks, is_over } => {
                is_over.store(true, Ordering::Relaxed);
                while let Some(ended) = tasks.join_next().await {
                    times_ms.extend(ended??);
                }
            }
        }
        Ok(times_ms)
    }
}

/// A worker in this process: a claim, then its results, over one connection.
struct Remote {
    slots: usize,
    address: String,
    is_over: Arc<AtomicBool>,
}

impl Remote {
    async fn run(self) -> anyhow::Result<Vec<f64>> {
        let mut connection = Connection::open(&self.address).await?;
        let me = json!({
            "name": "bench", "host": "here", "pid": std::process::id(), "build": "bench", "protocol": 1,
            "handlers": [{ "kind": Noop::KIND, "queue": noop::queue() }], "slots": self.slots,
        });
        let Registered { worker, heartbeat_ms } =
            read(&connection.post("/v1/workers", &me.to_string()).await?)?;
        let path = format!("/v1/workers/{worker}");
        let wanted = json!({ "max": self.slots.min(CLAIM), "wait_ms": 200 }).to_string();
        let (mut beat, mut times_ms) = (Instant::now(), Vec::new());
        while !self.is_over.load(Ordering::Relaxed) {
            let called = Instant::now();
            let Claimed { jobs } =
                read(&connection.post(&format!("{path}/claim"), &wanted).await?)?;
            if !jobs.is_empty() {
                times_ms.push(called.elapsed().as_secs_f64() * 1e3);
                complete(&mut connection, jobs).await?;
            }
            if beat.elapsed() >= Duration::from_millis(heartbeat_ms) {
                connection.post(&format!("{path}/heartbeat"), r#"{"leases":[]}"#).await?;
                beat = Instant::now();
            }
        }
        Ok(times_ms)
    }
}

/// Says that all are done, again for those that are locked right now.
async fn complete(connection: &mut Connection, mut jobs: Vec<Task>) -> anyhow::Result<()> {
    while !jobs.is_empty() {
        let results: Vec<_> = jobs
            .iter()
            .map(|Task { id, lease }| json!({ "job": id, "lease": lease, "result": "complete" }))
            .collect();
        let body = json!({ "results": results }).to_string();
        let Settled { results } = read(&connection.post("/v1/results", &body).await?)?;
        let mut answers = results.into_iter();
        jobs.retain(|_| answers.next().is_some_and(|answer| answer.status == "busy"));
    }
    Ok(())
}

fn read<T: DeserializeOwned>(answer: &[u8]) -> anyhow::Result<T> {
    serde_json::from_slice(answer).context("an answer of the server")
}

#[derive(Deserialize)]
struct Registered {
    worker: String,
    heartbeat_ms: u64,
}

#[derive(Deserialize)]
struct Claimed {
    jobs: Vec<Task>,
}

#[derive(Deserialize)]
struct Task {
    id: String,
    lease: String,
}

#[derive(Deserialize)]
struct Settled {
    results: Vec<Answer>,
}

#[derive(Deserialize)]
struct Answer {
    status: String,
}
