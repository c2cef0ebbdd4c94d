//! `windlass bench`: what this machine and this store do, with figures that can be compared.

mod api;
mod as_worker;
mod backlog;
mod drain;
mod enqueue;
mod eventful;
mod find;
mod graph;
mod joined;
mod latency;
mod lined;
mod mixed;
mod noop;
mod plain;
mod processes;
mod publish;
mod remote;
mod rendezvous;
mod replay;
mod report;
mod route;
mod served;
mod signaller;
mod stores;
mod stream;
mod transactions;
mod usage;

use std::sync::Arc;
use windlass::store::Store;

use self::processes::WorkerProcesses;
use self::report::Report;
use self::usage::Usage;
use crate::exit::{Exit, Failure};
use crate::globals::Globals;

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Mode {
    /// Single enqueues, each committed, by concurrent callers; p50 and p99 of one call
    Enqueue,
    /// Enqueues of `--batch` jobs a call; p50 and p99 of one call
    Bulk,
    /// Jobs enqueued first, then worked; p50 and p99 of one claim
    Drain,
    /// An idle worker: from the call of enqueue to the handler's start; with `--events` from the call of publish
    Latency,
    /// Callers enqueue while a worker works; p50 and p99 from enqueue to start
    Mixed,
    /// Jobs of one batch, and one that waits for the end of all; p50 and p99 of one claim
    Fanin,
    /// Jobs of which each waits for the one before it; p50 and p99 from one start to the next
    Chain,
    /// Jobs that wait for two signals each, sent at the same moment by two processes, of whose transactions one in twenty is
    /// rolled back and done again, and one in twenty sends its signal twice; p50 and p99 of one transaction
    Rendezvous,
    /// Jobs of batches of `--batch` each, and one that waits for the end of each batch; p50 and p99 of one claim
    Batch,
    /// A graph of `--jobs` jobs of which each waits for two before it, written in one call; the ratio is to a bulk enqueue of as many
    Graph,
    /// Jobs that record steps, one each unless `--steps` says otherwise; p50 and p99 of one claim
    Steps,
    /// Jobs that a handler takes `--slots` of at a time; p50 and p99 of one claim
    Chunk,
    /// Lists of one subject's jobs, `--jobs` times, among `--ready` and `--finished` jobs with three tags each; p50
    /// and p99 of one list
    Find,
    /// Events, each published in a transaction of its own by `--clients` writers, on PostgreSQL on connections of their own; the
    /// ratio is to plain inserts by as many, in turns; p50 and p99 of one call
    Publish,
    /// Events that lie there, for three subscriptions each, and `--subscriptions` others that want none; the ratio is to plain inserts
    /// of as many rows of events and jobs, 1,000 a statement, in turns; p50, p99 and the longest of one round of feeding
    Route,
    /// One event for `--subscriptions` subscriptions, from the call of publish; p50, p99 and the longest of one round of feeding
    Fanout,
    /// Live events, `--rate` a second, while another subscription catches up on `--jobs` events of the log; events are those it has
    /// passed; p50 and p99 from publish to the handler's start of the live ones, beside those before
    Replay,
    /// Events, each told to `--clients` who watch the live stream, after as many to one; p50 and p99 from commit to the last of their
    /// messages, beside those to one; the ratio is of the transactions of PostgreSQL in a second to those with one
    Stream,
    /// Single enqueues over HTTP by `--clients` that keep their connections, after as many by callers of the library, which the ratio is
    /// to; p50 and p99 of one request, beside those of one call
    Api,
    /// Jobs enqueued first, then worked over HTTP by `--processes` copies of the command behind `--`, with WINDLASS_URL, WINDLASS_QUEUE and
    /// WINDLASS_SLOTS; without a command by as many clients in this process. The ratio is to a plain drain; p50 and p99 of one claim
    WorkerProtocol,
    /// Single enqueues by `--clients` for each of this store and `--other`, by a rule, while workers of both work; in turns with as
    /// many jobs into this store alone, by half the callers. The ratio is to that; p50 and p99 of one enqueue, beside those into one
    Stores,
}

