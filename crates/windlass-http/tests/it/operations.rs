//! Operations.

use axum::http::StatusCode;
use serde_json::{Value, json};
use windlass::OperationId;
use windlass_testkit::verdicts::die;
use windlass_testkit::worker::worker;

use crate::fixture::{Answer, TestApi, on_both_stores};

on_both_stores! {
    an_operation_is_tried_begun_watched_and_undone;
    /// E14: dead jobs that match a filter are retried together, by who knows how many they are.
    an_operation_begins_with_the_number_that_was_expected;
    every_action_is_an_operation;
    an_operation_is_paused_resumed_and_stopped;
    operations_have_pages;
    /// Bad input: what makes no sense names its place, and nothing is written.
    what_is_no_operation_names_its_place;
}

async fn dead(api: &TestApi, number: usize) {
    let jobs: Vec<_> = (0..number).map(|_| json!({"kind": "work"})).collect();
    api.post("/v1/jobs/batch", &json!({"jobs": jobs})).await.ok();
    let worker = api.worker(worker()).await;
    for _ in 0..number {
        api.run_one(&worker, die()).await;
    }
}

async fn begun(api: &TestApi, body: &Value) -> String {
    let answer = api.post("/v1/operations", body).await;
    assert_eq!(
        (answer.status, answer.text("state")),
        (StatusCode::ACCEPTED, "running"),
        "{answer:?}"
    );
    answer.text("id").to_owned()
}

/// Goes on with all operations until nothing is left to do.
async fn go_on(api: &TestApi) {
    let client = api.client();
    for one in client.operations(None, 100).await.expect("read") {
        client.run_operation(one.id).await.expect("it runs");
    }
}

async fn show(api: &TestApi, id: &str) -> Answer {
    api.get(&format!("/v1/operations/{id}")).await
}

async fn an_operation_is_tried_begun_watched_and_undone(api: TestApi) {
    dead(&api, 3).await;
    let mut body = json!({"action": "retry", "filter": "kind:work", "dry_run": true});
    let tried = api.post("/v1/operations", &body).await;
    assert_eq!((tried.status, &tried.body["jobs"]), (StatusCode::OK, &json!(3)), "{tried:?}");
    assert_eq!(tried.body["states"], json!({"dead": 3}));
    assert_eq!(
        (tried.text("filter"), &tried.body["exact"]),
        ("state:dead kind:work", &json!(true))
    );
    assert_eq!(tried.body["samples"].as_array().map(Vec::len), Some(3));
    assert_eq!(api.get("/v1/operations").await.body["items"], json!([]), "nothing began");
    body["dry_run"] = json!(false);
    body["note"] = json!("a fix is out");
    body["id"] = json!(OperationId::new());
    let id = begun(&api, &body).await;
    assert_eq!(begun(&api, &body).await, id, "a second call begins no second one");
    go_on(&api).await;
    let over = show(&api, &id).await;
    assert_eq!((over.text("state"), over.text("note")), ("done", "a fix is out"));
    assert_eq!((&over.body["matched"], &over.body["done"]), (&json!(3), &json!(3)));
    assert_eq!(over.text("origin"), "anybody");
    assert!(over.body["undo_until"].is_string());
    let undoing = api.act(&format!("/v1/operations/{id}/undo")).await;
    assert_eq!((undoing.status, undoing.text("state")), (StatusCode::OK, "undoing"));
    go_on(&api).await;
    let undone = show(&api, &id).await;
    assert_eq!((undone.text("state"), &undone.body["undone"]), ("undone", &json!(3)));
    let again = api.act(&format!("/v1/operations/{id}/undo")).await;
    assert_eq!(again.code(), (409, "conflict"));
    let jobs = api.get("/v1/jobs?filter=state:dead").await;
    assert_eq!(jobs.body["items"].as_array().map(Vec::len), Some(3));
}

async fn an_operation_begins_with_the_number_that_was_expected(api: TestApi) {
    dead(&api, 2).await;
    let mut body = json!({"action": "retry", "filter": "state:dead", "expect": 3});
    let refused = api.post("/v1/operations", &body).await;
    assert_eq!(refused.code(), (409, "conflict"));
    assert!(refused.text("detail").contains("expected 3 jobs, found 2"), "{refused:?}");
    assert_eq!(api.get("/v1/operations").await.body["items"], json!([]));
    body["expect"] = json!(2);
    begun(&api, &body).await;
    go_on(&api).await;
    let jobs = api.get("/v1/jobs?filter=state:available").await;
    assert_eq!(jobs.body["items"].as_array().map(Vec::len), Some(2));
}

