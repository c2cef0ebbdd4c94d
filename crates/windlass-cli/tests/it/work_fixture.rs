//! A folder with a configuration, a store and the binary run on them.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use serde_json::Value;
use windlass::NewJob;
use windlass::event::NewEvent;
use windlass::job::{Due, Page};
use windlass::store::Now;
use windlass::subscription::{Feed, Filter, Start, Subscription};
use windlass::{Client, JobId, JobRecord, Json, State};
use windlass_testkit::database::{Database, PostgresDatabase};

/// How long anything may take before a test gives up: far more than it ever needs.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// A folder of a test's own.
#[derive(Debug)]
pub(crate) struct WorkFixture {
    folder: tempfile::TempDir,
    url: String,
    client: Client,
    // Dropped last.
    _database: Option<PostgresDatabase>,
}

/// A worker process, killed when it is dropped.
#[derive(Debug)]
pub(crate) struct Work {
    child: Child,
    lines: Receiver<String>,
}

/// How a worker process ended and what it printed.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) status: ExitStatus,
    pub(crate) events: Vec<Value>,
}

impl WorkFixture {
    /// A fixture with this `windlass.toml`.
    pub(crate) async fn with(config: &str) -> Self {
        Self::on(None, config).await
    }

    /// The same on PostgreSQL.
    pub(crate) async fn on_postgres(config: &str) -> Self {
        Self::on(Some(PostgresDatabase::fresh()), config).await
    }

    async fn on(database: Option<PostgresDatabase>, config: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("windlass.toml"), config).expect("the configuration");
        std::fs::create_dir(folder.path().join("tmp")).expect("a temporary folder");
        let file = || format!("sqlite:{}/jobs.db", folder.path().display());
        let url = database.as_ref().map_or_else(file, Database::url);
        let client = Client::new(windlass::open(&url).await.expect("a store"));
        Self { folder, url, client, _database: database }
    }

    /// A fixture whose only handler runs this shell script for kind `k`, with more lines of TOML.
    pub(crate) async fn with_script(script: &str, more: &str) -> Self {
        let script = serde_json::to_string(script).expect("a text");
        let config = format!(
            "[[handler]]\nkind = \"k\"\nexec = [{script}]\nshell = true\nslots = 4\n{more}\n"
        );
        Self::with(&config).await
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap_or_default()
    }

    /// What its workers have in their temporary folder.
    pub(crate) fn temporary(&self) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(self.path("tmp")).expect("a temporary folder");
        entries.map(|entry| entry.expect("an entry").path()).collect()
    }

    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    pub(crate) fn url(&self) -> String {
        self.url.clone()
    }

    pub(crate) async fn enqueue(&self, kind: &str, args: &str) -> JobId {
        let job = NewJob::new(kind, Json::args(args).expect("args"));
        self.client.enqueue(job).await.expect("enqueued").id()
    }

    /// Publishes an order with these data, and has it become a job of this kind.
    pub(crate) async fn of_event(&self, kind: &str, order: u32, data: &str) -> JobId {
        let filter = Filter::of_types(["order.paid"]).build().expect("a filter");
        let orders = Subscription::new(filter, kind);
        self.client.subscribe("orders", &orders, Start::Now).await.expect("made");
        let paid = NewEvent::new("order.paid", Json::args(data).expect("data"))
            .source("/shop")
            .given(format!("{order}-paid"))
            .subject(format!("order/{order}"))
            .extension("tenant", "acme")
            .extension("urgent", true);
        let id = self.client.publish(paid).await.expect("published").id();
        let mut feed = Feed::default();
        while feed.round(&**self.client.store(), Now::Database).await.expect("fed").is_behind {}
        let explained = self.client.explain_event(id).await.expect("asked").expect("it is there");
        explained.decisions[0].answer.job().expect("it was fed")
    }

    /// Enqueues a job of this kind that is due later.
    pub(crate) async fn enqueue_after(&self, wait: Duration, kind: &str) -> JobId {
        let mut job = NewJob::new(kind, Json::args("null").expect("args"));
        job.due = Due::In(wait);
        self.client.enqueue(job).await.expect("enqueued").id()
    }

    /// Waits until a job is available.
    pub(crate) async fn until_available(&self, id: JobId) {
        let available = async {
            while self.job(id).await.state != State::Available {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(PATIENCE, available).await.expect("it becomes available");
    }

    pub(crate) async fn job(&self, id: JobId) -> JobRecord {
        self.client.job(id).await.expect("asked").expect("the job exists")
    }

    pub(crate) async fn jobs(&self, filter: &str) -> Vec<JobRecord> {
        let filter = filter.parse().expect("a filter");
        self.client.jobs(&filter, Page { before: None, limit: 1_000 }).await.expect("asked")
    }

    /// `windlass work` with these arguments, on this fixture.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        self.command_on(&self.url(), args)
    }

    /// The same on another store.
    pub(crate) fn command_on(&self, url: &str, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_windlass"));
        command
            .arg("work")
            .args(["--store", url, "--config"])
            .arg(self.path("windlass.toml"))
            .args(args)
            .env("TMPDIR", self.path("tmp"))
            .env_remove("WINDLASS_STORE")
            .env_remove("WINDLASS_LOG")
            .stdin(Stdio::null());
        command
    }

    /// Starts a worker that tells its events.
    pub(crate) fn start(&self, args: &[&str]) -> Work {
        self.start_on(&self.url(), args)
    }

    /// The same on another store.
    pub(crate) fn start_on(&self, url: &str, args: &[&str]) -> Work {
        Self::told(&mut self.command_on(url, args))
    }

    /// Starts this command so that it tells its events.
    pub(crate) fn told(command: &mut Command) -> Work {
        let mut child =
            command.arg("--json").stdout(Stdio::piped()).spawn().expect("the worker starts");
        let stdout = child.stdout.take().expect("piped");
        let (send, lines) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                if send.send(line).is_err() {
                    break;
                }
            }
        });
        Work { child, lines }
    }

    /// Runs what is due and waits for the end.
    pub(crate) fn run_once(&self) -> Ended {
        self.start(&["--once"]).wait()
    }
}

