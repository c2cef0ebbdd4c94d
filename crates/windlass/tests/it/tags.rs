//! Tags and subjects through the derive, through every driver and by SQL.

use serde::{Deserialize, Serialize};
use windlass::job::{Filter, Page};
use windlass::prelude::*;
use windlass::store::Now;
use windlass::{NewJob, Refusal, StoreError, Subject, Timestamp, limits};
use windlass_testkit::verdicts::complete;
use windlass_testkit::worker::{request, settlement, worker};

use crate::test_database::{TestDatabase, connect, on_both_stores};

#[derive(Serialize, Deserialize, Job)]
#[job(kind = "work", tags = ["billing"], subjects(customer = customer_id, order, "a.type" = note))]
struct Invoice {
    customer_id: i64,
    order: String,
    note: Option<u8>,
}

fn invoice(customer_id: i64) -> Invoice {
    Invoice { customer_id, order: "a7".to_owned(), note: None }
}

async fn found(client: &Client, filter: &str) -> Vec<JobId> {
    let filter: Filter = filter.parse().expect("a filter");
    let jobs = client.jobs(&filter, Page::default()).await.expect("listed");
    jobs.into_iter().map(|job| job.id).collect()
}

on_both_stores! {
    /// T22, T9: the derive and the draft say what a job is found by: its kind's tags, and what its args are about.
    a_kind_and_a_draft_say_what_a_job_is_found_by;
    /// T22: what cannot be kept is refused before anything is written.
    what_cannot_be_found_is_refused;
    /// T23: of jobs that are pruned no tag is left, of those that are kept every one.
    tables_hold_the_tags_of_jobs_that_are_there;
}

async fn a_kind_and_a_draft_say_what_a_job_is_found_by(database: TestDatabase) {
    let client = Client::new(database.open().await);
    let plain = client.enqueue(invoice(1)).await.expect("written").id();
    let noted = Invoice { note: Some(3), ..invoice(1) };
    let draft = noted.job().tag("urgent").tag("billing").subject("region", "eu");
    let other = client.enqueue(draft).await.expect("written").id();
    assert_eq!(found(&client, "tag:billing subject:customer=1").await, [other, plain]);
    assert_eq!(found(&client, "subject:a.type=3,region=x").await, [other]);
    assert_eq!(found(&client, "subject:order=a7 -tag:urgent since:1h").await, [plain]);
    assert_eq!(found(&client, "subject:order=a7 until:1h").await, []);
    let meta = client.job(other).await.expect("read").expect("there").meta;
    assert_eq!(meta.tags, ["billing", "urgent"]);
    let subjects: Vec<&str> = meta.subjects.iter().map(Subject::as_str).collect();
    assert_eq!(subjects, ["customer=1", "order=a7", "a.type=3", "region=eu"]);
}

async fn what_cannot_be_found_is_refused(database: TestDatabase) {
    let client = Client::new(database.open().await);
    let drafts = [
        invoice(1).job().tag(""),
        invoice(1).job().tag("two words"),
        invoice(1).job().tag("x".repeat(10_000)),
        invoice(1).job().subject("customer", "a\0b"),
        invoice(1).job().subject("customer", "a,b"),
        invoice(1).job().subject("customer", ""),
        invoice(1).job().subject("a type", 1),
        (0..=limits::TAGS).fold(invoice(1).job(), |draft, n| draft.subject("n", n)),
    ];
    for draft in drafts {
        let refused = client.enqueue_all([invoice(2).job(), draft]).await;
        assert!(
            matches!(
                refused,
                Err(StoreError::Refused(
                    Refusal::Name(_)
                        | Refusal::Tags { .. }
                        | Refusal::SubjectId { .. }
                        | Refusal::SubjectCharacter { .. }
                ))
            ),
            "{refused:?}"
        );
    }
    assert_eq!(client.counts().await.expect("counted").total(), 0);
}

async fn tables_hold_the_tags_of_jobs_that_are_there(database: TestDatabase) {
    let store = database.open().await;
    let client = Client::new(store.clone());
    let registration = worker().registration();
    let begin = Timestamp::wall_clock();
    store.register(&registration, Now::At(begin)).await.expect("registered");
    client.enqueue_all((0..5).map(invoice)).await.expect("written");
    let batch = store.claim(&request(&registration, 3), Now::At(begin)).await.expect("claimed");
    let ends: Vec<_> = (0..2).map(|nth| settlement(&batch, nth, complete())).collect();
    store.settle(registration.worker, &ends, Now::At(begin)).await.expect("settled");
    assert_eq!(database.count("tag").await, 15);
    // The job whose partition is dropped, or whose turn comes in the walk, is gone; then its tags are.
    let later = begin.after(limits::KEEP_FINISHED * 2);
    for _ in 0..2 {
        store.tidy(Now::At(later)).await.expect("tidied");
    }
    assert_eq!(database.count("tag").await, 9);
    assert_eq!(found(&client, "tag:billing").await.len(), 3);
}

