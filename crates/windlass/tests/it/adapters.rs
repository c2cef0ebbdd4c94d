//! Enqueue inside the caller's own transaction, through every driver: T1, O1, X16.

use windlass::prelude::*;
use windlass::{Enqueued, State, StoreError};

use crate::probes::{Okay, StoreFixture};
use crate::test_database::{TestDatabase, connect, ended};

/// The states of all jobs there are.
async fn states(database: &TestDatabase) -> Vec<State> {
    let store = database.open().await;
    let page = windlass::job::Page { before: None, limit: 100 };
    let jobs = store.jobs(&windlass::job::Filter::default(), page).await.expect("listed");
    jobs.into_iter().map(|job| job.state).collect()
}

fn path(database: &TestDatabase) -> String {
    database.url().trim_start_matches("sqlite:").to_owned()
}

/// T1: gone on rollback, there after commit; the same through rusqlite.
#[tokio::test]
async fn rusqlite_transactions_carry_jobs() {
    let database = TestDatabase::sqlite();
    let client = Client::new(database.open().await);
    let mut connection = rusqlite::Connection::open(path(&database)).expect("opened");
    let tx = connection.transaction().expect("begun");
    client.within(&tx).enqueue_blocking(Okay { number: 1 }).expect("written");
    tx.rollback().expect("rolled back");
    assert_eq!(states(&database).await, []);
    let tx = connection.transaction().expect("begun");
    client.within(&tx).enqueue_blocking(Okay { number: 1 }).expect("written");
    tx.commit().expect("committed");
    assert_eq!(states(&database).await, [State::Available]);
}

/// T1, through sqlx on SQLite.
#[tokio::test]
async fn sqlx_sqlite_transactions_carry_jobs() {
    use sqlx::Connection;
    let database = TestDatabase::sqlite();
    let client = Client::new(database.open().await);
    let mut connection = sqlx::SqliteConnection::connect(&database.url()).await.expect("opened");
    let mut tx = connection.begin_with("BEGIN IMMEDIATE").await.expect("begun");
    client.within(&mut tx).enqueue(Okay { number: 1 }).await.expect("written");
    tx.rollback().await.expect("rolled back");
    assert_eq!(states(&database).await, []);
    let mut tx = connection.begin_with("BEGIN IMMEDIATE").await.expect("begun");
    let draft = Okay { number: 1 }.job().delay(std::time::Duration::from_secs(60));
    client.within(&mut tx).enqueue(draft).await.expect("written");
    tx.commit().await.expect("committed");
    assert_eq!(states(&database).await, [State::Scheduled]);
}

/// T1, through sqlx on PostgreSQL.
#[tokio::test]
async fn sqlx_postgres_transactions_carry_jobs() {
    use sqlx::Connection;
    let database = TestDatabase::postgres();
    let client = Client::new(database.open().await);
    let mut connection = sqlx::PgConnection::connect(&database.url()).await.expect("opened");
    let mut tx = connection.begin().await.expect("begun");
    client.within(&mut tx).enqueue(Okay { number: 1 }).await.expect("written");
    assert_eq!(states(&database).await, []);
    tx.rollback().await.expect("rolled back");
    assert_eq!(states(&database).await, []);
    let mut tx = connection.begin().await.expect("begun");
    client.within(&mut tx).enqueue(Okay { number: 1 }).await.expect("written");
    tx.commit().await.expect("committed");
    assert_eq!(states(&database).await, [State::Available]);
}

/// T1, I-X3, through tokio-postgres: with a given id the second try finds the first.
#[tokio::test]
async fn tokio_postgres_transactions_carry_jobs() {
    let database = TestDatabase::postgres();
    let client = Client::new(database.open().await);
    let mut connection = connect(&database).await;
    let tx = connection.client.transaction().await.expect("begun");
    client.within(&tx).enqueue(Okay { number: 1 }).await.expect("written");
    tx.rollback().await.expect("rolled back");
    assert_eq!(states(&database).await, []);
    let id = JobId::new();
    for expected in [Enqueued::New(id), Enqueued::Existing(id)] {
        let tx = connection.client.transaction().await.expect("begun");
        assert_eq!(
            client.within(&tx).enqueue(Okay { number: 1 }.job().id(id)).await.expect("written"),
            expected
        );
        tx.commit().await.expect("committed");
    }
    assert_eq!(states(&database).await, [State::Available]);
}

