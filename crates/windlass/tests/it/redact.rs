//! What a type marks goes with each job and each event, by every way in.

use std::num::NonZeroU32;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use windlass::event::{self, NewEvent};
use windlass::filter::Bound;
use windlass::job::{Filter, Page};
use windlass::prelude::*;
use windlass::redact::Redaction;
use windlass::store::Now;
use windlass::subscription::{EventTarget, Feed, Mode, Start, Subscription, Target};
use windlass::{Event, JobRecord, Json, NewJob, Refusal, StoreError, limits};

use crate::test_database::{TestDatabase, connect, on_both_stores};

#[derive(Serialize, Deserialize, Job)]
#[job(kind = "customer.create", redact = [card, "address.street"])]
struct Create {
    name: String,
    card: String,
    address: Value,
}

#[derive(Serialize, Deserialize, Event)]
#[event(type = "order.paid", redact = [iban])]
struct Paid {
    order: u32,
    iban: String,
}

on_both_stores! {
    /// S-45: the derive and the draft mark fields, the store keeps that, and workers get everything.
    marks_go_with_a_job;
    /// S-45: a job that marks nothing has nothing more.
    a_job_that_marks_nothing_costs_nothing;
    /// S-45: what an event's type marks is marked in what comes of it, also where several are in one job.
    marks_of_an_event_go_on;
    /// S-45: a filter tells nothing of a marked field, however it is asked.
    a_filter_tells_nothing_of_a_marked_field;
    /// Bad input: what marks no field is refused, with all of its call.
    what_marks_no_field_is_refused;
}

fn create() -> Create {
    Create {
        name: "ana".to_owned(),
        card: "4111".to_owned(),
        address: json!({"street": "Elm 3", "city": "Bonn"}),
    }
}

async fn shown(client: &Client, id: JobId, redaction: &Redaction) -> Value {
    let job = client.job(id).await.expect("read").expect("there");
    redaction.job(job).args.read().expect("JSON")
}

