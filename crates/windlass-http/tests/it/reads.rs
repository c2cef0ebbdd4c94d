//! Reads from a standby: what it answers is what its primary answers, with its age, and requests are answered also while it fails.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderMap, Method, header};
use serde_json::{Value, json};
use windlass::store::Now;
use windlass::token::{Grant, Scope};
use windlass_http::{Access, Caller, Secret};
use windlass_testkit::cluster::Cluster;
use windlass_testkit::database::PostgresDatabase;
use windlass_testkit::fault::patience::eventually;
use windlass_testkit::verdicts::die;
use windlass_testkit::worker::worker;

use crate::fixture::{Answer, TestApi, TestDatabase, hold_still, request};

/// A server over a primary whose reads a standby answers.
struct Pair {
    api: TestApi,
    standby: Cluster,
    primary: Arc<Cluster>,
    name: String,
}

impl Pair {
    /// Whose answers may be this old.
    async fn within(max_age: Duration) -> Self {
        Self::asking(Access::open(), max_age).await
    }

    async fn asking(access: Access, max_age: Duration) -> Self {
        let primary = Arc::new(Cluster::private());
        let database = PostgresDatabase::in_cluster(Arc::clone(&primary));
        let name = database.name().to_owned();
        let api = TestApi::on(TestDatabase::of(database)).await.asking(access).await;
        let standby = primary.standby();
        standby.catch_up(&primary);
        let reader = windlass::open_standby(&standby.url(&name), &primary.url(&name)).await;
        let reader = reader.expect("it is a standby").with_max_age(max_age);
        Self { api: api.reading_from(reader), standby, primary, name }
    }

    async fn answer(&self, path: &str, cache_control: &'static str) -> Answer {
        let asked = request(Method::GET, path).header(header::CACHE_CONTROL, cache_control);
        self.api.send(asked.body(Body::empty()).expect("a request")).await
    }

    /// What the primary answers.
    async fn of_primary(&self, path: &str) -> Answer {
        let answer = self.answer(path, "no-cache").await;
        assert_eq!(age(&answer.headers), None, "{path}");
        answer
    }

    /// What the standby answers, as soon as it does.
    async fn of_standby(&self, path: &str) -> Answer {
        eventually("the standby answers", || async {
            Some(self.api.get(path).await).filter(|answer| age(&answer.headers).is_some())
        })
        .await
    }

    /// Returns once the primary answers what the standby could.
    async fn until_unused(&self) {
        eventually("the primary answers", || async {
            let answer = self.api.get("/v1/jobs").await;
            assert!(answer.status.is_success(), "{answer:?}");
            age(&answer.headers).is_none().then_some(())
        })
        .await;
    }

    /// The doctor's line of the standby.
    async fn check(&self) -> (String, String) {
        let problems = self.api.get("/v1/problems").await.ok();
        let checks = problems["checks"].as_array().expect("checks");
        let check = checks.iter().find(|check| check["check"] == "standby").expect("a line of it");
        let text = |field: &str| check[field].as_str().expect("a text").to_owned();
        (text("status"), text("detail"))
    }

    async fn metrics(&self) -> String {
        let asked = request(Method::GET, "/metrics").body(Body::empty()).expect("a request");
        let answer = self.api.open(asked).await;
        let body = http_body_util::BodyExt::collect(answer.into_body()).await.expect("a body");
        String::from_utf8(body.to_bytes().to_vec()).expect("text")
    }
}

/// The age that an answer tells, where a standby has given it.
fn age(headers: &HeaderMap) -> Option<u64> {
    let by = headers.get("windlass-read").map(|by| by.to_str().expect("text"));
    assert!(by.is_none_or(|by| by == "standby"));
    let age = headers.get(header::AGE).map(|age| age.to_str().expect("text"));
    assert_eq!(by.is_some(), age.is_some(), "an age is told of a standby's answers alone");
    age.map(|age| age.parse().expect("seconds"))
}

