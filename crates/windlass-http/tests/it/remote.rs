//! The worker protocol: workers that speak HTTP alone.

use std::time::Duration;

use axum::http::StatusCode;
use serde_json::{Value, json};
use windlass::worker::LivesWith;
use windlass::{JobId, NewJob, State};
use windlass_testkit::fault::plan::{Action, Plan, Side, Verb};
use windlass_testkit::worker::worker;

use crate::fixture::{Answer, TestApi, on_both_stores};

mod later;
mod slots;
mod steps;

/// Nothing awaited here takes longer unless it is broken.
const PATIENCE: Duration = Duration::from_secs(20);

on_both_stores! {
    /// T8: register, claim, report, heartbeat and complete work over HTTP, and the job says who ran it.
    a_job_is_run_over_http;
    /// T8, C30: a claim waits for work, and has it as soon as it is there.
    a_claim_waits_for_work;
    /// C7, T8: the server may be started again while jobs are in a worker's hands.
    a_worker_goes_on_with_another_server;
    /// I-L3, T8: what comes late is not written, and says so.
    a_late_result_is_lost;
    /// T8: a result that is sent again finds itself, also at another server.
    a_result_sent_again_is_written_once;
    /// X1, T8: each result has its end, and only failures count.
    each_result_has_its_end;
    /// T8, T30: jobs that a completion brings are its children, and come with it or not at all.
    a_completion_brings_its_jobs;
    /// X18, T20: a heartbeat tells what is to end, what is lost, and whether to take new work.
    a_heartbeat_brings_news;
    /// T55, T8: a worker that is told to terminate gets nothing more, settles what it has, also at another server, and leaves.
    a_worker_is_told_to_terminate;
    /// T8: a claim that nobody waits for any more leaves no job behind.
    a_claim_that_is_given_up_holds_nothing;
    /// T8: nor does one that was given up when its jobs were claimed and its answer was on its way.
    a_claim_that_is_given_up_late_holds_nothing;
    /// T8, C7: what one server claimed is a worker's at another, by whatever it says of it first.
    what_another_server_claimed_is_known;
    /// T8, C7: a lease that neither the worker nor its server knows is handed back.
    a_lease_that_nobody_knows_is_handed_back;
    /// T8: a checkpoint comes with the next attempt.
    a_checkpoint_comes_with_the_next_attempt;
    /// Bad input: what makes no sense is refused, and nothing of it is written.
    a_worker_that_makes_no_sense_is_refused;
    /// T8: a worker that runs elsewhere is nobody's to speak for.
    a_worker_of_another_process_is_left_alone;
    /// T12: a worker is gone at once when it leaves, and what it held is for others.
    a_worker_that_leaves_hands_back_what_it_holds;
}

/// A worker as its program sees it.
struct Program {
    id: String,
    label: String,
}

impl Program {
    async fn registered(api: &TestApi) -> Self {
        Self::running(api, &json!([{"kind": "k"}, {"kind": "k2", "queue": "other"}])).await
    }

    async fn running(api: &TestApi, handlers: &Value) -> Self {
        let body = json!({
            "name": "py", "host": "h", "pid": 7, "build": "shop 2.0", "slots": 4, "protocol": 1,
            "handlers": handlers,
        });
        let answer = api.post("/v1/workers", &body).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{answer:?}");
        let text = |name: &str| answer.body[name].as_str().expect(name).to_owned();
        Self { id: text("worker"), label: text("label") }
    }

    async fn claim(&self, api: &TestApi, max: usize) -> Vec<Value> {
        let path = format!("/v1/workers/{}/claim", self.id);
        let answer = api.post(&path, &json!({"max": max, "wait_ms": 0})).await;
        assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
        answer.body["jobs"].as_array().expect("jobs").clone()
    }

    async fn claim_one(&self, api: &TestApi) -> Value {
        let mut jobs = self.claim(api, 1).await;
        assert_eq!(jobs.len(), 1, "a job is there");
        jobs.remove(0)
    }

