//! What cannot be read or is refused: a page says so, and keeps what was written.

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use serde_json::{Value, json};
use windlass_testkit::worker::worker;

use crate::fixture::{TestPages, on_both_stores};
use crate::limits::kind;

on_both_stores! {
    /// Bad input: an address or a form that cannot be read is a page, as every other error.
    what_cannot_be_read_is_a_page;
    /// Bad input: the form of an alert, a kind, a build or a user comes again with what was written into it.
    a_refused_form_keeps_its_text;
    /// Bad input: a password that is refused is not shown again.
    a_refused_password_is_not_shown;
    /// Bad input: a token of days that are not a number is not made for ever.
    days_that_are_not_a_number_are_refused;
    a_replay_that_is_refused_keeps_its_form;
    /// What was shown when a form was opened is changed, and nothing else.
    a_build_that_somebody_else_has_required_is_shown_first;
    /// Bad input: pages of a store that there is not are not found.
    a_store_that_is_not_there_has_no_pages;
}

async fn what_cannot_be_read_is_a_page(pages: TestPages) {
    for path in ["/jobs?filter=a&filter=b", "/jobs/%FF", "/events?cursor=a&cursor=b"] {
        let refused = pages.get(path).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{path}");
        refused.has(&["<!DOCTYPE html>", "invalid-request", "cannot be read", "Overview"]);
    }
    let twice = pages.press("/jobs/job_1/cancel", &[("reason", "a"), ("reason", "b")]).await;
    assert_eq!(twice.status, StatusCode::BAD_REQUEST);
    twice.has(&["<!DOCTYPE html>", "the form of this page cannot be read"]);
    let text = Request::post("/jobs").header(header::CONTENT_TYPE, "text/plain");
    let text = pages.send(text.body(Body::from("a")).expect("a request")).await;
    assert_eq!(text.status, StatusCode::BAD_REQUEST);
    text.has(&["<!DOCTYPE html>", "the form of this page cannot be read"]);
    let looked = pages.get("/queues/mail/resume").await;
    assert_eq!(looked.status, StatusCode::METHOD_NOT_ALLOWED);
    looked.has(&["<!DOCTYPE html>", "when a button is pressed"]);
}

async fn a_refused_form_keeps_its_text(pages: TestPages) {
    pages.worker(worker()).await;
    let (note, pause) = ("n".repeat(2_000), kind("pause"));
    for (path, fields, kept) in [
        (
            "/settings/alerts/mute",
            vec![("name", "no such"), ("for_ms", "3600000"), ("note", "why")],
            vec!["value=\"no such\"", "value=\"3600000\" selected", "value=\"why\""],
        ),
        (
            "/settings/alerts/mute",
            vec![("name", "kind/a"), ("for_ms", "soon")],
            vec!["value=\"kind/a\"", "found `soon`"],
        ),
        (
            &pause,
            vec![("for_ms", "86400000"), ("note", &*note)],
            vec!["value=\"86400000\" selected", &*note],
        ),
        (
            &pause,
            vec![("for_ms", "a while"), ("note", "why")],
            vec!["value=\"why\"", "found `a while`"],
        ),
        (
            "/queues/default/pause",
            vec![("for_ms", "86400000"), ("note", &*note)],
            vec!["value=\"86400000\" selected", &*note],
        ),
        (
            "/builds",
            vec![("program", "shop"), ("minimum", "new one"), ("note", "why")],
            vec!["value=\"shop\"", "value=\"new one\"", "value=\"why\""],
        ),
    ] {
        let refused = pages.press(path, &fields).await;
        assert!(refused.status.is_client_error(), "{path}: {}", refused.status);
        refused.mentions(&["role=\"alert\"", " open"]).mentions(&kept).has_not(&["id=\"live\""]);
        assert_eq!(
            pages.get(path).await.status,
            StatusCode::OK,
            "{path} is a page to come back to"
        );
    }
    assert_eq!(pages.api("/v1/alerts").await["muted"], json!([]));
    assert_eq!(pages.api("/v1/kinds").await["items"][0]["paused_at"], Value::Null);
    assert_eq!(pages.api("/v1/builds").await["items"], json!([]));
}

