//! Traces.

use axum::http::{Method, StatusCode};
use serde_json::json;

use crate::fixture::{HOSTILE, TestPages, on_both_stores};

on_both_stores! {
    a_tree_is_shown_from_each_of_its_members;
    only_members_in_one_state_are_shown;
    a_member_that_is_not_there_is_not_found;
}

async fn published(pages: &TestPages) -> (String, String) {
    let subscription = json!({"kind": "receipt.print"});
    pages.ask(Method::PUT, "/v1/subscriptions/receipts", &subscription).await;
    let event = json!({"type": "order.paid", "subject": HOSTILE, "data": {"order": 7}});
    let event = pages.post("/v1/events", &event).await["id"].as_str().expect("an id").to_owned();
    pages.feed().await;
    let jobs = pages.api("/v1/jobs").await;
    (event, jobs["items"][0]["id"].as_str().expect("a job").to_owned())
}

async fn a_tree_is_shown_from_each_of_its_members(pages: TestPages) {
    let (event, job) = published(&pages).await;
    let at_event = pages.page(&format!("/traces/{event}")).await;
    let rows = [
        "What came of",
        "order.paid",
        "events",
        ">1<",
        &*format!("events/{event}"),
        "order.paid",
        "event",
        "level-1",
        &*format!("jobs/{job}"),
        "receipt.print",
        "available",
    ];
    at_event.has(&rows).has_not(&["<script>"]);
    let at_job = pages.page(&format!("/traces/{job}")).await;
    at_job.has(&[&format!("row-{job}\" aria-current=\"true\"")]);
    pages.page(&format!("/jobs/{job}")).await.has(&[
        &format!("traces/{job}"),
        "Show its trace",
        &format!("events/{event}"),
        "subscriptions/receipts",
    ]);
}

async fn only_members_in_one_state_are_shown(pages: TestPages) {
    let (event, job) = published(&pages).await;
    let jobs = pages.page(&format!("/traces/{event}?only=available")).await;
    jobs.has(&[&format!("row-{job}")]).has_not(&[&format!("row-{event}")]);
    let none = pages.page(&format!("/traces/{event}?only=dead")).await;
    none.has(&["None of its members is so any more"]).has_not(&[&format!("row-{job}")]);
}

async fn a_member_that_is_not_there_is_not_found(pages: TestPages) {
    for id in ["job_00000000000000000000000000", "evt_00000000000000000000000000", "7"] {
        let shown = pages.get(&format!("/traces/{id}")).await;
        assert_eq!(shown.status, StatusCode::NOT_FOUND, "{}", shown.text);
        shown.has(&["HTTP 404", "not-found"]);
    }
}
