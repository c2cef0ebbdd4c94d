//! Pages of the audit.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::control::fixture::{Dashboard, on_both_stores};

on_both_stores! {
    /// What somebody did is shown with what it changed.
    an_act_is_shown_with_what_it_changed;
    acts_are_found_by_who_and_what;
    the_chain_is_verified_when_somebody_asks;
    who_is_no_administrator_sees_no_acts;
}

async fn paused(dashboard: &Dashboard, queue: &str, note: &str) {
    let path = format!("/v1/queues/{queue}/pause");
    dashboard.api(Method::POST, &path, &json!({"note": note})).await;
}

async fn an_act_is_shown_with_what_it_changed(dashboard: Dashboard) {
    dashboard.get("/audit").await.shows(&["Nothing was done yet"]);
    paused(&dashboard, "mail", "<script>alert(1)</script>").await;
    dashboard.api(Method::POST, "/v1/queues/mail/resume", &Value::Null).await;
    let page = dashboard.get("/audit").await;
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

async fn acts_are_found_by_who_and_what(dashboard: Dashboard) {
    paused(&dashboard, "mail", "a").await;
    paused(&dashboard, "media", "b").await;
    let page = dashboard.get("/audit?target=queues/mail").await;
    page.shows(&["queues/mail", "windlass audit list --target"]);
    page.has_not(&["queues/media"]);
    dashboard.get("/audit?actor=nobody").await.shows(&["No such acts"]);
    let one = dashboard.get("/audit?actor=anybody").await;
    one.shows(&["queues/mail", "queues/media"]);
}

async fn the_chain_is_verified_when_somebody_asks(dashboard: Dashboard) {
    paused(&dashboard, "mail", "a").await;
    let page = dashboard.post("/audit/verify", &[]).await;
    page.shows(&[
        "No entry was changed",
        "1 entries were read",
        "windlass audit verify --expect 1:",
    ]);
}

async fn who_is_no_administrator_sees_no_acts(dashboard: Dashboard) {
    let dashboard = dashboard.for_viewers();
    assert_eq!(dashboard.get("/audit").await.status, StatusCode::FORBIDDEN);
    assert_eq!(dashboard.post("/audit/verify", &[]).await.status, StatusCode::FORBIDDEN);
}
