//! Pages of operations.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};
use windlass::OperationId;
use windlass_testkit::verdicts::die;
use windlass_testkit::worker::worker;

use crate::control::fixture::{Dashboard, on_both_stores};

on_both_stores! {
    /// E14: what an operation finds is seen before it begins, and it begins with that number.
    an_operation_is_previewed_begun_and_undone;
    a_number_that_has_changed_is_shown_again;
    an_operation_is_paused_resumed_and_stopped;
    what_was_left_is_told_with_its_reason;
    jobs_that_no_longer_match_are_told;
    who_may_only_read_gets_no_form;
    what_cannot_be_read_stays_in_its_form;
    hostile_texts_are_shown_as_texts;
    what_answers_a_form_is_a_page_to_come_back_to;
}

pub(crate) async fn dead(dashboard: &Dashboard, number: usize) -> Vec<String> {
    let mut ids = Vec::new();
    for _ in 0..number {
        let job = dashboard.api(Method::POST, "/v1/jobs", &json!({"kind": "work"})).await;
        ids.push(job["id"].as_str().expect("an id").to_owned());
    }
    let worker = dashboard.worker(worker()).await;
    for _ in 0..number {
        dashboard.run_one(&worker, die()).await;
    }
    ids
}

const RETRY: [(&str, &str); 3] = [("action", "retry"), ("filter", "kind:work"), ("note", "fixed")];

/// The fields that the button of a preview sends.
fn begin<'a>(expect: &'a str, id: &'a str) -> Vec<(&'a str, &'a str)> {
    RETRY.into_iter().chain([("expect", expect), ("id", id)]).collect()
}

async fn an_operation_is_previewed_begun_and_undone(dashboard: Dashboard) {
    dashboard.get("/operations").await.shows(&["No operations yet", "windlass job retry"]);
    dead(&dashboard, 3).await;
    let form = dashboard.get("/operations/new?filter=kind:work").await;
    form.shows(&["value=\"kind:work\"", "Retry", "Cancel", "Move", "Delete", "Preview"]);
    let preview = dashboard.post("/operations/preview", &RETRY).await;
    preview.shows(&["Retry 3 jobs", "state:dead kind:work", "exactly so many"]);
    assert_eq!(preview.field("expect"), "3");
    let id = preview.field("id").to_owned();
    let nothing = dashboard.api(Method::GET, "/v1/operations", &Value::Null).await;
    assert_eq!(nothing["items"], json!([]), "a preview begins nothing");
    let begun = dashboard.post("/operations", &begin("3", &id)).await.told();
    assert_eq!(begun, (format!("/operations/{id}"), "The operation has begun.".to_owned()));
    dashboard.post("/operations", &begin("3", &id)).await.told();
    dashboard.go_on().await;
    let shown = dashboard.get(&format!("/operations/{id}")).await;
    shown.shows(&["3 jobs changed", "fixed", "Undo", "Undo until", "anybody"]);
    dashboard.get("/operations").await.shows(&[&id, "done", "Undo"]);
    let here = format!("/operations/{id}");
    let undo = dashboard.post(&format!("{here}/undo"), &[("back", &here)]).await.told();
    assert_eq!(undo.0, here);
    assert!(undo.1.contains("is undone"), "{}", undo.1);
    dashboard.go_on().await;
    dashboard.get(&here).await.shows(&["undone", "3 jobs put back"]);
}

async fn a_number_that_has_changed_is_shown_again(dashboard: Dashboard) {
    dead(&dashboard, 2).await;
    let id = OperationId::new().to_string();
    let refused = dashboard.post("/operations", &begin("3", &id)).await;
    assert_eq!(refused.status, StatusCode::CONFLICT);
    refused.has(&["expected 3 jobs, found 2", "Retry 2 jobs"]);
    assert_eq!(refused.field("expect"), "2");
    dashboard.post("/operations", &begin("2", &id)).await.told();
}

async fn an_operation_is_paused_resumed_and_stopped(dashboard: Dashboard) {
    dead(&dashboard, 1).await;
    let id = OperationId::new().to_string();
    dashboard.post("/operations", &begin("1", &id)).await.told();
    let here = format!("/operations/{id}");
    for (verb, state) in [("pause", "paused"), ("resume", "running"), ("stop", "stopped")] {
        let told = dashboard.post(&format!("{here}/{verb}"), &[("back", &here)]).await.told();
        assert_eq!(told.0, here, "{verb}");
        dashboard.get(&here).await.shows(&[state]);
    }
    let late = dashboard.post(&format!("{here}/pause"), &[]).await;
    assert_eq!(late.status, StatusCode::CONFLICT);
    let none = format!("/operations/{}", OperationId::new());
    assert_eq!(dashboard.get(&none).await.status, StatusCode::NOT_FOUND);
    let missing = dashboard.post(&format!("{none}/undo"), &[]).await;
    assert_eq!(missing.status, StatusCode::NOT_FOUND);
}

