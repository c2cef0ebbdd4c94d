//! Attempts whose leases were given away: who has one settles the attempt, from wherever it is.

use serde_json::{Value, json};
use windlass::job::{Settled, Verdict};
use windlass::store::Now;
use windlass::worker::Registration;
use windlass::{JobId, NewJob, State};
use windlass_testkit::worker::{self as worker_of, worker};

use super::{Program, draft, enqueued, settle, state};
use crate::fixture::{TestApi, fence, on_both_stores};

on_both_stores! {
    /// T58, I-L3: an attempt of a worker in another process is settled over HTTP by its lease, once, and that worker finds it settled.
    an_attempt_of_another_process_is_settled_by_its_lease;
    /// T58, X1: it may end in each way.
    it_may_end_in_each_way;
    /// T58: who has the lease of a remote worker's attempt settles it at any server; the worker's heartbeat says so.
    a_remote_worker_gives_its_lease_away;
}

/// A job that a worker of another process runs, as who has its lease knows it.
async fn given_away(api: &TestApi, worker: &Registration) -> (JobId, Value, windlass::job::Batch) {
    let id = enqueued(api, NewJob { kind: "work".to_owned(), ..draft() }).await;
    let batch = api.claim(worker).await;
    let lease = windlass_http::lease_text(&fence(worker, &batch));
    (id, json!({"id": id, "lease": lease}), batch)
}

async fn an_attempt_of_another_process_is_settled_by_its_lease(api: TestApi) {
    let worker = api.worker(worker()).await;
    let (id, job, batch) = given_away(&api, &worker).await;
    let report = json!({
        "lease": job["lease"], "progress": {"percent": 40.0}, "steps": [{"name": "charge", "output": 7}],
    });
    api.post(&format!("/v1/jobs/{id}/report"), &report).await.ok();
    assert_eq!(api.client().steps(id).await.expect("read")[0].name, "charge");
    let done = json!({"result": "complete", "output": {"sum": 2}, "enqueue": [{"kind": "c"}]});
    assert_eq!(settle(&api, &job, done.clone()).await, "done");
    assert_eq!(settle(&api, &job, done).await, "already");
    // What its own worker says of it afterwards finds that, and changes nothing.
    let own = [worker_of::settlement(&batch, 0, Verdict::Complete { output: None })];
    let client = api.client();
    let answer = client.store().settle(worker.worker, &own, Now::Database).await;
    assert_eq!(answer.expect("answered"), [Settled::Already]);
    let record = client.job(id).await.expect("read").expect("there");
    assert_eq!((record.state, record.worker.as_deref()), (State::Completed, Some(&*worker.label)));
    assert_eq!(record.output.expect("an output").as_str(), "{\"sum\":2}");
    let late = api.post(&format!("/v1/jobs/{id}/report"), &report).await;
    assert_eq!(late.code(), (409, "lease-lost"), "{late:?}");
    // The worker itself is still its process's.
    let path = format!("/v1/workers/{}/heartbeat", worker.worker);
    let beat = api.post(&path, &json!({"leases": []})).await;
    assert_eq!(beat.code(), (410, "worker-gone"));
    // Another server finds it in the job, and so does one that comes after the worker has left.
    let again = json!({"result": "complete"});
    assert_eq!(settle(&api.another().await, &job, again.clone()).await, "already");
    client.store().leave(worker.worker, Now::Database).await.expect("it leaves");
    assert_eq!(settle(&api, &job, again).await, "already");
}

async fn it_may_end_in_each_way(api: TestApi) {
    let worker = api.worker(worker()).await;
    for (result, ends) in [
        (json!({"result": "complete"}), State::Completed),
        (json!({"result": "fail", "error": {"message": "no"}}), State::Retryable),
        (json!({"result": "fail", "retry": "never"}), State::Dead),
        (json!({"result": "snooze", "after_ms": 60_000}), State::Scheduled),
        (json!({"result": "release", "after_ms": 60_000}), State::Scheduled),
        (json!({"result": "discard"}), State::Cancelled),
    ] {
        let (id, job, batch) = given_away(&api, &worker).await;
        assert_eq!(settle(&api, &job, result.clone()).await, "done", "{result}");
        let own = [worker_of::settlement(&batch, 0, Verdict::Complete { output: None })];
        let answer = api.client().store().settle(worker.worker, &own, Now::Database).await;
        assert_eq!(answer.expect("answered"), [Settled::Already], "{result}");
        assert_eq!(state(&api, id).await, ends, "{result}");
    }
    let (id, job, batch) = given_away(&api, &worker).await;
    api.settle(&worker, &batch, Verdict::Release { delay: std::time::Duration::ZERO }).await;
    assert_eq!(settle(&api, &job, json!({"result": "complete"})).await, "lost");
    assert_eq!(state(&api, id).await, State::Available);
}

async fn a_remote_worker_gives_its_lease_away(api: TestApi) {
    let ids = [enqueued(&api, draft()).await, enqueued(&api, draft()).await];
    let program = Program::registered(&api).await;
    let jobs = program.claim(&api, 2).await;
    let both = [&jobs[0], &jobs[1]];
    // Its requests come to one server, those of who has the leases to this one and to another.
    let other = api.another().await;
    assert_eq!(settle(&api, &jobs[0], json!({"result": "complete"})).await, "done");
    assert_eq!(settle(&other, &jobs[1], json!({"result": "complete"})).await, "done");
    let beat = program.beat(&api, &both).await;
    assert_eq!(beat.body["settled"], json!([jobs[0]["lease"]]), "{beat:?}");
    assert_eq!(beat.body["lost"], json!([jobs[1]["lease"]]), "it is not its own any more");
    for id in ids {
        assert_eq!(state(&api, id).await, State::Completed);
    }
}
