//! Checks without faults: registering, claiming, and each end of an attempt.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use windlass::{JobRecord, State};

use super::Wrong;
use crate::command::conformance::program::TOKEN;
use crate::command::conformance::record::{Call, Exchange, of};
use crate::command::conformance::server::{PATIENCE, Server};

/// The kinds that a worker serves here.
const KINDS: [&str; 6] = [
    "conformance.echo",
    "conformance.fail",
    "conformance.snooze",
    "conformance.sleep",
    "conformance.count",
    "conformance.step",
];
/// How long nothing is there to claim.
const IDLE: Duration = Duration::from_millis(1500);
/// Claims in that time, by who does not wait long but does not hurry either.
const IDLE_CLAIMS: usize = 6;
/// How soon a job is claimed that comes while a claim waits.
const SOON: Duration = Duration::from_secs(5);
/// Slots that are filled here.
const MOST_SLOTS: usize = 200;

pub(super) async fn register(server: &mut Server) -> Result<String, Wrong> {
    let worker = match server.worker().await {
        Ok(worker) => worker,
        Err(wrong) => return Err(refused(server).unwrap_or(wrong)),
    };
    let missing: Vec<&str> = KINDS.into_iter().filter(|kind| !worker.serves(kind)).collect();
    if !missing.is_empty() {
        return Err(Wrong::new(format!("it does not serve {}", missing.join(", "))));
    }
    let all = server.record().since(0);
    let is_known = |one: &Exchange| one.token.as_deref() == Some(TOKEN);
    if server.program.is_some() && !of(&all, Call::Register).all(is_known) {
        return Err(Wrong::new("it does not send the bearer token of WINDLASS_TOKEN"));
    }
    let name = worker.body["name"].as_str().unwrap_or("no name");
    Ok(format!("{name}, {} slots, protocol {}", worker.slots, worker.body["protocol"]))
}

/// Why nothing that asked to be registered was.
fn refused(server: &Server) -> Option<Wrong> {
    let all = server.record().since(0);
    let answer = of(&all, Call::Register).last()?.answer.as_ref()?;
    Some(Wrong::new(format!("its registration was refused: {}", answer.body["detail"])))
}

pub(super) async fn claim(server: &mut Server) -> Result<String, Wrong> {
    server.worker().await?;
    let mark = server.record().len();
    tokio::time::sleep(IDLE).await;
    let idle = server.record().since(mark);
    let claims = of(&idle, Call::Claim).count();
    if claims > IDLE_CLAIMS {
        return Err(Wrong::new(format!("{claims} claims within {IDLE:?} while there was no work")));
    }
    let waits = server.record().until(0, PATIENCE, |all| {
        of(all, Call::Claim).last().map(|one| one.body["wait_ms"].as_u64().unwrap_or(20_000))
    });
    let waits = waits.await.ok_or_else(|| Wrong::new(format!("no claim within {PATIENCE:?}")))?;
    if waits == 0 {
        return Err(Wrong::new("its claims do not wait: wait_ms is 0"));
    }
    let began = Instant::now();
    let job = server.enqueue("conformance.echo", &json!(1)).await?;
    server.result(job).await?;
    let took = began.elapsed();
    if took > SOON {
        return Err(Wrong::new(format!("a job was done only {took:?} after it was there")));
    }
    Ok(format!("{claims} claims within {IDLE:?}, which wait {waits} ms"))
}

pub(super) async fn complete(server: &mut Server) -> Result<String, Wrong> {
    server.worker().await?;
    let args = json!({"n": 1, "of": ["a", null, true, 1.5]});
    let job = server.enqueue("conformance.echo", &args).await?;
    let record = server.ended(job, PATIENCE).await?;
    returned(&record, &args)?;
    Ok(format!("completed at attempt {}", record.attempt))
}

/// Whether a job was completed with this output.
pub(super) fn returned(record: &JobRecord, expected: &Value) -> Result<(), Wrong> {
    let output = record.output.as_ref().map(ToString::to_string).unwrap_or_default();
    let found: Value = serde_json::from_str(&output).unwrap_or_default();
    if record.state != State::Completed {
        let why = record.reason.as_deref().unwrap_or_default();
        return Err(Wrong::new(format!("the job is {}: {why}", record.state)));
    }
    if found != *expected {
        let shown: String = output.chars().take(200).collect();
        return Err(Wrong::new(format!("its output is not what it was given: {shown}")));
    }
    Ok(())
}

pub(super) async fn fail(server: &mut Server) -> Result<String, Wrong> {
    server.worker().await?;
    let message = "no such mailbox: „zoë“";
    let job = server.enqueue("conformance.fail", &json!({"message": message})).await?;
    let result = server.result(job).await?;
    let error = &result["error"];
    if result["result"] != "fail" {
        return Err(Wrong::new(format!("an error became the result {}", result["result"])));
    }
    if error["message"] != message {
        return Err(Wrong::new(format!("the message became {}", error["message"])));
    }
    let Some(kind) = error["type"].as_str().filter(|kind| !kind.is_empty()) else {
        return Err(Wrong::new("the error's type is missing"));
    };
    let state = server.client.job(job).await?.map(|job| job.state);
    if state != Some(State::Retryable) {
        return Err(Wrong::new(format!("the job is not tried again: {state:?}")));
    }
    Ok(format!("a failure of type {kind}, tried again later"))
}

