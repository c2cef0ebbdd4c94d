//! Steps of remote workers: what is done once stays done.

use axum::http::StatusCode;
use serde_json::{Value, json};
use windlass::JobId;

use super::{Program, draft, enqueued, settle};
use crate::fixture::{Answer, TestApi, on_both_stores};

on_both_stores! {
    /// T57, T37: steps that are reported come with the next attempt, each once and as it was first.
    steps_come_with_the_next_attempt;
    /// T57, I-L3: an attempt that has lost its lease records nothing.
    steps_of_a_lost_lease_are_not_written;
    /// T57: steps that are reported at the same moment are all there.
    steps_at_once_are_all_recorded;
    /// Bad input: what is not a step is refused, and nothing of the report is written.
    what_is_not_a_step_is_refused;
    /// T57: a claim tells of no more steps than an answer has room for, and the other jobs come later.
    a_claim_has_room_for_so_many_steps;
}

async fn report(api: &TestApi, job: &Value, steps: &Value) -> Answer {
    let path = format!("/v1/jobs/{}/report", job["id"].as_str().expect("an id"));
    api.post(&path, &json!({"lease": job["lease"], "steps": steps})).await
}

/// The names and outputs that are recorded.
async fn recorded(api: &TestApi, id: JobId) -> Vec<(u32, String, String)> {
    let steps = api.client().steps(id).await.expect("read").into_iter();
    let output = |json: Option<windlass::Json>| json.expect("an output").as_str().to_owned();
    steps.map(|step| (step.nth, step.name, output(step.output))).collect()
}

fn steps(expected: &[(u32, &str, &str)]) -> Vec<(u32, String, String)> {
    let owned =
        |(nth, name, output): &(u32, &str, &str)| (*nth, (*name).to_owned(), (*output).to_owned());
    expected.iter().map(owned).collect()
}

async fn steps_come_with_the_next_attempt(api: TestApi) {
    let id = enqueued(&api, draft()).await;
    let program = Program::registered(&api).await;
    let job = program.claim_one(&api).await;
    assert_eq!(job.get("steps"), None);
    let done = json!([{"name": "fetch", "output": {"rows": 7}}, {"name": "check"}]);
    report(&api, &job, &done).await.ok();
    let other = json!([{"name": "fetch", "output": {"rows": 8}}, {"name": "store", "output": [1]}]);
    for _ in 0..2 {
        report(&api, &job, &other).await.ok();
    }
    let all = [(1, "fetch", "{\"rows\":7}"), (2, "check", "null"), (3, "store", "[1]")];
    assert_eq!(recorded(&api, id).await, steps(&all));
    settle(&api, &job, json!({"result": "release"})).await;
    let server = api.another().await;
    let again = program.claim_one(&server).await;
    let expected = json!({"fetch": {"rows": 7}, "check": null, "store": [1]});
    assert_eq!((&again["attempt"], &again["steps"]), (&json!(2), &expected));
    report(&server, &again, &json!([{"name": "last"}])).await.ok();
    let last = recorded(&api, id).await.pop();
    assert_eq!(last, Some((4, "last".to_owned(), "null".to_owned())));
    assert_eq!(settle(&server, &again, json!({"result": "complete"})).await, "done");
}

async fn steps_of_a_lost_lease_are_not_written(api: TestApi) {
    let id = enqueued(&api, draft()).await;
    let program = Program::registered(&api).await;
    let job = program.claim_one(&api).await;
    let worker = api.client().workers().await.expect("listed")[0].id;
    let held = api.client().store().in_hand(worker).await.expect("read");
    let now = windlass::store::Now::Database;
    api.client().store().release(worker, held[0].lease, now).await.expect("taken away");
    let lost = report(&api, &job, &json!([{"name": "late"}])).await;
    assert_eq!(lost.code(), (409, "lease-lost"), "{lost:?}");
    assert_eq!(recorded(&api, id).await, steps(&[]));
}

async fn steps_at_once_are_all_recorded(api: TestApi) {
    let id = enqueued(&api, draft()).await;
    let job = Program::registered(&api).await.claim_one(&api).await;
    let names: Vec<String> = (0..8).map(|nth| format!("part {nth}")).collect();
    let bodies: Vec<Value> = names.iter().map(|name| json!([{"name": name}])).collect();
    let reports = bodies.iter().map(|steps| report(&api, &job, steps));
    for answer in futures_util::future::join_all(reports).await {
        assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    }
    let mut found: Vec<String> =
        recorded(&api, id).await.into_iter().map(|(_, name, _)| name).collect();
    found.sort_unstable();
    assert_eq!(found, names);
}

async fn what_is_not_a_step_is_refused(api: TestApi) {
    let id = enqueued(&api, draft()).await;
    let job = Program::registered(&api).await.claim_one(&api).await;
    let many: Vec<Value> = (0..=1_000).map(|nth| json!({"name": nth.to_string()})).collect();
    for (wrong, place) in [
        (json!([{"name": "good"}, {"name": ""}]), "/steps"),
        (json!([{"name": "x".repeat(129)}]), "/steps"),
        (json!([{"name": "a\u{0}b"}]), "/steps"),
        (
            json!([{"name": "good"}, {"name": "b", "output": "x".repeat(300_000)}]),
            "/steps/1/output",
        ),
        (json!([{"name": "b", "output": "a\u{0}b"}]), "/steps/0/output"),
        (Value::Array(many), "/steps"),
        (json!([{"name": "b", "unknown": 1}]), "/steps/0/unknown"),
        (json!([{}]), "/steps/0"),
    ] {
        let answer = report(&api, &job, &wrong).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{answer:?}");
        let shown = wrong.to_string().chars().take(80).collect::<String>();
        assert!(
            answer.place().starts_with(place) || answer.place().is_empty(),
            "{shown}: {answer:?}"
        );
    }
    assert_eq!(recorded(&api, id).await, steps(&[]));
}

async fn a_claim_has_room_for_so_many_steps(api: TestApi) {
    let ids = [enqueued(&api, draft()).await, enqueued(&api, draft()).await];
    let program = Program::registered(&api).await;
    let large = "x".repeat(250_000);
    for job in program.claim(&api, 2).await {
        // 5 MB for each, in requests of less than 4 MiB.
        for half in ["first", "second"] {
            let step = |nth: usize| json!({"name": format!("{half} {nth}"), "output": large});
            let steps: Vec<Value> = (0..10).map(step).collect();
            report(&api, &job, &Value::Array(steps)).await.ok();
        }
        settle(&api, &job, json!({"result": "release"})).await;
    }
    for _ in ids {
        let jobs = program.claim(&api, 2).await;
        assert_eq!(jobs.len(), 1, "one of them has room");
        assert_eq!(jobs[0]["steps"].as_object().map(serde_json::Map::len), Some(20));
        assert_eq!(settle(&api, &jobs[0], json!({"result": "complete"})).await, "done");
    }
    for id in ids {
        assert_eq!(super::state(&api, id).await, windlass::State::Completed);
    }
}
