//! Open transactions of strangers on PostgreSQL, which last as long as their owners like: a caller that has to wait for one is in
//! nobody's way, and no two callers wait for each other.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use windlass::archive::Onto;
use windlass::prelude::*;
use windlass::schedule::{
    Declared, Definition, FireRound, NextRun, Owner, ScheduleRecord, declare, fire_due,
};
use windlass::store::{Now, Store};
use windlass::worker::{Beat, MinimumBuild, Registration};
use windlass::{Enqueued, Lane, Limit, LimitOn, Schedule, State, Unique};
use windlass_testkit::draft::{Draft, job};
use windlass_testkit::worker::{request, worker};

use crate::probes::Okay;
use crate::races::{begun, waits_for};
use crate::test_database::{Connection, SOON, TestDatabase, connect};

/// A store with a worker that lives.
pub(crate) struct Shared {
    pub(crate) database: TestDatabase,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) client: Client,
    pub(crate) registration: Registration,
}

impl Shared {
    pub(crate) async fn open() -> Self {
        let database = TestDatabase::postgres();
        let store = database.open().await;
        let registration = worker().registration();
        store.register(&registration, Now::Database).await.expect("registered");
        Self { client: Client::new(Arc::clone(&store)), database, store, registration }
    }

    /// What a heartbeat has to wait for is a lost worker before long.
    async fn heartbeats_go_on(&self) {
        for _ in 0..5 {
            let worker = &self.registration;
            let beat = self.store.heartbeat(worker.worker, worker.lease.into(), Now::Database);
            tokio::time::timeout(worker.lease / 10, beat).await.expect("it waits").expect("alive");
        }
    }

    pub(crate) async fn begun(&self, statement: &str) -> Connection {
        begun(&self.database, statement).await
    }

    async fn start(&self, name: &str, job: Draft) {
        let rule = Schedule::rule("every 1h").expect("a rule");
        let definition = Definition::new(rule, job.done()).expect("a job");
        let by = "app".to_owned();
        let one = [Declared { name: name.to_owned(), definition, owner: Owner::Code, by }];
        declare(&*self.store, &one, Now::Database).await.expect("declared");
        fire_due(&*self.store, Now::Database).await.expect("computed");
    }

    async fn fire(&self, now: Now) -> FireRound {
        let round = fire_due(&*self.store, now);
        let round = tokio::time::timeout(self.registration.lease / 10, round);
        round.await.expect("it waits").expect("fired")
    }

    /// How many jobs a claim of so many gets, which waits for nobody.
    async fn claim(&self, jobs: usize) -> usize {
        let request = request(&self.registration, jobs);
        let claim = self.store.claim(&request, Now::Database);
        let claim = tokio::time::timeout(self.registration.lease / 10, claim);
        claim.await.expect("it waits").expect("claimed").jobs.len()
    }

    async fn schedule(&self, name: &str) -> ScheduleRecord {
        self.store.schedule(name).await.expect("read").expect("it is there")
    }
}

pub(crate) async fn commit(connection: &Connection) {
    connection.client.batch_execute("commit").await.expect("committed");
}

fn with_key() -> Draft {
    job().unique(Unique::by("a"))
}

/// C4, O32, I-S2: a schedule whose unique key, whose lane or whose row an open transaction keeps stops no other one, and is
/// fired once that is over; till then nobody looks more than once a second.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_schedule_that_a_transaction_keeps_stops_no_other() {
    let shared = Shared::open().await;
    let lane = || Lane::by("a").refused_by("strong");
    let kept = ["key", "lane", "row"];
    shared.start(kept[0], with_key()).await;
    shared.start(kept[1], job().lane(lane())).await;
    shared.start(kept[2], job()).await;
    shared.start("free", job()).await;
    shared.start("free-key", job().unique(Unique::by("b"))).await;
    shared.start("free-lane", job().lane(Lane::by("b").refused_by("strong"))).await;
    let stranger = shared
        .begun(
            "select windlass.enqueue('work', '1', '{\"unique_key\": \"a\"}'); \
             select windlass.enqueue('x', '1', '{\"lane\": \"a\", \"supersedes\": [\"y\"]}'); \
             update windlass.schedule set note = 'seen' where name = 'row'",
        )
        .await;
    let NextRun::At(due) = shared.schedule("free").await.next else { panic!("it is computed") };
    let later = Now::At(due.after(Duration::from_secs(60)));
    let round = shared.fire(later).await;
    assert_eq!((round.jobs, round.next_due), (3, Some(Duration::from_secs(1))));
    for name in ["free", "free-key", "free-lane"] {
        assert_eq!(shared.schedule(name).await.fired, 1, "{name}");
    }
    for name in kept {
        let record = shared.schedule(name).await;
        assert_eq!((record.fired, record.next_at() <= Some(due)), (0, true), "{name}: still due");
    }
    shared.heartbeats_go_on().await;
    commit(&stranger).await;
    shared.fire(later).await;
    let fired = [0, 1, 1];
    for (name, fired) in kept.into_iter().zip(fired) {
        let record = shared.schedule(name).await;
        assert_eq!((record.fired, record.next_at() > Some(due)), (fired, true), "{name}");
    }
}

