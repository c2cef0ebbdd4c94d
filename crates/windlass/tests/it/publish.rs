//! Events published in callers' own transactions, through every driver, and by plain SQL.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use windlass::event::{EventMeta, EventRecord, NewEvent, Published};
use windlass::prelude::*;
use windlass::store::{Now, Store};
use windlass::{EventId, Json, Timestamp};

use crate::races::waits_for;
use crate::test_database::{Connection, TestDatabase, connect, ended, on_both_stores};

fn paid(order: usize) -> NewEvent {
    let data = Json::args(format!(r#"{{"order":{order}}}"#)).expect("JSON");
    NewEvent::new("order.paid", data).subject(format!("order/{order}")).source("/shop")
}

/// Everything that was committed, in the order of the log, whose positions have no holes.
async fn log(store: &Arc<dyn Store>) -> Vec<EventRecord> {
    while store.sequence(1_000, Now::Database).await.expect("sequenced") > 0 {}
    let mut events: Vec<EventRecord> = Vec::new();
    loop {
        let after = events.last().and_then(|event| event.position).unwrap_or_default();
        let next = store.events(after, 1_000).await.expect("read");
        if next.is_empty() {
            break;
        }
        events.extend(next);
    }
    let positions: Vec<_> = events.iter().filter_map(|event| event.position).collect();
    assert_eq!(positions, (1..=events.len() as u64).collect::<Vec<_>>());
    assert_eq!(store.event_log().await.expect("read").last, events.len() as u64);
    events
}

/// Of so many transactions every other one was committed: exactly its events are there, in order.
async fn check_half(store: &Arc<dyn Store>, transactions: usize) {
    let events = log(store).await;
    let subjects: Vec<_> = events.iter().filter_map(|event| event.subject.clone()).collect();
    let expected: Vec<_> = (0..transactions).step_by(2).map(|n| format!("order/{n}")).collect();
    assert_eq!(subjects, expected);
    let is_signed = |event: &EventRecord| event.meta.origin.as_deref() == Some("shop on test");
    assert!(events.iter().all(is_signed), "the client's origin");
}

/// Three events of one call, of which two have the same id of their source's.
fn twice() -> [NewEvent; 3] {
    [paid(1).given("1"), paid(2).given("1"), paid(3)]
}

fn check_twice(answers: &[Published], events: &[NewEvent; 3], is_first: bool) {
    let first = answers[0].id();
    assert_eq!(answers[1..], [Published::Existing(first), Published::New(events[2].id)]);
    assert_eq!(first == events[0].id, is_first, "{answers:?}");
}

async fn client_of(database: &TestDatabase) -> Client {
    Client::new(database.open().await).with_origin("shop on test")
}

/// E20, O1: of 1,000 transactions, half of them rolled back, the events of the other half are there, without a hole; through
/// rusqlite.
#[tokio::test]
async fn rusqlite_transactions_carry_events() {
    let database = TestDatabase::sqlite();
    let client = client_of(&database).await;
    let mut connection = database.file();
    connection.pragma_update(None, "synchronous", "off").expect("set");
    for n in 0..1_000 {
        let tx = connection.transaction().expect("begun");
        let event = paid(n);
        let id = event.id;
        let published = client.within(&tx).publish_blocking(event).expect("published");
        assert_eq!(published, Published::New(id));
        if n % 2 == 0 { tx.commit() } else { tx.rollback() }.expect("ended");
    }
    check_half(client.store(), 1_000).await;
    for (is_first, commits) in [(true, false), (true, true), (false, true)] {
        let tx = connection.transaction().expect("begun");
        let events = twice();
        let answers = client.within(&tx).publish_all_blocking(events.clone()).expect("published");
        check_twice(&answers, &events, is_first);
        if commits { tx.commit() } else { tx.rollback() }.expect("ended");
    }
    client.within(&connection).publish_blocking(paid(4)).expect("published");
    assert_eq!(log(client.store()).await.len(), 504);
}

/// E20, O1: through sqlx on SQLite, also on a pool and on a connection without a transaction.
#[tokio::test]
async fn sqlx_sqlite_transactions_carry_events() {
    use sqlx::Connection;
    let database = TestDatabase::sqlite();
    let client = client_of(&database).await;
    let mut connection = sqlx::SqliteConnection::connect(&database.url()).await.expect("opened");
    for n in 0..100 {
        let mut tx = connection.begin_with("BEGIN IMMEDIATE").await.expect("begun");
        client.within(&mut tx).publish(paid(n)).await.expect("published");
        if n % 2 == 0 { tx.commit().await } else { tx.rollback().await }.expect("ended");
    }
    check_half(client.store(), 100).await;
    for (is_first, commits) in [(true, false), (true, true), (false, true)] {
        let mut tx = connection.begin_with("BEGIN IMMEDIATE").await.expect("begun");
        let events = twice();
        let within = client.within(&mut tx).publish_all(events.clone()).await;
        check_twice(&within.expect("published"), &events, is_first);
        if commits { tx.commit().await } else { tx.rollback().await }.expect("ended");
    }
    client.within(&mut connection).publish(paid(4)).await.expect("published");
    let pool = sqlx::SqlitePool::connect(&database.url()).await.expect("connected");
    client.within(&pool).publish(paid(5)).await.expect("published");
    assert_eq!(log(client.store()).await.len(), 55);
}

/// E20, O1: through sqlx on PostgreSQL.
#[tokio::test]
async fn sqlx_postgres_transactions_carry_events() {
    use sqlx::Connection;
    let database = TestDatabase::postgres();
    let client = client_of(&database).await;
    let mut connection = sqlx::PgConnection::connect(&database.url()).await.expect("opened");
    for n in 0..100 {
        let mut tx = connection.begin().await.expect("begun");
        client.within(&mut tx).publish(paid(n)).await.expect("published");
        if n % 2 == 0 { tx.commit().await } else { tx.rollback().await }.expect("ended");
    }
    check_half(client.store(), 100).await;
    for (is_first, commits) in [(true, false), (true, true), (false, true)] {
        let mut tx = connection.begin().await.expect("begun");
        let events = twice();
        let within = client.within(&mut tx).publish_all(events.clone()).await;
        check_twice(&within.expect("published"), &events, is_first);
        if commits { tx.commit().await } else { tx.rollback().await }.expect("ended");
    }
    let pool = sqlx::PgPool::connect(&database.url()).await.expect("connected");
    client.within(&pool).publish(paid(4)).await.expect("published");
    assert_eq!(log(client.store()).await.len(), 54);
}

/// E20, O1: of 1,000 transactions, half of them rolled back, the events of the other half are there, without a hole, in whatever
/// schema; through tokio-postgres.
#[tokio::test]
async fn tokio_postgres_transactions_carry_events() {
    let database = TestDatabase::postgres();
    let client = client_of(&database).await;
    let mut connection = connect(&database).await;
    connection.client.batch_execute("set synchronous_commit to off").await.expect("set");
    for n in 0..1_000 {
        let tx = connection.client.transaction().await.expect("begun");
        client.within(&tx).publish(paid(n)).await.expect("published");
        if n % 2 == 0 { tx.commit().await } else { tx.rollback().await }.expect("ended");
        if n % 100 == 0 {
            client.store().sequence(1_000, Now::Database).await.expect("sequenced");
        }
    }
    check_half(client.store(), 1_000).await;
    for (is_first, commits) in [(true, false), (true, true), (false, true)] {
        let tx = connection.client.transaction().await.expect("begun");
        let events = twice();
        let within = client.within(&tx).publish_all(events.clone()).await;
        check_twice(&within.expect("published"), &events, is_first);
        if commits { tx.commit().await } else { tx.rollback().await }.expect("ended");
    }
    client.within(&connection.client).publish(paid(4)).await.expect("published");
    assert_eq!(log(client.store()).await.len(), 504);
    let tx = connection.client.transaction().await.expect("begun");
    let mut elsewhere = windlass::in_schema("nowhere", &tx).expect("a name");
    elsewhere.publish(paid(5)).await.expect_err("there is no such schema");
}

/// E20, O1: what a prepared statement publishes is what any other does, and commits with the transaction.
#[tokio::test]
async fn prepared_statements_publish_the_same() {
    let database = TestDatabase::postgres();
    let client = client_of(&database).await;
    let mut connection = connect(&database).await;
    let prepared = windlass::PreparedEnqueue::new(&connection.client).await.expect("prepared");
    let time = Timestamp::from_micros(1_700_000_000_000_000);
    let full = paid(1).time(time).extension("tenant", "acme");
    let full = full.about("customer=7".parse().expect("a subject"));
    for (nth, event) in [full, NewEvent::bare("tick"), paid(3).given("3")].into_iter().enumerate() {
        let again = NewEvent { id: EventId::new(), given: None, ..event.clone() };
        let tx = connection.client.transaction().await.expect("begun");
        client.within((&tx, &prepared)).publish(event.clone()).await.expect("published");
        tx.rollback().await.expect("undone");
        let tx = connection.client.transaction().await.expect("begun");
        let answer = client.within((&tx, &prepared)).publish(event.clone()).await;
        assert_eq!(answer.expect("published"), Published::New(event.id));
        client.within(&tx).publish(again.clone()).await.expect("published");
        tx.commit().await.expect("committed");
        let events = log(client.store()).await;
        let [one, other] = &events[2 * nth..] else { panic!("two of each: {events:?}") };
        let of = |record: &EventRecord| EventRecord {
            id: again.id,
            position: None,
            given: None,
            time: if event.time.is_some() { record.time } else { time },
            ..record.clone()
        };
        assert_eq!(of(one), of(other));
    }
}

/// E20: a caller that stops half-way, in a transaction that it commits anyway, leaves a log that goes on.
#[tokio::test]
async fn a_publish_that_is_dropped_leaves_a_whole_log() {
    use sqlx::Connection;
    let database = TestDatabase::sqlite();
    let client = client_of(&database).await;
    let mut connection = sqlx::SqliteConnection::connect(&database.url()).await.expect("opened");
    for polls in 0..12 {
        let mut tx = connection.begin_with("BEGIN IMMEDIATE").await.expect("begun");
        {
            let mut within = client.within(&mut tx);
            let mut publish = std::pin::pin!(within.publish_all((0..3).map(paid)));
            for _ in 0..polls {
                let once = std::future::poll_fn(|cx| {
                    std::task::Poll::Ready(publish.as_mut().poll(cx).is_ready())
                });
                if once.await {
                    break;
                }
                tokio::task::yield_now().await;
            }
        }
        tx.commit().await.expect("committed");
        client.publish(paid(9)).await.expect("the log goes on");
    }
    assert!(log(client.store()).await.len() >= 12);
}

#[derive(Serialize, Deserialize, Job)]
#[job(kind = "announce")]
struct Announce {
    path: String,
}

async fn announce(job: Announce, cx: Context) -> Result<(), JobError> {
    let connection = rusqlite::Connection::open(job.path)?;
    cx.within(&connection).publish_blocking(paid(1))?;
    Ok(())
}

/// E20, O1: what a handler publishes in a transaction comes of its job.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_handler_publishes_as_its_job() {
    let database = TestDatabase::sqlite();
    let store = database.open().await;
    let client = Client::new(Arc::clone(&store)).with_origin("shop on test");
    let path = database.url().trim_start_matches("sqlite:").to_owned();
    let id = client.enqueue(Announce { path }).await.expect("written").id();
    let worker = Worker::new(store, ()).handle_fn(announce).start().await.expect("it starts");
    ended(&client, id).await;
    worker.stop().await;
    let events = log(client.store()).await;
    let origins: Vec<_> =
        events.iter().map(|event| (event.parent, event.root, &event.meta.origin)).collect();
    assert_eq!(origins, [(Some(id), Some(id), &None)]);
}

/// A connection of the application's own, for plain SQL.
enum Sql {
    Sqlite(rusqlite::Connection),
    Postgres(Connection),
}

/// One event as SQL gives it: its type, its data, and the rest by name, as SQL texts of both stores.
type Given<'a> = (&'a str, Option<&'a str>, &'a [(&'a str, &'a str)]);

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

