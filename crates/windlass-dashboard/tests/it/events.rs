//! Events and their types.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::fixture::{HOSTILE, Shown, TestPages, on_both_stores};

on_both_stores! {
    events_are_listed_by_a_filter;
    /// A filter that cannot be read stays in its box.
    a_wrong_filter_says_what_is_wrong;
    /// Its pages are of what is behind that position too, forth and back.
    events_behind_a_position_go_on_behind_it;
    an_event_says_who_gets_it_and_why_the_others_do_not;
    types_say_who_takes_them;
    an_event_that_is_not_there_is_not_found;
}

async fn published(pages: &TestPages, body: &Value) -> String {
    pages.post("/v1/events", body).await["id"].as_str().expect("an id").to_owned()
}

async fn events_are_listed_by_a_filter(pages: TestPages) {
    pages.page("/events").await.has(&["There are no events yet", "windlass publish"]);
    let hostile = json!({"type": "order.paid", "subject": HOSTILE, "source": HOSTILE.len().to_string(), "data": {"a": HOSTILE}});
    let paid = published(&pages, &hostile).await;
    published(&pages, &json!({"type": "order.sent", "subject": "order/7"})).await;
    let all = pages.page("/events").await;
    all.has(&["order.sent", "order/7", "order.paid"])
        .has(&["sse-connect"])
        .has(&[&format!("events/{paid}")]);
    all.has_not(&["<script>alert"]).has_not(&["\u{202e}"]);
    let some = pages.page("/events?filter=subject:order/7").await;
    some.has(&["windlass event list 'subject:order/7'", "order.sent"]).has_not(&[&paid]);
    pages.page("/events?filter=type:nothing").await.has(&["No such events", "Show all events"]);
}

async fn a_wrong_filter_says_what_is_wrong(pages: TestPages) {
    let shown = pages.page("/events?filter=tipe:a").await;
    shown.has(&["value=\"tipe:a\"", "aria-invalid=\"true\"", "role=\"alert\"", "type"]);
}

/// Where a link of the pager leads.
fn link(shown: &Shown, rel: &str) -> String {
    let href = shown.text.split(&format!("rel=\"{rel}\" href=\"")).nth(1);
    let href = href.and_then(|rest| rest.split('"').next()).expect("there is such a link");
    format!("/{}", href.replace("&amp;", "&"))
}

async fn events_behind_a_position_go_on_behind_it(pages: TestPages) {
    for nth in 1..=53 {
        published(&pages, &json!({"type": format!("nth.n{nth}")})).await;
    }
    pages.feed().await;
    let first = pages.page("/events?after=2").await;
    first.has(&["Events after position <bdi>2</bdi>", "<bdi>nth.n3</bdi>", "Newer"]);
    first.has_not(&["<bdi>nth.n2</bdi>", "<bdi>nth.n53</bdi>", "Older"]);
    let second = pages.page(&link(&first, "next")).await;
    second.has(&["Events after position <bdi>2</bdi>", "<bdi>nth.n53</bdi>", "Older"]);
    second.has_not(&["<bdi>nth.n3</bdi>"]);
    let back = pages.page(&link(&second, "prev")).await;
    back.has(&["Events after position <bdi>2</bdi>", "<bdi>nth.n3</bdi>"])
        .has_not(&["<bdi>nth.n2</bdi>"]);
}

async fn an_event_says_who_gets_it_and_why_the_others_do_not(pages: TestPages) {
    let wanting = json!({"kind": "receipt.print", "types": ["order.*"]});
    pages.ask(Method::PUT, "/v1/subscriptions/receipts", &wanting).await;
    let other = json!({"kind": "audit.write", "types": ["audit.*"]});
    pages.ask(Method::PUT, "/v1/subscriptions/audits", &other).await;
    let event = json!({"type": "order.paid", "subject": "order/7", "data": {"text": HOSTILE}});
    let event = published(&pages, &event).await;
    pages.feed().await;
    let shown = pages.page(&format!("/events/{event}")).await;
    shown.has(&[
        "order.paid",
        &event,
        "Position 1 of the log",
        "order/7",
        "Who gets it",
        "subscriptions/receipts",
        "became a job",
        "jobs/job_",
        "available",
        "1 subscription does not want it",
        "subscriptions/audits",
        "not wanted",
        "Data",
        "&lt;script&gt;",
        "Where it came from",
        "What came of it",
        "receipt.print",
    ]);
    shown.has_not(&["<script>alert"]);
    assert_eq!(pages.page("/events/1").await.status, StatusCode::OK, "by its position");
}

async fn types_say_who_takes_them(pages: TestPages) {
    pages.page("/event-types").await.has(&["No events yet", "windlass publish"]);
    let wanting = json!({"kind": "receipt.print", "types": ["order.*"]});
    pages.ask(Method::PUT, "/v1/subscriptions/receipts", &wanting).await;
    for of in ["order.paid", "order.paid", "audit.seen"] {
        published(&pages, &json!({"type": of})).await;
    }
    let shown = pages.page("/event-types").await;
    shown.has(&["events?filter=type:order.paid", ">2</a>", "subscriptions/receipts"]);
    shown.has(&["audit.seen", "no subscription"]);
}

async fn an_event_that_is_not_there_is_not_found(pages: TestPages) {
    for id in ["evt_00000000000000000000000000", "7"] {
        let shown = pages.get(&format!("/events/{id}")).await;
        assert_eq!(shown.status, StatusCode::NOT_FOUND, "{}", shown.text);
    }
}