/// C29, C30: what is written by a prepared statement is due when it says, and rings once it is
/// committed, for what is due at once and for nothing else.
#[tokio::test]
async fn prepared_enqueues_ring_for_what_is_due() {
    let database = TestDatabase::postgres();
    let client = Client::new(database.open().await);
    let mut connection = connect(&database).await;
    let sleeper = "insert into windlass.idle (worker, channel, queues) \
                   values (gen_random_uuid(), 'wake_handle', '{probes}')";
    connection.client.batch_execute(sleeper).await.expect("asleep");
    let mut wake_handle =
        sqlx::postgres::PgListener::connect(&database.url()).await.expect("connected");
    wake_handle.listen("wake_handle").await.expect("listening");
    let prepared = windlass::PreparedEnqueue::new(&connection.client).await.expect("prepared");
    let (minute, now) = (std::time::Duration::from_secs(60), windlass::Timestamp::wall_clock());
    let okay = || Okay { number: 1 }.job().queue("probes");
    let drafts = [
        (okay().delay(minute), State::Scheduled),
        (okay().run_at(now.after(minute)), State::Scheduled),
        (okay().queue("others"), State::Available),
        (okay().run_at(windlass::Timestamp::from_micros(1)), State::Available),
        (okay(), State::Available),
    ];
    for (draft, state) in drafts {
        let rings = state == State::Available;
        let tx = connection.client.transaction().await.expect("begun");
        let id = client.within((&tx, &prepared)).enqueue(draft).await.expect("written").id();
        tx.commit().await.expect("committed");
        let job = client.job(id).await.expect("read").expect("there");
        assert_eq!(job.state, state);
        let waits = job.run_at.since(job.created_at);
        assert_eq!(waits > minute / 2, state == State::Scheduled, "{waits:?}");
        connection.client.batch_execute("notify wake_handle, 'end'").await.expect("notified");
        if rings && job.queue == "probes" {
            assert_eq!(wake_handle.recv().await.expect("rung").payload(), "");
        }
        assert_eq!(
            wake_handle.recv().await.expect("rung").payload(),
            "end",
            "{state}, {}",
            job.queue
        );
    }
}

/// X16, O1: the SQL function gives the same row as a driver's statement, and wakes a worker.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_sql_function_enqueues_like_the_adapters() {
    let database = TestDatabase::postgres();
    let store = database.open().await;
    let client = Client::new(store.clone());
    let connection = connect(&database).await;
    let connection = &connection.client;
    let by_adapter =
        client.within(connection).enqueue(Okay { number: 7 }).await.expect("written").id();
    let sql = "select windlass.enqueue('probe.ok', '{\"number\": 7}')::text, \
               (select count(*) from windlass.enqueue_many('[{\"kind\": \"probe.ok\", \"args\": {\"number\": 7}}]'))";
    let row = connection.query_one(sql, &[]).await.expect("written");
    let by_function: JobId = row.get::<_, String>(0).parse().expect("an id");
    let worker = crate::engine::worker(&store, &StoreFixture::new(), 4).await;
    let (a, b) = (ended(&client, by_adapter).await, ended(&client, by_function).await);
    assert_eq!(
        (a.state, a.output.map(|o| o.to_string())),
        (b.state, b.output.map(|o| o.to_string()))
    );
    assert_eq!(
        (a.queue, a.priority, a.version, a.max_attempts),
        (b.queue, b.priority, b.version, b.max_attempts)
    );
    let refused =
        connection.query_one("select windlass.enqueue('a b')", &[]).await.expect_err("refused");
    assert!(refused.as_db_error().expect("a refusal").message().contains("cannot be used"));
    worker.stop().await;
}

