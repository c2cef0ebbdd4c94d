//! Waiting for a signal in the middle of a handler.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use windlass::condition::{Signal, SignalAnswer, Waits};
use windlass::job::{Settled, Verdict};
use windlass::prelude::*;
use windlass::step::WaitEnd;
use windlass::store::Now;
use windlass::testing::TestStore;
use windlass::{Json, State};
use windlass_testkit::draft::job;
use windlass_testkit::worker::{request, settlement, worker};

use crate::races::begun;
use crate::test_database::{SOON, TestDatabase, ended, on_both_stores};

const HOUR: Duration = Duration::from_secs(3_600);

#[derive(Serialize, Deserialize, Job)]
#[job(kind = "approve")]
struct Approve {
    number: usize,
}

/// Waits for its approval, and says how that ended.
async fn approve(job: Approve, cx: Context) -> Result<String, JobError> {
    cx.step("ask", async || Ok(())).await?;
    let end = cx.wait_signal("approval", &format!("approval:{}", job.number), HOUR).await?;
    cx.step("note", async || Ok(())).await?;
    Ok(match end {
        WaitEnd::Came(data) => data.map_or_else(String::new, |data| data.to_string()),
        other => format!("{other:?}"),
    })
}

on_both_stores! {
    /// T48: a thousand jobs that wait for a signal on 4 slots take none of them, other work goes on, and each goes on soon after its
    /// signal.
    a_thousand_that_wait_take_no_slot;
}

async fn a_thousand_that_wait_take_no_slot(database: TestDatabase) {
    const WAITING: usize = 1_000;
    let store = database.open().await;
    let client = Client::new(Arc::clone(&store));
    let jobs = (0..WAITING).map(|number| Approve { number });
    let jobs = client.enqueue_all(jobs).await.expect("written");
    let worker = Worker::new(store, ()).handle_fn(approve).queue("default", 4);
    let worker = worker.start().await.expect("it starts");
    let all_wait = async {
        while client.counts().await.expect("counted").of(State::Waiting) < WAITING as u64 {}
    };
    tokio::time::timeout(SOON * 3, all_wait).await.expect("all wait soon");
    // Other work: a job whose signal is there goes on without a wait.
    client.signal(Signal::new("approval:5000")).await.expect("told");
    let free = client.enqueue(Approve { number: 5_000 }).await.expect("written").id();
    let free = ended(&client, free).await;
    assert_eq!((free.state, free.attempt), (State::Completed, 1));
    for number in [0, 1, 500, 999] {
        let data = Json::args(number.to_string()).expect("JSON");
        let signal = Signal::new(format!("approval:{number}")).with(data);
        assert_eq!(client.signal(signal).await.expect("told").answer, SignalAnswer::Met);
        let job = ended(&client, jobs[number].id()).await;
        assert_eq!(job.output.expect("it has one").as_str(), format!("\"{number}\""));
        assert_eq!((job.attempt, job.failures), (2, 0));
    }
    worker.stop().await;
}

/// Runs what is due of a test's store.
async fn run(test: &TestStore) -> usize {
    test.drain("default", Worker::new(test.store(), ()).handle_fn(approve)).await.completed()
}

async fn output(test: &TestStore, id: JobId) -> String {
    let job = test.client().job(id).await.expect("read").expect("it is there");
    job.output.expect("it has one").to_string()
}

