//! What is told.

use std::time::Duration;

use axum::body::Body;
use axum::http::{Method, header};
use serde_json::{Value, json};
use tokio::task::JoinSet;
use windlass::event::{Keep, NewEvent};
use windlass::job::Fence;
use windlass::progress::{Progress, Report};
use windlass::store::Now;
use windlass_http::Access;
use windlass_testkit::draft::KIND;
use windlass_testkit::verdicts::complete;
use windlass_testkit::worker::worker;

use super::watch::{Watch, lines, lines_after, publish, refused};
use crate::fixture::{TestApi, TestDatabase, on_both_stores, request};

on_both_stores! {
    /// Events are told in the order of the log; who connects again with the last id gets the rest, none twice and none missing.
    a_stream_goes_on_where_it_was;
    /// I-E1: an event is told once it is committed, and not before.
    only_what_is_committed_is_told;
    events_are_told_by_type_and_subject;
    /// Events that are not kept any more, that never were, or that were those of another log, are not passed over in silence.
    who_missed_something_is_told;
    /// More than twenty events a second are told by their numbers.
    many_events_are_merged;
    /// A watched job is told as it is at first, and after each change.
    watched_jobs_are_told;
    the_numbers_of_jobs_are_told_when_they_change;
    /// Bad input: what cannot be watched names its place.
    what_cannot_be_watched_is_refused;
}

async fn a_stream_goes_on_where_it_was(api: TestApi) {
    let mut first = Watch::open(&api, "").await;
    publish(&api, &["a", "b", "c"]).await;
    let event = first.told("event").await;
    assert_eq!(
        (&event["position"], &event["cursor"], &event["type"]),
        (&json!(1), &json!("1"), &json!("a"))
    );
    assert_eq!((&event["subject"], &event["version"]), (&json!("of/a"), &json!(1)));
    assert_eq!(event.get("data"), None);
    assert_eq!(first.positions(2).await, [2, 3]);
    drop(first);
    publish(&api, &["d", "e"]).await;
    // Nobody has watched meanwhile: what is asked for is read.
    let mut second = Watch::unread(&api, lines_after("3")).await;
    second.told("start").await;
    assert_eq!(second.positions(2).await, [4, 5]);
    // Somebody watches, and is not disturbed by another one who goes further back.
    let mut third = Watch::open(&api, "?from=1").await;
    assert_eq!(third.positions(4).await, [2, 3, 4, 5]);
    let mut newest = Watch::open(&api, "").await;
    publish(&api, &["f"]).await;
    for watch in [&mut second, &mut third, &mut newest] {
        assert_eq!(watch.positions(1).await, [6]);
        assert_eq!(watch.now(), None);
    }
}

/// A transaction on a connection of its own, in which an event was published.
enum Held {
    Sqlite(rusqlite::Connection),
    Postgres(tokio_postgres::Client, JoinSet<Result<(), tokio_postgres::Error>>),
}

impl Held {
    async fn publishing(api: &TestApi) -> Self {
        let url = api.url();
        if let Some(path) = url.strip_prefix("sqlite:") {
            let connection = rusqlite::Connection::open(path).expect("opened");
            let sql = "begin immediate; insert into windlass_publish (type) values ('held');";
            connection.execute_batch(sql).expect("published");
            return Self::Sqlite(connection);
        }
        let (client, connection) =
            tokio_postgres::connect(&url, tokio_postgres::NoTls).await.expect("connected");
        let mut driver = JoinSet::new();
        driver.spawn(connection);
        client.batch_execute("begin; select windlass.publish('held')").await.expect("published");
        Self::Postgres(client, driver)
    }

    async fn commit(self) {
        match self {
            Self::Sqlite(connection) => connection.execute_batch("commit").expect("committed"),
            Self::Postgres(client, _driver) => {
                client.batch_execute("commit").await.expect("committed");
            }
        }
    }
}

async fn only_what_is_committed_is_told(api: TestApi) {
    let (api, store) = api.counted(Access::open()).await;
    let mut watch = Watch::open(&api, "").await;
    let held = Held::publishing(&api).await;
    store.after("event_heads", 3).await;
    assert_eq!(watch.now(), None, "it is not committed");
    held.commit().await;
    let event = watch.told("event").await;
    assert_eq!((&event["type"], &event["position"]), (&json!("held"), &json!(1)));
}

async fn events_are_told_by_type_and_subject(api: TestApi) {
    let mut types = Watch::open(&api, "?types=order.*,mail.sent").await;
    let mut subject = Watch::open(&api, "?subject=of/order.*").await;
    let mut both = Watch::open(&api, "?types=order.*&subject=of/order.paid").await;
    publish(&api, &["order.paid", "mail.lost", "order.sent", "mail.sent"]).await;
    assert_eq!(types.positions(3).await, [1, 3, 4]);
    assert_eq!(subject.positions(2).await, [1, 3]);
    assert_eq!(both.positions(1).await, [1]);
    assert_eq!((subject.now(), both.now()), (None, None));
}

