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
use crate::shutdown::{self, Hurry, Signals, Wish};
use crate::source::HttpSource;
use crate::store;
use plan::Plan;
use report::Report;
use screen::Screen;
use watch::Watch;

/// Its arguments.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Signals: SIGTERM and SIGINT stop (25 s for what runs; a second one: at once); SIGTSTP and SIGUSR1
take no new work; SIGCONT and SIGUSR2 take work again. WINDLASS_LOG sets what is logged, such as
WINDLASS_LOG=debug.")]
pub(crate) struct Args {
    /// The file with the handlers
    #[arg(long, value_name = "FILE", default_value = "windlass.toml")]
    config: PathBuf,
    /// How many jobs run at once, over all kinds
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=10_000))]
    slots: Option<u16>,
    /// Run what is due, then exit
    #[arg(long)]
    once: bool,
    /// Do not log what programs print
    #[arg(long)]
    quiet_logs: bool,
}

pub(crate) async fn run(args: Args, globals: &Globals) -> anyhow::Result<Exit> {
    shutdown::ignore_write_signals();
    let config = Config::load(&args.config).map_err(|error| Failure::usage(error.to_string()))?;
    let plan = Plan::of(config, (args.slots.map(usize::from), &args.config));
    let plan =
        plan.map_err(|reason| Failure::usage(format!("{}: {reason}", args.config.display())))?;
    warn_of_limits(globals, &plan);
    let mut signals = Signals::listen()?;
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
    let report = Report::new(globals, screen);
    report.started(&globals.store, &plan, worker.label());
    Watch::new((worker, events, store), signals, hurry, report).run(args.once).await;
    Ok(Exit::Done)
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
