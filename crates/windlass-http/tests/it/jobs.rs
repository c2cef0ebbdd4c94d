//! Jobs.

use axum::body::Body;
use axum::http::{Method, StatusCode, header};
use serde_json::{Value, json};
use windlass_testkit::verdicts::die;
use windlass_testkit::worker::worker;

use crate::fixture::{Answer, TestApi, on_both_stores, request};

on_both_stores! {
    /// A job is written by HTTP and is found again, with all that it was given.
    a_job_is_written_and_shown;
    /// E4, T28: a request that is repeated with an id writes one job.
    an_id_makes_a_request_repeatable;
    /// Bad input: what cannot be read names its place, and nothing is written.
    what_cannot_be_read_names_its_place;
    many_jobs_are_written_together_or_not_at_all;
    a_list_has_pages;
    /// T22: a list says how many jobs it looked through, and on request how many match.
    a_list_says_how_far_it_looked_and_how_many_match;
    /// What may be large is left out of a list on request, and nothing else of it.
    a_list_of_heads_leaves_out_what_is_large;
    a_job_is_cancelled_retried_and_moved;
    /// Bad input: problems of the transport itself are problems too.
    whatever_is_refused_is_a_problem;
    /// Bad input: what is said of a long text is short.
    what_is_said_of_a_long_text_is_short;
    a_body_that_is_not_needed_may_be_left_out;
    ids_of_the_exchange_come_back;
    the_server_says_that_it_lives;
}

fn code(answer: &Answer) -> (u16, &str) {
    answer.code()
}

async fn enqueued(api: &TestApi, body: &Value) -> String {
    let answer = api.post("/v1/jobs", body).await;
    assert_eq!(answer.status, StatusCode::CREATED, "{answer:?}");
    answer.body["id"].as_str().expect("an id").to_owned()
}

async fn a_job_is_written_and_shown(api: TestApi) {
    let body = json!({
        "kind": "mail.welcome", "args": {"user_id": 42}, "queue": "mail", "priority": -3,
        "tags": ["billing"], "subjects": [{"type": "customer", "id": "42"}],
        "unique": {"key": "42", "until": "started", "on_conflict": "replace"},
        "lane": {"key": "user 42", "when_dead": "block"},
        "limited": {"key": "account 3", "running": 4},
        "delay_ms": 3_600_000, "expires_ms": 60_000, "max_attempts": 7, "timeout_ms": 5_000,
    });
    let id = enqueued(&api, &body).await;
    let shown = api.get(&format!("/v1/jobs/{id}")).await;
    assert_eq!(shown.status, StatusCode::OK);
    let job = &shown.body;
    assert_eq!((&job["schema"], &job["state"]), (&json!("job.v1"), &json!("scheduled")));
    for field in
        ["kind", "args", "queue", "priority", "tags", "subjects", "max_attempts", "timeout_ms"]
    {
        assert_eq!(job[field], body[field], "{field}");
    }
    assert_eq!(job["unique"]["until"], "started");
    assert_eq!(job["lane"], json!({"key": "user 42", "when_dead": "block"}));
    assert_eq!(job["limited"], json!({"key": "account 3", "running": 4}));
    assert_eq!(job["origin"], "anybody");
    assert!(job["expires_at"].is_string());
}

async fn an_id_makes_a_request_repeatable(api: TestApi) {
    let id = windlass::JobId::new().to_string();
    let body = json!({"kind": "k", "id": id});
    assert_eq!(enqueued(&api, &body).await, id);
    let again = api.post("/v1/jobs", &body).await;
    assert_eq!(again.status, StatusCode::OK);
    assert_eq!((&again.body["id"], &again.body["result"]), (&json!(id), &json!("existing")));
    let one = json!({"kind": "k", "unique": {"key": "a"}});
    let holder = enqueued(&api, &one).await;
    let kept = api.post("/v1/jobs", &one).await;
    assert_eq!((&kept.body["id"], &kept.body["result"]), (&json!(holder), &json!("kept")));
    let refused = json!({"kind": "k", "unique": {"key": "a", "on_conflict": "reject"}});
    let refused = api.post("/v1/jobs", &refused).await;
    assert_eq!(code(&refused), (409, "duplicate"));
    assert_eq!(refused.body["job"], json!(holder));
    assert_eq!(api.client().counts().await.expect("counted").total(), 2);
}

