//! What lists and kept answers say of others to who is limited.

use axum::body::Body;
use axum::http::{Method, header};
use base64::Engine as _;
use serde_json::{Value, json};
use windlass::token::{Grant, Scope};
use windlass_http::Access;

use super::{get, post, secret};
use crate::fixture::{Answer, TestApi, on_both_stores, request};

on_both_stores! {
    /// S-14: a tenant's list does not say how many jobs of others were looked through for it.
    a_list_counts_nothing_of_others;
    /// S-14: a page of operations neither ends at another's operation nor is empty before one's own.
    a_page_of_operations_ends_at_ones_own;
    /// S-14: an answer that was kept is not given to who bears the name with other rights.
    a_kept_answer_is_for_the_rights_it_was_given_with;
}

fn tenant(tag: &str) -> Grant {
    let scopes = [Scope::Read, Scope::Enqueue, Scope::Operate];
    Grant { tags: vec![tag.to_owned()], ..Grant::everywhere(scopes) }
}

fn job(tag: &str) -> Value {
    json!({"kind": "k", "tags": [tag], "subjects": [{"type": "customer", "id": "42"}]})
}

async fn a_list_counts_nothing_of_others(api: TestApi) {
    let api = api.asking(Access::tokens()).await;
    let acme = secret(&api, "acme", tenant("tenant:acme")).await;
    let other = secret(&api, "other", tenant("tenant:other")).await;
    for _ in 0..3 {
        post(&api, "/v1/jobs", &other, &job("tenant:other")).await.ok();
    }
    post(&api, "/v1/jobs", &acme, &json!({"kind": "a", "tags": ["tenant:acme"]})).await.ok();
    for (filter, scanned) in [("subject:customer=42", 0), ("kind:nothing", 0), ("", 1)] {
        let path = format!("/v1/jobs?count=exact&filter={filter}");
        let listed = get(&api, &path, &acme).await.ok();
        let found = (&listed["scanned"], &listed["count"]["value"]);
        assert_eq!(found, (&json!(scanned), &json!(scanned)), "{filter}: {listed}");
    }
}

async fn a_page_of_operations_ends_at_ones_own(api: TestApi) {
    let api = api.asking(Access::tokens()).await;
    let acme = secret(&api, "acme", tenant("tenant:acme")).await;
    let other = secret(&api, "other", tenant("tenant:other")).await;
    let begin = json!({"action": "cancel", "filter": "kind:k"});
    let mut own = Vec::new();
    for token in [&acme, &other, &other, &acme, &other, &other] {
        let begun = post(&api, "/v1/operations", token, &begin).await.ok();
        if token == &acme {
            own.push(begun["id"].clone());
        }
    }
    let first = get(&api, "/v1/operations?limit=1", &acme).await.ok();
    assert_eq!(first["items"][0]["id"], own[1], "{first}");
    let next = first["next"].as_str().expect("one's own is behind it");
    let cursor = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(next).expect("base64");
    let cursor = String::from_utf8(cursor).expect("text");
    assert!(cursor.ends_with(own[1].as_str().expect("an id")), "{cursor}");
    let last = get(&api, &format!("/v1/operations?limit=1&cursor={next}"), &acme).await.ok();
    assert_eq!((&last["items"][0]["id"], &last["has_more"]), (&own[0], &json!(false)));
}

async fn keyed(api: &TestApi, token: &str) -> Answer {
    let asked = request(Method::POST, "/v1/operations")
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::AUTHORIZATION, format!("Bearer {token}"))
        .header("idempotency-key", "k1");
    let body = json!({"action": "cancel", "filter": "kind:k", "dry_run": true}).to_string();
    api.send(asked.body(Body::from(body)).expect("a request")).await
}

async fn a_kept_answer_is_for_the_rights_it_was_given_with(api: TestApi) {
    let api = api.asking(Access::tokens()).await;
    let first = secret(&api, "reused", tenant("tenant:ecma")).await;
    post(&api, "/v1/jobs", &first, &job("tenant:ecma")).await.ok();
    assert_eq!(keyed(&api, &first).await.ok()["jobs"], 1);
    assert_eq!(keyed(&api, &first).await.headers["idempotency-replayed"], "true");
    assert!(api.client().store().remove_token("reused").await.expect("removed"));
    let second = secret(&api, "reused", tenant("tenant:acme")).await;
    assert_eq!(keyed(&api, &second).await.code(), (422, "key-reused"));
}
