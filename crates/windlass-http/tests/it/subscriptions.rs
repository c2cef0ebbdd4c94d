//! Subscriptions.

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::fixture::{TestApi, on_both_stores};

on_both_stores! {
    a_subscription_is_made_changed_and_removed;
    /// What comes of an event is a job, a signal or another event, each several together or alone.
    every_form_of_a_subscription_is_taken_and_shown;
    /// Bad input: what makes no sense names its place, and nothing is written.
    what_is_no_subscription_names_its_place;
    a_subscription_stands_still_and_goes_on;
    what_was_asked_for_by_sql_is_listed;
    a_part_of_the_log_is_replayed;
    a_filter_is_tried_on_the_log;
    what_a_subscription_gets_is_explained;
    what_a_subscription_was_not_fed_is_shown_with_it;
    an_unknown_subscription_is_not_found;
}

async fn put(api: &TestApi, name: &str, body: &Value) -> Value {
    let answer = api.put(&format!("/v1/subscriptions/{name}"), body).await;
    assert!(answer.status.is_success(), "{answer:?}");
    answer.body
}

async fn publish(api: &TestApi, event_type: &str, data: Value) {
    let answer = api.post("/v1/events", &json!({"type": event_type, "data": data})).await;
    assert_eq!(answer.status, StatusCode::CREATED, "{answer:?}");
}

async fn a_subscription_is_made_changed_and_removed(api: TestApi) {
    let path = "/v1/subscriptions/receipts";
    let body = json!({"kind": "mail.receipt", "queue": "mail", "types": ["order.*"], "sql": "data.total >= 1000"});
    let made = api.put(path, &body).await;
    assert_eq!((made.status, made.text("state")), (StatusCode::CREATED, "live"), "{made:?}");
    assert_eq!(made.text("wants"), "order.* where data.total >= 1000");
    assert_eq!((made.text("kind"), &made.body["credit"]), ("mail.receipt", &json!(10_000)));
    assert_eq!(api.put(path, &body).await.status, StatusCode::OK);
    let changed = api.put(path, &json!({"kind": "k", "filter": made.body["filter"]})).await;
    assert_eq!((changed.status, changed.text("queue")), (StatusCode::OK, "default"));
    assert_eq!(changed.body["filter"], made.body["filter"]);
    let shown = api.get(path).await;
    assert_eq!((shown.text("kind"), &shown.body["waiting"]), ("k", &json!([])));
    let listed = api.get("/v1/subscriptions").await;
    assert_eq!(listed.body["items"][0]["name"], "receipts");
    let removed = api.delete(path).await;
    assert_eq!(
        (removed.status, removed.text("schema")),
        (StatusCode::OK, "subscription_removed.v1")
    );
    assert_eq!(api.delete(path).await.code(), (404, "not-found"));
}

async fn every_form_of_a_subscription_is_taken_and_shown(api: TestApi) {
    let signal = put(&api, "told", &json!({"signal": "data.order"})).await;
    assert_eq!((&signal["signal"], &signal["mode"]), (&json!("data.order"), &Value::Null));
    let event = json!({"event": "order.settled", "source": "/bank", "types": ["order.paid"]});
    assert_eq!(put(&api, "again", &event).await["source"], "/bank");
    for (name, mode) in [
        ("batch", json!({"batch": {"most": 2, "within_us": 5_000_000}})),
        ("digest", json!({"digest": {"rule": "every 1h", "zone": "UTC"}})),
        ("latest", json!({"latest": {"within_us": 1_000}})),
        ("each", json!("each")),
    ] {
        let body = json!({
            "kind": "k", "version": 2, "max_attempts": 0, "mode": mode, "lane": "subject", "credit": u32::MAX,
            "pace": "30/m", "from": "beginning",
            "filter": {"all": [
                {"exact": {"data.n": 1}}, {"not": {"any": [{"prefix": {"source": "/a"}}, {"sql": "TRUE"}]}},
            ]},
        });
        let made = put(&api, name, &body).await;
        for field in ["version", "max_attempts", "mode", "lane", "credit", "pace", "filter"] {
            assert_eq!(made[field], body[field], "{name} {field}");
        }
    }
    publish(&api, "a", json!({"n": 1})).await;
    api.feed().await;
    assert_eq!(put(&api, "late", &json!({"kind": "k", "from": 1})).await["after"], 1);
    let moment = json!({"kind": "k", "from": "2040-01-01T00:00:00Z"});
    assert_eq!(put(&api, "later", &moment).await["after"], 1);
    let waiting = api.get("/v1/subscriptions/batch").await;
    assert_eq!(waiting.body["waiting"], json!([]), "its filter wants none");
}

