//! Batches and workflows: with workers that run, in callers' own transactions, by SQL, and beside open transactions.

use std::sync::{Arc, Mutex};

use serde::{Deserialize, Serialize};
use windlass::batch::{Batch, BatchFilter, BatchRecord, BatchState, Started, Step, Workflow};
use windlass::condition::Waits;
use windlass::job::Retried;
use windlass::prelude::*;
use windlass::store::{Now, Store};
use windlass::{BatchId, Refusal, State, StoreError};

use crate::races::begun;
use crate::test_database::{SOON, TestDatabase, connect, ended, on_both_stores};

#[path = "../../examples/vm_workflow.rs"]
#[expect(dead_code, reason = "its main is the example's alone")]
mod vm_workflow;

/// What ran, in its order, and which steps fail.
#[derive(Default)]
struct Ledger {
    ran: Mutex<Vec<String>>,
    failing: Mutex<Vec<String>>,
}

impl Ledger {
    fn ran(&self) -> Vec<String> {
        std::mem::take(&mut *self.ran.lock().expect("not poisoned"))
    }

    fn fails(&self, steps: &[&str]) {
        *self.failing.lock().expect("not poisoned") =
            steps.iter().map(|s| (*s).to_owned()).collect();
    }
}

/// Writes its name down, adds the numbers of those before it, and is dead where that is wanted.
#[derive(Serialize, Deserialize, Job)]
#[job(kind = "note")]
struct Note {
    name: String,
    before: Vec<String>,
}

async fn note(job: Note, cx: Context<Arc<Ledger>>) -> Result<u64, JobError> {
    let mut sum = 1;
    for step in &job.before {
        sum += cx.input::<u64>(step).await?;
    }
    if cx.app().failing.lock().expect("not poisoned").contains(&job.name) {
        return Err(JobError::dead("wanted"));
    }
    cx.app().ran.lock().expect("not poisoned").push(job.name);
    Ok(sum)
}

fn step(name: &str, after: &[&str]) -> Step {
    let before = after.iter().map(|step| (*step).to_owned()).collect();
    Step::new(name, Note { name: name.to_owned(), before }).after(after.iter().copied())
}

fn undo(name: &str) -> Note {
    Note { name: format!("undo {name}"), before: Vec::new() }
}

struct Running {
    client: Client,
    store: Arc<dyn Store>,
    ledger: Arc<Ledger>,
    worker: windlass::RunningWorker,
}

impl Running {
    async fn on(database: &TestDatabase) -> Self {
        let store = database.open().await;
        let ledger = Arc::new(Ledger::default());
        let worker = Worker::new(Arc::clone(&store), Arc::clone(&ledger)).slots(4).handle_fn(note);
        let worker = worker.start().await.expect("it starts");
        Self { client: Client::new(Arc::clone(&store)), store, ledger, worker }
    }

    async fn start(&self, batch: impl windlass::batch::IntoBatch) -> BatchId {
        let Started::New(id) = self.client.start(batch).await.expect("written") else {
            panic!("it is new")
        };
        id
    }