impl Sql {
    async fn of(database: &TestDatabase) -> Self {
        if database.url().starts_with("sqlite") {
            return Self::Sqlite(database.file());
        }
        Self::Postgres(connect(database).await)
    }

    /// Publishes an event; the code or the words of the refusal. The values of options are JSON.
    async fn publish(&self, (event_type, data, options): Given<'_>) -> Result<(), String> {
        let data = data.map_or_else(|| "null".to_owned(), quoted);
        match self {
            Self::Sqlite(connection) => {
                let column = |value: &str| match serde_json::from_str(value) {
                    Ok(serde_json::Value::String(text)) => quoted(&text),
                    _ if value.starts_with('{') => quoted(value),
                    _ => value.to_owned(),
                };
                let names: String = options.iter().map(|(name, _)| format!(", {name}")).collect();
                let values: String =
                    options.iter().map(|(_, value)| format!(", {}", column(value))).collect();
                let sql = format!(
                    "insert into windlass_publish (type, data{names}) values ({}, {data}{values})",
                    quoted(event_type)
                );
                let done = connection.execute(&sql, []);
                done.map(drop).map_err(|error| error.to_string())
            }
            Self::Postgres(connection) => {
                let moment = |value: &str| match value.parse::<i64>() {
                    Ok(micros) => format!("\"{}\"", Timestamp::from_micros(micros)),
                    Err(_) => value.to_owned(),
                };
                let pairs: Vec<String> = options
                    .iter()
                    .map(|(name, value)| match *name {
                        "time" => format!("\"time\": {}", moment(value)),
                        _ => format!("\"{name}\": {value}"),
                    })
                    .collect();
                let options = quoted(&format!("{{{}}}", pairs.join(",")));
                let sql = format!(
                    "select windlass.publish({}, {data}, {options})::text",
                    quoted(event_type)
                );
                let done = connection.client.query_one(&sql, &[]).await;
                done.map(drop).map_err(|error| {
                    error.code().map_or_else(|| error.to_string(), |code| code.code().to_owned())
                })
            }
        }
    }
}

