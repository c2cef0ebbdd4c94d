//! Conditions: with workers that run, in callers' own transactions, by SQL, and beside open transactions of others.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use windlass::condition::{ConditionState, Signal, SignalAnswer, Waits};
use windlass::prelude::*;
use windlass::{JobRecord, Json, State, StoreError};

use crate::test_database::{TestDatabase, connect, ended, on_both_stores};

mod open_transactions;

#[path = "../../examples/final_notification.rs"]
#[expect(dead_code, reason = "its main is the example's alone")]
mod final_notification;

#[derive(Serialize, Deserialize, Job)]
#[job(kind = "link")]
struct Link {
    number: usize,
}

async fn link(job: Link, cx: Context) -> Result<usize, JobError> {
    let before = cx.conditions().await?.into_iter().find_map(|one| one.data);
    let before = before.and_then(|data| data.read::<usize>().ok());
    Ok(before.unwrap_or_default() + job.number)
}

on_both_stores! {
    /// T24: each job of a chain runs after the one before it, and adds to its output.
    a_chain_runs_link_by_link;
    /// A1–A4, A6: each build of the example has one final notification: its signals in any order, twice, early, and withdrawn.
    each_build_of_the_example_has_one_final_notification;
    /// T48: jobs that wait for signals take no slot, and each runs soon after its signal.
    jobs_that_wait_for_signals_take_no_slot;
}

async fn a_chain_runs_link_by_link(database: TestDatabase) {
    let store = database.open().await;
    let client = Client::new(Arc::clone(&store));
    let mut last: Option<JobId> = None;
    let chain: Vec<_> = (1..=40)
        .map(|number| {
            let draft = Link { number }.job().id(JobId::new());
            let draft = last.into_iter().fold(draft, |draft, id| draft.after(id));
            let job = draft.into_new_job().expect("it can be stored");
            last = Some(job.id);
            job
        })
        .collect();
    client.enqueue_all(chain).await.expect("written");
    let worker = Worker::new(store, ()).handle_fn(link).start().await.expect("it starts");
    let job = ended(&client, last.expect("there is one")).await;
    worker.stop().await;
    assert_eq!(job.output.expect("it has one").as_str(), "820");
}

async fn each_build_of_the_example_has_one_final_notification(database: TestDatabase) {
    use final_notification::{FinalNotification, status, worker, wrap_up};
    let store = database.open().await;
    let client = Client::new(Arc::clone(&store));
    let tell = async |key: String| client.signal(Signal::new(key)).await.expect("told");
    let withdraw = async |key: String| client.signal(Signal::withdrawn(key)).await.expect("told");
    tell(wrap_up(2)).await;
    let mut ids = Vec::new();
    for build in 1..=4 {
        let written = client.enqueue(FinalNotification::of(build)).await.expect("written");
        let again = client.enqueue(FinalNotification::of(build)).await.expect("answered");
        assert_eq!(again.id(), written.id(), "there is one for each build");
        ids.push(written.id());
    }
    let worker = worker(store).start().await.expect("it starts");
    for key in [status(1), wrap_up(1), status(1), wrap_up(1), status(2), status(2)] {
        tell(key).await;
    }
    tell(status(3)).await;
    withdraw(wrap_up(3)).await;
    withdraw(wrap_up(4)).await;
    tell(status(4)).await;
    let without = ["", "", ", without its wrap-up", ", without its wrap-up"];
    for (id, (build, without)) in ids.into_iter().zip((1..).zip(without)) {
        let job = ended(&client, id).await;
        let output = job.output.expect("it has one");
        assert_eq!(output.as_str(), format!("\"build {build} is over{without}\""));
        assert_eq!(job.attempt, 1);
    }
    worker.stop().await;
}

async fn jobs_that_wait_for_signals_take_no_slot(database: TestDatabase) {
    const WAITING: usize = 50;
    let store = database.open().await;
    let client = Client::new(Arc::clone(&store));
    let waiting = (0..WAITING).map(|n| Link { number: n }.job().on_signal(format!("go:{n}")));
    let waiting = client.enqueue_all(waiting).await.expect("written");
    let worker = Worker::new(store, ()).handle_fn(link).queue("default", 2);
    let worker = worker.start().await.expect("it starts");
    let free = client.enqueue(Link { number: 7 }).await.expect("written").id();
    ended(&client, free).await;
    for (n, one) in waiting.iter().enumerate() {
        let data = Json::args(n.to_string()).expect("JSON");
        client.signal(Signal::new(format!("go:{n}")).with(data)).await.expect("told");
        let job = ended(&client, one.id()).await;
        assert_eq!(job.output.expect("it has one").as_str(), (2 * n).to_string());
    }
    worker.stop().await;
}

