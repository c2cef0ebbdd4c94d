//! Who looks: what is shown to somebody who is limited to some jobs, and to nobody.

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use serde_json::{Value, json};
use windlass::token::{Grant, Scope};
use windlass_dashboard::Commands;
use windlass_http::{Access, Caller};

use crate::fixture::{HOSTILE, TestPages, encoded, on_both_stores};

on_both_stores! {
    /// The navigation leads nowhere that refuses who follows it, and no stream is asked for that is refused.
    who_is_limited_is_led_to_what_they_may_see;
    /// What is copied is for the store that the page is of, and says so to who may see all of it alone.
    a_command_is_for_the_store_of_its_page;
    /// What is copied has nothing in it that a reader does not see.
    nothing_is_copied_unseen;
    /// Where a token is refused, signing in would not help, and nobody is led there.
    a_token_that_is_refused_is_told;
}

async fn who_is_limited_is_led_to_what_they_may_see(pages: TestPages) {
    let job = pages.post("/v1/jobs", &json!({"kind": "work", "queue": "mail"})).await;
    let mut grant = Grant::everywhere([Scope::Read, Scope::Operate]);
    grant.queues = vec!["mail".to_owned()];
    let own = pages.asking(Access::by(move |_| Some(Caller::new("ana", grant.clone()))));
    let home = own.page("/").await;
    for linked in links(&home.text) {
        let shown = own.get(&format!("/{linked}")).await;
        assert_eq!(shown.status, StatusCode::OK, "{linked}: {}", shown.text);
    }
    for path in ["/jobs", "/errors", "/operations", "/"] {
        own.page(path).await.has_not(&["sse-connect", "href=\"workers\"", "href=\"limits\""]);
    }
    own.page("/jobs").await.has(&["id=\"live\""]);
    own.page("/settings").await.has_not(&["settings/alerts", "settings/stores"]);
    let path = format!("/jobs/{}", job["id"].as_str().expect("an id"));
    own.page(&path).await.has(&["sse-connect=\"v1/stream?jobs="]).has_not(&["href=\"traces/"]);
    pages.page(&path).await.has(&["href=\"traces/"]);
    pages.page("/jobs").await.has(&["href=\"workers\"", "sse-connect=\"v1/stream?counts=true\""]);
}

async fn a_command_is_for_the_store_of_its_page(pages: TestPages) {
    pages.page("/jobs").await.has_not(&["data-store"]);
    let offered = || Commands::at("postgres://app:secret@db/my app");
    pages.asking(Access::open()).offering(offered()).page("/jobs").await.has(&[
        "data-store=\"--store 'postgres://app@db/my app'\"",
        "data-copy=\"windlass job list\"",
    ]);
    let mut grant = Grant::everywhere([Scope::Read]);
    grant.tags = vec!["tenant:acme".to_owned()];
    let tenant = Access::by(move |_| Some(Caller::new("acme", grant.clone())));
    pages.asking(tenant).offering(offered()).page("/jobs").await.has_not(&["data-store", "@db"]);
}

async fn nothing_is_copied_unseen(pages: TestPages) {
    let subjects = json!([{"type": "customer", "id": HOSTILE}]);
    let job = json!({"kind": "work", "subjects": subjects, "args": {"text": HOSTILE}});
    let job = pages.post("/v1/jobs", &job).await;
    let event = json!({"type": "order.paid", "subject": HOSTILE, "data": {"a": HOSTILE}});
    let event = pages.post("/v1/events", &event).await;
    let id = |of: &Value| of["id"].as_str().expect("an id").to_owned();
    let filter = encoded(&format!("subject:\"customer={HOSTILE}\""));
    for path in [
        format!("/jobs/{}", id(&job)),
        format!("/events/{}", id(&event)),
        format!("/jobs?filter={filter}"),
        format!("/subjects/{}", encoded(&format!("customer={HOSTILE}"))),
        format!("/audit?actor={}", encoded(HOSTILE)),
    ] {
        let page = pages.page(&path).await;
        let mut copied = page.text.split("data-copy=\"").skip(1).peekable();
        assert!(copied.peek().is_some(), "{path}");
        for text in copied.map(|text| text.split('"').next().unwrap_or_default()) {
            assert!(!text.contains(['\u{202e}', '\u{200b}']), "{path}: {text:?}");
        }
    }
}

/// Where the navigation of a page leads.
fn links(page: &str) -> Vec<String> {
    let nav = page.split("</nav>").next().unwrap_or_default();
    let nav = nav.split("<nav").nth(1).expect("a navigation");
    nav.split("href=\"")
        .skip(1)
        .map(|rest| rest.split('"').next().unwrap_or_default())
        .filter(|href| !href.contains('#'))
        .map(|href| href.trim_start_matches('/').to_owned())
        .collect()
}

async fn a_token_that_is_refused_is_told(pages: TestPages) {
    let pages = pages.asking(Access::tokens());
    let request = Request::get("/jobs").header(header::AUTHORIZATION, "Bearer wl_none");
    let refused = pages.send(request.body(Body::empty()).expect("a request")).await;
    assert_eq!(refused.status, StatusCode::UNAUTHORIZED);
    refused.has(&["before signing in", "windlass token create"]);
    assert_eq!(pages.get("/jobs").await.led().0, "/sign-in?back=%2Fjobs");
    pages.page("/sign-in").await.has(&["name=\"password\"", "A token is not for this form"]);
}
