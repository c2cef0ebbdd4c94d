//! Queues.

use axum::http::header;
use serde_json::{Value, json};
use windlass::limits::COUNTED;
use windlass::{Json, NewJob};

use crate::fixture::{TestApi, on_both_stores};

on_both_stores! {
    queues_are_listed_and_one_is_shown;
    /// O30: an answer takes the same time however many jobs wait, unless all are to be counted.
    a_long_queue_is_counted_as_far_as_is_asked;
    /// A pause has a note and an end, and a second one replaces both.
    a_queue_is_paused_and_goes_on;
    /// T42: a bound refuses jobs until it is wider or gone.
    a_queue_is_bounded_and_unbounded;
    jobs_of_a_queue_age_and_stop;
    /// Bad input: what makes no sense names its place, and nothing is changed.
    what_makes_no_sense_of_a_queue_is_refused;
}

async fn queues_are_listed_and_one_is_shown(api: TestApi) {
    let none = api.get("/v1/queues").await.ok();
    assert_eq!(none, json!({"items": [], "next": null, "prev": null, "has_more": false}));
    for queue in ["mail", "mail", "eu/bulk"] {
        api.post("/v1/jobs", &json!({"kind": "k", "queue": queue})).await.ok();
    }
    let listed = api.get("/v1/queues").await.ok();
    let names: Vec<_> = listed["items"].as_array().expect("items").iter().collect();
    assert_eq!(names.len(), 2, "{listed}");
    let mail = api.get("/v1/queues/mail").await.ok();
    assert_eq!((&mail["schema"], &mail["name"]), (&json!("queue.v1"), &json!("mail")));
    assert_eq!((&mail["jobs"]["available"], &mail["workers"]), (&json!(2), &json!(0)));
    assert!(mail["oldest_due_at"].is_string() && mail["max_jobs"].is_null(), "{mail}");
    let bulk = api.get("/v1/queues/eu%2Fbulk").await.ok();
    assert_eq!(bulk["name"], "eu/bulk");
    assert_eq!(api.get("/v1/queues/nobody").await.code(), (404, "not-found"));
}

async fn a_long_queue_is_counted_as_far_as_is_asked(api: TestApi) {
    let jobs = (0..=COUNTED).map(|_| {
        let mut job = NewJob::new("k", Json::stored("null"));
        "bulk".clone_into(&mut job.queue);
        job
    });
    api.client().enqueue_all(jobs).await.expect("enqueued");
    api.post("/v1/jobs", &json!({"kind": "k", "queue": "mail"})).await.ok();
    let seen = |body: &Value| {
        ["exact", "or_more"]
            .map(|key| body[key].clone())
            .into_iter()
            .chain([body["jobs"]["available"].clone()])
            .collect::<Vec<_>>()
    };
    let capped = [json!(false), json!(["available"])];
    let (bulk, all) = (api.get("/v1/queues/bulk").await.ok(), api.get("/v1/status").await.ok());
    assert_eq!(seen(&bulk), [&capped[..], &[json!(COUNTED)]].concat());
    assert_eq!(seen(&all), [&capped[..], &[json!(COUNTED + 1)]].concat());
    let listed = api.get("/v1/queues").await.ok();
    assert_eq!(listed["items"][0], bulk);
    assert_eq!(seen(&listed["items"][1]), [json!(true), json!([]), json!(1)], "{listed}");
    for (path, jobs) in [("/v1/queues/bulk", COUNTED + 1), ("/v1/status", COUNTED + 2)] {
        let exact = api.get(&format!("{path}?count=exact")).await.ok();
        assert_eq!(seen(&exact), [json!(true), json!([]), json!(jobs)], "{path}");
    }
    assert_eq!(api.get("/v1/queues?count=all").await.code(), (400, "invalid-request"));
}

async fn a_queue_is_paused_and_goes_on(api: TestApi) {
    let paused = api.act("/v1/queues/mail/pause").await.ok();
    assert!(paused["paused_at"].is_string() && paused["paused_until"].is_null(), "{paused}");
    let body = json!({"note": "disk, ana", "for_ms": 3_600_000});
    let again = api.post("/v1/queues/mail/pause", &body).await.ok();
    assert!(again["paused_until"].is_string(), "{again}");
    assert_eq!(again["note"], "disk, ana");
    assert_eq!(api.get("/v1/queues/mail").await.ok(), again);
    let until = json!({"until": "2190-01-01T00:00:00Z"});
    let until = api.post("/v1/queues/mail/pause", &until).await.ok();
    assert_eq!(until["paused_until"], "2190-01-01T00:00:00.000Z");
    for _ in 0..2 {
        let resumed = api.post("/v1/queues/mail/resume", &json!({})).await.ok();
        assert!(resumed["paused_at"].is_null() && resumed["note"].is_null(), "{resumed}");
    }
    assert_eq!(api.get("/v1/queues/mail").await.code(), (404, "not-found"));
}

