//! Checks of leases: heartbeats, cancels, and what is lost.

use std::time::{Duration, Instant};

use serde_json::Value;
use windlass::{JobId, State};

use super::Wrong;
use crate::command::conformance::play::{Blow, HEARTBEAT, LEASE};
use crate::command::conformance::record::{Call, Exchange, list, of, reports, results};
use crate::command::conformance::server::{PATIENCE, Server};

/// How long a handler may take to notice that it is to end.
pub(super) const GRACE: Duration = Duration::from_secs(2);
/// How long a handler would run that is not told to end.
pub(super) const LONG_MS: u64 = 60_000;

pub(super) async fn heartbeat(server: &mut Server) -> Result<String, Wrong> {
    server.worker().await?;
    let began = Instant::now();
    let mark = server.record().len();
    let (job, lease) = server.asleep(2_500).await?;
    let record = server.ended(job, PATIENCE).await?;
    let all = server.record().since(mark);
    let mut beats: Vec<Instant> = vec![began];
    beats.extend(of(&all, Call::Heartbeat).map(|one| one.at));
    beats.push(Instant::now());
    let longest = beats.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap_or_default();
    if longest > LEASE {
        let seen = format!("{longest:?} without a heartbeat, and the lease is {LEASE:?}");
        return Err(Wrong::new(seen));
    }
    let names = |one: &Exchange| list(&one.body, "leases").any(|named| *named == lease.as_str());
    if !of(&all, Call::Heartbeat).any(names) {
        return Err(Wrong::new("its heartbeats do not name the lease of the job that it runs"));
    }
    if record.state != State::Completed {
        return Err(Wrong::new(format!("the job is {}", record.state)));
    }
    Ok(format!("{} heartbeats, {longest:?} apart at most", beats.len() - 2))
}

pub(super) async fn cancel(server: &mut Server) -> Result<String, Wrong> {
    server.worker().await?;
    let (job, lease) = server.asleep(LONG_MS).await?;
    let mark = server.record().len();
    server.client.cancel(&[job], "nobody needs it").await?;
    let told = told(server, mark, |answer| {
        list(answer, "cancel").any(|one| one["lease"] == lease.as_str())
    });
    let told = told.await?;
    let sent = |all: &[Exchange]| results(all, job).pop();
    let sent = server.record().until(mark, GRACE, sent).await;
    let sent = sent.ok_or_else(|| {
        Wrong::new(format!("no result within {GRACE:?} of the heartbeat that said to cancel it"))
    })?;
    if sent.result["result"] != "cancel" {
        return Err(Wrong::new(format!("it settled the job as {}", sent.result["result"])));
    }
    let state = server.ended(job, PATIENCE).await?.state;
    if state != State::Cancelled {
        return Err(Wrong::new(format!("the job is {state}")));
    }
    Ok(format!("cancelled {:?} after it was told", sent.at - told))
}

pub(super) async fn lost(server: &mut Server) -> Result<String, Wrong> {
    server.worker().await?;
    let (job, lease) = server.asleep(LONG_MS).await?;
    let mark = server.record().len();
    server.pause("conformance.sleep").await?;
    server.play().mask(&lease);
    server.layer.take_away(job).await;
    let told = told(server, mark, |answer| list(answer, "lost").any(|one| *one == lease.as_str()));
    let told = told.await?;
    tokio::time::sleep(GRACE + HEARTBEAT).await;
    is_at_rest(&server.record().since(mark), (job, &lease), told)?;
    Ok("ended, and nothing was settled".to_owned())
}

/// Whether nothing more came of an attempt since its worker was told that its lease is lost.
pub(super) fn is_at_rest(
    exchanges: &[Exchange],
    (job, lease): (JobId, &str),
    told: Instant,
) -> Result<(), Wrong> {
    let of_it = |one: &Value| one["lease"] == lease;
    let sent =
        results(exchanges, job).into_iter().filter(|one| one.at > told && of_it(&one.result));
    let sent: Vec<Value> = sent.map(|one| one.result["result"].clone()).collect();
    if sent.iter().any(|result| result == "complete") {
        return Err(Wrong::new("it completed a job whose lease it was told is lost"));
    }
    // One is answered with `lost`, which is the end of it.
    if sent.len() > 1 {
        let seen = format!("it sent {} results of a job whose lease is lost", sent.len());
        return Err(Wrong::new(seen));
    }
    if reports(exchanges, lease).any(|at| at > told + GRACE) {
        let seen = format!("the job still ran {GRACE:?} after it was told that its lease is lost");
        return Err(Wrong::new(seen));
    }
    Ok(())
}

/// When a heartbeat was answered so.
async fn told(
    server: &Server,
    mark: usize,
    says: impl Fn(&Value) -> bool,
) -> Result<Instant, Wrong> {
    let answered = |all: &[Exchange]| {
        let mut answers = of(all, Call::Heartbeat).filter_map(|one| one.answer.as_ref());
        answers.find(|answer| says(&answer.body)).map(|answer| answer.at)
    };
    let told = server.record().until(mark, PATIENCE, answered).await;
    told.ok_or_else(|| Wrong::new(format!("no heartbeat that names the job within {PATIENCE:?}")))
}

pub(super) async fn late(server: &mut Server) -> Result<String, Wrong> {
    server.worker().await?;
    let mark = server.record().len();
    let job = server.enqueue("conformance.count", &Value::Null).await?;
    server.play().strike(Call::Results, Some(job), Blow::LoseLease);
    let lost = |all: &[Exchange]| results(all, job).into_iter().find(|one| one.status == "lost");
    let first = server.record().until(mark, PATIENCE, lost).await;
    let first = first.ok_or_else(|| Wrong::new(format!("no result within {PATIENCE:?}")))?;
    tokio::time::sleep(GRACE).await;
    let all = results(&server.record().since(mark), job);
    let again = all.iter().filter(|one| one.result["lease"] == first.result["lease"]).count() - 1;
    if again > 0 {
        return Err(Wrong::new(format!("it sent the result again, {again} times")));
    }
    let record = server.ended(job, PATIENCE).await?;
    if (record.state, record.attempt) != (State::Completed, 2) {
        let seen = format!("the job is {} at attempt {}", record.state, record.attempt);
        return Err(Wrong::new(seen));
    }
    Ok("the result was dropped; the next attempt completed the job".to_owned())
}
