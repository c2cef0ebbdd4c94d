//! The job that does nothing, with args of a chosen size.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use windlass::prelude::*;
use windlass::store::Store;
use windlass::{Options, RunningWorker};

/// The queue that benchmarks use.
pub(crate) const QUEUE: &str = "windlass.bench";

/// Does nothing.
#[derive(Debug, Clone, Serialize, Deserialize, Job)]
#[job(kind = "windlass.bench.noop", queue = "windlass.bench")]
pub(crate) struct Noop {
    /// When the caller began to enqueue it, in microseconds of the benchmark's own clock.
    pub(crate) sent_us: u64,
    text: String,
}

impl Noop {
    /// A job whose args have about so many bytes.
    pub(crate) fn of_bytes(bytes: usize) -> Self {
        Self { sent_us: 0, text: "x".repeat(bytes.saturating_sub(24)) }
    }

    /// The same, sent now.
    pub(crate) fn sent_at(&self, us: u64) -> Self {
        Self { sent_us: us, text: self.text.clone() }
    }
}

/// Sees when a handler starts; nothing where nobody asks.
pub(crate) trait OnStart: Send + Sync + 'static {
    fn started(&self, job: &Noop);
}

impl OnStart for () {
    fn started(&self, _job: &Noop) {}
}

/// The application's state of a benchmark.
pub(crate) struct App<S>(pub(crate) S);

impl<S: OnStart> Run<App<S>> for Noop {
    type Output = ();

    async fn run(self, cx: &Context<App<S>>) -> Result<(), JobError> {
        cx.app().0.started(&self);
        Ok(())
    }
}

/// A worker for it.
pub(crate) fn worker(
    store: &Arc<dyn Store>,
    slots: usize,
    on_start: impl OnStart,
) -> anyhow::Result<RunningWorker> {
    Ok(Worker::new(Arc::clone(store), App(on_start))
        .handle::<Noop>()
        .queue(QUEUE, slots)
        .options(Options::default())
        .start()?)
}
