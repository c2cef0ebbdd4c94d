//! Settings: who looks, tokens, users, alerts, stores.

use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use serde_json::{Value, json};
use windlass_http::Access;

use crate::fixture::{Shown, TestPages, on_both_stores};

on_both_stores! {
    /// The secret of a token is shown once, and nobody keeps it.
    a_token_is_made_shown_once_and_removed;
    a_token_that_cannot_be_made_stays_in_its_form;
    a_user_is_added_changed_and_removed;
    who_is_signed_in_changes_their_password;
    alerts_are_muted_and_unmuted;
    a_server_of_one_store_says_so;
    who_is_no_administrator_sees_no_tokens_and_no_users;
    hostile_names_are_texts;
}

async fn items(pages: &TestPages, path: &str) -> Vec<Value> {
    let found = pages.ask(Method::GET, path, &Value::Null).await;
    found["items"].as_array().expect("items").clone()
}

async fn a_token_is_made_shown_once_and_removed(pages: TestPages) {
    pages.get("/settings/tokens").await.shows(&[
        "No tokens yet",
        "windlass token create",
        "New token",
    ]);
    let fields = [
        ("name", "deploy"),
        ("scope", "read"),
        ("scope", "enqueue"),
        ("queues", "mail, img-*"),
        ("kinds", ""),
        ("tags", "tenant:acme"),
        ("days", "7"),
    ];
    let made = pages.press("/settings/tokens", &fields).await;
    made.shows(&["The token", "deploy", "shown this once"]);
    assert_eq!(made.headers[header::CACHE_CONTROL], "no-store");
    let secret =
        made.text.split("data-copy=\"").nth(1).expect("a secret").split('"').next().expect("one");
    let list = pages.get("/settings/tokens").await;
    list.shows(&["deploy", "img-*", "tenant:acme", "in 7d", &secret[secret.len() - 4..], "Remove"]);
    list.has_not(&[secret]);
    let tokens = items(&pages, "/v1/tokens").await;
    assert_eq!(
        (&tokens[0]["scopes"], &tokens[0]["queues"]),
        (&json!(["read", "enqueue"]), &json!(["mail", "img-*"]))
    );
    let gone = pages.press("/settings/tokens/deploy/remove", &[]).await.led();
    assert_eq!(gone.0, "/settings/tokens");
    assert!(items(&pages, "/v1/tokens").await.is_empty());
    let again = pages.press("/settings/tokens/deploy/remove", &[]).await;
    assert_eq!(again.status, StatusCode::NOT_FOUND);
}

async fn a_token_that_cannot_be_made_stays_in_its_form(pages: TestPages) {
    let odd = pages.press("/settings/tokens", &[("name", "deploy"), ("queues", "mail")]).await;
    assert!(odd.status.is_client_error(), "it is good for nothing");
    odd.mentions(&["value=\"deploy\"", "value=\"mail\"", "role=\"alert\""]);
    let fields = [("name", "deploy"), ("scope", "read")];
    pages.press("/settings/tokens", &fields).await.shows(&["shown this once"]);
    let taken = pages.press("/settings/tokens", &fields).await;
    assert_eq!(taken.status, StatusCode::CONFLICT);
    taken.mentions(&["there is a token deploy"]);
}

async fn a_user_is_added_changed_and_removed(pages: TestPages) {
    pages.get("/settings/users").await.shows(&["No users yet", "windlass user create"]);
    let fields =
        [("name", "ana"), ("role", "viewer"), ("password", "a long password"), ("queues", "mail")];
    let added = pages.press("/settings/users", &fields).await.led();
    assert_eq!(added, ("/settings/users".to_owned(), "ana can sign in.".to_owned()));
    let short = pages
        .press("/settings/users", &[("name", "bo"), ("role", "viewer"), ("password", "short")])
        .await;
    assert!(short.status.is_client_error());
    short.mentions(&["value=\"bo\"", "role=\"alert\""]);
    short.has_not(&["value=\"short\""]);
    pages.get("/settings/users").await.shows(&["ana", "viewer", "by a password", "mail"]);
    let here = "/settings/users/ana";
    pages.get(here).await.shows(&[
        "Change the role",
        "Reset the password",
        "End sessions",
        "Remove",
    ]);
    for (act, field, told) in [
        ("role", ("role", "operator"), "ana is operator now."),
        ("password", ("password", "another long one"), "ana signs in with the new password."),
        ("sessions", ("", ""), "0 sessions of ana are over."),
    ] {
        let answer = pages.press(&format!("{here}/{act}"), &[field]).await.led();
        assert_eq!(answer, (here.to_owned(), told.to_owned()));
    }
    assert_eq!(items(&pages, "/v1/users").await[0]["role"], "operator");
    pages.press(&format!("{here}/remove"), &[]).await.led();
    assert_eq!(pages.get(here).await.status, StatusCode::NOT_FOUND);
}

/// Sends this with the cookie of a session, as a page of the pages does.
async fn signed_in(
    pages: &TestPages,
    (method, path): (Method, &str),
    cookie: &str,
    body: &str,
) -> Shown {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header(header::COOKIE, cookie)
        .header("sec-fetch-site", "same-origin")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Body::from(body.to_owned()));
    pages.send(request.expect("a request")).await
}

