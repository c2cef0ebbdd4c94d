//! The list of jobs as a viewer chose it: saved filters, columns, rows.

use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use serde_json::json;

use crate::fixture::{HOSTILE, Shown, TestPages, on_both_stores};

on_both_stores! {
    /// A filter that is saved is a link above the list, until it is removed.
    a_filter_is_saved_and_removed;
    a_browser_keeps_so_many_filters;
    /// Hostile cookies change nothing.
    cookies_that_no_form_has_written_are_ignored;
    columns_are_chosen_and_given_back;
    /// A page of somebody else's chooses nothing.
    other_sites_choose_nothing;
}

/// The list for a browser with this cookie.
async fn list(pages: &TestPages, path: &str, cookie: &str) -> Shown {
    let request = Request::builder().uri(path).header(header::COOKIE, cookie);
    let shown = pages.send(request.body(Body::empty()).expect("a request")).await;
    assert_eq!(shown.status, StatusCode::OK, "{}", shown.text);
    shown
}

/// Sends a form with a cookie.
async fn press(pages: &TestPages, path: &str, form: &str, headers: &[(&str, &str)]) -> Shown {
    let mut request = Request::builder().method(Method::POST).uri(path);
    request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    pages.send(request.body(Body::from(form.to_owned())).expect("a request")).await
}

/// The cookie of this name that an answer sets, as a browser sends it.
#[track_caller]
fn cookie(shown: &Shown, name: &str) -> (String, String) {
    assert_eq!(shown.status, StatusCode::SEE_OTHER, "{}", shown.text);
    let mut all =
        shown.headers.get_all(header::SET_COOKIE).iter().filter_map(|one| one.to_str().ok());
    let own = all.rfind(|one| one.starts_with(name)).expect("it is set");
    let (pair, rest) = own.split_once("; ").expect("it says for how long");
    (pair.to_owned(), rest.to_owned())
}

const SAVE: &str =
    "back=/jobs?filter%3Dstate:dead&act=save&name=Dead+%26+gone&filter=state:dead+error:%22a;+b%22";

async fn a_filter_is_saved_and_removed(pages: TestPages) {
    list(&pages, "/jobs", "").await.has_not(&["jobs/filters"]);
    list(&pages, "/jobs?filter=stat:dead", "").await.has_not(&["jobs/filters"]);
    list(&pages, "/jobs?filter=state:dead", "").await.has(&["Save this filter", "jobs/filters"]);
    let answer = press(&pages, "/jobs/filters", SAVE, &[]).await;
    let (kept, rest) = cookie(&answer, "windlass-filters=");
    assert_eq!(rest, "Path=/; Max-Age=31536000; HttpOnly; SameSite=Lax");
    assert_eq!(answer.led().0, "/jobs?filter=state:dead");
    let shown = list(&pages, "/jobs?filter=state:dead+error:%22a;+b%22", &kept).await;
    shown.has(&[
        "Saved filters",
        "aria-current=\"true\"",
        "Dead &amp; gone",
        "Remove the saved filter",
    ]);
    shown.has_not(&["Save this filter"]);
    let second = format!("act=save&name=<b>&filter={}", "queue:mail");
    let answer = press(&pages, "/jobs/filters", &second, &[("cookie", &kept)]).await;
    let (kept, _) = cookie(&answer, "windlass-filters=");
    list(&pages, "/jobs", &kept)
        .await
        .has(&["Dead", "jobs?filter=queue:mail", "&lt;b&gt;"])
        .has_not(&["<b>"]);
    let gone = "act=remove&name=Dead+%26+gone";
    let (kept, _) = cookie(
        &press(&pages, "/jobs/filters", gone, &[("cookie", &kept)]).await,
        "windlass-filters=",
    );
    list(&pages, "/jobs", &kept).await.has(&["&lt;b&gt;"]).has_not(&["Dead &amp;"]);
    let gone = "act=remove&name=<b>";
    let (_, rest) = cookie(
        &press(&pages, "/jobs/filters", gone, &[("cookie", &kept)]).await,
        "windlass-filters=;",
    );
    assert!(rest.contains("Max-Age=0"), "{rest}");
}

