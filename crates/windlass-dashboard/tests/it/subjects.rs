//! Pages of subjects.

use axum::http::{Method, StatusCode};
use serde_json::json;
use windlass::event::NewEvent;
use windlass::{Json, Subject};

use crate::fixture::{TestPages, on_both_stores};

on_both_stores! {
    /// All that is about a customer is on one page, jobs and events by their time.
    jobs_and_events_are_on_one_axis;
    every_row_is_on_one_of_the_pages;
    a_subject_that_was_never_seen_is_told_honestly;
    a_subject_of_others_is_text;
}

async fn job(pages: &TestPages, subject: &str, kind: &str) {
    let (of, id) = subject.split_once('=').expect("a subject");
    let body = json!({"kind": kind, "subjects": [{"type": of, "id": id}]});
    pages.ask(Method::POST, "/v1/jobs", &body).await;
}

async fn event(pages: &TestPages, of: &str, id: &str) {
    let event = NewEvent::new(of, Json::stored("{}")).source("/shop");
    let event = event.about(Subject::new("customer", id));
    pages.client().publish(event).await.expect("published");
}

async fn jobs_and_events_are_on_one_axis(pages: TestPages) {
    job(&pages, "customer=42", "mail.first").await;
    event(&pages, "order.paid", "42").await;
    job(&pages, "customer=42", "mail.last").await;
    let named =
        json!({"type": "order.sent", "source": "/shop", "subject": "customer/42", "data": {}});
    pages.ask(Method::POST, "/v1/events", &named).await;
    job(&pages, "customer=421", "mail.other").await;
    event(&pages, "order.other", "4").await;
    let page = pages.get("/subjects/customer%3D42").await;
    page.shows(&["customer", "operations/new?filter=subject:", "jobs?filter=subject:"]);
    page.has_not(&["mail.other", "order.other"]);
    let place = |text| page.text.find(text).unwrap_or_else(|| panic!("{text} is not there"));
    let order = ["order.sent", "mail.last", "order.paid", "mail.first"].map(place);
    assert!(order.is_sorted(), "{order:?}");
    let list = pages.get("/jobs").await;
    list.shows(&["href=\"subjects/customer%3D42\""]);
}

async fn every_row_is_on_one_of_the_pages(pages: TestPages) {
    for nth in 0..120 {
        let kind = format!("k{nth:03}.x");
        if nth % 3 == 0 {
            event(&pages, &kind, "7").await
        } else {
            job(&pages, "customer=7", &kind).await
        }
    }
    let (mut path, mut seen) = ("/subjects/customer%3D7".to_owned(), Vec::new());
    loop {
        let page = pages.get(&path).await;
        page.shows(&[]);
        let rows = page.text.split("class=\"name\" href=\"").skip(1);
        let names = rows.filter_map(|row| {
            row.split_once("<bdi>")?.1.split_once(".x<").map(|(name, _)| name.to_owned())
        });
        seen.push(names.collect::<Vec<_>>());
        let Some(next) = page.text.split("rel=\"next\" href=\"").nth(1) else { break };
        path = format!("/{}", next.split('"').next().expect("a link").replace("&amp;", "&"));
    }
    assert_eq!(seen.iter().map(Vec::len).collect::<Vec<_>>(), [50, 50, 20]);
    let expected: Vec<_> = (0..120).rev().map(|nth| format!("k{nth:03}")).collect();
    assert_eq!(seen.concat(), expected);
}

async fn a_subject_that_was_never_seen_is_told_honestly(pages: TestPages) {
    job(&pages, "customer=42", "mail").await;
    let page = pages.get("/subjects/customer%3D43").await;
    page.shows(&[
        "Nothing about this is here",
        "No job that you may see is about it",
        "7d",
        "Events are kept for 30d",
    ]);
    let odd = pages.get("/subjects/customer").await;
    assert_eq!(odd.status, StatusCode::BAD_REQUEST);
}

async fn a_subject_of_others_is_text(pages: TestPages) {
    job(&pages, "customer=<script>/\"x\"*", "mail").await;
    pages.get("/jobs").await.has_not(&["<script>/"]);
    let page = pages.get("/subjects/customer%3D%3Cscript%3E%2F%22x%22%2A").await;
    page.shows(&["mail", "&lt;script&gt;"]);
    page.has_not(&["<script>/"]);
}