async fn what_is_no_subscription_names_its_place(api: TestApi) {
    for (body, pointer) in [
        (json!({}), ""),
        (json!({"kind": "k", "signal": "subject"}), "/signal"),
        (json!({"kind": "k", "event": "a"}), "/event"),
        (json!({"kind": "k", "source": "/a"}), "/source"),
        (json!({"signal": "subject", "queue": "q"}), "/queue"),
        (json!({"event": "a", "version": 2}), "/version"),
        (json!({"signal": "no such part"}), "/signal"),
        (json!({"kind": "k", "types": ["a.*.b"]}), "/types"),
        (json!({"kind": "k", "filter": {"typs": []}}), "/filter"),
        (json!({"kind": "k", "sql": "a ="}), "/sql"),
        (json!({"kind": "k", "from": "soon"}), "/from"),
        (json!({"kind": "k", "from": u64::MAX}), "/from"),
        (json!({"kind": "k", "from": true}), "/from"),
        (json!({"kind": "k", "pace": "fast"}), "/pace"),
        (json!({"kind": "k", "credit": 0}), "/credit"),
        (json!({"kind": "k", "mode": {"batch": {"most": 2}}}), "/mode/batch"),
        (json!({"kind": "k", "knid": "k"}), "/knid"),
    ] {
        let answer = api.put("/v1/subscriptions/s", &body).await;
        assert_eq!((answer.code(), answer.place()), ((400, "invalid-request"), pointer), "{body}");
    }
    for body in [
        json!({"kind": ""}),
        json!({"kind": "k", "queue": "a b"}),
        json!({"kind": "k", "max_attempts": 40_000}),
        json!({"kind": "k", "mode": {"latest": {"within_us": 1}}}),
        json!({"signal": "subject", "credit": 3}),
        json!({"event": "windlass.a"}),
        json!({"event": "a"}),
    ] {
        assert_eq!(api.put("/v1/subscriptions/s", &body).await.code(), (422, "refused"), "{body}");
    }
    let named = api.put("/v1/subscriptions/a%20b", &json!({"kind": "k"})).await;
    assert_eq!((named.code(), named.place()), ((400, "invalid-request"), "path"));
    assert_eq!(api.get("/v1/subscriptions").await.body["items"], json!([]));
}

async fn a_subscription_stands_still_and_goes_on(api: TestApi) {
    put(&api, "s", &json!({"kind": "k"})).await;
    for _ in 0..2 {
        let paused = api.act("/v1/subscriptions/s/pause").await;
        assert_eq!((paused.status, paused.text("state")), (StatusCode::OK, "paused"));
    }
    publish(&api, "a", json!({})).await;
    api.feed().await;
    assert_eq!(api.client().counts().await.expect("counted").total(), 0);
    for _ in 0..2 {
        let resumed = api.act("/v1/subscriptions/s/resume").await;
        assert_eq!((resumed.status, &resumed.body["paused_at"]), (StatusCode::OK, &Value::Null));
    }
    api.feed().await;
    assert_eq!(api.client().counts().await.expect("counted").total(), 1);
}

