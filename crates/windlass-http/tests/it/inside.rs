//! What is known of one job beside its record: why it is where it is, what it waits for, what its attempts have done and said.

use std::time::Duration;

use serde_json::{Value, json};
use windlass::Json;
use windlass::event::NewEvent;
use windlass::job::{Batch, Fence};
use windlass::progress::{Level, NewLogLine, Progress, Report};
use windlass::step::{NewStep, Others, StepForm};
use windlass::store::Now;
use windlass::subscription::{Feed, Filter, Start, Subscription};
use windlass::worker::Registration;
use windlass_testkit::draft::KIND;
use windlass_testkit::fixture::MINUTE;
use windlass_testkit::verdicts::{complete_with, die, retry};
use windlass_testkit::worker::worker;

use crate::fixture::{TestApi, on_both_stores};

on_both_stores! {
    /// O24: a job is explained, in whatever state it is.
    a_job_is_explained;
    /// T37: what a handler has done and said is shown, and nothing where it has not.
    steps_progress_and_log_are_shown;
    attempts_are_listed;
    /// T27, A6: what a job waits for is listed, and a person lets it pass once.
    a_condition_is_listed_and_waived;
    /// T21: jobs that were not written are counted, and the newest are listed.
    duplicates_are_listed;
    the_end_of_a_job_is_waited_for;
    /// O10: a job that comes of an event is shown with the event's data as its args, and with the event.
    a_job_of_an_event_is_shown_with_it;
    /// Bad input: a job that is not there is not found, and numbers have limits.
    what_is_not_there_is_not_found;
}

async fn written(api: &TestApi, body: &Value) -> String {
    let job = api.post("/v1/jobs", body).await.ok();
    job["id"].as_str().expect("an id").to_owned()
}

fn gates(explained: &Value) -> Vec<&str> {
    let gates = explained["gates"].as_array().expect("gates").iter();
    gates.map(|passage| passage["gate"].as_str().expect("a gate")).collect()
}

async fn a_job_is_explained(api: TestApi) {
    let waiting = written(
        &api,
        &json!({
            "kind": "work", "unique": {"key": "a"}, "expires_ms": 600_000,
            "lane": {"key": "l", "when_dead": "block"}, "limited": {"key": "k", "running": 1},
        }),
    )
    .await;
    let limit = json!({
        "running": 1, "rate": {"tokens": 1, "per_ms": 60_000}, "breaker": {"failures": 9}, "note": "ana",
    });
    api.put("/v1/limits/kind:work", &limit).await.ok();
    api.act("/v1/queues/default/pause").await.ok();
    let path = format!("/v1/jobs/{waiting}/explain");
    let explained = api.get(&path).await.ok();
    assert_eq!(
        (&explained["schema"], &explained["job"]),
        (&json!("explanation.v1"), &json!(waiting))
    );
    assert_eq!(explained["next"]["step"], "resume");
    let says = explained["says"].as_str().unwrap_or_default();
    assert!(says.starts_with("available, ") && says.ends_with("until it is resumed"), "{says}");
    assert_eq!(explained["commands"], json!(["windlass queue resume default"]));
    for gate in explained["gates"].as_array().expect("gates") {
        assert!(gate["says"].as_str().is_some_and(|says| !says.is_empty()), "{gate}");
    }
    let found = gates(&explained);
    for gate in
        ["pause", "workers", "handler", "expiry", "lane", "places", "rate", "breaker", "key"]
    {
        assert!(found.contains(&gate), "{gate}: {explained:#}");
    }
    api.act("/v1/queues/default/resume").await.ok();
    api.act(&format!("/v1/kinds/{KIND}/pause")).await.ok();
    assert!(gates(&api.get(&path).await.ok()).contains(&"kind_pause"));
    api.act(&format!("/v1/kinds/{KIND}/resume")).await.ok();
    let worker = api.worker(worker()).await;
    let batch = api.claim(&worker).await;
    assert_eq!(batch.jobs.len(), 1);
    let running = api.get(&path).await.ok();
    assert_eq!(
        (&running["state"], &running["next"]["step"]),
        (&json!("running"), &json!("settle"))
    );
    assert!(gates(&running).contains(&"lease"), "{running}");
    api.settle(&worker, &batch, die()).await;
    let dead = api.get(&path).await.ok();
    assert_eq!((&dead["state"], &dead["next"]["step"]), (&json!("dead"), &json!("keep")));
    let behind = written(&api, &json!({"kind": "work", "lane": {"key": "l"}})).await;
    let behind = api.get(&format!("/v1/jobs/{behind}/explain")).await.ok();
    assert_eq!(behind["next"]["step"], "open", "{behind:#}");
    for body in [
        json!({"kind": "work", "delay_ms": 60_000}),
        json!({"kind": "work", "waits": {"signals": ["s"], "deadline_ms": 60_000, "overdue": "die"}}),
        json!({"kind": "work", "waits": {"jobs": [waiting]}}),
        json!({"kind": "work", "fair": {"key": "tenant"}}),
    ] {
        let id = written(&api, &body).await;
        let explained = api.get(&format!("/v1/jobs/{id}/explain")).await.ok();
        assert_eq!(explained["job"], json!(id));
    }
}

