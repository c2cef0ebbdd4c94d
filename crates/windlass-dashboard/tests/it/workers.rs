//! The page of workers: what each runs, when it claims, and what it may be asked.

use std::time::Duration;

use axum::http::{Method, StatusCode};
use serde_json::json;
use windlass_testkit::verdicts::complete;
use windlass_testkit::worker::worker;

use crate::fixture::{HOSTILE, TestPages, on_both_stores};

const MINUTE: Duration = Duration::from_secs(60);

on_both_stores! {
    a_worker_is_shown_with_what_it_runs;
    a_worker_says_apart_when_it_beat_and_when_it_claimed;
    a_worker_that_takes_nothing_while_jobs_wait_is_told_of;
    a_worker_that_is_full_for_long_is_told_of;
    a_worker_is_quieted_resumed_and_stopped;
    who_may_only_read_asks_no_worker;
}

async fn enqueued(pages: &TestPages, jobs: usize) {
    for _ in 0..jobs {
        // Due for long.
        let job = json!({"kind": "work", "run_at": "2026-01-01T00:00:00Z"});
        pages.ask(Method::POST, "/v1/jobs", &job).await;
    }
}

async fn a_worker_is_shown_with_what_it_runs(pages: TestPages) {
    pages.get("/workers").await.shows(&["No worker lives", "windlass work"]);
    enqueued(&pages, 8).await;
    let (busy, idle) = (pages.worker(worker()).await, pages.worker(worker()).await);
    pages.run_one(&busy, complete()).await;
    pages.get("/workers").await.has_not(&["usual p95"]);
    let batch = pages.claim(&busy, 6).await;
    pages.count_ends(&batch, 60 * MINUTE).await;
    let page = pages.page("/workers").await;
    let job = format!("href=\"jobs/{}\"", batch.jobs[0].id);
    page.has(&[busy.label.as_str(), &job, "work", " for ", "usual p95 ", "2 more"]);
    page.has(&["data-name=\"busy\">6", "/10", idle.label.as_str(), "data-name=\"busy\">0"]);
    page.has_not(&["longer than usual", "takes nothing"]);
}

async fn a_worker_says_apart_when_it_beat_and_when_it_claimed(pages: TestPages) {
    let one = pages.worker(worker()).await;
    pages.page("/workers").await.has(&["It has claimed no job."]);
    pages.beat(&one, Some(7 * MINUTE)).await;
    pages.page("/workers").await.has(&[
        "data-name=\"beat\"",
        "s</time>",
        "data-name=\"claimed\"",
        ">7m",
    ]);
}

async fn a_worker_that_takes_nothing_while_jobs_wait_is_told_of(pages: TestPages) {
    let one = pages.worker_since(worker(), 5 * MINUTE).await;
    pages.page("/workers").await.has_not(&["takes nothing"]);
    enqueued(&pages, 3).await;
    let page = pages.page("/workers").await;
    page.has(&["takes nothing", "it has claimed nothing for 5m", "3 jobs", "wait in", "default"]);
    pages.beat(&one, Some(MINUTE / 2)).await;
    pages.page("/workers").await.has_not(&["takes nothing"]);
}

async fn a_worker_that_is_full_for_long_is_told_of(pages: TestPages) {
    let one = pages.worker(worker()).await;
    enqueued(&pages, 10).await;
    pages.claim(&one, 10).await;
    pages.beat(&one, Some(MINUTE)).await;
    pages.page("/workers").await.has_not(&["all slots are taken"]);
    let other = pages.worker(worker()).await;
    enqueued(&pages, 10).await;
    pages.claim(&other, 10).await;
    pages.beat(&other, Some(15 * MINUTE)).await;
    let page = pages.page("/workers").await;
    page.has(&[other.label.as_str(), "full", "all slots are taken", "claimed nothing for 15m"]);
}

async fn a_worker_is_quieted_resumed_and_stopped(pages: TestPages) {
    let one = pages.worker(worker()).await;
    let to = |verb: &str| format!("/workers/{}/{verb}", one.worker);
    for (verb, told, state) in [
        ("quiet", "takes no new work from its next heartbeat on.", "quiet"),
        ("resume", "takes work again from its next heartbeat on.", "alive"),
        ("stop", "ends what it runs, and leaves.", "stopping"),
    ] {
        let led = pages.press(&to(verb), &[("back", "/workers")]).await.led();
        assert_eq!(led, ("/workers".to_owned(), format!("Worker {} {told}", one.label)));
        pages.page("/workers").await.has(&[one.label.as_str(), "class=\"state\"", state]);
    }
    pages.page("/workers").await.has_not(&["Resume", "Stop\u{2026}"]);
    let gone = pages.press("/workers/nobody/stop", &[]).await;
    assert_eq!(gone.status, StatusCode::NOT_FOUND);
}

async fn who_may_only_read_asks_no_worker(pages: TestPages) {
    let mut one = worker().registration();
    one.label = HOSTILE.to_owned();
    pages.register(&one).await;
    let reader = pages.for_reader();
    reader.page("/workers").await.has_not(&["method=\"post\" action=\"workers", HOSTILE]);
    let refused = reader.press(&format!("/workers/{}/stop", one.worker), &[]).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    assert!(!pages.client().workers().await.expect("read")[0].stopping);
}
