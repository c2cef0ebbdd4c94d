//! The examples of docs/steps.md, line by line: `scripts/tidy` compares them.

use tracing_subscriber::prelude::*;

use std::time::Duration;

use serde::{Deserialize, Serialize};
use windlass::State;
use windlass::condition::Signal;
use windlass::prelude::*;
use windlass::step::{StepUpgrade, WaitEnd};
use windlass::testing::TestStore;

#[derive(Serialize, Deserialize, Job)]
#[job(kind = "order.ship")]
struct Ship {
    order: i64,
}

async fn ship(job: Ship, cx: Context) -> Result<String, JobError> {
    let label = cx.step("label", async || buy_label(job.order).await).await?;
    cx.step("book", async || book_courier(&label).await).await?;
    cx.sleep("until it is there", Duration::from_secs(24 * 60 * 60)).await?;
    cx.step("ask", async || ask_for_feedback(job.order).await).await?;
    Ok(label)
}

async fn ship_faster(job: Ship, cx: Context) -> Result<String, JobError> {
    let upgrade = StepUpgrade::new().rename("book", "courier").drop("until it is there");
    cx.upgrade_steps(upgrade.add_after("label", "insured", &false)).await?;
    let label = cx.step("label", async || buy_label(job.order).await).await?;
    cx.step("insured", async || insure(job.order).await).await?;
    cx.step("courier", async || book_courier(&label).await).await?;
    Ok(label)
}

async fn buy_label(order: i64) -> Result<String, JobError> {
    Ok(format!("label of {order}"))
}

async fn book_courier(label: &str) -> Result<(), JobError> {
    assert_eq!(label, "label of 42");
    Ok(())
}

async fn ask_for_feedback(_order: i64) -> Result<(), JobError> {
    Ok(())
}

async fn insure(_order: i64) -> Result<bool, JobError> {
    Ok(true)
}

/// T37: the page on steps, as it is told.
#[tokio::test]
async fn the_page_on_steps() -> Result<(), Box<dyn std::error::Error>> {
    let test = TestStore::new().await;
    let client = test.client();
    let id = client.enqueue(Ship { order: 42 }).await?.id();
    let worker = || Worker::new(test.store(), ()).handle_fn(ship);
    assert_eq!(test.drain("default", worker()).await.completed(), 0);
    let steps = client.steps(id).await?;
    let names: Vec<_> = steps.iter().map(|step| step.name.as_str()).collect();
    assert_eq!(names, ["label", "book", "until it is there"]);

    test.advance(Duration::from_secs(24 * 60 * 60));
    assert_eq!(test.drain("default", worker()).await.completed(), 1);

    client.enqueue(Ship { order: 42 }).await?;
    assert_eq!(test.drain("default", worker()).await.completed(), 0);
    test.advance(Duration::from_secs(24 * 60 * 60));
    let newer = Worker::new(test.store(), ()).handle_fn(ship_faster);
    assert_eq!(test.drain("default", newer).await.completed(), 1);
    Ok(())
}

#[derive(Serialize, Deserialize, Job)]
#[job(kind = "import.rows")]
struct Import {
    rows: u64,
}

async fn import(job: Import, cx: Context) -> Result<u64, JobError> {
    let mut row = cx.last_checkpoint().await?.unwrap_or(0);
    while row < job.rows {
        cx.safe_point()?;
        row = copy_some_rows(row).await?;
        cx.checkpoint(&row).await?;
        cx.progress_count(row, job.rows);
    }
    Ok(row)
}

async fn copy_some_rows(from: u64) -> Result<u64, JobError> {
    Ok(from + 10)
}

/// T37: its checkpoints.
#[tokio::test]
async fn an_import_goes_through_all_rows() {
    let test = TestStore::new().await;
    let id = test.client().enqueue(Import { rows: 95 }).await.expect("written").id();
    let worker = Worker::new(test.store(), ()).handle_fn(import);
    assert_eq!(test.drain("default", worker).await.completed(), 1);
    let progress = test.client().progress(id).await.expect("read").expect("it has told");
    assert_eq!(progress.progress.done, Some(100));
    assert_eq!(progress.checkpoint.expect("kept").as_str(), "100");
}

#[derive(Serialize, Deserialize, Job)]
#[job(kind = "image.resize")]
struct Resize {}