    async fn beat(&self, api: &TestApi, jobs: &[&Value]) -> Answer {
        let leases: Vec<_> = jobs.iter().map(|job| &job["lease"]).collect();
        api.post(&format!("/v1/workers/{}/heartbeat", self.id), &json!({"leases": leases})).await
    }
}

/// Sends how one attempt ended; the status of that.
async fn settle(api: &TestApi, job: &Value, mut result: Value) -> String {
    result["job"] = job["id"].clone();
    result["lease"] = job["lease"].clone();
    let answer = api.post("/v1/results", &json!({"results": [result]})).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    answer.body["results"][0]["status"].as_str().expect("a status").to_owned()
}

async fn enqueued(api: &TestApi, draft: NewJob) -> JobId {
    api.client().enqueue(draft).await.expect("written").id()
}

fn draft() -> NewJob {
    NewJob::new("k", windlass::Json::args("{\"n\":1}").expect("args"))
}

/// Waits until the job is in this state.
async fn until(api: &TestApi, id: JobId, expected: State) {
    let reached = async { while state(api, id).await != expected {} };
    tokio::time::timeout(PATIENCE, reached).await.expect("it is soon in that state");
}

async fn state(api: &TestApi, id: JobId) -> State {
    api.client().job(id).await.expect("read").expect("there").state
}

async fn a_job_is_run_over_http(api: TestApi) {
    let id = enqueued(&api, draft()).await;
    let program = Program::registered(&api).await;
    let job = program.claim_one(&api).await;
    assert_eq!(
        (&job["id"], &job["kind"], &job["args"]),
        (&json!(id), &json!("k"), &json!({"n": 1}))
    );
    assert_eq!((&job["attempt"], &job["queue"]), (&json!(1), &json!("default")));
    let report = json!({
        "lease": job["lease"], "checkpoint": {"at": 3}, "progress": {"percent": 40.0, "note": "reading"},
        "lines": [{"text": "one"}, {"level": "warn", "text": "two", "age_ms": 5}], "first_line": 1,
    });
    for _ in 0..2 {
        let answer = api.post(&format!("/v1/jobs/{id}/report"), &report).await;
        assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    }
    // What is beyond the lines that are kept is dropped, however far.
    let beyond = json!({"lease": job["lease"], "lines": [{"text": "a"}, {"text": "b"}], "first_line": u32::MAX});
    assert_eq!(api.post(&format!("/v1/jobs/{id}/report"), &beyond).await.status, StatusCode::OK);
    assert_eq!(program.beat(&api, &[&job]).await.body["lost"], json!([]));
    assert_eq!(
        settle(&api, &job, json!({"result": "complete", "output": {"sum": 1.50}, "ran_ms": 1500}))
            .await,
        "done"
    );
    let client = api.client();
    let record = client.job(id).await.expect("read").expect("there");
    assert_eq!(
        (record.state, record.worker.as_deref()),
        (State::Completed, Some(program.label.as_str()))
    );
    assert_eq!(record.output.expect("an output").as_str(), "{\"sum\":1.5}");
    let lines = client.log(id, 10).await.expect("read");
    assert_eq!(lines.iter().map(|line| line.text.as_str()).collect::<Vec<_>>(), ["one", "two"]);
    let workers = client.workers().await.expect("listed");
    assert_eq!((workers[0].build.as_str(), workers[0].running), ("shop 2.0", 0));
    // T12: a heartbeat has said when it has claimed.
    let claimed_at = workers[0].claimed_at.expect("it has claimed");
    assert!(workers[0].started_at <= claimed_at && claimed_at <= workers[0].seen_at);
}

async fn a_claim_waits_for_work(api: TestApi) {
    let program = Program::registered(&api).await;
    let (path, body) =
        (format!("/v1/workers/{}/claim", program.id), json!({"max": 2, "wait_ms": 60_000}));
    let (answer, id) = tokio::join!(api.post(&path, &body), async {
        // It is asked for while the claim waits.
        while api.client().workers().await.expect("listed").is_empty() {}
        enqueued(&api, draft()).await
    });
    assert_eq!(answer.body["jobs"][0]["id"], json!(id));
}

