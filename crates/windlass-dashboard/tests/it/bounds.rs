//! What comes to pages within bounds.

use std::num::NonZeroU32;

use axum::http::StatusCode;
use serde_json::json;
use windlass_http::RequestRate;

use crate::fixture::{TestPages, on_both_stores, pressed};

on_both_stores! {
    /// A page is no more than one request, whatever it asks for what it shows; what changes something counts.
    a_page_is_no_more_than_one_request;
    /// Bad input: a form that is too large is refused as a page, and nothing is done.
    a_large_form_is_refused;
}

async fn a_page_is_no_more_than_one_request(pages: TestPages) {
    let job = pages.post("/v1/jobs", &json!({"kind": "work"})).await;
    let path = format!("/jobs/{}", job["id"].as_str().expect("an id"));
    let pages = pages.limited(RequestRate::per_second(NonZeroU32::MIN));
    for _ in 0..3 {
        pages.page(&path).await.has(&["Why it is in this state"]);
    }
    let router = pages.router();
    let paused = || pressed(router.clone(), "/queues/default/pause", &[]);
    assert_eq!(paused().await.status, StatusCode::SEE_OTHER);
    let refused = paused().await;
    assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
    refused.mentions(&["too-many-requests", "more than one caller may make"]);
}

async fn a_large_form_is_refused(pages: TestPages) {
    let note = "x".repeat(300 * 1024);
    let refused = pages.press("/queues/mail/pause", &[("note", &note)]).await;
    assert_eq!(refused.status, StatusCode::PAYLOAD_TOO_LARGE);
    refused.mentions(&["too-large", "256 KiB"]);
    assert!(pages.api("/v1/queues").await["items"].as_array().expect("a list").is_empty());
}
