//! `windlass serve`, and workers in other languages that it serves.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use windlass::job::Counts;
use windlass::{Client, NewJob, State};

use crate::work_fixture::PATIENCE;

/// A folder with a store, and an address for a server.
struct ServeFixture {
    folder: tempfile::TempDir,
    client: Client,
    address: String,
}

/// A process that is killed when it is dropped.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        // One that has ended already needs nothing.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl ServeFixture {
    async fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let url = format!("sqlite:{}/jobs.db", folder.path().display());
        let client = Client::new(windlass::open(&url).await.expect("a store"));
        // Taken and let go: a server that is started again needs the same one.
        let free = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = free.local_addr().expect("bound").to_string();
        Self { folder, client, address }
    }

    fn serve(&self) -> Process {
        let mut command = Command::new(env!("CARGO_BIN_EXE_windlass"));
        command.args(["serve", "--open", "--listen", &self.address, "--store"]);
        command.arg(format!("sqlite:{}/jobs.db", self.folder.path().display()));
        Process(command.stderr(self.log("serve")).spawn().expect("started"))
    }

    /// A worker that runs handlers of this text, beside the one that is kept here to copy.
    fn worker(&self, language: &Language, handlers: &str) -> Process {
        let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../workers").join(language.file);
        let kept = fs::read_to_string(&from).expect("the worker");
        let here = self.folder.path().join(from.file_name().expect("a name"));
        fs::write(here, kept).expect("copied");
        let main = self.folder.path().join(language.main);
        fs::write(&main, format!("{}\n{handlers}", language.head)).expect("written");
        let mut command = Command::new(language.program);
        command.arg(main).env("WINDLASS_URL", format!("http://{}", self.address));
        command.current_dir(self.folder.path()).stdout(Stdio::null());
        Process(command.stderr(self.log("worker")).spawn().expect("started"))
    }

    fn log(&self, name: &str) -> Stdio {
        let path = self.path(&format!("{name}.log"));
        fs::File::options().create(true).append(true).open(path).expect("a log").into()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    async fn enqueue(&self, jobs: usize, kind: &str) {
        let draft =
            |n: usize| NewJob::new(kind, windlass::Json::args(n.to_string()).expect("args"));
        self.client.enqueue_all((0..jobs).map(draft)).await.expect("written");
    }

    async fn until(&self, what: &str, holds: impl Fn(&Counts) -> bool) {
        let wait = async {
            while !holds(&self.client.counts().await.expect("counted")) {
                tokio::task::yield_now().await;
            }
        };
        if tokio::time::timeout(PATIENCE, wait).await.is_err() {
            let log = |name| fs::read_to_string(self.path(name)).unwrap_or_default();
            let counts = self.client.counts().await.expect("counted");
            panic!("{what}: {counts:?}\n{}\n{}", log("serve.log"), log("worker.log"));
        }
    }
}

/// How a worker of a language is started.
struct Language {
    program: &'static str,
    /// The one to copy.
    file: &'static str,
    main: &'static str,
    head: &'static str,
}

const PYTHON: Language = Language {
    program: "python3",
    file: "python/worker.py",
    main: "main.py",
    head: "import os, time\nfrom worker import Dead, Snooze, Worker",
};
const NODE: Language = Language {
    program: "node",
    file: "node/worker.mjs",
    main: "main.mjs",
    head: "import { Dead, Snooze, Worker } from './worker.mjs';\nconst url = process.env.WINDLASS_URL;",
};

/// T8: a worker in Python runs jobs to each of their ends.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_in_python_runs_jobs() {
    runs_jobs(
        &PYTHON,
        r#"
def snoozes(n, job):
    if job["attempt"] == 1:
        raise Snooze(0.001)
def dies(n, job):
    raise Dead("never")
def works(n, job):
    job.report("a line", progress={"percent": 10}, checkpoint={"n": n})
    return n * 2
Worker(os.environ["WINDLASS_URL"], {"works": works, "dies": dies, "snoozes": snoozes}).run()
"#,
    )
    .await;
}

