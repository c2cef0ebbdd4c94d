//! A worker from its start to its end, with what a file says.

use std::path::Path;
use std::sync::Arc;

use windlass::limit::LimitOn;
use windlass::limit::SetBy;
use windlass::name::nearest;
use windlass::schedule::{Declared, Owner, declare};
use windlass::store::{Now, Store};
use windlass::{Client, Options, RunningWorker, StartError, StoreError, Worker};

use super::elsewhere;
use super::plan::Plan;
use super::report::Report;
use super::screen::Screen;
use super::watch::{Watch, Watched};
use crate::acts::declared::Declaring;
use crate::globals::Globals;
use crate::handler::{self, HandlerParts};
use crate::keys;
use crate::service::{Service, root};
use crate::shutdown::{Hurry, Signals, Wish};
use crate::source::HttpSource;
use crate::store;

/// A worker that is to run.
pub(crate) struct Session<'g> {
    pub(crate) globals: &'g Globals,
    pub(crate) service: &'g Service,
    pub(crate) plan: Plan,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) screen: Screen,
}

/// When a session ends, besides a signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Until {
    /// Nothing is left to run.
    Drained,
    /// Its file is another one.
    Changed,
    /// It is told to stop.
    Stopped,
}

/// Why a session has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ended {
    /// It was told to.
    Stopped,
    /// Nothing was left to run.
    Drained,
    /// Its file is another one.
    Changed,
}

impl Session<'_> {
    /// Runs until the worker has stopped.
    pub(crate) async fn run(self, signals: &mut Signals, until: Until) -> anyhow::Result<Ended> {
        let Self { globals, service, plan, store, screen } = self;
        warn_of_limits(globals, &plan);
        let (hurry, starts_nothing) = (Hurry::new(), plan.serves_nothing());
        let around =
            HandlerParts::new(&plan.handlers, store::whole_url(&globals.store), hurry.clone())?;
        let mut worker = read_sources(described(Arc::clone(&store), &plan, &around), &plan)?;
        if let Some(keys) = keys::of(Path::new(&plan.file))? {
            worker = worker.encrypting(keys);
        }
        let events = worker.events();
        let declaring = Declaring::begin(&store, &plan.file, plan.objects()).await;
        let started = start(worker, (globals, &store), &plan, signals).await;
        if let Err(error) = declaring.end(&store).await {
            tracing::warn!(%error, "what the configuration changed was not entered in the audit");
        }
        let Some(worker) = started? else { return Ok(Ended::Stopped) };
        let report = Report::new(globals, screen, service);
        report.started(&globals.store, &plan, worker.label());
        // Without handlers nothing is started as root.
        if !service.is_supervised() && !starts_nothing {
            root::warn(&globals.out);
        }
        let worker = Arc::new(worker);
        let watched = Watched { worker: Arc::clone(&worker), events, store };
        let watch = Watch::new(watched, signals, hurry, report);
        tokio::select! {
            ended = watch.run(until) => Ok(ended),
            never = service.watch(async || worker.responds().await) => match never {},
        }
    }
}

/// Declares what the plan says, and starts the worker; nothing where it is told to stop meanwhile.
async fn start(
    worker: Worker,
    (globals, store): (&Globals, &Arc<dyn Store>),
    plan: &Plan,
    signals: &mut Signals,
) -> anyhow::Result<Option<RunningWorker>> {
    if let Err(error) = plan.rules.declare(&**store).await {
        tracing::warn!(%error, "bounds and aging of queues were not set");
    }
    if let Err(error) = declare_schedules(&**store, plan).await {
        tracing::warn!(%error, "schedules are declared later");
    }
    declare_events(store, plan).await?;
    let client = Client::new(store.clone());
    if let Err(error) = elsewhere::warn(&globals.out, &client, plan).await {
        tracing::warn!(%error, "whose jobs nobody runs was not looked at");
    }
    tokio::select! {
        started = worker.start() => {
            Ok(Some(started.map_err(|error| unstarted(&globals.store, error))?))
        }
        () = told_to_stop(signals) => Ok(None),
    }
}

/// Before the worker does: what they change is told then.
async fn declare_schedules(store: &dyn Store, plan: &Plan) -> Result<(), StoreError> {
    let declared = plan.schedules.iter().map(|schedule| Declared {
        name: schedule.name.clone(),
        definition: schedule.definition.clone(),
        owner: Owner::Config,
        by: plan.file.clone(),
    });
    declare(store, &declared.collect::<Vec<_>>(), Now::Database).await
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

pub(crate) async fn told_to_stop(signals: &mut Signals) {
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
    let mut options = Options { keep_stats: plan.keep_stats, ..Options::default() };
    options.abandon_after = options.abandon_after.max(plan.patience());
    let mut worker = Worker::without_app(store)
        .slots(plan.slots)
        .options(options)
        .alerts(plan.alerts.clone())
        .build(plan.build.as_deref().unwrap_or(BUILD));
    if plan.serves_nothing() {
        worker = worker.without_handlers();
    }
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
