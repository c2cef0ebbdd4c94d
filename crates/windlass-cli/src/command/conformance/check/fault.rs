//! Checks with answers that are lost, refused or not as expected.

use std::time::Duration;

use serde_json::{Value, json};
use windlass::State;

use super::Wrong;
use super::run::returned;
use crate::command::conformance::play::{Blow, HEARTBEAT};
use crate::command::conformance::record::{Call, Exchange, Sent, claims, of, results};
use crate::command::conformance::server::{PATIENCE, Server};

/// How long a 503 asks to wait.
const WAIT: Duration = Duration::from_secs(1);
/// A clock that is read by others may be off by so much.
const EARLY: Duration = Duration::from_millis(50);

pub(super) async fn fields(server: &mut Server) -> Result<String, Wrong> {
    server.worker().await?;
    server.play().add_fields();
    let job = server.enqueue("conformance.echo", &json!(["same"])).await?;
    returned(&server.ended(job, PATIENCE).await?, &json!(["same"]))?;
    let (job, _) = server.asleep(1_000).await?;
    let state = server.ended(job, PATIENCE).await?.state;
    if state != State::Completed {
        return Err(Wrong::new(format!("a job is {state}")));
    }
    is_alive(server).await?;
    Ok("claims, heartbeats and results went on".to_owned())
}

/// Whether heartbeats go on.
pub(super) async fn is_alive(server: &Server) -> Result<(), Wrong> {
    let beat = |all: &[Exchange]| of(all, Call::Heartbeat).next().map(|_| ());
    let found = server.record().until(server.record().len(), PATIENCE, beat).await;
    found.ok_or_else(|| Wrong::new(format!("no heartbeat within {PATIENCE:?}")))
}

pub(super) async fn clock(server: &mut Server) -> Result<String, Wrong> {
    server.worker().await?;
    server.play().set_clock_back();
    let (job, _) = server.asleep(1_000).await?;
    let record = server.ended(job, PATIENCE).await?;
    if (record.state, record.attempt) != (State::Completed, 1) {
        let why = record.reason.unwrap_or_default();
        return Err(Wrong::new(format!("the job is {}: {why}", record.state)));
    }
    Ok("completed at attempt 1".to_owned())
}

pub(super) async fn answer_lost(server: &mut Server) -> Result<String, Wrong> {
    server.worker().await?;
    let job = server.enqueue("conformance.count", &Value::Null).await?;
    server.play().strike(Call::Results, Some(job), Blow::LoseAnswer);
    let second = |all: &[Exchange]| results(all, job).into_iter().nth(1);
    let second = server.record().until(0, PATIENCE, second).await;
    let again = second
        .ok_or_else(|| Wrong::new(format!("the result was not sent again within {PATIENCE:?}")))?;
    let all = server.record().since(0);
    let first = results(&all, job).swap_remove(0);
    same(&first, &again)?;
    if claims(&all, job).len() != 1 {
        return Err(Wrong::new("the job was claimed twice"));
    }
    Ok(format!("sent again after {:?}, as it was", again.at - first.at))
}

/// Whether a result that was sent again is the one that was sent before.
fn same(first: &Sent, again: &Sent) -> Result<(), Wrong> {
    if first.result["lease"] != again.result["lease"] {
        return Err(Wrong::new("the result was sent again with another lease"));
    }
    let outputs = (&first.result["output"], &again.result["output"]);
    if outputs.0 != outputs.1 {
        let seen = format!("the job was run again: it returned {}, then {}", outputs.0, outputs.1);
        return Err(Wrong::new(seen));
    }
    Ok(())
}

pub(super) async fn claim_lost(server: &mut Server) -> Result<String, Wrong> {
    server.worker().await?;
    server.play().strike(Call::Claim, None, Blow::LoseAnswer);
    let job = server.enqueue("conformance.count", &Value::Null).await?;
    let claimed = |all: &[Exchange]| claims(all, job).pop().map(|(_, job)| job["lease"].clone());
    let lost = server.record().until(0, PATIENCE, claimed).await;
    let lost = lost.ok_or_else(|| Wrong::new(format!("no claim within {PATIENCE:?}")))?;
    tokio::time::sleep(HEARTBEAT * 2).await;
    // Its server hands it back where heartbeats do not name it, in a while that nobody has to wait for here.
    server.layer.take_away(job).await;
    let record = server.ended(job, PATIENCE).await?;
    let all = server.record().since(0);
    if results(&all, job).iter().any(|one| one.result["lease"] == lost) {
        return Err(Wrong::new("it settled a job under a lease that it never got"));
    }
    if (record.state, record.attempt) != (State::Completed, 2) {
        let seen = format!("{} at attempt {}", record.state, record.attempt);
        return Err(Wrong::new(format!("the job is {seen}")));
    }
    Ok("claimed again, and completed at attempt 2".to_owned())
}

pub(super) async fn busy(server: &mut Server) -> Result<String, Wrong> {
    server.worker().await?;
    let mark = server.record().len();
    let job = server.enqueue("conformance.count", &Value::Null).await?;
    server.play().strike(Call::Results, Some(job), Blow::Busy);
    let record = server.ended(job, PATIENCE).await?;
    let all = results(&server.record().since(mark), job);
    let [first, again, ..] = all.as_slice() else {
        return Err(Wrong::new(format!("{} results were sent", all.len())));
    };
    same(first, again)?;
    Ok(format!("{} after {} results", record.state, all.len()))
}

pub(super) async fn unavailable(server: &mut Server) -> Result<String, Wrong> {
    server.worker().await?;
    let mark = server.record().len();
    server.play().strike(Call::Claim, None, Blow::Unavailable(WAIT));
    let claim = waited(server, Call::Claim, mark).await?;
    server.play().strike(Call::Results, None, Blow::Unavailable(WAIT));
    let job = server.enqueue("conformance.count", &Value::Null).await?;
    let result = waited(server, Call::Results, mark).await?;
    returned_once(server, job).await?;
    Ok(format!("a claim waited {claim:?}, a result {result:?}, of {WAIT:?} asked for"))
}

/// How long it waited after a 503 before it asked again.
async fn waited(server: &Server, call: Call, mark: usize) -> Result<Duration, Wrong> {
    let waited = |all: &[Exchange]| {
        let calls: Vec<&Exchange> = of(all, call).collect();
        let refused =
            |one: &&&Exchange| one.answer.as_ref().is_some_and(|answer| answer.status == 503);
        let answer = calls.iter().find(refused)?.answer.as_ref()?;
        let next = calls.iter().find(|one| one.at > answer.at)?;
        Some(next.at - answer.at)
    };
    let waited = server.record().until(mark, PATIENCE, waited).await;
    let waited = waited
        .ok_or_else(|| Wrong::new(format!("no {call:?} again within {:?} of a 503", PATIENCE)))?;
    if waited + EARLY < WAIT {
        let seen = format!("{call:?} again {waited:?} after a 503 that asked for {WAIT:?}");
        return Err(Wrong::new(seen));
    }
    Ok(waited)
}

async fn returned_once(server: &Server, job: windlass::JobId) -> Result<(), Wrong> {
    let record = server.ended(job, PATIENCE).await?;
    match (record.state, record.attempt) {
        (State::Completed, 1) => Ok(()),
        (state, attempt) => Err(Wrong::new(format!("the job is {state} at attempt {attempt}"))),
    }
}
