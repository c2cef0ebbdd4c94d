//! `windlass work`: a worker for the handlers in `windlass.toml`.
//!
//! Runs until it is told to stop, see [`crate::shutdown`] for the signals. stdout gets one line
//! per finished attempt, stderr the logs, the programs' own output among them.

mod drain;
mod elsewhere;
mod logs;
mod plan;
mod report;
mod screen;
mod watch;

use std::path::PathBuf;
use std::sync::Arc;
use windlass::limit::LimitOn;
use windlass::limit::SetBy;
use windlass::name::nearest;
use windlass::store::Store;
use windlass::{Client, Options, StartError, Worker};

use crate::config::Config;
use crate::exit::{Exit, Failure};
use crate::globals::Globals;
use crate::handler::{self, HandlerParts};
use crate::service::{Service, root};
use crate::shutdown::{self, Hurry, Signals, Wish};
use crate::source::HttpSource;
use crate::store;
use crate::supervisor::{self, MOST_PROCESSES, Supervising};
use plan::Plan;
use report::Report;
use screen::Screen;
use watch::Watch;

/// Its arguments.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Signals: SIGTERM and SIGINT stop (25 s for what runs; a second one: at once); SIGTSTP and SIGUSR1
take no new work; SIGCONT and SIGUSR2 take work again. With --processes they reach all processes,
and SIGHUP replaces these one after the other, so that a changed file or binary is used.
WINDLASS_LOG sets what is logged, such as WINDLASS_LOG=debug.")]
pub(crate) struct Args {
    /// The file with the handlers
    #[arg(long, value_name = "FILE", default_value = "windlass.toml")]
    config: PathBuf,
    /// How many jobs run at once, over all kinds
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=10_000))]
    slots: Option<u16>,
    /// Keep so many worker processes alive, each with its own slots, from a process that runs no job
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=i64::from(MOST_PROCESSES)))]
    processes: Option<u16>,
    /// Run what is due, then exit; always in one process
    #[arg(long, conflicts_with = "processes")]
    once: bool,
    /// Do not log what programs print
    #[arg(long)]
    quiet_logs: bool,
}

pub(crate) async fn run(args: Args, globals: &Globals) -> anyhow::Result<Exit> {
    shutdown::ignore_write_signals();
    let plan = args.plan()?;
    let (service, lifeline) = Service::of_environment();
    if !service.is_supervised() && args.processes(&plan).is_some() {
        return supervise(&args, globals, &service).await;
    }
    warn_of_limits(globals, &plan);
    let mut signals = Signals::listen(lifeline)?;
    let screen = Screen::new(globals);
    logs::begin(&screen, globals.out.asides(), args.quiet_logs);
    let store = tokio::select! {
        store = store::created(&globals.store) => store?,
        () = told_to_stop(&mut signals) => return Ok(Exit::Done),
    };
    if let Err(error) = plan.rules.declare(&*store).await {
        tracing::warn!(%error, "bounds and aging of queues were not set");
    }
    declare_events(&store, &plan).await?;
    if let Err(error) = elsewhere::warn(&globals.out, &Client::new(store.clone()), &plan).await {
        tracing::warn!(%error, "whose jobs nobody runs was not looked at");
    }
    let hurry = Hurry::new();
    let around = HandlerParts::new(&plan.handlers, whole_url(&globals.store), hurry.clone())?;
    let worker = read_sources(described(Arc::clone(&store), &plan, &around), &plan)?;
    let events = worker.events();
    let worker = tokio::select! {
        started = worker.start() => started.map_err(|error| unstarted(&globals.store, error))?,
        () = told_to_stop(&mut signals) => return Ok(Exit::Done),
    };
    let report = Report::new(globals, screen, &service);
    report.started(&globals.store, &plan, worker.label());
    if !service.is_supervised() {
        root::warn(&globals.out);
    }
    let worker = Arc::new(worker);
    let watch = Watch::new((Arc::clone(&worker), events, store), signals, hurry, report);
    tokio::select! {
        () = watch.run(args.once) => Ok(Exit::Done),
        never = service.watch(async || worker.responds().await) => match never {},
    }
}

