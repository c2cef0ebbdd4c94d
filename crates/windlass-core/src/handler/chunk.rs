//! A kind whose jobs a handler takes many at a time: so many, or what has come in some time.

mod call;
mod collect;

use std::future::Future;
use std::marker::PhantomData;
use std::ops::Deref;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

use super::{Handler, Policy, Registered, output_json, read};
use crate::context::Context;
use crate::job::{Job, JobError};

pub use call::ChunkItem;
use collect::Collector;

/// How many jobs of a kind a handler takes in one call, and how long the first of them waits for more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Chunks {
    pub(crate) most: usize,
    pub(crate) within: Duration,
}

impl Chunks {
    /// Up to so many jobs in one call. The first waits 100 ms for more; see [`Chunks::within`].
    #[must_use]
    pub const fn of(most: usize) -> Self {
        Self { most, within: Duration::from_millis(100) }
    }

    /// How long the first job waits for more: what has come by then is a call. It is part of the time that the attempt
    /// may take.
    #[must_use]
    pub const fn within(self, wait: Duration) -> Self {
        Self { within: wait, ..self }
    }

    /// How long the first job waits for more.
    #[must_use]
    pub const fn wait(&self) -> Duration {
        self.within
    }

    /// Up to so many jobs in one call.
    #[must_use]
    pub const fn most(&self) -> usize {
        self.most
    }
}

/// The jobs of one call, in no order to rely on, with the application's state `App` at hand.
///
/// Each ends by itself: [`Item::complete`], [`Item::complete_with`], [`Item::fail`]. What the function has not said
/// anything of has the function's own result: completed, its error, or its panic.
#[derive(Debug)]
pub struct Chunk<J, App = ()> {
    app: Arc<App>,
    items: Vec<Item<J, App>>,
}

impl<J, App> Chunk<J, App> {
    /// The application's state, as given to the worker.
    #[must_use]
    pub fn app(&self) -> &App {
        &self.app
    }

    /// How many there are; at least one.
    #[must_use]
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Never: nothing is called for nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// The jobs.
    pub fn jobs(&self) -> impl ExactSizeIterator<Item = &J> {
        self.items.iter().map(|item| &item.job)
    }

    /// The jobs with their attempts.
    pub fn iter(&self) -> std::slice::Iter<'_, Item<J, App>> {
        self.items.iter()
    }
}

impl<J, App> IntoIterator for Chunk<J, App> {
    type Item = Item<J, App>;
    type IntoIter = std::vec::IntoIter<Item<J, App>>;

    fn into_iter(self) -> Self::IntoIter {
        self.items.into_iter()
    }
}

impl<'a, J, App> IntoIterator for &'a Chunk<J, App> {
    type Item = &'a Item<J, App>;
    type IntoIter = std::slice::Iter<'a, Item<J, App>>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// One job of a call. What is asked of it as a `J` is asked of the job.
#[derive(Debug)]
pub struct Item<J, App = ()> {
    job: J,
    cx: Context<App>,
    item: ChunkItem,
}

impl<J, App> Item<J, App> {
    /// The job.
    #[must_use]
    pub const fn job(&self) -> &J {
        &self.job
    }

    /// Its attempt: its id, its tries, whether it was cancelled.
    #[must_use]
    pub const fn cx(&self) -> &Context<App> {
        &self.cx
    }

    /// The job is completed, however the others end.
    pub fn complete(self) {
        self.item.complete(None);
    }

    /// The job is completed and leaves this behind, stored as JSON.
    pub fn complete_with<T: Serialize + ?Sized>(self, output: &T) {
        self.item.complete(output_json(output));
    }

    /// The attempt ends by this error, which decides what happens to the job; the others are not concerned.
    pub fn fail(self, error: impl Into<JobError>) {
        self.item.fail(error.into());
    }
}

impl<J, App> Deref for Item<J, App> {
    type Target = J;

    fn deref(&self) -> &J {
        &self.job
    }
}

/// An `async fn(Chunk<J, App>) -> Result<(), E>` as a handler of many jobs at a time. The error may be anything that `?`
/// turns into a [`JobError`], and is the end of every job that the function has said nothing of.
#[diagnostic::on_unimplemented(
    message = "this function cannot run chunks of `{J}` with `{App}` as the application's state",
    label = "not a handler of chunks",
    note = "it is an `async fn(chunk: Chunk<{J}, {App}>) -> Result<(), E>`, with an `E` that `?` turns into a `JobError`"
)]
pub trait ChunkFn<J, App>: Send + Sync + 'static {
    /// Runs one call.
    fn call(&self, chunk: Chunk<J, App>) -> ChunkFuture;
}

impl<F, Fut, E, J, App> ChunkFn<J, App> for F
where
    F: Fn(Chunk<J, App>) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<(), E>> + Send + 'static,
    E: Into<JobError>,
{
    fn call(&self, chunk: Chunk<J, App>) -> ChunkFuture {
        let ran = self(chunk);
        Box::pin(async move { ran.await.map_err(Into::into) })
    }
}

/// The result of one call, on its way: the end of the jobs that nothing was said of.
pub type ChunkFuture = Pin<Box<dyn Future<Output = Result<(), JobError>> + Send>>;

/// A handler of many jobs at a time, of a kind chosen at run time. Typed jobs need none: see [`ChunkFn`].
pub trait ChunkHandler: Send + Sync + 'static {
    /// Runs one call. The future is dropped when every attempt of it is abandoned.
    fn run(&self, items: Vec<ChunkItem>) -> ChunkFuture;
}

impl Registered {
    /// A kind chosen at run time whose jobs are taken many at a time.
    #[must_use]
    pub fn dynamic_chunks(
        kind: impl Into<String>,
        policy: Policy,
        chunks: Chunks,
        handler: Arc<dyn ChunkHandler>,
    ) -> Self {
        Self::dynamic(kind, policy, collecting(chunks, handler)).in_chunks(chunks)
    }

    /// A typed job that a function takes many of at a time.
    pub(crate) fn of_chunks<J: Job, App: Send + Sync + 'static>(
        app: Arc<App>,
        chunks: Chunks,
        run: impl ChunkFn<J, App>,
    ) -> Self {
        let typed = Typed { app, run, job: PhantomData::<fn() -> J> };
        Self::of_kind::<J>(collecting(chunks, Arc::new(typed))).in_chunks(chunks)
    }

    fn in_chunks(mut self, chunks: Chunks) -> Self {
        self.chunks = Some(chunks);
        self
    }
}

fn collecting(chunks: Chunks, handler: Arc<dyn ChunkHandler>) -> Arc<dyn Handler> {
    Arc::new(Collector::new(chunks, handler))
}

struct Typed<J, App, F> {
    app: Arc<App>,
    run: F,
    job: PhantomData<fn() -> J>,
}

impl<J: Job, App: Send + Sync + 'static, F: ChunkFn<J, App>> ChunkHandler for Typed<J, App, F> {
    fn run(&self, items: Vec<ChunkItem>) -> ChunkFuture {
        let typed = items.into_iter().filter_map(|item| {
            let cx = Context::new(Arc::clone(&self.app), Arc::clone(item.attempt()));
            match read(&cx) {
                Ok(job) => Some(Item { job, cx, item }),
                Err(error) => {
                    item.fail(error);
                    None
                }
            }
        });
        let chunk = Chunk { app: Arc::clone(&self.app), items: typed.collect() };
        if chunk.is_empty() {
            return Box::pin(std::future::ready(Ok(())));
        }
        self.run.call(chunk)
    }
}