pub(super) async fn retry(server: &mut Server) -> Result<String, Wrong> {
    server.worker().await?;
    let args = json!({"message": "for good", "retry": "never"});
    let job = server.enqueue("conformance.fail", &args).await?;
    let state = server.ended(job, PATIENCE).await?.state;
    if state != State::Dead {
        return Err(Wrong::new(format!("a job that is not to be tried again is {state}")));
    }
    let job = server.enqueue("conformance.snooze", &json!({"ms": 100})).await?;
    let record = server.ended(job, PATIENCE).await?;
    if (record.state, record.attempt, record.failures) != (State::Completed, 2, 0) {
        let JobRecord { state, attempt, failures, .. } = record;
        let seen = format!("{state} at attempt {attempt} with {failures} failures");
        return Err(Wrong::new(format!("a job that was to run again later is {seen}")));
    }
    Ok("dead at once; snoozed, and completed at attempt 2".to_owned())
}

pub(super) async fn steps(server: &mut Server) -> Result<String, Wrong> {
    server.worker().await?;
    let job = server.enqueue("conformance.step", &json!({"ms": 100})).await?;
    let record = server.ended(job, PATIENCE).await?;
    let steps = server.client.steps(job).await?;
    let [step] = &steps[..] else {
        let names: Vec<_> = steps.iter().map(|step| step.name.as_str()).collect();
        return Err(Wrong::new(format!("expected the step `once`, recorded are {names:?}")));
    };
    let kept = step.output.as_ref().map(ToString::to_string).unwrap_or_default();
    if step.name != "once" || kept == "null" {
        return Err(Wrong::new(format!("the step `{}` is recorded with {kept}", step.name)));
    }
    returned(&record, &serde_json::from_str(&kept).unwrap_or_default())?;
    if record.attempt != 2 {
        return Err(Wrong::new(format!("it was completed at attempt {}, not 2", record.attempt)));
    }
    Ok(format!("its second attempt went on with {kept}"))
}

pub(super) async fn args(server: &mut Server) -> Result<String, Wrong> {
    server.worker().await?;
    let args = json!({
        "text": "Grüße, мир, 你好, 🐙 \u{1F469}\u{200D}\u{1F680}, \"quoted\" \\ / \n\t\u{7f} \u{2028}",
        "größe": {"nested": [[[]], {}, {"": 0}]}, "numbers": [0, -1, 1.25, 4_503_599_627_370_497_u64, 1e-7],
    });
    let large = json!({"text": "ä".repeat(100_000)});
    for args in [args, large] {
        let job = server.enqueue("conformance.echo", &args).await?;
        returned(&server.ended(job, PATIENCE).await?, &args)?;
    }
    Ok("the same came back".to_owned())
}

pub(super) async fn slots(server: &mut Server) -> Result<String, Wrong> {
    let slots = server.worker().await?.slots;
    if slots > MOST_SLOTS {
        return Err(Wrong::Skipped(format!("it has {slots} slots, more than {MOST_SLOTS}")));
    }
    let mark = server.record().len();
    let mut jobs = Vec::new();
    for _ in 0..slots + 4 {
        jobs.push(server.enqueue("conformance.sleep", &json!({"ms": 150})).await?);
    }
    for job in jobs {
        server.ended(job, PATIENCE).await?;
    }
    let all = server.record().since(mark);
    let asked = of(&all, Call::Claim).filter_map(|one| one.body["max"].as_u64()).max();
    let asked = asked.and_then(|most| usize::try_from(most).ok()).unwrap_or_default();
    let most = most_at_once(&all);
    if most > slots {
        return Err(Wrong::new(format!("{most} jobs ran at once, and it has {slots} slots")));
    }
    if asked > slots {
        return Err(Wrong::new(format!("it claimed up to {asked} jobs, and has {slots} slots")));
    }
    Ok(format!("{most} jobs at once of {slots}, claimed up to {asked} at a time"))
}

/// How many attempts ran at once: from their first report to their last.
fn most_at_once(exchanges: &[Exchange]) -> usize {
    let mut ran: BTreeMap<&str, (Instant, Instant)> = BTreeMap::new();
    for one in of(exchanges, Call::Report) {
        let lease = one.body["lease"].as_str().unwrap_or_default();
        ran.entry(lease).and_modify(|(_, last)| *last = one.at).or_insert((one.at, one.at));
    }
    let at_once =
        |at: &Instant| ran.values().filter(|(first, last)| first <= at && at <= last).count();
    ran.values().map(|(first, _)| at_once(first)).max().unwrap_or_default()
}
