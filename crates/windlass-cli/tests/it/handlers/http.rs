//! HTTP targets, against a server in this process.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use windlass::store::Now;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State as Shared;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use windlass::{JobRecord, Outcome, State};
use windlass_http::{Access, Api};

use crate::work_fixture::{PATIENCE, WorkFixture};

const SECRET: &str = "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// A request as it came.
#[derive(Debug, Clone)]
struct Request {
    headers: HashMap<String, String>,
    body: Vec<u8>,
}

/// A target that answers as it was told, for as long as this lives.
struct Target {
    url: String,
    requests: Arc<Mutex<Vec<Request>>>,
    _serving: JoinSet<()>,
}

type Answer = Arc<dyn Fn() -> Response + Send + Sync>;

impl Target {
    async fn answering(answer: impl Fn() -> Response + Send + Sync + 'static) -> Self {
        let requests: Arc<Mutex<Vec<Request>>> = Arc::default();
        let state: (Answer, _) = (Arc::new(answer), Arc::clone(&requests));
        let router = Router::new().fallback(take).with_state(state);
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}/jobs", listener.local_addr().expect("an address"));
        let mut serving = JoinSet::new();
        serving.spawn(async move { axum::serve(listener, router).await.expect("served") });
        Self { url, requests, _serving: serving }
    }

    fn requests(&self) -> Vec<Request> {
        self.requests.lock().expect("not poisoned").clone()
    }

    /// Runs one job on this target.
    async fn run(&self, more: &str) -> JobRecord {
        run_on(&self.url, more).await
    }
}

async fn take(
    Shared((answer, requests)): Shared<(Answer, Arc<Mutex<Vec<Request>>>)>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let text = |value: &axum::http::HeaderValue| value.to_str().unwrap_or_default().to_owned();
    let headers = headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect();
    requests.lock().expect("not poisoned").push(Request { headers, body: body.to_vec() });
    answer()
}

async fn run_on(url: &str, more: &str) -> JobRecord {
    let config = format!("[[handler]]\nkind = \"k\"\nhttp = {{ url = \"{url}\" {more} }}\n");
    run_with(&WorkFixture::with(&config).await).await
}

