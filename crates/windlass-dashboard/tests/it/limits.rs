//! Pages of limits, lanes, kinds and builds.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};
use windlass_testkit::verdicts::die;
use windlass_testkit::worker::worker;

use crate::fixture::{Shown, TestPages, on_both_stores};

on_both_stores! {
    a_limit_is_set_shown_changed_and_removed;
    a_limit_that_cannot_be_read_stays_in_its_form;
    /// The form groups its fields by what one wants; what is not used is out of the way.
    a_form_of_a_limit_has_what_applies;
    /// Of two who change a limit, the second one sees what the first one has set before it is replaced.
    who_comes_second_is_told_what_the_first_one_has_set;
    a_lane_that_stands_still_is_opened;
    a_kind_is_paused_and_resumed;
    a_build_is_required_and_all_are_allowed;
    who_may_only_read_changes_nothing_here;
    hostile_texts_of_limits_are_texts;
}

async fn a_limit_is_set_shown_changed_and_removed(pages: TestPages) {
    pages.get("/limits").await.shows(&[
        "No limits are set",
        "windlass limit set",
        "No lane has jobs that wait",
    ]);
    let fields = [
        ("on", "queue:mail"),
        ("running", "3"),
        ("reserved", "welcome=1"),
        ("tokens", "10"),
        ("per", "2"),
        ("burst", "20"),
        ("failures", "5"),
        ("within", ""),
        ("open_for", "0.5"),
        ("note", "ana"),
    ];
    let set = pages.press("/limits/set", &fields).await.led();
    assert_eq!(set, ("/limits".to_owned(), "The limit for queue:mail is set.".to_owned()));
    let page = pages.get("/limits").await;
    page.shows(&[
        "queue",
        "mail",
        " of 3",
        "10 per 2s",
        "20 at once",
        "5 failures within 1m open it for 500ms",
        "by a person",
        "ana",
        "<bdi>welcome</bdi> 1",
        "Remove",
    ]);
    let form = pages.get("/limits/set?on=queue:mail").await;
    assert_eq!(
        (form.field("running"), form.field("per"), form.field("open_for")),
        ("3", "2", "0.5")
    );
    assert_eq!(form.field("reserved"), "welcome=1");
    let removed = pages.press("/limits/queue%3Amail/remove", &[]).await.led();
    assert_eq!(removed.1, "The limit for queue:mail is removed.");
    let none = pages.press("/limits/queue%3Amail/remove", &[]).await;
    assert_eq!(none.status, StatusCode::NOT_FOUND);
    pages.press("/limits/set", &[("on", "kind:a"), ("failures", "2")]).await.led();
    let closed = pages.press("/limits/kind%3Aa/close", &[]).await;
    assert_eq!(closed.status, StatusCode::CONFLICT, "no breaker is open");
}

async fn a_form_of_a_limit_has_what_applies(pages: TestPages) {
    let open = |shown: &Shown| {
        let parts = shown.text.split("<details").skip(1).filter(|part| part.contains("<summary>"));
        let parts = parts.filter(|part| part.starts_with(" open"));
        parts
            .filter_map(|part| part.split("<summary>").nth(1)?.split('<').next().map(str::to_owned))
            .collect::<Vec<_>>()
    };
    let new = pages.page("/limits/set").await;
    new.shows(&["<select name=\"scope\"", "name=\"name\"", "Kept free"]);
    assert_eq!(open(&new), ["How many at once"]);
    let fields = [("scope", "kind"), ("name", "mail"), ("tokens", "10"), ("failures", "5")];
    let set = pages.press("/limits/set", &fields).await.led();
    assert_eq!(set.1, "The limit for kind:mail is set.");
    let form = pages.page("/limits/set?on=kind:mail").await;
    assert_eq!(open(&form), ["How many per time", "Breaker"]);
    assert_eq!(form.field("on"), "kind:mail");
    form.has_not(&["Kept free", "name=\"scope\""]);
    let refused =
        pages.press("/limits/set", &[("scope", "key"), ("name", "crm"), ("running", "x")]).await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
    refused.mentions(&["value=\"key\" selected", "value=\"crm\"", "Run at once: expected"]);
}

async fn a_limit_that_cannot_be_read_stays_in_its_form(pages: TestPages) {
    for (fields, fault) in [
        ([("on", "queue:mail"), ("running", "many")], "Run at once: expected a whole number"),
        ([("on", "queue:mail"), ("note", "nothing else")], "limits nothing"),
        ([("on", "mail"), ("running", "1")], "on"),
    ] {
        let answer = pages.press("/limits/set", &fields).await;
        assert!(answer.status.is_client_error(), "{fields:?}");
        answer.mentions(&[fault, &format!("value=\"{}\"", fields[0].1), "role=\"alert\""]);
    }
}