async fn what_was_left_is_told_with_its_reason(dashboard: Dashboard) {
    let ids = dead(&dashboard, 2).await;
    let body = json!({"action": "delete", "filter": "kind:work state:dead,available"});
    let begun = dashboard.api(Method::POST, "/v1/operations", &body).await;
    dashboard.api(Method::POST, &format!("/v1/jobs/{}/retry", ids[0]), &Value::Null).await;
    dashboard.go_on().await;
    let shown =
        dashboard.get(&format!("/operations/{}", begun["id"].as_str().expect("an id"))).await;
    shown.shows(&["1 job changed", "1 job left as they were", "have not ended", &ids[0]]);
}

async fn jobs_that_no_longer_match_are_told(dashboard: Dashboard) {
    let ids = dead(&dashboard, 2).await;
    let body = json!({"action": "retry", "filter": "state:dead"});
    let begun = dashboard.api(Method::POST, "/v1/operations", &body).await;
    dashboard.api(Method::POST, &format!("/v1/jobs/{}/retry", ids[0]), &Value::Null).await;
    dashboard.go_on().await;
    let here = format!("/operations/{}", begun["id"].as_str().expect("an id"));
    dashboard.get(&here).await.shows(&["1 job changed", "1 job no longer matched"]);
}

async fn who_may_only_read_gets_no_form(dashboard: Dashboard) {
    dead(&dashboard, 1).await;
    let body = json!({"action": "retry", "filter": "state:dead"});
    let begun = dashboard.api(Method::POST, "/v1/operations", &body).await;
    let here = format!("/operations/{}", begun["id"].as_str().expect("an id"));
    let dashboard = dashboard.for_viewers();
    dashboard
        .get("/operations")
        .await
        .has_not(&["New operation", "<button class=\"quiet\" aria-label=\"Undo"]);
    let shown = dashboard.get(&here).await;
    shown.shows(&["running"]);
    shown.has_not(&["/pause", "/stop", "/undo"]);
    assert_eq!(dashboard.get("/operations/new").await.status, StatusCode::FORBIDDEN);
    for (path, fields) in [
        ("/operations/preview", &RETRY[..]),
        ("/operations", &RETRY[..]),
        (&format!("{here}/stop"), &[]),
        (&format!("{here}/undo"), &[]),
    ] {
        assert_eq!(dashboard.post(path, fields).await.status, StatusCode::FORBIDDEN, "{path}");
    }
}

async fn what_cannot_be_read_stays_in_its_form(dashboard: Dashboard) {
    for (fields, fault) in [
        ([("action", "retry"), ("filter", "stat:dead"), ("pace", "")], "filter"),
        ([("action", "move"), ("filter", "kind:work"), ("queue", "")], "queue"),
        ([("action", "retry"), ("filter", "kind:work"), ("pace", "quick")], "pace"),
    ] {
        let answer = dashboard.post("/operations/preview", &fields).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{fields:?}");
        answer.has(&[fault, &format!("value=\"{}\"", fields[1].1)]);
    }
}

async fn hostile_texts_are_shown_as_texts(dashboard: Dashboard) {
    let evil = "<script>alert(1)</script>\u{202e}x";
    let body = json!({"action": "cancel", "filter": "tag:\"<b>\"", "reason": evil, "note": evil});
    let begun = dashboard.api(Method::POST, "/v1/operations", &body).await;
    let shown =
        dashboard.get(&format!("/operations/{}", begun["id"].as_str().expect("an id"))).await;
    shown.shows(&["&lt;script&gt;", "&lt;b&gt;"]);
    for page in [shown, dashboard.get("/operations").await] {
        page.has_not(&["<script>alert", "<b>\"", "\u{202e}"]);
    }
}

/// The button for the colours leads back to the path that was shown, whatever method that had.
async fn what_answers_a_form_is_a_page_to_come_back_to(dashboard: Dashboard) {
    for path in [
        "/operations/preview",
        "/operations",
        "/audit/verify",
        "/settings/password",
        "/limits/set",
        "/jobs",
        "/settings/tokens",
        "/settings/users",
    ] {
        assert_eq!(dashboard.get(path).await.status, StatusCode::OK, "{path}");
    }
}
