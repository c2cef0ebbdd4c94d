//! A worker that is built and started.

mod registration;

use std::collections::HashMap;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::FuturesUnordered;
use tokio::runtime::Handle;
use tokio::sync::{broadcast, mpsc, oneshot, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::accounts::Accounts;
use super::attempt::AttemptReport;
use super::attempts::Attempts;
use super::beside::{Beside, BesideParts, Hook};
use super::declarations::Declarations;
use super::dispatch::Dispatch;
use super::events::Event;
use super::failure::Failure;
use super::fetch::{Fetch, FetchLimits};
use super::handle::RunningWorker;
use super::health::{Health, StoreHealth};
#[cfg(unix)]
use super::isolation;
use super::label::host_name;
use super::liveness::Liveness;
use super::maintenance::Maintenance;
use super::options::Options;
use super::pending::PendingSettlements;
use super::phase::{IntakeWishes, Phase};
use super::sourcing::check_sources;
use super::start_error::{StartError, check_chunks};
use super::state::{Engine, FirstAnswer};
use super::stats::Stats;
use crate::client::{Client, EnqueueLayer};
use crate::context::News;
use crate::error::Refusal;
use crate::handler::{ChunkFn, Chunks, HandlerFn, HandlerLayer, Isolation, Registered, Run};
use crate::health::Thresholds;
use crate::job::{Cipher, IntoDraft, Job};
use crate::limit::{Limit, SetBy};
use crate::limits;
use crate::name::check_queue;
use crate::panics;
use crate::schedule::{Declared, Definition, Owner, Schedule, check_declared};
use crate::stats::Measures;
use crate::store::Store;
use crate::worker::{MinimumBuild, Registration};

/// Jobs a worker runs at once unless told otherwise. Handlers are futures, so that this costs
/// little and a backlog moves at once.
const DEFAULT_SLOTS: usize = 50;
/// Events kept for a watcher that is slow; it is told how many it missed.
const EVENTS_KEPT: usize = 4_096;

/// A worker to be started: which kinds it runs, from which queues, how many at once.
#[must_use = "a worker does nothing until it is started"]
pub struct Worker<App = ()> {
    app: Arc<App>,
    client: Client,
    handlers: Vec<Registered>,
    layers: Vec<Arc<dyn HandlerLayer>>,
    kind_layers: Vec<(String, Arc<dyn HandlerLayer>)>,
    pub(super) beside: BesideParts,
    queues: Vec<(String, usize)>,
    slots: Option<usize>,
    limits: Vec<(Limit, SetBy)>,
    options: Options,
    thresholds: Thresholds,
    build: String,
    schedules: Vec<Scheduled>,
    events: broadcast::Sender<Event>,
    purpose: Purpose,
}

/// What a worker is started for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Purpose {
    Jobs,
    /// What any worker does beside its jobs, and nothing else.
    Maintenance,
}

/// A schedule as it was given to the builder.
type Scheduled = (String, Declarer, Result<Definition, Refusal>);

/// What declares a schedule.
enum Declarer {
    Program,
    File(String),
}

impl Worker<()> {
    /// A worker whose handlers need no application state.
    pub fn without_app(store: Arc<dyn Store>) -> Self {
        Self::new(store, ())
    }
}

