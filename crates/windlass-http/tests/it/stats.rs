//! Stats over HTTP.

use axum::http::StatusCode;
use serde_json::{Value, json};
use windlass::stats::{Kept, fold};
use windlass::store::Now;
use windlass::token::{Grant, Scope};
use windlass::{Json, NewJob};
use windlass_http::{Access, Caller};

use crate::fixture::{TestApi, on_both_stores};

on_both_stores! {
    /// What workers in other languages do is in the stats, in columns of one number for each point.
    what_remote_workers_do_is_in_the_stats;
    /// A server that ends has written what it counted of the workers that it spoke for.
    a_server_that_ends_has_written_what_it_counted;
    /// S-14: who is limited to queues or kinds sees those in the stats; who is limited to tags is told why there are none.
    stats_are_limited_as_their_caller_is;
    /// Bad input: a time, a series and a parameter that make no sense are refused.
    what_makes_no_sense_is_refused;
}

/// Enqueues a job of each of these queues and kinds, and has a worker that speaks HTTP run them; it does not leave.
async fn worked(api: &TestApi, places: &[(&str, &str)]) -> String {
    for (queue, kind) in places {
        let mut job = NewJob::new(*kind, Json::stored("null"));
        job.queue = (*queue).to_owned();
        api.client().enqueue(job).await.expect("written");
    }
    let handlers: Vec<Value> =
        places.iter().map(|(queue, kind)| json!({"kind": kind, "queue": queue})).collect();
    let body = json!({"name": "py", "slots": 9, "protocol": 1, "handlers": handlers});
    let worker = api.post("/v1/workers", &body).await;
    assert_eq!(worker.status, StatusCode::CREATED, "{worker:?}");
    let worker = worker.body["worker"].as_str().expect("an id").to_owned();
    let claim = json!({"max": places.len(), "wait_ms": 0});
    let claimed = api.post(&format!("/v1/workers/{worker}/claim"), &claim).await.ok();
    let jobs = claimed["jobs"].as_array().expect("jobs").clone();
    assert_eq!(jobs.len(), places.len());
    let result = |job: &Value| {
        let (id, lease, kind) = (&job["id"], &job["lease"], job["kind"].as_str());
        let dies = kind.is_some_and(|kind| kind.starts_with("bad"));
        if dies {
            json!({"job": id, "lease": lease, "result": "fail", "retry": "never", "ran_ms": 700})
        } else {
            json!({"job": id, "lease": lease, "result": "complete", "ran_ms": 700})
        }
    };
    let results: Vec<Value> = jobs.iter().map(result).collect();
    api.post("/v1/results", &json!({"results": results})).await.ok();
    // A result that is sent again is none.
    api.post("/v1/results", &json!({"results": results})).await.ok();
    worker
}

async fn folded(api: &TestApi) {
    let client = api.client();
    fold(&**client.store(), Kept::default(), Now::Database).await.expect("folded");
}

async fn what_remote_workers_do_is_in_the_stats(api: TestApi) {
    let worker = worked(&api, &[("mail", "good"), ("mail", "good"), ("bulk", "bad.one")]).await;
    api.post(&format!("/v1/workers/{worker}/heartbeat"), &json!({"leases": []})).await.ok();
    folded(&api).await;
    let stats = api.get("/v1/stats?by=kind").await.ok();
    assert_eq!((&stats["schema"], &stats["step_ms"]), (&json!("stats.v1"), &json!(10_000)));
    let points = stats["points"].as_u64().expect("a number");
    let series = stats["series"].as_array().expect("series");
    let named: Vec<_> =
        series.iter().map(|one| (one["name"].as_str(), one["total"]["started"].as_u64())).collect();
    assert_eq!(named, [(Some("good"), Some(2)), (Some("bad.one"), Some(1))]);
    let good = &series[0];
    assert_eq!(good["total"]["ended"], json!({"ok": 2}));
    assert_eq!(good["total"]["enqueued"], 2);
    let ran = good["total"]["run_ms"]["p95"].as_f64().expect("a time");
    assert!((580.0..830.0).contains(&ran), "{ran}");
    for column in [&good["started"], &good["ended"]["ok"], &good["run_ms"]["p50"]] {
        assert_eq!(column.as_array().map(Vec::len), usize::try_from(points).ok());
    }
    assert_eq!(series[1]["total"]["died"], 1);
    let one = api.get("/v1/stats?queue=m*&since=24h").await.ok();
    assert_eq!((&one["series"][0]["name"], &one["step_ms"]), (&Value::Null, &json!(300_000)));
    assert_eq!(one["series"][0]["total"]["started"], 2);
}

async fn a_server_that_ends_has_written_what_it_counted(api: TestApi) {
    worked(&api, &[("mail", "good")]).await;
    api.stop();
    api.idle().await;
    folded(&api).await;
    let stats = api.get("/v1/stats").await.ok();
    assert_eq!(stats["series"][0]["total"]["ended"], json!({"ok": 1}));
}

async fn stats_are_limited_as_their_caller_is(api: TestApi) {
    let worker = worked(&api, &[("mail", "good"), ("mail", "bad.one"), ("bulk", "good")]).await;
    api.delete(&format!("/v1/workers/{worker}")).await.ok();
    let mut waits = NewJob::new("good", Json::stored("null"));
    waits.queue = "mail".to_owned();
    api.client().enqueue(waits).await.expect("written");
    folded(&api).await;
    let limits = |queues: &[&str], kinds: &[&str], tags: &[&str]| {
        let texts = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        let scopes = vec![Scope::Read];
        Grant { scopes, queues: texts(queues), kinds: texts(kinds), tags: texts(tags) }
    };
    let (mut api, mut seen) = (api, Vec::new());
    for grant in [limits(&[], &[], &[]), limits(&["bulk"], &[], &[]), limits(&[], &["good"], &[])] {
        api = api.asking(Access::by(move |_| Some(Caller::new("acme", grant.clone())))).await;
        let stats = api.get("/v1/stats").await.ok();
        let depths = stats["depths"].as_array().expect("depths").len();
        seen.push((stats["series"][0]["total"]["started"].as_u64(), depths));
    }
    assert_eq!(seen, [(Some(3), 1), (Some(1), 0), (Some(2), 0)]);
    let grant = limits(&[], &[], &["tenant:acme"]);
    let api = api.asking(Access::by(move |_| Some(Caller::new("acme", grant.clone())))).await;
    let refused = api.get("/v1/stats").await;
    assert_eq!(refused.code(), (403, "forbidden"));
    assert!(refused.text("detail").contains("limited to tags"), "{refused:?}");
}

async fn what_makes_no_sense_is_refused(api: TestApi) {
    for asked in ["since=soon", "since=0s", "by=worker", "step=1s", "queue=%00"] {
        let refused = api.get(&format!("/v1/stats?{asked}")).await;
        assert_eq!(refused.code().0, 400, "{asked}: {refused:?}");
    }
    let none = api.get("/v1/stats").await.ok();
    assert_eq!(none["series"][0]["total"]["started"], 0);
    assert_eq!(none["depths"], json!([]));
}
