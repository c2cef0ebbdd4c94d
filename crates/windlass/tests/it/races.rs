//! Races that have to be forced: somebody else's transaction is held open at the worst moment.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use windlass::store::Now;

use windlass::State;
use windlass::job::{Batch, Cancelled, Settled};
use windlass::limits::KEEP_FINISHED;
use windlass::store::Store;
use windlass::worker::Registration;
use windlass_testkit::draft::{job, jobs};
use windlass_testkit::verdicts::{complete, retry};
use windlass_testkit::worker::{request, settlement, worker};

use crate::test_database::{Connection, SOON, TestDatabase, connect};

const DAY: u64 = 86_400;

/// I-D2: claims that begin where the last one ended go on finding what was committed below
/// that point, and do not have to be out of work for it.
#[tokio::test]
async fn a_claim_finds_what_was_committed_below_its_cursor() {
    const JOBS: usize = 20_000;
    let database = TestDatabase::postgres();
    let store = database.open().await;
    let registered = registered(&store).await;
    let new: Vec<_> = jobs(JOBS).map(|job| job.done()).collect();
    store.enqueue(&new, Now::Database).await.expect("written");
    let late =
        begun(&database, "select windlass.enqueue('work', '1', '{\"priority\": -100}')").await;
    // A slow claim sets the cursor, and its cost says for how long claims begin there: ten times.
    claim_slowly(&database, &store, &registered, Duration::from_millis(200)).await;
    late.client.batch_execute("commit").await.expect("committed");
    let is_late = |batch: &Batch| {
        batch.jobs.first().expect("it is found while others are left").priority == -100
    };
    let next = claim(&store, &registered).await;
    assert!(!is_late(&next), "the cursor was not in the way: nothing was shown");
    let found = async { while !is_late(&claim(&store, &registered).await) {} };
    tokio::time::timeout(SOON, found).await.expect("it is found soon");
}

/// I-D1: a partition that is made while ends are being written waits for none of them, and keeps
/// none of them waiting.
#[tokio::test]
async fn a_partition_is_not_made_over_an_open_transaction() {
    let database = TestDatabase::postgres();
    let store = database.open().await;
    let registered = registered(&store).await;
    enqueue(&store, 2).await;
    // What a handler holds that finishes in its own transaction.
    let finishing = begun(&database, "lock table windlass.finished in row exclusive mode").await;
    let batch = claim_many(&store, &registered, 2).await;
    let (tidied, settled) = tokio::time::timeout(SOON, async {
        tokio::join!(store.tidy(Now::Database), end(&store, &batch, 0))
    })
    .await
    .expect("neither waits for the transaction");
    tidied.expect("it is left for the next round");
    assert_eq!(settled, Settled::Done);
    assert_eq!(partitions(&database).await, 0, "it could not be made");
    finishing.client.batch_execute("commit").await.expect("committed");
    // Its day has a job on the default partition by now, so that the day after has the first one.
    store.tidy(Now::Database).await.expect("tidied");
    assert_eq!(partitions(&database).await, 1);
    assert_eq!(end(&store, &batch, 1).await, Settled::Done);
    let counts = store.counts().await.expect("counted");
    assert_eq!((counts.of(State::Completed), counts.total()), (2, 2));
}

/// I-D1: an end that is sent while a partition is being made is written once the partition is there.
#[tokio::test]
async fn an_end_waits_for_a_partition_that_is_being_made() {
    let database = TestDatabase::postgres();
    let store = database.open().await;
    let registered = registered(&store).await;
    enqueue(&store, 1).await;
    let batch = claim_many(&store, &registered, 1).await;
    let now = windlass::Timestamp::wall_clock().after(KEEP_FINISHED).as_micros().unsigned_abs();
    let partition = now / 1_000_000 / DAY;
    let [from, to] = [partition, partition + 2].map(|day| day * DAY * 1_000_000);
    let making = begun(
        &database,
        &format!(
            "create table windlass.finished_{partition} partition of windlass.finished \
             for values from ({from}) to ({to})"
        ),
    )
    .await;
    let mut ending = pin!(end(&store, &batch, 0));
    tokio::select! {
        settled = &mut ending => panic!("{settled:?} before the partition was there"),
        () = waits_for(&database, "relation") => {}
    }
    making.client.batch_execute("commit").await.expect("committed");
    let settled = tokio::time::timeout(SOON, ending).await.expect("it goes on");
    assert_eq!(settled, Settled::Done);
    let id = batch.jobs[0].id;
    let record = store.job(id).await.expect("read").expect("there");
    assert_eq!(record.state, State::Completed);
    let question = format!("select count(*) from windlass.finished_{partition}");
    assert_eq!(number(&database, &question).await, 1, "on the new partition");
}