/// Why a stream that goes on there is reset, and where it goes on.
async fn reset(api: &TestApi, from: &str) -> (Value, Value) {
    let mut watch = Watch::open(api, from).await;
    let reset = watch.told("reset").await;
    (reset["why"].clone(), reset["cursor"].clone())
}

async fn who_missed_something_is_told(api: TestApi) {
    publish(&api, &["a", "b", "c"]).await;
    let client = api.client();
    client.keep_events(Keep::at_least(Duration::ZERO)).await.expect("kept");
    api.feed().await;
    let tidied = client.store().tidy(Now::Database).await.expect("tidied");
    assert_eq!(tidied.forgotten, 3);
    assert_eq!(reset(&api, "?from=1").await, (json!("removed"), json!("3")));
    assert_eq!(reset(&api, "?from=4").await, (json!("beyond"), json!("3")));
    // Nothing behind the last one was missed.
    let mut live = Watch::open(&api, "?from=3").await;
    publish(&api, &["d"]).await;
    assert_eq!(live.positions(1).await, [4]);
    let epoch = client.store().renew_log(Now::Database).await.expect("renewed");
    let told = live.told("reset").await;
    let cursor = format!("4-{epoch}");
    assert_eq!((&told["why"], &told["cursor"]), (&json!("restored"), &json!(cursor)));
    publish(&api, &["e"]).await;
    assert_eq!(live.told("event").await["cursor"], format!("5-{epoch}"));
    // A cursor is one of its log; a bare position is one of the log that there is.
    let mut old = Watch::unread(&api, lines_after("4")).await;
    old.told("start").await;
    assert_eq!(old.told("reset").await["why"], "restored");
    for from in [format!("?from={cursor}"), "?from=4".to_owned()] {
        assert_eq!(Watch::open(&api, &from).await.positions(1).await, [5]);
    }
}

async fn many_events_are_merged(api: TestApi) {
    let mut watch = Watch::open(&api, "?types=a,b").await;
    let events = (0..90).map(|nth| NewEvent::bare(["a", "b", "c"][nth % 3]));
    api.client().publish_all(events).await.expect("published");
    let mut told = Vec::new();
    let merged = loop {
        let message = watch.next().await.expect("it goes on");
        match message["message"].as_str() {
            Some("event") => told.extend(message["position"].as_u64()),
            _ => break message,
        }
    };
    let wanted: Vec<u64> = (1..=90).filter(|position| position % 3 != 0).collect();
    assert_eq!(told, wanted[..20]);
    assert_eq!(merged["message"], "merged");
    assert_eq!(
        (&merged["first"], &merged["last"], &merged["cursor"]),
        (&json!(31), &json!(89), &json!("89"))
    );
    assert_eq!((&merged["events"], &merged["types"]), (&json!(40), &json!({"a": 20, "b": 20})));
    let mut again = Watch::open(&api, "?from=89").await;
    assert_eq!(again.positions(1).await, [90], "and nothing is told twice");
}

/// The one job of a message.
fn only(message: &Value) -> &Value {
    let jobs = message["jobs"].as_array().expect("jobs");
    assert_eq!(jobs.len(), 1, "{message}");
    &jobs[0]
}

async fn watched_jobs_are_told(api: TestApi) {
    let job = api.post("/v1/jobs", &json!({"kind": KIND})).await.ok();
    let (id, missing) = (job["id"].as_str().expect("an id"), "job_00000000000000000000000000");
    let mut watch = Watch::open(&api, &format!("?jobs={id},{missing}")).await;
    let first = watch.told("jobs").await;
    let states: Vec<_> = first["jobs"]
        .as_array()
        .expect("jobs")
        .iter()
        .map(|job| (&job["id"], &job["state"]))
        .collect();
    assert_eq!(states, [(&json!(missing), &Value::Null), (&json!(id), &json!("available"))]);
    let registration = api.worker(worker()).await;
    let batch = api.claim(&registration).await;
    let running = watch.told("jobs").await;
    assert_eq!(
        (&only(&running)["state"], &only(&running)["attempt"]),
        (&json!("running"), &json!(1))
    );
    let fence = Fence {
        lease: batch.lease,
        job: std::sync::Arc::clone(&batch.jobs[0]),
        worker: registration.worker,
        label: registration.label.as_str().into(),
    };
    let progress = Progress { percent: Some(50.0), ..Progress::default() };
    let report =
        Report { fence, checkpoint: None, progress: Some((progress, 1)), lines: Vec::new() };
    api.client().store().report(&[report], Now::Database).await.expect("reported");
    assert_eq!(only(&watch.told("jobs").await)["progress"], json!({"percent": 50.0}));
    api.settle(&registration, &batch, complete()).await;
    let ended = watch.told("jobs").await;
    assert_eq!((&only(&ended)["state"], &only(&ended)["id"]), (&json!("completed"), &json!(id)));
    // Events are not told to who asked for jobs.
    publish(&api, &["a"]).await;
    let mut other = Watch::open(&api, &format!("?jobs={id}&types=*&from=0")).await;
    let messages = [other.next().await, other.next().await]
        .map(|message| message.expect("it goes on")["message"].clone());
    assert!(
        messages.contains(&json!("event")) && messages.contains(&json!("jobs")),
        "{messages:?}"
    );
    assert_eq!(watch.now(), None);
}

