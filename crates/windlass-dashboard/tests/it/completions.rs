//! Filters as they are completed while they are written.

use axum::http::StatusCode;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::json;
use windlass::token::{Grant, Scope};
use windlass_http::{Access, Caller};

use crate::fixture::{HOSTILE, Shown, TestPages, on_both_stores};

on_both_stores! {
    names_and_states_are_completed;
    /// Names of queues are quoted where the language wants it, and harm nothing.
    what_is_known_is_completed_in_quotes;
    events_are_completed_by_their_own_names;
    /// Who is limited to some queues finds out no names of others.
    a_limited_caller_sees_their_own_alone;
    what_cannot_be_completed_has_no_options;
}

async fn completed(pages: &TestPages, of: &str, text: &str) -> Shown {
    let at = text.encode_utf16().count();
    let text = utf8_percent_encode(text, NON_ALPHANUMERIC);
    pages.page(&format!("/complete?of={of}&text={text}&at={at}")).await
}

async fn names_and_states_are_completed(pages: TestPages) {
    completed(&pages, "jobs", "-st").await.has(&[
        "role=\"option\"",
        "id=\"completion-0\"",
        "data-filter=\"-state:\"",
        "data-at=\"7\"",
        "data-more",
        "in one of these states",
    ]);
    let all = completed(&pages, "jobs", "kind:a ").await;
    all.mentions(&[
        "data-filter=\"kind:a queue:\"",
        "data-filter=\"kind:a args.\"",
        "kind:a since:",
    ]);
    completed(&pages, "jobs", "-since").await.has_not(&["role=\"option\""]);
    let states = completed(&pages, "jobs", "state:dead,r").await;
    states.mentions(&["state:dead,retryable", "state:dead,running"]);
    states.has_not(&["data-more", "dead,dead", "available"]);
}

async fn what_is_known_is_completed_in_quotes(pages: TestPages) {
    for id in ["my\"old\"one", "my.own", HOSTILE] {
        let subjects = json!([{"type": "box", "id": id}]);
        let body =
            json!({"kind": "mail.send", "queue": "mail", "tags": ["vip"], "subjects": subjects});
        pages.post("/v1/jobs", &body).await;
    }
    let boxes = completed(&pages, "jobs", "subject:box=m").await;
    boxes.mentions(&[
        r#"data-filter="subject:&quot;box=my\&quot;old\&quot;one&quot;""#,
        r#"data-filter="subject:box=my.own""#,
    ]);
    let open = completed(&pages, "jobs", "subject:\"box=my\\\"o").await;
    open.has(&[r#"subject:&quot;box=my\&quot;old\&quot;one&quot;"#]).has_not(&["my.own"]);
    completed(&pages, "jobs", "subject:box=<")
        .await
        .has(&["role=\"option\""])
        .has_not(&["<script>"]);
    completed(&pages, "jobs", "queue:").await.has(&["queue:mail"]);
    completed(&pages, "jobs", "kind:").await.has(&["kind:mail.send"]);
    completed(&pages, "jobs", "tag:v").await.has(&["tag:vip"]);
}

async fn events_are_completed_by_their_own_names(pages: TestPages) {
    pages
        .post("/v1/events", &json!({"type": "order.paid", "source": "/shop", "subject": "order 7"}))
        .await;
    completed(&pages, "events", "").await.has(&["type:", "source:", "data."]).has_not(&["queue:"]);
    completed(&pages, "events", "type:").await.has(&["type:order.paid"]);
    completed(&pages, "events", "source:/").await.has(&["source:/shop"]);
    completed(&pages, "events", "subject:").await.has(&["subject:&quot;order 7&quot;"]);
}

async fn a_limited_caller_sees_their_own_alone(pages: TestPages) {
    for queue in ["acme", "other"] {
        let body = json!({"kind": format!("{queue}.run"), "queue": queue, "tags": [format!("of-{queue}")]});
        pages.post("/v1/jobs", &body).await;
    }
    completed(&pages, "jobs", "queue:").await.has(&["queue:acme", "queue:other"]);
    let limited = pages.asking(Access::by(|_| {
        let mut grant = Grant::everywhere([Scope::Read]);
        grant.queues = vec!["acme".to_owned()];
        Some(Caller::new("acme", grant))
    }));
    for (text, own) in
        [("queue:", "queue:acme"), ("kind:", "kind:acme.run"), ("tag:", "tag:of-acme")]
    {
        completed(&limited, "jobs", text).await.has(&[own]).has_not(&["other"]);
    }
    completed(&limited, "events", "type:").await.has_not(&["role=\"option\""]);
    let nobody = pages.asking(Access::by(|_| None));
    assert_eq!(
        nobody.get("/complete?of=jobs&text=queue:&at=6").await.status,
        StatusCode::UNAUTHORIZED
    );
}

async fn what_cannot_be_completed_has_no_options(pages: TestPages) {
    for text in ["args.user", "args.user.id:", "error:", "colour:", "fingerprint:"] {
        completed(&pages, "jobs", text).await.has_not(&["role=\"option\""]);
    }
    let long = "queue:a ".repeat(600);
    completed(&pages, "jobs", &long).await.has_not(&["role=\"option\""]);
    for odd in ["of=jobs", "of=queues&text=&at=0", "of=jobs&text=&at=-1"] {
        assert_eq!(
            pages.get(&format!("/complete?{odd}")).await.status,
            StatusCode::BAD_REQUEST,
            "{odd}"
        );
    }
}
