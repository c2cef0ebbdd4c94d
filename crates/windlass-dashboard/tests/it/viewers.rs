//! Who looks: what is shown to somebody who is limited to some jobs, and to nobody.

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use serde_json::json;
use windlass::token::{Grant, Scope};
use windlass_http::{Access, Caller};

use crate::fixture::{TestPages, on_both_stores};

on_both_stores! {
    /// The navigation leads nowhere that refuses who follows it, and no stream is asked for that is refused.
    who_is_limited_is_led_to_what_they_may_see;
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