/// A job that waits for a signal, and what there is of it.
async fn waiting(client: &Client) -> JobId {
    client.enqueue(Link { number: 1 }.job().on_signal("go")).await.expect("written").id()
}

async fn state(client: &Client, id: JobId) -> State {
    client.job(id).await.expect("read").expect("it is there").state
}

/// O1, X16, A5, A15: a signal is part of the caller's transaction: gone on rollback, told at the commit; through rusqlite.
#[tokio::test]
async fn a_signal_is_part_of_a_rusqlite_transaction() {
    let database = TestDatabase::sqlite();
    let client = Client::new(database.open().await);
    let id = waiting(&client).await;
    let path = database.url().trim_start_matches("sqlite:").to_owned();
    let mut connection = rusqlite::Connection::open(path).expect("opened");
    for commits in [false, true] {
        let tx = connection.transaction().expect("begun");
        let told = client.within(&tx).signal_blocking(Signal::new("go")).expect("told");
        assert_eq!(told.answer, SignalAnswer::Met);
        if commits { tx.commit() } else { tx.rollback() }.expect("ended");
        let expected = if commits { State::Available } else { State::Waiting };
        assert_eq!(state(&client, id).await, expected);
    }
}

/// O1, X16: through sqlx on SQLite, whose enqueue refuses a job that waits for one that is not there.
#[tokio::test]
async fn a_signal_is_part_of_an_sqlx_sqlite_transaction() {
    use sqlx::Connection;
    let database = TestDatabase::sqlite();
    let client = Client::new(database.open().await);
    let id = waiting(&client).await;
    let mut connection = sqlx::SqliteConnection::connect(&database.url()).await.expect("opened");
    for commits in [false, true] {
        let mut tx = connection.begin_with("BEGIN IMMEDIATE").await.expect("begun");
        let told = client.within(&mut tx).signal(Signal::new("go")).await.expect("told");
        assert_eq!(told.answer, SignalAnswer::Met);
        if commits { tx.commit().await } else { tx.rollback().await }.expect("ended");
        let expected = if commits { State::Available } else { State::Waiting };
        assert_eq!(state(&client, id).await, expected);
    }
    let missing = JobId::new();
    let draft = Link { number: 1 }.job().after(missing);
    let refused = client.within(&mut connection).enqueue(draft).await;
    check_refused(refused.map(drop), missing);
    let after = Link { number: 1 }.job().after(id);
    let after = client.within(&mut connection).enqueue(after).await.expect("written").id();
    assert_eq!(state(&client, after).await, State::Waiting);
}

/// O1, X16, A5, A15: through sqlx on PostgreSQL.
#[tokio::test]
async fn a_signal_is_part_of_an_sqlx_postgres_transaction() {
    use sqlx::Connection;
    let database = TestDatabase::postgres();
    let client = Client::new(database.open().await);
    let id = waiting(&client).await;
    let mut connection = sqlx::PgConnection::connect(&database.url()).await.expect("opened");
    for commits in [false, true] {
        let mut tx = connection.begin().await.expect("begun");
        let told = client.within(&mut tx).signal(Signal::new("go")).await.expect("told");
        assert_eq!(told.answer, SignalAnswer::Met);
        assert_eq!(state(&client, id).await, State::Waiting, "it is not committed");
        if commits { tx.commit().await } else { tx.rollback().await }.expect("ended");
        let expected = if commits { State::Available } else { State::Waiting };
        assert_eq!(state(&client, id).await, expected);
    }
    let missing = JobId::new();
    let draft = Link { number: 1 }.job().after(missing);
    let refused = client.within(&mut connection).enqueue(draft).await;
    check_refused(refused.map(drop), missing);
}

