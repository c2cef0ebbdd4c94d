//! Events.

use axum::body::Body;
use axum::http::{Method, StatusCode, header};
use serde_json::{Value, json};

use crate::fixture::{Answer, TestApi, on_both_stores, request};

on_both_stores! {
    /// An event is published by HTTP and is found again, with all that it was given.
    an_event_is_published_and_shown;
    /// Two requests with the same source and id publish one event.
    an_id_of_its_source_publishes_it_once;
    a_cloud_event_is_understood;
    /// Bad input: what cannot be read names its place, and nothing is written.
    what_is_no_event_names_its_place;
    many_events_are_published_together_or_not_at_all;
    the_log_has_pages_in_both_orders;
    who_gets_an_event_is_told_before_and_after;
    what_types_there_are_is_listed;
    how_long_events_are_kept_is_set;
    the_log_is_verified;
}

async fn published(api: &TestApi, body: &Value) -> String {
    let answer = api.post("/v1/events", body).await;
    assert_eq!(answer.status, StatusCode::CREATED, "{answer:?}");
    answer.text("id").to_owned()
}

async fn sent(api: &TestApi, path: &str, (form, body): (&str, &Value)) -> Answer {
    let request = request(Method::POST, path).header(header::CONTENT_TYPE, form);
    api.send(request.body(Body::from(body.to_string())).expect("a request")).await
}

async fn an_event_is_published_and_shown(api: TestApi) {
    let body = json!({
        "type": "order.paid", "source": "/shop", "id": "42-paid", "subject": "order/42",
        "time": "2026-11-21T02:00:00Z", "data": {"order": 42}, "partitionkey": "eu", "urgent": true,
    });
    let id = published(&api, &body).await;
    for path in [format!("/v1/events/{id}"), "/v1/events/1".to_owned()] {
        let shown = api.get(&path).await;
        let event = &shown.body;
        assert_eq!((shown.status, &event["schema"]), (StatusCode::OK, &json!("event.v1")));
        assert_eq!((&event["id"], &event["given_id"]), (&json!(id), &json!("42-paid")));
        assert_eq!((&event["position"], &event["data"]), (&json!(1), &json!({"order": 42})));
        assert_eq!(event["extensions"], json!({"partitionkey": "eu", "urgent": true}));
        assert_eq!(
            (event["type"].clone(), event["origin"].clone()),
            (json!("order.paid"), json!("anybody"))
        );
    }
    for (path, expected) in [
        ("/v1/events/2", (404, "not-found")),
        ("/v1/events/evt_00000000000000000000000000", (404, "not-found")),
        ("/v1/events/evt_00000000000000000000000000/explain", (404, "not-found")),
        ("/v1/events/18446744073709551615", (400, "invalid-request")),
        ("/v1/events/zzz", (400, "invalid-request")),
    ] {
        assert_eq!(api.get(path).await.code(), expected, "{path}");
    }
}

async fn an_id_of_its_source_publishes_it_once(api: TestApi) {
    let body = json!({"type": "a", "source": "/shop", "id": "1"});
    let id = published(&api, &body).await;
    let again = api.post("/v1/events", &body).await;
    assert_eq!((again.status, again.text("answer")), (StatusCode::OK, "existing"));
    assert_eq!(again.text("id"), id);
    published(&api, &json!({"type": "a", "source": "/bank", "id": "1"})).await;
    published(&api, &json!({"type": "a"})).await;
    published(&api, &json!({"type": "a"})).await;
    assert_eq!(pages(&api, "limit=10").await, (vec![4, 3, 2, 1], 1));
}

async fn a_cloud_event_is_understood(api: TestApi) {
    let cloud = json!({
        "specversion": "1.0", "type": "a", "id": "1", "source": "/s", "subject": null, "data": null,
        "datacontenttype": "application/json; charset=utf-8", "traceparent": "00-1-2-3",
    });
    let form = "application/cloudevents+json; charset=utf-8";
    let answer = sent(&api, "/v1/events", (form, &cloud)).await;
    assert_eq!(answer.status, StatusCode::CREATED, "{answer:?}");
    let shown = api.get("/v1/events/1").await;
    assert_eq!((shown.text("traceparent"), &shown.body["extensions"]), ("00-1-2-3", &json!({})));
    let batch = "application/cloudevents-batch+json";
    let many = sent(&api, "/v1/events/batch", (batch, &json!([cloud, {"type": "b"}]))).await;
    assert_eq!(many.body["events"][0]["answer"], "existing");
    assert_eq!(many.body["events"][1]["answer"], "new");
    let wrong = sent(&api, "/v1/events", (batch, &json!([cloud]))).await;
    assert_eq!(wrong.code(), (415, "unsupported-media-type"));
}