/// T8: a worker in Node runs jobs to each of their ends.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_in_node_runs_jobs() {
    runs_jobs(
        &NODE,
        r#"
const snoozes = (n, job) => { if (job.attempt === 1) throw new Snooze("later", { cause: 1 }); };
const dies = () => { throw new Dead("never"); };
const works = async (n, job) => {
  await job.report({ lines: ["a line"], progress: { percent: 10 }, checkpoint: { n } });
  return n * 2;
};
await new Worker(url, { works, dies, snoozes }).run();
"#,
    )
    .await;
}

async fn runs_jobs(language: &Language, handlers: &str) {
    let fixture = ServeFixture::new().await;
    for (jobs, kind) in [(40, "works"), (3, "dies"), (3, "snoozes")] {
        fixture.enqueue(jobs, kind).await;
    }
    let (_server, worker) = (fixture.serve(), fixture.worker(language, handlers));
    let ended = |counts: &Counts| counts.of(State::Completed) == 43 && counts.of(State::Dead) == 3;
    fixture.until("all end", ended).await;
    let page = windlass::job::Page::default();
    let works =
        fixture.client.jobs(&"kind:works".parse().expect("a filter"), page).await.expect("read");
    for job in &works {
        let n: u64 = job.args.read().expect("a number");
        assert_eq!(job.output.as_ref().expect("an output").as_str(), (n * 2).to_string());
        assert_eq!((job.attempt, job.failures), (1, 0));
    }
    let lines = fixture.client.log(works[0].id, 10).await.expect("read");
    assert_eq!(lines.iter().map(|line| line.text.as_str()).collect::<Vec<_>>(), ["a line"]);
    stop(worker);
    assert!(
        fixture
            .client
            .workers()
            .await
            .expect("listed")
            .iter()
            .all(|one| one.build.starts_with("windlass")),
        "the worker has left"
    );
}

/// Asks it to stop, and waits until it has.
fn stop(mut process: Process) {
    let pid = i32::try_from(process.0.id()).expect("a process id");
    // SAFETY: a signal to a child that has not been waited for reaches that child.
    unsafe { libc::kill(pid, libc::SIGTERM) };
    assert!(process.0.wait().expect("waited for").success());
}

/// C7, T8: the server is killed in the middle of the work and started again: the worker goes on, and no attempt is lost.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_in_python_survives_its_server() {
    let handlers = r#"
def works(n, job):
    time.sleep(0.002)
    return n
Worker(os.environ["WINDLASS_URL"], {"works": works}, slots=8).run()
"#;
    survives(&PYTHON, handlers).await;
}

/// C7, T8: the same in Node.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_in_node_survives_its_server() {
    let handlers = r#"
const works = async (n) => { await new Promise((done) => setTimeout(done, 2)); return n; };
await new Worker(url, { works }, { slots: 8 }).run();
"#;
    survives(&NODE, handlers).await;
}

async fn survives(language: &Language, handlers: &str) {
    const JOBS: u64 = 400;
    let fixture = ServeFixture::new().await;
    fixture.enqueue(400, "works").await;
    let mut server = fixture.serve();
    let _worker = fixture.worker(language, handlers);
    for part in [1, 2, 3] {
        fixture
            .until("some are done", |counts| counts.of(State::Completed) >= JOBS / 4 * part)
            .await;
        drop(server);
        server = fixture.serve();
    }
    fixture.until("all are done", |counts| counts.of(State::Completed) == JOBS).await;
    let filter = "kind:works".parse().expect("a filter");
    let page = windlass::job::Page { before: None, limit: 400 };
    for job in fixture.client.jobs(&filter, page).await.expect("read") {
        assert_eq!((job.failures, job.losses), (0, 0), "{job:?}");
        assert_eq!(job.output.as_ref().map(ToString::to_string), Some(job.args.to_string()));
    }
    drop(server);
}