/// X18, I-C3: an attempt fails while another process writes a cancel request of its job: the job is
/// cancelled.
#[tokio::test]
async fn a_failure_during_a_cancel_request_is_the_last() {
    let race = CancelRace::begin().await;
    let other = race.database.open().await;
    // A cancel request tells the worker in the end: it is written, and not committed.
    let slow = begun(&race.database, "select from windlass.worker for update").await;
    let mut cancelling = pin!(race.cancel(&other));
    tokio::select! {
        answer = &mut cancelling => panic!("{answer:?} before it was committed"),
        () = waits_for(&race.database, "transactionid") => {}
    }
    let early = race.fail().await;
    slow.client.batch_execute("commit").await.expect("let go");
    let cancelled = soon(cancelling).await;
    if early == Settled::Busy {
        assert_eq!(cancelled, Cancelled::Requested);
        assert_eq!(race.fail().await, Settled::Done);
    } else {
        // It waits for a moment at a time, and the failure came in between two of them.
        assert_eq!((early, cancelled), (Settled::Done, Cancelled::Now));
    }
    race.check_cancelled().await;
}

/// X18, I-C3: a cancel comes while the failure of an attempt is being written: the job is cancelled.
#[tokio::test]
async fn a_cancel_during_a_failure_finds_the_job_afterwards() {
    let race = CancelRace::begin().await;
    let other = race.database.open().await;
    // Of two rows with one id the second one waits to see what happens to the first.
    let same_id = format!(
        "insert into windlass.pending \
         (id, run_at, created_at, state, version, priority, queue, kind, args) \
         values ('{}', 0, 0, 0, 1, 0, 'other', 'other', 'null')",
        race.batch.jobs[0].id.as_uuid()
    );
    let slow = begun(&race.database, &same_id).await;
    let mut failing = pin!(race.fail());
    tokio::select! {
        settled = &mut failing => panic!("{settled:?} before it was committed"),
        () = waits_for(&race.database, "transactionid") => {}
    }
    let mut cancelling = pin!(race.cancel(&other));
    let early = tokio::select! {
        answer = &mut cancelling => Some(answer),
        () = several_wait_for(&race.database, "transactionid", 2) => None,
    };
    slow.client.batch_execute("rollback").await.expect("let go");
    assert_eq!(soon(failing).await, Settled::Done);
    let answer = match early {
        Some(answer) => answer,
        None => soon(cancelling).await,
    };
    assert_eq!(answer, Cancelled::Now);
    race.check_cancelled().await;
}

/// X18, I-C3: a cancel does not wait for the transaction in which a handler finishes its job, and is
/// not forgotten when that rolls back.
#[tokio::test]
async fn a_cancel_does_not_wait_for_a_handlers_transaction() {
    let race = CancelRace::begin().await;
    let other = race.database.open().await;
    let finishing =
        begun(&race.database, "update windlass.lease set unsettled = unsettled - 1").await;
    for _ in 0..2 {
        assert_eq!(soon(pin!(race.cancel(&other))).await, Cancelled::Requested);
    }
    assert_eq!(race.fail().await, Settled::Busy);
    finishing.client.batch_execute("rollback").await.expect("rolled back");
    assert_eq!(race.fail().await, Settled::Done);
    race.check_cancelled().await;
}

/// X18, I-C3: the same on a file, where both wait for the one who writes.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cancel_and_a_failure_wait_for_a_writer_of_the_file() {
    let race = CancelRace::on(TestDatabase::sqlite()).await;
    let other = race.database.open().await;
    let writing = race.database.hold_heartbeats().await;
    let (settled, answer, ()) = tokio::join!(race.fail(), race.cancel(&other), writing.let_go());
    assert_eq!(settled, Settled::Done);
    assert!(matches!(answer, Cancelled::Now | Cancelled::Requested), "{answer:?}");
    race.check_cancelled().await;
}

/// One job that runs, to be cancelled while its attempt fails.
struct CancelRace {
    database: TestDatabase,
    store: Arc<dyn Store>,
    batch: Batch,
}

impl CancelRace {
    async fn begin() -> Self {
        Self::on(TestDatabase::postgres()).await
    }

    async fn on(database: TestDatabase) -> Self {
        let store = database.open().await;
        let registered = registered(&store).await;
        enqueue(&store, 1).await;
        let batch = claim(&store, &registered).await;
        Self { database, store, batch }
    }

    async fn cancel(&self, store: &Arc<dyn Store>) -> Cancelled {
        let id = self.batch.jobs[0].id;
        store.cancel(&[id], "not wanted", Now::Database).await.expect("asked")[0]
    }