async fn what_is_no_event_names_its_place(api: TestApi) {
    for (body, pointer) in [
        (json!([]), ""),
        (json!({"data": {}}), ""),
        (json!({"type": 3}), "/type"),
        (json!({"type": "a", "time": "soon"}), "/time"),
        (json!({"type": "a", "data": "a\u{0}b"}), "/data"),
        (json!({"type": "a", "data": "x".repeat(256 * 1024)}), "/data"),
        (json!({"type": "a", "data_base64": "YQ=="}), "/data_base64"),
        (json!({"type": "a", "specversion": "0.3"}), "/specversion"),
        (json!({"type": "a", "datacontenttype": "text/plain"}), "/datacontenttype"),
        (json!({"type": "a", "a/b": [1]}), "/a~1b"),
        (json!({"type": "a", "n": 3_000_000_000_u64}), "/n"),
    ] {
        for path in ["/v1/events", "/v1/events/match"] {
            let answer = api.post(path, &body).await;
            assert_eq!((answer.code(), answer.place()), ((400, "invalid-request"), pointer));
        }
    }
    for body in [
        json!({"type": ""}),
        json!({"type": "windlass.job.dead"}),
        json!({"type": "a", "Bad": 1}),
        json!({"type": "a", "dataschema": "/x"}),
        json!({"type": "a", "subject": ""}),
    ] {
        assert_eq!(api.post("/v1/events", &body).await.code(), (422, "refused"), "{body}");
    }
    assert_eq!(api.client().event_log().await.expect("a log").last, 0);
}

async fn many_events_are_published_together_or_not_at_all(api: TestApi) {
    let bad = json!({"events": [{"type": "a"}, {"type": "a", "time": 3}]});
    let refused = api.post("/v1/events/batch", &bad).await;
    assert_eq!((refused.code(), refused.place()), ((400, "invalid-request"), "/events/1/time"));
    let own = json!({"events": [{"type": "a"}, {"type": "windlass.a"}]});
    assert_eq!(api.post("/v1/events/batch", &own).await.code(), (422, "refused"));
    let many: Vec<_> = (0..1_001).map(|_| json!({"type": "a"})).collect();
    let many = api.post("/v1/events/batch", &json!({"events": many})).await;
    assert_eq!((many.code(), many.place()), ((400, "invalid-request"), "/events"));
    assert_eq!(api.client().event_log().await.expect("a log").last, 0);
    let good = json!({"events": [
        {"type": "a", "id": "1"}, {"type": "b", "id": "2"}, {"type": "a", "id": "1"},
    ]});
    let published = api.post("/v1/events/batch", &good).await;
    let answers: Vec<_> =
        (0..3).map(|nth| published.body["events"][nth]["answer"].clone()).collect();
    assert_eq!(answers, ["new", "new", "existing"]);
    assert_eq!(api.get("/v1/events/2").await.text("type"), "b");
}

/// The positions of all pages, and how many there were.
async fn pages(api: &TestApi, query: &str) -> (Vec<u64>, usize) {
    let (mut seen, mut number) = (Vec::new(), 0);
    let mut cursor = String::new();
    loop {
        let page = api.get(&format!("/v1/events?{query}{cursor}")).await;
        assert_eq!(page.status, StatusCode::OK, "{page:?}");
        let items = page.body["items"].as_array().expect("items").iter();
        seen.extend(items.map(|event| event["position"].as_u64().expect("a position")));
        number += 1;
        if page.body["has_more"] == false {
            return (seen, number);
        }
        cursor = format!("&cursor={}", page.text("next"));
    }
}

async fn the_log_has_pages_in_both_orders(api: TestApi) {
    assert_eq!(pages(&api, "limit=2").await, (vec![], 1));
    for n in 0..5 {
        published(&api, &json!({"type": "a.x", "data": n})).await;
        published(&api, &json!({"type": "b.x"})).await;
    }
    assert_eq!(pages(&api, "limit=4").await, (vec![10, 9, 8, 7, 6, 5, 4, 3, 2, 1], 3));
    assert_eq!(pages(&api, "limit=2&filter=type:a.*").await, (vec![9, 7, 5, 3, 1], 3));
    assert_eq!(pages(&api, "limit=3&after=4").await, (vec![5, 6, 7, 8, 9, 10], 2));
    assert_eq!(pages(&api, "limit=2&after=0&filter=type:b*").await, (vec![2, 4, 6, 8, 10], 3));
    assert_eq!(pages(&api, "filter=type:c%20since:1h").await, (vec![], 1));
    assert_eq!(pages(&api, "after=10").await, (vec![], 1));
    for (query, parameter) in [
        ("limit=0", "limit"),
        ("cursor=zzz", "cursor"),
        ("after=18446744073709551615", "after"),
        ("after=-1", "query"),
        ("kind=a", "query"),
        ("filter=type:%00", "filter"),
    ] {
        let answer = api.get(&format!("/v1/events?{query}")).await;
        assert_eq!(
            (answer.code(), answer.place()),
            ((400, "invalid-request"), parameter),
            "{query}"
        );
    }
}

