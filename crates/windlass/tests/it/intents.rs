//! A caller's own row that says how far its job is: both change in the same transactions.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;
use windlass::prelude::*;
use windlass::{Backoff, RetryPolicy, State};

use crate::test_database::{Connection, SOON, TestDatabase, connect, connect_to};

#[path = "../../examples/intents.rs"]
#[expect(dead_code, reason = "its main is the example's alone")]
mod example;

const INTENTS: u32 = 40;
/// Workers that are killed, each when so many more intents are finished.
const KILLS: i64 = 3;
const BETWEEN_KILLS: i64 = 10;
const TABLE: &str =
    "create table intent (number integer primary key, job text not null, state text not null)";

/// How many rows and jobs do not agree, and how many are finished, as one statement sees both.
const LOOK: &str = "
    select coalesce(sum(case when i.state = case when j.state = 'completed' then 'finished'
                                                 when j.state is null then 'no job' else 'requested' end
                        then 0 else 1 end), 0),
           coalesce(sum(case when i.state = 'finished' then 1 else 0 end), 0)
    from intent i left join";

fn at_once() -> RetryPolicy {
    RetryPolicy { backoff: Backoff::Fixed(Duration::ZERO), ..RetryPolicy::default() }
}

/// Fulfils an intent, each attempt in a process of its own. The first one goes wrong in one of four ways, or not.
#[derive(Debug, Serialize, Deserialize, Job)]
#[job(kind = "intent.provision", retry = at_once, max_losses = 0, isolate = "process")]
struct Provision {
    number: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum First {
    RollsBack,
    Panics,
    Aborts,
    FailsBehindTheCommit,
    Works,
}

impl Provision {
    fn goes(&self, attempt: u32) -> First {
        let ways = [
            First::RollsBack,
            First::Panics,
            First::Aborts,
            First::FailsBehindTheCommit,
            First::Works,
        ];
        if attempt == 1 { ways[self.number as usize % ways.len()] } else { First::Works }
    }
}

/// The id as both stores can show it.
fn shown(id: JobId) -> String {
    id.as_uuid().simple().to_string()
}

struct Postgres(Mutex<Connection>);

impl Run<Postgres> for Provision {
    type Output = ();

    async fn run(self, cx: &Context<Postgres>) -> Result<(), JobError> {
        let mut connection = cx.app().0.lock().await;
        let tx = connection.client.transaction().await?;
        let finished = "update intent set state = 'finished' where job = $1";
        tx.execute(finished, &[&shown(cx.job_id())]).await?;
        cx.finish_in(&tx).await?;
        match self.goes(cx.attempt()) {
            First::RollsBack => return Err(JobError::retry("it is rolled back")),
            First::Panics => panic!("in the middle of a transaction"),
            First::Aborts => std::process::abort(),
            First::FailsBehindTheCommit => {
                tx.commit().await?;
                return Err(JobError::retry("behind the commit"));
            }
            First::Works => tx.commit().await?,
        }
        Ok(())
    }
}

struct Sqlite(PathBuf);

fn file(path: &PathBuf) -> rusqlite::Connection {
    let connection = rusqlite::Connection::open(path).expect("opened");
    connection.busy_timeout(SOON).expect("set");
    connection
}

impl Run<Sqlite> for Provision {
    type Output = ();

    async fn run(self, cx: &Context<Sqlite>) -> Result<(), JobError> {
        let mut connection = file(&cx.app().0);
        let tx = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
        let finished = "update intent set state = 'finished' where job = ?1";
        tx.execute(finished, [shown(cx.job_id())])?;
        cx.finish_in_blocking(&tx)?;
        match self.goes(cx.attempt()) {
            First::RollsBack => return Err(JobError::retry("it is rolled back")),
            First::Panics => panic!("in the middle of a transaction"),
            First::Aborts => std::process::abort(),
            First::FailsBehindTheCommit => {
                tx.commit()?;
                return Err(JobError::retry("behind the commit"));
            }
            First::Works => tx.commit()?,
        }
        Ok(())
    }
}

/// Makes a process of this program a worker on the database that it names.
const WORKER_ON: &str = "WINDLASS_INTENTS_ON";

/// A worker in a process of its own, which is killed when this is dropped.
struct WorkerProcess(Child);

impl WorkerProcess {
    fn start(url: &str) -> Self {
        let mut command = Command::new(std::env::current_exe().expect("this program has a path"));
        command.args(["--exact", "intents::a_worker_in_a_process_of_its_own", "--nocapture"]);
        command.env(WORKER_ON, url).stdout(Stdio::null()).stderr(Stdio::null());
        Self(command.spawn().expect("it starts"))
    }