/// T1, T22: through every driver on PostgreSQL, and gone with the transaction.
#[tokio::test]
async fn every_driver_writes_tags_on_postgres() {
    use sqlx::Connection as _;
    use sqlx_0_8::Connection as _;
    let database = TestDatabase::postgres();
    let client = Client::new(database.open().await);
    let given = || NewJob { identity: windlass::job::Identity::Given, ..new_job() };
    macro_rules! check {
        ($on:expr) => {{
            let mut within = client.within($on);
            within.enqueue(invoice(42)).await.expect("written");
            within.enqueue(given()).await.expect("written");
            within.enqueue_all([invoice(42), invoice(42)]).await.expect("written");
            drop(within);
        }};
    }
    let mut connection = connect(&database).await;
    let tx = connection.client.transaction().await.expect("begun");
    check!(&tx);
    tx.commit().await.expect("committed");
    let prepared = windlass::PreparedEnqueue::new(&connection.client).await.expect("prepared");
    let tx = connection.client.transaction().await.expect("begun");
    check!((&tx, &prepared));
    tx.commit().await.expect("committed");
    let tx = connection.client.transaction().await.expect("begun");
    check!(&tx);
    tx.rollback().await.expect("rolled back");
    let mut connection = sqlx::PgConnection::connect(&database.url()).await.expect("opened");
    let mut tx = connection.begin().await.expect("begun");
    check!(&mut tx);
    tx.commit().await.expect("committed");
    let mut connection = sqlx_0_8::PgConnection::connect(&database.url()).await.expect("opened");
    let mut tx = connection.begin().await.expect("begun");
    check!(&mut tx);
    tx.commit().await.expect("committed");
    assert_eq!(found(&client, "subject:customer=42").await.len(), 16);
    assert_eq!(database.count("tag").await, 48);
}

/// T1, T22: the same on SQLite.
#[tokio::test]
async fn every_driver_writes_tags_on_sqlite() {
    use sqlx::Connection as _;
    let database = TestDatabase::sqlite();
    let client = Client::new(database.open().await);
    let given = || NewJob { identity: windlass::job::Identity::Given, ..new_job() };

    let path = database.url().trim_start_matches("sqlite:").to_owned();
    let mut connection = rusqlite::Connection::open(path).expect("opened");
    let rolls_back = [false, true];
    for rolls_back in rolls_back {
        let tx = connection.transaction().expect("begun");
        let mut within = client.within(&tx);
        within.enqueue_blocking(invoice(42)).expect("written");
        within.enqueue_blocking(given()).expect("written");
        within.enqueue_all_blocking([invoice(42), invoice(42)]).expect("written");
        let ended = if rolls_back { tx.rollback() } else { tx.commit() };
        ended.expect("ended");
    }
    let mut connection = sqlx::SqliteConnection::connect(&database.url()).await.expect("opened");
    let mut tx = connection.begin_with("BEGIN IMMEDIATE").await.expect("begun");
    let mut within = client.within(&mut tx);
    within.enqueue(invoice(42)).await.expect("written");
    within.enqueue(given()).await.expect("written");
    within.enqueue_all([invoice(42), invoice(42)]).await.expect("written");
    drop(within);
    tx.commit().await.expect("committed");
    assert_eq!(found(&client, "subject:customer=42").await.len(), 8);
    assert_eq!(database.count("tag").await, 24);
}

fn new_job() -> NewJob {
    invoice(42).job().into_new_job().expect("it can be stored")
}