async fn the_numbers_of_jobs_are_told_when_they_change(api: TestApi) {
    let (api, store) = api.counted(Access::open()).await;
    let mut watch = Watch::open(&api, "?counts=true").await;
    let first = watch.told("counts").await;
    assert_eq!(
        (&first["queues"], &first["exact"], &first["left_out"]),
        (&json!({}), &json!(true), &json!(0))
    );
    store.after("capped_counts", 1).await;
    assert_eq!(watch.now(), None, "nothing has changed");
    api.post("/v1/jobs", &json!({"kind": "k", "queue": "mail"})).await.ok();
    assert_eq!(watch.told("counts").await["queues"], json!({"mail": {"available": 1}}));
}

async fn what_cannot_be_watched_is_refused(api: TestApi) {
    let many = |one: &str, number: usize| vec![one; number].join(",");
    let ids: Vec<String> = (0..101).map(|_| windlass::JobId::new().to_string()).collect();
    for (query, place) in [
        ("?from=x".to_owned(), "from"),
        ("?from=1-".to_owned(), "from"),
        ("?from=9223372036854775808".to_owned(), "from"),
        (format!("?from={}", "1".repeat(65)), "from"),
        ("?types=".to_owned(), "types"),
        ("?types=a,,b".to_owned(), "types"),
        (format!("?types={}", many("a", 21)), "types"),
        (format!("?types={}", "a".repeat(257)), "types"),
        ("?types=%00".to_owned(), "types"),
        (format!("?subject={}", "a".repeat(257)), "subject"),
        ("?jobs=x".to_owned(), "jobs"),
        ("?jobs=".to_owned(), "jobs"),
        (format!("?jobs={}", ids.join(",")), "jobs"),
        ("?counts=2".to_owned(), "query"),
        ("?filter=a".to_owned(), "query"),
    ] {
        let answer = refused(&api, &query).await;
        assert_eq!((answer.code(), answer.place()), ((400, "invalid-request"), place), "{query}");
    }
    let answer = api.send(lines_after("x")).await;
    assert_eq!((answer.code(), answer.place()), ((400, "invalid-request"), "last-event-id"));
    // A browser that has got no id yet may say so.
    assert_eq!(api.open(lines_after("")).await.status(), 200);
    assert_eq!(
        api.open(lines(&format!("?types={}&jobs={}", many("a", 20), ids[..100].join(","))))
            .await
            .status(),
        200
    );
}

/// A stream has the form that is asked for, and passes proxies as it is.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_is_of_events_or_of_lines() {
    let api = TestApi::on(TestDatabase::sqlite()).await;
    publish(&api, &["a"]).await;
    let events =
        request(Method::GET, "/v1/stream?from=0").header(header::ACCEPT, "text/event-stream");
    let mut events = api.open(events.body(Body::empty()).expect("a request")).await;
    let mut text = String::new();
    while !text.contains("event: event") {
        let frame =
            http_body_util::BodyExt::frame(events.body_mut()).await.expect("a part").expect("sent");
        text.push_str(std::str::from_utf8(frame.data_ref().expect("data")).expect("text"));
    }
    let start = "retry: 2000\nevent: start\nid: 0\ndata: {\"schema\":\"stream.v1\",\"message\":\"start\",\"cursor\":\"0\"}\n\n";
    let event = "event: event\nid: 1\ndata: {\"schema\":\"stream.v1\",\"message\":\"event\",\"cursor\":\"1\",\"position\":1,";
    assert!(text.starts_with(&format!("{start}{event}")) && text.ends_with("}\n\n"), "{text}");
    let lines = Watch::open(&api, "").await;
    for (headers, form) in
        [(events.headers(), "text/event-stream"), (&lines.headers, "application/x-ndjson")]
    {
        assert_eq!(headers[header::CONTENT_TYPE], form);
        assert_eq!(
            (&headers[header::CACHE_CONTROL], &headers["x-accel-buffering"]),
            (&"no-store".parse().expect("a value"), &"no".parse().expect("a value"))
        );
    }
}

/// Where nothing happens for a while, something is said anyway, and how far the log was looked at.
#[tokio::test(flavor = "current_thread")]
async fn a_silent_stream_says_that_it_is_alive() {
    let api = TestApi::on(TestDatabase::sqlite()).await;
    let mut watch = Watch::open(&api, "?types=b").await;
    let mut other = Watch::open(&api, "").await;
    publish(&api, &["a"]).await;
    assert_eq!(other.positions(1).await, [1]);
    // Time passes as soon as nothing else is to be done.
    tokio::time::pause();
    assert_eq!(watch.told("alive").await["cursor"], "1");
    assert_eq!(watch.told("alive").await["cursor"], "1");
}