fn fence(worker: &Registration, batch: &Batch) -> Fence {
    let job = batch.jobs.first().expect("a job").clone();
    Fence { lease: batch.lease, job, worker: worker.worker, label: worker.label.as_str().into() }
}

async fn steps_progress_and_log_are_shown(api: TestApi) {
    let id = written(&api, &json!({"kind": "work"})).await;
    let path = format!("/v1/jobs/{id}");
    assert_eq!(api.get(&format!("{path}/progress")).await.ok(), json!({"schema": "progress.v1"}));
    for list in ["steps", "log"] {
        assert_eq!(api.get(&format!("{path}/{list}")).await.ok()["items"], json!([]), "{list}");
    }
    let worker = api.worker(worker()).await;
    let batch = api.claim(&worker).await;
    let fence = fence(&worker, &batch);
    let line = |nth, text: &str| NewLogLine {
        nth,
        age: Duration::ZERO,
        level: Level::Warn,
        text: text.to_owned(),
    };
    let progress =
        Progress { percent: Some(40.0), note: Some("reads".to_owned()), ..Progress::default() };
    let report = Report {
        fence: fence.clone(),
        checkpoint: Some(Json::stored("{\"row\":7}")),
        progress: Some((progress, 1)),
        lines: vec![line(1, "one"), line(2, "two"), line(3, "three")],
    };
    let client = api.client();
    client.store().report(&[report], Now::Database).await.expect("reported");
    let step = |nth, form, output: Option<&str>| NewStep {
        nth,
        name: format!("step {nth}"),
        form,
        output: output.map(Json::stored),
        until: None,
    };
    let steps = [step(1, StepForm::Work, Some("{\"a\":1}")), step(2, StepForm::Sleep, None)];
    let recorded = client.store().record_steps(&fence, &steps, Others::Stay, Now::Database).await;
    recorded.expect("recorded");
    let progress = api.get(&format!("{path}/progress")).await.ok();
    assert_eq!((&progress["percent"], &progress["note"]), (&json!(40.0), &json!("reads")));
    assert_eq!((&progress["checkpoint"]["row"], &progress["attempt"]), (&json!(7), &json!(1)));
    let steps = api.get(&format!("{path}/steps")).await.ok();
    let first = &steps["items"][0];
    assert_eq!((&first["schema"], &first["output"]), (&json!("step.v1"), &json!({"a": 1})));
    assert_eq!((&first["form"], &steps["items"][1]["form"]), (&json!("work"), &json!("sleep")));
    let log = api.get(&format!("{path}/log?limit=2")).await.ok();
    let texts: Vec<_> =
        log["items"].as_array().expect("lines").iter().map(|one| &one["text"]).collect();
    assert_eq!(texts, [&json!("two"), &json!("three")]);
    assert_eq!(
        (&log["items"][0]["level"], &log["items"][0]["schema"]),
        (&json!("warn"), &json!("log_line.v1"))
    );
}

async fn attempts_are_listed(api: TestApi) {
    let id = written(&api, &json!({"kind": "work"})).await;
    let path = format!("/v1/jobs/{id}/attempts");
    assert_eq!(api.get(&path).await.ok()["items"], json!([]));
    let worker = api.worker(worker()).await;
    api.run_one(&worker, retry(MINUTE)).await;
    let attempts = api.get(&path).await.ok();
    let first = &attempts["items"][0];
    assert_eq!((&first["schema"], &first["attempt"]), (&json!("attempt.v1"), &json!(1)));
    assert_eq!((&first["outcome"], &first["error"]), (&json!("error"), &json!("it broke")));
}

async fn a_condition_is_listed_and_waived(api: TestApi) {
    let before = written(&api, &json!({"kind": "work"})).await;
    let id = written(
        &api,
        &json!({"kind": "work", "waits": {"jobs": [before], "signals": ["wrap up/ü"], "deadline_ms": 60_000}}),
    )
    .await;
    let path = format!("/v1/jobs/{id}/conditions");
    let conditions = api.get(&path).await.ok();
    let [of_job, of_signal] = [0, 1].map(|nth| &conditions["items"][nth]);
    assert_eq!((&of_job["schema"], &of_job["awaited"]), (&json!("condition.v1"), &json!(before)));
    assert_eq!(
        (&of_job["ends"], &of_job["awaited_state"]),
        (&json!(["completed"]), &json!("available"))
    );
    assert_eq!((&of_signal["awaits"], &of_signal["key"]), (&json!("signal"), &json!("wrap up/ü")));
    assert_eq!(of_signal["deadline"]["then"], "run");
    let waive = format!("{path}/wrap%20up%2F%C3%BC/waive");
    let waived = api.post(&waive, &json!({"note": "the host is gone"})).await.ok();
    let expected = json!({"schema": "condition_waived.v1", "job": id, "condition": "wrap up/ü"});
    assert_eq!(waived, expected);
    assert_eq!(api.act(&waive).await.code(), (409, "conflict"));
    let told = &api.get(&path).await.ok()["items"][1];
    assert_eq!(
        (&told["state"], &told["note"]),
        (&json!("waived"), &json!("the host is gone (anybody)"))
    );
    assert_eq!(api.act(&format!("{path}/{before}/waive")).await.status.as_u16(), 200);
    assert_eq!(api.get(&format!("/v1/jobs/{id}")).await.ok()["state"], "available");
    assert_eq!(api.act(&format!("{path}/nothing/waive")).await.code(), (404, "not-found"));
    assert_eq!(api.get(&format!("/v1/jobs/{before}/conditions")).await.ok()["items"], json!([]));
}