async fn a_refused_password_is_not_shown(pages: TestPages) {
    let ana = json!({"name": "ana", "role": "operator", "password": "a long password"});
    pages.post("/v1/users", &ana).await;
    let role = pages.press("/settings/users/ana/role", &[("role", "emperor")]).await;
    assert!(role.status.is_client_error());
    role.mentions(&["role=\"alert\"", "Change the role"]);
    let short = pages.press("/settings/users/ana/password", &[("password", "tooshort")]).await;
    assert!(short.status.is_client_error());
    short.mentions(&["role=\"alert\"", "Reset the password"]).has_not(&["tooshort"]);
    let page = pages.get("/settings/users/ana").await;
    page.shows(&["selected", "/v1/users/ana"]).has_not(&["windlass user show"]);
    for path in ["role", "password"] {
        pages.get(&format!("/settings/users/ana/{path}")).await.shows(&["Change the role"]);
    }
}

async fn days_that_are_not_a_number_are_refused(pages: TestPages) {
    for days in ["", "7 days", "-1", "99999999999"] {
        let fields = [("name", "deploy"), ("scope", "read"), ("days", days)];
        let refused = pages.press("/settings/tokens", &fields).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{days}");
        refused.mentions(&["expected a number of days", "value=\"deploy\"", "role=\"alert\""]);
    }
    assert_eq!(pages.api("/v1/tokens").await["items"], json!([]));
}

async fn a_replay_that_is_refused_keeps_its_form(pages: TestPages) {
    let body = json!({"kind": "mail.receipt", "types": ["order.*"]});
    pages.ask(axum::http::Method::PUT, "/v1/subscriptions/receipts", &body).await;
    pages.post("/v1/events", &json!({"type": "order.paid", "data": {}})).await;
    pages.feed().await;
    let path = "/subscriptions/receipts/replay";
    let other = [("from", "beginning"), ("kind", "dry"), ("expect", "7")];
    let refused = pages.press(path, &other).await;
    assert_eq!(refused.status, StatusCode::CONFLICT);
    refused.mentions(&[
        "role=\"alert\"",
        "value=\"dry\"",
        "It would feed 1 event",
        "name=\"expect\" value=\"1\"",
    ]);
    let odd = pages.press(path, &[("from", "beginning"), ("pace", "fast")]).await;
    assert!(odd.status.is_client_error());
    odd.mentions(&["role=\"alert\"", "value=\"fast\""]);
}

async fn a_build_that_somebody_else_has_required_is_shown_first(pages: TestPages) {
    let first = [("program", "shop"), ("minimum", "2.0.0"), ("note", "bo")];
    pages.press("/builds", &first).await.led();
    let second = [("program", "shop"), ("minimum", "3.0.0"), ("note", "ana")];
    let stale = pages.press("/builds", &second).await;
    assert_eq!(stale.status, StatusCode::PRECONDITION_FAILED);
    stale.mentions(&["2.0.0", "is required of", ": <bdi>bo", "value=\"3.0.0\"", "value=\"ana\""]);
    let seen = stale.sends("seen");
    let again = [second[0], second[1], second[2], ("seen", &*seen)];
    pages.press("/builds", &again).await.led();
    assert_eq!(pages.api("/v1/builds").await["items"][0]["minimum"], "3.0.0");
}

async fn a_store_that_is_not_there_has_no_pages(pages: TestPages) {
    for path in ["/stores/eu/", "/stores/eu/docs", "/stores/eu/settings", "/stores/eu/jobs"] {
        let none = pages.get(path).await;
        assert_eq!(none.status, StatusCode::NOT_FOUND, "{path}");
        none.has(&["<!DOCTYPE html>", "this server has no store eu"]);
    }
    let act = pages.press("/stores/eu/theme", &[("theme", "dark")]).await;
    assert_eq!(act.status, StatusCode::NOT_FOUND);
}
