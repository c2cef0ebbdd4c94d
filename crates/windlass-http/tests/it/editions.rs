//! Changes of what was seen: ETag, If-Match and If-None-Match.

use axum::body::Body;
use axum::http::{HeaderName, Method, StatusCode, header};
use serde_json::{Value, json};

use crate::fixture::{Answer, TestApi, on_both_stores, request};

on_both_stores! {
    /// What people edit answers its edition, and a change for another one is refused.
    a_change_is_for_what_was_seen;
    /// Of two people who saw the same and change it on two servers at once, one is told that it is stale.
    of_two_who_saw_the_same_one_is_told;
    /// What is known already is answered by 304, without a body.
    what_is_known_is_not_sent_again;
    /// `*`, weak tags and lists mean what RFC 9110 says.
    tags_mean_what_the_standard_says;
    /// Bad input: a tag that cannot be read, or that a route would pass over, is refused, and nothing is written.
    a_tag_that_cannot_hold_is_refused;
}

/// An object that people edit: where it is shown, where it is changed, and two bodies.
struct Edited {
    shown: &'static str,
    changed: &'static str,
    bodies: [Value; 2],
}

fn all() -> [Edited; 6] {
    let of = |shown, changed, one, two| Edited { shown, changed, bodies: [one, two] };
    let limit = "/v1/limits/queue:mail";
    let (books, sync) = ("/v1/subscriptions/books", "/v1/schedules/sync");
    let (mail, shop) = ("/v1/queues/mail", "/v1/builds/shop");
    let to = |kind| json!({"types": ["*"], "kind": kind});
    [
        of(limit, limit, json!({"running": 1}), json!({"running": 2})),
        of(
            sync,
            sync,
            json!({"rule": "every 1h", "kind": "k"}),
            json!({"rule": "every 2h", "kind": "k"}),
        ),
        of(books, books, to("one"), to("two")),
        of(mail, "/v1/queues/mail/bound", json!({"jobs": 1}), json!({"jobs": 2})),
        of(
            "/v1/queues/post",
            "/v1/queues/post/aging",
            json!({"every_ms": 1_000}),
            json!({"every_ms": 2_000}),
        ),
        of(shop, shop, json!({"minimum": "1.0"}), json!({"minimum": "2.0"})),
    ]
}

async fn send(
    api: &TestApi,
    (method, path): (Method, &str),
    said: &[(HeaderName, &str)],
    body: Option<&Value>,
) -> Answer {
    let mut request = request(method, path);
    for (name, value) in said {
        request = request.header(name, *value);
    }
    if body.is_some() {
        request = request.header(header::CONTENT_TYPE, "application/json");
    }
    let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
    api.send(request.body(body).expect("a request")).await
}

async fn put(api: &TestApi, path: &str, said: (HeaderName, &str), body: &Value) -> Answer {
    send(api, (Method::PUT, path), &[said], Some(body)).await
}

#[track_caller]
fn tag(answer: &Answer) -> String {
    answer.headers[header::ETAG].to_str().expect("a text").to_owned()
}

const STALE: (u16, &str) = (412, "stale");

async fn a_change_is_for_what_was_seen(api: TestApi) {
    for Edited { shown, changed, bodies: [one, two] } in all() {
        let some = put(&api, changed, (header::IF_MATCH, "*"), &one).await;
        assert_eq!(some.code(), STALE, "{changed}");
        assert_eq!(api.get(shown).await.code(), (404, "not-found"), "{shown}");
        let made = put(&api, changed, (header::IF_NONE_MATCH, "*"), &one).await;
        assert!(made.status.is_success(), "{made:?}");
        let first = tag(&made);
        assert!(first.starts_with('"') && first.ends_with('"'), "{first}");
        let again = put(&api, changed, (header::IF_NONE_MATCH, "*"), &two).await;
        assert_eq!(again.code(), STALE, "{changed}");
        let seen = api.get(shown).await;
        assert_eq!(tag(&seen), first, "{shown}");
        let next = put(&api, changed, (header::IF_MATCH, &first), &two).await;
        assert_eq!(next.status, StatusCode::OK, "{next:?}");
        assert_ne!(tag(&next), first, "{changed}");
        let late = put(&api, changed, (header::IF_MATCH, &first), &one).await;
        assert_eq!(late.code(), STALE, "{changed}");
        let late = send(&api, (Method::DELETE, changed), &[(header::IF_MATCH, &first)], None).await;
        assert_eq!(late.code(), STALE, "{changed}");
        let kept = api.get(shown).await;
        assert_eq!(tag(&kept), tag(&next), "{shown}");
        let seen = tag(&kept);
        let gone = send(&api, (Method::DELETE, changed), &[(header::IF_MATCH, &seen)], None).await;
        assert!(gone.status.is_success(), "{gone:?}");
        assert_eq!(api.get(shown).await.status, StatusCode::NOT_FOUND, "{shown}");
    }
}