async fn subscribed(api: &TestApi, name: &str, filter: &str) {
    let filter = windlass::subscription::Filter::parse(filter).expect("a filter");
    let subscription = windlass::subscription::Subscription::new(filter, "k");
    let start = windlass::subscription::Start::After(0);
    api.client().subscribe(name, &subscription, start).await.expect("subscribed");
}

async fn who_gets_an_event_is_told_before_and_after(api: TestApi) {
    subscribed(&api, "orders", r#"{"types": ["order.*"]}"#).await;
    subscribed(&api, "builds", r#"{"types": ["build.*"]}"#).await;
    let event = json!({"type": "order.paid", "data": {"order": 42}});
    let tried = api.post("/v1/events/match", &event).await;
    assert_eq!((tried.status, tried.text("schema")), (StatusCode::OK, "event_explanation.v1"));
    assert_eq!(tried.body["subscriptions"][0]["wants"], true);
    assert_eq!(tried.body["subscriptions"][1]["clause"], "types");
    assert_eq!(api.client().event_log().await.expect("a log").last, 0);
    let id = published(&api, &event).await;
    api.feed().await;
    let explained = api.get(&format!("/v1/events/{id}/explain")).await;
    let [orders, builds] = [0, 1].map(|nth| explained.body["subscriptions"][nth].clone());
    assert_eq!((&orders["answer"], &orders["state"]), (&json!("fed"), &json!("available")));
    assert_eq!((&builds["answer"], &builds["job"]), (&json!("unwanted"), &Value::Null));
    let job = orders["job"].as_str().expect("a job");
    assert_eq!(api.get(&format!("/v1/jobs/{job}")).await.text("kind"), "k");
}

async fn what_types_there_are_is_listed(api: TestApi) {
    subscribed(&api, "orders", r#"{"types": ["order.*"]}"#).await;
    for event_type in ["order.paid", "order.paid", "build.failed"] {
        published(&api, &json!({"type": event_type})).await;
    }
    let types = api.get("/v1/event-types").await;
    assert_eq!((&types.body["after"], &types.body["to"]), (&json!(0), &json!(3)));
    let [build, order] = [0, 1].map(|nth| types.body["types"][nth].clone());
    assert_eq!((&build["type"], &build["taken_by"]), (&json!("build.failed"), &json!([])));
    assert_eq!((&order["events"], &order["taken_by"]), (&json!(2), &json!(["orders"])));
}

async fn how_long_events_are_kept_is_set(api: TestApi) {
    let day = 24 * 60 * 60 * 1_000_000_u64;
    let kept = api.get("/v1/events/keep").await;
    assert_eq!(kept.body, json!({"schema": "event_keep.v1", "keep_us": 30 * day}));
    let wanted = json!({"keep_us": 7 * day, "keep_at_most_us": 90 * day});
    for _ in 0..2 {
        let put = api.put("/v1/events/keep", &wanted).await;
        assert_eq!((put.status, &put.body["keep_at_most_us"]), (StatusCode::OK, &json!(90 * day)));
    }
    for (body, pointer) in [
        (json!({"keep_us": 2, "keep_at_most_us": 1}), ""),
        (json!({"keep_us": u64::MAX}), ""),
        (json!({"keep_us": -1}), "/keep_us"),
        (json!({"keep": 1}), "/keep"),
    ] {
        let answer = api.put("/v1/events/keep", &body).await;
        assert_eq!((answer.code(), answer.place()), ((400, "invalid-request"), pointer), "{body}");
    }
    assert_eq!(api.get("/v1/events/keep").await.body["keep_us"], json!(7 * day));
}

async fn the_log_is_verified(api: TestApi) {
    subscribed(&api, "orders", r#"{"types": ["order.*"]}"#).await;
    published(&api, &json!({"type": "order.paid"})).await;
    api.feed().await;
    let verified = api.act("/v1/events/verify").await;
    assert_eq!((verified.status, &verified.body["is_whole"]), (StatusCode::OK, &json!(true)));
    let one = &verified.body["subscriptions"][0];
    assert_eq!(
        (&one["name"], &one["wanted"], &one["found"]),
        (&json!("orders"), &json!(1), &json!(1))
    );
    assert_eq!(verified.body["log"]["last"], 1);
}
