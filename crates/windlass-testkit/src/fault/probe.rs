//! The probe: a worker process that dies, hangs and records as it is told.

mod feed;
mod handlers;

use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use windlass_core::engine::{Options, RunningWorker, Worker};
use windlass_core::error::StoreError;
use windlass_core::store::Store;

use super::patience::eventually;
use super::settings::Settings;
use super::store::FaultStore;
use crate::history::journal::Journal;
use crate::history::recorded::RecordedStore;

pub use handlers::{KINDS, MEANT, STEPS};

/// Opens an existing store by its URL.
///
/// # Errors
/// As the store's own opening.
pub async fn open(url: &str) -> Result<Arc<dyn Store>, StoreError> {
    if url.starts_with("sqlite:") {
        let migration = windlass_sqlite::Migration::Check;
        return Ok(Arc::new(windlass_sqlite::SqliteStore::open(url, migration).await?));
    }
    let migration = windlass_postgres::Migration::Check;
    Ok(Arc::new(windlass_postgres::PostgresStore::open(url, migration).await?))
}

/// Runs until SIGTERM and the grace after it. Says `ready` once it is registered and `stopped`
/// with the number of jobs handed back at the end.
///
/// # Panics
/// When the settings make no sense or the store cannot be opened.
pub async fn run(settings: Settings) {
    let journal = Arc::new(Journal::open(&settings.folder));
    let store = open(&settings.store).await.expect("the probe's store can be opened");
    let store: Arc<dyn Store> = match &settings.fault {
        None => store,
        Some(plan) => Arc::new(FaultStore::new(store, plan.parse().expect("a plan"))),
    };
    let store = Arc::new(RecordedStore::new(store, Arc::clone(&journal)));
    let worker = start(Arc::clone(&store) as _, &journal, &settings).await;
    let mut terminations = signal(SignalKind::terminate()).expect("signals can be listened for");
    let is_early = tokio::select! {
        () = eventually("registered", || is_registered(&*store, worker.label())) => false,
        _ = terminations.recv() => true,
    };
    if !is_early {
        say("ready");
        terminations.recv().await;
    }
    say("stopping");
    let report = tokio::select! {
        report = worker.stop_within(settings.grace) => report,
        report = async {
            terminations.recv().await;
            worker.stop_within(Duration::ZERO).await
        } => report,
    };
    say(&format!("stopped released={}", report.released));
}

async fn start(
    store: Arc<dyn Store>,
    journal: &Arc<Journal>,
    settings: &Settings,
) -> RunningWorker {
    let options = Options {
        lease: settings.lease,
        heartbeat: settings.heartbeat,
        sweep: settings.sweep,
        abandon_after: settings.abandon_after,
        prefetch: settings.prefetch,
        ..Options::default()
    };
    let mut worker = Worker::without_app(store).slots(settings.slots).options(options);
    for queue in &settings.queues {
        worker = worker.queue(queue, settings.slots);
    }
    for registered in handlers::all(journal, settings) {
        worker = worker.handle_dynamic(registered);
    }
    if let Some(records) = settings.feed {
        worker = worker.source(
            "feed",
            feed::options(),
            feed::CountedFeed { records, since: settings.feed_since },
        );
    }
    worker.start().await.expect("the probe's settings make sense")
}

async fn is_registered(store: &dyn Store, label: &str) -> Option<()> {
    let workers = store.workers().await.ok()?;
    workers.iter().any(|worker| worker.label == label).then_some(())
}

/// A line on stdout, where the test waits for it.
fn say(line: &str) {
    let mut out = std::io::stdout();
    // Nobody listening any more will kill this process.
    let _ = writeln!(out, "{line}");
    let _ = out.flush();
}