async fn a_worker_goes_on_with_another_server(api: TestApi) {
    let ids = [enqueued(&api, draft()).await, enqueued(&api, draft()).await];
    let program = Program::registered(&api).await;
    let jobs = program.claim(&api, 2).await;
    let api = api.restarted().await;
    let beat = program.beat(&api, &[&jobs[0], &jobs[1]]).await;
    assert_eq!((beat.status, &beat.body["lost"]), (StatusCode::OK, &json!([])), "{beat:?}");
    assert_eq!(settle(&api, &jobs[0], json!({"result": "complete"})).await, "done");
    // Without a heartbeat in between.
    let api = api.restarted().await;
    assert_eq!(settle(&api, &jobs[1], json!({"result": "complete"})).await, "done");
    for id in ids {
        let record = api.client().job(id).await.expect("read").expect("there");
        assert_eq!((record.state, record.attempt), (State::Completed, 1));
        assert_eq!(record.worker.as_deref(), Some(program.label.as_str()));
    }
}

async fn a_late_result_is_lost(api: TestApi) {
    let id = enqueued(&api, draft()).await;
    let (slow, other) = (Program::registered(&api).await, Program::registered(&api).await);
    let late = slow.claim_one(&api).await;
    // Somebody else takes it: what a rescue does.
    assert_eq!(api.delete(&format!("/v1/workers/{}", slow.id)).await.status, StatusCode::OK);
    let job = other.claim_one(&api).await;
    assert_eq!((&job["id"], &job["attempt"]), (&json!(id), &json!(2)));
    assert_eq!(settle(&api, &late, json!({"result": "complete", "output": "late"})).await, "lost");
    let report = json!({"lease": late["lease"], "progress": {"percent": 1.0}});
    let reported = api.post(&format!("/v1/jobs/{id}/report"), &report).await;
    assert_eq!(reported.status, StatusCode::GONE, "{reported:?}");
    assert_eq!(
        settle(&api, &job, json!({"result": "complete", "output": "in time"})).await,
        "done"
    );
    assert_eq!(settle(&api, &late, json!({"result": "complete", "output": "late"})).await, "lost");
    let record = api.client().job(id).await.expect("read").expect("there");
    assert_eq!(record.output.expect("an output").as_str(), "\"in time\"");
}

async fn a_result_sent_again_is_written_once(api: TestApi) {
    let ids = [enqueued(&api, draft()).await, enqueued(&api, draft()).await];
    let program = Program::registered(&api).await;
    let jobs = program.claim(&api, 2).await;
    let results =
        [json!({"result": "complete"}), json!({"result": "fail", "error": {"message": "no"}})];
    for (job, result) in jobs.iter().zip(&results) {
        assert_eq!(settle(&api, job, result.clone()).await, "done");
        assert_eq!(settle(&api, job, result.clone()).await, "already");
    }
    let api = api.restarted().await;
    for (job, result) in jobs.iter().zip(&results) {
        assert_eq!(settle(&api, job, result.clone()).await, "already", "{result}");
    }
    let failed = api.client().job(ids[1]).await.expect("read").expect("there");
    assert_eq!((failed.state, failed.failures, failed.history.len()), (State::Retryable, 1, 1));
}

