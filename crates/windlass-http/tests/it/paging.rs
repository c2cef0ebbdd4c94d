//! Lists by pages: forth, back, and by the links of each answer.

use axum::http::{StatusCode, header};
use serde_json::{Value, json};

use crate::fixture::{Answer, TestApi, on_both_stores};

on_both_stores! {
    /// Every list goes forth and back by the same pages, and by the `Link` header as by the cursors.
    a_list_goes_forth_and_back;
    /// A page that was found by a bounded look has the way back, too.
    what_a_filter_finds_goes_back;
}

async fn lists(api: &TestApi) {
    for queue in ["a", "b", "c", "d", "e"] {
        api.act(&format!("/v1/queues/{queue}/pause")).await.ok();
        api.post("/v1/events", &json!({"type": "a.b", "data": queue})).await.ok();
        let body = json!({"action": "cancel", "filter": format!("queue:{queue}")});
        api.post("/v1/operations", &body).await.ok();
        api.post("/v1/batches", &json!({"key": queue, "jobs": [{"kind": "work"}]})).await.ok();
    }
    let members: Vec<Value> = (0..5).map(|_| json!({"kind": "work"})).collect();
    api.post("/v1/batches", &json!({"key": "k", "jobs": members})).await.ok();
}

/// The page that a link of this relation leads to.
async fn follow(api: &TestApi, path: &str, page: &Answer, rel: &str) -> Option<Answer> {
    let cursor = page.body[rel].as_str();
    let links = page.headers.get(header::LINK).map(|links| links.to_str().expect("text"));
    let end = format!(">; rel=\"{rel}\"");
    let link = links.and_then(|links| links.split(", ").find_map(|link| link.strip_suffix(&end)));
    let query = link.map(|link| link.strip_prefix("<?").expect("relative to what was asked for"));
    assert_eq!(cursor.is_some(), query.is_some(), "{path} {rel}: {links:?}");
    let query = query?;
    assert!(query.contains("limit=2") && query.ends_with(cursor?), "{query}");
    let (path, _) = path.split_once('?').expect("a query");
    let answer = api.get(&format!("{path}?{query}")).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    Some(answer)
}

async fn walk(api: &TestApi, path: &str) -> usize {
    let mut page = api.get(path).await;
    assert_eq!(page.body["prev"], Value::Null, "{path}");
    let mut seen = vec![page.body["items"].clone()];
    while let Some(next) = follow(api, path, &page, "next").await {
        assert!(!seen.contains(&next.body["items"]), "{path}: {next:?}");
        seen.push(next.body["items"].clone());
        page = next;
    }
    let pages = seen.len();
    while let Some(items) = seen.pop() {
        assert_eq!(page.body["items"], items, "{path}");
        let Some(before) = follow(api, path, &page, "prev").await else { break };
        page = before;
    }
    assert_eq!(seen.len(), 0, "{path}: back at the first page");
    pages
}

async fn a_list_goes_forth_and_back(api: TestApi) {
    lists(&api).await;
    for path in [
        "/v1/jobs?limit=2",
        "/v1/events?limit=2",
        "/v1/events?after=0&limit=2",
        "/v1/operations?limit=2",
        "/v1/batches?limit=2",
        "/v1/batches/k/members?limit=2",
        "/v1/audit?limit=2",
    ] {
        assert!(walk(&api, path).await >= 3, "{path}");
    }
    assert_eq!(api.get("/v1/jobs?cursor=LQ").await.body["prev"], Value::Null);
    assert_eq!(api.get("/v1/jobs?cursor=").await.place(), "cursor");
}

async fn what_a_filter_finds_goes_back(api: TestApi) {
    lists(&api).await;
    assert!(walk(&api, "/v1/jobs?filter=kind:work%20-queue:x&limit=2&count=exact").await >= 5);
    assert!(walk(&api, "/v1/events?filter=type:a.*&limit=2").await >= 3);
}
