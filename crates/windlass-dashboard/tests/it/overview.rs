//! The overview and the lists of queues and kinds: what is not as it should be, and what no worker runs.

use axum::http::Method;
use serde_json::json;
use windlass_testkit::verdicts::die;
use windlass_testkit::worker::worker;

use crate::fixture::{TestPages, on_both_stores};

on_both_stores! {
    /// What lost or holds back work stands above what is only to be looked at.
    problems_come_before_warnings;
    /// What a problem names leads to its page, and each command has a button of its own that copies it.
    names_are_links_and_commands_can_be_copied;
    /// Jobs of a kind that no worker knows are counted where their queue is listed, and their kind is listed.
    jobs_that_no_worker_knows_are_counted_and_named;
    /// Numbers beside each other are about different jobs, and say so.
    dead_jobs_and_those_tried_again_are_apart;
}

async fn problems_come_before_warnings(pages: TestPages) {
    pages.ask(Method::PUT, "/v1/schedules/nightly", &json!({"rule": "@daily", "kind": "a"})).await;
    pages.post("/v1/schedules/nightly/pause", &json!({})).await;
    pages.post("/v1/jobs", &json!({"kind": "mail.ghost"})).await;
    pages.page("/").await.has(&[
        "problem problem",
        "<bdi>queues</bdi>",
        "problem warning",
        "<bdi>workers</bdi>",
        "problem warning",
        "<bdi>schedules</bdi>",
    ]);
    let shown = pages.page("/").await;
    let first_warning = shown.text.find("problem warning").expect("a warning");
    assert!(shown.text.rfind("problem problem").expect("a problem") < first_warning);
}

async fn names_are_links_and_commands_can_be_copied(pages: TestPages) {
    let job = pages.post("/v1/jobs", &json!({"kind": "work"})).await;
    let id = job["id"].as_str().expect("an id").to_owned();
    let worker = pages.worker(worker()).await;
    pages.run_one(&worker, die()).await;
    pages.ask(Method::PUT, "/v1/schedules/nightly", &json!({"rule": "@daily", "kind": "a"})).await;
    pages.post("/v1/schedules/nightly/pause", &json!({})).await;
    let shown = pages.page("/").await;
    shown.mentions(&[
        "href=\"jobs?filter=kind:work\"",
        &format!("href=\"jobs/{id}\""),
        "href=\"schedules/nightly\"",
        &format!("data-copy=\"windlass job show {id}\""),
        "data-copy=\"windlass job retry 'state:dead kind:work'\"",
        "data-copy=\"windlass job list state:dead\"",
        "data-copy=\"windlass schedule resume nightly\"",
    ]);
    shown.has_not(&["data-copy=\"its errors", "then windlass"]);
}

async fn jobs_that_no_worker_knows_are_counted_and_named(pages: TestPages) {
    let worker = pages.worker(worker()).await;
    for kind in ["mail.ghost", "mail.ghost", "mail.spook"] {
        pages.post("/v1/jobs", &json!({"kind": kind})).await;
    }
    pages.post("/v1/jobs", &json!({"kind": "crm.push", "queue": "crm"})).await;
    for parked in [false, true] {
        if parked {
            pages.tidy().await;
            pages.page("/queues").await.has(&["queue-default", "data-name=\"waiting\"", ">3</a>"]);
        }
        // Its lease lasts while a busy machine makes the pages.
        pages.beat(&worker, None).await;
        let row = ["queue-crm", "badge warning", "no worker</span>", "queue-default", "served"];
        pages.page("/queues").await.has(&row);
        let shown = pages.page("/").await;
        shown.has(&["Queues", "crm", ": 1 job of</bdi> ", "crm.push", "Available"]);
        shown.has(&[
            "no handler for jobs that are due",
            "kind:mail.ghost",
            "@1 in queue</bdi> ",
            "2 jobs",
        ]);
        shown.has(&row);
        pages.page("/kinds").await.has(&[
            "kind-crm.push",
            "no worker serves it",
            "kind-mail.ghost",
            "no worker serves it",
            "state:available,waiting",
            ">2</a>",
            "kind-mail.spook",
            ">1</a>",
            "kind-work",
            "served",
        ]);
    }
}

async fn dead_jobs_and_those_tried_again_are_apart(pages: TestPages) {
    pages.post("/v1/jobs", &json!({"kind": "work"})).await;
    let worker = pages.worker(worker()).await;
    pages.run_one(&worker, die()).await;
    pages.page("/").await.has(&["Retryable", ">0<", "retried later", "Dead", ">1<"]);
}