async fn resize(_: Resize, cx: Context) -> Result<(), JobError> {
    cx.progress(40, "resizing");
    cx.progress_count(40, 100);
    Ok(())
}

/// T37: its progress: the last word is there at the end, whatever was said in between.
#[tokio::test]
async fn the_last_word_on_progress_is_kept() {
    let test = TestStore::new().await;
    let id = test.client().enqueue(Resize {}).await.expect("written").id();
    let worker = Worker::new(test.store(), ()).handle_fn(resize);
    assert_eq!(test.drain("default", worker).await.completed(), 1);
    let progress = test.client().progress(id).await.expect("read").expect("it has told");
    assert_eq!(progress.progress.note.as_deref(), Some("resizing"));
    assert_eq!((progress.progress.percent, progress.progress.done), (Some(40.0), Some(40)));
}

#[derive(Serialize, Deserialize, Job)]
#[job(kind = "invoice.approve")]
struct Approve {
    invoice: i64,
}

async fn approve(job: Approve, cx: Context) -> Result<String, JobError> {
    cx.step("ask", async || ask_for_approval(job.invoice).await).await?;
    let key = format!("approval:{}", job.invoice);
    match cx.wait_signal("approval", &key, Duration::from_secs(7 * 24 * 60 * 60)).await? {
        WaitEnd::Came(_) => Ok("paid".to_owned()),
        WaitEnd::Withdrawn | WaitEnd::Waived => Ok("not needed".to_owned()),
        WaitEnd::TimedOut => Err(JobError::dead("nobody answered for a week")),
    }
}

async fn ask_for_approval(_invoice: i64) -> Result<(), JobError> {
    Ok(())
}

/// T48: its wait for a signal.
#[tokio::test]
async fn an_invoice_waits_for_its_approval() -> Result<(), Box<dyn std::error::Error>> {
    let test = TestStore::new().await;
    let client = test.client();
    let worker = || Worker::new(test.store(), ()).handle_fn(approve);
    let id = client.enqueue(Approve { invoice: 7 }).await?.id();
    assert_eq!(test.drain("default", worker()).await.completed(), 0);
    assert_eq!(client.job(id).await?.expect("it is there").state, State::Waiting);
    client.signal(Signal::new("approval:7")).await?;
    assert_eq!(test.drain("default", worker()).await.completed(), 1);
    Ok(())
}

#[derive(Serialize, Deserialize, Job)]
#[job(kind = "report.build")]
struct Build {}

async fn build(_: Build, cx: Context) -> Result<(), JobError> {
    tracing::info!(rows = 7, "read");
    tracing::debug!("nobody wants to know");
    cx.log(Level::Warn, "one row was empty");
    Ok(())
}

/// T37: what a handler logs is kept with its job.
#[tokio::test]
async fn what_a_handler_logs_is_kept() -> Result<(), Box<dyn std::error::Error>> {
    let subscriber = tracing_subscriber::registry().with(windlass::log_layer());
    let _guard = tracing::subscriber::set_default(subscriber);
    let test = TestStore::new().await;
    let id = test.client().enqueue(Build {}).await?.id();
    let worker = Worker::new(test.store(), ()).handle_fn(build);
    tracing::info!("outside of any attempt");
    assert_eq!(test.drain("default", worker).await.completed(), 1);
    let lines = test.client().log(id, 100).await?;
    let texts: Vec<_> = lines.iter().map(|line| line.text.as_str()).collect();
    assert_eq!(texts, ["read rows=7", "one row was empty"]);
    assert_eq!(lines[1].level, Level::Warn);
    Ok(())
}

/// T37: an attempt that logs too much keeps the first lines, and says how many there were.
#[tokio::test]
async fn too_many_lines_are_counted() {
    let test = TestStore::new().await;
    let id = test.client().enqueue(Build {}).await.expect("written").id();
    let worker = Worker::new(test.store(), ()).handle_fn(async |_: Build, cx: Context| {
        for nth in 0..1_234 {
            cx.log(Level::Info, &format!("line {nth}"));
        }
        Ok::<_, JobError>(())
    });
    assert_eq!(test.drain("default", worker).await.completed(), 1);
    let lines = test.client().log(id, 5_000).await.expect("read");
    assert_eq!(lines.len(), 1_001);
    assert_eq!(lines[1_000].text, "234 further log lines of this attempt were not kept");
}