impl<App: Send + Sync + 'static> Worker<App> {
    /// A worker on this store whose handlers see `app`.
    pub fn new(store: Arc<dyn Store>, app: App) -> Self {
        Self {
            app: Arc::new(app),
            client: Client::new(store),
            handlers: Vec::new(),
            layers: Vec::new(),
            kind_layers: Vec::new(),
            beside: BesideParts::default(),
            queues: Vec::new(),
            slots: None,
            limits: Vec::new(),
            options: Options::default(),
            thresholds: Thresholds::alerting(),
            build: concat!("windlass ", env!("CARGO_PKG_VERSION")).to_owned(),
            schedules: Vec::new(),
            events: broadcast::channel(EVENTS_KEPT).0,
            purpose: Purpose::Jobs,
        }
    }

    /// Runs jobs of this type.
    pub fn handle<J: Run<App>>(mut self) -> Self {
        self.handlers.push(Registered::typed::<J, App>(Arc::clone(&self.app)));
        self
    }

    /// Runs jobs of the type that this function takes: an
    /// `async fn(job: J, cx: Context<App>) -> Result<T, E>`.
    pub fn handle_fn<J: Job>(mut self, run: impl HandlerFn<J, App>) -> Self {
        self.handlers.push(Registered::of_fn(Arc::clone(&self.app), run));
        self
    }

    /// Runs jobs of the type that this function takes, many at a time: an
    /// `async fn(chunk: Chunk<J, App>) -> Result<(), E>`. Each job that waits or runs takes a slot.
    pub fn handle_chunks<J: Job>(mut self, chunks: Chunks, run: impl ChunkFn<J, App>) -> Self {
        self.handlers.push(Registered::of_chunks(Arc::clone(&self.app), chunks, run));
        self
    }

    /// Runs jobs of a kind chosen at run time.
    pub fn handle_dynamic(mut self, registered: Registered) -> Self {
        self.handlers.push(registered);
        self
    }

    /// Declares that such a job is enqueued again and again. It is written once the worker is registered, and stays when
    /// the worker stops; any worker may run it. What a person changed since is left as it is.
    pub fn schedule(
        mut self,
        name: impl Into<String>,
        schedule: Schedule,
        job: impl IntoDraft,
    ) -> Self {
        self.schedules.push((name.into(), Declarer::Program, Definition::new(schedule, job)));
        self
    }

    /// The same for what a configuration file declares.
    #[doc(hidden)]
    pub fn schedule_from_config(
        mut self,
        name: impl Into<String>,
        definition: Definition,
        file: impl Into<String>,
    ) -> Self {
        self.schedules.push((name.into(), Declarer::File(file.into()), Ok(definition)));
        self
    }

    /// Runs no jobs, and needs no handler: it does what some process must do for all of them. It promotes and rescues jobs, fires
    /// schedules, feeds subscriptions and prunes what has ended, for programs whose jobs run elsewhere.
    pub fn without_handlers(mut self) -> Self {
        self.purpose = Purpose::Maintenance;
        self
    }

    /// Serves this queue, running at most `slots` of its jobs at once; slots are also its weight
    /// against other queues. Without any such call the queues that the kinds declare are served.
    pub fn queue(mut self, name: impl Into<String>, slots: usize) -> Self {
        self.queues.push((name.into(), slots));
        self
    }

    /// Serves this queue and no other, one job at a time.
    pub fn only_queue(mut self, name: impl Into<String>) -> Self {
        self.queues = vec![(name.into(), 1)];
        self
    }

    /// Runs at most so many jobs at once, over all queues. The default is the sum over the
    /// queues, or 50.
    pub fn slots(mut self, slots: usize) -> Self {
        self.slots = Some(slots);
        self
    }

    /// Sets a limit over all processes when it starts, unless a person has set another.
    pub fn limit(self, limit: Limit) -> Self {
        self.limit_set_by(limit, SetBy::Code)
    }

    /// [`Worker::limit`], for programs that read it from somewhere.
    pub fn limit_set_by(mut self, limit: Limit, by: SetBy) -> Self {
        self.limits.push((limit, by));
        self
    }

    /// Other times and sizes than the defaults.
    pub fn options(mut self, options: Options) -> Self {
        self.options = options;
        self
    }

    /// From where on something is an alert, and which kinds are left out. While this worker leads it counts for all, so give it to
    /// all workers alike.
    pub fn alerts(mut self, thresholds: Thresholds) -> Self {
        self.thresholds = thresholds;
        self
    }

    /// The program and version shown in the list of workers, such as `shop 2.14.0`: what
    /// [`Client::require_build`] goes by.
    pub fn build(mut self, build: impl Into<String>) -> Self {
        self.build = build.into();
        self
    }

    /// Stands around every attempt; the layer added first is the outermost.
    pub fn handler_layer(mut self, layer: impl HandlerLayer) -> Self {
        self.layers.push(Arc::new(layer));
        self
    }

    /// Stands around the attempts of one kind, inside the layers of all.
    pub fn kind_layer(mut self, kind: impl Into<String>, layer: impl HandlerLayer) -> Self {
        self.kind_layers.push((kind.into(), Arc::new(layer)));
        self
    }

    /// Is told of every attempt that fails in this process: by an error, a timeout or a panic, or since the worker lost the
    /// job. Told as soon as that is decided, whether or not the database can be written then; a snooze, a discard and what is
    /// handed back do not count as one.
    ///
    /// It runs beside the jobs, for one failure after the other, each for at most 10 s. One that panics or hangs keeps back
    /// reports only. There is one such function; a second call replaces it.
    pub fn on_failure<Fut>(
        mut self,
        report: impl Fn(Failure) -> Fut + Send + Sync + 'static,
    ) -> Self
    where
        Fut: Future<Output = ()> + Send + 'static,
    {
        self.beside.failures = Some(Hook::new(report));
        self
    }

    /// Runs a function again and again in this process while the worker runs, counted from its start: for what belongs to
    /// the process, such as a cache or a gauge. One run at a time; where one lasts longer than the period, the next
    /// is at the next multiple of it. What is to happen once for all processes is a [`Worker::schedule`].
    pub fn every<Fut>(
        mut self,
        period: Duration,
        run: impl Fn(Arc<App>) -> Fut + Send + Sync + 'static,
    ) -> Self
    where
        Fut: Future<Output = ()> + Send + 'static,
    {
        let hook = self.hook(run);
        self.beside.timers.push((period, hook));
        self
    }

    /// Runs a function whenever the worker becomes idle: nothing runs, and there was nothing to claim. Once, until a job has
    /// started again.
    pub fn on_idle<Fut>(mut self, run: impl Fn(Arc<App>) -> Fut + Send + Sync + 'static) -> Self
    where
        Fut: Future<Output = ()> + Send + 'static,
    {
        let hook = self.hook(run);
        self.beside.idle.push(hook);
        self
    }

    fn hook<F, Fut>(&self, run: F) -> Hook<()>
    where
        F: Fn(Arc<App>) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = ()> + Send + 'static,
    {
        let app = Arc::clone(&self.app);
        Hook::named(std::any::type_name::<F>(), move |()| run(Arc::clone(&app)))
    }

    /// Sees every job that handlers enqueue through their context.
    pub fn enqueue_layer(mut self, layer: impl EnqueueLayer) -> Self {
        self.client = self.client.with_layer(layer);
        self
    }

    /// The first of its kinds whose attempts run in processes of their own.
    #[must_use]
    pub fn isolated_kind(&self) -> Option<&str> {
        let isolated = |one: &&Registered| one.policy.isolation == Isolation::Process;
        self.handlers.iter().find(isolated).map(|one| one.kind.as_str())
    }

    /// Decrypts the args of encrypted jobs for handlers, and encrypts those of the jobs that handlers enqueue: see [`Client::encrypting`].
    pub fn encrypting(mut self, cipher: impl Cipher) -> Self {
        self.client = self.client.encrypting(cipher);
        self
    }

    /// The events of the worker from its very start. A slow reader misses the oldest and is told
    /// how many.
    #[must_use]
    pub fn events(&self) -> broadcast::Receiver<Event> {
        self.events.subscribe()
    }

    /// Starts the engine on a thread of its own. Handlers run on the runtime this is called in.
    ///
    /// Returns once the worker is registered. Where the database does not answer now, it returns
    /// after 3 s at the latest, and the worker goes on trying by itself: see
    /// [`RunningWorker::health`].
    ///
    /// # Errors
    /// When the worker makes no sense as declared, there is no runtime, or the database answers
    /// that it cannot serve a worker. Nothing runs then.
    pub async fn start(self) -> Result<RunningWorker, StartError> {
        self.check()?;
        self.check_slots()?;
        let runtime = Handle::try_current().map_err(|_| StartError::NoRuntime)?;
        panics::install();
        #[cfg(unix)]
        if let Some(isolated) = isolation::isolated() {
            return self.start_isolated(isolated.map_err(StartError::Isolated)?).await;
        }
        // Bounded by those who ask, and by the slots: each attempt reports once.
        let (commands, command_rx) = mpsc::unbounded_channel();
        let (reports, ends) = mpsc::unbounded_channel();
        let events = self.events.clone();
        let (first, first_answer) = oneshot::channel();
        let (health, health_rx) = watch::channel(Health::Working);
        let stats = Arc::new(Stats::default());
        let (held_back, held_back_rx) = watch::channel(None);
        let watchers = Watchers { reports, first, health, held_back, stats: Arc::clone(&stats) };
        let engine_runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .map_err(|error| StartError::Thread(error.to_string()))?;
        let engine = self.into_engine(runtime, watchers);
        let label = Arc::clone(&engine.label);
        let (gone_tx, gone) = watch::channel(false);
        std::thread::Builder::new()
            .name("windlass-engine".to_owned())
            .spawn(move || {
                let _gone = Gone(gone_tx);
                engine_runtime.block_on(engine.run(command_rx, ends));
            })
            .map_err(|error| StartError::Thread(error.to_string()))?;
        let (health, held_back) = (health_rx, held_back_rx);
        let worker = RunningWorker { commands, events, health, held_back, stats, label, gone };
        match tokio::time::timeout(limits::START_WAIT, first_answer).await {
            Ok(Ok(Err(error))) => {
                worker.wait_gone().await;
                Err(StartError::Store(error))
            }
            _ => Ok(worker),
        }
    }

    /// In a child that is to run one attempt: runs it, where this is the worker for it, and ends the process.
    #[cfg(unix)]
    async fn start_isolated(
        mut self,
        isolated: &'static isolation::Isolated,
    ) -> Result<RunningWorker, StartError> {
        let handler = self.take_handlers().remove(isolated.kind());
        let Some(registered) = handler else { return Ok(RunningWorker::parked(self.events)) };
        isolated.run(registered.handler, self.client).await
    }

    pub(super) fn check(&self) -> Result<(), StartError> {
        let has_work = !self.handlers.is_empty() || !self.beside.sources.is_empty();
        if !has_work && self.purpose == Purpose::Jobs {
            return Err(StartError::NoHandlers);
        }
        let mut kinds: Vec<&str> = self.handlers.iter().map(|h| h.kind.as_str()).collect();
        kinds.sort_unstable();
        if let Some(pair) = kinds.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(StartError::DuplicateKind(pair[0].to_owned()));
        }
        if let Some((kind, _)) =
            self.kind_layers.iter().find(|(kind, _)| !kinds.contains(&kind.as_str()))
        {
            return Err(StartError::LayerOfNoKind(kind.clone()));
        }
        if let Some(kind) = self.isolated_kind().filter(|_| !cfg!(unix)) {
            return Err(StartError::NoProcesses(kind.to_owned()));
        }
        self.handlers.iter().try_for_each(check_chunks)?;
        if self.beside.timers.iter().any(|(period, _)| period.is_zero()) {
            return Err(StartError::Zero("a timer's period"));
        }
        check_sources(&self.beside.sources)?;
        for (limit, _) in &self.limits {
            limit.check()?;
        }
        if let Some(at) = self.build.find('\0') {
            return Err(Refusal::Nul { what: "a worker's build", at }.into());
        }
        for (queue, slots) in &self.queues {
            check_queue(queue)?;
            if *slots == 0 {
                return Err(StartError::Zero("a queue's slots"));
            }
        }
        if self.slots == Some(0) {
            return Err(StartError::Zero("slots"));
        }
        check_declared(&self.declared(&host_name())?).map_err(StartError::Schedule)
    }

    /// Whether each chunk can be as large as it says.
    fn check_slots(&self) -> Result<(), StartError> {
        let (queues, all) = self.layout();
        for one in &self.handlers {
            let of_queue = queues.iter().find(|(name, _)| *name == one.queue);
            let limits = one.policy.slots.into_iter().chain(of_queue.map(|(_, slots)| *slots));
            let slots = limits.fold(all, usize::min);
            if let Some(most) = one.chunks.map(|chunks| chunks.most()).filter(|most| *most > slots)
            {
                return Err(StartError::ChunkSlots { kind: one.kind.clone(), most, slots });
            }
        }
        Ok(())
    }

    /// The schedules that it declares.
    fn declared(&self, host: &str) -> Result<Vec<Declared>, StartError> {
        let declare = |(name, declarer, definition): &Scheduled| {
            let definition = definition.clone().map_err(StartError::Schedule)?;
            let (owner, what) = match declarer {
                Declarer::Program => (Owner::Code, &self.build),
                Declarer::File(file) => (Owner::Config, file),
            };
            Ok(Declared { name: name.clone(), definition, owner, by: format!("{what} on {host}") })
        };
        self.schedules.iter().map(declare).collect()
    }

    /// The queues served, with their slots, and the slots over all of them.
    fn layout(&self) -> (Vec<(String, usize)>, usize) {
        if self.queues.is_empty() {
            let slots = self.slots.unwrap_or(DEFAULT_SLOTS);
            let mut queues: Vec<(String, usize)> =
                self.handlers.iter().map(|handler| (handler.queue.clone(), slots)).collect();
            queues.sort();
            queues.dedup();
            return (queues, slots);
        }
        let sum = self.queues.iter().map(|(_, slots)| slots).sum();
        (self.queues.clone(), self.slots.unwrap_or(sum))
    }

    /// Its handlers by kind, with their layers.
    fn take_handlers(&mut self) -> HashMap<String, Registered> {
        let handlers = std::mem::take(&mut self.handlers).into_iter();
        let layers = |kind: &str| -> Vec<Arc<dyn HandlerLayer>> {
            let of_kind =
                self.kind_layers.iter().filter(|(of, _)| of == kind).map(|(_, layer)| layer);
            self.layers.iter().chain(of_kind).cloned().collect()
        };
        let layered = |handler: Registered| {
            let layers = layers(&handler.kind);
            (handler.kind.clone(), handler.with_layers(&layers))
        };
        handlers.map(layered).collect()
    }

    pub(super) fn into_inline(mut self) -> Result<InlineParts, StartError> {
        let (queues, _) = self.layout();
        let registration = self.registration(&queues, 1);
        let declared = self.declared(&registration.host)?;
        let handlers = self.take_handlers();
        let failures = self.beside.failures;
        let (client, thresholds) = (self.client, self.thresholds);
        Ok(InlineParts { client, handlers, registration, declared, failures, thresholds })
    }

    fn into_engine(mut self, runtime: Handle, watchers: Watchers) -> Engine {
        let (queues, slots) = self.layout();
        let now = Instant::now();
        let registration = self.registration(&queues, slots);
        // Checked before: nothing is left out.
        let declared = self.declared(&registration.host).unwrap_or_default();
        let label: Arc<str> = registration.label.as_str().into();
        let store = Arc::clone(self.client.store());
        let fetch_limits = FetchLimits {
            claim_jobs: self.options.claim_jobs,
            prefetch: self.options.prefetch,
            longest_poll: self.options.poll,
        };
        let kind_slots: HashMap<String, usize> = self
            .handlers
            .iter()
            .filter_map(|handler| handler.policy.slots.map(|slots| (handler.kind.clone(), slots)))
            .collect();
        Engine {
            wake_handle: store.wakeups().add(registration.worker, registration.queues.clone()),
            registration,
            fetch: Fetch::new(now, &queues, slots, fetch_limits),
            dispatch: Dispatch::new(slots, queues.iter().map(|(_, n)| *n).collect(), kind_slots),
            handlers: isolate(self.take_handlers()),
            store,
            liveness: Liveness::new(now, &self.options),
            maintenance: Maintenance::new(now, &self.options),
            declarations: Declarations::new(now, declared),
            feed: Box::default(),
            watch: None,
            thresholds: self.thresholds,
            attempts: Attempts::new(self.options.abandon_after),
            pending: PendingSettlements::new(now),
            accounts: Accounts::new(now),
            news: News::default(),
            options: self.options,
            beside_parts: self.beside,
            beside: Beside::default(),
            runtime,
            client: self.client,
            label,
            phase: Phase::Working,
            wishes: IntakeWishes::default(),
            held_back: watchers.held_back,
            claiming: None,
            claimed: None,
            stopping: CancellationToken::new(),
            stop_waiters: Vec::new(),
            released: 0,
            health: StoreHealth::new(watchers.health),
            calls: FuturesUnordered::new(),
            reports: watchers.reports,
            events: self.events,
            first_answer: Some(watchers.first),
            stats: watchers.stats,
            measures: Measures::default(),
        }
    }
}

