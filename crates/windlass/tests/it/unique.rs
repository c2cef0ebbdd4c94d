//! Unique keys in callers' own transactions, through every driver and by SQL.

use std::pin::pin;

use windlass::job::{Completion, Fence, Gate, Settled, Step};
use windlass::prelude::*;
use windlass::store::Now;
use windlass::{Enqueued, State, StoreError, Unique};
use windlass_testkit::worker::{request, worker};

use crate::probes::Okay;
use crate::races::waits_for;
use crate::test_database::{SOON, TestDatabase, connect};

fn unique(number: u32) -> windlass::Draft<Okay> {
    Okay { number }.job().unique(Unique::by("a"))
}

#[derive(serde::Serialize, serde::Deserialize, Job)]
#[job(kind = "account.close", unique(by = [account]))]
struct Close {
    account: i64,
    why: String,
}

/// T51: jobs with the same key fields are one, whatever else differs; others are others.
#[tokio::test]
async fn a_key_of_fields_looks_at_these_alone() {
    for database in [TestDatabase::sqlite(), TestDatabase::postgres()] {
        let client = Client::new(database.open().await);
        let close = async |account, why: &str| {
            client.enqueue(Close { account, why: why.to_owned() }).await.expect("asked")
        };
        let first = close(1, "unpaid").await.id();
        assert_eq!(close(1, "asked for").await, Enqueued::Kept(first));
        assert!(matches!(close(2, "unpaid").await, Enqueued::New(_)));
    }
}

async fn waiting(client: &Client) -> u64 {
    client.counts().await.expect("counted").of(State::Available)
}

/// C23, I-U1: of two open transactions with one key the second waits for the end of the first: where that commits
/// it finds its job, where it rolls back it writes its own.
#[tokio::test]
async fn the_second_of_two_open_transactions_waits() {
    for commits in [true, false] {
        let database = TestDatabase::postgres();
        let client = Client::new(database.open().await);
        let (mut first, mut second) = (connect(&database).await, connect(&database).await);
        let first = first.client.transaction().await.expect("begun");
        let second = second.client.transaction().await.expect("begun");
        let holder = client.within(&first).enqueue(unique(1)).await.expect("written").id();
        let answer = {
            let mut within = client.within(&second);
            let mut enqueue = pin!(within.enqueue(unique(2)));
            tokio::select! {
                answer = &mut enqueue => panic!("{answer:?} before the first one ended"),
                () = waits_for(&database, "transactionid") => {}
            }
            let ended = if commits { first.commit().await } else { first.rollback().await };
            ended.expect("ended");
            let answer = tokio::time::timeout(SOON, enqueue).await.expect("it goes on");
            answer.expect("answered")
        };
        match commits {
            true => assert_eq!(answer, Enqueued::Kept(holder)),
            false => assert!(matches!(answer, Enqueued::New(_)), "{answer:?}"),
        }
        second.commit().await.expect("committed");
        assert_eq!(waiting(&client).await, 1);
    }
}

/// C4, I-U4: an enqueue that waits for the key of an open transaction holds up nothing else of its process, and
/// goes on when that ends.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_waits_for_a_key_is_in_nobodys_way() {
    let database = TestDatabase::postgres();
    let store = database.open().await;
    let client = Client::new(store.clone());
    let registration = worker().knowing(&[("probe.ok", 1)]).registration();
    store.register(&registration, Now::Database).await.expect("registered");
    let mut other = connect(&database).await;
    let tx = other.client.transaction().await.expect("begun");
    let holder = client.within(&tx).enqueue(unique(1)).await.expect("written").id();
    let mut waiting = tokio::task::JoinSet::new();
    for number in 0..20 {
        let client = client.clone();
        waiting.spawn(async move { client.enqueue(unique(number)).await });
    }
    waits_for(&database, "transactionid").await;
    for _ in 0..5 {
        let beat = store.heartbeat(registration.worker, registration.lease.into(), Now::Database);
        tokio::time::timeout(registration.lease / 10, beat)
            .await
            .expect("it waits")
            .expect("alive");
        client.enqueue(Okay { number: 0 }).await.expect("a plain job is written");
    }
    assert!(waiting.try_join_next().is_none(), "the transaction is open");
    tx.commit().await.expect("committed");
    let answers = tokio::time::timeout(SOON, waiting.join_all()).await.expect("they go on");
    for answer in answers {
        assert_eq!(answer.expect("answered"), Enqueued::Kept(holder));
    }
}

