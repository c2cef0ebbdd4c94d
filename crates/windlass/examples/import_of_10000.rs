//! 10,000 members of a club are imported: a job for each, in one batch, and a report once all have ended.
//!
//! ```console
//! $ cargo run -p windlass --example import_of_10000
//! ```
//!
//! The job that reads the file adds the others in slices, and goes on at its checkpoint on whichever worker; it is in the batch
//! itself, so the batch does not end before everything was added. "Finished with failures" is not "completed": the report
//! has both numbers, and what needs all members waits until the failed ones were retried.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use serde::{Deserialize, Serialize};
use tokio::sync::Notify;
use windlass::batch::{Batch, BatchState};
use windlass::prelude::*;
use windlass::store::Store;

/// Members that are added at once.
const SLICE: u32 = 500;

/// Reads the file.
#[derive(Serialize, Deserialize, Job)]
#[job(kind = "members.read", timeout = "1h")]
struct ReadFile {
    members: u32,
}

/// Imports one member. The key keeps out what is read twice: the slice behind the last checkpoint, after a crash.
#[derive(Serialize, Deserialize, Job)]
#[job(kind = "members.import", unique(by = [member], for = "1h"))]
struct Import {
    member: u32,
}

/// Says how it went.
#[derive(Serialize, Deserialize, Job)]
#[job(kind = "members.report")]
struct Report {}

/// Invites everybody: it needs all of them.
#[derive(Serialize, Deserialize, Job)]
#[job(kind = "members.invite")]
struct Invite {}

/// The members that are imported, each with how often.
#[derive(Default)]
struct Club {
    members: Mutex<HashMap<u32, u32>>,
    /// Every thousandth address is wrong until somebody has looked at them.
    is_corrected: Mutex<bool>,
    /// Half of the file is read.
    is_half_read: Notify,
}

async fn read_file(job: ReadFile, cx: Context<Arc<Club>>) -> Result<(), JobError> {
    let mut next: u32 = cx.last_checkpoint().await?.unwrap_or(0);
    while next < job.members {
        cx.safe_point()?;
        let slice = next..(next + SLICE).min(job.members);
        next = slice.end;
        let one = |member| Import { member }.job();
        let batch = cx.batch().ok_or_else(|| JobError::dead("it is read for a batch"))?;
        cx.client().enqueue_all(slice.map(|member| one(member).member_of(batch))).await?;
        cx.checkpoint(&next).await?;
        cx.progress_count(next.into(), job.members.into());
        if next == job.members / 2 {
            cx.app().is_half_read.notify_one();
        }
    }
    Ok(())
}

async fn import(job: Import, cx: Context<Arc<Club>>) -> Result<(), JobError> {
    if job.member % 1_000 == 13 && !*cx.app().is_corrected.lock().expect("no handler panics") {
        return Err(JobError::dead("there is no such address"));
    }
    let mut members = cx.app().members.lock().expect("no handler panics");
    *members.entry(job.member).or_default() += 1;
    Ok(())
}

async fn report(_: Report, cx: Context<Arc<Club>>) -> anyhow::Result<String> {
    let Some(batch) = cx.batch_before().await? else { return Ok("no import".to_owned()) };
    // One of them has read the file.
    let (imported, failed) = (batch.jobs.completed - 1, batch.jobs.failed());
    Ok(format!("{imported} members are imported, {failed} failed"))
}

async fn invite(_: Invite, cx: Context<Arc<Club>>) -> Result<usize, JobError> {
    Ok(cx.app().members.lock().expect("no handler panics").len())
}

/// Imports so many thousands of members, and panics where one is missing, or imported twice.
pub(crate) async fn run(store: Arc<dyn Store>, members: u32) -> anyhow::Result<()> {
    let (client, club) = (Client::new(Arc::clone(&store)), Arc::new(Club::default()));
    let worker = || {
        let worker = Worker::new(Arc::clone(&store), Arc::clone(&club)).slots(8);
        worker.handle_fn(read_file).handle_fn(import).handle_fn(report).handle_fn(invite).start()
    };
    let (reads, reports, invites) = (JobId::new(), JobId::new(), JobId::new());
    let batch = Batch::new()
        .key("members-2026-11")
        .job(ReadFile { members }.job().id(reads).priority(-1))
        .then(Report {}.job().id(reports))
        .then_if_completed(Invite {}.job().id(invites));
    let batch = client.start(batch).await?.id();

    // The first worker is stopped in the middle of the file, as by a deploy.
    let first = worker().await?;
    club.is_half_read.notified().await;
    first.stop().await;
    let second = worker().await?;
    let said = client.ended(reports).await?.output.map(|text| text.to_string());
    println!("{}", said.as_deref().unwrap_or_default());
    let failed = members / 1_000;
    let expected = format!("\"{} members are imported, {failed} failed\"", members - failed);
    assert_eq!(said, Some(expected));
    let ended = client.batch(batch).await?.expect("it is kept");
    assert_eq!((ended.state, ended.jobs.dead), (BatchState::Failed, failed.into()));

    *club.is_corrected.lock().expect("no handler panics") = true;
    assert_eq!(client.retry_batch(batch).await?, u64::from(failed));
    let invited = client.ended(invites).await?.output.map(|number| number.to_string());
    println!("{} members are invited", invited.as_deref().unwrap_or_default());
    assert_eq!(invited, Some(members.to_string()));
    let completed = client.batch(batch).await?.expect("it is kept");
    assert_eq!(completed.state, BatchState::Completed);
    second.stop().await;

    let read = client.job(reads).await?.expect("it is kept");
    assert_eq!((read.attempt, read.failures), (2, 0), "it went on at its checkpoint");
    let imported = club.members.lock().expect("no handler panics");
    assert!((0..members).all(|member| imported.get(&member) == Some(&1)), "each once");
    Ok(())
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let url = format!("sqlite:{}", folder.path().join("club.db").display());
    run(windlass::open(&url).await?, 10_000).await
}