async fn a_browser_keeps_so_many_filters(pages: TestPages) {
    let mut kept = String::new();
    for nth in 0..20 {
        let form = format!("act=save&name=n{nth}&filter=queue:q{nth}");
        let answer = press(&pages, "/jobs/filters", &form, &[("cookie", &kept)]).await;
        kept = cookie(&answer, "windlass-filters=").0;
    }
    let long = "n".repeat(61);
    for (form, why) in [
        ("act=save&name=more&filter=queue:a", "at most 20"),
        (&*format!("act=save&name={long}&filter=queue:a"), "60 characters"),
        ("act=save&name=n1&filter=stat:dead", "stat"),
        ("act=save&name=n1&filter=", "one term"),
    ] {
        let refused = press(&pages, "/jobs/filters", form, &[("cookie", &kept)]).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{form}");
        refused.mentions(&["It cannot be stored", why]);
    }
}

async fn cookies_that_no_form_has_written_are_ignored(pages: TestPages) {
    pages.post("/v1/jobs", &json!({"kind": "work"})).await;
    let hostile: String = HOSTILE.chars().filter(char::is_ascii).collect();
    for cookies in [
        format!("windlass-filters={hostile}; windlass-columns={hostile}"),
        "windlass-filters=a=b&a=c; windlass-columns=normal.args".to_owned(),
        "windlass-filters=%00=a; windlass-columns=".to_owned(),
        "windlass-filters; windlass-columns".to_owned(),
        format!("windlass-filters=a={}", "b".repeat(6_000)),
    ] {
        let shown = list(&pages, "/jobs", &cookies).await;
        shown.has(&["class=\"rows jobs\"", "<th>State</th>", "<th>Queue</th>"]);
        shown.has_not(&["Remove the saved filter", "alert("]);
    }
}

async fn columns_are_chosen_and_given_back(pages: TestPages) {
    let batch =
        json!({"name": "import", "jobs": [{"kind": "work", "tags": ["vip"], "priority": -7}]});
    pages.post("/v1/batches", &batch).await;
    let usual = list(&pages, "/jobs", "").await;
    usual.has(&[
        "<th>State</th><th>Kind</th><th>Queue</th><th>About</th>",
        "Attempt</th>",
        "When</th>",
        "class=\"tag\"",
    ]);
    usual.has_not(&["Priority</th>", "rows jobs compact"]);
    let form = "back=/jobs&rows=compact&column=priority&column=batch&column=created&column=id";
    let (kept, rest) =
        cookie(&press(&pages, "/jobs/columns", form, &[]).await, "windlass-columns=");
    assert_eq!(kept, "windlass-columns=compact.id.priority.batch.created");
    assert_eq!(rest, "Path=/; Max-Age=31536000; HttpOnly; SameSite=Lax");
    let shown = list(&pages, "/jobs", &kept).await;
    shown.has(&[
        "rows jobs compact",
        "<th>Kind</th>",
        "Priority</th>",
        "Batch</th>",
        "Created</th>",
        "-7</td>",
        "batches/bat_",
    ]);
    shown.has_not(&["State</th>", "Queue</th>", "When</th>", "class=\"tag\""]);
    let odd = press(&pages, "/jobs/columns", "column=args", &[]).await;
    assert_eq!(odd.status, StatusCode::BAD_REQUEST);
    let back = press(&pages, "/jobs/columns", "act=usual&column=id", &[("cookie", &kept)]).await;
    let (_, rest) = cookie(&back, "windlass-columns=;");
    assert!(rest.contains("Max-Age=0"), "{rest}");
}

async fn other_sites_choose_nothing(pages: TestPages) {
    for (path, form) in [
        ("/jobs/filters", SAVE),
        ("/jobs/columns", "rows=compact&column=id"),
        ("/theme", "theme=dark&back=/"),
        ("/audit/verify", ""),
    ] {
        for foreign in [("sec-fetch-site", "cross-site"), ("origin", "https://evil.example")] {
            let refused = press(&pages, path, form, &[foreign]).await;
            assert_eq!(refused.status, StatusCode::FORBIDDEN, "{path}");
            assert!(refused.headers.get(header::SET_COOKIE).is_none());
        }
    }
}
