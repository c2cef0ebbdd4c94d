//! Workflows.

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::fixture::{TestApi, on_both_stores};

on_both_stores! {
    a_workflow_is_started_and_shown_with_its_graph;
    what_else_a_step_waits_for_is_shown;
    /// Two requests with the same key start one workflow.
    a_key_starts_a_workflow_once;
    the_dead_steps_of_a_workflow_run_again;
    what_undoes_a_workflow_is_shown;
    a_workflow_is_cancelled;
    /// Bad input: what makes no sense names its place, and nothing is written.
    what_is_no_workflow_names_its_place;
}

fn step(name: &str, after: &[&str]) -> Value {
    json!({"name": name, "job": {"kind": "work"}, "after": after})
}

async fn started(api: &TestApi, body: &Value) -> String {
    let answer = api.post("/v1/workflows", body).await;
    assert_eq!((answer.status, answer.text("result")), (StatusCode::CREATED, "new"), "{answer:?}");
    answer.text("id").to_owned()
}

async fn a_workflow_is_started_and_shown_with_its_graph(api: TestApi) {
    let mut both = step("both", &["a", "b"]);
    both["job"]["waits"] = json!({"signals": ["go"]});
    let last = json!({
        "name": "last", "job": {"kind": "work"}, "after_ends": [{"step": "both", "ends": ["completed", "dead"]}],
    });
    let steps = json!([last, both, step("a", &[]), step("b", &["a"])]);
    let id = started(&api, &json!({"name": "vm.provision", "steps": steps})).await;
    let shown = api.get(&format!("/v1/workflows/{id}")).await;
    assert_eq!((shown.text("schema"), shown.text("name")), ("workflow.v1", "vm.provision"));
    assert_eq!((&shown.body["is_workflow"], &shown.body["undo"]), (&json!(true), &Value::Null));
    let steps = shown.body["steps"].as_array().expect("steps");
    let edges: Vec<_> =
        steps.iter().map(|step| (step["step"].clone(), step["after"].clone())).collect();
    assert_eq!(
        json!(edges),
        json!([["a", []], ["b", ["a"]], ["both", ["a", "b"]], ["last", ["both"]]])
    );
    let condition = &steps[2]["waits_for"][0];
    assert_eq!((&condition["awaits"], &condition["key"]), (&json!("signal"), &json!("go")));
    assert_eq!(steps[3]["blocked_by"], json!(["a"]));
    api.work().await;
    api.post("/v1/signals", &json!({"key": "go"})).await;
    api.work().await;
    let ended = api.get(&format!("/v1/workflows/{id}")).await;
    assert_eq!(ended.text("state"), "completed");
    assert_eq!(ended.body["critical_path"][0], "a");
    let listed = api.get("/v1/workflows").await;
    assert_eq!(listed.body["items"][0]["schema"], "workflow_summary.v1");
}

async fn what_else_a_step_waits_for_is_shown(api: TestApi) {
    let job = api.post("/v1/jobs", &json!({"kind": "k"})).await.text("id").to_owned();
    let batch = api.post("/v1/batches", &json!({"open": true})).await.text("id").to_owned();
    let mut last = step("last", &["first"]);
    last["job"]["waits"] = json!({"jobs": [job], "batches": [batch], "signals": ["go"]});
    let steps = json!([step("first", &[]), last]);
    started(&api, &json!({"name": "w", "key": "k", "steps": steps})).await;
    let shown = api.get("/v1/workflows/k").await;
    let waits = shown.body["steps"][1]["waits_for"].as_array().expect("conditions");
    let awaited: Vec<_> = waits.iter().map(|one| (&one["awaits"], &one["awaited"])).collect();
    assert!(awaited.contains(&(&json!("job"), &json!(job))), "{waits:?}");
    assert!(awaited.contains(&(&json!("batch"), &json!(batch))), "{waits:?}");
    assert_eq!(waits.len(), 3);
}

async fn a_key_starts_a_workflow_once(api: TestApi) {
    let body = json!({"name": "w", "key": "vm-42", "steps": [step("a", &[])]});
    let id = started(&api, &body).await;
    let again = api.post("/v1/workflows", &body).await;
    assert_eq!((again.status, again.text("result")), (StatusCode::OK, "existing"));
    assert_eq!((again.text("id"), api.get("/v1/workflows/vm-42").await.text("id")), (&*id, &*id));
    api.post("/v1/batches", &json!({"jobs": [{"kind": "work"}]})).await;
    let listed = api.get("/v1/workflows").await;
    assert_eq!(listed.body["items"].as_array().expect("items").len(), 1, "no batch is among them");
}