/// C4, I-U4: a retry that waits for the unique key of an open transaction holds up nothing else of its process, and goes on
/// when that ends.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_retry_that_waits_is_in_nobodys_way() {
    let shared = Shared::open().await;
    let ended = shared.store.enqueue(&[with_key().done()], Now::Database).await.expect("written");
    let ended = ended[0].id();
    shared.client.cancel(&[ended], "not wanted").await.expect("cancelled");
    let stranger =
        shared.begun("select windlass.enqueue('work', '1', '{\"unique_key\": \"a\"}')").await;
    let retry = {
        let client = shared.client.clone();
        tokio::runtime::Handle::current().spawn(async move { client.retry(&[ended]).await })
    };
    waits_for(&shared.database, "transactionid").await;
    shared.heartbeats_go_on().await;
    assert!(!retry.is_finished(), "the transaction is open");
    stranger.client.batch_execute("rollback").await.expect("rolled back");
    let answers = tokio::time::timeout(SOON, retry).await.expect("it goes on").expect("it ran");
    assert_eq!(answers.expect("answered"), [windlass::job::Retried::Now]);
}

/// C4, O9: a limit that is set beside an open transaction that sets one holds up nothing else of its process.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_limit_that_waits_is_in_nobodys_way() {
    let shared = Shared::open().await;
    let stranger = shared.begun("select windlass.set_limit('kind:a', '{\"running\": 1}')").await;
    let set = {
        let client = shared.client.clone();
        let limit = Limit::on(LimitOn::Kind("a".into())).running(2);
        tokio::runtime::Handle::current().spawn(async move { client.set_limit(&limit).await })
    };
    waits_for(&shared.database, "transactionid").await;
    shared.heartbeats_go_on().await;
    assert!(!set.is_finished(), "the transaction is open");
    commit(&stranger).await;
    tokio::time::timeout(SOON, set).await.expect("it goes on").expect("it ran").expect("set");
    let limits = shared.client.limits().await.expect("listed");
    assert_eq!(limits[0].limit.running, Some(2));
}

/// C4: a job of a paused kind that an open transaction keeps is moved aside later, and does not hold up the leader.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_that_a_transaction_keeps_does_not_hold_up_a_sweep() {
    let shared = Shared::open().await;
    let jobs = [job().done(), job().done()];
    shared.store.enqueue(&jobs, Now::Database).await.expect("written");
    shared.client.pause_kind("work").await.expect("paused");
    let keep =
        format!("select from windlass.pending where id = '{}' for share", jobs[0].id.as_uuid());
    let stranger = shared.begun(&keep).await;
    for _ in 0..2 {
        let sweep = shared.store.sweep(shared.registration.worker, Now::Database);
        let swept = tokio::time::timeout(shared.registration.lease / 10, sweep);
        assert!(swept.await.expect("it waits").expect("swept").leads);
    }
    let waiting = async || shared.client.counts().await.expect("counted").of(State::Waiting);
    assert_eq!(waiting().await, 1);
    commit(&stranger).await;
    shared.store.sweep(shared.registration.worker, Now::Database).await.expect("swept");
    assert_eq!(waiting().await, 2);
}

fn okay() -> windlass::Draft<Okay> {
    Okay { number: 1 }.job()
}

/// A call in a transaction of its own, by the library or by SQL, that has to wait for the stranger's lock. Meanwhile another
/// call is not kept from what comes later in the order of the locks.
async fn waits_first(
    shared: &Shared,
    (stranger, lock): (Connection, &str),
    call: Result<[windlass::Draft<Okay>; 2], &str>,
    other: windlass::Draft<Okay>,
) {
    let mut caller = connect(&shared.database).await;
    let transaction = caller.client.transaction().await.expect("begun");
    {
        let mut enqueue = pin!(async {
            match call {
                Ok(drafts) => {
                    let mut within = shared.client.within(&transaction);
                    within.enqueue_all(drafts).await.map(drop).expect("answered");
                }
                Err(sql) => transaction.batch_execute(sql).await.expect("answered"),
            }
        });
        tokio::select! {
            () = &mut enqueue => panic!("it did not wait"),
            () = waits_for(&shared.database, lock) => {}
        }
        let other = shared.client.enqueue(other);
        let written = tokio::time::timeout(SOON, other).await.expect("it waits").expect("written");
        assert!(matches!(written, Enqueued::New(_)), "{written:?}");
        stranger.client.batch_execute("rollback").await.expect("rolled back");
        tokio::time::timeout(SOON, enqueue).await.expect("it goes on");
    }
    transaction.commit().await.expect("committed");
}