/// X16: the view does the same on SQLite.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_sqlite_view_enqueues_like_the_adapters() {
    let database = TestDatabase::sqlite();
    let store = database.open().await;
    let client = Client::new(store.clone());
    let connection = rusqlite::Connection::open(path(&database)).expect("opened");
    let insert = "insert into windlass_enqueue (kind, args) values ('probe.ok', '{\"number\": 7}')";
    connection.execute(insert, []).expect("written");
    let wrong = "insert into windlass_enqueue (kind, args) values ('probe.ok', '{')";
    let refused = connection.execute(wrong, []).expect_err("refused").to_string();
    assert!(refused.contains("args are not JSON"), "{refused}");
    let text: String = connection
        .query_row("select uuid from windlass_job where state = 'available'", [], |row| row.get(0))
        .expect("one job");
    let worker = crate::engine::worker(&store, &StoreFixture::new(), 4).await;
    let job = ended(&client, text.parse().expect("an id")).await;
    assert_eq!((job.state, job.origin.as_deref()), (State::Completed, Some("sql")));
    worker.stop().await;
}

/// X16: what no worker could read is refused by SQL on both stores, and nothing is written.
#[tokio::test]
async fn sql_refuses_what_no_worker_could_read() {
    const LONG: &str = "'kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk'";
    let database = TestDatabase::sqlite();
    database.open().await;
    let connection = rusqlite::Connection::open(path(&database)).expect("opened");
    for (column, values) in [
        ("kind", &["'mail welcome'", "'näh'", "''", "null", "x'6d'", LONG][..]),
        ("queue", &["'my queue'", "''", LONG]),
        ("priority", &["-99999", "99999", "'high'", "1.5"]),
        ("version", &["0", "-1", "32768", "'2'"]),
        ("max_attempts", &["-3", "32768", "'3'"]),
        ("delay", &["'5 minutes'", "'5m'", "1.5", "-9223372036854775808"]),
        ("run_at", &["'2030-01-01T00:00:00Z'", "1.5e9", "9223372036854775807"]),
        ("expires_at", &["'2030-01-01T00:00:00Z'", "1.5e9", "9223372036854775807"]),
        ("expires_in", &["'5m'", "0", "-1", "1.5", "9223372036854775807"]),
    ] {
        for value in values {
            let rest = if column == "kind" { String::new() } else { ", kind".to_owned() };
            let kind = if column == "kind" { "" } else { ", 'probe.ok'" };
            let sql =
                format!("insert into windlass_enqueue ({column}{rest}) values ({value}{kind})");
            let refused = connection.execute(&sql, []).expect_err(&sql).to_string();
            assert!(refused.contains(&format!("windlass: {column} ")), "{sql}: {refused}");
        }
    }
    let late = "insert into windlass_enqueue (kind, delay, expires_at) values ('probe.ok', 3600000000, \
         (select n + 60000000 from windlass_fresh))";
    let refused = connection.execute(late, []).expect_err("it would never run").to_string();
    assert!(
        refused.contains("windlass: expires_at must be later than the end of delay"),
        "{refused}"
    );
    assert_eq!(states(&database).await, []);

    let database = TestDatabase::postgres();
    database.open().await;
    let connection = connect(&database).await;
    for options in [
        r#"{"queue": "my queue"}"#,
        r#"{"priority": 99999}"#,
        r#"{"version": 0}"#,
        r#"{"version": 32768}"#,
        r#"{"max_attempts": -3}"#,
        r#"{"delay": "soon"}"#,
        r#"{"run_at": "then"}"#,
        r#"{"dealy": "5m"}"#,
        r#"{"expires_in": "soon"}"#,
        r#"{"expires_in": "-5m"}"#,
        r#"{"expires_in": "5m", "expires_at": "2030-01-01"}"#,
        r#"{"run_at": "2030-01-02", "expires_at": "2030-01-01"}"#,
        r#"{"delay": "1h", "expires_at": "2020-01-01"}"#,
        r#"{"expires_at": "infinity"}"#,
    ] {
        let sql = format!("select windlass.enqueue('probe.ok', '{{}}', '{options}')");
        assert!(connection.client.query_one(&sql, &[]).await.is_err(), "{options}");
    }
    assert_eq!(states(&database).await, []);
    let past = r#"select windlass.enqueue('probe.ok', '{}', '{"expires_at": "2020-01-01"}')"#;
    connection.client.query_one(past, &[]).await.expect("it is written, and seen to expire");
}

