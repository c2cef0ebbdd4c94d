//! Pages that try something for who only looks at them.

use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use serde_json::{Value, json};
use windlass_http::Access;

use crate::fixture::{Shown, TestPages, on_both_stores};

on_both_stores! {
    /// S-04: a link from elsewhere leads to a page that tries something, and nothing is changed by it.
    what_is_tried_by_looking_is_reached_from_everywhere;
    /// S-04: it is tried with the rights of who looks, and a form from elsewhere does nothing.
    who_looks_tries_no_more_than_they_may;
}

const PASSWORD: &str = "a long password";
const TRIES: [(&str, &str); 3] = [
    ("/backtest?types=order.*", "It would have fired 2 times"),
    ("/subscriptions/receipts/replay?from=beginning&expect=2", "It would feed 2 events"),
    ("/subscriptions/receipts/undo", "would be cancelled"),
];

async fn receipts(pages: &TestPages) {
    let body = json!({"kind": "mail.receipt", "types": ["order.*"]});
    pages.ask(Method::PUT, "/v1/subscriptions/receipts", &body).await;
    for _ in 0..2 {
        pages.post("/v1/events", &json!({"type": "order.paid", "data": {}})).await;
    }
    pages.feed().await;
    for (name, role) in [("ana", "operator"), ("bo", "viewer")] {
        let user = json!({"name": name, "role": role, "password": PASSWORD});
        pages.post("/v1/users", &user).await;
    }
}

async fn asked(
    pages: &TestPages,
    (method, path): (Method, &str),
    headers: &[(&str, &str)],
    body: &str,
) -> Shown {
    let request =
        headers.iter().fold(Request::builder(), |all, (name, value)| all.header(*name, *value));
    let request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    pages
        .send(
            request.method(method).uri(path).body(Body::from(body.to_owned())).expect("a request"),
        )
        .await
}

async fn signed_in(pages: &TestPages, name: &str) -> String {
    let form = format!("user={name}&password={}", PASSWORD.replace(' ', "+"));
    let own = [("sec-fetch-site", "same-origin")];
    let answer = asked(pages, (Method::POST, "/sign-in"), &own, &form).await;
    let set = answer.headers[header::SET_COOKIE].to_str().expect("a text");
    set.split(';').next().expect("a pair").to_owned()
}

async fn what_is_tried_by_looking_is_reached_from_everywhere(pages: TestPages) {
    receipts(&pages).await;
    let users = pages.asking(Access::tokens());
    let ana = signed_in(&users, "ana").await;
    for (path, says) in TRIES {
        let linked = [("sec-fetch-site", "cross-site")];
        asked(&pages, (Method::GET, path), &linked, "").await.shows(&[says]);
        let linked = [("cookie", ana.as_str()), ("sec-fetch-site", "cross-site")];
        asked(&users, (Method::GET, path), &linked, "").await.shows(&[says]);
        let plain = [("cookie", ana.as_str())];
        asked(&users, (Method::GET, path), &plain, "").await.shows(&[says]);
    }
    let names = pages.api("/v1/subscriptions").await;
    assert_eq!(names["items"].as_array().map(Vec::len), Some(1), "no replay has begun");
    assert_eq!(pages.api("/v1/operations").await["items"], Value::Array(Vec::new()));
}

async fn who_looks_tries_no_more_than_they_may(pages: TestPages) {
    receipts(&pages).await;
    let users = pages.asking(Access::tokens());
    let (ana, bo) = (signed_in(&users, "ana").await, signed_in(&users, "bo").await);
    for (path, _) in &TRIES[1..] {
        let viewer = asked(&users, (Method::GET, path), &[("cookie", bo.as_str())], "").await;
        assert_eq!(viewer.status, StatusCode::FORBIDDEN, "{path}: {}", viewer.text);
        let nobody = asked(&users, (Method::GET, path), &[], "").await;
        assert_eq!(nobody.status, StatusCode::SEE_OTHER, "{path}");
        let path = path.split('?').next().unwrap_or_default();
        for foreign in
            [&[("sec-fetch-site", "cross-site"), ("cookie", &*ana)][..], &[("cookie", &*ana)]]
        {
            let form = asked(&users, (Method::POST, path), foreign, "from=beginning").await;
            assert_eq!(form.status, StatusCode::FORBIDDEN, "{path}: {}", form.text);
        }
    }
}
