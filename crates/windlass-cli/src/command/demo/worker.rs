//! One of the demo's worker processes: runs its kinds, tells what happens on stdout, and ends
//! when its stdin does, so that it cannot outlive the demo.

use std::fs;
use std::io::{self, Read as _, Write as _};
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::oneshot;
use windlass::job::Page;
use windlass::{Context, Event, JobError, JobId, Options, Outcome, Run, Worker};

use super::kinds::{Hash, Report, SLOTS, Squeeze, Sync, Task, Words};
use super::measure::{self, Counted, Hashed, Squeezed};
use super::summary::Totals;
use crate::exit::Exit;
use crate::store;

/// A short lease: where a store cannot see at once that a process is gone, the demo need not wait
/// half a minute for it.
const LEASE: Duration = Duration::from_secs(5);
const HEARTBEAT: Duration = Duration::from_secs(1);
/// When the demo ends there is nothing left to wait for.
const GRACE: Duration = Duration::from_millis(500);
/// Jobs the report reads at most: all of a demo.
const PAGE: usize = 2_000;

/// What a worker tells the demo, one JSON line each.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "said", rename_all = "snake_case")]
pub(super) enum Said {
    /// It is registered under this label.
    Ready { label: String },
    /// An attempt failed.
    Failed { job: JobId, kind: String, error: String },
    /// It took jobs of a dead worker back.
    Rescued { jobs: u64 },
}

pub(super) async fn run(url: &str, queue: &str) -> anyhow::Result<Exit> {
    let store = store::created(url).await?;
    let options = Options { lease: LEASE, heartbeat: HEARTBEAT, ..Options::default() };
    let worker = Worker::without_app(Arc::clone(&store))
        .handle::<Hash>()
        .handle::<Words>()
        .handle::<Squeeze>()
        .handle::<Sync>()
        .handle::<Report>()
        .queue(queue, SLOTS)
        .options(options)
        .build(concat!("windlass demo ", env!("CARGO_PKG_VERSION")))
        .start()
        .await?;
    let mut events = worker.events();
    say(&Said::Ready { label: worker.label().to_owned() });
    let tell = async {
        loop {
            match events.recv().await {
                Ok(event) => said(event).as_ref().map(say),
                Err(RecvError::Lagged(_)) => None,
                Err(RecvError::Closed) => return,
            };
        }
    };
    tokio::select! {
        () = tell => {}
        // Either answer says that the demo is over.
        _ = demo_over() => {}
    }
    worker.stop_within(GRACE).await;
    Ok(Exit::Done)
}

/// Answers when stdin ends: the demo writes nothing there and closes it when it is over, also when
/// it is killed. A thread of its own, because nothing wakes a blocking read.
fn demo_over() -> oneshot::Receiver<()> {
    let (over, answer) = oneshot::channel();
    std::thread::spawn(move || {
        // However the read ends, it has ended.
        let _ = io::stdin().read(&mut [0]);
        let _ = over.send(());
    });
    answer
}

fn said(event: Event) -> Option<Said> {
    match event {
        Event::Settled { job, kind, outcome: Outcome::Error, error, .. } => {
            Some(Said::Failed { job, kind, error: error.unwrap_or_default() })
        }
        Event::Rescued { jobs } => Some(Said::Rescued { jobs }),
        _ => None,
    }
}

fn say(said: &Said) {
    if let Ok(line) = serde_json::to_string(said) {
        // The demo is gone when this fails, and then so is this process.
        let _ = writeln!(io::stdout().lock(), "{line}");
    }
}

/// Dwells on a part, then reads it. A file that is not there will not come.
async fn read(task: &Task) -> Result<Vec<u8>, JobError> {
    tokio::time::sleep(Duration::from_millis(task.pause_ms)).await;
    task.part.read().map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => {
            let name = task.part.file.file_name().unwrap_or_default();
            JobError::dead(format_args!("{}: no such file", name.display()))
        }
        _ => error.into(),
    })
}

impl Run for Hash {
    type Output = Hashed;

    async fn run(self, _cx: &Context) -> Result<Hashed, JobError> {
        Ok(measure::hash(&read(&self.0).await?))
    }
}

impl Run for Words {
    type Output = Counted;

    async fn run(self, _cx: &Context) -> Result<Counted, JobError> {
        Ok(measure::count(&read(&self.0).await?))
    }
}

impl Run for Squeeze {
    type Output = Squeezed;

    async fn run(self, _cx: &Context) -> Result<Squeezed, JobError> {
        let bytes = read(&self.0).await?;
        if measure::text_of(&measure::codes(&bytes)).as_ref() != Some(&bytes) {
            return Err(JobError::dead("the squeezed text did not come back"));
        }
        Ok(measure::squeeze(&bytes))
    }
}

impl Run for Sync {
    type Output = Hashed;

    /// Written beside its place and moved there: a copy that is made twice is the same copy, and
    /// one that is cut short is none.
    async fn run(self, cx: &Context) -> Result<Hashed, JobError> {
        let bytes = read(&self.task).await?;
        if cx.failures() < self.breaks {
            return Err(JobError::retry("connection reset (made up)"));
        }
        let beside = self.to.with_extension(format!("{}.part", cx.attempt()));
        if let Some(folder) = self.to.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(&beside, &bytes)?;
        fs::rename(&beside, &self.to)?;
        Ok(measure::hash(&bytes))
    }
}

impl Run for Report {
    type Output = Totals;

    async fn run(self, cx: &Context) -> Result<Totals, JobError> {
        let filter = format!("queue:{} state:completed", self.queue).parse()?;
        let jobs = cx.client().jobs(&filter, Page { before: None, limit: PAGE }).await?;
        let totals = Totals::of(jobs.iter().filter_map(|job| {
            let output = job.output.as_ref()?;
            Some((job.kind.as_str(), output))
        }))?;
        fs::write(&self.to, totals.page())?;
        Ok(totals)
    }
}
