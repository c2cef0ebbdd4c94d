//! Workflows and batches.

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::fixture::{HOSTILE, TestPages, on_both_stores};

on_both_stores! {
    workflows_and_batches_are_listed;
    a_workflow_is_drawn_with_what_each_step_waits_for;
    /// Where a step is dead, the page says what waits for it, and it runs again.
    a_workflow_that_is_stuck_says_so_and_is_retried;
    a_condition_is_skipped;
    a_workflow_is_cancelled_with_a_reason;
    a_batch_says_where_its_jobs_are_and_is_sealed;
    /// Who may read alone sees no button, and each form is refused.
    a_reader_changes_nothing;
    a_workflow_that_is_not_there_is_not_found;
    /// What many steps wait for makes no large page.
    a_workflow_of_many_edges_is_a_small_page;
}

async fn a_workflow_of_many_edges_is_a_small_page(pages: TestPages) {
    let name = |nth: usize| format!("a-step-with-a-name-of-some-length-{nth}");
    let all_before = |nth: usize| (0..nth).map(name).collect::<Vec<_>>();
    let job = json!({"kind": "other"});
    let chain = |nth| json!({"name": name(nth), "job": job, "after": all_before(nth)});
    let wide = |nth: usize| {
        let after = if nth < 150 { Vec::new() } else { all_before(150) };
        json!({"name": name(nth), "job": job, "after": after})
    };
    let chain: Vec<_> = (0..44).map(chain).collect();
    let wide: Vec<_> = (0..156).map(wide).collect();
    let many: Vec<_> = (0..300).map(|nth| json!({"name": name(nth), "job": job})).collect();
    for (steps, says) in [
        (chain, "class=\"edge critical\""),
        (wide, "aria-label=\"Graph of the steps\""),
        (many, "The graph is too large to draw"),
    ] {
        let id = started(&pages, &json!({"name": "w", "steps": steps})).await;
        let shown = pages.page(&format!("/workflows/{id}")).await;
        shown.has(&[says]);
        assert!(shown.text.len() < 1024 * 1024, "{} bytes", shown.text.len());
        assert!(shown.text.matches("<tr id=").count() <= 200);
    }
}

fn step(name: &str, kind: &str, after: &[&str]) -> Value {
    json!({"name": name, "job": {"kind": kind}, "after": after})
}

async fn started(pages: &TestPages, body: &Value) -> String {
    pages.post("/v1/workflows", body).await["id"].as_str().expect("an id").to_owned()
}

/// `a` dies in the first try of `work`, `c` waits for it.
async fn provisioned(pages: &TestPages) -> String {
    let mut dies = step("a", "work", &[]);
    dies["job"]["args"] = json!({"dies": true});
    let steps = json!([dies, step("b", "other", &[]), step("c", "other", &["a", "b"])]);
    started(pages, &json!({"name": "vm.provision", "key": "vm-42", "steps": steps})).await
}

async fn workflows_and_batches_are_listed(pages: TestPages) {
    pages.page("/workflows").await.has(&["There are no workflows yet", "/v1/workflows"]);
    pages.page("/batches").await.has(&["There are no batches yet", "windlass batch open"]);
    let id = provisioned(&pages).await;
    let hostile = json!({"name": "other", "key": HOSTILE, "steps": [step("a", "work", &[])]});
    started(&pages, &hostile).await;
    let listed = pages.page("/workflows").await;
    listed.has(&[
        "other",
        "running",
        &format!("workflows/{id}"),
        "vm.provision",
        "vm-42",
        "batch:",
        ">3</a>",
    ]);
    listed.has_not(&["<script>alert"]);
    pages.page("/workflows?name=vm.provision").await.has(&["vm-42"]).has_not(&["other</bdi>"]);
    pages.page("/workflows?live=false").await.has(&["No such workflows", "Show all"]);
    pages.page("/batches").await.has(&[&format!("workflows/{id}")]);
}

async fn a_workflow_is_drawn_with_what_each_step_waits_for(pages: TestPages) {
    let id = provisioned(&pages).await;
    let shown = pages.page(&format!("/workflows/{id}")).await;
    shown.has(&[
        "vm.provision",
        &id,
        "vm-42",
        "running",
        "0 of",
        "3 jobs",
        "Graph",
        "<svg",
        "c waits for a",
        "node plain",
        "jobs/job_",
        "available",
        "Steps",
        ">a</bdi>",
        "longest way",
        ">c</bdi>",
        "waiting",
        "kept by",
        "after",
    ]);
    assert_eq!(shown.text.matches("class=\"node ").count(), 3);
    assert_eq!(shown.text.matches("class=\"edge").count(), 2);
    pages.page("/workflows/vm-42").await.has(&["vm.provision"]);
    let odd = json!({"name": HOSTILE, "steps": [step(HOSTILE, "work", &[]), step("b", "work", &[HOSTILE])]});
    let odd = started(&pages, &odd).await;
    pages
        .page(&format!("/workflows/{odd}"))
        .await
        .has(&["&lt;script&gt;"])
        .has_not(&["<script>alert"]);
}