/// A process that keeps others alive, which do the work.
async fn supervise(args: &Args, globals: &Globals, service: &Service) -> anyhow::Result<Exit> {
    root::warn(&globals.out);
    let wanted = || Ok(args.plan().map(|plan| args.processes(&plan))?.unwrap_or(1));
    let signals = Signals::listen(None)?;
    supervisor::run(Supervising { globals, service, signals, wanted: &wanted }).await
}

impl Args {
    /// What the file says, with what is given here before it.
    fn plan(&self) -> Result<Plan, Failure> {
        let config =
            Config::load(&self.config).map_err(|error| Failure::usage(error.to_string()))?;
        let plan = Plan::of(config, (self.slots.map(usize::from), &self.config));
        plan.map_err(|reason| Failure::usage(format!("{}: {reason}", self.config.display())))
    }

    /// How many processes a supervisor is to keep, where there is to be one.
    fn processes(&self, plan: &Plan) -> Option<usize> {
        if self.once { None } else { self.processes.map(usize::from).or(plan.processes) }
    }
}

/// Before the first job is run: what that publishes is not missed. The same definition again changes nothing.
async fn declare_events(store: &Arc<dyn Store>, plan: &Plan) -> anyhow::Result<()> {
    let client = Client::new(store.clone());
    if let Some(keep) = plan.keep {
        client.keep_events(keep).await?;
    }
    for one in &plan.subscriptions {
        let start = one.start.resolve(&client).await?;
        client.subscribe(&one.name, &one.definition, start).await?;
    }
    Ok(())
}

async fn told_to_stop(signals: &mut Signals) {
    while signals.next().await != Wish::Stop {}
}

/// What a worker is listed with whose file says nothing else.
const BUILD: &str = concat!("windlass work ", env!("CARGO_PKG_VERSION"));

/// A limit may be of a kind that another process runs; one that is nearly a kind of this file is a slip of the finger.
fn warn_of_limits(globals: &Globals, plan: &Plan) {
    let known: Vec<&str> = plan.handlers.iter().map(|handler| handler.kind.as_str()).collect();
    for limit in &plan.limits {
        if let LimitOn::Kind(kind) = &limit.on
            && !known.contains(&kind.as_str())
            && let Some(near) = nearest(kind, &known)
        {
            let what = format!("[[limit]] {}: no handler runs this kind", limit.on);
            globals.out.warn(&format!("{what}; did you mean `kind:{near}`?"));
        }
    }
}

fn described(store: Arc<dyn Store>, plan: &Plan, around: &HandlerParts) -> Worker {
    let mut options = Options::default();
    options.abandon_after = options.abandon_after.max(plan.patience());
    let mut worker = Worker::without_app(store)
        .slots(plan.slots)
        .options(options)
        .alerts(plan.alerts.clone())
        .build(plan.build.as_deref().unwrap_or(BUILD));
    for (queue, slots) in &plan.queues {
        worker = worker.queue(queue, *slots);
    }
    for limit in &plan.limits {
        worker = worker.limit_set_by(limit.clone(), SetBy::Config);
    }
    for handler in &plan.handlers {
        worker = worker.handle_dynamic(handler::registered(handler, around));
    }
    for schedule in &plan.schedules {
        let definition = schedule.definition.clone();
        worker = worker.schedule_from_config(&schedule.name, definition, plan.file.as_str());
    }
    worker
}

/// Feeds share a client, which keeps its connections.
fn read_sources(mut worker: Worker, plan: &Plan) -> anyhow::Result<Worker> {
    if plan.sources.is_empty() {
        return Ok(worker);
    }
    let client = handler::http::client()?;
    for source in &plan.sources {
        let upstream = HttpSource { client: client.clone(), feed: source.feed.clone() };
        worker = worker.source(&source.name, source.options.clone(), upstream);
    }
    Ok(worker)
}

fn unstarted(url: &str, error: StartError) -> anyhow::Error {
    match error {
        StartError::Store(error) => store::explained(url, error),
        other => other.into(),
    }
}

/// The store's URL as it is understood from any folder: programs start in another one.
fn whole_url(url: &str) -> String {
    let Some(path) = store::sqlite_path(url).filter(|path| path.is_relative()) else {
        return url.to_owned();
    };
    let Ok(whole) = std::path::absolute(&path) else { return url.to_owned() };
    url.replacen(&*path.to_string_lossy(), &whole.to_string_lossy(), 1)
}
