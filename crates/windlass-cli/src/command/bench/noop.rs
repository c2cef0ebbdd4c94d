//! The job that does nothing, with args of a chosen size.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::lined::Places;
use serde::{Deserialize, Serialize};
use windlass::prelude::*;
use windlass::store::Store;
use windlass::{Chunk, Chunks, Draft, Json, NewJob, Options, RunningWorker, Subject, Unique};

/// The queue of this run: what an earlier one left must not be in its way.
pub(crate) fn queue() -> String {
    format!("bench.{}", std::process::id())
}

/// Does nothing.
#[derive(Debug, Clone, Serialize, Deserialize, Job)]
#[job(kind = "windlass.bench.noop")]
pub(crate) struct Noop {
    /// When the caller began to enqueue it, in microseconds of the benchmark's own clock.
    pub(crate) sent_us: u64,
    text: String,
    /// Whether each job has a unique key.
    #[serde(skip)]
    unique: bool,
    /// How many jobs were made, where each has a tag and two subjects.
    #[serde(skip)]
    tagged: Option<Arc<AtomicU64>>,
    #[serde(skip)]
    places: Places,
}

/// Accounts that jobs with subjects are of, in turns.
const ACCOUNTS: u64 = 50_000;

impl Noop {
    /// A job whose args have about so many bytes.
    pub(crate) fn of_bytes(bytes: usize) -> Self {
        Self {
            sent_us: 0,
            text: "x".repeat(bytes.saturating_sub(24)),
            unique: false,
            tagged: None,
            places: Places::default(),
        }
    }

    /// Each job with a unique key of its own, or none.
    pub(crate) fn with_keys(self, unique: bool) -> Self {
        Self { unique, ..self }
    }

    /// Each job with a tag and two subjects, or none.
    pub(crate) fn with_tags(self, tagged: bool) -> Self {
        Self { tagged: tagged.then(Arc::default), ..self }
    }

    /// How many accounts the jobs are of that were made.
    pub(crate) fn accounts(&self) -> u64 {
        self.tagged.as_ref().map_or(0, |made| made.load(Ordering::Relaxed).min(ACCOUNTS))
    }

    /// Each job in its line.
    pub(crate) fn with_places(self, places: Places) -> Self {
        Self { places, ..self }
    }

    /// The args of one that is sent at this moment of the benchmark's clock.
    pub(crate) fn args(&self, sent_us: u64) -> Json {
        Json::stored(format!(r#"{{"sent_us":{sent_us},"text":"{}"}}"#, self.text))
    }

    /// A job sent at this moment of the benchmark's clock, on this run's queue.
    pub(crate) fn new_job(&self, sent_us: u64) -> NewJob {
        let mut job = NewJob { queue: queue(), ..NewJob::new(Self::KIND, self.args(sent_us)) };
        self.places.place(&mut job.meta);
        if self.unique {
            job.meta.unique = Some(Unique::by(job.id.to_string()));
        }
        if let Some(made) = &self.tagged {
            let nth = made.fetch_add(1, Ordering::Relaxed);
            let account = Subject::new("account", nth % ACCOUNTS);
            job.meta.subjects = vec![account, Subject::new("order", nth)];
            job.meta.tags = vec!["bench".to_owned()];
        }
        job
    }

    /// The same as the body of a request.
    pub(crate) fn request(&self, sent_us: u64) -> String {
        let args = self.args(sent_us);
        format!(r#"{{"kind":"{}","queue":"{}","args":{}}}"#, Self::KIND, queue(), args.as_str())
    }

    /// The same as a draft.
    pub(crate) fn draft(&self, sent_us: u64) -> Draft<()> {
        Draft::from(self.new_job(sent_us))
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
pub(crate) struct App<S> {
    on_start: S,
    /// How many steps each job records.
    steps: u32,
}

impl App<()> {
    /// Of jobs that record nothing and tell nobody.
    pub(crate) const fn plain() -> Self {
        Self { on_start: (), steps: 0 }
    }
}

impl<S: OnStart> Run<App<S>> for Noop {
    type Output = ();

    async fn run(self, cx: &Context<App<S>>) -> Result<(), JobError> {
        cx.app().on_start.started(&self);
        for nth in 0..cx.app().steps {
            cx.step(&nth.to_string(), async || Ok(nth)).await?;
        }
        Ok(())
    }
}

/// A worker for it.
pub(crate) async fn worker(
    store: &Arc<dyn Store>,
    queue: &str,
    (slots, steps): (usize, u32),
    on_start: impl OnStart,
) -> anyhow::Result<RunningWorker> {
    Ok(Worker::new(Arc::clone(store), App { on_start, steps })
        .handle::<Noop>()
        .queue(queue, slots)
        .options(Options::default())
        .start()
        .await?)
}

/// A worker that takes them many at a time; at least half as many again wait meanwhile.
pub(crate) async fn worker_of_chunks(
    store: &Arc<dyn Store>,
    queue: &str,
    jobs: usize,
) -> anyhow::Result<RunningWorker> {
    let done = async |_: Chunk<Noop>| Ok::<_, JobError>(());
    Ok(Worker::new(Arc::clone(store), ())
        .handle_chunks(Chunks::of(jobs), done)
        .queue(queue, jobs + jobs / 2)
        .start()
        .await?)
}