impl Mode {
    const fn word(self) -> &'static str {
        match self {
            Self::Enqueue => "enqueue",
            Self::Bulk => "bulk",
            Self::Drain => "drain",
            Self::Latency => "latency",
            Self::Mixed => "mixed",
            Self::Fanin => "fanin",
            Self::Chain => "chain",
            Self::Rendezvous => "rendezvous",
            Self::Batch => "batch",
            Self::Graph => "graph",
            Self::Steps => "steps",
            Self::Chunk => "chunk",
            Self::Find => "find",
            Self::Publish => "publish",
            Self::Route => "route",
            Self::Fanout => "fanout",
            Self::Replay => "replay",
            Self::Stream => "stream",
            Self::Api => "api",
            Self::WorkerProtocol => "worker-protocol",
            Self::Stores => "stores",
        }
    }
}

/// Whether completed jobs are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum History {
    /// The whole job
    On,
    /// Only their number
    Off,
}

/// Its arguments.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Args {
    /// What to measure
    #[arg(value_enum)]
    pub(crate) mode: Mode,
    /// Jobs, or events, to measure with
    #[arg(long, default_value_t = 100_000)]
    pub(crate) jobs: u64,
    /// Jobs the worker runs at once
    #[arg(long, default_value_t = 100)]
    pub(crate) slots: usize,
    /// With `drain`: worker processes that drain the queue together, each with `--slots` of its own;
    /// from 2 on they start beforehand and are released together, and memory is added up. With `worker-protocol`: programs
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=64))]
    pub(crate) processes: u8,
    /// Jobs of one bulk enqueue
    #[arg(long, default_value_t = 1_000)]
    pub(crate) batch: usize,
    /// Concurrent callers, of each process where there are several; 1, 16 with `api` and `stores`, and 32 with `rendezvous`
    #[arg(long)]
    pub(crate) clients: Option<usize>,
    /// With `enqueue`: each in a transaction of the caller's own connection (PostgreSQL)
    #[arg(long)]
    pub(crate) own_transactions: bool,
    /// Whether completed jobs are kept
    #[arg(long, value_enum, default_value_t = History::On)]
    pub(crate) history: History,
    /// Available jobs that lie in the queue beforehand
    #[arg(long, default_value_t = 0)]
    pub(crate) ready: u64,
    /// Scheduled jobs that lie in the queue beforehand
    #[arg(long, default_value_t = 0)]
    pub(crate) scheduled: u64,
    /// With `drain`: jobs that wait for a signal beforehand, on the same queue
    #[arg(long, default_value_t = 0)]
    pub(crate) waiting: u64,
    /// Jobs finished beforehand
    #[arg(long, default_value_t = 0)]
    pub(crate) finished: u64,
    /// Each job with a unique key of its own
    #[arg(long)]
    pub(crate) unique: bool,
    /// Each job with a tag and two subjects
    #[arg(long)]
    pub(crate) tags: bool,
    #[command(flatten)]
    pub(crate) lined: lined::Lined,
    #[command(flatten)]
    pub(crate) eventful: eventful::Eventful,
    /// With `drain` and `steps`: each job records so many steps; 0, and 1 with `steps`
    #[arg(long)]
    pub(crate) steps: Option<u32>,
    /// Bytes of args of each job
    #[arg(long, default_value_t = 200)]
    pub(crate) bytes: usize,
    /// With `worker-protocol`: the program that works, such as `python3 workers/python/bench.py`
    #[arg(last = true, value_name = "COMMAND")]
    pub(crate) command: Vec<String>,
    /// With `stores`: the other store, empty or of an earlier run
    #[arg(long, value_name = "STORE", env = "WINDLASS_OTHER_STORE", hide_env_values = true)]
    pub(crate) other: Option<String>,
    /// Run as one of the worker processes of `drain`, on this queue
    #[arg(long, value_name = "QUEUE", hide = true)]
    pub(crate) as_worker: Option<String>,
    /// Run as one of the processes of `rendezvous` that send signals, each its own word, for the jobs of this queue
    #[arg(long, value_names = ["WORD", "QUEUE"], num_args = 2, hide = true)]
    pub(crate) as_signaller: Option<Vec<String>>,
}

