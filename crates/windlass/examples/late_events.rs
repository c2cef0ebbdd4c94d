//! A run is finished while its events are still on their way: "finished" and "complete" are two facts, and who asks is told
//! both. What is to happen once everything is there waits for it, and nobody looks.
//!
//! ```console
//! $ cargo run -p windlass --example late_events
//! ```
//!
//! Events come in parts, as signals: in any order, twice, before and after the run has ended. At its end the run knows how many
//! there are, and adds to its batch a job for each, which waits for its part and stores it. So the batch completes in the
//! transaction that ends the last of them.

use std::collections::HashSet;
use std::ops::Range;
use std::sync::{Arc, Mutex};

use serde::{Deserialize, Serialize};
use windlass::batch::{Batch, BatchState};
use windlass::condition::Signal;
use windlass::prelude::*;
use windlass::store::Store;
use windlass::{BatchId, Json, State};

/// Events of one part.
const PART: u32 = 1_000;

/// Does the work of a run.
#[derive(Serialize, Deserialize, Job)]
#[job(kind = "run.play")]
struct Play {
    run: u32,
    parts: u32,
}

/// Stores one part of a run's events. The key keeps out what a second attempt of the run adds again.
#[derive(Serialize, Deserialize, Job)]
#[job(kind = "run.store", queue = "events", unique(by = [run, part], for = "1h"))]
struct StorePart {
    run: u32,
    part: u32,
}

/// Runs when the run has ended well and all of its events are stored.
#[derive(Serialize, Deserialize, Job)]
#[job(kind = "run.wrap-up")]
struct WrapUp {
    run: u32,
}

/// The events that are stored, each with its run.
type Archive = Arc<Mutex<HashSet<(u32, u32)>>>;

fn has_come(run: u32, part: u32) -> String {
    format!("run:{run}:events:{part}")
}

async fn play(job: Play, cx: Context<Archive>) -> anyhow::Result<()> {
    if let Some(batch) = cx.batch() {
        let one = |part| StorePart { run: job.run, part }.job();
        let one = |part| one(part).member_of(batch).on_signal(has_come(job.run, part));
        cx.client().enqueue_all((0..job.parts).map(one)).await?;
    }
    Ok(())
}

async fn store_part(job: StorePart, cx: Context<Archive>) -> anyhow::Result<()> {
    let events: Vec<u32> = cx.input(&has_come(job.run, job.part)).await?;
    let mut archive = cx.app().lock().expect("no handler panics");
    archive.extend(events.into_iter().map(|event| (job.run, event)));
    Ok(())
}

async fn wrap_up(job: WrapUp, cx: Context<Archive>) -> Result<usize, JobError> {
    let archive = cx.app().lock().expect("no handler panics");
    Ok(archive.iter().filter(|(run, _)| *run == job.run).count())
}

/// Two facts, and how far the second one is.
#[derive(Debug, PartialEq, Eq)]
struct Status {
    is_finished: bool,
    is_complete: bool,
    stored: u64,
    /// Of so many events, which is known once the run is finished.
    of: u64,
}

/// A run and its events.
struct Run {
    number: u32,
    play: JobId,
    events: BatchId,
    wrap_up: JobId,
}

impl Run {
    async fn begin(client: &Client, number: u32, parts: u32) -> anyhow::Result<Self> {
        let (play, wrap_up) = (JobId::new(), JobId::new());
        let events = Batch::new()
            .key(format!("run-{number}"))
            .job(Play { run: number, parts }.job().id(play))
            .then_if_completed(WrapUp { run: number }.job().id(wrap_up));
        let events = client.start(events).await?.id();
        Ok(Self { number, play, events, wrap_up })
    }

    /// Parts of the events have come.
    async fn receive(&self, client: &Client, parts: Range<u32>) -> anyhow::Result<()> {
        for part in parts {
            let events: Vec<u32> = (part * PART..(part + 1) * PART).collect();
            let signal = Signal::new(has_come(self.number, part));
            client.signal(signal.with(Json::args_of(&events)?)).await?;
        }
        Ok(())
    }

    async fn status(&self, client: &Client) -> anyhow::Result<Status> {
        let run = client.job(self.play).await?;
        let is_finished = run.is_some_and(|job| job.state == State::Completed);
        let batch = client.batch(self.events).await?;
        let is_complete = batch.as_ref().is_some_and(|batch| batch.state == BatchState::Completed);
        let jobs = batch.map(|batch| batch.jobs).unwrap_or_default();
        let events = |jobs: u64| (jobs - u64::from(is_finished)) * u64::from(PART);
        let (stored, of) =
            if is_finished { (events(jobs.completed), events(jobs.all())) } else { (0, 0) };
        Ok(Status { is_finished, is_complete, stored, of })
    }

    /// Looks until so many are stored: it is complete where that is all, and neither before nor later.
    async fn watch(&self, client: &Client, stored: u64) -> anyhow::Result<Status> {
        loop {
            let status = self.status(client).await?;
            assert!(status.is_finished, "it stays finished");
            assert_eq!(status.is_complete, status.stored == status.of, "{status:?}");
            if status.stored == stored {
                return Ok(status);
            }
            tokio::task::yield_now().await;
        }
    }
}

/// A run of so many parts, of which the later half comes when it is finished; panics where a status is not true.
pub(crate) async fn run(store: Arc<dyn Store>, parts: u32) -> anyhow::Result<()> {
    let (client, archive) = (Client::new(Arc::clone(&store)), Archive::default());
    let worker = Worker::new(store, archive).queue("default", 2).queue("events", 4);
    let worker = worker.handle_fn(play).handle_fn(store_part).handle_fn(wrap_up);
    let run = Run::begin(&client, 7, parts).await?;
    let (early, all) = (parts / 2, u64::from(parts * PART));
    let stored = u64::from(early * PART);

    run.receive(&client, 0..early / 2).await?;
    assert!(!run.status(&client).await?.is_finished, "no worker has begun");
    let worker = worker.start().await?;
    client.ended(run.play).await?;
    run.receive(&client, 0..early).await?;
    let status = run.watch(&client, stored).await?;
    println!("{status:?}");
    assert_eq!(status, Status { is_finished: true, is_complete: false, stored, of: all });

    let (_, status) =
        tokio::try_join!(run.receive(&client, early..parts), run.watch(&client, all))?;
    println!("{status:?}");
    assert_eq!(status, Status { is_finished: true, is_complete: true, stored: all, of: all });
    let counted = client.ended(run.wrap_up).await?.output.map(|events| events.to_string());
    assert_eq!(counted, Some(all.to_string()), "it ran when everything was there");
    worker.stop().await;
    Ok(())
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let url = format!("sqlite:{}", folder.path().join("runs.db").display());
    run(windlass::open(&url).await?, 10).await
}