async fn duplicates_are_listed(api: TestApi) {
    let none = api.get("/v1/duplicates").await.ok();
    assert_eq!(none, json!({"schema": "duplicates.v1", "counts": [], "newest": []}));
    let body = json!({"kind": "work", "unique": {"key": "a"}});
    let holder = written(&api, &body).await;
    for _ in 0..3 {
        api.post("/v1/jobs", &body).await.ok();
    }
    let found = api.get("/v1/duplicates?limit=2").await.ok();
    assert_eq!(found["counts"], json!([{"kind": "work", "answer": "kept", "jobs": 3}]));
    assert_eq!(found["newest"].as_array().map(Vec::len), Some(2));
    assert_eq!(
        (&found["newest"][0]["job"], &found["newest"][0]["key"]),
        (&json!(holder), &json!("a"))
    );
}

async fn the_end_of_a_job_is_waited_for(api: TestApi) {
    let id = written(&api, &json!({"kind": "work"})).await;
    let path = format!("/v1/jobs/{id}/wait");
    let early = api.get(&format!("{path}?timeout_ms=1")).await.ok();
    assert_eq!(early["state"], "available");
    let worker = api.worker(worker()).await;
    let (ended, ()) =
        tokio::join!(api.get(&path), api.run_one(&worker, complete_with("{\"made\":3}")));
    let ended = ended.ok();
    assert_eq!((&ended["state"], &ended["output"]["made"]), (&json!("completed"), &json!(3)));
    assert_eq!(api.get(&path).await.ok()["state"], "completed", "at once");
    for ms in ["0", "30001", "-1", "1s"] {
        let answer = api.get(&format!("{path}?timeout_ms={ms}")).await;
        assert_eq!(answer.code(), (400, "invalid-request"), "{ms}");
    }
}

async fn a_job_of_an_event_is_shown_with_it(api: TestApi) {
    let client = api.client();
    let filter = Filter::of_types(["order.*"]).build().expect("a filter");
    let receipts = Subscription::new(filter, "receipt.print");
    client.subscribe("receipts", &receipts, Start::Now).await.expect("subscribed");
    let event = NewEvent::new("order.paid", Json::stored("{\"order\":7}"));
    client.publish(event.clone()).await.expect("published");
    let mut feed = Feed::default();
    while feed.round(&**client.store(), Now::Database).await.expect("fed").is_behind {}
    let listed = api.get("/v1/jobs?filter=kind:receipt.print").await.ok();
    let id = listed["items"][0]["id"].as_str().expect("a job");
    assert!(listed["items"][0]["event"].is_null());
    let expected = json!({
        "id": event.id.to_string(), "position": 1, "type": "order.paid", "subscription": "receipts",
    });
    for what in ["", "/wait?timeout_ms=1"] {
        let job = api.get(&format!("/v1/jobs/{id}{what}")).await.ok();
        assert_eq!((&job["args"], &job["event"]), (&json!({"order": 7}), &expected), "{what}");
    }
    let cancelled = api.act(&format!("/v1/jobs/{id}/cancel")).await.ok();
    assert_eq!((&cancelled["args"]["order"], &cancelled["event"]), (&json!(7), &expected));
}

async fn what_is_not_there_is_not_found(api: TestApi) {
    let nobody = windlass::JobId::new();
    for what in
        ["explain", "attempts", "steps", "progress", "log", "conditions", "wait?timeout_ms=9"]
    {
        let answer = api.get(&format!("/v1/jobs/{nobody}/{what}")).await;
        assert_eq!(answer.code(), (404, "not-found"), "{what}");
        let answer = api.get(&format!("/v1/jobs/nobody/{what}")).await;
        assert_eq!((answer.code(), answer.place()), ((400, "invalid-request"), "path"), "{what}");
    }
    for (path, place) in [
        ("/v1/duplicates?limit=0", "limit"),
        ("/v1/duplicates?limit=1001", "limit"),
        (&*format!("/v1/jobs/{nobody}/log?limit=1001"), "limit"),
        (&*format!("/v1/jobs/{nobody}/log?limits=1"), "query"),
    ] {
        let answer = api.get(path).await;
        assert_eq!((answer.code(), answer.place()), ((400, "invalid-request"), place), "{path}");
    }
    let waive = format!("/v1/jobs/{nobody}/conditions/a/waive");
    assert_eq!(api.act(&waive).await.code(), (404, "not-found"));
}
