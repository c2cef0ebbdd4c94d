//! A worker that is killed while a target has its request.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State as Shared;
use axum::http::{HeaderMap, StatusCode};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::timeout;
use windlass::event::NewEvent;
use windlass::subscription::{Filter, Start, Subscription};
use windlass::{Client, Json, State};
use windlass_testkit::database::{Database, PostgresDatabase};

use crate::work_fixture::{PATIENCE, WorkFixture};

const EVENTS: usize = 100;
/// It is received, and never answered.
const UNANSWERED: usize = 50;

/// What a target has received: of each request the order that its event is of, and the key that it can be recognised by.
#[derive(Default)]
struct Sink {
    received: Mutex<Vec<(u64, String)>>,
    is_waiting: Notify,
}

async fn take(Shared(sink): Shared<Arc<Sink>>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let body: Value = serde_json::from_slice(&body).expect("JSON");
    let order = body["args"]["order"].as_u64().expect("an order");
    let key = headers["webhook-id"].to_str().expect("a text").to_owned();
    let number = {
        let mut received = sink.received.lock().expect("whole");
        received.push((order, key));
        received.len()
    };
    if number == UNANSWERED {
        sink.is_waiting.notify_one();
        std::future::pending::<()>().await;
    }
    StatusCode::OK
}

/// O2: the worker is killed when the target has its fiftieth request and has not answered: in the end all hundred events are there,
/// and only the one under way twice, with the same key.
#[tokio::test]
async fn what_a_killed_worker_sent_comes_again_with_its_key() {
    let fixture = WorkFixture::with(&sink_config("http://127.0.0.1:1")).await;
    all_events_arrive(&fixture, &fixture.url()).await;
}

/// O2: the same on PostgreSQL.
#[tokio::test]
async fn what_a_killed_worker_sent_comes_again_with_its_key_on_postgres() {
    let fixture = WorkFixture::with(&sink_config("http://127.0.0.1:1")).await;
    let database = PostgresDatabase::fresh();
    all_events_arrive(&fixture, &database.url()).await;
}

fn sink_config(url: &str) -> String {
    format!("[[handler]]\nkind = \"hook.send\"\nslots = 1\nhttp = {{ url = \"{url}\" }}\n")
}

async fn all_events_arrive(fixture: &WorkFixture, url: &str) {
    let sink = Arc::<Sink>::default();
    let router = Router::new().fallback(take).with_state(Arc::clone(&sink));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let target = format!("http://{}/hook", listener.local_addr().expect("an address"));
    let mut serving = JoinSet::new();
    serving.spawn(async move { axum::serve(listener, router).await.expect("served") });
    std::fs::write(fixture.path("windlass.toml"), sink_config(&target)).expect("written");

    let client = Client::new(windlass::open(url).await.expect("it opens"));
    let filter = Filter::of_types(["order.*"]).build().expect("a filter");
    let hook = Subscription::new(filter, "hook.send");
    client.subscribe("hook", &hook, Start::Now).await.expect("made");
    let paid = |order: usize| {
        let data = Json::args(format!(r#"{{"order":{order}}}"#)).expect("JSON");
        NewEvent::new("order.paid", data).given(format!("{order}-paid"))
    };
    client.publish_all((0..EVENTS).map(paid)).await.expect("published");

    let work = fixture.start_on(url, &[]);
    timeout(PATIENCE, sink.is_waiting.notified()).await.expect("the target has its request");
    // An end that is not written yet would be one more that comes twice.
    completed(&client, UNANSWERED - 1).await;
    work.signal(libc::SIGKILL);
    drop(work);
    let _again = fixture.start_on(url, &[]);
    completed(&client, EVENTS).await;

    let received = sink.received.lock().expect("whole").clone();
    let mut keys: BTreeMap<u64, Vec<&str>> = BTreeMap::new();
    for (order, key) in &received {
        keys.entry(*order).or_default().push(key);
    }
    assert_eq!(keys.len(), EVENTS, "each is there");
    let twice: Vec<_> = keys.values().filter(|keys| keys.len() > 1).collect();
    let (_, key) = &received[UNANSWERED - 1];
    assert_eq!(twice, [&vec![key.as_str(), key.as_str()]], "the one under way, with its key");
}

/// Waits until so many jobs are completed.
async fn completed(client: &Client, number: usize) {
    let wait = async {
        while client.counts().await.expect("counted").of(State::Completed) < number as u64 {
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, wait).await.expect("they are completed");
}
