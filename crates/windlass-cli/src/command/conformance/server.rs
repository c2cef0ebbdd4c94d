//! The server that a worker is checked against, with all that a check asks of it.

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use axum::middleware::from_fn_with_state;
use serde_json::Value;
use tokio::task::JoinSet;
use windlass::store::Now;
use windlass::{Client, JobId, JobRecord, Json, NewJob, RunningWorker, Worker as Engine, WorkerId};
use windlass_http::{Access, Api, Server as Listener};

use super::check::Wrong;
use super::layer::{Layer, around};
use super::play::Play;
use super::program::Program;
use super::record::{Call, Exchange, Record, claims, of, reports, results};

/// How long anything may take that a worker is to do at once: far more than it needs.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);
/// How long a program may take to start.
const START: Duration = Duration::from_secs(30);
const BUILD: &str = concat!("windlass conformance ", env!("CARGO_PKG_VERSION"));

/// A server on a store of its own, and the worker's command where there is one.
#[derive(Debug)]
pub(super) struct Server {
    address: SocketAddr,
    pub(super) client: Client,
    pub(super) layer: Layer,
    serving: Option<Serving>,
    maintenance: RunningWorker,
    pub(super) program: Option<Program>,
    /// Dropped last: the store is in it.
    _folder: tempfile::TempDir,
}

#[derive(Debug)]
struct Serving {
    api: Api,
    listener: JoinSet<()>,
}

/// A worker as it registered.
#[derive(Debug, Clone)]
pub(super) struct Registered {
    pub(super) id: WorkerId,
    pub(super) slots: usize,
    pub(super) body: Value,
}