async fn what_cannot_be_read_names_its_place(api: TestApi) {
    for (body, pointer) in [
        (json!({"args": {}}), ""),
        (json!({"kind": "k", "priority": "high"}), "/priority"),
        (json!({"kind": "k", "prioritty": 1}), "/prioritty"),
        (json!({"kind": "k", "unique": {"key": 4}}), "/unique/key"),
        (
            json!({"kind": "k", "subjects": [{"type": "a", "id": "b"}, {"type": "a"}]}),
            "/subjects/1",
        ),
        (json!({"kind": "k", "delay_ms": 1, "run_at": "2040-01-01T00:00:00Z"}), "/run_at"),
        (json!({"kind": "k", "run_at": "tomorrow"}), "/run_at"),
        (json!({"kind": "k", "args": "a\u{0}b"}), "/args"),
        (json!({"kind": "k", "step": "s"}), "/step"),
        (json!({"kind": "k", "unique": {"key": "a", "until": "elapsed"}}), "/unique/for_ms"),
    ] {
        let answer = api.post("/v1/jobs", &body).await;
        assert_eq!(code(&answer), (400, "invalid-request"), "{body} {answer:?}");
        assert_eq!(answer.body["errors"][0]["pointer"], pointer, "{body} {answer:?}");
    }
    for body in [
        json!({"kind": ""}),
        json!({"kind": "k", "queue": "a b"}),
        json!({"kind": "k", "max_attempts": 40_000}),
    ] {
        assert_eq!(code(&api.post("/v1/jobs", &body).await), (422, "refused"), "{body}");
    }
    let broken = request(Method::POST, "/v1/jobs").header(header::CONTENT_TYPE, "application/json");
    let answer = api.send(broken.body(Body::from("{\"kind\": \"k\"} x")).expect("a request")).await;
    assert_eq!(code(&answer), (400, "invalid-request"));
    assert_eq!(api.client().counts().await.expect("counted").total(), 0);
}

async fn many_jobs_are_written_together_or_not_at_all(api: TestApi) {
    let bad = json!({"jobs": [{"kind": "k"}, {"kind": "k", "args": 1, "delay": 3}]});
    let refused = api.post("/v1/jobs/batch", &bad).await;
    assert_eq!(refused.body["errors"][0]["pointer"], "/jobs/1/delay");
    let unstorable = json!({"jobs": [{"kind": "k"}, {"kind": "k", "queue": ""}]});
    assert_eq!(code(&api.post("/v1/jobs/batch", &unstorable).await), (422, "refused"));
    let many: Vec<_> = (0..1_001).map(|_| json!({"kind": "k"})).collect();
    let many = api.post("/v1/jobs/batch", &json!({"jobs": many})).await;
    assert_eq!(code(&many), (400, "invalid-request"));
    assert_eq!(api.client().counts().await.expect("counted").total(), 0);
    let good: Vec<_> = (0..3).map(|n| json!({"kind": "k", "args": n})).collect();
    let written = api.post("/v1/jobs/batch", &json!({"jobs": good})).await;
    let jobs = written.body["jobs"].as_array().expect("jobs");
    assert!(jobs.iter().all(|job| job["result"] == "new"), "{jobs:?}");
    for (nth, job) in jobs.iter().enumerate() {
        let shown = api.get(&format!("/v1/jobs/{}", job["id"].as_str().expect("an id"))).await;
        assert_eq!(shown.body["args"], json!(nth));
    }
}