async fn of_two_who_saw_the_same_one_is_told(api: TestApi) {
    let other = api.another().await;
    for Edited { shown, changed, bodies: [one, two] } in all() {
        api.put(changed, &one).await.ok();
        let mut body = 0;
        for _ in 0..5 {
            let seen = tag(&api.get(shown).await);
            body += 10;
            let [mut one, mut two] = [one.clone(), two.clone()];
            for (nth, one) in [&mut one, &mut two].into_iter().enumerate() {
                vary(one, body + nth);
            }
            let (one, two) = tokio::join!(
                put(&api, changed, (header::IF_MATCH, &seen), &one),
                put(&other, changed, (header::IF_MATCH, &seen), &two),
            );
            let stale = [&one, &two].iter().filter(|answer| answer.code() == STALE).count();
            assert_eq!(stale, 1, "{one:?} {two:?}");
        }
    }
}

/// Another body of the same kind.
fn vary(body: &mut Value, nth: usize) {
    let members = body.as_object_mut().expect("an object");
    for (name, value) in members {
        match name.as_str() {
            "running" | "jobs" => *value = json!(nth),
            "rule" => *value = json!(format!("every {nth}m")),
            "kind" => *value = json!(format!("kind-{nth}")),
            "every_ms" => *value = json!(nth * 1_000),
            "minimum" => *value = json!(format!("{nth}.0")),
            _ => {}
        }
    }
}

async fn what_is_known_is_not_sent_again(api: TestApi) {
    for Edited { shown, changed, bodies: [one, two] } in all() {
        let known = tag(&api.put(changed, &one).await);
        for said in [known.clone(), format!("W/{known}"), format!("\"x\", {known}"), "*".to_owned()]
        {
            let said = [(header::IF_NONE_MATCH, said.as_str())];
            let answer = send(&api, (Method::GET, shown), &said, None).await;
            assert_eq!((answer.status, &answer.body), (StatusCode::NOT_MODIFIED, &Value::Null));
            assert_eq!(tag(&answer), known);
            assert!(!answer.headers.contains_key(header::CONTENT_TYPE));
        }
        api.put(changed, &two).await.ok();
        let said = [(header::IF_NONE_MATCH, known.as_str())];
        let answer = send(&api, (Method::GET, shown), &said, None).await;
        assert_eq!(answer.status, StatusCode::OK);
        assert_ne!(tag(&answer), known);
        let said = [(header::IF_MATCH, known.as_str())];
        assert_eq!(send(&api, (Method::GET, shown), &said, None).await.code(), STALE);
    }
}

async fn tags_mean_what_the_standard_says(api: TestApi) {
    let (path, body) = ("/v1/limits/queue:mail", |n: u32| json!({"running": n}));
    let first = tag(&api.put(path, &body(1)).await);
    let weak = put(&api, path, (header::IF_MATCH, &format!("W/{first}")), &body(2)).await;
    assert_eq!(weak.code(), STALE, "a weak tag is the same as none");
    let some = put(&api, path, (header::IF_MATCH, "*"), &body(2)).await;
    assert_eq!(some.status, StatusCode::OK);
    let list = format!("\"x\", {}", tag(&some));
    let listed = put(&api, path, (header::IF_MATCH, &list), &body(3)).await;
    assert_eq!(listed.status, StatusCode::OK, "{listed:?}");
    let now = tag(&listed);
    let known = put(&api, path, (header::IF_NONE_MATCH, &now), &body(4)).await;
    assert_eq!(known.code(), STALE);
    let both = [(header::IF_MATCH, "*"), (header::IF_NONE_MATCH, first.as_str())];
    let both = send(&api, (Method::PUT, path), &both, Some(&body(5))).await;
    assert_eq!(both.status, StatusCode::OK);
    assert_eq!(both.body["running"], 5);
}

async fn a_tag_that_cannot_hold_is_refused(api: TestApi) {
    let path = "/v1/limits/queue:mail";
    let tag = tag(&api.put(path, &json!({"running": 1})).await);
    for said in ["", "x", "\"x", "*, \"x\""] {
        let answer = put(&api, path, (header::IF_MATCH, said), &json!({"running": 2})).await;
        assert_eq!(
            (answer.code(), answer.place()),
            ((400, "invalid-request"), "if-match"),
            "{said}"
        );
    }
    for (method, path) in [
        (Method::POST, "/v1/limits/queue:mail/close"),
        (Method::POST, "/v1/queues/mail/pause"),
        (Method::POST, "/v1/jobs"),
        (Method::DELETE, "/v1/tokens/a"),
    ] {
        let body = json!({"kind": "k"});
        let answer = send(&api, (method, path), &[(header::IF_MATCH, &tag)], Some(&body)).await;
        assert_eq!(
            (answer.code(), answer.place()),
            ((400, "invalid-request"), "if-match"),
            "{path}"
        );
    }
    assert_eq!(api.get(path).await.ok()["running"], 1);
    assert_eq!(api.get("/v1/jobs").await.ok()["items"], json!([]));
}