async fn a_workflow_that_is_stuck_says_so_and_is_retried(pages: TestPages) {
    let id = provisioned(&pages).await;
    let path = format!("/workflows/{id}");
    pages.page(&path).await.has_not(&["Retry 1 dead job"]);
    pages.work().await;
    pages.page(&path).await.has(&[
        "Retry 1 dead job",
        "is dead, and",
        "1 step",
        "waits for it",
        "it was told to",
    ]);
    let retried = pages.press(&format!("{path}/retry"), &[("back", &path)]).await;
    let (to, told) = retried.led();
    assert_eq!((to.as_str(), told.starts_with("1 dead job run")), (&*path, true), "{told}");
    pages.page(&path).await.has(&["available"]).has_not(&["is dead, and"]);
    let refused = pages.press(&format!("{path}/retry"), &[]).await;
    assert_eq!(refused.status, StatusCode::CONFLICT, "none is dead");
}

async fn a_condition_is_skipped(pages: TestPages) {
    let mut waits = step("a", "work", &[]);
    waits["job"]["waits"] = json!({"signals": ["approved:7"]});
    let id = started(&pages, &json!({"name": "w", "steps": [waits]})).await;
    let path = format!("/workflows/{id}");
    let shown = pages.page(&path).await;
    shown.has(&["open", "signal", "approved:7", "Skip this condition"]);
    let workflow = pages.api(&format!("/v1{path}")).await;
    let job = workflow["steps"][0]["job"].as_str().expect("a job");
    let fields = [("back", &*path), ("job", job), ("condition", "approved:7")];
    let waived = pages.press(&format!("{path}/waive"), &fields).await;
    assert!(waived.led().1.contains("does not wait for approved:7 any more"));
    pages.page(&path).await.has(&["available"]).has_not(&["Skip this condition"]);
}

async fn a_workflow_is_cancelled_with_a_reason(pages: TestPages) {
    let id = provisioned(&pages).await;
    let path = format!("/workflows/{id}");
    pages.page(&path).await.has(&["Reason, kept with its jobs", "its jobs"]);
    let fields = [("back", &*path), ("reason", "not wanted any more")];
    let cancelled = pages.press(&format!("{path}/cancel"), &fields).await;
    let (to, told) = cancelled.led();
    assert_eq!((&*to, &*told), (&*path, "3 jobs cancelled, 0 running jobs asked to stop."));
    pages.page(&path).await.has(&["failed", "not wanted any more"]).has_not(&["Reason, kept"]);
}

async fn a_batch_says_where_its_jobs_are_and_is_sealed(pages: TestPages) {
    let batch = pages.post("/v1/batches", &json!({"name": "prices", "open": true})).await;
    let id = batch["id"].as_str().expect("an id").to_owned();
    let path = format!("/batches/{id}");
    pages.page(&path).await.has(&["prices", "It has no jobs yet", "windlass enqueue"]);
    let jobs = json!({"jobs": [{"kind": "row"}, {"kind": "row"}]});
    pages.post(&format!("/v1{path}/jobs"), &jobs).await;
    let shown = pages.page(&path).await;
    shown.has(&["Seal prices", "open", "0 of", "2 jobs", "batch:", ">2</a>", "available", "row"]);
    let sealed = pages.press(&format!("{path}/seal"), &[("back", &path)]).await;
    assert!(sealed.led().1.contains("No more jobs come to it"));
    pages.page(&path).await.has(&["running"]).has_not(&["Seal prices"]);
}

async fn a_reader_changes_nothing(pages: TestPages) {
    let id = provisioned(&pages).await;
    pages.work().await;
    let reading = pages.for_reader();
    let path = format!("/workflows/{id}");
    reading.page(&path).await.has_not(&["/retry\""]).has_not(&["/cancel\""]);
    for act in ["retry", "cancel"] {
        let refused = reading.press(&format!("{path}/{act}"), &[]).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{act}: {}", refused.text);
    }
    let refused = reading.press(&format!("/batches/{id}/seal"), &[]).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    let fields = [("job", "job_00000000000000000000000000"), ("condition", "a")];
    let refused = reading.press(&format!("{path}/waive"), &fields).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    pages.page(&path).await.has(&["is dead, and"]);
}

async fn a_workflow_that_is_not_there_is_not_found(pages: TestPages) {
    for path in [
        "/workflows/bat_00000000000000000000000000",
        "/batches/bat_00000000000000000000000000",
        "/workflows/none",
    ] {
        let shown = pages.get(path).await;
        assert_eq!(shown.status, StatusCode::NOT_FOUND, "{path}: {}", shown.text);
    }
}
