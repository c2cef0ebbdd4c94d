//! Pages of operations.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};
use windlass::OperationId;
use windlass::operation::Why;
use windlass_testkit::verdicts::{complete, die};
use windlass_testkit::worker::worker;

use crate::fixture::{TestPages, on_both_stores};

on_both_stores! {
    /// E14: what an operation finds is seen before it begins, and it begins with that number.
    an_operation_is_previewed_begun_and_undone;
    a_number_that_has_changed_is_shown_again;
    an_operation_is_paused_resumed_and_stopped;
    what_was_left_is_told_with_its_reason;
    /// An undo takes back what the operation wrote, and not what jobs have done since: the page says so before and after.
    what_an_undo_keeps_is_told_with_its_reason;
    jobs_that_no_longer_match_are_told;
    who_may_only_read_gets_no_form;
    what_cannot_be_read_stays_in_its_form;
    hostile_texts_are_shown_as_texts;
    what_answers_a_form_is_a_page_to_come_back_to;
}

pub(crate) async fn dead(pages: &TestPages, number: usize) -> Vec<String> {
    let mut ids = Vec::new();
    for _ in 0..number {
        let job = pages.ask(Method::POST, "/v1/jobs", &json!({"kind": "work"})).await;
        ids.push(job["id"].as_str().expect("an id").to_owned());
    }
    let worker = pages.worker(worker()).await;
    for _ in 0..number {
        pages.run_one(&worker, die()).await;
    }
    ids
}

const RETRY: [(&str, &str); 3] = [("action", "retry"), ("filter", "kind:work"), ("note", "fixed")];

/// The fields that the button of a preview sends.
fn begin<'a>(expect: &'a str, id: &'a str) -> Vec<(&'a str, &'a str)> {
    RETRY.into_iter().chain([("expect", expect), ("id", id)]).collect()
}

async fn an_operation_is_previewed_begun_and_undone(pages: TestPages) {
    pages.get("/operations").await.shows(&["No operations yet", "windlass job retry"]);
    dead(&pages, 3).await;
    let form = pages.get("/operations/new?filter=kind:work").await;
    form.shows(&["value=\"kind:work\"", "Retry", "Cancel", "Move", "Delete", "Preview"]);
    let preview = pages.press("/operations/preview", &RETRY).await;
    preview.shows(&["Retry 3 jobs", "state:dead kind:work", "exactly so many"]);
    assert_eq!(preview.field("expect"), "3");
    let id = preview.field("id").to_owned();
    let nothing = pages.ask(Method::GET, "/v1/operations", &Value::Null).await;
    assert_eq!(nothing["items"], json!([]), "a preview begins nothing");
    let begun = pages.press("/operations", &begin("3", &id)).await.led();
    assert_eq!(begun, (format!("/operations/{id}"), "The operation has begun.".to_owned()));
    pages.press("/operations", &begin("3", &id)).await.led();
    pages.go_on().await;
    let shown = pages.get(&format!("/operations/{id}")).await;
    shown.shows(&["3 jobs changed", "fixed", "Undo", "Undo until", "anybody"]);
    pages.get("/operations").await.shows(&[&id, "done", "Undo"]);
    let here = format!("/operations/{id}");
    let undo = pages.press(&format!("{here}/undo"), &[("back", &here)]).await.led();
    assert_eq!(undo.0, here);
    assert!(undo.1.contains("is being undone"), "{}", undo.1);
    assert!(undo.1.contains("one that has started keeps what it did"), "{}", undo.1);
    pages.go_on().await;
    pages.get(&here).await.shows(&["undone", "3 jobs put back"]);
}

async fn a_number_that_has_changed_is_shown_again(pages: TestPages) {
    dead(&pages, 2).await;
    let id = OperationId::new().to_string();
    let refused = pages.press("/operations", &begin("3", &id)).await;
    assert_eq!(refused.status, StatusCode::CONFLICT);
    refused.mentions(&["expected 3 jobs, found 2", "Retry 2 jobs"]);
    assert_eq!(refused.field("expect"), "2");
    pages.press("/operations", &begin("2", &id)).await.led();
}

async fn an_operation_is_paused_resumed_and_stopped(pages: TestPages) {
    dead(&pages, 1).await;
    let id = OperationId::new().to_string();
    pages.press("/operations", &begin("1", &id)).await.led();
    let here = format!("/operations/{id}");
    for (verb, state) in [("pause", "paused"), ("resume", "running"), ("stop", "stopped")] {
        let told = pages.press(&format!("{here}/{verb}"), &[("back", &here)]).await.led();
        assert_eq!(told.0, here, "{verb}");
        pages.get(&here).await.shows(&[state]);
    }
    let late = pages.press(&format!("{here}/pause"), &[]).await;
    assert_eq!(late.status, StatusCode::CONFLICT);
    let none = format!("/operations/{}", OperationId::new());
    assert_eq!(pages.get(&none).await.status, StatusCode::NOT_FOUND);
    let missing = pages.press(&format!("{none}/undo"), &[]).await;
    assert_eq!(missing.status, StatusCode::NOT_FOUND);
}