    async fn fail(&self) -> Settled {
        let worker = self.store.workers().await.expect("read")[0].id;
        let one = [settlement(&self.batch, 0, retry(Duration::from_secs(1)))];
        self.store.settle(worker, &one, Now::Database).await.expect("settled")[0]
    }

    async fn check_cancelled(&self) {
        let record = self.store.job(self.batch.jobs[0].id).await.expect("read").expect("there");
        assert_eq!(record.state, State::Cancelled, "{record:?}");
        assert_eq!(record.reason.as_deref(), Some("not wanted"));
    }
}

async fn soon<T>(answer: impl Future<Output = T>) -> T {
    tokio::time::timeout(SOON, answer).await.expect("it goes on")
}

/// I-L2: a worker renews its lease while a sweep that found it over waits for its row: it lives. On a file
/// the sweep looks again under the write lock.
#[tokio::test]
async fn a_lease_that_is_renewed_during_a_sweep_holds() {
    let race = SweepRace::begin().await;
    let over = windlass::Timestamp::wall_clock().after(race.late.lease * 2);
    race.survives("expires_at = expires_at + 3600000000", Now::At(over)).await;
}

/// I-L2: the same for a worker whose session was gone, and that is heard of again.
#[tokio::test]
async fn a_worker_that_is_heard_of_during_a_sweep_lives() {
    let race = SweepRace::begin().await;
    let gone = "update windlass.worker set guard = 4242, missing_at = windlass.now_us() - 60000000, \
                started_at = started_at + 60000000 where id = ";
    let admin = connect(&race.database).await;
    let gone = format!("{gone}'{}'", race.late.worker.as_uuid());
    admin.client.batch_execute(&gone).await.expect("its session is gone");
    race.survives("missing_at = null", Now::Database).await;
}

/// A worker that a sweep of another is about to remove.
struct SweepRace {
    database: TestDatabase,
    store: Arc<dyn Store>,
    late: Registration,
    sweeping: Registration,
}

impl SweepRace {
    async fn begin() -> Self {
        let database = TestDatabase::postgres();
        let store = database.open().await;
        let (late, sweeping) = (registered(&store).await, registered(&store).await);
        Self { database, store, late, sweeping }
    }

    /// The worker writes this while the sweep waits for its row.
    async fn survives(&self, sign_of_life: &str, now: Now) {
        let id = self.late.worker.as_uuid();
        let update = format!("update windlass.worker set {sign_of_life} where id = '{id}'");
        let living = begun(&self.database, &update).await;
        let mut sweep = pin!(self.store.sweep(self.sweeping.worker, now));
        tokio::select! {
            swept = &mut sweep => panic!("{swept:?} before the sign of life was there"),
            () = waits_for(&self.database, "transactionid") => {}
        }
        living.client.batch_execute("commit").await.expect("committed");
        let swept = soon(sweep).await.expect("swept");
        assert_eq!((swept.leads, swept.dead_workers), (true, 0));
        assert_eq!(self.store.workers().await.expect("read").len(), 2);
    }
}

/// F-37: two migrations begin together, and one dies half-way: the other one completes the schema.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_migration_that_dies_half_way_is_made_up_for_on_postgres() {
    let database = TestDatabase::postgres();
    connect(&database).await.client.batch_execute("create schema windlass").await.expect("made");
    // A migration that makes this table too has made half the schema by then, and waits.
    let in_the_way = begun(&database, "create table windlass.job_count ()").await;
    let url = database.url();
    let migrate = || {
        let url = url.clone();
        async move { windlass::migrate(&url).await }
    };
    let mut migrations = tokio::task::JoinSet::new();
    migrations.spawn(migrate());
    waits_for(&database, "transactionid").await;
    migrations.spawn(migrate());
    waits_for(&database, "advisory").await;
    let kill = "select count(pg_terminate_backend(pid)) from pg_stat_activity \
         where datname = current_database() and wait_event = 'transactionid'";
    assert_eq!(number(&database, kill).await, 1);
    let died = migrations.join_next().await.expect("two").expect("no panic");
    assert!(died.is_err(), "{died:?}");
    waits_for(&database, "transactionid").await;
    in_the_way.client.batch_execute("rollback").await.expect("gone");
    let other = migrations.join_next().await.expect("one").expect("no panic");
    assert!(other.is_ok_and(|steps| steps > 0), "the other one did it");
    is_complete(&database).await;
}