async fn each_result_has_its_end(api: TestApi) {
    let program = Program::registered(&api).await;
    for (result, ends, failures) in [
        (json!({"result": "complete", "output": null}), State::Completed, 0),
        (
            json!({"result": "fail", "error": {"message": "no", "type": "Timeout", "stack": "at x"}}),
            State::Retryable,
            1,
        ),
        (
            json!({"result": "fail", "error": {"message": "no"}, "after_ms": 60_000}),
            State::Retryable,
            1,
        ),
        (json!({"result": "fail", "error": {"message": "no"}, "retry": "never"}), State::Dead, 1),
        (json!({"result": "fail"}), State::Retryable, 1),
        (json!({"result": "snooze", "after_ms": 60_000}), State::Scheduled, 0),
        (json!({"result": "release", "after_ms": 60_000}), State::Scheduled, 0),
        (json!({"result": "discard", "reason": "not needed"}), State::Cancelled, 0),
        (json!({"result": "cancel"}), State::Cancelled, 0),
    ] {
        let id = enqueued(&api, draft()).await;
        let job = program.claim_one(&api).await;
        assert_eq!(settle(&api, &job, result.clone()).await, "done", "{result}");
        let record = api.client().job(id).await.expect("read").expect("there");
        assert_eq!((record.state, record.failures), (ends, failures), "{result}");
    }
    let last = enqueued(&api, NewJob { max_attempts: Some(1), ..draft() }).await;
    let job = program.claim_one(&api).await;
    settle(&api, &job, json!({"result": "fail", "error": {"message": "no"}})).await;
    assert_eq!(state(&api, last).await, State::Dead);
    for slip in [
        json!({"result": "complete", "error": {"message": "no"}}),
        json!({"result": "snooze"}),
        json!({"result": "release", "output": 1}),
        json!({"result": "complete", "output": "a\u{0}b"}),
    ] {
        enqueued(&api, draft()).await;
        let (job, other) = (program.claim_one(&api).await, enqueued(&api, draft()).await);
        let mut beside = program.claim_one(&api).await;
        beside = json!({"job": beside["id"], "lease": beside["lease"], "result": "complete"});
        let mut body = slip.clone();
        (body["job"], body["lease"]) = (job["id"].clone(), job["lease"].clone());
        let answer = api.post("/v1/results", &json!({"results": [body, beside]})).await;
        let results = &answer.body["results"];
        assert_eq!(
            (&results[0]["status"], &results[0]["code"]),
            (&json!("refused"), &json!("invalid-request")),
            "{slip} {answer:?}"
        );
        assert_eq!(
            (&results[1]["status"], state(&api, other).await),
            (&json!("done"), State::Completed),
            "{slip}"
        );
        assert_eq!(settle(&api, &job, json!({"result": "complete"})).await, "done", "{slip}");
    }
    // One that was told to end since it ran too long has failed, and is tried again.
    let mut late = draft();
    late.meta.timeout_ms = Some(1);
    let id = enqueued(&api, late).await;
    let job = program.claim_one(&api).await;
    let began = std::time::Instant::now();
    while began.elapsed() < std::time::Duration::from_millis(2) {}
    assert_eq!(settle(&api, &job, json!({"result": "cancel", "reason": "a\u{0}b"})).await, "done");
    let record = api.client().job(id).await.expect("read").expect("there");
    assert_eq!((record.state, record.failures), (State::Retryable, 1));
    assert_eq!(record.history[0].outcome, windlass::Outcome::Timeout);
    let id = enqueued(&api, draft()).await;
    let job = program.claim_one(&api).await;
    assert_eq!(settle(&api, &job, json!({"result": "cancel", "reason": "a\u{0}b"})).await, "done");
    assert_eq!(state(&api, id).await, State::Cancelled, "what cannot be kept is made storable");
}

async fn a_completion_brings_its_jobs(api: TestApi) {
    let id = enqueued(&api, draft()).await;
    let program = Program::registered(&api).await;
    let job = program.claim_one(&api).await;
    let holder = json!({"kind": "c", "unique": {"key": "a", "on_conflict": "reject"}});
    let held = api.post("/v1/jobs", &holder).await.body["id"].clone();
    let refused = json!({
        "job": job["id"], "lease": job["lease"], "result": "complete", "enqueue": [{"kind": "c"}, holder],
    });
    let answer = api.post("/v1/results", &json!({"results": [refused]})).await;
    let result = &answer.body["results"][0];
    assert_eq!(
        (&result["status"], &result["code"]),
        (&json!("refused"), &json!("duplicate")),
        "{answer:?}"
    );
    assert_eq!(state(&api, id).await, State::Running);
    assert_eq!(api.client().counts().await.expect("counted").total(), 2, "beside {held}");
    let done = json!({
        "result": "complete", "enqueue": [{"kind": "c", "args": 1}, {"kind": "c", "args": 2}],
        "publish": [{"type": "work.done", "data": {"n": 1}}],
    });
    assert_eq!(settle(&api, &job, done.clone()).await, "done");
    assert_eq!(settle(&api, &job, done).await, "already");
    let children = api.get("/v1/jobs?filter=kind:c").await;
    let children = children.body["items"].as_array().expect("items");
    assert_eq!(children.iter().filter(|child| child["parent"] == json!(id)).count(), 2);
    assert_eq!((children.len(), state(&api, id).await), (3, State::Completed));
    let events = api.get("/v1/events").await;
    let events = events.body["items"].as_array().expect("items");
    assert_eq!((events.len(), &events[0]["type"]), (1, &json!("work.done")), "{events:?}");
    assert_eq!(events[0]["parent"], json!(id));
}