/// Options of an enqueue by SQL that are refused, as JSON: tags and subjects.
const WRONG: [(&str, &str); 16] = [
    ("tags", r#""billing""#),
    ("tags", r#"["two words"]"#),
    ("tags", r#"[""]"#),
    ("tags", "[5]"),
    ("tags", r#"{"a": 1}"#),
    ("subjects", r#"["customer"]"#),
    ("subjects", r#"{"customer": ""}"#),
    ("subjects", r#"{"customer": null}"#),
    ("subjects", r#"{"customer": "a b"}"#),
    ("subjects", r#"{"customer": "a,b"}"#),
    ("subjects", r#"{"customer": {"id": 1}}"#),
    ("subjects", r#"{"customer": true}"#),
    ("subjects", r#"{"customer": 1.5}"#),
    ("subjects", r#"{"customer": [[1]]}"#),
    ("subjects", r#"{"a type": 1}"#),
    ("subjects", r#"{"": 1}"#),
];

/// Lists that are too long, and words that are.
fn long() -> [(&'static str, String); 4] {
    let many: Vec<String> = (0..=limits::TAGS).map(|n| n.to_string()).collect();
    let word = "x".repeat(10_000);
    [
        ("tags", format!(r#"["{}"]"#, many.join(r#"",""#))),
        ("tags", format!(r#"["{word}"]"#)),
        ("subjects", format!(r#"{{"a": [{}]}}"#, many.join(","))),
        ("subjects", format!(r#"{{"a": "{word}"}}"#)),
    ]
}

/// X16, T22: the SQL function takes tags and subjects, and refuses what nobody could find.
#[tokio::test]
async fn the_sql_function_takes_tags() {
    let database = TestDatabase::postgres();
    let client = Client::new(database.open().await);
    let connection = connect(&database).await;
    let enqueue = async |options: &str| {
        let sql = format!("select windlass.enqueue('k', '{{}}', '{options}')::text");
        connection.client.query_one(&sql, &[]).await.map(|row| row.get::<_, String>(0))
    };
    let options = r#"{"tags": ["billing"], "subjects": {"customer": 42, "order": ["a7", "b8"]}, "unique_key": "a"}"#;
    let id: JobId = enqueue(options).await.expect("written").parse().expect("an id");
    assert_eq!(found(&client, "tag:billing subject:customer=42 subject:order=b8").await, [id]);
    enqueue(r#"{"tags": [], "subjects": {}}"#).await.expect("written");
    enqueue(r#"{"tags": null, "subjects": null}"#).await.expect("written");
    for (option, wrong) in
        WRONG.map(|(option, value)| (option, value.to_owned())).into_iter().chain(long())
    {
        let refused = enqueue(&format!(r#"{{"{option}": {wrong}}}"#)).await.expect_err(&wrong);
        let message = refused.as_db_error().expect("a refusal").message();
        assert!(message.contains("cannot be used"), "{wrong}: {message}");
    }
    assert!(enqueue(r#"{"subjects": {"customer": "a\u0000b"}}"#).await.is_err());
    assert_eq!(client.counts().await.expect("counted").total(), 3);
    assert_eq!(database.count("tag").await, 4);
}

/// X16, T22: so does the view.
#[tokio::test]
async fn the_sqlite_view_takes_tags() {
    let database = TestDatabase::sqlite();
    let client = Client::new(database.open().await);
    let path = database.url().trim_start_matches("sqlite:").to_owned();
    let connection = rusqlite::Connection::open(path).expect("opened");
    let enqueue = |columns: &str, values: &str| {
        let sql = format!("insert into windlass_enqueue (kind, {columns}) values ('k', {values})");
        connection.execute(&sql, []).map_err(|error| error.to_string())
    };
    let both = r#"'["billing"]', '{"customer": 42, "order": ["a7", "b8"]}'"#;
    enqueue("tags, subjects", both).expect("written");
    let found_ids = found(&client, "tag:billing subject:customer=42 subject:order=b8").await;
    assert_eq!(found_ids.len(), 1);
    enqueue("tags, subjects, unique_key, max_losses", &format!("{both}, 'a', 5")).expect("written");
    assert_eq!(found(&client, "tag:billing subject:order=a7").await.len(), 2);
    enqueue("tags, subjects", "'[]', '{}'").expect("written");
    for (column, wrong) in
        WRONG.map(|(option, value)| (option, value.to_owned())).into_iter().chain(long())
    {
        let refused = enqueue(column, &format!("'{wrong}'")).expect_err(&wrong);
        assert!(refused.contains("windlass: "), "{column} {wrong}: {refused}");
    }
    for (column, wrong) in [
        ("meta", r#"'{"tags":["a"]}'"#),
        ("subjects", r#"'{"customer": "a\u0000b"}'"#),
        ("tags", r#"'["a\u0000b"]'"#),
        ("tags", "'billing'"),
    ] {
        let refused = enqueue(column, wrong).expect_err(wrong);
        assert!(refused.contains("windlass: "), "{column} {wrong}: {refused}");
    }
    assert_eq!(client.counts().await.expect("counted").total(), 3);
    assert_eq!(database.count("tag").await, 8);
}