on_both_stores! {
    /// E20, O1, X16: what plain SQL publishes is what the client publishes, once by source and id.
    sql_publishes_like_the_client;
    /// E20, O1, A19, X16: SQL refuses what the client refuses, and writes nothing.
    sql_refuses_what_cannot_be_published;
    /// A19: one event that cannot be stored refuses its call, says which it is, and keeps no other call back.
    one_event_that_cannot_be_stored_keeps_nobody_back;
}

async fn one_event_that_cannot_be_stored_keeps_nobody_back(database: TestDatabase) {
    let client = Client::new(database.open().await);
    let wrong = [
        (paid(2).subject("a\0b"), "subject"),
        (paid(2).source("a\u{1f}b"), "source"),
        (paid(2).given("x".repeat(257)), "id"),
        (paid(2).extension("Upper", "x"), "Upper"),
        (NewEvent::bare("with space"), "with space"),
        (NewEvent::bare("windlass.job.dead"), "Windlass alone tells of itself"),
    ];
    for (wrong, word) in wrong {
        let refused = client.publish_all([paid(1), wrong, paid(3)]).await.expect_err("it is wrong");
        assert!(refused.to_string().contains(word), "{refused}");
    }
    // Data that are a text in JSON and not one in Rust are refused when they are read.
    for data in [r#"{"a":"\u0000"}"#, r#"{"a":"\ud800"}"#] {
        let refused = Json::args(data).expect_err("it is not a text").to_string();
        assert!(refused.contains("NUL") || refused.contains("surrogate"), "{refused}");
    }
    assert_eq!(log(client.store()).await, []);
    client.publish_all([paid(1), paid(3)]).await.expect("published");
    assert_eq!(log(client.store()).await.len(), 2);
}