impl Server {
    /// Listens on this address.
    pub(super) async fn start(address: SocketAddr) -> anyhow::Result<Self> {
        let folder =
            tempfile::Builder::new().prefix("windlass-conformance-").tempdir_in(memory())?;
        let store = windlass::open(&format!("sqlite:{}/jobs.db", folder.path().display())).await?;
        let engine = Engine::without_app(store.clone()).without_handlers().build(BUILD);
        let client = Client::new(store);
        let layer = Layer {
            record: std::sync::Arc::default(),
            play: std::sync::Arc::default(),
            client: client.clone(),
        };
        let mut server = Self {
            address,
            client,
            layer,
            serving: None,
            maintenance: engine.start().await?,
            program: None,
            _folder: folder,
        };
        server.up().await?;
        Ok(server)
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(super) fn record(&self) -> &Record {
        &self.layer.record
    }

    pub(super) fn play(&self) -> &Play {
        &self.layer.play
    }

    /// Gives it the worker's command, and starts that.
    pub(super) fn give(&mut self, mut program: Program) -> anyhow::Result<()> {
        program.start()?;
        self.program = Some(program);
        Ok(())
    }

    /// Serves, on the address of before.
    pub(super) async fn up(&mut self) -> io::Result<()> {
        let listener = Listener::bind(self.address).await?;
        self.address = listener.address()?;
        let api = Api::new(self.client.store().clone(), Access::open());
        let router = api.clone().router().layer(from_fn_with_state(self.layer.clone(), around));
        let mut serving = JoinSet::new();
        serving.spawn(listener.serve(router, api.stopping().clone()));
        self.serving = Some(Serving { api, listener: serving });
        Ok(())
    }

    /// Is gone at once, with all connections.
    pub(super) async fn down(&mut self) {
        if let Some(mut serving) = self.serving.take() {
            serving.listener.shutdown().await;
            serving.api.stopping().cancel();
            serving.api.idle().await;
        }
    }

    pub(super) async fn stop(mut self) {
        if let Some(program) = &mut self.program
            && let Err(error) = program.kill().await
        {
            tracing::debug!(%error, "the worker's command was not ended");
        }
        self.down().await;
        self.maintenance.stop().await;
    }

    /// The worker that registered last, and has not left.
    pub(super) fn registered(&self) -> Option<Registered> {
        let exchanges = self.record().since(0);
        let last = of(&exchanges, Call::Register).filter_map(Registered::of).last()?;
        let left = of(&exchanges, Call::Leave).any(|one| one.path.ends_with(&last.id.to_string()));
        (!left).then_some(last)
    }

    /// The worker, once there is one; its command is started again where it has ended.
    pub(super) async fn worker(&mut self) -> Result<Registered, Wrong> {
        let patience = match &mut self.program {
            Some(program) => {
                program.start()?;
                START
            }
            None => Duration::MAX,
        };
        let known = self.record().until(0, patience, |_| self.registered()).await;
        known.ok_or_else(|| Wrong::new(format!("no worker registered within {START:?}")))
    }

    /// Ends what is left of a check: its jobs, what it played, and, where it failed, the worker's process.
    pub(super) async fn tidy(&mut self, is_spoilt: bool) -> anyhow::Result<()> {
        self.play().clear();
        for kind in self.client.paused_kinds().await? {
            self.client.resume_kind(&kind.kind).await?;
        }
        if self.serving.is_none() {
            self.up().await?;
        }
        let filter = "state:waiting,scheduled,available,running,retryable".parse();
        let page = windlass::job::Page { before: None, limit: 500 };
        let left = self.client.jobs(&filter.expect("a filter"), page).await?;
        let left: Vec<JobId> = left.iter().map(|job| job.id).collect();
        self.client.cancel(&left, "the check is over").await?;
        if let Some(program) = self.program.as_mut().filter(|_| is_spoilt) {
            program.kill().await?;
            if let Some(worker) = self.registered() {
                self.client.store().leave(worker.id, Now::Database).await?;
                self.forget(&worker);
            }
        }
        Ok(())
    }

    /// A worker whose process was ended cannot leave by itself.
    fn forget(&self, worker: &Registered) {
        self.record().asked(Exchange::left(format!("/v1/workers/{}", worker.id)));
    }

    /// Enqueues a job on the queue that the worker serves its kind on.
    pub(super) async fn enqueue(&self, kind: &str, args: &Value) -> Result<JobId, Wrong> {
        let args = Json::args(args.to_string()).map_err(anyhow::Error::from)?;
        let mut job = NewJob::new(kind, args);
        if let Some(queue) = self.registered().and_then(|one| one.queue_of(kind)) {
            job.queue = queue;
        }
        Ok(self.client.enqueue(job).await.map_err(anyhow::Error::from)?.id())
    }

    /// A job of `conformance.sleep` whose handler runs; and its lease.
    pub(super) async fn asleep(&self, ms: u64) -> Result<(JobId, String), Wrong> {
        let job = self.enqueue("conformance.sleep", &serde_json::json!({"ms": ms})).await?;
        let begun = |all: &[Exchange]| {
            let lease = claims(all, job).pop()?.1["lease"].as_str()?.to_owned();
            let is_begun = reports(all, &lease).next().is_some();
            is_begun.then_some(lease)
        };
        // From the first on: the claim may have waited long before there was a job.
        let lease = self.record().until(0, PATIENCE, begun).await;
        let lease = lease.ok_or_else(|| {
            Wrong::new(format!("no report of a conformance.sleep came within {PATIENCE:?}"))
        })?;
        Ok((job, lease))
    }

    /// The job once it has ended.
    pub(super) async fn ended(&self, job: JobId, patience: Duration) -> Result<JobRecord, Wrong> {
        match tokio::time::timeout(patience, self.client.ended(job)).await {
            Ok(record) => Ok(record?),
            Err(_) => {
                let record = self.client.job(job).await?;
                let state = record.map_or("gone".to_owned(), |job| job.state.to_string());
                Err(Wrong::new(format!("a job is {state} after {patience:?}")))
            }
        }
    }

    /// The first result of a job that is sent and answered.
    pub(super) async fn result(&self, job: JobId) -> Result<Value, Wrong> {
        let answered = |all: &[Exchange]| {
            let mut sent = results(all, job).into_iter();
            sent.find(|one| !one.status.is_empty()).map(|one| one.result)
        };
        let result = self.record().until(0, PATIENCE, answered).await;
        result.ok_or_else(|| Wrong::new(format!("no result of a job came within {PATIENCE:?}")))
    }

    /// Keeps a kind from being claimed.
    pub(super) async fn pause(&self, kind: &str) -> Result<(), Wrong> {
        Ok(self.client.pause_kind(kind).await?)
    }
}

impl Registered {
    fn of(exchange: &Exchange) -> Option<Self> {
        let answer = exchange.answer.as_ref().filter(|answer| answer.status < 300)?;
        let id = answer.body["worker"].as_str()?.parse().ok()?;
        let slots = usize::try_from(exchange.body["slots"].as_u64()?).ok()?;
        Some(Self { id, slots, body: exchange.body.clone() })
    }

    fn queue_of(&self, kind: &str) -> Option<String> {
        let handlers = self.body["handlers"].as_array()?;
        let handler = handlers.iter().find(|one| one["kind"] == kind)?;
        handler["queue"].as_str().map(str::to_owned)
    }

    /// Whether it serves this kind.
    pub(super) fn serves(&self, kind: &str) -> bool {
        let handlers = self.body["handlers"].as_array();
        handlers.is_some_and(|handlers| handlers.iter().any(|one| one["kind"] == kind))
    }
}

/// A folder in memory, where there is one.
fn memory() -> std::path::PathBuf {
    let shared = Path::new("/dev/shm");
    if shared.is_dir() { shared.to_owned() } else { std::env::temp_dir() }
}
