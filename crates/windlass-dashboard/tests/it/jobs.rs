//! Jobs of a list that are chosen.

use std::num::NonZeroU32;

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};
use windlass_http::RequestRate;

use crate::fixture::{TestPages, on_both_stores};
use crate::operations::dead;

on_both_stores! {
    /// What is longer than a page is counted where somebody asks.
    a_list_says_how_many_match;
    chosen_jobs_are_retried_and_cancelled;
    what_was_refused_is_told_with_its_reason;
    /// Where the middle of what was chosen is refused, what was done before is told.
    what_was_done_before_a_refusal_is_told;
    at_most_fifty_are_chosen;
    who_may_only_read_chooses_nothing;
    /// What is copied runs in a shell as it is: what is said of it stands beside it.
    a_command_is_copied_without_what_is_said_of_it;
}

async fn a_list_says_how_many_match(pages: TestPages) {
    let queues = std::iter::repeat_n("bulk", 51).chain(["mail", "mail"]);
    let jobs: Vec<_> = queues.map(|queue| json!({"kind": "work", "queue": queue})).collect();
    pages.post("/v1/jobs/batch", &json!({ "jobs": jobs })).await;
    let heading = |number: &str| format!("<h1>Jobs <span class=\"meta\">{number}</span></h1>");
    pages.page("/jobs?filter=queue:mail").await.mentions(&[&heading("2")]);
    let long = pages.page("/jobs?filter=queue:bulk").await;
    long.mentions(&["<h1>Jobs</h1>", "jobs?filter=queue:bulk&amp;count=exact"]);
    let counted = pages.page("/jobs?filter=queue:bulk&count=exact").await;
    counted.mentions(&[&heading("51")]);
    assert!(!counted.text.contains("Count all that match"));
}

async fn a_command_is_copied_without_what_is_said_of_it(pages: TestPages) {
    let waits = json!({"kind": "work", "waits": {"signals": ["approved:7"]}});
    let job = pages.post("/v1/jobs", &waits).await;
    let id = job["id"].as_str().expect("an id");
    let page = pages.page(&format!("/jobs/{id}")).await;
    page.mentions(&["skips this condition", &format!("data-copy=\"windlass condition waive {id}")]);
    for copied in page.text.split("data-copy=\"").skip(1) {
        let copied = copied.split('"').next().unwrap_or_default();
        assert!(!copied.contains('('), "{copied}");
    }
}

async fn chosen_jobs_are_retried_and_cancelled(pages: TestPages) {
    let ids = dead(&pages, 3).await;
    let list = pages.get("/jobs?filter=state:dead").await;
    list.shows(&[
        "form=\"chosen\"",
        "Retry selected",
        "Cancel selected",
        "operations/new?filter=state:dead",
        &ids[0],
    ]);
    pages.get("/jobs").await.has_not(&["Act on all that match"]);
    let back = ("back", "/jobs?filter=state:dead");
    let fields = [back, ("act", "retry"), ("job", &ids[0]), ("job", &ids[1])];
    let told = pages.press("/jobs", &fields).await.led();
    assert_eq!(told, ("/jobs?filter=state:dead".to_owned(), "2 of 2 jobs retried.".to_owned()));
    let fields = [back, ("act", "cancel"), ("job", &ids[0])];
    let told = pages.press("/jobs", &fields).await.led();
    assert_eq!(told.1, "1 of 1 job cancelled, or asked to stop.");
    let states = pages.ask(Method::GET, "/v1/jobs", &Value::Null).await;
    let states: Vec<_> =
        states["items"].as_array().expect("items").iter().map(|job| &job["state"]).collect();
    assert!(
        states.contains(&&json!("available")) && states.contains(&&json!("cancelled")),
        "{states:?}"
    );
    let none = pages.press("/jobs", &[back, ("act", "retry")]).await.led();
    assert!(none.1.contains("nothing was done"), "{none:?}");
}

async fn what_was_refused_is_told_with_its_reason(pages: TestPages) {
    let ids = dead(&pages, 1).await;
    let gone = windlass::JobId::new().to_string();
    let fields = [("act", "retry"), ("job", ids[0].as_str()), ("job", &gone), ("job", "<b>")];
    let answer = pages.press("/jobs", &fields).await;
    answer.shows(&["1 of 3 jobs retried", &gone, "&lt;b&gt;", "Back to the list"]);
    answer.has_not(&["<b>", &ids[0]]);
}

async fn what_was_done_before_a_refusal_is_told(pages: TestPages) {
    let ids = dead(&pages, 3).await;
    let rate = RequestRate::per_second(NonZeroU32::MIN).burst(NonZeroU32::new(2).expect("it is 2"));
    let pages = pages.limited(rate);
    let fields = [("act", "retry"), ("job", &*ids[0]), ("job", &*ids[1]), ("job", &*ids[2])];
    let answer = pages.press("/jobs", &fields).await;
    assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS);
    answer.has(&[
        "2 of 3 jobs retried",
        "role=\"alert\"",
        "These were not tried",
        &ids[2],
        "These were retried",
        &ids[0],
        &ids[1],
        "Back to the list",
    ]);
}

async fn at_most_fifty_are_chosen(pages: TestPages) {
    let many: Vec<_> =
        std::iter::repeat_n(("job", "job_1"), 51).chain([("act", "retry")]).collect();
    assert_eq!(pages.press("/jobs", &many).await.status, StatusCode::BAD_REQUEST);
    let odd = pages.press("/jobs", &[("act", "explode"), ("job", "job_1")]).await;
    assert_eq!(odd.status, StatusCode::BAD_REQUEST);
}

async fn who_may_only_read_chooses_nothing(pages: TestPages) {
    let ids = dead(&pages, 1).await;
    let pages = pages.for_reader();
    let list = pages.get("/jobs?filter=state:dead").await;
    list.shows(&[&ids[0]]);
    list.has_not(&["chosen", "operations/new"]);
    let refused = pages.press("/jobs", &[("act", "retry"), ("job", &ids[0])]).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
}