async fn who_comes_second_is_told_what_the_first_one_has_set(pages: TestPages) {
    let limit = async || pages.api("/v1/limits/queue:mail").await;
    pages.press("/limits/set", &[("on", "queue:mail"), ("running", "3")]).await.led();
    let opened = pages.page("/limits/set?on=queue:mail").await.sends("seen");
    let fields = [("on", "queue:mail"), ("running", "5"), ("note", "ana"), ("seen", &*opened)];
    pages.press("/limits/set", &fields).await.led();
    let fields = [("on", "queue:mail"), ("running", "9"), ("note", "bo"), ("seen", &*opened)];
    let stale = pages.press("/limits/set", &fields).await;
    assert_eq!(stale.status, StatusCode::PRECONDITION_FAILED);
    stale.mentions(&[
        "Somebody has set this limit",
        "run at once: 5",
        "value=\"9\"",
        "value=\"bo\"",
    ]);
    assert_eq!(limit().await["running"], 5, "nothing was written");
    let seen = stale.sends("seen");
    let fields = [("on", "queue:mail"), ("running", "9"), ("note", "bo"), ("seen", &*seen)];
    pages.press("/limits/set", &fields).await.led();
    assert_eq!(limit().await["running"], 9);
    let unseen = pages.press("/limits/set", &[("on", "queue:mail"), ("running", "1")]).await;
    assert_eq!(unseen.status, StatusCode::PRECONDITION_FAILED, "there is one already");
    unseen.mentions(&["run at once: 9"]);
    pages.press("/limits/queue%3Amail/remove", &[]).await.led();
    let gone = pages.press("/limits/set", &fields).await;
    assert_eq!(gone.status, StatusCode::PRECONDITION_FAILED);
    gone.mentions(&["Somebody has removed this limit", "name=\"seen\" value=\"\""]);
}

async fn a_lane_that_stands_still_is_opened(pages: TestPages) {
    for _ in 0..2 {
        let job = json!({"kind": "work", "lane": {"key": "account 42/x", "when_dead": "block"}});
        pages.ask(Method::POST, "/v1/jobs", &job).await;
    }
    let worker = pages.worker(worker()).await;
    pages.run_one(&worker, die()).await;
    let page = pages.get("/limits").await;
    page.shows(&["account 42/x", "blocked", "lanes/account%2042%2Fx/open", "dead"]);
    let opened = pages.press("/lanes/account%2042%2Fx/open", &[]).await.led();
    assert_eq!(
        opened,
        ("/limits".to_owned(), "The lane account 42/x is open: its next job may start.".to_owned())
    );
    let again = pages.press("/lanes/account%2042%2Fx/open", &[]).await;
    assert_eq!(again.status, StatusCode::NOT_FOUND);
}

/// Where a verb is done to the kind that workers of tests know.
pub(crate) fn kind(verb: &str) -> String {
    format!("/kinds/{}/{verb}", "work")
}

async fn a_kind_is_paused_and_resumed(pages: TestPages) {
    pages.get("/kinds").await.shows(&["No worker knows a kind", "Workers of every build"]);
    pages.worker(worker()).await;
    let fields = [("note", "ana: broken"), ("for_ms", "3600000")];
    let paused = pages.press(&kind("pause"), &fields).await.led();
    assert_eq!(
        paused,
        ("/kinds".to_owned(), "Kind work is paused: no job of it starts.".to_owned())
    );
    pages.get("/kinds").await.shows(&["work", "paused", "ana: broken", "in 1h", "Resume"]);
    pages.press(&kind("resume"), &[]).await.led();
    pages.get("/kinds").await.shows(&["served", "Pause"]);
    pages.get("/queues").await.shows(&["href=\"kinds\""]);
}

async fn a_build_is_required_and_all_are_allowed(pages: TestPages) {
    let fields = [("program", "shop"), ("minimum", "2.14.0"), ("note", "args changed")];
    let told = pages.press("/builds", &fields).await.led();
    assert_eq!(told.1, "Workers of shop below 2.14.0 take no new work.");
    pages.get("/kinds").await.shows(&[
        "shop",
        "2.14.0",
        "args changed",
        "no worker",
        "Allow all builds",
    ]);
    pages.press("/builds/shop/allow", &[]).await.led();
    let required = pages.ask(Method::GET, "/v1/builds", &Value::Null).await;
    assert_eq!(required["items"], json!([]));
    let odd = pages.press("/builds", &[("program", "shop"), ("minimum", "new one")]).await;
    assert_eq!(odd.status, StatusCode::BAD_REQUEST);
}

async fn who_may_only_read_changes_nothing_here(pages: TestPages) {
    pages.press("/limits/set", &[("on", "queue:mail"), ("running", "3")]).await.led();
    pages.worker(worker()).await;
    let pages = pages.for_reader();
    let limits = pages.get("/limits").await;
    limits.shows(&["mail"]);
    limits.has_not(&["limits/set", "/remove"]);
    pages.get("/kinds").await.has_not(&["/pause", "action=\"builds\""]);
    assert_eq!(pages.get("/limits/set").await.status, StatusCode::FORBIDDEN);
    for (path, fields) in [
        ("/limits/set", &[("on", "queue:mail"), ("running", "1")][..]),
        ("/limits/queue%3Amail/remove", &[]),
        ("/limits/queue%3Amail/close", &[]),
        ("/lanes/a/open", &[]),
        (&kind("pause"), &[("note", "")]),
        (&kind("resume"), &[]),
        ("/builds", &[("program", "a"), ("minimum", "1")]),
        ("/builds/a/allow", &[]),
    ] {
        assert_eq!(pages.press(path, fields).await.status, StatusCode::FORBIDDEN, "{path}");
    }
}

async fn hostile_texts_of_limits_are_texts(pages: TestPages) {
    let evil = "<script>alert(1)</script>\u{202e}";
    pages
        .press("/limits/set", &[("on", "queue:mail"), ("running", "3"), ("note", evil)])
        .await
        .led();
    pages.press(&kind("pause"), &[("note", evil)]).await.led();
    pages.ask(Method::POST, "/v1/jobs", &json!({"kind": "work", "lane": {"key": "<b>\""}})).await;
    for path in ["/limits", "/kinds"] {
        let page = pages.get(path).await;
        page.shows(&["&lt;script&gt;"]);
        page.has_not(&["<script>alert", "\u{202e}", "<b>\""]);
    }
}