async fn a_heartbeat_brings_news(api: TestApi) {
    let ids = [enqueued(&api, draft()).await, enqueued(&api, draft()).await];
    let program = Program::registered(&api).await;
    let jobs = program.claim(&api, 2).await;
    let both = [&jobs[0], &jobs[1]];
    let client = api.client();
    client.cancel(&ids[..1], "not wanted").await.expect("asked");
    let worker = client.workers().await.expect("listed")[0].id;
    client.quiet(worker, windlass::worker::Quiet::On).await.expect("asked");
    let beat = program.beat(&api, &both).await;
    assert_eq!(
        (&beat.body["lost"], &beat.body["state"]),
        (&json!([]), &json!("quiet")),
        "{beat:?}"
    );
    let cancel = beat.body["cancel"].as_array().expect("a list");
    assert_eq!(cancel.len(), 1, "{beat:?}");
    assert_eq!((&cancel[0]["job"], &cancel[0]["reason"]), (&json!(ids[0]), &json!("not wanted")));
    assert_eq!(program.claim(&api, 1).await, Vec::<Value>::new(), "it is quiet");
    let other = Program::registered(&api).await;
    let foreign = other.beat(&api, &both).await;
    assert_eq!(foreign.body["lost"].as_array().expect("a list").len(), 2, "they are not its own");
    assert_eq!(settle(&api, &jobs[0], json!({"result": "cancel"})).await, "done");
    let beat = program.beat(&api, &both).await;
    assert_eq!(beat.body["lost"], json!([]), "it settled that itself");
    assert_eq!(beat.body["settled"], json!([jobs[0]["lease"]]));
    let nobody = windlass::WorkerId::new();
    let gone = api.post(&format!("/v1/workers/{nobody}/heartbeat"), &json!({"leases": []})).await;
    assert_eq!((gone.status, &gone.body["code"]), (StatusCode::GONE, &json!("worker-gone")));
}

async fn a_worker_is_told_to_terminate(api: TestApi) {
    let id = enqueued(&api, draft()).await;
    let program = Program::registered(&api).await;
    let job = program.claim_one(&api).await;
    let (path, body) =
        (format!("/v1/workers/{}/claim", program.id), json!({"max": 1, "wait_ms": 60_000}));
    // The claim that waits ends as soon as the heartbeat has brought it.
    let (answer, beat) = tokio::join!(api.post(&path, &body), async {
        api.act(&format!("/v1/workers/{}/stop", program.id)).await.ok();
        program.beat(&api, &[&job]).await
    });
    assert_eq!((&beat.body["state"], &beat.body["lost"]), (&json!("terminate"), &json!([])));
    assert_eq!((&answer.body["state"], &answer.body["jobs"]), (&json!("terminate"), &json!([])));
    let late = enqueued(&api, draft()).await;
    let other = api.another().await;
    let api = api.restarted().await;
    for server in [&other, &api] {
        assert_eq!(program.claim(server, 1).await, Vec::<Value>::new(), "it is to end");
        assert_eq!(program.beat(server, &[&job]).await.body["state"], json!("terminate"));
    }
    assert_eq!(settle(&api, &job, json!({"result": "complete"})).await, "done");
    assert_eq!(
        (state(&api, id).await, state(&api, late).await),
        (State::Completed, State::Available)
    );
    assert_eq!(api.delete(&format!("/v1/workers/{}", program.id)).await.status, StatusCode::OK);
    let other = Program::registered(&api).await;
    assert_eq!(other.claim_one(&api).await["id"], json!(late), "another one is not told so");
}

