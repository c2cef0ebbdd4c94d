//! One of several worker processes of a drain: says when it is ready, starts its worker when told,
//! and ends when its stdin does, so that it cannot outlive the benchmark.

use std::io::{self, BufRead as _, Write as _};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;
use windlass::Stats;

use super::{Args, drain, noop};
use crate::exit::Exit;

/// How often the total is told: two hundred times in a drain of a second, which measures the end of
/// it well enough and costs little.
const TELL: Duration = Duration::from_millis(5);

/// What the benchmark tells its workers, one line each.
pub(super) enum Order {
    Start,
    Stop,
}

impl Order {
    pub(super) const fn line(&self) -> &'static str {
        match self {
            Self::Start => "start\n",
            Self::Stop => "stop\n",
        }
    }
}

/// What a worker tells the benchmark, one JSON line each.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "said", rename_all = "snake_case")]
pub(super) enum Said {
    /// The store is open and the worker can start.
    Ready,
    /// Jobs it has completed so far.
    Completed { jobs: u64 },
    /// It has stopped; how long its claims took.
    Stopped { claims_ms: Vec<f64> },
}

pub(super) async fn run(args: &Args, queue: &str, url: &str) -> anyhow::Result<Exit> {
    let store = windlass::open(url).await?;
    let mut orders = orders();
    say(&Said::Ready)?;
    if orders.recv().await.is_none() {
        return Ok(Exit::Done);
    }
    let worker = noop::worker(&store, queue, (args.slots, args.steps()), ()).await?;
    tell(worker.stats(), &mut orders).await?;
    let claims_ms = drain::claims_ms(worker.stats());
    worker.stop_within(Duration::ZERO).await;
    say(&Said::Stopped { claims_ms })?;
    // What this process used is read while it is still there.
    while orders.recv().await.is_some() {}
    Ok(Exit::Done)
}

/// Tells the total while it grows, until there is an order to stop or nobody to give one.
async fn tell(stats: &Stats, orders: &mut mpsc::Receiver<()>) -> io::Result<()> {
    let mut told = 0;
    while tokio::time::timeout(TELL, orders.recv()).await.is_err() {
        let jobs = stats.completed();
        if jobs > told {
            say(&Said::Completed { jobs })?;
            told = jobs;
        }
    }
    Ok(())
}

/// The orders as they come: the first is to start, the second to stop. A thread of its own, because
/// nothing wakes a blocking read.
pub(super) fn orders() -> mpsc::Receiver<()> {
    let (give, orders) = mpsc::channel(1);
    std::thread::spawn(move || {
        for _ in io::stdin().lock().lines().map_while(Result::ok) {
            if give.blocking_send(()).is_err() {
                return;
            }
        }
    });
    orders
}

pub(super) fn say(said: &Said) -> io::Result<()> {
    let line = serde_json::to_string(said)?;
    writeln!(io::stdout().lock(), "{line}")
}
