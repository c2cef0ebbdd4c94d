//! Jobs of a list that are chosen.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::fixture::{TestPages, on_both_stores};
use crate::operations::dead;

on_both_stores! {
    chosen_jobs_are_retried_and_cancelled;
    what_was_refused_is_told_with_its_reason;
    at_most_fifty_are_chosen;
    who_may_only_read_chooses_nothing;
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
