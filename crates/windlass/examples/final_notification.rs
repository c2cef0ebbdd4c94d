//! One final notification for each build, when its status is saved *and* its wrap-up is processed: in whatever order, twice,
//! before the notification is even asked for, or with a wrap-up that will never come.
//!
//! ```console
//! $ cargo run -p windlass --example final_notification
//! ```
//!
//! The two parties know nothing of each other, and nobody polls: the second signal makes the notification available in its own
//! transaction.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use windlass::condition::{ConditionState, Overdue, Signal, Waits};
use windlass::prelude::*;
use windlass::store::Store;

/// What is to be done at the end of a build.
#[derive(Debug, Serialize, Deserialize, Job)]
#[job(kind = "build.final-notification", unique(by = [build]))]
pub(crate) struct FinalNotification {
    build: u32,
}

impl FinalNotification {
    /// Waits for both parties, and for a wrap-up that does not come no longer than a minute.
    pub(crate) fn of(build: u32) -> windlass::Draft<Self> {
        let both = Waits::all().signal("status", status(build)).signal("wrap-up", wrap_up(build));
        let both = both.deadline(Duration::from_secs(60), Overdue::Run);
        Self { build }.job().waits(both)
    }
}

pub(crate) fn status(build: u32) -> String {
    format!("status-saved:{build}")
}

pub(crate) fn wrap_up(build: u32) -> String {
    format!("wrap-up:{build}")
}

/// Says how the build ended, and what is missing.
async fn notify(job: FinalNotification, cx: Context) -> Result<String, JobError> {
    let conditions = cx.conditions().await?;
    let came = |one: &windlass::condition::ConditionRecord| one.state == ConditionState::Met;
    let missing: Vec<_> =
        conditions.iter().filter(|one| !came(one)).map(|one| one.name.as_str()).collect();
    Ok(match missing.as_slice() {
        [] => format!("build {} is over", job.build),
        missing => format!("build {} is over, without its {}", job.build, missing.join(" and ")),
    })
}

/// A worker that sends notifications.
pub(crate) fn worker(store: Arc<dyn Store>) -> Worker {
    Worker::new(store, ()).handle_fn(notify)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let store = windlass::open("sqlite:builds.db").await?;
    let running = worker(store.clone()).start().await?;
    let client = Client::new(store);
    let build = std::process::id();
    client.signal(Signal::new(wrap_up(build))).await?;
    let notification = client.enqueue(FinalNotification::of(build)).await?.id();
    client.signal(Signal::new(status(build))).await?;
    while client.job(notification).await?.is_none_or(|job| job.output.is_none()) {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    println!("{:?}", client.job(notification).await?.and_then(|job| job.output));
    running.stop().await;
    Ok(())
}
