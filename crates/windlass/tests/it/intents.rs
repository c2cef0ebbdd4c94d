//! A caller's own row that says how far its job is: both change in the same transactions.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;
use windlass::prelude::*;
use windlass::{Backoff, RetryPolicy, State};

use crate::test_database::{Connection, SOON, TestDatabase, connect};

const INTENTS: u32 = 90;
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

/// Fulfils an intent. Its first attempt goes wrong in one of three ways, or not.
#[derive(Debug, Serialize, Deserialize, Job)]
#[job(kind = "intent.provision", retry = at_once)]
struct Provision {
    number: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum First {
    RollsBack,
    Panics,
    FailsBehindTheCommit,
    Works,
}

impl Provision {
    fn goes(&self, attempt: u32) -> First {
        let ways = [First::RollsBack, First::Panics, First::FailsBehindTheCommit, First::Works];
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
            First::FailsBehindTheCommit => {
                tx.commit()?;
                return Err(JobError::retry("behind the commit"));
            }
            First::Works => tx.commit()?,
        }
        Ok(())
    }
}

async fn started<App: Send + Sync + 'static>(client: &Client, app: App) -> windlass::RunningWorker
where
    Provision: Run<App>,
{
    let worker = Worker::new(Arc::clone(client.store()), app).handle::<Provision>().slots(4);
    worker.start().await.expect("the worker starts")
}

async fn check_ends(client: &Client) {
    let counts = client.counts().await.expect("counted");
    assert_eq!((counts.of(State::Completed), counts.total()), (INTENTS.into(), INTENTS.into()));
}

/// T31: each intent is written with its job and finished with it; a sampler never sees one without the other, while
/// handlers roll back, panic, fail behind their commit, and a worker is stopped in the middle of its jobs.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_intent_and_its_job_agree_at_every_commit_on_postgres() {
    let database = TestDatabase::postgres();
    let client = Client::new(database.open().await);
    let mut sampler = connect(&database).await;
    sampler.client.batch_execute(TABLE).await.expect("made");
    let app = async || Postgres(Mutex::new(connect(&database).await));
    let mut worker = started(&client, app().await).await;
    let look = format!("{LOOK} windlass.job j on replace(j.id::text, '-', '') = i.job");
    let mut written = 0;
    let sampled = async {
        let (mut samples, mut was_stopped) = (0, false);
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
            if !was_stopped && finished > 10 {
                was_stopped = true;
                worker.stop_within(Duration::ZERO).await;
                worker = started(&client, app().await).await;
            }
            if finished == i64::from(INTENTS) {
                return samples;
            }
        }
    };
    let samples = tokio::time::timeout(SOON * 2, sampled).await.expect("all are finished");
    println!("{samples} samples");
    worker.stop().await;
    check_ends(&client).await;
}

/// T31, on SQLite.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_intent_and_its_job_agree_at_every_commit_on_sqlite() {
    let database = TestDatabase::sqlite();
    let client = Client::new(database.open().await);
    let path = PathBuf::from(database.url().trim_start_matches("sqlite:"));
    let mut sampler = file(&path);
    sampler.execute_batch(TABLE).expect("made");
    let mut worker = started(&client, Sqlite(path.clone())).await;
    let look = format!("{LOOK} windlass_job j on j.uuid = i.job");
    let (mut written, mut samples, mut was_stopped) = (0, 0, false);
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
        if !was_stopped && finished > 10 {
            was_stopped = true;
            worker.stop_within(Duration::ZERO).await;
            worker = started(&client, Sqlite(path.clone())).await;
        }
        if finished == i64::from(INTENTS) {
            break;
        }
        assert!(began.elapsed() < SOON * 2, "{finished} of {INTENTS} are finished");
        tokio::task::yield_now().await;
    }
    println!("{samples} samples");
    worker.stop().await;
    check_ends(&client).await;
}