async fn a_list_has_pages(api: TestApi) {
    let mut written = Vec::new();
    for n in 0..5 {
        written.push(enqueued(&api, &json!({"kind": "a", "args": n})).await);
        enqueued(&api, &json!({"kind": "b"})).await;
    }
    written.reverse();
    let mut path = "/v1/jobs?filter=kind:a&limit=2".to_owned();
    let mut seen = Vec::new();
    for has_more in [true, true, false] {
        let page = api.get(&path).await;
        assert_eq!(page.body["has_more"], has_more, "{page:?}");
        let ids = page.body["items"].as_array().expect("items").iter();
        seen.extend(ids.map(|job| job["id"].as_str().expect("an id").to_owned()));
        let next = page.body["next"].as_str().unwrap_or_default();
        path = format!("/v1/jobs?filter=kind:a&limit=2&cursor={next}");
    }
    assert_eq!(seen, written);
    for (query, parameter) in [
        ("limit=0", "limit"),
        ("limit=501", "limit"),
        ("limit=-1", "query"),
        ("limit=999999999999999999999", "query"),
        ("cursor=zzz", "cursor"),
        ("filter=stat:dead", "filter"),
        ("filter=args:1", "filter"),
        ("count=all", "query"),
        ("fields=id", "query"),
        ("filtre=state:dead", "query"),
    ] {
        let answer = api.get(&format!("/v1/jobs?{query}")).await;
        assert_eq!(code(&answer), (400, "invalid-request"), "{query}");
        assert_eq!(answer.body["errors"][0]["parameter"], parameter, "{answer:?}");
    }
}

async fn a_list_says_how_far_it_looked_and_how_many_match(api: TestApi) {
    for n in 0..5 {
        enqueued(&api, &json!({"kind": "a", "args": {"n": [n % 2]}})).await;
    }
    let asked = async |query: &str| api.get(&format!("/v1/jobs?{query}")).await.ok();
    let page = asked("filter=args.n.0:1&count=exact").await;
    assert_eq!(page["items"].as_array().expect("items").len(), 2);
    assert_eq!((&page["complete"], &page["scanned"]), (&json!(true), &json!(5)));
    assert_eq!(page["count"], json!({"value": 2, "exact": true}));
    assert_eq!(asked("count=estimate").await["count"], json!({"value": 5, "exact": true}));
    assert!(asked("count=none").await.get("count").is_none());
}

async fn a_list_of_heads_leaves_out_what_is_large(api: TestApi) {
    let worker = api.worker(worker()).await;
    let id = enqueued(&api, &json!({"kind": "work", "args": {"user": {"id": 42}}})).await;
    for _ in 0..2 {
        api.run_one(&worker, die()).await;
        api.act(&format!("/v1/jobs/{id}/retry")).await.ok();
    }
    // It fits by its args, which are not answered.
    let filter = "filter=args.user.id:42";
    let heads = api.get(&format!("/v1/jobs?{filter}&fields=head")).await.ok();
    let mut whole = api.get(&format!("/v1/jobs?{filter}&fields=all")).await.ok();
    let job = whole["items"][0].as_object_mut().expect("a job");
    assert_eq!(job.remove("args"), Some(json!({"user": {"id": 42}})));
    assert_eq!(job.remove("output"), Some(Value::Null));
    let attempts = job["attempts"].as_array_mut().expect("attempts");
    assert_eq!(attempts.len(), 2);
    attempts.remove(0);
    assert_eq!(heads, whole);
}

async fn a_job_is_cancelled_retried_and_moved(api: TestApi) {
    let id = enqueued(&api, &json!({"kind": "k"})).await;
    let post =
        async |verb: &str, body: Value| api.post(&format!("/v1/jobs/{id}/{verb}"), &body).await;
    let moved = post("move", json!({"queue": "other"})).await;
    assert_eq!(moved.body["queue"], "other");
    let cancelled = post("cancel", json!({"reason": "not wanted"})).await;
    assert_eq!(
        (&cancelled.body["state"], &cancelled.body["reason"]),
        (&json!("cancelled"), &json!("not wanted"))
    );
    assert_eq!(code(&post("cancel", json!({})).await), (409, "conflict"));
    assert_eq!(code(&post("move", json!({"queue": "third"})).await), (409, "conflict"));
    let retried = post("retry", json!({})).await;
    assert_eq!(retried.body["state"], "available");
    let nobody = windlass::JobId::new();
    for verb in ["cancel", "retry", "move"] {
        let body = if verb == "move" { json!({"queue": "q"}) } else { json!({}) };
        let answer = api.post(&format!("/v1/jobs/{nobody}/{verb}"), &body).await;
        assert_eq!(code(&answer), (404, "not-found"), "{verb}");
    }
}

