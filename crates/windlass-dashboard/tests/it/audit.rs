//! Pages of the audit.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::fixture::{TestPages, on_both_stores};

on_both_stores! {
    /// What somebody did is shown with what it changed.
    an_act_is_shown_with_what_it_changed;
    acts_are_found_by_who_and_what;
    the_chain_is_verified_when_somebody_asks;
    who_is_no_administrator_sees_no_acts;
}

async fn paused(pages: &TestPages, queue: &str, note: &str) {
    let path = format!("/v1/queues/{queue}/pause");
    pages.ask(Method::POST, &path, &json!({"note": note})).await;
}

async fn an_act_is_shown_with_what_it_changed(pages: TestPages) {
    pages.get("/audit").await.shows(&["Nothing was done yet"]);
    paused(&pages, "mail", "<script>alert(1)</script>").await;
    pages.ask(Method::POST, "/v1/queues/mail/resume", &Value::Null).await;
    let page = pages.get("/audit").await;
    page.shows(&[
        "queues.pause",
        "queues/mail",
        "anybody",
        "paused_at",
        "Before",
        "After",
        "<del>",
        "<ins>",
        "&lt;script&gt;",
    ]);
    page.has_not(&["<script>alert"]);
}

async fn acts_are_found_by_who_and_what(pages: TestPages) {
    paused(&pages, "mail", "a").await;
    paused(&pages, "media", "b").await;
    let page = pages.get("/audit?target=queues/mail").await;
    page.shows(&["queues/mail", "windlass audit list --target"]);
    page.has_not(&["queues/media"]);
    pages.get("/audit?actor=nobody").await.shows(&["No such acts"]);
    let one = pages.get("/audit?actor=anybody").await;
    one.shows(&["queues/mail", "queues/media"]);
}

async fn the_chain_is_verified_when_somebody_asks(pages: TestPages) {
    paused(&pages, "mail", "a").await;
    let page = pages.press("/audit/verify", &[]).await;
    page.shows(&[
        "No entry was changed",
        "1 entries were read",
        "windlass audit verify --expect 1:",
    ]);
}

async fn who_is_no_administrator_sees_no_acts(pages: TestPages) {
    let pages = pages.for_reader();
    assert_eq!(pages.get("/audit").await.status, StatusCode::FORBIDDEN);
    assert_eq!(pages.press("/audit/verify", &[]).await.status, StatusCode::FORBIDDEN);
}
