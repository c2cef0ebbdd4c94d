//! A report each night at half past two by Berlin's clocks, on one run per local day over both changes of the clocks.
//!
//! ```console
//! $ cargo run -p windlass --example nightly_report
//! ```
//!
//! Whether one process runs this or ten, each night has one report. Where none ran at half past two, the first that
//! starts again makes up for it once, however many nights were missed. A report that is still being made when the
//! next one is due is not made twice at a time.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use windlass::prelude::*;
use windlass::schedule::ScheduleError;
use windlass::store::Store;
use windlass::{Missed, Overlap, Schedule};

/// What is to be done.
#[derive(Debug, Serialize, Deserialize, Job)]
#[job(kind = "report.nightly", max_attempts = 5, timeout = "1h")]
pub(crate) struct NightlyReport {
    to: String,
}

/// Makes the report of the night that the job is for, also on a later attempt and when it is made up for.
async fn report(job: NightlyReport, cx: Context) -> Result<String, JobError> {
    let night = cx.schedule().map(|one| one.due_at().to_string());
    let night = night.ok_or_else(|| JobError::discard("no schedule asked for it"))?;
    Ok(format!("report of {night} to {}", job.to))
}

/// The worker with its schedule. What is declared here is written at the start; what a person changed meanwhile with
/// `windlass schedule` is left as it is.
pub(crate) fn worker(store: Arc<dyn Store>) -> Result<Worker, ScheduleError> {
    let nightly = Schedule::cron("30 2 * * *")?
        .zone("Europe/Berlin")?
        .missed(Missed::One)
        .overlap(Overlap::Skip);
    let job = NightlyReport { to: "office@example.com".into() };
    Ok(Worker::new(store, ()).handle_fn(report).schedule("nightly-report", nightly, job))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let store = windlass::open("sqlite:reports.db").await?;
    let running = worker(store.clone())?.start().await?;
    let client = Client::new(store);
    if let Some(nightly) = client.schedule("nightly-report").await? {
        println!("the next report is due at {:?}", nightly.next_at().map(|due| due.to_string()));
    }
    tokio::signal::ctrl_c().await?;
    running.stop().await;
    Ok(())
}