    fn is_killed_at(&mut self, kills: i64, finished: i64) -> bool {
        let is_due = kills < KILLS && finished >= (kills + 1) * BETWEEN_KILLS;
        if is_due {
            self.0.kill().expect("it lives");
            self.0.wait().expect("it ends");
        }
        is_due
    }
}

impl Drop for WorkerProcess {
    fn drop(&mut self) {
        // One that has ended already is as good.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Shows nothing where it is run as a test: the worker that the tests below start and kill.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_in_a_process_of_its_own() {
    let Ok(url) = std::env::var(WORKER_ON) else { return };
    let store = windlass::open(&url).await.expect("opened");
    let worker = match url.strip_prefix("sqlite:") {
        Some(file) => {
            let worker = Worker::new(store, Sqlite(file.into())).handle::<Provision>();
            worker.slots(4).start().await
        }
        None => {
            let app = Postgres(Mutex::new(connect_to(&url).await));
            Worker::new(store, app).handle::<Provision>().slots(4).start().await
        }
    };
    worker.expect("started").stopped().await;
}

async fn check_ends(client: &Client) {
    let counts = client.counts().await.expect("counted");
    assert_eq!((counts.of(State::Completed), counts.total()), (INTENTS.into(), INTENTS.into()));
}

/// T31, T36: each intent is written with its job and finished with it; a sampler never sees one without the other, while
/// handlers roll back, panic, abort and fail behind their commit, each in a process of its own, and their worker is killed again and again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_intent_and_its_job_agree_at_every_commit_on_postgres() {
    let database = TestDatabase::postgres();
    let client = Client::new(database.open().await);
    let mut sampler = connect(&database).await;
    sampler.client.batch_execute(TABLE).await.expect("made");
    let mut worker = WorkerProcess::start(&database.url());
    let look = format!("{LOOK} windlass.job j on replace(j.id::text, '-', '') = i.job");
    let mut written = 0;
    let sampled = async {
        let (mut samples, mut kills) = (0, 0);
        loop {
            if written < INTENTS {
                let tx = sampler.client.transaction().await.expect("begun");
                let job = client.within(&tx).enqueue(Provision { number: written }).await;
                let (job, number) = (shown(job.expect("written").id()), written as i32);
                let insert = "insert into intent values ($1, $2, 'requested')";
                tx.execute(insert, &[&number, &job]).await.expect("written");
                tx.commit().await.expect("committed");
                written += 1;
            }
            let row = sampler.client.query_one(&look, &[]).await.expect("read");
            let (apart, finished): (i64, i64) = (row.get(0), row.get(1));
            assert_eq!(apart, 0, "sample {samples}");
            samples += 1;
            if worker.is_killed_at(kills, finished) {
                kills += 1;
                worker = WorkerProcess::start(&database.url());
            }
            if finished == i64::from(INTENTS) {
                return samples;
            }
        }
    };
    let samples = tokio::time::timeout(SOON * 4, sampled).await.expect("all are finished");
    println!("{samples} samples");
    check_ends(&client).await;
}

/// T31, T36, on SQLite.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_intent_and_its_job_agree_at_every_commit_on_sqlite() {
    let database = TestDatabase::sqlite();
    let client = Client::new(database.open().await);
    let path = PathBuf::from(database.url().trim_start_matches("sqlite:"));
    let mut sampler = file(&path);
    sampler.execute_batch(TABLE).expect("made");
    let mut worker = WorkerProcess::start(&database.url());
    let look = format!("{LOOK} windlass_job j on j.uuid = i.job");
    let (mut written, mut samples, mut kills) = (0, 0, 0);
    let began = std::time::Instant::now();
    loop {
        if written < INTENTS {
            let immediate = rusqlite::TransactionBehavior::Immediate;
            let tx = sampler.transaction_with_behavior(immediate).expect("begun");
            let job = client.within(&tx).enqueue_blocking(Provision { number: written });
            let job = shown(job.expect("written").id());
            let insert = "insert into intent values (?1, ?2, 'requested')";
            tx.execute(insert, (written, job)).expect("written");
            tx.commit().expect("committed");
            written += 1;
        }
        let (apart, finished): (i64, i64) =
            sampler.query_row(&look, [], |row| Ok((row.get(0)?, row.get(1)?))).expect("read");
        assert_eq!(apart, 0, "sample {samples}");
        samples += 1;
        if worker.is_killed_at(kills, finished) {
            kills += 1;
            worker = WorkerProcess::start(&database.url());
        }
        if finished == i64::from(INTENTS) {
            break;
        }
        assert!(began.elapsed() < SOON * 4, "{finished} of {INTENTS} are finished");
        tokio::task::yield_now().await;
    }
    println!("{samples} samples");
    check_ends(&client).await;
}

/// T31, T33: an intent that is rolled back leaves no job, and a second job for one that is finished is completed as skipped.
#[tokio::test]
async fn the_example_does_nothing_twice() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    example::run(&folder.path().join("intents.db")).await
}