/// F-37: the same on a file, where the one that dies is a connection that ends without a commit.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_migration_that_dies_half_way_is_made_up_for_on_sqlite() {
    let database = TestDatabase::sqlite();
    let path = database.url().trim_start_matches("sqlite:").to_owned();
    let dying = rusqlite::Connection::open(&path).expect("opened");
    let half = "pragma journal_mode = wal; begin immediate; create table windlass_pending (id)";
    dying.execute_batch(half).expect("half of it");
    let (done, answers) = std::sync::mpsc::channel();
    let waiting: Vec<_> = [done.clone(), done]
        .into_iter()
        .map(|done| {
            let url = database.url();
            std::thread::spawn(move || {
                let runtime = tokio::runtime::Runtime::new().expect("a runtime");
                done.send(runtime.block_on(windlass::migrate(&url))).expect("it is heard");
            })
        })
        .collect();
    let early = answers.recv_timeout(Duration::from_millis(300));
    assert!(early.is_err(), "it did not wait: {early:?}");
    drop(dying);
    waiting.into_iter().for_each(|thread| thread.join().expect("no panic"));
    let steps: u32 = answers.iter().map(|steps| steps.expect("it succeeds")).sum();
    assert!(steps > 0, "one of them did it");
    is_complete(&database).await;
}

/// The schema is the one this program knows, and works.
async fn is_complete(database: &TestDatabase) {
    let store = windlass::open_checked(&database.url()).await.expect("the schema is complete");
    let registered = registered(&store).await;
    enqueue(&store, 1).await;
    let batch = claim_many(&store, &registered, 1).await;
    assert_eq!(end(&store, &batch, 0).await, Settled::Done);
    assert_eq!(store.counts().await.expect("counted").of(State::Completed), 1);
}

async fn registered(store: &Arc<dyn Store>) -> Registration {
    let registration = worker().registration();
    store.register(&registration, Now::Database).await.expect("registered");
    registration
}

async fn enqueue(store: &Arc<dyn Store>, number: usize) {
    let new: Vec<_> = (0..number).map(|_| job().done()).collect();
    store.enqueue(&new, Now::Database).await.expect("written");
}

async fn claim(store: &Arc<dyn Store>, registration: &Registration) -> Batch {
    claim_many(store, registration, 1).await
}

async fn claim_many(store: &Arc<dyn Store>, registration: &Registration, most: usize) -> Batch {
    store.claim(&request(registration, most), Now::Database).await.expect("claimed")
}

async fn end(store: &Arc<dyn Store>, batch: &Batch, nth: usize) -> Settled {
    let job = &batch.jobs[nth];
    let worker = store.workers().await.expect("read")[0].id;
    let one = [settlement(batch, nth, complete())];
    store
        .settle(worker, &one, Now::Database)
        .await
        .unwrap_or_else(|error| panic!("{}: {error}", job.id))[0]
}

/// A claim that is made to wait this long.
async fn claim_slowly(
    database: &TestDatabase,
    store: &Arc<dyn Store>,
    registration: &Registration,
    wait: Duration,
) {
    let held = begun(database, "lock table windlass.lease").await;
    let mut claiming = pin!(claim(store, registration));
    tokio::time::timeout(wait, &mut claiming).await.expect_err("it waits for the lock");
    held.client.batch_execute("commit").await.expect("let go");
    assert_eq!(claiming.await.jobs.len(), 1);
}

/// A transaction that has done this and is still open.
pub(crate) async fn begun(database: &TestDatabase, statement: &str) -> Connection {
    let connection = connect(database).await;
    let begun = connection.client.batch_execute(&format!("begin; {statement}")).await;
    begun.expect("begun");
    connection
}

/// Waits until somebody waits for a lock of this kind.
pub(crate) async fn waits_for(database: &TestDatabase, lock: &str) {
    several_wait_for(database, lock, 1).await;
}

async fn several_wait_for(database: &TestDatabase, lock: &str, number: i64) {
    let question = format!(
        "select count(*) from pg_stat_activity where datname = current_database() and wait_event = '{lock}'"
    );
    let connection = connect(database).await;
    let waits = async {
        loop {
            let row = connection.client.query_one(&question, &[]).await.expect("asked");
            if row.get::<_, i64>(0) >= number {
                return;
            }
        }
    };
    tokio::time::timeout(SOON, waits).await.expect("somebody waits soon");
}

async fn partitions(database: &TestDatabase) -> i64 {
    let partitions = "select count(*) from pg_inherits i join pg_class c on c.oid = i.inhrelid \
         where i.inhparent = 'windlass.finished'::regclass and c.relname ~ '[0-9]$'";
    number(database, partitions).await
}

async fn number(database: &TestDatabase, question: &str) -> i64 {
    let connection = connect(database).await;
    connection.client.query_one(question, &[]).await.expect("asked").get(0)
}