impl Args {
    /// Whether it is measured beside a plain drain of as many jobs.
    fn is_compared(&self) -> bool {
        use Mode::{Batch, Chain, Chunk, Fanin, Rendezvous, Steps, WorkerProtocol};
        let mode = self.mode;
        self.waiting > 0
            || matches!(mode, Fanin | Chain | Rendezvous | Batch | Steps | Chunk | WorkerProtocol)
    }

    /// How many callers there are at once.
    fn clients(&self) -> usize {
        let unless_given = match self.mode {
            Mode::Rendezvous => 32,
            Mode::Api | Mode::Stores => 16,
            _ => 1,
        };
        self.clients.unwrap_or(unless_given).max(1)
    }

    /// How many steps each job records.
    fn steps(&self) -> u32 {
        self.steps.unwrap_or(u32::from(self.mode == Mode::Steps))
    }
}

/// What a measurement works with.
#[derive(Clone)]
pub(crate) struct Measurement {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) args: Args,
    pub(crate) payload: noop::Noop,
}

/// What a measurement found.
pub(crate) struct Finding {
    pub(crate) jobs: u64,
    pub(crate) seconds: f64,
    pub(crate) times_ms: Vec<f64>,
    /// How often the jobs ran that waited for others or for signals, where there were any.
    pub(crate) runs: Option<u64>,
    /// What a measurement of events found besides.
    pub(crate) beside: eventful::Beside,
    /// What it used, where that is not all that was used meanwhile.
    pub(crate) used: Option<Usage>,
}

impl Finding {
    pub(crate) fn new(jobs: u64, seconds: f64, times_ms: Vec<f64>) -> Self {
        Self {
            jobs,
            seconds,
            times_ms,
            runs: None,
            beside: eventful::Beside::default(),
            used: None,
        }
    }
}

pub(crate) async fn run(args: Args, globals: &Globals) -> anyhow::Result<Exit> {
    let url = store_url(&globals.store, args.history);
    if let Some(queue) = &args.as_worker {
        return as_worker::run(&args, queue, &url).await;
    }
    if let Some([word, queue]) = args.as_signaller.as_deref() {
        return signaller::run(&args, (word, queue), &url).await;
    }
    if (args.lined.lanes > 0 || args.lined.hot_lane > 0)
        && args.lined.tenants + args.lined.limit_keys > 0
    {
        return Err(
            Failure::usage("a lane stands alone: --lanes and --hot-lane go with no other").into()
        );
    }
    if args.processes > 1 && !matches!(args.mode, Mode::Drain | Mode::WorkerProtocol) {
        return Err(Failure::usage("--processes is for `drain` and `worker-protocol`").into());
    }
    if !args.command.is_empty() && args.mode != Mode::WorkerProtocol {
        return Err(Failure::usage("a command is for `worker-protocol`").into());
    }
    if args.other.is_some() != (args.mode == Mode::Stores) {
        return Err(Failure::usage("--other is for `stores`, which needs it").into());
    }
    if args.waiting > 0 && args.mode != Mode::Drain {
        return Err(Failure::usage("--waiting is for `drain`").into());
    }
    let store = windlass::open(&url).await?;
    let places = lined::Places::new(&args.lined);
    let payload = noop::Noop::of_bytes(args.bytes).with_keys(args.unique).with_places(places);
    let payload = payload.with_tags(args.tags || args.mode == Mode::Find);
    let bench = Measurement { payload, store, args };
    let plain = match bench.args.mode {
        Mode::Graph => Some(graph::without_edges(&bench).await?),
        _ if bench.args.is_compared() => Some(drained(&bench, &globals.store).await?),
        _ => None,
    };
    backlog::prepare(&bench).await?;
    write(&bench, &globals.store).await?;
    clean_up(&globals.store).await?;
    let (finding, used) = if bench.args.processes > 1 && bench.args.mode == Mode::Drain {
        measure_processes(&bench, &url).await?
    } else {
        let before = Usage::now(&bench.store, &[]).await?;
        let finding = measure(&bench, &globals.store).await?;
        let used = Usage::now(&bench.store, &[]).await?.since(&before);
        let used = finding.used.clone().unwrap_or(used);
        (finding, used)
    };
    let report = Report::new(&bench.args, &globals.store, finding, used);
    report.beside(plain).print(globals.json)?;
    Ok(Exit::Done)
}

