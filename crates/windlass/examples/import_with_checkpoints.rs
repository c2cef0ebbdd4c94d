//! A long import that goes on where it stopped: after a deploy, a failure or a crash, on any worker.
//!
//! ```console
//! $ cargo run -p windlass --example import_with_checkpoints
//! ```
//!
//! Stop it with Ctrl-C as often as you like and start it again: the worker stops at the next safe point, and the next one begins at
//! the last checkpoint. A process that is killed repeats what it did since then, here one row at most.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use windlass::prelude::*;
use windlass::store::Store;

/// What is to be imported.
#[derive(Debug, Serialize, Deserialize, Job)]
#[job(kind = "catalogue.import", unique(by = [rows]), timeout = "1h")]
pub(crate) struct Import {
    pub(crate) rows: u64,
}

/// Where the rows go.
pub(crate) trait Catalogue: Send + Sync + 'static {
    /// Puts a row in its place.
    fn put(&self, row: u64) -> impl Future<Output = Result<(), JobError>> + Send;
}

/// Looks once how the file is made, and goes through its rows.
async fn import<C: Catalogue>(job: Import, cx: Context<Arc<C>>) -> Result<u64, JobError> {
    let rows = cx.step("look at the file", async || Ok(job.rows)).await?;
    let mut row = cx.last_checkpoint().await?.unwrap_or(0);
    while row < rows {
        cx.safe_point()?;
        cx.app().put(row).await?;
        row += 1;
        cx.checkpoint(&row).await?;
        cx.progress_count(row, rows);
    }
    Ok(row)
}

/// The worker that imports.
pub(crate) fn worker<C: Catalogue>(store: Arc<dyn Store>, catalogue: Arc<C>) -> Worker<Arc<C>> {
    Worker::new(store, catalogue).handle_fn(import::<C>)
}

/// Prints its rows.
struct Printed;

impl Catalogue for Printed {
    async fn put(&self, row: u64) -> Result<(), JobError> {
        println!("row {row}");
        tokio::time::sleep(Duration::from_millis(20)).await;
        Ok(())
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let store = windlass::open("sqlite:imports.db").await?;
    let client = Client::new(store.clone());
    let job = client.enqueue(Import { rows: 1_000 }).await?.id();
    let running = worker(store, Arc::new(Printed)).start().await?;
    tokio::select! {
        ended = client.ended(job) => println!("{:?}", ended?.state),
        _ = tokio::signal::ctrl_c() => println!("{:?}", client.progress(job).await?),
    }
    running.stop().await;
    Ok(())
}