/// Has something of each noun.
async fn fill(api: &TestApi) -> Vec<(&'static str, String)> {
    let mut named = Vec::new();
    let put = async |path: &str, body: Value| {
        api.put(path, &body).await.ok();
    };
    put("/v1/limits/kind:work", json!({"running": 2})).await;
    put("/v1/queues/default/bound", json!({"jobs": 1_000})).await;
    put("/v1/queues/default/aging", json!({"every_ms": 60_000})).await;
    put("/v1/builds/app", json!({"minimum": "1.0.0"})).await;
    put("/v1/schedules/nightly", json!({"rule": "every 1h", "kind": "work"})).await;
    let subscription = json!({"types": ["order.*"], "kind": "work"});
    put("/v1/subscriptions/orders", subscription).await;
    api.client()
        .store()
        .declare_source("feed", "https://feed", Now::Database)
        .await
        .expect("there");
    let runner = api.worker(worker().knowing(&[("work", 1)])).await;
    let post = async |path: &str, body: Value| {
        let answer = api.post(path, &body).await;
        assert!(answer.status.is_success(), "{path}: {answer:?}");
        answer
    };
    post("/v1/jobs", json!({"kind": "work"})).await;
    api.run_one(&runner, die()).await;
    let errors = api.get("/v1/errors").await.ok();
    let fingerprint = errors["groups"][0]["fingerprint"].as_str().expect("an error").to_owned();
    for body in [
        json!({"kind": "work", "tags": ["a:b"], "args": {"n": 1}}),
        json!({"kind": "work", "waits": {"signals": ["go"]}}),
        json!({"kind": "work", "lane": {"key": "l"}}),
        json!({"kind": "unknown", "delay_ms": 3_600_000}),
        json!({"kind": "work", "unique": {"key": "a"}}),
        json!({"kind": "work", "unique": {"key": "a"}}),
    ] {
        named.push(("jobs", post("/v1/jobs", body).await.text("id").to_owned()));
    }
    api.claim(&runner).await;
    let event = post("/v1/events", json!({"type": "order.paid", "data": {"n": 1}})).await;
    named.push(("events", event.text("id").to_owned()));
    api.feed().await;
    let batch = post("/v1/batches", json!({"jobs": [{"kind": "work"}]})).await;
    named.push(("batches", batch.text("id").to_owned()));
    let steps = json!({"name": "w", "steps": [{"name": "a", "job": {"kind": "work"}}]});
    named.push(("workflows", post("/v1/workflows", steps).await.text("id").to_owned()));
    let operation = json!({"action": "cancel", "filter": "kind:none"});
    named.push(("operations", post("/v1/operations", operation).await.text("id").to_owned()));
    post("/v1/queues/default/pause", json!({"note": "a look"})).await;
    let kind = "work";
    post(&format!("/v1/kinds/{kind}/pause"), json!({})).await;
    post("/v1/alerts/mute", json!({"name": "job.failing"})).await;
    named.push(("workers", runner.worker.to_string()));
    named.push(("traces", named[0].1.clone()));
    named.push(("errors", fingerprint));
    for (noun, name) in [
        ("limits", "kind:work"),
        ("queues", "default"),
        ("builds", "app"),
        ("schedules", "nightly"),
        ("subscriptions", "orders"),
        ("sources", "feed"),
        ("kinds", "work"),
    ] {
        named.push((noun, name.to_owned()));
    }
    named
}

/// The paths that a standby may answer, with the names of what is there.
fn paths(named: &[(&str, String)]) -> Vec<String> {
    let document: Value = serde_json::from_str(&windlass_http::openapi()).expect("JSON");
    let mut paths = Vec::new();
    for (path, item) in document["paths"].as_object().expect("paths") {
        let headers = &item["get"]["responses"]["200"]["headers"];
        if headers.get("windlass-read").is_none() {
            continue;
        }
        let noun = path.split('/').nth(2).expect("a noun");
        let Some((from, to)) = path.find('{').zip(path.find('}')) else {
            paths.push(path.clone());
            continue;
        };
        let there = named.iter().filter(|(other, _)| *other == noun);
        let of_noun: Vec<String> =
            there.map(|(_, name)| path.replace(&path[from..=to], name)).collect();
        assert!(!of_noun.is_empty(), "this test has nothing to show at {path}");
        paths.extend(of_noun);
    }
    paths
}