async fn a_claim_that_is_given_up_holds_nothing(api: TestApi) {
    let program = Program::registered(&api).await;
    let (path, body) =
        (format!("/v1/workers/{}/claim", program.id), json!({"max": 1, "wait_ms": 60_000}));
    {
        let waiting = std::pin::pin!(api.post(&path, &body));
        let begun = futures_util::poll!(waiting);
        assert!(begun.is_pending());
    }
    let id = enqueued(&api, draft()).await;
    // The claim that was given up either ends before it finds the job, or hands it back.
    let other = Program::registered(&api).await;
    let path = format!("/v1/workers/{}/claim", other.id);
    let answer = api.post(&path, &json!({"max": 1, "wait_ms": 60_000})).await;
    assert_eq!(answer.body["jobs"][0]["id"], json!(id));
    let record = api.client().job(id).await.expect("read").expect("there");
    assert_eq!((record.failures, record.worker.as_deref()), (0, Some(other.label.as_str())));
}

async fn a_claim_that_is_given_up_late_holds_nothing(api: TestApi) {
    let late = api.faulty(Plan::first(Verb::Claim, Side::After, Action::Delay)).await;
    let program = Program::registered(&late).await;
    let id = enqueued(&api, draft()).await;
    let (path, body) = (format!("/v1/workers/{}/claim", program.id), json!({"max": 1}));
    tokio::select! {
        answer = late.post(&path, &body) => panic!("answered before it could be given up: {answer:?}"),
        () = until(&api, id, State::Running) => {}
    }
    // The store's answer comes after these, to nobody; the heartbeats themselves hand nothing back so soon.
    for _ in 0..4 {
        program.beat(&late, &[]).await;
    }
    until(&api, id, State::Available).await;
}

async fn what_another_server_claimed_is_known(api: TestApi) {
    let (program, other) = (Program::registered(&api).await, api.another().await);
    // It knows the worker from here on, which holds nothing.
    assert_eq!(program.beat(&other, &[]).await.status, StatusCode::OK);
    for _ in 0..3 {
        enqueued(&api, draft()).await;
    }
    let named = program.claim_one(&api).await;
    assert_eq!(program.beat(&other, &[&named]).await.body["lost"], json!([]));
    let settled = program.claim_one(&api).await;
    assert_eq!(settle(&other, &settled, json!({"result": "complete"})).await, "done");
    let told = program.claim_one(&api).await;
    let report = json!({"lease": told["lease"], "progress": {"percent": 1.0}});
    let path = format!("/v1/jobs/{}/report", told["id"].as_str().expect("an id"));
    other.post(&path, &report).await.ok();
}

async fn a_lease_that_nobody_knows_is_handed_back(api: TestApi) {
    let mut registration = worker().knowing(&[("k", 1)]).registration();
    // What has not been named for two heartbeats of so short a lease is back in the time of a test.
    (registration.lease, registration.lives_with) = (Duration::from_millis(600), LivesWith::Lease);
    api.register(&registration).await;
    let program = Program { id: registration.worker.to_string(), label: String::new() };
    assert_eq!(program.beat(&api, &[]).await.status, StatusCode::OK);
    let id = enqueued(&api, draft()).await;
    assert_eq!(api.claim(&registration).await.jobs.len(), 1, "the answer to this is lost");
    let beating = async {
        loop {
            assert_eq!(program.beat(&api, &[]).await.status, StatusCode::OK);
        }
    };
    tokio::select! {
        () = beating => {}
        () = until(&api, id, State::Available) => {}
    }
    let record = api.client().job(id).await.expect("read").expect("there");
    assert_eq!((record.failures, record.history[0].outcome), (0, windlass::Outcome::Released));
}