/// I-U1, C23: who waits for the first of its keys has none of the others yet, whatever the order of its jobs and whatever
/// their lanes, so that two callers do not wait for each other: by the library and by SQL.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_are_taken_in_one_order() {
    let key = |lane: &str, key: &str| okay().lane(Lane::by(lane)).unique(Unique::by(key));
    let sql = "select windlass.enqueue_many('[{\"kind\": \"probe.ok\", \"unique_key\": \"2\"}, \
               {\"kind\": \"probe.ok\", \"unique_key\": \"1\"}]')";
    for call in [Ok([key("a", "2"), key("b", "1")]), Err(sql)] {
        let shared = Shared::open().await;
        let first = "select windlass.enqueue('probe.ok', '1', '{\"unique_key\": \"1\"}')";
        let stranger = shared.begun(first).await;
        waits_first(&shared, (stranger, "transactionid"), call, okay().unique(Unique::by("2")))
            .await;
        let counts = shared.client.counts().await.expect("counted");
        assert_eq!(counts.of(State::Available), 2);
    }
}

/// T32: who waits for the first of its lanes is in none of the others yet, and has no key: by the library and by SQL.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lanes_are_entered_in_one_order_and_before_keys() {
    for by_sql in [false, true] {
        let shared = Shared::open().await;
        let order = "select case when hashtext('l1') < hashtext('l2') then 1 else 2 end";
        let asked = connect(&shared.database).await;
        let first: i32 = asked.client.query_one(order, &[]).await.expect("asked").get(0);
        let second = 3 - first;
        let sql = format!(
            r#"select windlass.enqueue_many('[
               {{"kind": "probe.ok", "lane": "{second}", "supersedes": ["x"]}},
               {{"kind": "probe.ok", "lane": "{first}", "supersedes": ["x"], "unique_key": "1"}}]')"#
        );
        let lane = |lane: i32| okay().lane(Lane::by(lane.to_string()).supersedes("x"));
        let call = match by_sql {
            true => Err(&*sql),
            false => Ok([lane(second), lane(first).unique(Unique::by("1"))]),
        };
        let enter = format!(
            r#"select windlass.enqueue('y', '1', '{{"lane": "{first}", "supersedes": ["x"]}}')"#
        );
        let stranger = shared.begun(&enter).await;
        let other = lane(second).unique(Unique::by("1"));
        waits_first(&shared, (stranger, "advisory"), call, other).await;
        let counts = shared.client.counts().await.expect("counted");
        assert_eq!(counts.of(State::Available), 2, "the key was taken by the other");
    }
}

/// C4, O9: a transaction in which somebody sets a limit, or ends a job that runs under one, holds no claim up.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_limit_that_is_being_set_holds_up_no_claim() {
    let shared = Shared::open().await;
    let lane = |key: &str| job().lane(Lane::by(key)).done();
    shared.store.enqueue(&[lane("a"), lane("b")], Now::Database).await.expect("written");
    assert_eq!(shared.claim(1).await, 1);
    let setting =
        shared.begun("select windlass.set_limit('queue:elsewhere', '{\"running\": 5}')").await;
    assert_eq!(shared.claim(1).await, 1, "another lane");
    commit(&setting).await;
    let limit = Limit::on(LimitOn::Kind("work".into())).running(3);
    shared.client.set_limit(&limit).await.expect("set");
    shared.store.enqueue(&[lane("c"), lane("d")], Now::Database).await.expect("written");
    assert_eq!(shared.claim(9).await, 1, "two run, three may");
    let ending = shared.begun("delete from windlass.permit").await;
    assert_eq!(shared.claim(9).await, 0, "three run as far as anybody knows");
    ending.client.batch_execute("rollback").await.expect("rolled back");
}

