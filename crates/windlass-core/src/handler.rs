//! What applications write: a payload type that is the job, and how it runs.

mod chunk;
mod hooks;
mod layer;

use crate::context::{AttemptContext, Context};
use crate::job::{HandlerKey, Job, JobError, KindLimits, RetryPolicy};
use crate::json::{Json, without_value};
use crate::limits;
use crate::name::DEFAULT_QUEUE;
use serde::Serialize;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

pub use chunk::{Chunk, ChunkFn, ChunkFuture, ChunkHandler, ChunkItem, Chunks, Item};
pub use hooks::{Hooked, Hooks};
use layer::layered;
pub use layer::{HandlerLayer, Next};

/// How a job runs, with the application's state `App` at hand.
///
/// A value ends the job as completed. An error decides what happens to it, see [`JobError`].
/// There is nothing to acknowledge: the result alone decides.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not say how it runs with `{App}` as the application's state",
    label = "no `impl Run<{App}> for {Self}`",
    note = "write `impl Run<{App}> for {Self}` with `async fn run(self, cx: &Context<{App}>)`; the worker's state and the impl's must be the same type"
)]
pub trait Run<App: Send + Sync + 'static = ()>: Job {
    /// What a completed job leaves behind, stored as JSON.
    type Output: Serialize + Send;

    /// Does the work. It may run more than once: at least once, fenced. What it does outside
    /// this database should carry [`AttemptContext::idempotency_key`].
    fn run(self, cx: &Context<App>) -> impl Future<Output = Result<Self::Output, JobError>> + Send;
}

/// An `async fn(J, Context<App>) -> Result<T, E>` as a handler: what [`Run`] is without an `impl`. The error
/// may be anything that `?` turns into a [`JobError`], such as `anyhow::Error`. In a function of that kind a named
/// decision is [`JobError::into_error`]: `return Err(JobError::dead("no such user").into_error().into())`.
#[diagnostic::on_unimplemented(
    message = "this function cannot run jobs of `{J}` with `{App}` as the application's state",
    label = "not a handler",
    note = "a handler is an `async fn(job: {J}, cx: Context<{App}>) -> Result<T, E>`, with a `T` that can be stored as JSON and an `E` that `?` turns into a `JobError`"
)]
pub trait HandlerFn<J, App>: Send + Sync + 'static {
    /// Runs one attempt.
    fn call(&self, job: J, cx: Context<App>) -> HandlerFuture;
}

impl<F, Fut, T, E, J, App> HandlerFn<J, App> for F
where
    F: Fn(J, Context<App>) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<T, E>> + Send + 'static,
    T: Serialize,
    E: Into<JobError>,
{
    fn call(&self, job: J, cx: Context<App>) -> HandlerFuture {
        let ran = self(job, cx);
        Box::pin(async move { Ok(output_json(&ran.await.map_err(Into::into)?)) })
    }
}

/// What a worker must know of a kind to run it.
#[derive(Debug, Clone)]
pub struct Policy {
    /// When a failed job is tried again.
    pub retry: RetryPolicy,
    /// How long a handler may run.
    pub timeout: Duration,
    /// How long a job of the kind is expected to run: one that takes half as long again is told as running too long, and goes
    /// on. `None` leaves that to the thresholds of the one who looks.
    pub expected: Option<Duration>,
    /// How many jobs of the kind this process runs at once; `None` sets no limit of its own.
    pub slots: Option<usize>,
    /// Worker deaths after which a job of the kind is dead; 0 sets no limit.
    pub max_losses: u16,
    /// Whether each attempt has a process of its own.
    pub isolation: Isolation,
}

/// Where attempts of a kind run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Isolation {
    /// In the worker's process.
    #[default]
    None,
    /// Each in a child of it: what crashes, or must be killed, takes nothing else with it. Unix only.
    Process,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            retry: RetryPolicy::default(),
            timeout: limits::TIMEOUT,
            expected: None,
            slots: None,
            max_losses: limits::MAX_LOSSES,
            isolation: Isolation::None,
        }
    }
}