/// X16, T45: a job written by plain SQL expires like any other, from when it is due.
#[tokio::test]
async fn sql_says_when_a_job_expires() {
    let minute = std::time::Duration::from_secs(60);
    let sqlite = TestDatabase::sqlite();
    let store = sqlite.open().await;
    let connection = rusqlite::Connection::open(path(&sqlite)).expect("opened");
    let sql = "insert into windlass_enqueue (kind, delay, expires_in, max_losses, unique_key) values \
         ('probe.ok', 60000000, 60000000, 7, null), ('probe.ok', 60000000, 60000000, 7, 'a')";
    connection.execute(sql, []).expect("written");
    let seen = "select count(*) from windlass_pending where expires_at = run_at + 60000000";
    let seen: i64 = connection.query_one(seen, [], |row| row.get(0)).expect("counted");
    assert_eq!(seen, 2, "what a sweep goes by");
    check_expiry(&windlass::Client::new(store), 2 * minute).await;

    let postgres = TestDatabase::postgres();
    let store = postgres.open().await;
    let connection = connect(&postgres).await;
    for key in ["", r#", "unique_key": "a""#] {
        let options = format!(r#"{{"delay": "1m", "expires_in": "1m", "max_losses": 7{key}}}"#);
        let sql = format!("select windlass.enqueue('probe.ok', '{{}}', '{options}')");
        connection.client.query_one(&sql, &[]).await.expect("written");
    }
    check_expiry(&windlass::Client::new(store), 2 * minute).await;
}

async fn check_expiry(client: &windlass::Client, after: std::time::Duration) {
    let filter = windlass::job::Filter::default();
    let jobs = client.jobs(&filter, windlass::job::Page::default()).await.expect("listed");
    assert_eq!(jobs.len(), 2);
    for job in jobs {
        assert_eq!(job.meta.expires_at(job.created_at), Some(job.created_at.after(after)));
        assert_eq!(job.meta.max_losses, Some(7));
    }
}

/// X16, I-W3: queues and kinds are paused by SQL too.
#[tokio::test]
async fn sql_pauses_queues_and_kinds() {
    let check = async |store: std::sync::Arc<dyn windlass::store::Store>, are_paused: bool| {
        let client = windlass::Client::new(store);
        let queues = client.queues().await.expect("listed");
        let queue = queues.iter().find(|queue| queue.name == "mail" && queue.paused_at.is_some());
        let kinds = client.paused_kinds().await.expect("listed");
        let kinds: Vec<_> = kinds.iter().map(|kind| (kind.kind.as_str(), &kind.note)).collect();
        if are_paused {
            assert!(queue.is_some_and(|queue| queue.paused_until.is_some()));
            assert_eq!(kinds, [("mail.out", &Some("why".to_owned()))]);
        } else {
            assert!(queue.is_none() && kinds.is_empty(), "{queue:?} {kinds:?}");
        }
    };
    let sqlite = TestDatabase::sqlite();
    let store = sqlite.open().await;
    let connection = rusqlite::Connection::open(path(&sqlite)).expect("opened");
    let run = |sql: &str| connection.execute_batch(sql);
    run("insert into windlass_pause (queue, lasting) values ('mail', 7200000000)").expect("paused");
    run("insert into windlass_pause (kind, note) values ('mail.out', 'why')").expect("paused");
    check(store.clone(), true).await;
    run("delete from windlass_pause").expect("resumed");
    check(store, false).await;
    for values in
        ["('a', 'b', null)", "(null, null, null)", "('a b', null, null)", "('a', null, 'long')"]
    {
        let sql = format!("insert into windlass_pause (queue, kind, lasting) values {values}");
        let refused = run(&sql).expect_err(&sql).to_string();
        assert!(refused.contains("windlass: "), "{refused}");
    }

    let postgres = TestDatabase::postgres();
    let store = postgres.open().await;
    let connection = connect(&postgres).await;
    let run = async |sql: &str| connection.client.batch_execute(sql).await;
    run("select windlass.pause_queue('mail', lasting => '2 hours')").await.expect("paused");
    run("select windlass.pause_kind('mail.out', note => 'why')").await.expect("paused");
    check(store.clone(), true).await;
    run("select windlass.resume_queue('mail'), windlass.resume_kind('mail.out')")
        .await
        .expect("resumed");
    check(store, false).await;
}

/// X16, I-O4: which queues' jobs age is said by SQL too, and what cannot be is refused.
#[tokio::test]
async fn sql_has_the_jobs_of_a_queue_age() {
    let check = async |store: std::sync::Arc<dyn windlass::store::Store>, expected: &[u64]| {
        let agings = windlass::Client::new(store).agings().await.expect("listed");
        let every: Vec<_> = agings.iter().map(|aging| aging.every.as_secs()).collect();
        assert_eq!(every, expected);
    };
    let sqlite = TestDatabase::sqlite();
    let store = sqlite.open().await;
    let connection = rusqlite::Connection::open(path(&sqlite)).expect("opened");
    let run = |sql: &str| connection.execute_batch(sql);
    run("insert into windlass_queue_age (queue, every) values ('mail', 300000000)").expect("set");
    check(store.clone(), &[300]).await;
    run("delete from windlass_queue_age").expect("taken away");
    check(store, &[]).await;
    for values in
        ["('a', 0)", "('a', 2592000000001)", "('a', null)", "('a b', 1000000)", "('', 1000000)"]
    {
        let sql = format!("insert into windlass_queue_age (queue, every) values {values}");
        run(&sql).expect_err(&sql);
    }

    let postgres = TestDatabase::postgres();
    let store = postgres.open().await;
    let connection = connect(&postgres).await;
    let run = async |sql: &str| connection.client.batch_execute(sql).await;
    run("select windlass.age_queue('mail', '1 minute'), windlass.age_queue('mail', '5 minutes')")
        .await
        .expect("set");
    check(store.clone(), &[300]).await;
    run("select windlass.age_queue('mail', null)").await.expect("taken away");
    check(store, &[]).await;
    for arguments in
        ["'a', '0'", "'a', '-5 minutes'", "'a', '31 days'", "'a b', '1 hour'", "null, '1 hour'"]
    {
        let sql = format!("select windlass.age_queue({arguments})");
        let refused = run(&sql).await.expect_err(&sql);
        let message = refused.as_db_error().map_or("", |error| error.message());
        assert!(message.starts_with("windlass: "), "{refused:?}");
    }
}

/// O33, I-O4: a round of aging reads a backlog by its indexes: no table from end to end, and as many rows as it raises.
#[tokio::test]
async fn a_round_of_aging_reads_no_table_from_end_to_end() {
    const FILL: &str = "insert into windlass.pending (id, run_at, created_at, state, version, priority, queue, kind, args, line) \
         select gen_random_uuid(), n, n, 2, 1, n % 5, 'default', 'k', 'null', case when n % 10 = 0 then 'line ' || n % 100 end \
         from generate_series(1, 50000) n";
    const SCANS: &str = "select coalesce(sum(seq_scan), 0)::int8, coalesce(sum(idx_tup_fetch), 0)::int8 \
         from pg_stat_xact_user_tables where relname = 'pending'";
    let postgres = TestDatabase::postgres();
    let store = postgres.open().await;
    let connection = connect(&postgres).await;
    let run = async |sql: &str| connection.client.batch_execute(sql).await.expect("it is done");
    run(FILL).await;
    run("analyze windlass.pending; select windlass.age_queue('default', '1 second')").await;
    run("begin").await;
    let one = async |sql: &str| connection.client.query_one(sql, &[]).await.expect("it is asked");
    let row = one("select raised from windlass.age_jobs(windlass.now_us(), 1000)").await;
    let raised: i64 = row.get(0);
    let row = one(SCANS).await;
    let (scans, fetched): (i64, i64) = (row.get(0), row.get(1));
    run("rollback").await;
    assert!((1_000..2_000).contains(&raised), "{raised} were raised");
    assert!(scans == 0 && fetched < 5_000, "{scans} scans, {fetched} rows read");
    drop(store);
}

/// What the view's trigger calls is known to the SQLite of every system that is still cared for: it
/// runs in the program that inserts, not in ours.
#[tokio::test]
async fn the_sqlite_view_needs_no_young_library() {
    let database = TestDatabase::sqlite();
    database.open().await;
    let connection = rusqlite::Connection::open(path(&database)).expect("opened");
    let trigger: String = connection
        .query_row("select sql from sqlite_master where type = 'trigger'", [], |row| row.get(0))
        .expect("there");
    // 3.41, 3.42, 3.43, 3.44
    for young in ["unhex(", "subsec", "octet_length", "concat("] {
        assert!(!trigger.contains(young), "{young}");
    }
    connection.execute("insert into windlass_enqueue (kind) values ('mail')", []).expect("written");
    let (id, late): (Vec<u8>, i64) = connection
        .query_row(
            "select id, abs(unixepoch() * 1000000 - created_at) from windlass_pending",
            [],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .expect("one job");
    let id = uuid::Uuid::from_slice(&id).expect("16 bytes");
    assert_eq!((id.get_version_num(), id.get_variant()), (7, uuid::Variant::RFC4122));
    let (seconds, _) = id.get_timestamp().expect("a time").to_unix();
    let now = windlass::Timestamp::wall_clock().as_micros().unsigned_abs() / 1_000_000;
    assert!(now.abs_diff(seconds) <= 60, "{seconds}");
    assert!(late < 60_000_000, "{late}");
}

/// T4, O1: layers see what is enqueued in a transaction; an override of the queue is marked.
#[tokio::test]
async fn a_client_sees_what_is_enqueued_within_a_transaction() {
    struct Refuses;
    impl windlass::EnqueueLayer for Refuses {
        fn name(&self) -> &'static str {
            "refuses"
        }

        fn on_enqueue(&self, job: &mut windlass::NewJob) -> Result<(), String> {
            if job.queue == "forbidden" { Err("not here".into()) } else { Ok(()) }
        }
    }
    let database = TestDatabase::sqlite();
    let client = Client::new(database.open().await).with_layer(Refuses).with_origin("web");
    let connection = rusqlite::Connection::open(path(&database)).expect("opened");
    let forbidden = Okay { number: 1 }.job().queue("forbidden");
    let refused = client.within(&connection).enqueue_blocking(forbidden);
    assert!(matches!(refused, Err(StoreError::Refused(_))), "{refused:?}");
    let draft = Okay { number: 1 }.job().queue("other");
    let id = client.within(&connection).enqueue_blocking(draft).expect("written").id();
    let job = client.job(id).await.expect("read").expect("there");
    assert_eq!(job.meta.declared_queue.as_deref(), Some("default"));
    assert_eq!(job.origin.as_deref(), Some("web"));
}

/// C33: where the store's tables are in a schema of another name, transactions reach them there: the client
/// knows the name, and a program that opens no store says it.
#[tokio::test]
async fn transactions_reach_another_schema() {
    use sqlx::Connection;
    let database = TestDatabase::postgres();
    let mark = if database.url().contains('?') { '&' } else { '?' };
    let url = format!("{}{mark}schema=jobs", database.url());
    let client = windlass::Client::new(windlass::open(&url).await.expect("opened"));

    let mut connection = sqlx::PgConnection::connect(&database.url()).await.expect("opened");
    let mut tx = connection.begin().await.expect("begun");
    let first = client.within(&mut tx).enqueue(Okay { number: 1 }).await.expect("written").id();
    tx.commit().await.expect("committed");

    let mut connection = connect(&database).await;
    let prepared = windlass::PreparedEnqueue::in_schema(&connection.client, "jobs").await;
    let prepared = prepared.expect("prepared");
    let tx = connection.client.transaction().await.expect("begun");
    let second =
        client.within((&tx, &prepared)).enqueue(Okay { number: 2 }).await.expect("written").id();
    let mut on = windlass::in_schema("jobs", &tx).expect("a name");
    let third = on.enqueue(Okay { number: 3 }).await.expect("written").id();
    tx.commit().await.expect("committed");

    for id in [first, second, third] {
        let job = client.store().job(id).await.expect("read").expect("there");
        assert_eq!(job.state, State::Available);
    }
}

/// A name that would be more than a name in a statement is refused before there is one.
#[test]
fn a_schema_must_have_a_plain_name() {
    let error = windlass::in_schema("jobs; drop table x", ()).expect_err("refused");
    assert!(error.to_string().contains("small letters, digits and _ only"), "{error}");
}

/// What PostgreSQL refuses is told in its own words: the driver's error says only "db error".
#[tokio::test]
async fn a_refusal_has_the_servers_own_words() {
    let database = TestDatabase::postgres();
    let mut connection = connect(&database).await;
    let tx = connection.client.transaction().await.expect("begun");
    let mut within = windlass::in_schema("nowhere", &tx).expect("a name");
    let error = within.enqueue(Okay { number: 1 }).await.expect_err("there is no such schema");
    assert!(error.to_string().contains("nowhere"), "{error}");
}