async fn sql_publishes_like_the_client(database: TestDatabase) {
    let client = Client::new(database.open().await).with_origin("sql");
    let sql = Sql::of(&database).await;
    let data = r#"{"order": 42, "note": "a\\u0000 ü \ud83d\ude00 \ufffd 'x'"}"#;
    let mut full = NewEvent::new("order.paid", Json::args(data).expect("JSON"))
        .source("https://example.org/shop")
        .given("42-paid")
        .subject("order/42")
        .time(Timestamp::from_micros(1_700_000_000_123_000))
        .extension("partitionkey", "7")
        .extension("retries", -3)
        .extension("urgent", true)
        .about("customer=42".parse().expect("a subject"))
        .about("order=a7".parse().expect("a subject"))
        .about("order=b2".parse().expect("a subject"));
    full.meta.version = Some(2);
    client.publish(full).await.expect("published");
    let mut options = [
        ("source", r#""https://example.org/shop""#),
        ("id", r#""by-sql""#),
        ("subject", r#""order/42""#),
        ("time", "1700000000123000"),
        ("extensions", r#"{"partitionkey": "7", "retries": -3, "urgent": true}"#),
        ("subjects", r#"{"customer": 42, "order": ["a7", "b2"]}"#),
        ("version", "2"),
    ];
    sql.publish(("order.paid", Some(data), &options)).await.expect("published");
    client.publish(NewEvent::bare("tick")).await.expect("published");
    sql.publish(("tick", None, &[])).await.expect("published");
    sql.publish(("other", None, &[("version", "1"), ("subjects", "{}"), ("extensions", "{}")]))
        .await
        .expect("published");
    // Of two with one id the first counts, whichever way each comes.
    sql.publish(("again", None, &options[..2])).await.expect("it is there");
    options[1].1 = r#""42-paid""#;
    sql.publish(("again", None, &options[..2])).await.expect("it is there");
    let again = NewEvent::bare("again").source("https://example.org/shop").given("by-sql");
    let again = client.publish(again).await.expect("it is there");
    assert!(matches!(again, Published::Existing(_)), "{again:?}");
    let events = log(client.store()).await;
    let types: Vec<&str> = events.iter().map(|event| event.event_type.as_str()).collect();
    assert_eq!(types, ["order.paid", "order.paid", "tick", "tick", "other"]);
    assert_eq!(again.id(), events[1].id);
    for pair in events[..4].chunks(2) {
        let [one, other] = pair else { unreachable!("they are pairs") };
        let value = |event: &EventRecord| {
            event.data.as_ref().map(|data| data.read::<serde_json::Value>().expect("JSON"))
        };
        assert_eq!(value(one), value(other));
        assert_eq!((&one.source, &one.subject), (&other.source, &other.subject));
        assert_eq!(one.given.is_some(), other.given.is_some());
        assert_eq!(sorted(one), sorted(other));
        assert_eq!((one.root, one.parent), (other.root, other.parent));
    }
    assert_eq!(events[0].time, events[1].time);
    let (ago, now) = (events[3].time, Timestamp::wall_clock());
    assert!(now.since(ago).as_secs() < 60 && ago.since(now).as_secs() < 60, "{ago}");
    assert_eq!(events[4].meta, events[3].meta);
}

/// PostgreSQL keeps the members of an object in an order of its own.
fn sorted(event: &EventRecord) -> EventMeta {
    let mut meta = event.meta.clone();
    meta.subjects.sort();
    meta
}

async fn sql_refuses_what_cannot_be_published(database: TestDatabase) {
    let store = database.open().await;
    let sql = Sql::of(&database).await;
    let is_sqlite = matches!(sql, Sql::Sqlite(_));
    let text = |bytes: usize| format!("\"{}\"", "x".repeat(bytes));
    let (long, note) = (text(257), format!(r#"{{"note": {}}}"#, text(1_025)));
    let (fits, large) = (text(256 * 1024 - 2), text(256 * 1024 - 1));
    let many: Vec<String> = (0..33).map(|nth| format!("\"e{nth}\": 1")).collect();
    let many = format!("{{{}}}", many.join(","));
    let crowd: Vec<String> = (0..33).map(|nth| nth.to_string()).collect();
    let crowd = format!(r#"{{"order": [{}]}}"#, crowd.join(","));
    let type_too_long = "x".repeat(129);
    let mut refused = vec![("", None, vec![]), ("with space", None, vec![])];
    refused.push(("windlass.job.dead", None, vec![]));
    refused.extend([(&*type_too_long, None, vec![]), ("a", Some(&*large), vec![])]);
    for (name, values) in [
        ("id", &[r#""""#, &long, r#""a\u001f""#][..]),
        ("source", &[r#""""#, &long]),
        ("subject", &[r#""""#, &long]),
        ("version", &["0", "65536", "-1", r#""two""#]),
        (
            "extensions",
            &[
                r#"{"Upper": 1}"#,
                r#"{"type": "mine"}"#,
                r#"{"": 1}"#,
                r#"{"xxxxxxxxxxxxxxxxxxxxx": 1}"#,
                r#"{"a": 1.5}"#,
                r#"{"a": 2147483648}"#,
                r#"{"a": null}"#,
                r#"{"a": [1]}"#,
                &note,
                &many,
            ],
        ),
        ("subjects", &[r#"{"order": 1.5}"#, r#"{"a b": 1}"#, r#"{"order": "a b"}"#, &crowd]),
    ] {
        refused.extend(values.iter().map(|value| ("a", None, vec![(name, *value)])));
    }
    for (event_type, data, options) in refused {
        let event = (event_type, data, &*options);
        let why = sql.publish(event).await.expect_err(&format!("{event:?}"));
        let is_told = if is_sqlite { why.starts_with("windlass: ") } else { why == "22023" };
        assert!(is_told, "{event:?}: {why}");
    }
    // PostgreSQL says it in its own words.
    for data in ["{", r#""a\u0000""#, r#""\ud800""#, r#"{"\udc00": 1}"#, r#"["\ud83d", "\ude00"]"#]
    {
        let why = sql.publish(("a", Some(data), &[])).await.expect_err(data);
        assert!(!is_sqlite || why.starts_with("windlass: data "), "{data}: {why}");
    }
    for option in [
        ("subjects", r#"{"order": "\ud800"}"#),
        ("subjects", r#"{"order": ["x", "\udc00"]}"#),
        ("extensions", r#"{"tenant": "\ud800"}"#),
    ] {
        let why = sql.publish(("a", None, &[option])).await.expect_err(option.1);
        assert!(!is_sqlite || why.contains("half of a surrogate pair"), "{option:?}: {why}");
    }
    let unknown = sql.publish(("a", None, &[("sourec", r#""/shop""#)])).await;
    unknown.expect_err("there is no such option");
    assert_eq!(log(&store).await, []);
    sql.publish(("a", Some(&fits), &[])).await.expect("it fits");
    sql.publish(("windlasses.made", None, &[])).await.expect("it is nobody's");
    assert_eq!(log(&store).await.len(), 2);
}

/// A19: what is not UTF-8 is refused by SQL, also in the smallest part, and where another program has written it anyway it keeps
/// nothing else from being read and run.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_utf_8_keeps_nothing_back() {
    let database = TestDatabase::sqlite();
    let store = database.open().await;
    let file = database.file();
    for wrong in [
        "windlass_publish (type, data) values ('a', cast(x'22ff22' as text))",
        "windlass_publish (type, subject) values ('a', cast(x'2fff' as text))",
        "windlass_publish (type, source) values ('a', cast(x'2fff' as text))",
        "windlass_publish (type, id) values ('a', cast(x'ff' as text))",
        "windlass_publish (type, extensions) values ('a', cast(x'7b2261223a22ff227d' as text))",
        "windlass_enqueue (kind, args) values ('k', cast(x'22ff22' as text))",
        "windlass_enqueue (kind, args) values ('k', '\"\\ud800\"')",
        "windlass_enqueue (kind, origin) values ('k', cast(x'ff' as text))",
        "windlass_enqueue (kind, lane) values ('k', cast(x'ff' as text))",
        "windlass_enqueue (kind, unique_key) values ('k', cast(x'ff' as text))",
        "windlass_enqueue (kind, subjects) values ('k', '{\"a\":\"\\ud800\"}')",
    ] {
        let refused = file.execute(&format!("insert into {wrong}"), []).expect_err(wrong);
        let refused = refused.to_string();
        let is_told = refused.contains("UTF-8") || refused.contains("surrogate pair");
        assert!(is_told, "{wrong}: {refused}");
    }
    // U+FFFD itself, a pair and the last characters of the plane are texts.
    let fine = "insert into windlass_publish (type, data, subject) values ('a', '\"\\ud83d\\ude00\"', '\u{fffd}\u{ffff}')";
    file.execute(fine, []).expect("it is published");
    file.execute(
        "insert into windlass_enqueue (kind, args) values ('announce', '{\"path\":\"x\"}')",
        [],
    )
    .expect("it is enqueued");
    file.execute_batch(
        "update windlass_event set subject = cast(x'2fff' as text); update windlass_pending set origin = cast(x'ff' as text)",
    )
    .expect("another program may");
    let client = Client::new(Arc::clone(&store));
    client.publish(paid(1)).await.expect("published");
    let events = log(client.store()).await;
    assert_eq!((events.len(), events[0].subject.as_deref()), (2, Some("/\u{fffd}")));
    let worker =
        Worker::new(store, ()).handle_fn(async |job: Announce, _: Context| anyhow::Ok(job.path));
    let worker = worker.start().await.expect("it starts");
    let found = client
        .jobs(&"kind:announce".parse().expect("a filter"), windlass::job::Page::default())
        .await
        .expect("read");
    ended(&client, found[0].id).await;
    worker.stop().await;
}

/// E14: given ids are looked at without a lock of their own each, of which a server has few; who comes second while the first is given
/// its position is told of the first.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn given_ids_take_no_locks() {
    let database = TestDatabase::postgres();
    let store = database.open().await;
    let client = Client::new(Arc::clone(&store));
    let first = client.publish(paid(1).source("/s").given("once")).await.expect("published");
    let giver = connect(&database).await;
    let give = "begin; select windlass.sequence_at(windlass.now_us(), 100)";
    giver.client.batch_execute(give).await.expect("given");
    let commits = async {
        waits_for(&database, "transactionid").await;
        giver.client.batch_execute("commit").await.expect("committed");
    };
    let again = client.publish(paid(2).source("/s").given("once"));
    let (second, ()) = tokio::join!(again, commits);
    assert_eq!(second.expect("published"), windlass::event::Published::Existing(first.id()));
    let publisher = connect(&database).await;
    let publisher = &publisher.client;
    publisher.batch_execute("begin").await.expect("begun");
    let many = "select count(windlass.publish('a', null, jsonb_build_object('id', n::text))) from generate_series(1, 100) as n";
    publisher.query_one(many, &[]).await.expect("published");
    let locks =
        "select count(*) from pg_locks where locktype = 'advisory' and pid = pg_backend_pid()";
    assert_eq!(publisher.query_one(locks, &[]).await.expect("read").get::<_, i64>(0), 0);
    publisher.batch_execute("commit").await.expect("committed");
    while store.sequence(100, Now::Database).await.expect("given") > 0 {}
    assert_eq!(log(&store).await.len(), 101);
}

/// E20, A19: what cannot be stored does not become an event, whichever way it comes.
#[test]
fn data_that_no_store_can_keep_are_refused() {
    let large = format!("\"{}\"", "x".repeat(256 * 1024 - 1));
    for data in [large.as_str(), r#""a\u0000""#, "\"a\0\"", r#""\ud800""#, "{"] {
        Json::args(data).expect_err("it is refused");
    }
}