impl Work {
    pub(crate) fn pid(&self) -> i32 {
        self.child.id().try_into().expect("a process id")
    }

    pub(crate) fn signal(&self, signal: i32) {
        // SAFETY: plain numbers; the child is ours and not yet waited for.
        let sent = unsafe { libc::kill(self.pid(), signal) };
        assert_eq!(sent, 0, "the worker is there");
    }

    /// Waits for an event of this name.
    pub(crate) fn event(&self, name: &str) -> Value {
        self.events_until(name).pop().expect("it is the last one")
    }

    /// Waits for an event of this name: all that were told by then, it is the last one.
    pub(crate) fn events_until(&self, name: &str) -> Vec<Value> {
        let until = Instant::now() + PATIENCE;
        let mut events = Vec::new();
        loop {
            let left = until.saturating_duration_since(Instant::now());
            match self.lines.recv_timeout(left) {
                Ok(line) => {
                    events.push(serde_json::from_str::<Value>(&line).expect("a JSON line"));
                    if events.last().is_some_and(|event| event["event"] == name) {
                        return events;
                    }
                }
                Err(RecvTimeoutError::Timeout) => panic!("no event `{name}` in {PATIENCE:?}"),
                Err(RecvTimeoutError::Disconnected) => panic!("it ended before `{name}`"),
            }
        }
    }

    /// Waits for the end.
    pub(crate) fn wait(mut self) -> Ended {
        let mut events = Vec::new();
        let until = Instant::now() + PATIENCE;
        loop {
            match self.lines.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(line) => events.push(serde_json::from_str(&line).expect("a JSON line")),
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => panic!("still running after {PATIENCE:?}"),
            }
        }
        let status = self.child.wait().expect("waited");
        Ended { status, events }
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Waits until something holds.
pub(crate) fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < end, "{what}: not within {PATIENCE:?}");
        std::thread::yield_now();
        std::thread::park_timeout(Duration::from_millis(5));
    }
}

/// Whether a process, or for a negative number a group, has a living member.
pub(crate) fn is_alive(pid: i32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    !stat.is_empty() && !stat.contains(") Z ")
}

/// The number in a file.
pub(crate) fn number_in(path: &Path) -> Option<i32> {
    std::fs::read_to_string(path).ok()?.trim().parse().ok()
}