/// The result of one attempt, on its way.
pub type HandlerFuture = Pin<Box<dyn Future<Output = Result<Option<Json>, JobError>> + Send>>;

/// A handler of a kind chosen at run time, such as an executable. Typed jobs need none: see
/// [`Run`].
pub trait Handler: Send + Sync + 'static {
    /// Runs one attempt. The future is dropped when the attempt is abandoned.
    fn run(&self, attempt: Arc<AttemptContext>) -> HandlerFuture;
}

/// A kind with its handler and policy, as a worker keeps it.
#[derive(Clone)]
pub struct Registered {
    /// The kind.
    pub kind: String,
    /// The version it is; older ones are taken where it can upgrade.
    pub version: u16,
    /// Whether args of older versions are taken too.
    pub upgrades: bool,
    /// The queue the kind declares.
    pub queue: String,
    /// Retry, timeout, slots, losses.
    pub policy: Policy,
    /// What runs it.
    pub handler: Arc<dyn Handler>,
    /// How many of its jobs the handler takes at a time, where it takes more than one.
    pub chunks: Option<Chunks>,
}

impl Registered {
    /// A kind whose handler is chosen at run time.
    #[must_use]
    pub fn dynamic(kind: impl Into<String>, policy: Policy, handler: Arc<dyn Handler>) -> Self {
        Self {
            kind: kind.into(),
            version: 1,
            upgrades: false,
            queue: DEFAULT_QUEUE.to_owned(),
            policy,
            handler,
            chunks: None,
        }
    }

    /// A typed job with the application's state.
    pub(crate) fn typed<J: Run<App>, App: Send + Sync + 'static>(app: Arc<App>) -> Self {
        Self::of_kind::<J>(Arc::new(Typed::<J, App> { app, job: PhantomData }))
    }

    /// A typed job that a function runs.
    pub(crate) fn of_fn<J: Job, App: Send + Sync + 'static>(
        app: Arc<App>,
        run: impl HandlerFn<J, App>,
    ) -> Self {
        Self::of_kind::<J>(Arc::new(Function { app, run, job: PhantomData }))
    }

    fn of_kind<J: Job>(handler: Arc<dyn Handler>) -> Self {
        Self {
            kind: J::KIND.to_owned(),
            version: J::VERSION,
            upgrades: J::upgrade().is_some(),
            queue: J::QUEUE.to_owned(),
            policy: Policy {
                retry: J::retry_policy(),
                timeout: J::TIMEOUT.unwrap_or(limits::TIMEOUT),
                expected: J::EXPECTED,
                slots: None,
                max_losses: J::MAX_LOSSES.unwrap_or(limits::MAX_LOSSES),
                isolation: J::ISOLATION,
            },
            handler,
            chunks: None,
        }
    }

    /// The same with layers around its handler.
    pub(crate) fn with_layers(mut self, layers: &[Arc<dyn HandlerLayer>]) -> Self {
        self.handler = layered(layers, self.handler);
        self
    }

    /// The kinds and versions it can run.
    pub(crate) fn keys(&self) -> impl Iterator<Item = HandlerKey> + '_ {
        let first = if self.upgrades { 1 } else { self.version };
        (first..=self.version).map(|version| HandlerKey::new(&self.kind, version))
    }

    /// The kind with its limits of failures and losses, where they are not the defaults.
    pub(crate) fn kind_limits(&self) -> Option<(String, KindLimits)> {
        // A policy of no attempts gives up at the first failure.
        let max_attempts = self.policy.retry.max_attempts.map_or(0, |limit| limit.max(1));
        let limits = KindLimits {
            max_attempts: Some(max_attempts).filter(|limit| *limit != limits::MAX_ATTEMPTS),
            max_losses: Some(self.policy.max_losses).filter(|limit| *limit != limits::MAX_LOSSES),
        };
        (limits != KindLimits::default()).then(|| (self.kind.clone(), limits))
    }

    /// The kind with how many of its jobs run at once, where it says so.
    pub(crate) fn kind_slots(&self) -> Option<(String, u32)> {
        let slots = self.policy.slots?;
        Some((self.kind.clone(), u32::try_from(slots).unwrap_or(u32::MAX)))
    }

    /// The kind with how long its jobs are expected to run, where it says so.
    pub(crate) fn expected(&self) -> Option<(String, Duration)> {
        self.policy.expected.map(|expected| (self.kind.clone(), expected))
    }
}