async fn what_was_asked_for_by_sql_is_listed(api: TestApi) {
    assert_eq!(api.get("/v1/subscriptions").await.body["requests"], json!([]));
    api.ask_by_sql("s", r#"{"filter": {"typs": []}, "target": {"kind": "k"}}"#).await;
    let asked = api.get("/v1/subscriptions").await;
    let request = &asked.body["requests"][0];
    assert_eq!((&request["name"], &request["change"]), (&json!("s"), &json!("put")));
    assert_eq!(request["error"], Value::Null);
    api.feed().await;
    let refused = api.get("/v1/subscriptions").await;
    let error = refused.body["requests"][0]["error"].as_str().expect("an error");
    assert!(error.contains("typs"), "{error}");
}

async fn a_part_of_the_log_is_replayed(api: TestApi) {
    put(&api, "s", &json!({"kind": "k", "types": ["a"]})).await;
    for n in 0..3 {
        publish(&api, "a", json!({"n": n})).await;
        publish(&api, "b", json!({"n": n})).await;
    }
    api.feed().await;
    let path = "/v1/subscriptions/s/replay";
    let dry = api.post(path, &json!({"from": "beginning", "dry_run": true})).await;
    assert_eq!((dry.status, &dry.body["replay"]), (StatusCode::OK, &Value::Null));
    assert_eq!((&dry.body["events"], &dry.body["to"]), (&json!(3), &json!(6)));
    let samples = dry.body["samples"].as_array().expect("samples").iter();
    assert_eq!(samples.map(|event| event["type"].clone()).collect::<Vec<_>>(), ["a"; 3]);
    let other = api.post(path, &json!({"from": "beginning", "expect": 2})).await;
    assert_eq!(other.code(), (409, "conflict"));
    assert!(other.text("detail").contains("expected 2 events, found 3"), "{other:?}");
    let part = json!({"from": 2, "to": "5", "kind": "dry", "sql": "data.n > 0", "pace": "100/s", "credit": 9});
    let begun = api.post(path, &part).await;
    assert_eq!((begun.status, begun.text("replay")), (StatusCode::CREATED, "s/replay"));
    assert_eq!(begun.body["events"], 3);
    assert_eq!(api.get("/v1/subscriptions/s%2Freplay").await.text("state"), "replaying");
    assert_eq!(api.post(path, &part).await.code(), (409, "conflict"));
    api.feed().await;
    let jobs = api.get("/v1/jobs?filter=kind:dry").await;
    assert_eq!(jobs.body["items"].as_array().expect("items").len(), 3);
    let undo = format!("{path}/undo");
    let dry = api.post(&undo, &json!({"dry_run": true})).await.ok();
    assert_eq!(
        (&dry["jobs"], &dry["filter"]),
        (&json!(3), &json!("state:waiting,scheduled,available tag:replay:s"))
    );
    let undone = api.act(&undo).await;
    assert_eq!((undone.status, undone.body["matched"].as_u64()), (StatusCode::ACCEPTED, Some(3)));
    assert_eq!(api.act("/v1/subscriptions/none/replay/undo").await.code(), (404, "not-found"));
    // What only bears such a name stays.
    put(&api, "s%2Freplay", &json!({"kind": "other", "types": ["b"]})).await;
    api.act(&undo).await.ok();
    assert_eq!(api.get("/v1/subscriptions/s%2Freplay").await.text("state"), "live");
    api.delete("/v1/subscriptions/s%2Freplay").await.ok();
    for (body, pointer) in [
        (json!({}), ""),
        (json!({"from": 6}), "/from"),
        (json!({"from": "now"}), "/from"),
        (json!({"from": 0, "types": ["a.*.b"]}), "/types"),
    ] {
        let answer = api.post(path, &body).await;
        assert_eq!((answer.code(), answer.place()), ((400, "invalid-request"), pointer), "{body}");
    }
}

async fn what_a_subscription_was_not_fed_is_shown_with_it(api: TestApi) {
    put(&api, "s", &json!({"kind": "k", "types": ["a"]})).await;
    assert_eq!(api.get("/v1/subscriptions/s").await.body["gaps"], json!([]));
    api.act("/v1/subscriptions/s/pause").await.ok();
    publish(&api, "a", json!({})).await;
    api.feed().await;
    api.forget().await;
    let shown = api.get("/v1/subscriptions/s").await.ok();
    assert_eq!((&shown["gaps"][0]["from"], &shown["gaps"][0]["to"]), (&json!(1), &json!(1)));
    let listed = api.get("/v1/subscriptions").await.ok();
    assert_eq!(listed["items"][0]["gaps"], Value::Null, "it is of one that is shown alone");
}

async fn a_filter_is_tried_on_the_log(api: TestApi) {
    put(&api, "s", &json!({"kind": "k", "types": ["a"]})).await;
    for n in 0..3 {
        publish(&api, "a", json!({"n": n})).await;
    }
    publish(&api, "b", json!({})).await;
    let path = "/v1/subscriptions/backtest";
    let tried = api.post(path, &json!({"sql": "data.n >= 1"})).await;
    assert_eq!((tried.status, tried.text("schema")), (StatusCode::OK, "backtest.v1"));
    assert_eq!((&tried.body["fired"], &tried.body["events"]), (&json!(2), &json!(4)));
    assert_eq!(tried.body["types"], json!({"a": 2}));
    let own = api.post(path, &json!({"subscription": "s", "last": 2})).await;
    assert_eq!((&own.body["fired"], &own.body["events"]), (&json!(1), &json!(2)));
    let since = api.post(path, &json!({"since_ms": 3_600_000})).await;
    assert_eq!(since.body["fired"], 4);
    for all in [json!({"since_ms": u64::MAX}), json!({"last": u64::MAX})] {
        assert_eq!(api.post(path, &all).await.body["fired"], 4, "{all}");
    }
    for (body, pointer) in [
        (json!({"subscription": "s", "sql": "TRUE"}), "/subscription"),
        (json!({"since_ms": 1, "last": 1}), "/last"),
        (json!({"last": 0}), "/last"),
        (json!({"sql": "a ="}), "/sql"),
    ] {
        let answer = api.post(path, &body).await;
        assert_eq!((answer.code(), answer.place()), ((400, "invalid-request"), pointer), "{body}");
    }
    assert_eq!(api.post(path, &json!({"subscription": "t"})).await.code(), (404, "not-found"));
}

async fn what_a_subscription_gets_is_explained(api: TestApi) {
    put(&api, "s", &json!({"kind": "k", "types": ["a"], "sql": "data.n = 1"})).await;
    for n in 0..2 {
        publish(&api, "a", json!({"n": n})).await;
    }
    publish(&api, "b", json!({})).await;
    api.feed().await;
    let explained = api.get("/v1/subscriptions/s/explain?limit=1").await;
    assert_eq!(
        (&explained.body["matched"], &explained.body["nearly_matched"]),
        (&json!(1), &json!(1))
    );
    assert_eq!(explained.body["matches"][0]["answer"], "fed");
    assert_eq!(explained.body["near_misses"][0]["clause"], "all[0].sql");
    let none = api.get("/v1/subscriptions/s/explain?limit=0").await;
    assert_eq!((none.code(), none.place()), ((400, "invalid-request"), "limit"));
}

async fn an_unknown_subscription_is_not_found(api: TestApi) {
    let path = "/v1/subscriptions/nobody";
    assert_eq!(api.get(path).await.code(), (404, "not-found"));
    assert_eq!(api.get(&format!("{path}/explain")).await.code(), (404, "not-found"));
    for verb in ["pause", "resume"] {
        assert_eq!(api.act(&format!("{path}/{verb}")).await.code(), (404, "not-found"), "{verb}");
    }
    let replay = api.post(&format!("{path}/replay"), &json!({"from": 0})).await;
    assert_eq!(replay.code(), (404, "not-found"));
}
