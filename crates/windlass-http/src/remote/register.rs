//! Registering, and leaving.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::extract::State;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use windlass::job::HandlerKey;
use windlass::limits::LEASE;
use windlass::name::{DEFAULT_QUEUE, check_kind, check_queue};
use windlass::store::Now;
use windlass::worker::{LivesWith, Registration};
use windlass::{Timestamp, WorkerId};

use crate::access::{MayIn, Work};
use crate::answer::{Document, created, ok};
use crate::api::Api;
use crate::extract::{Body, Named};
use crate::limits::{HANDLERS, KIND_SLOTS, NAME_BYTES, REMOTE_SLOTS};
use crate::problem::{Code, Problem};
use crate::schema;

/// The protocol that is spoken here.
const PROTOCOL: u16 = 1;

/// A worker that registers.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewWorker {
    /// Its name, for people; its host unless given.
    name: Option<String>,
    /// The host it runs on.
    #[serde(default)]
    host: String,
    /// Its process id there.
    #[serde(default)]
    pid: u32,
    /// The program and version it runs, such as `shop 2.14.0`.
    #[serde(default)]
    build: String,
    /// The kinds it runs.
    #[schema(min_items = 1, max_items = 1000)]
    handlers: Vec<NewHandler>,
    /// How many jobs it runs at once.
    #[schema(minimum = 1, maximum = 10000)]
    slots: u32,
    /// The version of the protocol that it speaks: 1.
    protocol: u16,
}

/// A kind that a worker runs.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewHandler {
    /// The kind.
    kind: String,
    /// The version of its args; 1 unless given.
    version: Option<u16>,
    /// The queue of its jobs; `default` unless given.
    queue: Option<String>,
    /// How many jobs of the kind it runs at once, in all its versions and queues; as many as the worker unless given.
    #[schema(minimum = 1, maximum = 10000)]
    slots: Option<u32>,
}

/// A worker that is registered.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RegisteredWorker)]
struct RegisteredBody<'a> {
    /// Its id, for the requests that follow.
    #[schema(value_type = String)]
    worker: WorkerId,
    /// As it stands in lists, and with the jobs it has run.
    label: &'a str,
    /// How often it is to send a heartbeat.
    heartbeat_ms: u64,
    /// How long its jobs are its own without one.
    lease_ms: u64,
    /// The server's clock.
    #[schema(value_type = schema::Moment)]
    server_time: Timestamp,
}

/// Register a worker
///
/// Its lease begins. Each registration is another worker.
#[utoipa::path(
    post,
    path = "/workers",
    tag = "worker protocol",
    request_body = NewWorker,
    responses((status = 201, description = "It is registered.", body = Document<RegisteredBody>))
)]
pub(super) async fn register(
    may: MayIn<Work>,
    State(api): State<Api>,
    Body(asked): Body<NewWorker>,
) -> Result<Response, Problem> {
    asked.check()?;
    let registration = asked.registration();
    may.check_worker(&registration)?;
    let remote = api.remotes().register(api.store(), registration).await?;
    let lease = remote.registration.lease;
    Ok(created(&Document::new(
        "registered_worker.v1",
        RegisteredBody {
            worker: remote.id(),
            label: &remote.label,
            heartbeat_ms: in_ms(heartbeat_of(lease)),
            lease_ms: in_ms(lease),
            server_time: Timestamp::wall_clock(),
        },
    )))
}

/// Leave
///
/// What the worker still holds is handed back at once, and it is off the list. A worker that is gone already is gone.
#[utoipa::path(
    delete,
    path = "/workers/{id}",
    tag = "worker protocol",
    params(("id" = String, Path, description = "The worker's id.")),
    responses((status = 200, description = "It is off the list.", body = Document<LeftBody>))
)]
pub(super) async fn leave(
    may: MayIn<Work>,
    State(api): State<Api>,
    Named(id): Named<WorkerId>,
) -> Result<Response, Problem> {
    match api.remotes().get(api.store(), id).await {
        Ok(remote) => {
            may.check_worker(&remote.registration)?;
            api.store().leave(id, Now::Database).await?;
            api.remotes().forget(api.store(), id);
            api.remotes().measures().write_all(api.store()).await;
        }
        Err(problem) if problem.code() == Code::WorkerGone => {}
        Err(problem) => return Err(problem),
    }
    Ok(ok(&Document::new("left_worker.v1", LeftBody { worker: id })))
}

/// A worker that has left.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LeftWorker)]
struct LeftBody {
    #[schema(value_type = String)]
    worker: WorkerId,
}

