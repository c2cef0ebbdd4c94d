//! Workers that run so many jobs of a kind at once.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Program, draft, enqueued, settle};
use crate::fixture::{TestApi, on_both_stores};
use windlass::NewJob;
use windlass_testkit::fault::plan::{Action, Plan, Side, Verb};

on_both_stores! {
    /// T56: a worker never has more jobs of a kind than it says that it runs, and other kinds do not wait for that.
    a_worker_gets_no_more_of_a_kind_than_it_runs;
    /// T56, C7: the same where other servers have claimed, settled, or were started again.
    every_server_counts_what_a_worker_holds;
    /// T56, C30: a claim that waits while a kind is full has its next job once one of them has ended.
    a_claim_waits_for_room_of_a_kind;
    /// T56: a claim that is given up hands back all that its parts have claimed.
    a_claim_in_parts_that_is_given_up_holds_nothing;
}

/// A worker that runs two of `a`, one of `b`, and any number of `c`.
async fn program(api: &TestApi) -> Program {
    let handlers = json!([{"kind": "a", "slots": 2}, {"kind": "b", "slots": 1}, {"kind": "c"}]);
    Program::running(api, &handlers).await
}

async fn fill(api: &TestApi, kinds: &str) {
    for kind in kinds.chars() {
        enqueued(api, NewJob { kind: kind.to_string(), ..draft() }).await;
    }
}

/// How many of each kind there are.
fn counted(jobs: &[Value]) -> BTreeMap<&str, usize> {
    let mut counts = BTreeMap::new();
    for job in jobs {
        *counts.entry(job["kind"].as_str().expect("a kind")).or_default() += 1;
    }
    counts
}

fn of<'a>(jobs: &'a [Value], kind: &str) -> &'a Value {
    jobs.iter().find(|job| job["kind"] == kind).expect("one of the kind")
}

async fn a_worker_gets_no_more_of_a_kind_than_it_runs(api: TestApi) {
    fill(&api, "aaabbbcacc").await;
    let program = program(&api).await;
    let shown = api.get(&format!("/v1/workers/{}", program.id)).await.ok();
    assert_eq!(shown["kind_slots"], json!({"a": 2, "b": 1}));
    let first = program.claim(&api, 2).await;
    assert_eq!(first.iter().map(|job| &job["kind"]).collect::<Vec<_>>(), ["a", "a"]);
    let jobs = program.claim(&api, 10).await;
    assert_eq!(counted(&jobs), BTreeMap::from([("b", 1), ("c", 3)]));
    assert_eq!(program.claim(&api, 10).await, Vec::<Value>::new());
    // Each end makes room for one of its kind, however it ends.
    assert_eq!(settle(&api, &first[0], json!({"result": "complete"})).await, "done");
    assert_eq!(settle(&api, of(&jobs, "b"), json!({"result": "fail"})).await, "done");
    let next = program.claim(&api, 10).await;
    assert_eq!(counted(&next), BTreeMap::from([("a", 1), ("b", 1)]));
    let other = self::program(&api).await;
    assert_eq!(counted(&other.claim(&api, 10).await), BTreeMap::from([("a", 1), ("b", 1)]));
}

async fn every_server_counts_what_a_worker_holds(api: TestApi) {
    fill(&api, "abaabb").await;
    let program = program(&api).await;
    let jobs = program.claim(&api, 10).await;
    assert_eq!(counted(&jobs), BTreeMap::from([("a", 2), ("b", 1)]));
    let other = api.another().await;
    assert_eq!(program.claim(&other, 10).await, Vec::<Value>::new(), "it holds what it may");
    assert_eq!(settle(&other, of(&jobs, "a"), json!({"result": "complete"})).await, "done");
    let more = program.claim(&other, 10).await;
    assert_eq!(counted(&more), BTreeMap::from([("a", 1)]));
    assert_eq!(program.claim(&api, 10).await, Vec::<Value>::new(), "the other one has claimed");
    assert_eq!(settle(&other, of(&jobs, "b"), json!({"result": "complete"})).await, "done");
    let jobs = program.claim(&api, 10).await;
    assert_eq!(counted(&jobs), BTreeMap::from([("b", 1)]), "the other one has settled");
    assert_eq!(program.claim(&other, 10).await, Vec::<Value>::new(), "this one has claimed");
    let api = api.restarted().await;
    assert_eq!(program.claim(&api, 10).await, Vec::<Value>::new(), "it is as it was");
    assert_eq!(settle(&api, of(&jobs, "b"), json!({"result": "complete"})).await, "done");
    assert_eq!(counted(&program.claim(&api, 10).await), BTreeMap::from([("b", 1)]));
}

async fn a_claim_waits_for_room_of_a_kind(api: TestApi) {
    fill(&api, "bb").await;
    let program = program(&api).await;
    let first = program.claim_one(&api).await;
    let path = format!("/v1/workers/{}/claim", program.id);
    let body = json!({"max": 4, "wait_ms": 60_000});
    let waiting = api.post(&path, &body);
    let (answer, settled) =
        tokio::join!(waiting, settle(&api, &first, json!({"result": "complete"})));
    assert_eq!((settled.as_str(), counted_of(&answer.body)), ("done", BTreeMap::from([("b", 1)])));
}

fn counted_of(body: &Value) -> BTreeMap<&str, usize> {
    counted(body["jobs"].as_array().expect("jobs"))
}

async fn a_claim_in_parts_that_is_given_up_holds_nothing(api: TestApi) {
    let second = Plan { passage: 2, ..Plan::first(Verb::Claim, Side::After, Action::Delay) };
    let late = api.faulty(second).await;
    let program = program(&late).await;
    fill(&api, "abcc").await;
    let path = format!("/v1/workers/{}/claim", program.id);
    let running = async || {
        let counts = api.client().counts().await.expect("counted");
        counts.of(windlass::State::Running)
    };
    let body = json!({"max": 4});
    let all_claimed = async { while running().await < 3 {} };
    tokio::select! {
        answer = late.post(&path, &body) => panic!("answered before it was given up: {answer:?}"),
        () = all_claimed => {}
    }
    let back = async {
        while running().await > 0 {
            program.beat(&late, &[]).await;
        }
    };
    tokio::time::timeout(super::PATIENCE, back).await.expect("all are soon back");
}