async fn run_with(fixture: &WorkFixture) -> JobRecord {
    let id = fixture.enqueue("k", r#"{"user":42}"#).await;
    assert!(once(fixture).await.success());
    fixture.job(id).await
}

/// The worker runs in a process of its own, and the target here: this thread must not be held.
async fn once(fixture: &WorkFixture) -> std::process::ExitStatus {
    let work = fixture.start(&["--once"]);
    tokio::task::spawn_blocking(move || work.wait().status).await.expect("waited")
}

#[tokio::test]
async fn a_request_is_signed_as_the_specification_says_and_its_answer_is_the_output() {
    let target = Target::answering(|| axum::Json(json!({ "message": 7 })).into_response()).await;
    let http = format!("http = {{ url = \"{}\", signing_secret_file = \"secret\" }}", target.url);
    let fixture = WorkFixture::with(&format!("[[handler]]\nkind = \"k\"\n{http}\n")).await;
    std::fs::write(fixture.path("secret"), format!("whsec_{SECRET}\n")).expect("written");

    let job = run_with(&fixture).await;

    assert_eq!(job.state, State::Completed);
    assert_eq!(job.output.expect("an output").to_string(), r#"{"message":7}"#);
    let requests = target.requests();
    let [request] = &requests[..] else { panic!("one request, not {}", requests.len()) };
    let header = |name: &str| request.headers.get(name).unwrap_or_else(|| panic!("no {name}"));
    assert_eq!(header("webhook-id"), &job.id.to_string());
    let body: Value = serde_json::from_slice(&request.body).expect("JSON");
    assert_eq!(body["id"], job.id.to_string());
    assert_eq!(
        (&body["kind"], &body["attempt"], &body["args"]),
        (&"k".into(), &1.into(), &json!({"user":42}))
    );

    let key = STANDARD.decode(SECRET).expect("base64");
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).expect("a key");
    mac.update(format!("{}.{}.", header("webhook-id"), header("webhook-timestamp")).as_bytes());
    mac.update(&request.body);
    let signature = header("webhook-signature").strip_prefix("v1,").expect("version 1");
    mac.verify_slice(&STANDARD.decode(signature).expect("base64")).expect("the right signature");
}

/// O10: a target is sent the event of an event's job beside its data, which are the args; no other job has a member for it.
#[tokio::test]
async fn a_target_gets_the_event_of_its_job() {
    let target = Target::answering(|| StatusCode::OK.into_response()).await;
    let config = format!("[[handler]]\nkind = \"k\"\nhttp = {{ url = \"{}\" }}\n", target.url);
    let fixture = WorkFixture::with(&config).await;
    let plain = run_with(&fixture).await.id;
    let id = fixture.of_event("k", 42, r#"{"total":1299}"#).await;
    assert!(once(&fixture).await.success());
    let bodies = target.requests();
    let bodies: Vec<Value> =
        bodies.iter().map(|one| serde_json::from_slice(&one.body).expect("JSON")).collect();
    let [first, second] = &bodies[..] else { panic!("{bodies:?}") };
    assert_eq!((&first["id"], first.get("event")), (&plain.to_string().into(), None));
    assert_eq!((&second["id"], &second["args"]["total"]), (&id.to_string().into(), &1299.into()));
    let event = &second["event"];
    assert_eq!((&event["type"], &event["tenant"]), (&"order.paid".into(), &"acme".into()));
    assert_eq!((&event["position"], event.get("data")), (&1.into(), None));
}

#[tokio::test]
async fn the_status_decides() {
    for (status, expected, says) in [
        (200, State::Completed, ""),
        (204, State::Completed, ""),
        (202, State::Dead, "202 Accepted"),
        (302, State::Retryable, "redirects are not followed"),
        (400, State::Dead, "400 Bad Request: no"),
        (404, State::Dead, "404 Not Found: no"),
        (408, State::Retryable, "408"),
        (410, State::Dead, "the target is gone"),
        (425, State::Retryable, "425"),
        (429, State::Retryable, "429"),
        (500, State::Retryable, "500 Internal Server Error: no"),
        (503, State::Retryable, "503"),
    ] {
        let status = StatusCode::from_u16(status).expect("a status");
        let body = if status == StatusCode::NO_CONTENT { "" } else { "no" };
        let target = Target::answering(move || (status, body).into_response()).await;
        let job = target.run("").await;
        assert_eq!(job.state, expected, "of {status}");
        let error =
            job.history.first().and_then(|attempt| attempt.error.clone()).unwrap_or_default();
        assert!(error.contains(says), "of {status}: {error}");
        assert_eq!(target.requests().len(), 1, "of {status}");
    }
}

/// A server of the API on the fixture's store, for as long as this lives.
struct Served {
    url: String,
    _serving: JoinSet<()>,
}

impl Served {
    async fn on(fixture: &WorkFixture) -> Self {
        let api = Api::new(Arc::clone(fixture.client().store()), Access::open());
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let mut serving = JoinSet::new();
        serving.spawn(async move { axum::serve(listener, api.router()).await.expect("served") });
        Self { url, _serving: serving }
    }
}

/// A target that accepts, and a worker whose handler may be settled later.
async fn accepting(more: &str) -> (Target, WorkFixture, Served) {
    let target = Target::answering(|| StatusCode::ACCEPTED.into_response()).await;
    let fixture = WorkFixture::with("").await;
    let served = Served::on(&fixture).await;
    let http = format!("{{ url = \"{}\", settle_url = \"{}/\" }}", target.url, served.url);
    let config = format!("[[handler]]\nkind = \"k\"\nhttp = {http}\n{more}\n");
    std::fs::write(fixture.path("windlass.toml"), config).expect("written");
    (target, fixture, served)
}

/// What the first request said of settling.
async fn to_settle(target: &Target) -> Value {
    let asked = async {
        loop {
            if let Some(first) = target.requests().first() {
                return serde_json::from_slice::<Value>(&first.body).expect("JSON");
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, asked).await.expect("the target is asked")
}

/// Sends a result where the request said; the status of that.
async fn settle(asked: &Value, mut result: Value) -> Value {
    (result["job"], result["lease"]) = (asked["id"].clone(), asked["settle"]["lease"].clone());
    let url = asked["settle"]["url"].as_str().expect("a URL");
    // Only the first test of the process installs it.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let body = json!({"results": [result]}).to_string();
    let request = reqwest::Client::new().post(url).header("content-type", "application/json");
    let answer = request.body(body).send().await.expect("sent").text().await.expect("read");
    let answer: Value = serde_json::from_str(&answer).expect("JSON");
    answer["results"][0]["status"].clone()
}

/// T58: a target that answers 202 settles the job later, and the job runs until then.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_that_a_target_accepts_is_settled_later() {
    for (result, state, attempts) in [
        (json!({"result": "complete", "output": {"charged": 7}}), State::Completed, 0),
        (json!({"result": "fail", "error": {"message": "no such card"}}), State::Retryable, 1),
        (json!({"result": "fail", "retry": "never", "error": {"message": "no"}}), State::Dead, 1),
    ] {
        let (target, fixture, _served) = accepting("").await;
        let id = fixture.enqueue("k", "1").await;
        let work = fixture.start(&["--once"]);
        let asked = to_settle(&target).await;
        assert_eq!(fixture.job(id).await.state, State::Running);
        assert_eq!(settle(&asked, result.clone()).await, "done", "{result}");
        assert_eq!(settle(&asked, result.clone()).await, "already", "{result}");
        let ended = tokio::task::spawn_blocking(move || work.wait()).await.expect("waited");
        assert!(ended.status.success(), "{ended:?}");
        let told = ended.events.iter().find(|event| event["event"] == "finished").expect("told");
        let is_ok = state == State::Completed;
        assert_eq!(told["outcome"], if is_ok { "ok" } else { "error" }, "{result}");
        let job = fixture.job(id).await;
        assert_eq!((job.state, job.attempt, job.history.len()), (state, 1, attempts), "{result}");
        assert_eq!(target.requests().len(), 1);
    }
}

/// T58, T14: what nobody settles within the timeout has failed, and what comes after it is lost.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_that_nobody_settles_in_time_has_failed() {
    let (target, fixture, _served) = accepting("timeout = \"500ms\"").await;
    let id = fixture.enqueue("k", "1").await;
    assert!(once(&fixture).await.success());
    let job = fixture.job(id).await;
    assert_eq!((job.state, job.history[0].outcome), (State::Retryable, Outcome::Timeout));
    let asked = to_settle(&target).await;
    assert_eq!(settle(&asked, json!({"result": "complete"})).await, "lost");
    assert_eq!(fixture.job(id).await.state, State::Retryable);
}

/// T58, X18: a cancel ends it as it ends any job that runs.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_that_a_target_accepts_can_be_cancelled() {
    let (target, fixture, _served) = accepting("").await;
    let id = fixture.enqueue("k", "1").await;
    let work = fixture.start(&["--once"]);
    let asked = to_settle(&target).await;
    fixture.client().cancel(&[id], "not wanted").await.expect("asked");
    let ended = tokio::task::spawn_blocking(move || work.wait()).await.expect("waited");
    assert!(ended.status.success(), "{ended:?}");
    assert_eq!(fixture.job(id).await.state, State::Cancelled);
    assert_eq!(settle(&asked, json!({"result": "complete"})).await, "lost");
}

#[tokio::test]
async fn other_refusals_are_tried_again_where_that_is_wanted() {
    let target = Target::answering(|| StatusCode::NOT_FOUND.into_response()).await;
    assert_eq!(target.run(", retry_4xx = true").await.state, State::Retryable);
    let gone = Target::answering(|| StatusCode::GONE.into_response()).await;
    assert_eq!(gone.run(", retry_4xx = true").await.state, State::Dead);
}

/// T52: the pause is obeyed and no failure, on both stores.
#[tokio::test]
async fn a_target_that_asks_for_a_pause_gets_it_and_nothing_is_counted() {
    let busy = [StatusCode::TOO_MANY_REQUESTS, StatusCode::SERVICE_UNAVAILABLE];
    for (status, is_postgres) in busy.into_iter().flat_map(|busy| [(busy, false), (busy, true)]) {
        let target =
            Target::answering(move || (status, [("retry-after", "7")]).into_response()).await;
        let config = format!("[[handler]]\nkind = \"k\"\nhttp = {{ url = \"{}\" }}\n", target.url);
        let fixture = match is_postgres {
            true => WorkFixture::on_postgres(&config).await,
            false => WorkFixture::with(&config).await,
        };
        let job = run_with(&fixture).await;
        assert_eq!((job.state, job.failures), (State::Scheduled, 0), "of {status}");
        let attempt = job.history.first().expect("an attempt");
        assert_eq!(attempt.outcome, Outcome::Snoozed);
        let wait = job.run_at.since(attempt.ended_at.expect("an end"));
        assert_eq!(wait, Duration::from_secs(7), "of {status}");
    }
}

/// T52: any other status with the same header is what it always is.
#[tokio::test]
async fn only_a_target_that_has_no_time_can_ask_for_a_pause() {
    for status in [StatusCode::INTERNAL_SERVER_ERROR, StatusCode::REQUEST_TIMEOUT] {
        let target =
            Target::answering(move || (status, [("retry-after", "7")]).into_response()).await;
        let job = target.run("").await;
        assert_eq!((job.state, job.failures), (State::Retryable, 1), "of {status}");
    }
}

/// O2: the same key on every attempt.
#[tokio::test]
async fn every_attempt_has_the_same_id() {
    let target = Target::answering(|| StatusCode::INTERNAL_SERVER_ERROR.into_response()).await;
    let http = format!("http = {{ url = \"{}\" }}", target.url);
    let fixture = WorkFixture::with(&format!("[[handler]]\nkind = \"k\"\n{http}\n")).await;
    let job = run_with(&fixture).await;
    fixture.client().store().retry(&[job.id], Now::Database).await.expect("asked");
    assert!(once(&fixture).await.success());
    let requests = target.requests();
    assert_eq!(requests.len(), 2);
    assert_eq!(requests[0].headers["webhook-id"], requests[1].headers["webhook-id"]);
}

/// T15, with a shorter limit than the standard 30 s.
#[tokio::test]
async fn a_target_that_never_answers_is_given_up() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}/", listener.local_addr().expect("an address"));
    let config =
        format!("[[handler]]\nkind = \"k\"\ntimeout = \"400ms\"\nhttp = {{ url = \"{url}\" }}\n");
    let job = run_with(&WorkFixture::with(&config).await).await;
    drop(listener);
    assert_eq!((job.state, job.failures), (State::Retryable, 1));
    let error = job.history[0].error.clone().unwrap_or_default();
    assert!(error.contains("400ms"), "{error}");
}

#[tokio::test]
async fn a_target_that_is_not_there_is_tried_again() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}/", listener.local_addr().expect("an address"));
    drop(listener);
    let job = run_on(&url, "").await;
    assert_eq!(job.state, State::Retryable);
    let error = job.history[0].error.clone().unwrap_or_default();
    assert!(error.starts_with("no answer: ") && error.contains("refused"), "{error}");
}

#[tokio::test]
async fn an_answer_beyond_the_limit_becomes_a_note() {
    let target = Target::answering(|| axum::Json("x".repeat(300_000)).into_response()).await;
    let job = target.run("").await;
    assert_eq!(job.state, State::Completed);
    let output = job.output.expect("a note").to_string();
    assert!(output.contains("windlass_output_not_stored") && output.len() < 300, "{output}");
}