fn cookie(answer: &Shown) -> String {
    let cookies = answer.headers.get_all(header::SET_COOKIE).iter();
    let mut cookies = cookies.filter_map(|cookie| cookie.to_str().ok()?.split(';').next());
    cookies.find(|cookie| !cookie.starts_with("windlass-told")).expect("a cookie").to_owned()
}

async fn who_is_signed_in_changes_their_password(pages: TestPages) {
    let ana = json!({"name": "ana", "role": "viewer", "password": "a long password"});
    pages.ask(Method::POST, "/v1/users", &ana).await;
    let open = pages.get("/settings").await;
    open.shows(&["anybody", "nobody is asked"]);
    open.has_not(&["Change your password"]);
    let pages = pages.asking(Access::tokens());
    let secret = "user=ana&password=a+long+password";
    let mine = cookie(&signed_in(&pages, (Method::POST, "/sign-in"), "", secret).await);
    let page = signed_in(&pages, (Method::GET, "/settings"), &mine, "").await;
    page.shows(&["ana", "by a password", "viewer", "Change your password"]);
    let wrong = "password=none&new_password=another+long+one";
    let refused = signed_in(&pages, (Method::POST, "/settings/password"), &mine, wrong).await;
    assert_eq!(refused.status, StatusCode::UNAUTHORIZED);
    refused.mentions(&["the name or the password is wrong", "Change your password"]);
    let right = "password=a+long+password&new_password=another+long+one";
    let changed = signed_in(&pages, (Method::POST, "/settings/password"), &mine, right).await;
    assert_eq!(changed.headers[header::LOCATION], "/settings");
    let next = cookie(&changed);
    assert_ne!(next, mine);
    signed_in(&pages, (Method::GET, "/settings"), &next, "").await.shows(&["ana"]);
    let old = signed_in(&pages, (Method::GET, "/settings"), &mine, "").await;
    assert_eq!(old.status, StatusCode::SEE_OTHER, "the session before is over");
    assert!(old.headers[header::LOCATION].to_str().expect("text").contains("/sign-in"));
}

async fn alerts_are_muted_and_unmuted(pages: TestPages) {
    pages.get("/settings/alerts").await.shows(&[
        "No alert is active",
        "no subscription wants them",
        "Nothing is muted",
    ]);
    let fields = [("name", "kind/mail"), ("for_ms", "3600000"), ("note", "ana: known")];
    let muted = pages.press("/settings/alerts/mute", &fields).await.led();
    assert_eq!(muted, ("/settings/alerts".to_owned(), "kind/mail is muted.".to_owned()));
    pages.get("/settings/alerts").await.shows(&["kind/mail", "ana: known", "Unmute", "in 1h"]);
    let told = pages.press("/settings/alerts/unmute", &[("name", "kind/mail")]).await.led();
    assert_eq!(told.1, "kind/mail is not muted any more.");
    pages.get("/settings/alerts").await.shows(&["Nothing is muted"]);
    let odd = pages.press("/settings/alerts/mute", &[("name", "no such")]).await;
    assert_eq!(odd.status, StatusCode::BAD_REQUEST);
}

async fn a_server_of_one_store_says_so(pages: TestPages) {
    pages.get("/settings/stores").await.shows(&["This server has one store", "[store.eu]"]);
}

async fn who_is_no_administrator_sees_no_tokens_and_no_users(pages: TestPages) {
    let pages = pages.for_reader();
    let page = pages.get("/settings").await;
    page.shows(&["vic", "settings/alerts"]);
    page.has_not(&["settings/tokens", "settings/users", "href=\"audit\""]);
    pages.get("/settings/alerts").await.has_not(&["alerts/mute"]);
    for path in ["/settings/tokens", "/settings/users", "/settings/users/ana"] {
        assert_eq!(pages.get(path).await.status, StatusCode::FORBIDDEN, "{path}");
    }
    for (path, fields) in [
        ("/settings/tokens", &[("name", "x"), ("scope", "admin")][..]),
        ("/settings/tokens/x/remove", &[]),
        ("/settings/users", &[("name", "x"), ("role", "admin"), ("password", "a long password")]),
        ("/settings/users/x/role", &[("role", "admin")]),
        ("/settings/users/x/sessions", &[]),
        ("/settings/users/x/remove", &[]),
        ("/settings/alerts/mute", &[("name", "kind/x")]),
        ("/settings/alerts/unmute", &[("name", "kind/x")]),
    ] {
        assert_eq!(pages.press(path, fields).await.status, StatusCode::FORBIDDEN, "{path}");
    }
}

async fn hostile_names_are_texts(pages: TestPages) {
    let fields = [("name", "<script>alert(1)</script>"), ("scope", "read"), ("queues", "\"><b>")];
    let answer = pages.press("/settings/tokens", &fields).await;
    answer.has_not(&["<script>alert", "\"><b>"]);
    pages.get("/settings/tokens").await.has_not(&["<script>alert", "\"><b>"]);
}
