//! One consumer of everything: each event of the log becomes a line of an audit log, those from before it was installed too.
//!
//! ```console
//! $ cargo run -p windlass --example audit_log
//! ```
//!
//! The lines of one subject are in the order of the log, also where an attempt fails: its lane waits for it, and no other one
//! does. An attempt that is repeated finds its line by the job's id, and writes no second one.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::Context as _;
use serde::{Deserialize, Serialize};
use windlass::event::{NewEvent, Published};
use windlass::prelude::*;
use windlass::store::Store;
use windlass::subscription::{Filter, Start, Subscription};
use windlass::{Backoff, EventId, Json, RetryPolicy};

/// Takes the data of any event.
#[derive(Serialize, Deserialize, Job)]
#[job(kind = "audit.write", retry = soon)]
struct Write(serde_json::Value);

fn soon() -> RetryPolicy {
    RetryPolicy { backoff: Backoff::Fixed(Duration::ZERO), ..RetryPolicy::default() }
}

/// A line of the log.
#[derive(Debug, Clone)]
struct Line {
    job: JobId,
    subject: String,
    position: u64,
}

/// The log, and the jobs that have lost their connection once.
#[derive(Default)]
struct AuditLog {
    lines: Mutex<Vec<Line>>,
    lost: Mutex<BTreeSet<JobId>>,
}

impl AuditLog {
    /// A table of an application has the job's id as its primary key, and `on conflict do nothing`.
    fn add(&self, line: &Line) {
        let mut lines = self.lines.lock().expect("no handler panics");
        if lines.iter().all(|written| written.job != line.job) {
            lines.push(line.clone());
        }
    }

    /// Every third job loses its connection here once.
    fn lose(&self, line: &Line, nth: u64) -> anyhow::Result<()> {
        let mut lost = self.lost.lock().expect("no handler panics");
        let is_lost = line.position % 3 == nth && lost.insert(line.job);
        anyhow::ensure!(!is_lost, "the connection is lost");
        Ok(())
    }
}

async fn write(_: Write, cx: Context<Arc<AuditLog>>) -> anyhow::Result<()> {
    let event = cx.event().context("it comes of an event")?;
    let line = Line {
        job: cx.job_id(),
        subject: event.subject.clone().unwrap_or_default(),
        position: event.position.context("it is in the log")?,
    };
    let log = cx.app();
    log.lose(&line, 0)?;
    log.add(&line);
    // Here the line is written, and the attempt fails: the next one finds it.
    log.lose(&line, 1)
}

async fn publish(client: &Client, changes: std::ops::Range<u32>) -> anyhow::Result<Vec<EventId>> {
    let event = |change: u32| {
        let account = change % 10;
        let data = Json::args_of(&serde_json::json!({ "change": change }))?;
        let event_type = if change < 10 { "account.opened" } else { "account.changed" };
        Ok(NewEvent::new(event_type, data).source("/bank").subject(format!("account/{account}")))
    };
    let events: Vec<NewEvent> = changes.map(event).collect::<anyhow::Result<_>>()?;
    Ok(client.publish_all(events).await?.into_iter().map(Published::id).collect())
}

/// The job of an event, once it was fed.
async fn job_of(client: &Client, event: EventId) -> anyhow::Result<JobId> {
    loop {
        let explained = client.explain_event(event).await?.context("it is kept")?;
        if let Some(job) = explained.decisions.first().and_then(|one| one.answer.job()) {
            return Ok(job);
        }
        tokio::task::yield_now().await;
    }
}

/// Publishes so many changes before the audit log is installed, and as many after; panics where a line is missing, there twice or
/// before one that comes first.
pub(crate) async fn run(store: Arc<dyn Store>, changes: u32) -> anyhow::Result<()> {
    let (client, log) = (Client::new(Arc::clone(&store)), Arc::new(AuditLog::default()));
    let mut events = publish(&client, 0..changes).await?;
    let everything = Subscription::of::<Write>(Filter::default()).lane("subject".parse()?);
    client.subscribe("audit", &everything, Start::After(0)).await?;

    let worker = Worker::new(store, Arc::clone(&log)).queue("default", 8).handle_fn(write);
    let running = worker.start().await?;
    events.extend(publish(&client, changes..2 * changes).await?);
    for event in &events {
        client.ended(job_of(&client, *event).await?).await?;
    }
    running.stop().await;

    let lines = log.lines.lock().expect("no handler panics");
    assert_eq!(lines.len(), events.len(), "one line for each event");
    let subjects: BTreeSet<&str> = lines.iter().map(|line| line.subject.as_str()).collect();
    for subject in subjects {
        let positions = lines.iter().filter(|line| line.subject == subject);
        let positions: Vec<_> = positions.map(|line| line.position).collect();
        assert!(positions.is_sorted(), "{subject}: {positions:?}");
        println!("{subject}: {} lines in order", positions.len());
    }
    Ok(())
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let url = format!("sqlite:{}", folder.path().join("audit.db").display());
    run(windlass::open(&url).await?, 30).await
}