async fn a_checkpoint_comes_with_the_next_attempt(api: TestApi) {
    let id = enqueued(&api, draft()).await;
    let program = Program::registered(&api).await;
    let job = program.claim_one(&api).await;
    assert_eq!(job.get("checkpoint"), None);
    let report = json!({"lease": job["lease"], "checkpoint": {"row": 42}});
    api.post(&format!("/v1/jobs/{id}/report"), &report).await;
    settle(&api, &job, json!({"result": "release"})).await;
    let again = program.claim_one(&api).await;
    assert_eq!((&again["attempt"], &again["checkpoint"]), (&json!(2), &json!({"row": 42})));
}

async fn a_worker_that_makes_no_sense_is_refused(api: TestApi) {
    let good = json!({"slots": 1, "protocol": 1, "handlers": [{"kind": "k"}]});
    for (field, value, pointer) in [
        ("protocol", json!(2), "/protocol"),
        ("slots", json!(0), "/slots"),
        ("slots", json!(10_001), "/slots"),
        ("handlers", json!([]), "/handlers"),
        ("handlers", json!([{"kind": ""}]), "/handlers/0/kind"),
        ("handlers", json!([{"kind": "k", "queue": "a b"}]), "/handlers/0/queue"),
        ("handlers", json!([{"kind": "k", "version": 0}]), "/handlers/0/version"),
        ("name", json!("a\nb"), "/name"),
        ("host", json!("x".repeat(201)), "/host"),
        ("handlers", json!([{"kind": "k", "slots": 0}]), "/handlers/0/slots"),
        ("handlers", json!([{"kind": "k", "slots": 10_001}]), "/handlers/0/slots"),
        (
            "handlers",
            json!([{"kind": "k", "slots": 2}, {"kind": "k", "version": 2, "slots": 3}]),
            "/handlers/1/slots",
        ),
        ("handlers", handlers_with_slots(101), "/handlers"),
    ] {
        let mut body = good.clone();
        body[field] = value;
        let answer = api.post("/v1/workers", &body).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{body}");
        assert_eq!(answer.body["errors"][0]["pointer"], pointer, "{answer:?}");
    }
    assert!(api.client().workers().await.expect("listed").is_empty());
    let program = Program::registered(&api).await;
    let path = format!("/v1/workers/{}/claim", program.id);
    for body in [json!({"max": 0}), json!({"max": 501}), json!({"max": 1, "wait_ms": 60_001})] {
        assert_eq!(api.post(&path, &body).await.status, StatusCode::BAD_REQUEST, "{body}");
    }
    let strange =
        json!({"results": [{"job": JobId::new(), "lease": "lse_zzz", "result": "complete"}]});
    assert_eq!(api.post("/v1/results", &strange).await.status, StatusCode::BAD_REQUEST);
}

fn handlers_with_slots(kinds: usize) -> Value {
    let handler = |nth: usize| json!({"kind": format!("k{nth}"), "slots": 1});
    Value::Array((0..kinds).map(handler).collect())
}

async fn a_worker_that_leaves_hands_back_what_it_holds(api: TestApi) {
    let id = enqueued(&api, draft()).await;
    let program = Program::registered(&api).await;
    program.claim_one(&api).await;
    let path = format!("/v1/workers/{}", program.id);
    for _ in 0..2 {
        assert_eq!(api.delete(&path).await.status, StatusCode::OK);
    }
    assert_eq!(state(&api, id).await, State::Available);
    assert!(api.client().workers().await.expect("listed").is_empty());
}

async fn a_worker_of_another_process_is_left_alone(api: TestApi) {
    let id = enqueued(&api, NewJob { kind: "work".to_owned(), ..draft() }).await;
    let worker = api.worker(worker()).await;
    assert_eq!(api.claim(&worker).await.jobs.len(), 1);
    let path = format!("/v1/workers/{}", worker.worker);
    api.delete(&path).await;
    let beat = api.post(&format!("{path}/heartbeat"), &json!({"leases": []})).await;
    assert_eq!(beat.status, StatusCode::GONE, "{beat:?}");
    let claim = api.post(&format!("{path}/claim"), &json!({"max": 1, "wait_ms": 0})).await;
    assert_eq!(claim.status, StatusCode::GONE);
    assert_eq!(api.client().workers().await.expect("listed").len(), 1);
    assert_eq!(state(&api, id).await, State::Running);
}