/// O1, X16: through tokio-postgres.
#[tokio::test]
async fn a_signal_is_part_of_a_tokio_postgres_transaction() {
    let database = TestDatabase::postgres();
    let client = Client::new(database.open().await);
    let id = waiting(&client).await;
    let mut connection = connect(&database).await;
    for commits in [false, true] {
        let tx = connection.client.transaction().await.expect("begun");
        let told = client.within(&tx).signal(Signal::new("go")).await.expect("told");
        assert_eq!(told.answer, SignalAnswer::Met);
        if commits { tx.commit().await } else { tx.rollback().await }.expect("ended");
        let expected = if commits { State::Available } else { State::Waiting };
        assert_eq!(state(&client, id).await, expected);
    }
}

fn check_refused(refused: Result<(), StoreError>, missing: JobId) {
    let Err(StoreError::NothingToAwait { awaited, .. }) = refused else { panic!("{refused:?}") };
    assert_eq!(awaited, missing);
}

/// A job that was declared by SQL, with what it waits for.
fn check_by_sql(job: &JobRecord, conditions: &[windlass::condition::ConditionRecord]) {
    assert_eq!(job.state, State::Available);
    let names: Vec<_> = conditions.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(names, ["other", "go", "past"]);
    let states: Vec<_> = conditions.iter().map(|one| one.state).collect();
    assert_eq!(states, [ConditionState::Open, ConditionState::Met, ConditionState::Met]);
    assert_eq!(conditions[1].data.as_ref().map(|data| data.as_str()), Some("{\"by\": \"sql\"}"));
}