/// Those that want it run in children of this process.
#[cfg(unix)]
fn isolate(mut handlers: HashMap<String, Registered>) -> HashMap<String, Registered> {
    let wanted = handlers.values_mut().filter(|one| one.policy.isolation == Isolation::Process);
    wanted.for_each(|one| one.handler = Arc::new(isolation::IsolatedHandler));
    handlers
}

#[cfg(not(unix))]
fn isolate(handlers: HashMap<String, Registered>) -> HashMap<String, Registered> {
    handlers
}

/// Says that the engine's thread is gone, also where it panicked.
struct Gone(watch::Sender<bool>);

impl Drop for Gone {
    fn drop(&mut self) {
        self.0.send_replace(true);
    }
}

/// What a worker without a loop is made of.
pub(super) struct InlineParts {
    pub(super) client: Client,
    pub(super) handlers: HashMap<String, Registered>,
    pub(super) registration: Registration,
    pub(super) declared: Vec<Declared>,
    pub(super) failures: Option<Hook<Failure>>,
    pub(super) thresholds: Thresholds,
}

struct Watchers {
    reports: mpsc::UnboundedSender<AttemptReport>,
    first: FirstAnswer,
    health: watch::Sender<Health>,
    held_back: watch::Sender<Option<MinimumBuild>>,
    stats: Arc<Stats>,
}