/// How often a worker with this lease renews it.
pub(super) fn heartbeat_of(lease: Duration) -> Duration {
    lease / 3
}

pub(super) fn in_ms(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

impl NewWorker {
    fn check(&self) -> Result<(), Problem> {
        let at = |pointer: &str, detail: String| Err(Problem::body(pointer.to_owned(), detail));
        if self.protocol != PROTOCOL {
            return at("/protocol", format!("this server speaks {PROTOCOL}"));
        }
        if !(1..=REMOTE_SLOTS).contains(&self.slots) {
            return at("/slots", format!("expected 1 to {REMOTE_SLOTS}, found {}", self.slots));
        }
        if !(1..=HANDLERS).contains(&self.handlers.len()) {
            let found = self.handlers.len();
            return at("/handlers", format!("expected 1 to {HANDLERS}, found {found}"));
        }
        for (field, text) in self.texts() {
            if text.len() > NAME_BYTES || text.chars().any(char::is_control) {
                let what = format!("at most {NAME_BYTES} bytes, and no control characters");
                return at(&format!("/{field}"), what);
            }
        }
        for (nth, handler) in self.handlers.iter().enumerate() {
            let pointer = |field| format!("/handlers/{nth}/{field}");
            if let Err(error) = check_kind(&handler.kind) {
                return at(&pointer("kind"), error.to_string());
            }
            if let Err(error) = check_queue(handler.queue()) {
                return at(&pointer("queue"), error.to_string());
            }
            if !(1..=i16::MAX.unsigned_abs()).contains(&handler.version()) {
                return at(&pointer("version"), "expected 1 to 32767".to_owned());
            }
        }
        self.check_kind_slots()
    }

    fn check_kind_slots(&self) -> Result<(), Problem> {
        let at = |pointer: String, detail: String| Err(Problem::body(pointer, detail));
        let mut found = BTreeMap::new();
        for (nth, handler) in self.handlers.iter().enumerate() {
            let (Some(slots), pointer) = (handler.slots, format!("/handlers/{nth}/slots")) else {
                continue;
            };
            if !(1..=REMOTE_SLOTS).contains(&slots) {
                return at(pointer, format!("expected 1 to {REMOTE_SLOTS}, found {slots}"));
            }
            let before = *found.entry(&handler.kind).or_insert(slots);
            if before != slots {
                let detail = format!("the kind {} has {before} above", handler.kind);
                return at(pointer, detail);
            }
        }
        if found.len() > KIND_SLOTS {
            let detail = format!("at most {KIND_SLOTS} kinds with slots, found {}", found.len());
            return at("/handlers".to_owned(), detail);
        }
        Ok(())
    }

    fn texts(&self) -> [(&'static str, &str); 3] {
        let name = self.name.as_deref().unwrap_or_default();
        [("name", name), ("host", &self.host), ("build", &self.build)]
    }

    fn registration(&self) -> Registration {
        let worker = WorkerId::new();
        let mut queues: Vec<String> =
            self.handlers.iter().map(|handler| handler.queue().to_owned()).collect();
        queues.sort_unstable();
        queues.dedup();
        let name = self.name.as_deref().unwrap_or(&self.host);
        Registration {
            worker,
            label: label(name, self.pid, worker),
            host: self.host.clone(),
            pid: self.pid,
            build: self.build.clone(),
            queues,
            handlers: self.handlers.iter().map(NewHandler::key).collect(),
            kind_limits: BTreeMap::new(),
            expected: BTreeMap::new(),
            limits: Vec::new(),
            slots: self.slots,
            kind_slots: self.kind_slots(),
            lease: LEASE,
            lives_with: LivesWith::Lease,
        }
    }

    fn kind_slots(&self) -> BTreeMap<String, u32> {
        let own = |one: &NewHandler| Some((one.kind.clone(), one.slots?));
        self.handlers.iter().filter_map(own).collect()
    }
}

/// Name, process and a few letters of the id, for people.
fn label(name: &str, pid: u32, worker: WorkerId) -> String {
    let id = worker.to_string();
    let name = if name.is_empty() { "remote" } else { name };
    format!("{name}:{pid}:{}", &id[id.len() - 4..])
}

impl NewHandler {
    fn queue(&self) -> &str {
        self.queue.as_deref().unwrap_or(DEFAULT_QUEUE)
    }

    fn version(&self) -> u16 {
        self.version.unwrap_or(1)
    }

    fn key(&self) -> HandlerKey {
        HandlerKey::new(&self.kind, self.version())
    }
}