/// O1, T30: conditions and signals by SQL on PostgreSQL, and what cannot be waited for.
#[tokio::test]
async fn conditions_by_sql_on_postgres() {
    let database = TestDatabase::postgres();
    let client = Client::new(database.open().await);
    let sql = connect(&database).await;
    let other = client.enqueue(Link { number: 1 }).await.expect("written").id();
    let id = JobId::new();
    let waits = format!(
        r#"{{"for": [{{"name": "other", "job": "{}", "ends": ["completed", "dead"]}}, {{"name": "go", "signal": "go"}},
            {{"name": "past", "at": "2020-01-01T00:00:00Z"}}], "needed": 2, "deadline": "1 hour", "overdue": "die"}}"#,
        other.as_uuid()
    );
    let enqueue = |id: JobId, waits: &str| {
        let options = format!(r#"{{"id": "{}", "waits": {waits}}}"#, id.as_uuid());
        format!("select windlass.enqueue('by.sql', '{{}}', '{options}')")
    };
    sql.client.batch_execute(&enqueue(id, &waits)).await.expect("written");
    assert_eq!(state(&client, id).await, State::Waiting);
    for expected in ["met", "duplicate"] {
        let told = "select windlass.signal('go', '{\"by\": \"sql\"}')";
        let row = sql.client.query_one(told, &[]).await.expect("told");
        assert_eq!(row.get::<_, String>(0), expected);
    }
    let job = client.job(id).await.expect("read").expect("it is there");
    check_by_sql(&job, &client.conditions(id).await.expect("read"));
    let missing = format!(r#"[{{"name": "a", "job": "{}"}}]"#, JobId::new().as_uuid());
    for (waits, wrong) in [
        ("[]", "cannot be used"),
        (r#"[{"name": "a"}]"#, "cannot be used"),
        (r#"[{"name": "a", "signal": "x", "at": "2020-01-01"}]"#, "cannot be used"),
        (r#"[{"name": "a", "signal": "x"}, {"name": "a", "signal": "y"}]"#, "cannot be used"),
        (r#"[{"name": "a", "signal": ""}]"#, "cannot be used"),
        (r#"{"for": [{"name": "a", "signal": "x"}], "needed": 2}"#, "cannot be used"),
        (r#"{"for": [{"name": "a", "signal": "x"}], "deadline": "-1 s"}"#, "cannot be used"),
        (r#"{"for": [{"name": "a", "signal": "x"}], "until": "1 s"}"#, "cannot be used"),
        ("{}", "cannot be used"),
        (r#"{"needed": 1}"#, "cannot be used"),
        (r#"[{"name": "a", "signal": null}]"#, "cannot be used"),
        ("3", "cannot be used"),
        (missing.as_str(), "does not exist"),
    ] {
        let call = enqueue(JobId::new(), waits);
        let error = sql.client.batch_execute(&call).await.expect_err("it is refused");
        let error = format!("{error:?}");
        assert!(error.contains(wrong), "{waits}: {error}");
    }
    let own = JobId::new();
    let waits = format!(r#"[{{"name": "a", "job": "{}"}}]"#, own.as_uuid());
    let error = sql.client.batch_execute(&enqueue(own, &waits)).await.expect_err("it is refused");
    assert!(format!("{error:?}").contains("does not exist before it"), "{error:?}");
}

/// O1, T30: the same on SQLite.
#[tokio::test]
async fn conditions_by_sql_on_sqlite() {
    let database = TestDatabase::sqlite();
    let client = Client::new(database.open().await);
    let path = database.url().trim_start_matches("sqlite:").to_owned();
    let sql = rusqlite::Connection::open(path).expect("opened");
    let other = client.enqueue(Link { number: 1 }).await.expect("written").id();
    let id = JobId::new();
    let waits = format!(
        r#"{{"for": [{{"name": "other", "job": "{}", "ends": ["completed", "dead"]}}, {{"name": "go", "signal": "go"}},
            {{"name": "past", "at": 1500000000000000}}], "needed": 2, "deadline": 3600000000, "overdue": "die"}}"#,
        other.as_uuid()
    );
    let enqueue = |id: JobId, waits: &str| {
        let insert = "insert into windlass_enqueue (id, kind, waits) values (?1, 'by.sql', ?2)";
        sql.execute(insert, rusqlite::params![id.as_uuid().as_bytes(), waits])
    };
    enqueue(id, &waits).expect("written");
    assert_eq!(state(&client, id).await, State::Waiting);
    for expected in ["met", "duplicate"] {
        let told = "insert into windlass_signal (key, data) values ('go', '{\"by\": \"sql\"}')";
        sql.execute(told, []).expect("told");
        let answer = "select answer from windlass_signal where key = 'go'";
        let said: String = sql.query_row(answer, [], |row| row.get(0)).expect("read");
        assert_eq!(said, expected);
    }
    let job = client.job(id).await.expect("read").expect("it is there");
    check_by_sql(&job, &client.conditions(id).await.expect("read"));
    let missing = format!(r#"[{{"name": "a", "job": "{}"}}]"#, JobId::new().as_uuid());
    for (waits, wrong) in [
        ("[]", "cannot be used"),
        ("7", "must be a JSON array"),
        (r#"[{"name": "a"}]"#, "cannot be used"),
        (r#"[{"name": "a", "signal": "x", "at": 1}]"#, "cannot be used"),
        (r#"[{"name": "a", "signal": "x"}, {"name": "a", "signal": "y"}]"#, "cannot be used"),
        (r#"[{"name": "a", "job": "no-id"}]"#, "cannot be used"),
        (r#"[{"name": "a", "signal": null}]"#, "cannot be used"),
        (r#"[{"name": "a", "signal": 7}]"#, "cannot be used"),
        (r#"[{"name": "a", "signal": "x", "ends": ["dead"]}]"#, "cannot be used"),
        (r#"{"for": [{"name": "a", "signal": "x"}], "deadlin": 5}"#, "cannot be used"),
        (r#"{"for": [{"name": "a", "signal": "x"}], "overdue": "die"}"#, "cannot be used"),
        (r#"[{"name": "a", "signal": "x\u0000y"}]"#, "cannot be used"),
        (r#"{"for": [{"name": "a", "signal": "x"}], "needed": 2}"#, "cannot be used"),
        (r#"{"for": [{"name": "a", "signal": "x"}], "deadline": -1}"#, "cannot be used"),
        (missing.as_str(), "does not exist"),
    ] {
        let error = enqueue(JobId::new(), waits).expect_err("it is refused").to_string();
        assert!(error.contains(wrong), "{waits}: {error}");
    }
    let own = JobId::new();
    let waits = format!(r#"[{{"name": "a", "job": "{}"}}]"#, own.as_uuid());
    let error = enqueue(own, &waits).expect_err("it is refused").to_string();
    assert!(error.contains("does not exist"), "{error}");
    for (insert, wrong) in [
        ("insert into windlass_signal (key) values ('')", "1 to 256 bytes"),
        ("insert into windlass_signal (key, data) values ('a', '{')", "not JSON"),
        ("insert into windlass_signal (key, withdrawn) values ('a', 2)", "0 or 1"),
    ] {
        let error = sql.execute(insert, []).expect_err("it is refused").to_string();
        assert!(error.contains(wrong), "{error}");
    }
}

/// What stands of a job of which a person has let pass one of two conditions, and then the other.
async fn check_waived(client: &Client, id: JobId) {
    let conditions = client.conditions(id).await.expect("read");
    let states: Vec<_> = conditions.iter().map(|one| one.state).collect();
    assert_eq!(states, [ConditionState::Waived, ConditionState::Waived]);
    assert_eq!(conditions[0].note.as_deref(), Some("it is gone"));
    assert_eq!(conditions[1].note, None);
    assert_eq!(state(client, id).await, State::Available);
}

/// Nobody has waived anything of a job that does not wait any more.
async fn check_open(client: &Client, id: JobId) {
    let conditions = client.conditions(id).await.expect("read");
    assert!(conditions.iter().all(|one| one.state == ConditionState::Open), "{conditions:?}");
}

async fn waits_for_two(client: &Client) -> JobId {
    let waits = Waits::all().signal("a", "a").signal("b", "b");
    client.enqueue(Link { number: 1 }.job().waits(waits)).await.expect("written").id()
}

/// A6, X16: a person lets a job pass its conditions by SQL on PostgreSQL, and is told of a name that it does not have.
#[tokio::test]
async fn a_waiver_by_sql_on_postgres() {
    let database = TestDatabase::postgres();
    let client = Client::new(database.open().await);
    let sql = connect(&database).await;
    let id = waits_for_two(&client).await;
    let waive = async |rest: &str| {
        let call = format!("select windlass.waive('{}', {rest})", id.as_uuid());
        let row = sql.client.query_one(&call, &[]).await;
        row.map(|row| row.get::<_, String>(0)).map_err(|error| format!("{error:?}"))
    };
    assert_eq!(waive("'a', 'it is gone'").await.as_deref(), Ok("waived"));
    assert_eq!(waive("'a', 'once more'").await.as_deref(), Ok("unneeded"));
    assert_eq!(state(&client, id).await, State::Waiting);
    assert_eq!(waive("'b'").await.as_deref(), Ok("waived"));
    check_waived(&client, id).await;
    let gone = waits_for_two(&client).await;
    client.cancel(&[gone], "not wanted").await.expect("cancelled");
    let call = format!("select windlass.waive('{}', 'a')", gone.as_uuid());
    let row = sql.client.query_one(&call, &[]).await.expect("answered");
    assert_eq!(row.get::<_, String>(0), "unneeded");
    check_open(&client, gone).await;
    assert!(waive("'c'").await.expect_err("it is refused").contains("has no condition 'c'"));
    let long = waive("'b', repeat('x', 8193)").await.expect_err("it is refused");
    assert!(long.contains("limit of 8192"), "{long}");
}

/// A6, X16: the same on SQLite.
#[tokio::test]
async fn a_waiver_by_sql_on_sqlite() {
    let database = TestDatabase::sqlite();
    let client = Client::new(database.open().await);
    let path = database.url().trim_start_matches("sqlite:").to_owned();
    let sql = rusqlite::Connection::open(path).expect("opened");
    let id = waits_for_two(&client).await;
    let waive = |name: &str, note: Option<&str>| {
        let insert = "insert into windlass_waive (job, name, note) values (?1, ?2, ?3)";
        let waived = sql.execute(insert, rusqlite::params![id.as_uuid().as_bytes(), name, note]);
        waived.map_err(|error| error.to_string())
    };
    waive("a", Some("it is gone")).expect("waived");
    waive("a", Some("once more")).expect("nothing was changed");
    assert_eq!(state(&client, id).await, State::Waiting);
    waive("b", None).expect("waived");
    check_waived(&client, id).await;
    let gone = waits_for_two(&client).await;
    client.cancel(&[gone], "not wanted").await.expect("cancelled");
    let insert = "insert into windlass_waive (job, name) values (?1, 'a')";
    sql.execute(insert, [gone.as_uuid().as_bytes()]).expect("nothing was changed");
    check_open(&client, gone).await;
    let missing = waive("c", None).expect_err("it is refused");
    assert!(missing.contains("has no condition of this name"), "{missing}");
    let long = waive("b", Some(&"x".repeat(8193))).expect_err("it is refused");
    assert!(long.contains("limit of 8192"), "{long}");
}