async fn what_was_left_is_told_with_its_reason(pages: TestPages) {
    let ids = dead(&pages, 2).await;
    let body = json!({"action": "delete", "filter": "kind:work state:dead,available"});
    let begun = pages.ask(Method::POST, "/v1/operations", &body).await;
    pages.ask(Method::POST, &format!("/v1/jobs/{}/retry", ids[0]), &Value::Null).await;
    pages.go_on().await;
    let shown = pages.get(&format!("/operations/{}", begun["id"].as_str().expect("an id"))).await;
    shown.shows(&["1 job changed", "1 job left as they were", "have not ended", &ids[0]]);
}

async fn what_an_undo_keeps_is_told_with_its_reason(pages: TestPages) {
    dead(&pages, 2).await;
    let body = json!({"action": "retry", "filter": "state:dead"});
    let begun = pages.ask(Method::POST, "/v1/operations", &body).await;
    pages.go_on().await;
    let again = pages.worker(worker()).await;
    pages.run_one(&again, complete()).await;
    let here = format!("/operations/{}", begun["id"].as_str().expect("an id"));
    let says = "Jobs that have not started since end again as they had";
    pages.get(&here).await.shows(&["Undo: ", says, "docs/operations#undo"]);
    pages.press(&format!("{here}/undo"), &[("back", &here)]).await.led();
    pages.go_on().await;
    let shown = pages.get(&here).await;
    let why = Why::Touched;
    shown.shows(&[
        "1 job put back",
        "1 job not",
        why.phrase(),
        &format!("<bdi>{}</bdi>", why.word()),
    ]);
}

async fn jobs_that_no_longer_match_are_told(pages: TestPages) {
    let ids = dead(&pages, 2).await;
    let body = json!({"action": "retry", "filter": "state:dead"});
    let begun = pages.ask(Method::POST, "/v1/operations", &body).await;
    pages.ask(Method::POST, &format!("/v1/jobs/{}/retry", ids[0]), &Value::Null).await;
    pages.go_on().await;
    let here = format!("/operations/{}", begun["id"].as_str().expect("an id"));
    pages.get(&here).await.shows(&["1 job changed", "1 job no longer matched"]);
}

async fn who_may_only_read_gets_no_form(pages: TestPages) {
    dead(&pages, 1).await;
    let body = json!({"action": "retry", "filter": "state:dead"});
    let begun = pages.ask(Method::POST, "/v1/operations", &body).await;
    let here = format!("/operations/{}", begun["id"].as_str().expect("an id"));
    let pages = pages.for_reader();
    pages
        .get("/operations")
        .await
        .has_not(&["New operation", "<button class=\"quiet\" aria-label=\"Undo"]);
    let shown = pages.get(&here).await;
    shown.shows(&["running"]);
    shown.has_not(&["/pause", "/stop", "/undo"]);
    assert_eq!(pages.get("/operations/new").await.status, StatusCode::FORBIDDEN);
    for (path, fields) in [
        ("/operations/preview", &RETRY[..]),
        ("/operations", &RETRY[..]),
        (&format!("{here}/stop"), &[]),
        (&format!("{here}/undo"), &[]),
    ] {
        assert_eq!(pages.press(path, fields).await.status, StatusCode::FORBIDDEN, "{path}");
    }
}

async fn what_cannot_be_read_stays_in_its_form(pages: TestPages) {
    for (fields, fault) in [
        ([("action", "retry"), ("filter", "stat:dead"), ("pace", "")], "filter"),
        ([("action", "move"), ("filter", "kind:work"), ("queue", "")], "queue"),
        ([("action", "retry"), ("filter", "kind:work"), ("pace", "quick")], "pace"),
    ] {
        let answer = pages.press("/operations/preview", &fields).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{fields:?}");
        answer.mentions(&[fault, &format!("value=\"{}\"", fields[1].1)]);
    }
}

async fn hostile_texts_are_shown_as_texts(pages: TestPages) {
    let evil = "<script>alert(1)</script>\u{202e}x";
    let body = json!({"action": "cancel", "filter": "tag:\"<b>\"", "reason": evil, "note": evil});
    let begun = pages.ask(Method::POST, "/v1/operations", &body).await;
    let shown = pages.get(&format!("/operations/{}", begun["id"].as_str().expect("an id"))).await;
    shown.shows(&["&lt;script&gt;", "&lt;b&gt;"]);
    for page in [shown, pages.get("/operations").await] {
        page.has_not(&["<script>alert", "<b>\"", "\u{202e}"]);
    }
}

/// The button for the colours leads back to the path that was shown, whatever method that had.
async fn what_answers_a_form_is_a_page_to_come_back_to(pages: TestPages) {
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
        assert_eq!(pages.get(path).await.status, StatusCode::OK, "{path}");
    }
}