async fn every_action_is_an_operation(api: TestApi) {
    dead(&api, 2).await;
    api.post("/v1/jobs", &json!({"kind": "work", "queue": "a"})).await.ok();
    let moved = begun(&api, &json!({"action": "move", "filter": "queue:a", "queue": "b"})).await;
    go_on(&api).await;
    let cancel = json!({"action": "cancel", "filter": "queue:b", "reason": "not wanted"});
    let cancelled = begun(&api, &cancel).await;
    go_on(&api).await;
    let deleted =
        begun(&api, &json!({"action": "delete", "filter": "kind:work", "pace": "600/m"})).await;
    assert_eq!(show(&api, &deleted).await.text("pace"), "600/m");
    go_on(&api).await;
    for (id, action, done) in
        [(&moved, "move", 1), (&cancelled, "cancel", 1), (&deleted, "delete", 3)]
    {
        let shown = show(&api, id).await;
        assert_eq!(
            (shown.text("action"), &shown.body["done"]),
            (action, &json!(done)),
            "{shown:?}"
        );
    }
    assert_eq!(show(&api, &moved).await.text("queue"), "b");
    assert_eq!(show(&api, &cancelled).await.text("reason"), "not wanted");
    assert_eq!(api.get("/v1/jobs").await.body["items"], json!([]));
}

async fn an_operation_is_paused_resumed_and_stopped(api: TestApi) {
    dead(&api, 1).await;
    let id = begun(&api, &json!({"action": "retry", "filter": "state:dead"})).await;
    for (verb, state) in
        [("pause", "paused"), ("pause", "paused"), ("resume", "running"), ("stop", "stopped")]
    {
        let answer = api.act(&format!("/v1/operations/{id}/{verb}")).await;
        assert_eq!((answer.status, answer.text("state")), (StatusCode::OK, state), "{verb}");
    }
    for verb in ["pause", "resume"] {
        let answer = api.act(&format!("/v1/operations/{id}/{verb}")).await;
        assert_eq!(answer.code(), (409, "conflict"), "{verb}");
    }
    let none = OperationId::new();
    for verb in ["", "/pause", "/resume", "/stop", "/undo"] {
        let path = format!("/v1/operations/{none}{verb}");
        let answer = if verb.is_empty() { api.get(&path).await } else { api.act(&path).await };
        assert_eq!(answer.code(), (404, "not-found"), "{verb}");
    }
    assert_eq!(api.get("/v1/operations/nothing").await.status, StatusCode::BAD_REQUEST);
}

async fn operations_have_pages(api: TestApi) {
    let mut ids = Vec::new();
    for _ in 0..5 {
        ids.push(begun(&api, &json!({"action": "retry", "filter": "kind:none"})).await);
    }
    ids.reverse();
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = api.get(&format!("/v1/operations?limit=2{cursor}")).await;
        let items = page.body["items"].as_array().expect("items").clone();
        seen.extend(items.iter().map(|one| one["id"].as_str().expect("an id").to_owned()));
        let Some(next) = page.body["next"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(seen, ids);
    assert_eq!(api.get("/v1/operations?limit=501").await.place(), "limit");
    assert_eq!(api.get("/v1/operations?cursor=x").await.place(), "cursor");
}

async fn what_is_no_operation_names_its_place(api: TestApi) {
    let long = "x".repeat(5_000);
    for (field, value, place) in [
        ("action", json!("explode"), "/action"),
        ("action", json!("move"), "/queue"),
        ("filter", json!(" "), "/filter"),
        ("filter", json!("stat:dead"), "filter"),
        ("filter", json!(format!("kind:{long}")), "filter"),
        ("queue", json!("a"), "/queue"),
        ("reason", json!("a"), "/reason"),
        ("pace", json!("10"), "/pace"),
        ("pace", json!("0/s"), "/pace"),
        ("expect", json!(-1), "/expect"),
        ("expect", json!(u64::MAX), "/expect"),
        ("note", json!("x".repeat(1_025)), "/note"),
        ("id", json!("op_1"), "/id"),
        ("colour", json!("red"), "/colour"),
    ] {
        let mut body = json!({"action": "retry", "filter": "state:dead"});
        body[field] = value;
        let answer = api.post("/v1/operations", &body).await;
        assert_eq!((answer.status, answer.place()), (StatusCode::BAD_REQUEST, place), "{body}");
    }
    let name = json!({"action": "move", "filter": "kind:work", "queue": "a b"});
    assert_eq!(api.post("/v1/operations", &name).await.code(), (422, "refused"));
    assert_eq!(api.get("/v1/operations").await.body["items"], json!([]));
}