    /// Waits until a batch stands so.
    async fn until(&self, id: BatchId, state: BatchState) -> BatchRecord {
        let look = async {
            loop {
                let batch = self.client.batch(id).await.expect("read").expect("it is there");
                if batch.state == state {
                    return batch;
                }
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(SOON, look).await.expect("it comes to stand so")
    }

    /// No job of this batch that has ended runs again, for the sake of the workflow.
    async fn refuses_retries(&self, batch: BatchId, workflow: BatchId) {
        let members = self.client.members(batch, None, 9).await.expect("listed");
        let jobs: Vec<_> = members.iter().map(|member| member.job).collect();
        let answers = self.client.retry(&jobs).await.expect("asked");
        assert_eq!(answers, vec![Retried::Undone(workflow); jobs.len()]);
    }

    async fn undoing(&self, id: BatchId) -> BatchRecord {
        let filter = BatchFilter { undoes: Some(id), ..BatchFilter::default() };
        self.client.batches(&filter, 1).await.expect("listed").remove(0)
    }
}

on_both_stores! {
    /// T24, T25: each step runs once, behind those it names, and reads their outputs.
    the_steps_of_a_workflow_run_in_their_order;
    /// T26, T27: where a step is dead those behind it wait; after a retry they run, and what was completed does not run again.
    a_retry_goes_on_at_the_step_that_failed;
    /// T26: a step that goes on however the one before it ends.
    a_step_may_follow_a_failure;
    /// T26: what was completed is undone in the reverse order, where a later step fails; and nothing where none does.
    a_workflow_that_fails_is_undone;
    /// T24, T26: the example provisions one machine, and takes back what it made for another.
    the_example_provisions_and_takes_back;
    /// T24: a workflow by key is there once.
    a_key_starts_one_workflow;
    /// T26: a whole workflow is cancelled.
    a_workflow_can_be_cancelled;
    /// Bad input: a cycle, a step that is not there, none at all: nothing is written.
    what_is_no_workflow_is_not_written;
    /// B, O36, X15: a batch of 2,000 of which some fail has ended once all have; who waits for all to be completed runs after
    /// the retries.
    a_batch_calls_back_once_and_again_after_retries;
}

async fn the_steps_of_a_workflow_run_in_their_order(database: TestDatabase) {
    let running = Running::on(&database).await;
    let flow = Workflow::new("vm.provision")
        .step(step("attach", &["volume", "address"]))
        .step(step("snapshot", &[]))
        .step(step("volume", &["snapshot"]))
        .step(step("address", &["snapshot"]));
    let id = running.start(flow).await;
    let batch = running.until(id, BatchState::Completed).await;
    assert!(batch.is_workflow && batch.ended_at.is_some());
    let ran = running.ledger.ran();
    assert_eq!((ran.len(), &*ran[0], &*ran[3]), (4, "snapshot", "attach"), "{ran:?}");
    let members = running.client.members(id, None, 9).await.expect("listed");
    let attach = members.iter().find(|one| one.step.as_deref() == Some("attach")).expect("there");
    let attach = running.client.job(attach.job).await.expect("read").expect("kept");
    // 1 of its own, and 2 of each of the two before it.
    assert_eq!(attach.output.expect("it has one").as_str(), "5");
    running.worker.stop().await;
}

async fn a_retry_goes_on_at_the_step_that_failed(database: TestDatabase) {
    let running = Running::on(&database).await;
    running.ledger.fails(&["three"]);
    let flow = Workflow::new("five").steps([
        step("one", &[]),
        step("two", &["one"]),
        step("three", &["two"]),
        step("four", &["three"]),
        step("five", &["four"]),
    ]);
    let id = running.start(flow).await;
    let blocked = running.until(id, BatchState::Blocked).await;
    assert_eq!((blocked.jobs.completed, blocked.jobs.dead, blocked.jobs.open), (2, 1, 2));
    assert_eq!(running.ledger.ran(), ["one", "two"]);
    running.ledger.fails(&[]);
    assert_eq!(running.client.retry_batch(id).await.expect("retried"), 1);
    running.until(id, BatchState::Completed).await;
    assert_eq!(running.ledger.ran(), ["three", "four", "five"]);
    running.worker.stop().await;
}

async fn a_step_may_follow_a_failure(database: TestDatabase) {
    let running = Running::on(&database).await;
    running.ledger.fails(&["one"]);
    let tell = Step::new("tell", Note { name: "tell".to_owned(), before: Vec::new() });
    let flow = Workflow::new("told").step(step("one", &[])).step(tell.after_any_end(["one"]));
    let id = running.start(flow).await;
    running.until(id, BatchState::Failed).await;
    assert_eq!(running.ledger.ran(), ["tell"]);
    running.worker.stop().await;
}

async fn a_workflow_that_fails_is_undone(database: TestDatabase) {
    let running = Running::on(&database).await;
    let flow = || {
        Workflow::new("vm.provision").steps([
            step("volume", &[]).undo(undo("volume")),
            step("address", &["volume"]).undo(undo("address")),
            step("boot", &["address"]),
            step("announce", &["boot"]).undo(undo("announce")),
        ])
    };
    running.ledger.fails(&["boot"]);
    let id = running.start(flow()).await;
    let failed = running.until(id, BatchState::Failed).await;
    assert_eq!((failed.jobs.completed, failed.jobs.dead, failed.jobs.cancelled), (2, 1, 1));
    let undoing = running.undoing(id).await.id;
    running.until(undoing, BatchState::Failed).await;
    assert_eq!(running.ledger.ran(), ["volume", "address", "undo address", "undo volume"]);
    assert!(matches!(running.client.retry_batch(id).await, Err(StoreError::Conflict { .. })));
    running.refuses_retries(id, id).await;

    running.ledger.fails(&[]);
    let id = running.start(flow()).await;
    running.until(id, BatchState::Completed).await;
    assert_eq!(running.ledger.ran(), ["volume", "address", "boot", "announce"]);
    let undoing = running.undoing(id).await;
    assert_eq!((undoing.jobs.cancelled, undoing.jobs.all()), (3, 3), "there is nothing to undo");
    running.refuses_retries(undoing.id, id).await;
    running.worker.stop().await;
}

async fn the_example_provisions_and_takes_back(database: TestDatabase) {
    let store = database.open().await;
    let worker = vm_workflow::worker(Arc::clone(&store)).start().await.expect("it starts");
    let client = Client::new(store);
    let (started, said) = vm_workflow::run(&client, "h1").await.expect("it ran");
    let last = r#""ready: h1 at 10.0.0.7 with a volume of 20 GB""#;
    assert_eq!((said.len(), said.last().map(String::as_str)), (4, Some(last)));
    let (again, _) = vm_workflow::run(&client, "h1").await.expect("it is there");
    assert_eq!(again, Started::Existing(started.id()));
    let (_, said) = vm_workflow::run(&client, "broken").await.expect("it ran");
    let mut released = said[2..].to_vec();
    released.sort_unstable();
    let expected = [r#""released the 10.0.0.7""#, r#""released the volume of 20 GB""#];
    assert_eq!(released, expected, "{said:?}");
    worker.stop().await;
}

async fn a_key_starts_one_workflow(database: TestDatabase) {
    let running = Running::on(&database).await;
    let flow = || Workflow::new("one").key("vm-42").step(step("only", &[]));
    let id = running.start(flow()).await;
    let again = running.client.start(flow()).await.expect("answered");
    assert_eq!(again, Started::Existing(id));
    running.until(id, BatchState::Completed).await;
    assert_eq!(running.client.start(flow()).await.expect("answered"), Started::Existing(id));
    assert_eq!(running.ledger.ran(), ["only"]);
    running.worker.stop().await;
}

async fn a_workflow_can_be_cancelled(database: TestDatabase) {
    let store = database.open().await;
    let client = Client::new(store);
    let flow = Workflow::new("never").steps([step("one", &[]), step("two", &["one"])]);
    let id = client.start(flow).await.expect("written").id();
    assert_eq!(client.cancel_batch(id, "not wanted").await.expect("cancelled"), (2, 0));
    let batch = client.batch(id).await.expect("read").expect("there");
    assert_eq!((batch.state, batch.jobs.cancelled), (BatchState::Failed, 2));
}

async fn what_is_no_workflow_is_not_written(database: TestDatabase) {
    let client = Client::new(database.open().await);
    let refused = |flow: Workflow| {
        let client = client.clone();
        async move {
            match client.start(flow).await {
                Err(StoreError::Refused(refusal)) => refusal,
                other => panic!("{other:?}"),
            }
        }
    };
    let cycle = Workflow::new("a").steps([step("a", &["b"]), step("b", &["a"])]);
    assert!(matches!(refused(cycle).await, Refusal::Cycle { steps } if steps == ["a", "b", "a"]));
    let unknown = Workflow::new("a").step(step("a", &["b"]));
    assert!(matches!(refused(unknown).await, Refusal::UnknownStep { .. }));
    let go = undo("b").job().waits(Waits::any().signal("go", "go").signal("or", "or"));
    let mixed = Workflow::new("a").steps([step("a", &[]), Step::new("b", go).after(["a"])]);
    assert_eq!(refused(mixed).await, Refusal::MixedWaits, "it would run without the step");
    assert_eq!(refused(Workflow::new("a")).await, Refusal::EmptyBatch);
    let twice = Workflow::new("a").steps([step("a", &[]), step("a", &[])]);
    assert!(matches!(refused(twice).await, Refusal::StepTwice { .. }));
    let nameless = Workflow::new("a").step(step("", &[]));
    assert!(matches!(refused(nameless).await, Refusal::Key { .. }));
    assert_eq!(client.counts().await.expect("counted").total(), 0);
    assert_eq!(client.batches(&BatchFilter::default(), 9).await.expect("listed"), []);
}

async fn a_batch_calls_back_once_and_again_after_retries(database: TestDatabase) {
    const JOBS: usize = 2_000;
    let running = Running::on(&database).await;
    let named = |name: String| Note { name, before: Vec::new() };
    let failing: Vec<String> = (0..JOBS).step_by(100).map(|nth| nth.to_string()).collect();
    running.ledger.fails(&failing.iter().map(String::as_str).collect::<Vec<_>>());
    let batch = Batch::new()
        .jobs((0..JOBS).map(|nth| named(nth.to_string())))
        .then(named("ended".to_owned()))
        .then_if_completed(named("completed".to_owned()));
    let id = running.start(batch).await;
    let batch = running.until(id, BatchState::Failed).await;
    assert_eq!((batch.jobs.completed, batch.jobs.dead), (1_980, 20));
    running.ledger.fails(&[]);
    assert_eq!(running.client.retry_batch(id).await.expect("retried"), 20);
    running.until(id, BatchState::Completed).await;
    let filter: windlass::job::Filter = "state:waiting".parse().expect("a filter");
    let all_ran = async {
        let page = windlass::job::Page::default();
        while !running.client.jobs(&filter, page).await.expect("listed").is_empty() {}
        while running.ledger.ran.lock().expect("not poisoned").len() < JOBS + 2 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(SOON, all_ran).await.expect("all run");
    let ran = running.ledger.ran();
    let place = |name: &str| ran.iter().position(|one| one == name).expect("it ran");
    assert!(place("ended") < place("completed"));
    assert_eq!(ran.len(), JOBS + 2, "each once");
    running.worker.stop().await;
}

fn two() -> Workflow {
    Workflow::new("two").key("two").steps([step("one", &[]), step("two", &["one"])])
}

/// O1, X16: a workflow is part of a transaction of rusqlite's.
#[tokio::test]
async fn a_workflow_is_part_of_a_rusqlite_transaction() {
    let database = TestDatabase::sqlite();
    let client = Client::new(database.open().await);
    let path = database.url().trim_start_matches("sqlite:").to_owned();
    let mut connection = rusqlite::Connection::open(path).expect("opened");
    for commits in [false, true] {
        let tx = connection.transaction().expect("begun");
        let started = client.within(&tx).start_blocking(two()).expect("written");
        assert!(matches!(started, Started::New(_)));
        let again = client.within(&tx).start_blocking(two()).expect("answered");
        assert_eq!(again, Started::Existing(started.id()));
        if commits { tx.commit() } else { tx.rollback() }.expect("ended");
        let batch = client.batch(started.id()).await.expect("read");
        assert_eq!(batch.map(|batch| batch.jobs.open), commits.then_some(2));
    }
}

/// O1, X16: through sqlx on SQLite.
#[tokio::test]
async fn a_workflow_is_part_of_an_sqlx_sqlite_transaction() {
    use sqlx::Connection;
    let database = TestDatabase::sqlite();
    let client = Client::new(database.open().await);
    let mut connection = sqlx::SqliteConnection::connect(&database.url()).await.expect("opened");
    for commits in [false, true] {
        let mut tx = connection.begin_with("BEGIN IMMEDIATE").await.expect("begun");
        let started = client.within(&mut tx).start(two()).await.expect("written");
        let again = client.within(&mut tx).start(two()).await.expect("answered");
        assert_eq!(again, Started::Existing(started.id()));
        if commits { tx.commit().await } else { tx.rollback().await }.expect("ended");
        let batch = client.batch(started.id()).await.expect("read");
        assert_eq!(batch.map(|batch| batch.jobs.open), commits.then_some(2));
    }
}

/// O1, X16: through tokio-postgres and sqlx on PostgreSQL; a refusal leaves the transaction as it was.
#[tokio::test]
async fn a_workflow_is_part_of_a_postgres_transaction() {
    use sqlx::Connection;
    let database = TestDatabase::postgres();
    let client = Client::new(database.open().await);
    let mut connection = connect(&database).await;
    let mut pg = sqlx::PgConnection::connect(&database.url()).await.expect("opened");
    for commits in [false, true] {
        let tx = connection.client.transaction().await.expect("begun");
        let started = client.within(&tx).start(two()).await.expect("written");
        let again = client.within(&tx).start(two()).await.expect("answered");
        assert_eq!(again, Started::Existing(started.id()));
        if commits { tx.commit().await } else { tx.rollback().await }.expect("ended");
        let batch = client.batch(started.id()).await.expect("read");
        assert_eq!(batch.map(|batch| batch.jobs.open), commits.then_some(2));
    }
    let mut tx = pg.begin().await.expect("begun");
    let again = client.within(&mut tx).start(two()).await.expect("answered");
    assert!(matches!(again, Started::Existing(_)));
    let other = client.within(&mut tx).start(two().key("other")).await.expect("written");
    tx.commit().await.expect("committed");
    assert!(client.batch(other.id()).await.expect("read").is_some());
}

/// C4, B: while a transaction that adds a job to a batch is open, the others of the batch end, and it does not; it has ended
/// with the sweep that follows the added job's end.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_open_transaction_that_adds_a_job_keeps_its_batch() {
    let database = TestDatabase::postgres();
    let running = Running::on(&database).await;
    let batch = Batch::new().job(Note { name: "first".to_owned(), before: Vec::new() });
    let id = batch.id();
    let add = format!(
        "select windlass.enqueue('other', '1', '{{\"batch\": \"{}\", \"queue\": \"nowhere\"}}')",
        id.as_uuid()
    );
    running.client.pause("default").await.expect("paused");
    running.start(batch).await;
    let stranger = begun(&database, &add).await;
    running.client.resume("default").await.expect("resumed");
    let first = running.client.members(id, None, 1).await.expect("listed")[0].job;
    assert_eq!(ended(&running.client, first).await.state, State::Completed);
    let open = running.client.batch(id).await.expect("read").expect("there");
    assert_eq!((open.state, open.jobs.open), (BatchState::Running, 0));
    stranger.client.batch_execute("commit").await.expect("committed");
    running.store.sweep(windlass::WorkerId::new(), Now::Database).await.expect("swept");
    let members = running.client.members(id, None, 9).await.expect("listed");
    assert_eq!(members.len(), 2);
    running.client.cancel(&[members[1].job], "enough").await.expect("cancelled");
    running.until(id, BatchState::Failed).await;
    running.worker.stop().await;
}

/// X16: batches by SQL on PostgreSQL: opened, filled, waited for and sealed.
#[tokio::test]
async fn batches_by_sql_on_postgres() {
    let database = TestDatabase::postgres();
    let client = Client::new(database.open().await);
    let connection = connect(&database).await;
    let run = async |sql: &str| connection.client.batch_execute(sql).await;
    run("create table made (batch uuid); insert into made select windlass.open_batch('prices', 'p')")
        .await
        .expect("opened");
    run("select windlass.enqueue('row', to_jsonb(n), jsonb_build_object('batch', batch, 'step', 'row ' || n)) \
         from made, generate_series(1, 3) as n; \
         select windlass.enqueue_many(jsonb_build_array(jsonb_build_object('kind', 'report', 'waits', \
           jsonb_build_array(jsonb_build_object('name', 'rows', 'batch', batch))))) from made; \
         select windlass.seal_batch(batch) from made")
        .await
        .expect("written");
    let batch = client.batches(&BatchFilter::default(), 1).await.expect("listed").remove(0);
    check_by_sql(&batch);
    let refused = |sql: &'static str| {
        let connection = &connection;
        async move {
            let error = connection.client.batch_execute(sql).await.expect_err("refused");
            error.as_db_error().expect("the database's").message().to_owned()
        }
    };
    let none = "select windlass.enqueue('row', '1', '{\"batch\": \"00000000-0000-0000-0000-000000000001\"}')";
    assert!(refused(none).await.contains("does not exist, or was pruned"));
    assert!(refused("select windlass.open_batch('x', 'p')").await.contains("a batch with the key"));
    assert!(
        refused("select windlass.enqueue('row', '1', '{\"step\": \"a\"}')")
            .await
            .contains("a step is")
    );
    client.cancel_batch(batch.id, "enough").await.expect("cancelled");
    let row = "select ended || ' ' || cancelled from windlass.batches";
    let row = connection.client.query_one(row, &[]).await.expect("read");
    assert_eq!(row.get::<_, String>(0), "failed 3");
}

/// X16: the same on SQLite.
#[tokio::test]
async fn batches_by_sql_on_sqlite() {
    let database = TestDatabase::sqlite();
    let client = Client::new(database.open().await);
    let path = database.url().trim_start_matches("sqlite:").to_owned();
    let connection = rusqlite::Connection::open(path).expect("opened");
    let id = "0198c0ffee0070008000000000000001";
    let statements = format!(
        "insert into windlass_open_batch (id, name, key) values ('{id}', 'prices', 'p'); \
         insert into windlass_enqueue (kind, args, batch, step) \
         select 'row', value, '{id}', 'row ' || value from json_each('[1, 2, 3]'); \
         insert into windlass_enqueue (kind, waits) values ('report', '[{{\"name\": \"rows\", \"batch\": \"{id}\"}}]'); \
         insert into windlass_seal (batch) values ('{id}')"
    );
    connection.execute_batch(&statements).expect("written");
    let batch = client.batches(&BatchFilter::default(), 1).await.expect("listed").remove(0);
    check_by_sql(&batch);
    for (wrong, said) in [
        (
            "insert into windlass_enqueue (kind, batch) values ('row', '00000000000000000000000000000001')",
            "the batch does not exist",
        ),
        (
            "insert into windlass_enqueue (kind, batch) values ('row', 'x')",
            "batch must be the UUID",
        ),
        ("insert into windlass_enqueue (kind, step) values ('row', 'x')", "step is the name"),
        (
            "insert into windlass_enqueue (kind, meta) values ('row', '{\"member\": {}}')",
            "columns of their own",
        ),
        (
            "insert into windlass_open_batch (id, key) values (lower(hex(randomblob(16))), 'p')",
            "a batch with this key",
        ),
        ("insert into windlass_open_batch (id) values ('x')", "32 digits"),
        ("insert into windlass_seal (batch) values ('x')", "the batch does not exist"),
    ] {
        let error = connection.execute(wrong, []).expect_err("refused").to_string();
        assert!(error.contains(said), "{wrong}: {error}");
    }
    client.cancel_batch(batch.id, "enough").await.expect("cancelled");
    let row = "select ended || ' ' || cancelled from windlass_batches";
    let said: String = connection.query_row(row, [], |row| row.get(0)).expect("read");
    assert_eq!(said, "failed 3");
}

fn check_by_sql(batch: &BatchRecord) {
    assert_eq!((batch.name.as_deref(), batch.key.as_deref()), (Some("prices"), Some("p")));
    assert_eq!((batch.state, batch.jobs.open), (BatchState::Running, 3));
    assert!(batch.is_workflow, "its jobs have names");
}