/// T8, C4: a completion that brings a job with the key of an open transaction gives up before long: nothing of it is written, and
/// those behind it go on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_completion_does_not_wait_for_a_key() {
    let database = TestDatabase::postgres();
    let store = database.open().await;
    let client = Client::new(store.clone());
    let registration = worker().knowing(&[("probe.ok", 1)]).registration();
    store.register(&registration, Now::Database).await.expect("registered");
    client.enqueue_all([Okay { number: 1 }, Okay { number: 2 }]).await.expect("written");
    let batch = store.claim(&request(&registration, 2), Now::Database).await.expect("claimed");
    let mut other = connect(&database).await;
    let tx = other.client.transaction().await.expect("begun");
    client.within(&tx).enqueue(unique(1)).await.expect("written");
    let complete = async |nth: usize, job: windlass::NewJob| {
        let (job_of, label) = (batch.jobs[nth].clone(), registration.label.as_str().into());
        let fence = Fence { lease: batch.lease, job: job_of, worker: registration.worker, label };
        let what = Completion { output: None, ran: None, jobs: vec![job], events: Vec::new() };
        let answer = store.complete_with(&fence, &what, Now::Database);
        tokio::time::timeout(SOON, answer).await.expect("it does not wait")
    };
    let pipeline = client.pipeline();
    let prepared = |draft: windlass::Draft<Okay>| pipeline.prepare(draft).expect("it is in order");
    let (held, free) = (prepared(unique(2)), prepared(Okay { number: 3 }.job()));
    let (first, second) = tokio::join!(complete(0, held.clone()), complete(1, free));
    assert!(first.is_err_and(|error| error.is_passing()));
    assert_eq!(second.expect("answered"), Settled::Done);
    tx.rollback().await.expect("rolled back");
    assert_eq!(complete(0, held).await.expect("answered"), Settled::Done);
    assert_eq!(waiting(&client).await, 2);
}

/// O24, C24: a job that an open transaction met does not begin before that is over: it sees what was written there.
#[tokio::test]
async fn a_job_that_was_met_waits_for_the_transaction() {
    let database = TestDatabase::postgres();
    let store = database.open().await;
    let client = Client::new(store.clone());
    let started = || Okay { number: 1 }.job().unique(Unique::by("a").until_started());
    let first = client.enqueue(started()).await.expect("written").id();
    let registration = worker().knowing(&[("probe.ok", 1)]).registration();
    store.register(&registration, Now::Database).await.expect("registered");
    let mut other = connect(&database).await;
    let tx = other.client.transaction().await.expect("begun");
    assert_eq!(client.within(&tx).enqueue(started()).await.expect("asked"), Enqueued::Kept(first));
    let claim = async || {
        let claim = request(&registration, 9);
        store.claim(&claim, Now::Database).await.expect("claimed").jobs.len()
    };
    assert_eq!(claim().await, 0, "the transaction is open");
    let explained = client.explain(first).await.expect("asked").expect("it is there");
    let is_locked = |gate: &Gate| matches!(gate, Gate::Locked { .. });
    assert!(explained.shut().any(is_locked), "{explained:?}");
    assert_eq!(explained.next.step, Step::Unlock);
    tx.commit().await.expect("committed");
    assert_eq!(claim().await, 1);
}