async fn a_queue_is_bounded_and_unbounded(api: TestApi) {
    let bounded = api.put("/v1/queues/mail/bound", &json!({"jobs": 1})).await.ok();
    assert_eq!((&bounded["max_jobs"], &bounded["when_full"]), (&json!(1), &json!("error")));
    let job = json!({"kind": "k", "queue": "mail"});
    api.post("/v1/jobs", &job).await.ok();
    let batch = json!({"jobs": [{"kind": "k"}, job]});
    for (path, body) in [("/v1/jobs", &job), ("/v1/jobs/batch", &batch)] {
        let full = api.post(path, body).await;
        assert_eq!(full.code(), (503, "queue-full"), "{path}");
        assert!(full.text("detail").contains("queue mail is full: 1 of its jobs"), "{full:?}");
        assert_eq!(
            (&full.headers[header::RETRY_AFTER], &full.body["retry_after_ms"]),
            (&"1".parse().expect("a value"), &json!(1_000))
        );
    }
    let jobs = api.client().counts().await.expect("counted");
    assert_eq!(jobs.total(), 1, "nothing else of the batch is there either");
    let wider = json!({"jobs": 4_294_967_295_u32, "when_full": "wait"});
    let wider = api.put("/v1/queues/mail/bound", &wider).await.ok();
    assert_eq!((&wider["max_jobs"], &wider["when_full"]), (&json!(u32::MAX), &json!("wait")));
    for _ in 0..2 {
        let unbounded = api.delete("/v1/queues/mail/bound").await.ok();
        assert!(unbounded["max_jobs"].is_null() && unbounded["when_full"].is_null());
    }
    api.post("/v1/jobs", &job).await.ok();
}

async fn jobs_of_a_queue_age_and_stop(api: TestApi) {
    for every in [300_000, 60_000] {
        let body = json!({ "every_ms": every });
        let ageing = api.put("/v1/queues/mail/aging", &body).await.ok();
        assert_eq!(ageing["age_every_ms"], every);
    }
    assert_eq!(api.get("/v1/queues/mail").await.ok()["age_every_ms"], 60_000);
    for _ in 0..2 {
        assert!(api.delete("/v1/queues/mail/aging").await.ok()["age_every_ms"].is_null());
    }
}

async fn what_makes_no_sense_of_a_queue_is_refused(api: TestApi) {
    let long = "x".repeat(1_025);
    for (body, place) in [
        (json!({"for_ms": 0}), "/for_ms"),
        (json!({"for_ms": u64::MAX}), "/for_ms"),
        (json!({"for_ms": -1}), "/for_ms"),
        (json!({"for_ms": 1, "until": "2190-01-01T00:00:00Z"}), "/until"),
        (json!({"until": "2020-01-01T00:00:00Z"}), "/until"),
        (json!({"until": "soon"}), "/until"),
        (json!({"note": long}), "/note"),
        (json!({"note": "a\u{0}b"}), "/note"),
        (json!({"nota": "a"}), "/nota"),
        (json!([]), ""),
    ] {
        let answer = api.post("/v1/queues/mail/pause", &body).await;
        assert_eq!((answer.code(), answer.place()), ((400, "invalid-request"), place), "{body}");
    }
    for (body, place) in [
        (json!({}), ""),
        (json!({"jobs": 0}), "/jobs"),
        (json!({"jobs": 4_294_967_296_u64}), "/jobs"),
        (json!({"jobs": 1, "when_full": "drop"}), "/when_full"),
    ] {
        let answer = api.put("/v1/queues/mail/bound", &body).await;
        assert_eq!((answer.code(), answer.place()), ((400, "invalid-request"), place), "{body}");
    }
    for every in [999_u64, 2_592_000_001, u64::MAX] {
        let answer = api.put("/v1/queues/mail/aging", &json!({"every_ms": every})).await;
        assert_eq!(answer.code(), (422, "refused"));
    }
    for name in ["a%20b", "%1b", &"x".repeat(129)] {
        let answer = api.act(&format!("/v1/queues/{name}/pause")).await;
        assert_eq!((answer.code(), answer.place()), ((400, "invalid-request"), "path"), "{name}");
    }
    assert_eq!(api.client().queues().await.expect("queues").len(), 0);
}
