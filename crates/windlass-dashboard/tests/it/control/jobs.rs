//! Jobs of a list that are chosen.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::control::fixture::{Dashboard, on_both_stores};
use crate::control::operations::dead;

on_both_stores! {
    chosen_jobs_are_retried_and_cancelled;
    what_was_refused_is_told_with_its_reason;
    at_most_fifty_are_chosen;
    who_may_only_read_chooses_nothing;
}

async fn chosen_jobs_are_retried_and_cancelled(dashboard: Dashboard) {
    let ids = dead(&dashboard, 3).await;
    let list = dashboard.get("/jobs?filter=state:dead").await;
    list.shows(&[
        "form=\"chosen\"",
        "Retry selected",
        "Cancel selected",
        "operations/new?filter=state:dead",
        &ids[0],
    ]);
    dashboard.get("/jobs").await.has_not(&["Act on all that match"]);
    let back = ("back", "/jobs?filter=state:dead");
    let fields = [back, ("act", "retry"), ("job", &ids[0]), ("job", &ids[1])];
    let told = dashboard.post("/jobs", &fields).await.told();
    assert_eq!(told, ("/jobs?filter=state:dead".to_owned(), "2 of 2 jobs retried.".to_owned()));
    let fields = [back, ("act", "cancel"), ("job", &ids[0])];
    let told = dashboard.post("/jobs", &fields).await.told();
    assert_eq!(told.1, "1 of 1 job cancelled, or asked to stop.");
    let states = dashboard.api(Method::GET, "/v1/jobs", &Value::Null).await;
    let states: Vec<_> =
        states["items"].as_array().expect("items").iter().map(|job| &job["state"]).collect();
    assert!(
        states.contains(&&json!("available")) && states.contains(&&json!("cancelled")),
        "{states:?}"
    );
    let none = dashboard.post("/jobs", &[back, ("act", "retry")]).await.told();
    assert!(none.1.contains("nothing was done"), "{none:?}");
}

async fn what_was_refused_is_told_with_its_reason(dashboard: Dashboard) {
    let ids = dead(&dashboard, 1).await;
    let gone = windlass::JobId::new().to_string();
    let fields = [("act", "retry"), ("job", ids[0].as_str()), ("job", &gone), ("job", "<b>")];
    let answer = dashboard.post("/jobs", &fields).await;
    answer.shows(&["1 of 3 jobs retried", &gone, "&lt;b&gt;", "Back to the list"]);
    answer.has_not(&["<b>", &ids[0]]);
}

async fn at_most_fifty_are_chosen(dashboard: Dashboard) {
    let many: Vec<_> =
        std::iter::repeat_n(("job", "job_1"), 51).chain([("act", "retry")]).collect();
    assert_eq!(dashboard.post("/jobs", &many).await.status, StatusCode::BAD_REQUEST);
    let odd = dashboard.post("/jobs", &[("act", "explode"), ("job", "job_1")]).await;
    assert_eq!(odd.status, StatusCode::BAD_REQUEST);
}

async fn who_may_only_read_chooses_nothing(dashboard: Dashboard) {
    let ids = dead(&dashboard, 1).await;
    let dashboard = dashboard.for_viewers();
    let list = dashboard.get("/jobs?filter=state:dead").await;
    list.shows(&[&ids[0]]);
    list.has_not(&["chosen", "operations/new"]);
    let refused = dashboard.post("/jobs", &[("act", "retry"), ("job", &ids[0])]).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
}