/// T48: a handler learns how its wait ended: the data, withdrawn, waived by a person, or too late; what came before is there at once.
#[tokio::test]
async fn a_handler_learns_how_its_wait_ended() {
    let test = TestStore::new().await;
    let client = test.client();
    let jobs = (0..5).map(|number| Approve { number });
    let ids: Vec<_> =
        client.enqueue_all(jobs).await.expect("written").iter().map(|one| one.id()).collect();
    client.signal(Signal::new("approval:0")).await.expect("told");
    assert_eq!(run(&test).await, 1, "the signal of one is there");
    let data = Json::args(r#"{"by": "ann"}"#).expect("JSON");
    client.signal(Signal::new("approval:1").with(data)).await.expect("told");
    client.signal(Signal::withdrawn("approval:2")).await.expect("told");
    client.waive(ids[3], "approval", None).await.expect("waived");
    assert_eq!(run(&test).await, 3);
    test.advance(HOUR);
    assert_eq!(run(&test).await, 1);
    let expected =
        ["\"\"", r#""{\"by\": \"ann\"}""#, "\"Withdrawn\"", "\"Waived\"", "\"TimedOut\""];
    for (id, expected) in ids.into_iter().zip(expected) {
        assert_eq!(output(&test, id).await, expected);
        let steps = client.steps(id).await.expect("read");
        let names: Vec<_> = steps.iter().map(|step| step.name.as_str()).collect();
        assert_eq!(names, ["ask", "approval", "note"]);
    }
}

/// T48: a job that runs again while its wait is not over, as after a crash or by a person's hand, waits on, and no longer than it
/// said at first.
#[tokio::test]
async fn a_wait_goes_on_after_an_early_attempt() {
    let test = TestStore::new().await;
    let client = test.client();
    let id = client.enqueue(Approve { number: 1 }).await.expect("written").id();
    assert_eq!(run(&test).await, 0);
    test.advance(HOUR / 2);
    client.cancel(&[id], "by mistake").await.expect("cancelled");
    client.retry(&[id]).await.expect("retried");
    assert_eq!(run(&test).await, 0, "it waits on");
    test.advance(HOUR / 2);
    assert_eq!(run(&test).await, 1);
    assert_eq!(output(&test, id).await, "\"TimedOut\"");
}

/// T48: a condition of the same name that the job waited for before it began is not the answer to another key.
#[tokio::test]
async fn a_wait_is_for_its_own_key() {
    let test = TestStore::new().await;
    let client = test.client();
    client.signal(Signal::new("before")).await.expect("told");
    let waits = Waits::all().signal("approval", "before");
    let id = client.enqueue(Approve { number: 9 }.job().waits(waits)).await.expect("written").id();
    // The first attempt ends in another way after it began to wait, as a worker that dies there.
    let dies = async |job: Approve, cx: Context| match approve(job, cx.clone()).await {
        Err(_) if cx.attempt() == 1 => Err(JobError::retry_after(Duration::ZERO, "it died")),
        end => end,
    };
    let worker = || Worker::new(test.store(), ()).handle_fn(dies);
    let drained = test.drain("default", worker()).await;
    assert_eq!(drained.completed(), 0, "{:?}", drained.attempts());
    client.signal(Signal::new("approval:9")).await.expect("told");
    assert_eq!(test.drain("default", worker()).await.completed(), 1);
    assert_eq!(client.job(id).await.expect("read").expect("there").state, State::Completed);
}

/// I-Q2, T48: a transaction that signals is open while a settlement begins to wait for its key: the settlement does not wait for it,
/// comes again, and misses nothing.
#[tokio::test]
async fn a_wait_that_begins_during_a_signal_misses_nothing() {
    let database = TestDatabase::postgres();
    let store = database.open().await;
    let registered = worker().registration();
    store.register(&registered, Now::Database).await.expect("registered");
    store.enqueue(&[job().done()], Now::Database).await.expect("written");
    let batch = store.claim(&request(&registered, 1), Now::Database).await.expect("claimed");
    let waits = Waits::all().signal("answer", "go");
    let settle = async || {
        let waits = Verdict::Wait { waits: waits.clone() };
        let settlements = [settlement(&batch, 0, waits)];
        let sent = store.settle(registered.worker, &settlements, Now::Database);
        let answered = tokio::time::timeout(SOON, sent).await.expect("it does not wait for long");
        answered.expect("it reaches the store")[0]
    };
    let signalling = begun(&database, "select windlass.signal('go', '7')").await;
    assert_eq!(settle().await, Settled::Busy);
    signalling.client.batch_execute("commit").await.expect("committed");
    assert_eq!(settle().await, Settled::Done);
    let job = store.job(batch.jobs[0].id).await.expect("read").expect("it is there");
    assert_eq!(job.state, State::Available);
}

/// I-L3: a settlement that meets a step under way comes again, and so does a step that meets a settlement under way; neither waits.
#[tokio::test]
async fn of_a_step_and_a_settlement_one_comes_first() {
    use windlass::job::{Fence, Fenced};
    use windlass::step::{NewStep, Others, StepForm};
    use windlass_testkit::verdicts::complete;
    let database = TestDatabase::postgres();
    let store = database.open().await;
    let registered = worker().registration();
    store.register(&registered, Now::Database).await.expect("registered");
    store.enqueue(&[job().done()], Now::Database).await.expect("written");
    let batch = store.claim(&request(&registered, 1), Now::Database).await.expect("claimed");
    let settle = async || {
        let settlements = [settlement(&batch, 0, complete())];
        store.settle(registered.worker, &settlements, Now::Database).await.expect("sent")[0]
    };
    let (job, label) = (Arc::clone(&batch.jobs[0]), registered.label.as_str().into());
    let fence = Fence { lease: batch.lease, job, worker: registered.worker, label };
    let name = "a".to_owned();
    let step = [NewStep { nth: 1, name, form: StepForm::Work, output: None, until: None }];
    let record = async || {
        let written = store.record_steps(&fence, &step, Others::Stay, Now::Database);
        let written = tokio::time::timeout(SOON, written).await.expect("it waits for nobody");
        written.expect("it reaches the store")
    };
    let hold = "select count(*) from windlass.lease l, \
         lateral windlass.hold(array[l.id], array[l.worker], array[1::int2])";
    let writing = begun(&database, hold).await;
    assert_eq!(settle().await, Settled::Busy);
    writing.client.batch_execute("commit").await.expect("committed");
    let settling = begun(&database, "select id from windlass.lease for update").await;
    assert_eq!(record().await, Fenced::Busy);
    settling.client.batch_execute("rollback").await.expect("rolled back");
    assert_eq!(record().await, Fenced::Done);
    assert_eq!(settle().await, Settled::Done);
    assert_eq!(record().await, Fenced::Lost);
}