struct Typed<J, App> {
    app: Arc<App>,
    job: PhantomData<fn() -> J>,
}

impl<J: Run<App>, App: Send + Sync + 'static> Handler for Typed<J, App> {
    fn run(&self, attempt: Arc<AttemptContext>) -> HandlerFuture {
        let cx = Context::new(Arc::clone(&self.app), attempt);
        Box::pin(async move {
            let output = read::<J>(&cx)?.run(&cx).await?;
            Ok(output_json(&output))
        })
    }
}

struct Function<J, App, F> {
    app: Arc<App>,
    run: F,
    job: PhantomData<fn() -> J>,
}

impl<J: Job, App: Send + Sync + 'static, F: HandlerFn<J, App>> Handler for Function<J, App, F> {
    fn run(&self, attempt: Arc<AttemptContext>) -> HandlerFuture {
        match read::<J>(&attempt) {
            Ok(job) => self.run.call(job, Context::new(Arc::clone(&self.app), attempt)),
            Err(error) => Box::pin(std::future::ready(Err(error))),
        }
    }
}

/// One attempt of a handler, where it can have what it runs for. A key that is missing may come; an event that is not in the log
/// any more will not.
pub(crate) fn attempted(handler: &dyn Handler, attempt: Arc<AttemptContext>) -> HandlerFuture {
    if attempt.lacks_its_event() {
        let error = JobError::dead("the event that it comes of is not in the log any more");
        return Box::pin(std::future::ready(Err(error)));
    }
    if let Some(error) = attempt.undecryptable() {
        return Box::pin(std::future::ready(Err(JobError::retry(error))));
    }
    handler.run(attempt)
}

/// The payload from the args, through the upgrade where they are of an older version. Args that
/// do not fit never will, so the job is dead at the first attempt.
fn read<J: Job>(cx: &AttemptContext) -> Result<J, JobError> {
    if cx.version() == J::VERSION {
        return cx.args().read().map_err(|error| JobError::dead(malformed::<J>(cx, &error)));
    }
    match J::upgrade() {
        Some(upgrade) => upgrade(cx.version(), cx.args()),
        None => {
            Err(JobError::dead(format_args!("args of version {} cannot be read", cx.version())))
        }
    }
}

/// What is wrong with args. Of those that are encrypted it says where, and not what stands there.
fn malformed<J: Job>(cx: &AttemptContext, error: &serde_json::Error) -> String {
    if !cx.are_args_encrypted() {
        return format!("malformed args: {}", without_value(error));
    }
    let (line, column) = (error.line(), error.column());
    match cx.args().misfit::<J>() {
        path if path.is_empty() => format!("malformed args: at line {line} column {column}"),
        path => format!("malformed args: {path} is not what is expected there"),
    }
}

/// The output as JSON. `()` leaves nothing behind; what cannot be stored is replaced by a note,
/// because the work itself is done.
pub(crate) fn output_json<T: Serialize + ?Sized>(output: &T) -> Option<Json> {
    match Json::output_of(output) {
        Ok(json) if json.as_str() == "null" => None,
        Ok(json) => Some(json),
        Err(error) => Some(unstorable_output(&error)),
    }
}

/// The note that stands in for an output that cannot be stored.
#[must_use]
pub fn unstorable_output(error: &crate::json::JsonError) -> Json {
    let note = serde_json::json!({ "windlass_output_not_stored": error.to_string() });
    Json::stored(note.to_string())
}