/// A plain drain of as many jobs. Jobs that record nothing, one at a time.
async fn drained(bench: &Measurement, url: &str) -> anyhow::Result<Finding> {
    drain::preload(bench, bench.args.jobs).await?;
    clean_up(url).await?;
    drain::work_plainly(bench).await
}

async fn clean_up(url: &str) -> anyhow::Result<()> {
    if url.starts_with("postgres") {
        backlog::clean_up(url).await?;
    }
    Ok(())
}

/// Writes the jobs that are there before a measurement begins.
async fn write(bench: &Measurement, url: &str) -> anyhow::Result<()> {
    match bench.args.mode {
        Mode::Drain | Mode::Steps | Mode::Chunk | Mode::WorkerProtocol => {
            drain::preload(bench, bench.args.jobs + bench.args.lined.hot_lane).await
        }
        Mode::Batch => joined::write_batches(bench).await,
        Mode::Fanin => joined::write_batch(bench).await,
        Mode::Chain => joined::write_chain(bench).await,
        Mode::Rendezvous => rendezvous::write(bench).await,
        Mode::Route => route::prepare(bench, url).await,
        Mode::Fanout => route::prepare_fan_out(bench, url).await,
        Mode::Replay => replay::prepare(bench).await,
        Mode::Enqueue
        | Mode::Bulk
        | Mode::Latency
        | Mode::Mixed
        | Mode::Graph
        | Mode::Find
        | Mode::Publish
        | Mode::Stream
        | Mode::Api
        | Mode::Stores => Ok(()),
    }
}

async fn measure(bench: &Measurement, url: &str) -> anyhow::Result<Finding> {
    match bench.args.mode {
        Mode::Enqueue if bench.args.own_transactions => transactions::one_by_one(bench, url).await,
        Mode::Enqueue => enqueue::one_by_one(bench).await,
        Mode::Bulk => enqueue::in_bulk(bench).await,
        Mode::Drain | Mode::Steps => drain::work(bench, bench.args.jobs).await,
        Mode::Chunk => drain::work_in_chunks(bench).await,
        Mode::Batch => joined::batches(bench).await,
        Mode::Graph => graph::write(bench).await,
        Mode::Latency if bench.args.eventful.events => latency::pickup_of_events(bench, url).await,
        Mode::Latency => latency::pickup(bench).await,
        Mode::Mixed => mixed::both(bench).await,
        Mode::Fanin => joined::fan_in(bench).await,
        Mode::Chain => joined::chain(bench).await,
        Mode::Rendezvous => rendezvous::meet(bench, url).await,
        Mode::Find => find::by_subject(bench).await,
        Mode::Publish => publish::one_by_one(bench, url).await,
        Mode::Route => route::all(bench, url).await,
        Mode::Fanout => route::fan_out(bench, url).await,
        Mode::Replay => replay::beside_live(bench, url).await,
        Mode::Stream => stream::tell(bench, url).await,
        Mode::Api => api::one_by_one(bench).await,
        Mode::WorkerProtocol => remote::work(bench).await,
        Mode::Stores => {
            let other = bench.args.other.as_deref().unwrap_or_default();
            stores::two(bench, url, &store_url(other, bench.args.history)).await
        }
    }
}

async fn measure_processes(bench: &Measurement, url: &str) -> anyhow::Result<(Finding, Usage)> {
    let mut processes = WorkerProcesses::start(&bench.args, url).await?;
    let before = Usage::now(&bench.store, &processes.pids()).await?;
    let finding = processes.drain(bench.args.jobs).await?;
    let after = Usage::now(&bench.store, &processes.pids()).await?;
    processes.dismiss().await?;
    Ok((finding, after.since(&before)))
}

fn store_url(url: &str, history: History) -> String {
    match (history, url.contains('?')) {
        (History::On, _) => url.to_owned(),
        (History::Off, true) => format!("{url}&history=off"),
        (History::Off, false) => format!("{url}?history=off"),
    }
}