/// I-O3: a job that a claim has taken without seeing a limit that was just set is counted in by the next claims.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_claim_that_has_not_seen_a_limit_counts() {
    let shared = Shared::open().await;
    let jobs = [job().done(), job().done()];
    shared.store.enqueue(&jobs, Now::Database).await.expect("written");
    assert_eq!(shared.claim(1).await, 1);
    let limit = Limit::on(LimitOn::Kind("work".into())).running(1);
    shared.client.set_limit(&limit).await.expect("set");
    assert_eq!(shared.claim(1).await, 0, "counted in");
    // What such a claim leaves behind when it commits now: a job that runs, and no permit.
    let late = shared.begun("delete from windlass.permit").await;
    commit(&late).await;
    assert_eq!(shared.claim(1).await, 0, "and again");
}

/// C4: who cancels or moves a job, or pauses, resumes or puts a schedule, that an open transaction keeps is in nobody's way.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_transaction_keeps_is_waited_for_in_nobodys_way() {
    let shared = Shared::open().await;
    shared.start("nightly", job()).await;
    let ids = shared.store.enqueue(&[job().done(), job().done()], Now::Database).await;
    let ids = ids.expect("written").iter().map(|one| one.id()).collect::<Vec<_>>();
    let kept =
        "update windlass.schedule set note = 'seen'; select from windlass.pending for update";
    let (cancelled, moved) = ([ids[0]], [ids[1]]);
    let calls: [std::pin::Pin<Box<dyn Future<Output = bool> + Send>>; 4] = [
        Box::pin({
            let client = shared.client.clone();
            async move { client.cancel(&cancelled, "not wanted").await.is_ok() }
        }),
        Box::pin({
            let store = Arc::clone(&shared.store);
            async move { store.move_jobs(&moved, "mail").await.is_ok() }
        }),
        Box::pin({
            let store = Arc::clone(&shared.store);
            async move {
                store.pause_schedule("nightly", None, Now::Database).await.is_ok_and(|done| done)
            }
        }),
        Box::pin({
            let store = Arc::clone(&shared.store);
            async move { store.remove_schedule("nightly", Now::Database).await.is_ok_and(|done| done) }
        }),
    ];
    for call in calls {
        let stranger = shared.begun(kept).await;
        let call = tokio::runtime::Handle::current().spawn(call);
        waits_for(&shared.database, "transactionid").await;
        shared.heartbeats_go_on().await;
        assert!(!call.is_finished(), "the transaction is open");
        commit(&stranger).await;
        assert!(tokio::time::timeout(SOON, call).await.expect("it goes on").expect("it ran"));
    }
}

/// X18, T46: what was written while a heartbeat waited for the worker's row comes with it: the flag that told of it is down.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_heartbeat_that_waited_brings_what_it_waited_for() {
    let shared = Shared::open().await;
    shared.store.enqueue(&[job().done()], Now::Database).await.expect("written");
    let request = request(&shared.registration, 1);
    let batch = shared.store.claim(&request, Now::Database).await.expect("claimed");
    let asked = format!(
        "insert into windlass.cancel_request (job, worker, reason) values ('{}', '{worker}', 'late'); \
         select windlass.require_build('shop 3'); \
         update windlass.worker set attention = true where id = '{worker}'",
        batch.jobs[0].id.as_uuid(),
        worker = shared.registration.worker.as_uuid(),
    );
    let stranger = shared.begun(&asked).await;
    let beat = {
        let (store, worker) = (Arc::clone(&shared.store), shared.registration.clone());
        tokio::runtime::Handle::current().spawn(async move {
            store.heartbeat(worker.worker, worker.lease.into(), Now::Database).await
        })
    };
    waits_for(&shared.database, "transactionid").await;
    commit(&stranger).await;
    let beat = tokio::time::timeout(SOON, beat).await.expect("it goes on").expect("it ran");
    let Beat::Alive { required, cancels, .. } = beat.expect("answered") else { panic!("it lives") };
    assert_eq!(cancels, [(batch.jobs[0].id, "late".to_owned())]);
    assert_eq!(required, [MinimumBuild::new("shop 3").expect("a minimum")]);
}

/// C4: who takes all tables, as a restore and a move do, lets a stranger pass who has taken some in another order.
#[tokio::test]
async fn all_tables_are_taken_after_a_stranger_of_another_order() {
    let database = TestDatabase::postgres();
    drop(database.open().await);
    let archive = windlass::open_archive(&database.url()).await.expect("it opens");
    // Which of the two the server ends is up to it, where the stranger comes late.
    loop {
        let stranger = begun(&database, "select from windlass.worker").await;
        let goes_first = async {
            waits_for(&database, "relation").await;
            stranger.client.batch_execute("select from windlass.alert; commit").await
        };
        let (writes, went) = tokio::join!(archive.write(Onto::Empty), goes_first);
        assert!(writes.is_ok(), "it comes after");
        if went.is_ok() {
            return;
        }
    }
}