async fn whatever_is_refused_is_a_problem(api: TestApi) {
    for (path, expected) in [
        ("/v1/nothing", (404, "not-found")),
        ("/v1/jobs/job_00000000000000000000000000", (404, "not-found")),
        ("/v1/jobs/zzz", (400, "invalid-request")),
        ("/v1/jobs/job_00000000000000000000000000/cancel", (405, "method-not-allowed")),
        ("/v1/jobs/%ff", (400, "invalid-request")),
    ] {
        let answer = api.get(path).await;
        assert_eq!(code(&answer), expected, "{path}");
        assert_eq!(answer.headers[header::CONTENT_TYPE], "application/problem+json");
        assert_eq!(
            answer.body["request_id"],
            answer.headers["x-request-id"].to_str().expect("ASCII")
        );
    }
    let plain = request(Method::POST, "/v1/jobs").body(Body::from("{}")).expect("a request");
    assert_eq!(code(&api.send(plain).await), (415, "unsupported-media-type"));
    let large = request(Method::POST, "/v1/jobs").header(header::CONTENT_TYPE, "application/json");
    let large = large.body(Body::from(vec![b' '; (4 << 20) + 1])).expect("a request");
    assert_eq!(code(&api.send(large).await), (413, "too-large"));
    let put = request(Method::PUT, "/v1/jobs").body(Body::empty()).expect("a request");
    let put = api.send(put).await;
    assert_eq!(code(&put), (405, "method-not-allowed"));
    assert_eq!(put.headers[header::ALLOW], "GET,HEAD,POST");
}

async fn what_is_said_of_a_long_text_is_short(api: TestApi) {
    let long = "ü".repeat(1 << 20);
    for body in [
        json!({"kind": "k", "unique": {"key": "a", "until": long}}),
        json!({"kind": "k", "run_at": long}),
        json!({"kind": "k", &*long: 1}),
        json!({"kind": long}),
    ] {
        let answer = api.post("/v1/jobs", &body).await;
        assert!(answer.status.is_client_error(), "{}", answer.status);
        assert!(answer.body.to_string().len() < 4_096, "{}", answer.body);
    }
}

async fn a_body_that_is_not_needed_may_be_left_out(api: TestApi) {
    let send = async |body: &str, content_type: &str| {
        let id = enqueued(&api, &json!({"kind": "k"})).await;
        let cancel = request(Method::POST, &format!("/v1/jobs/{id}/cancel"));
        let cancel = cancel.header(header::CONTENT_TYPE, content_type);
        api.send(cancel.body(Body::from(body.to_owned())).expect("a request")).await
    };
    for (body, content_type) in [
        ("", "text/plain"),
        ("{}", "application/json"),
        ("null", "application/json; charset=utf-8"),
    ] {
        let cancelled = send(body, content_type).await.ok();
        assert_eq!(cancelled["reason"], "cancelled by anybody", "{body}");
    }
    assert_eq!(send("{}", "text/plain").await.code(), (415, "unsupported-media-type"));
    for (body, place) in
        [("{\"reason\": 1}", "/reason"), ("{\"because\": 1}", "/because"), ("x", "")]
    {
        let answer = send(body, "application/json").await;
        assert_eq!((answer.code(), answer.place()), ((400, "invalid-request"), place), "{body}");
    }
}

async fn ids_of_the_exchange_come_back(api: TestApi) {
    let traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let asked = request(Method::GET, "/v1/jobs")
        .header("x-correlation-id", "order-42")
        .header("traceparent", traceparent);
    let answer = api.send(asked.body(Body::empty()).expect("a request")).await;
    assert_eq!(answer.headers["x-correlation-id"], "order-42");
    assert_eq!(answer.headers["traceparent"], traceparent);
    assert_eq!(answer.headers["x-content-type-options"], "nosniff");
    for bad in ["", "a b", &"x".repeat(129)] {
        let asked = request(Method::GET, "/v1/jobs").header("x-correlation-id", bad);
        let answer = api.send(asked.body(Body::empty()).expect("a request")).await;
        assert_eq!(answer.headers["x-correlation-id"], answer.headers["x-request-id"], "{bad}");
    }
}

async fn the_server_says_that_it_lives(api: TestApi) {
    for (path, status) in [("/healthz", "alive"), ("/readyz", "ready")] {
        let answer = api.get(path).await;
        assert_eq!((answer.status, &answer.body["status"]), (StatusCode::OK, &json!(status)));
    }
}
