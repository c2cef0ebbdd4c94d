//! The demo's worker processes: this same program, started again. One ends when its stdin does, so
//! that it cannot outlive the demo.

use std::io::{self, Read as _};
use std::process::Stdio;
use std::time::Duration;

use tokio::process::{Child, Command};
use windlass::{Options, Worker};

use super::Location;
use super::event::{self, IndexFiles, MailFiles, Poison};
use super::job::{FileCopy, FileWords, Report, SLOTS};
use crate::exit::Exit;
use crate::store;

/// Short, because where a store cannot see at once that a process is gone, the lease decides.
const LEASE: Duration = Duration::from_secs(5);
const HEARTBEAT: Duration = Duration::from_secs(1);
/// A worker that has not ended by then is killed.
const STOP: Duration = Duration::from_secs(5);

/// A worker process. Dropping it kills it.
#[derive(Debug)]
pub(super) struct WorkerProcess {
    pub(super) number: usize,
    pub(super) pid: u32,
    pub(super) killed: bool,
    child: Child,
}

impl WorkerProcess {
    /// Starts one that waits about `pause` in each job.
    pub(super) fn start(location: &Location, number: usize, pause: Duration) -> io::Result<Self> {
        let child = Command::new(std::env::current_exe()?)
            .args(["demo", "--as-worker", &location.queue])
            .args(["--pace", &format!("{}ms", pause.as_millis())])
            // Arguments are seen by everybody, and a URL may have a password.
            .env("WINDLASS_STORE", &location.url)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            // A Ctrl-C is for the demo, which then stops its workers.
            .process_group(0)
            .kill_on_drop(true)
            .spawn()?;
        Ok(Self { number, pid: child.id().unwrap_or_default(), killed: false, child })
    }

    /// Kills it with SIGKILL: it cannot hand anything back.
    pub(super) async fn kill(&mut self) -> io::Result<()> {
        self.killed = true;
        self.child.kill().await
    }
}

/// Checks that none ended except by the kill.
pub(super) fn check_alive(workers: &mut [WorkerProcess]) -> anyhow::Result<()> {
    for worker in workers.iter_mut().filter(|worker| !worker.killed) {
        if let Some(status) = worker.child.try_wait()? {
            anyhow::bail!("worker {} ended by itself: {status}", worker.number);
        }
    }
    Ok(())
}

/// Stops all and waits until they have ended.
pub(super) async fn stop(workers: &mut Vec<WorkerProcess>) {
    for worker in workers.iter_mut() {
        drop(worker.child.stdin.take());
    }
    for mut worker in workers.drain(..) {
        // One that does not end in time is killed by being dropped.
        let _ = tokio::time::timeout(STOP, worker.child.wait()).await;
    }
}

/// Runs as a worker process.
pub(super) async fn run(url: &str, queue: &str, pause: Duration) -> anyhow::Result<Exit> {
    let worker = Worker::new(store::created(url).await?, pause)
        .handle::<FileWords>()
        .handle::<FileCopy>()
        .handle::<Report>()
        .handle::<IndexFiles>()
        .handle::<MailFiles>()
        .handle::<Poison>()
        .slots(SLOTS)
        .queue(event::queue(queue), SLOTS)
        .queue(queue, SLOTS)
        .options(Options { lease: LEASE, heartbeat: HEARTBEAT, ..Options::default() })
        .build(concat!("windlass demo ", env!("CARGO_PKG_VERSION")))
        .start()
        .await?;
    // Nothing is sent to it: a read ends when the demo does, however that ends.
    let _ = tokio::task::spawn_blocking(|| io::stdin().read(&mut [0])).await;
    worker.stop_within(Duration::ZERO).await;
    Ok(Exit::Done)
}