async fn marks_go_with_a_job(database: TestDatabase) {
    let client = Client::new(database.open().await);
    let id = client.enqueue(create().job().redact("name")).await.expect("written").id();
    let job = client.job(id).await.expect("read").expect("there");
    assert_eq!(job.meta.redact, ["card", "address.street", "name"]);
    let hidden = json!({
        "name": "[redacted]", "card": "[redacted]", "address": {"street": "[redacted]", "city": "Bonn"},
    });
    assert_eq!(shown(&client, id, &Redaction::default()).await, hidden);
    let all = shown(&client, id, &Redaction::none()).await;
    assert_eq!((&all["card"], &all["address"]["street"]), (&json!("4111"), &json!("Elm 3")));
    let worker = Worker::new(client.store().clone(), ())
        .handle_fn(async |job: Create, _: Context| -> Result<String, JobError> { Ok(job.card) });
    let worker = worker.inline().await.expect("a worker");
    assert_eq!(worker.run_next().await.expect("ran").len(), 1);
    worker.leave().await.expect("gone");
    let done = client.job(id).await.expect("read").expect("there");
    assert_eq!(done.output.as_ref().map(Json::as_str), Some(r#""4111""#), "the handler got it");
    assert_eq!(done.meta.redact.len(), 3, "what has ended is marked still");
}

async fn a_job_that_marks_nothing_costs_nothing(database: TestDatabase) {
    let client = Client::new(database.open().await);
    let job = NewJob::new("work", Json::stored("{}"));
    assert_eq!(job.stored_meta(), None);
    let id = client.enqueue(job).await.expect("written").id();
    let job = client.job(id).await.expect("read").expect("there");
    assert!(job.meta.redact.is_empty());
    assert!(!Redaction::default().job(job).is_redacted());
}

async fn feed(client: &Client) {
    let mut feed = Feed::default();
    while feed.round(&**client.store(), Now::Database).await.expect("fed").is_behind {}
}

async fn of_kind(client: &Client, kind: &str) -> JobRecord {
    let filter: Filter = format!("kind:{kind}").parse().expect("a filter");
    let mut jobs = client.jobs(&filter, Page::default()).await.expect("listed");
    jobs.pop().unwrap_or_else(|| panic!("a job of kind {kind}"))
}

async fn marks_of_an_event_go_on(database: TestDatabase) {
    let client = Client::new(database.open().await);
    let wanted = || windlass::subscription::Filter::of_types(["order.paid"]).build().expect("one");
    let each = Subscription::new(wanted(), "each");
    client.subscribe("each", &each, Start::Now).await.expect("subscribed");
    let together = Mode::batch(NonZeroU32::MIN.saturating_add(1), Duration::from_secs(60));
    let many = Subscription { mode: together, ..Subscription::new(wanted(), "many") };
    client.subscribe("many", &many, Start::Now).await.expect("subscribed");
    let target = EventTarget { event_type: "order.told".to_owned(), source: None };
    let again = Subscription { target: Target::Event(target), ..Subscription::new(wanted(), "x") };
    client.subscribe("again", &again, Start::Now).await.expect("subscribed");
    for order in [1, 2] {
        let paid = Paid { order, iban: "DE02".to_owned() };
        client.publish(paid).await.expect("published");
    }
    feed(&client).await;
    let one = of_kind(&client, "each").await;
    assert_eq!(one.meta.redact, ["iban"]);
    let many = of_kind(&client, "many").await;
    assert!(many.args.as_str().contains("DE02"), "{}", many.args);
    let shown = Redaction::default().job(many);
    assert!(shown.is_redacted() && !shown.args.as_str().contains("DE02"), "{}", shown.args);
    assert!(shown.args.as_str().contains(r#""order":2"#), "{}", shown.args);
    let told = client.events(0, 10).await.expect("read");
    let told: Vec<_> = told.into_iter().filter(|event| event.event_type == "order.told").collect();
    assert_eq!(told.len(), 2);
    for event in told {
        let shown = Redaction::default().event(event);
        let data = shown.data.as_ref().map(Json::to_string);
        assert!(data.is_some_and(|data| data.contains("[redacted]") && !data.contains("DE02")));
    }
}

async fn a_filter_tells_nothing_of_a_marked_field(database: TestDatabase) {
    let client = Client::new(database.open().await);
    client.enqueue(create()).await.expect("written");
    client.publish(Paid { order: 7, iban: "DE02".to_owned() }).await.expect("published");
    let jobs = async |filter: &str| {
        let filter: Filter = filter.parse().expect("a filter");
        let found = client.find_jobs(&filter, Page::default(), Bound::default()).await;
        found.expect("found").items.len()
    };
    for filter in [
        "args.card:4111",
        "-args.card:4111",
        "-args.card:5",
        "args.address.street:\"Elm 3\"",
        "args.card.0:x",
        "-args.card.0:x",
    ] {
        assert_eq!(jobs(filter).await, 0, "{filter}");
        assert_eq!(jobs(&format!("args.name:ana {filter}")).await, 0, "{filter}");
    }
    assert_eq!((jobs("args.name:ana").await, jobs("args.address.city:Bonn").await), (1, 1));
    client.store().sequence(10, Now::Database).await.expect("sequenced");
    let events = async |filter: &str| {
        let filter: event::Filter = filter.parse().expect("a filter");
        let found = client.find_events(&filter, (None, 10), Bound::default()).await;
        found.expect("found").items.len()
    };
    for filter in ["data.iban:DE02", "-data.iban:DE02", "-data.iban:x"] {
        assert_eq!(events(filter).await, 0, "{filter}");
    }
    assert_eq!(events("data.order:7").await, 1);
}

async fn what_marks_no_field_is_refused(database: TestDatabase) {
    let client = Client::new(database.open().await);
    let long = "x".repeat(limits::MARK_BYTES + 1);
    for wrong in ["", ".", "a..b", "a\0", &long] {
        let refused = client.enqueue_all([create().job(), create().job().redact(wrong)]).await;
        assert!(matches!(refused, Err(StoreError::Refused(Refusal::Mark { .. }))), "{refused:?}");
        let event = NewEvent::new("a", Json::stored("{}")).redact(wrong);
        let refused = client.publish(event).await;
        assert!(matches!(refused, Err(StoreError::Refused(Refusal::Mark { .. }))), "{refused:?}");
    }
    let many = (0..=limits::MARKS).fold(create().job(), |draft, n| draft.redact(format!("f{n}")));
    assert!(matches!(client.enqueue(many).await, Err(StoreError::Refused(Refusal::Range { .. }))));
    assert_eq!(client.counts().await.expect("counted").total(), 0);
}

/// Marks that SQL may not write, as JSON.
const WRONG: [&str; 7] =
    [r#""card""#, r#"[""]"#, r#"["a..b"]"#, r#"["."]"#, "[5]", r#"{"a":1}"#, r#"["a."]"#];

/// X16, S-45: the SQL function takes marks, and refuses what marks nothing.
#[tokio::test]
async fn the_sql_function_takes_marks() {
    let database = TestDatabase::postgres();
    let client = Client::new(database.open().await);
    let connection = connect(&database).await;
    let enqueue = async |options: &str| {
        let sql = format!("select windlass.enqueue('k', '{{\"card\": 4111}}', '{options}')::text");
        connection.client.query_one(&sql, &[]).await.map(|row| row.get::<_, String>(0))
    };
    for options in
        [r#"{"redact": ["card"]}"#, r#"{"redact": ["card"], "unique_key": "a", "tags": ["t"]}"#]
    {
        let id: JobId = enqueue(options).await.expect("written").parse().expect("an id");
        assert_eq!(shown(&client, id, &Redaction::default()).await, json!({"card": "[redacted]"}));
    }
    for nothing in ["[]", "null"] {
        enqueue(&format!(r#"{{"redact": {nothing}}}"#)).await.expect("written");
    }
    let many = json!(vec!["a"; limits::MARKS + 1]).to_string();
    let long = json!(["x".repeat(limits::MARK_BYTES + 1)]).to_string();
    for wrong in WRONG.into_iter().chain([many.as_str(), long.as_str()]) {
        let refused = enqueue(&format!(r#"{{"redact": {wrong}}}"#)).await.expect_err(wrong);
        let message = refused.as_db_error().expect("a refusal").message();
        assert!(message.contains("cannot be used"), "{wrong}: {message}");
    }
    assert_eq!(client.counts().await.expect("counted").total(), 4);
}

/// X16, S-45: so does the view.
#[tokio::test]
async fn the_sqlite_view_takes_marks() {
    let database = TestDatabase::sqlite();
    let client = Client::new(database.open().await);
    let path = database.url().trim_start_matches("sqlite:").to_owned();
    let connection = rusqlite::Connection::open(path).expect("opened");
    let enqueue = |columns: &str, values: &str| {
        let sql = format!(
            "insert into windlass_enqueue (kind, args, {columns}) values ('k', '{{\"card\": 4111}}', {values})"
        );
        connection.execute(&sql, []).map_err(|error| error.to_string())
    };
    enqueue("redact", r#"'["card"]'"#).expect("written");
    enqueue("redact, unique_key, tags, cost", r#"'["card"]', 'a', '["t"]', 2"#).expect("written");
    let jobs = client.jobs(&Filter::default(), Page::default()).await.expect("listed");
    for job in jobs {
        assert_eq!(
            shown(&client, job.id, &Redaction::default()).await,
            json!({"card": "[redacted]"})
        );
    }
    enqueue("redact", "'[]'").expect("written");
    enqueue("redact", "null").expect("written");
    let many = json!(vec!["a"; limits::MARKS + 1]).to_string();
    let long = json!(["x".repeat(limits::MARK_BYTES + 1)]).to_string();
    for wrong in WRONG.into_iter().chain([many.as_str(), long.as_str()]) {
        let refused = enqueue("redact", &format!("'{wrong}'")).expect_err(wrong);
        assert!(refused.contains("windlass: "), "{wrong}: {refused}");
    }
    let refused = enqueue("meta", r#"'{"redact":["a"]}'"#).expect_err("refused");
    assert!(refused.contains("a column of its own"), "{refused}");
    assert_eq!(client.counts().await.expect("counted").total(), 4);
}