/// What is not the same in two answers of one server: how long something took or has lasted.
fn without_time(value: &mut Value) {
    match value {
        Value::Object(members) => {
            match members.get("schema").and_then(Value::as_str) {
                Some("explanation.v1") => hold_still(members),
                Some("status.v1") => drop(members.remove("at")),
                Some("stats.v1") => drop((members.remove("at"), members.remove("since"))),
                _ => {}
            }
            let is_check = members.contains_key("check");
            members.retain(|name, _| !(is_check && name == "detail"));
            members.values_mut().for_each(without_time);
        }
        Value::Array(items) => items.iter_mut().for_each(without_time),
        _ => {}
    }
}

/// Each list, object and number is answered by the standby as by its primary, and says how old it is.
#[tokio::test]
async fn a_standby_answers_every_read_as_its_primary_does() {
    let pair = Pair::within(Duration::from_secs(3_600)).await;
    let named = fill(&pair.api).await;
    pair.standby.catch_up(&pair.primary);
    let paths = paths(&named);
    println!("{} paths", paths.len());
    assert!(paths.len() > 60, "{}", paths.len());
    let mut wrong = Vec::new();
    for path in &paths {
        let (mut there, mut here) = (pair.of_primary(path).await, pair.api.get(path).await);
        without_time(&mut there.body);
        without_time(&mut here.body);
        if age(&here.headers).is_none() {
            wrong.push(format!("{path}: the primary has answered: {} {}", here.status, here.body));
        } else if here.status != there.status || here.body != there.body {
            wrong.push(format!("{path}:\n  {}\n  {}", there.body, here.body));
        } else if here.headers.get(header::ETAG) != there.headers.get(header::ETAG) {
            wrong.push(format!("{path}: its edition"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let metrics = pair.metrics().await;
    assert!(metrics.contains("windlass_read_standby_used 1"), "{metrics}");
    assert!(metrics.contains("windlass_read_age_seconds"), "{metrics}");
    assert!(metrics.contains("windlass_up 1"), "{metrics}");
}

/// Bad input: a standby that replays nothing grows old, however new it looks by itself; then the primary answers, until it has caught up.
#[tokio::test]
async fn a_standby_that_replays_nothing_is_not_asked() {
    let pair = Pair::within(Duration::from_secs(1)).await;
    pair.of_standby("/v1/jobs").await;
    assert_eq!(pair.check().await.0, "ok");
    pair.standby.pause_replay();
    let job = pair.api.post("/v1/jobs", &json!({"kind": "work"})).await.text("id").to_owned();
    pair.until_unused().await;
    assert_eq!(pair.api.get("/v1/jobs").await.ok()["items"][0]["id"], job.as_str());
    let (_, detail) = eventually("the doctor says it", || async {
        Some(pair.check().await).filter(|(status, _)| status == "problem")
    })
    .await;
    assert!(detail.contains("s behind the primary"), "{detail}");
    let metrics = pair.metrics().await;
    assert!(metrics.contains("windlass_read_standby_used 0"), "{metrics}");
    let age = metrics.lines().find_map(|line| line.strip_prefix("windlass_read_age_seconds "));
    let age: f64 = age.expect("an age").parse().expect("a number");
    assert!(age > 1.0, "{age}");
    pair.standby.resume_replay();
    assert_eq!(pair.of_standby("/v1/jobs").await.ok()["items"][0]["id"], job.as_str());
}

/// Who needs to see what is there now says so; what is not on the standby is looked for on the primary; and a change that was made
/// after an old look is refused.
#[tokio::test]
async fn a_request_says_how_old_its_answer_may_be() {
    let pair = Pair::within(Duration::from_secs(3_600)).await;
    let path = "/v1/limits/kind:work";
    pair.api.put(path, &json!({"running": 1})).await.ok();
    pair.standby.catch_up(&pair.primary);
    let old = pair.of_standby(path).await;
    pair.standby.pause_replay();
    pair.api.put(path, &json!({"running": 2})).await.ok();
    let job = pair.api.post("/v1/jobs", &json!({"kind": "work"})).await.text("id").to_owned();
    let number = |answer: Answer| answer.ok()["items"].as_array().expect("items").len();
    assert_eq!(number(pair.of_standby("/v1/jobs").await), 0);
    assert_eq!(number(pair.of_primary("/v1/jobs").await), 1);
    assert_eq!(number(pair.answer("/v1/jobs", "max-age=0").await), 1);
    assert!(age(&pair.answer("/v1/jobs", "max-age=3600").await.headers).is_some());
    let found = pair.api.get(&format!("/v1/jobs/{job}")).await;
    assert_eq!((found.status.as_u16(), age(&found.headers)), (200, None));
    assert_eq!(pair.api.get("/v1/jobs/job_none").await.status.as_u16(), 400);
    let seen = pair.of_standby(path).await;
    let tag = |answer: &Answer| answer.headers[header::ETAG].clone();
    assert_eq!(tag(&seen), tag(&old), "the standby has the old one");
    let conditional = async |method: Method, tag: &header::HeaderValue, body: &'static str| {
        let asked = request(method, path).header(header::IF_MATCH, tag);
        let asked = asked.header(header::CONTENT_TYPE, "application/json");
        pair.api.send(asked.body(Body::from(body)).expect("a request")).await
    };
    let changed = conditional(Method::PUT, &tag(&seen), r#"{"running": 3}"#).await;
    assert_eq!(changed.code(), (412, "stale"), "{changed:?}");
    let new = tag(&pair.of_primary(path).await);
    assert_eq!(conditional(Method::GET, &new, "").await.status.as_u16(), 200);
    let known = request(Method::GET, path).header(header::IF_NONE_MATCH, tag(&seen));
    let known = pair.api.send(known.body(Body::empty()).expect("a request")).await;
    assert_eq!(known.status.as_u16(), 304);
    assert!(age(&known.headers).is_some(), "it says how old it is");
}

/// An event that has no place in the log yet is not left out: the primary gives it one.
#[tokio::test]
async fn an_event_without_a_place_is_not_left_out() {
    let pair = Pair::within(Duration::from_secs(3_600)).await;
    assert_eq!(pair.of_standby("/v1/events").await.ok()["items"], json!([]));
    let event = json!({"type": "order.paid", "data": {}});
    let event = pair.api.post("/v1/events", &event).await.text("id").to_owned();
    pair.standby.catch_up(&pair.primary);
    let first = pair.api.get("/v1/events").await;
    assert_eq!(
        (age(&first.headers), &first.body["items"][0]["id"]),
        (None, &event.as_str().into())
    );
    pair.standby.catch_up(&pair.primary);
    assert_eq!(pair.of_standby("/v1/events").await.ok()["items"][0]["id"], event.as_str());
}

/// Who may is asked of the primary, and so are those who wait and who look at tokens.
#[tokio::test]
async fn who_may_is_asked_of_the_primary() {
    let pair = Pair::asking(Access::tokens(), Duration::from_secs(3_600)).await;
    pair.standby.pause_replay();
    let secret = Secret::new().expect("random");
    let token = secret.token("reader", Grant::everywhere([Scope::Admin]), None);
    assert!(pair.api.client().store().add_token(&token, Now::Database).await.expect("added"));
    let ask = async |path: &str, secret: &str| {
        let asked =
            request(Method::GET, path).header(header::AUTHORIZATION, format!("Bearer {secret}"));
        pair.api.send(asked.body(Body::empty()).expect("a request")).await
    };
    eventually("the standby answers whom the primary knows", || async {
        let answer = ask("/v1/jobs", secret.as_str()).await;
        assert_eq!(answer.status.as_u16(), 200, "{answer:?}");
        age(&answer.headers)
    })
    .await;
    assert_eq!(ask("/v1/jobs", "wls_nobody").await.status.as_u16(), 401);
    let tokens = ask("/v1/tokens", secret.as_str()).await;
    assert_eq!(
        (age(&tokens.headers), tokens.ok()["items"][0]["name"].as_str()),
        (None, Some("reader"))
    );
}

/// Where the program that nests the API says who asks, it is asked once, with all that it has put into the request.
#[tokio::test]
async fn who_may_is_asked_of_the_program() {
    #[derive(Clone)]
    struct Known;
    let access = Access::by(|request| {
        request.extensions.get::<Known>()?;
        Some(Caller::new("ana", Grant::everywhere([Scope::Read])))
    });
    let pair = Pair::asking(access, Duration::from_secs(3_600)).await;
    eventually("the standby answers whom the program knows", || async {
        let asked = request(Method::GET, "/v1/jobs").extension(Known);
        let answer = pair.api.send(asked.body(Body::empty()).expect("a request")).await;
        assert_eq!(answer.status.as_u16(), 200, "{answer:?}");
        age(&answer.headers)
    })
    .await;
    assert_eq!(pair.api.get("/v1/jobs").await.status.as_u16(), 401);
}

/// Faults: a standby is killed while it is asked. Each request is answered, by the primary, and by the standby once it is back.
#[tokio::test]
async fn a_standby_that_dies_is_not_missed() {
    let pair = Pair::within(Duration::from_secs(3_600)).await;
    pair.of_standby("/v1/jobs").await;
    pair.standby.kill();
    for path in ["/v1/jobs", "/v1/queues", "/v1/workers"] {
        let answer = pair.api.get(path).await;
        assert_eq!((answer.status.as_u16(), age(&answer.headers)), (200, None), "{path}");
    }
    eventually("the next look finds it away", || async {
        let (status, detail) = pair.check().await;
        (status == "problem" && detail.starts_with("away: ")).then_some(())
    })
    .await;
    pair.standby.start();
    pair.of_standby("/v1/jobs").await;
}

/// Faults: a standby that is promoted is none any more.
#[tokio::test]
async fn a_standby_that_is_promoted_is_not_asked() {
    let pair = Pair::within(Duration::from_secs(3_600)).await;
    pair.of_standby("/v1/jobs").await;
    pair.standby.promote();
    pair.until_unused().await;
    let (status, detail) = pair.check().await;
    assert!(status == "problem" && detail.contains("it was promoted"), "{status}: {detail}");
}

/// Faults: the standby ends a read that is in the way of what it has to replay; the primary answers it.
#[tokio::test]
async fn a_read_that_gives_way_to_the_replay_is_answered_by_the_primary() {
    let pair = Pair::within(Duration::from_secs(3_600)).await;
    pair.standby.set("max_standby_streaming_delay", "0");
    // Whether a pause is over is asked of the clock.
    pair.api.post("/v1/queues/default/pause", &json!({})).await.ok();
    let primary = |statement: &str| drop(pair.primary.ask(&pair.name, statement));
    primary("create table public.t (n int); insert into public.t select generate_series(1, 1000)");
    // On the standby alone, whatever asks for the time is slow: shorter than what a standby is waited for.
    primary(
        "create or replace function windlass.now_us() returns bigint language plpgsql volatile as \
         $$ begin if pg_is_in_recovery() then perform pg_sleep(6); end if; \
         return (extract(epoch from clock_timestamp()) * 1000000)::bigint; end $$",
    );
    pair.standby.catch_up(&pair.primary);
    pair.of_standby("/v1/jobs").await;
    let conflict = async {
        let is_reading = "select count(*) from pg_stat_activity where wait_event = 'PgSleep'";
        eventually("the read is under way", || async {
            (pair.standby.ask(&pair.name, is_reading).trim() == "1").then_some(())
        })
        .await;
        primary("delete from public.t");
        primary("vacuum public.t");
        let conflicts = format!(
            "select confl_snapshot from pg_stat_database_conflicts where datname = '{}'",
            pair.name
        );
        eventually("the read was ended", || async {
            (pair.standby.ask(&pair.name, &conflicts).trim() != "0").then_some(())
        })
        .await;
    };
    let (answer, ()) = tokio::join!(pair.api.get("/v1/queues"), conflict);
    assert_eq!((answer.status.as_u16(), age(&answer.headers)), (200, None), "{answer:?}");
}