/// T1, C22: through every driver on PostgreSQL the same answers; a rejected job leaves the transaction as it was.
#[tokio::test]
async fn every_driver_answers_alike_on_postgres() {
    use sqlx::Connection as _;
    use sqlx_0_8::Connection as _;
    let database = TestDatabase::postgres();
    let client = Client::new(database.open().await);
    let holder = client.enqueue(unique(1)).await.expect("written").id();
    let rejecting = || Okay { number: 3 }.job().unique(Unique::by("a").reject());
    let replacing = || Okay { number: 4 }.job().unique(Unique::by("a").replace());
    macro_rules! check {
        ($tx:ident, $on:expr) => {{
            let mut within = client.within($on);
            assert_eq!(within.enqueue(unique(2)).await.expect("asked"), Enqueued::Kept(holder));
            let refused = within.enqueue_all([rejecting(), unique(5)]).await;
            assert!(matches!(refused, Err(StoreError::Duplicate { job, .. }) if job == holder));
            let replaced = within.enqueue(replacing()).await.expect("the transaction goes on");
            assert_eq!(replaced, Enqueued::Replaced(holder));
            drop(within);
            $tx.commit().await.expect("committed");
        }};
    }
    let mut connection = connect(&database).await;
    let tx = connection.client.transaction().await.expect("begun");
    check!(tx, &tx);
    let mut connection = sqlx::PgConnection::connect(&database.url()).await.expect("opened");
    let mut tx = connection.begin().await.expect("begun");
    check!(tx, &mut tx);
    let mut connection = sqlx_0_8::PgConnection::connect(&database.url()).await.expect("opened");
    let mut tx = connection.begin().await.expect("begun");
    check!(tx, &mut tx);
    assert_eq!(waiting(&client).await, 1);
    let args = client.job(holder).await.expect("read").expect("there").args;
    assert_eq!(args.as_str(), r#"{"number":4}"#);
    let kept = client.duplicates(100).await.expect("read").newest.len();
    assert_eq!(kept, 9, "three of each driver");
}

/// The same on SQLite.
#[tokio::test]
async fn every_driver_answers_alike_on_sqlite() {
    use sqlx::Connection as _;
    let database = TestDatabase::sqlite();
    let client = Client::new(database.open().await);
    let holder = client.enqueue(unique(1)).await.expect("written").id();
    let rejecting = || Okay { number: 3 }.job().unique(Unique::by("a").reject());
    let replacing = || Okay { number: 4 }.job().unique(Unique::by("a").replace());

    let path = database.url().trim_start_matches("sqlite:").to_owned();
    let mut connection = rusqlite::Connection::open(path).expect("opened");
    let tx = connection.transaction().expect("begun");
    let mut within = client.within(&tx);
    assert_eq!(within.enqueue_blocking(unique(2)).expect("asked"), Enqueued::Kept(holder));
    let refused = within.enqueue_all_blocking([unique(5), rejecting()]);
    assert!(matches!(refused, Err(StoreError::Duplicate { job, .. }) if job == holder));
    assert_eq!(within.enqueue_blocking(replacing()).expect("asked"), Enqueued::Replaced(holder));
    tx.commit().expect("committed");

    let mut connection = sqlx::SqliteConnection::connect(&database.url()).await.expect("opened");
    let mut tx = connection.begin_with("BEGIN IMMEDIATE").await.expect("begun");
    let mut within = client.within(&mut tx);
    assert_eq!(within.enqueue(unique(2)).await.expect("asked"), Enqueued::Kept(holder));
    let refused = within.enqueue_all([unique(5), rejecting()]).await;
    assert!(matches!(refused, Err(StoreError::Duplicate { job, .. }) if job == holder));
    assert_eq!(within.enqueue(replacing()).await.expect("asked"), Enqueued::Replaced(holder));
    drop(within);
    tx.commit().await.expect("committed");

    assert_eq!(waiting(&client).await, 1);
    let args = client.job(holder).await.expect("read").expect("there").args;
    assert_eq!(args.as_str(), r#"{"number":4}"#);
}

/// I-D4, I-U3: a key that was taken in a transaction that rolls back is free.
#[tokio::test]
async fn a_rollback_leaves_no_key_behind() {
    let database = TestDatabase::postgres();
    let client = Client::new(database.open().await);
    let mut connection = connect(&database).await;
    let tx = connection.client.transaction().await.expect("begun");
    client.within(&tx).enqueue(unique(1)).await.expect("written");
    tx.rollback().await.expect("rolled back");
    assert!(matches!(client.enqueue(unique(2)).await, Ok(Enqueued::New(_))));

    let database = TestDatabase::sqlite();
    let client = Client::new(database.open().await);
    let path = database.url().trim_start_matches("sqlite:").to_owned();
    let mut connection = rusqlite::Connection::open(path).expect("opened");
    let tx = connection.transaction().expect("begun");
    client.within(&tx).enqueue_blocking(unique(1)).expect("written");
    tx.rollback().expect("rolled back");
    assert!(matches!(client.enqueue(unique(2)).await, Ok(Enqueued::New(_))));
}

/// I-U3: a row that somebody deletes by hand holds no key.
#[tokio::test]
async fn a_job_deleted_by_hand_holds_no_key() {
    let database = TestDatabase::postgres();
    let client = Client::new(database.open().await);
    client.enqueue(unique(1)).await.expect("written");
    let admin = connect(&database).await;
    admin.client.batch_execute("delete from windlass.pending").await.expect("deleted");
    assert!(matches!(client.enqueue(unique(2)).await, Ok(Enqueued::New(_))));

    let database = TestDatabase::sqlite();
    let client = Client::new(database.open().await);
    client.enqueue(unique(1)).await.expect("written");
    let path = database.url().trim_start_matches("sqlite:").to_owned();
    let admin = rusqlite::Connection::open(path).expect("opened");
    admin.execute("delete from windlass_pending", []).expect("deleted");
    assert!(matches!(client.enqueue(unique(2)).await, Ok(Enqueued::New(_))));
}

/// I-X3: a job that is gone and comes again with its id and its key is written, though its key is still noted.
#[tokio::test]
async fn a_job_that_comes_again_with_its_id_is_written() {
    let id = JobId::new();
    let database = TestDatabase::sqlite();
    let client = Client::new(database.open().await);
    client.enqueue(unique(1).id(id)).await.expect("written");
    let path = database.url().trim_start_matches("sqlite:").to_owned();
    let admin = rusqlite::Connection::open(path).expect("opened");
    admin.execute("delete from windlass_pending", []).expect("deleted");
    assert_eq!(client.enqueue(unique(1).id(id)).await.expect("written"), Enqueued::New(id));
    assert_eq!(waiting(&client).await, 1);

    let database = TestDatabase::postgres();
    let client = Client::new(database.open().await);
    client.enqueue(unique(1).id(id)).await.expect("written");
    let admin = connect(&database).await;
    admin.client.batch_execute("delete from windlass.pending").await.expect("deleted");
    assert_eq!(client.enqueue(unique(1).id(id)).await.expect("written"), Enqueued::New(id));
    assert_eq!(waiting(&client).await, 1);
}

/// X16: the SQL function does what the drivers do, returns the job that holds the key, and refuses what makes no sense.
#[tokio::test]
async fn the_sql_function_knows_unique_keys() {
    let database = TestDatabase::postgres();
    let client = Client::new(database.open().await);
    let holder = client.enqueue(unique(1)).await.expect("written").id();
    let connection = connect(&database).await;
    let enqueue = async |options: &str| {
        let sql =
            format!("select windlass.enqueue('probe.ok', '{{\"number\": 9}}', '{options}')::text");
        connection.client.query_one(&sql, &[]).await.map(|row| row.get::<_, String>(0))
    };
    let kept = enqueue(r#"{"unique_key": "a"}"#).await.expect("asked");
    assert_eq!(kept, holder.as_uuid().to_string());
    let error =
        enqueue(r#"{"unique_key": "a", "on_conflict": "reject"}"#).await.expect_err("rejected");
    assert!(error.as_db_error().expect("a refusal").message().contains("is there already"));
    enqueue(r#"{"unique_key": "a", "on_conflict": "replace"}"#).await.expect("asked");
    let args = client.job(holder).await.expect("read").expect("there").args;
    assert_eq!(args.as_str(), r#"{"number": 9}"#);
    for wrong in [
        r#"{"unique_key": ""}"#,
        r#"{"unique_key": null}"#,
        r#"{"on_conflict": "keep"}"#,
        r#"{"unique_key": "b", "on_conflict": "ignore"}"#,
        r#"{"unique_key": "b", "unique_until": "cancelled"}"#,
        r#"{"unique_key": "b", "unique_for": "0 s"}"#,
        r#"{"unique_key": "b", "unique_for": "-5 s"}"#,
        r#"{"unique_key": "b", "unique_for": "soon"}"#,
        r#"{"unique_key": "b", "unique_for": "1 h", "unique_until": "started"}"#,
    ] {
        assert!(enqueue(wrong).await.is_err(), "{wrong}");
    }
    let long = format!(r#"{{"unique_key": "{}"}}"#, "x".repeat(10_000));
    assert!(enqueue(&long).await.is_err());
    assert_eq!(waiting(&client).await, 1);
}

/// X16: so does the view.
#[tokio::test]
async fn the_sqlite_view_knows_unique_keys() {
    let database = TestDatabase::sqlite();
    let client = Client::new(database.open().await);
    let holder = client.enqueue(unique(1)).await.expect("written").id();
    let path = database.url().trim_start_matches("sqlite:").to_owned();
    let connection = rusqlite::Connection::open(path).expect("opened");
    let enqueue = |columns: &str, values: &str| {
        let sql = format!(
            "insert into windlass_enqueue (kind, args, {columns}) values ('probe.ok', '{{\"number\":9}}', {values})"
        );
        connection.execute(&sql, []).map_err(|error| error.to_string())
    };
    enqueue("unique_key", "'a'").expect("kept");
    let error = enqueue("unique_key, on_conflict", "'a', 'reject'").expect_err("rejected");
    assert!(error.contains("the unique key is held by another job"), "{error}");
    enqueue("unique_key, on_conflict", "'a', 'replace'").expect("replaced");
    let args = client.job(holder).await.expect("read").expect("there").args;
    assert_eq!(args.as_str(), r#"{"number":9}"#);
    let long = format!("'{}'", "x".repeat(10_000));
    for (columns, values) in [
        ("unique_key", "''"),
        ("unique_key", "5"),
        ("unique_key", "'a' || char(0)"),
        ("unique_key", long.as_str()),
        ("on_conflict", "'keep'"),
        ("meta", r#"'{"unique":{"key":"a"}}'"#),
        ("unique_key, on_conflict", "'b', 'ignore'"),
        ("unique_key, unique_until", "'b', 'cancelled'"),
        ("unique_key, unique_for", "'b', 0"),
        ("unique_key, unique_for", "'b', '1h'"),
        ("unique_key, unique_for, unique_until", "'b', 5000, 'started'"),
    ] {
        let refused = enqueue(columns, values).expect_err(values);
        assert!(refused.contains("windlass: "), "{columns} {values}: {refused}");
    }
    assert_eq!(waiting(&client).await, 1);
}
