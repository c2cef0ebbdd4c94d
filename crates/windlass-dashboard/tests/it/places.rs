//! Where pages lie: the navigation, the contents of the documentation, paths of none, and how to get the same elsewhere.

use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use serde_json::json;
use windlass_http::Access;

use crate::fixture::{Shown, TestPages, on_both_stores};
use crate::operations::dead;

on_both_stores! {
    a_narrow_window_leads_to_all_places;
    a_place_behind_more_is_marked;
    a_browser_gets_a_page_where_nothing_lies;
    a_program_gets_the_problem_where_nothing_lies;
    a_stranger_learns_nothing_of_paths;
    the_contents_say_what_each_page_is_for;
    lists_and_objects_say_how_to_get_the_same;
}

/// What a browser is answered, or a program that takes this.
async fn taking(pages: &TestPages, path: &str, accept: &str) -> Shown {
    let request = Request::builder().method(Method::GET).uri(path).header(header::ACCEPT, accept);
    pages.send(request.body(Body::empty()).expect("a request")).await
}

const BROWSER: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

/// The bar of a narrow window.
fn bar(shown: &Shown) -> &str {
    let (_, bar) = shown.text.split_once("<nav class=\"bar\"").expect("a bar");
    bar.split_once("</nav>").expect("its end").0
}

async fn a_narrow_window_leads_to_all_places(pages: TestPages) {
    let shown = pages.page("/jobs").await;
    let (first, sheet) = bar(&shown).split_once("<details class=\"more\">").expect("a sheet");
    assert!(first.contains("href=\"jobs\" aria-current=\"page\""), "{first}");
    for place in ["jobs", "errors", "workflows", "sources", "limits", "audit", "settings", "docs"] {
        assert!(sheet.contains(&format!("href=\"{place}\"")), "{place} is not behind More");
    }
    for group in ["Events", "Control", "Help"] {
        assert!(sheet.contains(&format!("<h2>{group}</h2>")), "{group}");
    }
    assert!(sheet.contains("<summary><svg"), "what is in the bar is not marked once more");
    assert!(sheet.contains("action=\"theme\""));
}

async fn a_place_behind_more_is_marked(pages: TestPages) {
    let shown = pages.page("/limits").await;
    let bar = bar(&shown);
    assert!(bar.contains("<summary aria-current=\"true\">"), "{bar}");
    assert!(bar.contains(", with Limits, where you are"), "{bar}");
    assert!(bar.contains("href=\"limits\" aria-current=\"page\""), "{bar}");
}

async fn a_browser_gets_a_page_where_nothing_lies(pages: TestPages) {
    for path in ["/nosuch", "/docs/nosuch", "/jobs/a/b/c", "/nosuch?x=1"] {
        let shown = taking(&pages, path, BROWSER).await;
        assert_eq!(shown.status, StatusCode::NOT_FOUND, "{path}");
        shown.mentions(&["There is no page here", "aria-label=\"Pages\"", "href=\"docs\""]);
        shown.has_not(&["aria-current"]);
        assert_eq!(shown.headers[header::CONTENT_TYPE], "text/html; charset=utf-8");
        assert!(shown.headers.contains_key(header::CONTENT_SECURITY_POLICY), "{path}");
    }
    let odd = taking(&pages, "/%3Cscript%3Ealert(1)", BROWSER).await;
    odd.has_not(&["<script>alert"]);
    let known = taking(&pages, "/docs/problems", BROWSER).await;
    assert_eq!(known.status, StatusCode::OK, "the API's own page is its own");
}

async fn a_program_gets_the_problem_where_nothing_lies(pages: TestPages) {
    let asked = [
        ("/nosuch", "application/json"),
        ("/nosuch", "*/*"),
        ("/v1/nosuch", BROWSER),
        ("/stores/eu/v1/nosuch", BROWSER),
    ];
    for (path, accept) in asked {
        let shown = taking(&pages, path, accept).await;
        assert_eq!(shown.status, StatusCode::NOT_FOUND, "{path}");
        assert_eq!(shown.headers[header::CONTENT_TYPE], "application/problem+json", "{path}");
    }
    assert_eq!(pages.press("/nosuch", &[]).await.status, StatusCode::NOT_FOUND);
}

async fn a_stranger_learns_nothing_of_paths(pages: TestPages) {
    let pages = pages.asking(Access::by(|_| None));
    let shown = taking(&pages, "/nosuch", BROWSER).await;
    assert_eq!(shown.status, StatusCode::UNAUTHORIZED, "{}", shown.text);
    shown.has_not(&["aria-label=\"Pages\""]);
}

async fn the_contents_say_what_each_page_is_for(pages: TestPages) {
    let shown = pages.page("/docs").await;
    shown.has(&[
        "<h2>Start</h2>",
        "docs/overview",
        "in one page",
        "<h2>How to: write jobs</h2>",
        "docs/unique",
        "<h2>Reference</h2>",
        "docs/cli",
        "<h2>Explanation</h2>",
        "docs/design",
    ]);
    pages
        .page("/docs/overview")
        .await
        .shows(&["Which page next", "href=\"docs/dev#a-shop-to-look-at\""]);
}

/// `/queues` and the pages of sources have tests of their own.
async fn lists_and_objects_say_how_to_get_the_same(pages: TestPages) {
    let job = dead(&pages, 1).await.remove(0);
    let schedule = json!({"rule": "every 1h", "kind": "work"});
    pages.ask(Method::PUT, "/v1/schedules/hourly", &schedule).await;
    let subscription = json!({"kind": "work", "types": ["order.*"]});
    pages.ask(Method::PUT, "/v1/subscriptions/books", &subscription).await;
    let event = pages.post("/v1/events", &json!({"type": "order.paid"})).await;
    let flow = json!({"name": "f", "steps": [{"name": "a", "job": {"kind": "work"}}]});
    let flow = pages.post("/v1/workflows", &flow).await;
    let body = json!({"action": "retry", "filter": "state:dead"});
    let operation = pages.post("/v1/operations", &body).await;
    let group = pages.api("/v1/errors").await;
    let id = |of: &serde_json::Value| of["id"].as_str().expect("an id").to_owned();
    let print = group["groups"][0]["fingerprint"].as_str().expect("a group").to_owned();
    let objects = [
        format!("/jobs/{job}"),
        format!("/traces/{job}"),
        format!("/errors/{print}"),
        "/schedules/hourly".to_owned(),
        "/subscriptions/books".to_owned(),
        "/subjects/order%3D1".to_owned(),
        format!("/events/{}", id(&event)),
        format!("/workflows/{}", id(&flow)),
        format!("/batches/{}", id(&flow)),
        format!("/operations/{}", id(&operation)),
    ];
    let lists = [
        "jobs",
        "errors",
        "workers",
        "kinds",
        "schedules",
        "workflows",
        "batches",
        "events",
        "event-types",
        "subscriptions",
        "sources",
        "limits",
        "operations",
        "audit",
        "settings/alerts",
        "settings/stores",
        "settings/tokens",
        "settings/users",
    ];
    for path in lists.iter().map(|list| format!("/{list}")).chain(objects) {
        pages.page(&path).await.mentions(&[
            "Copy as command",
            "data-copy=\"windlass ",
            "Copy as curl",
            "data-copy=\"curl ",
        ]);
    }
}