async fn the_dead_steps_of_a_workflow_run_again(api: TestApi) {
    let dies = json!({"name": "a", "job": {"kind": "work", "args": {"dies": true}}});
    started(&api, &json!({"name": "w", "key": "k", "steps": [dies, step("b", &["a"])]})).await;
    assert_eq!(api.act("/v1/workflows/k/retry").await.code(), (409, "conflict"));
    api.work().await;
    let blocked = api.get("/v1/workflows/k").await;
    assert_eq!(
        (blocked.text("state"), &blocked.body["steps"][1]["blocked_by"]),
        ("blocked", &json!(["a"]))
    );
    assert_eq!(api.act("/v1/workflows/k/retry").await.body["retried"], 1);
    assert_eq!(api.get("/v1/workflows/k").await.text("state"), "running");
}

async fn what_undoes_a_workflow_is_shown(api: TestApi) {
    let made =
        json!({"name": "a", "job": {"kind": "work"}, "undo": {"kind": "work", "queue": "undo"}});
    let dies =
        json!({"name": "b", "job": {"kind": "work", "args": {"dies": true}}, "after": ["a"]});
    started(&api, &json!({"name": "w", "key": "k", "steps": [made, dies]})).await;
    api.work().await;
    let shown = api.get("/v1/workflows/k").await;
    assert_eq!(shown.text("state"), "failed");
    assert_eq!(shown.body["undo"][0]["step"], "a");
    assert_eq!(api.act("/v1/workflows/k/retry").await.code(), (409, "conflict"));
}

async fn a_workflow_is_cancelled(api: TestApi) {
    started(&api, &json!({"name": "w", "key": "k", "steps": [step("a", &[]), step("b", &["a"])]}))
        .await;
    let cancelled = api.act("/v1/workflows/k/cancel").await;
    assert_eq!((cancelled.status, &cancelled.body["cancelled"]), (StatusCode::OK, &json!(2)));
    assert_eq!(api.get("/v1/workflows/k").await.text("state"), "failed");
    assert_eq!(api.act("/v1/workflows/k/cancel").await.body["cancelled"], 0);
}

async fn what_is_no_workflow_names_its_place(api: TestApi) {
    let with = |step: Value| json!({"name": "w", "steps": [step]});
    let job = json!({"kind": "work"});
    for (body, pointer) in [
        (json!({"steps": []}), ""),
        (json!({"name": "w", "steps": []}), "/steps"),
        (with(json!({"name": "a"})), "/steps/0"),
        (with(json!({"name": "a", "job": {"kind": "k", "step": "s"}})), "/steps/0/job/step"),
        (with(json!({"name": "a", "job": job, "undo": {"kind": 3}})), "/steps/0/undo/kind"),
        (
            with(json!({"name": "a", "job": job, "after_ends": [{"step": "b", "ends": []}]})),
            "/steps/0/after_ends/0/ends",
        ),
        (
            with(json!({"name": "a", "job": job, "after_ends": [{"step": "b", "ends": ["x"]}]})),
            "/steps/0/after_ends/0/ends/0",
        ),
    ] {
        let answer = api.post("/v1/workflows", &body).await;
        assert_eq!((answer.code(), answer.place()), ((400, "invalid-request"), pointer), "{body}");
    }
    for body in [
        with(step("a", &["b"])),
        with(step("a", &["a"])),
        json!({"name": "w", "steps": [step("a", &[]), step("a", &[])]}),
        json!({"name": "", "steps": [step("a", &[])]}),
    ] {
        assert_eq!(api.post("/v1/workflows", &body).await.code(), (422, "refused"), "{body}");
    }
    assert_eq!(api.get("/v1/workflows/nothing").await.code(), (404, "not-found"));
    for verb in ["cancel", "retry"] {
        let answer = api.act(&format!("/v1/workflows/nothing/{verb}")).await;
        assert_eq!(answer.code(), (404, "not-found"), "{verb}");
    }
    assert_eq!(api.client().counts().await.expect("counted").total(), 0);
}
