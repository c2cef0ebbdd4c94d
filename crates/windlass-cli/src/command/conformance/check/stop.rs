//! Checks of stops: quiet, terminate, a signal.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use windlass::worker::Quiet;
use windlass::{JobId, State};

use super::Wrong;
use super::fault::is_alive;
use crate::command::conformance::play::HEARTBEAT;
use crate::command::conformance::record::{Call, Exchange, of};
use crate::command::conformance::server::{PATIENCE, Server};

/// How long the job runs that is to be finished.
const RUNS_MS: u64 = 1_500;
/// How long a worker may take to leave once its last job has ended: a claim that waits may end first.
const LEAVES: Duration = Duration::from_secs(25);
/// Claims that a quiet worker sends in [`WATCHED`] at most: it may wait for work, but not hurry.
const QUIET_CLAIMS: usize = 6;
const WATCHED: Duration = Duration::from_millis(1500);

pub(super) async fn quiet(server: &mut Server) -> Result<String, Wrong> {
    let worker = server.worker().await?;
    let (job, _) = server.asleep(RUNS_MS).await?;
    server.client.quiet(worker.id, Quiet::On).await?;
    finished(server, job).await?;
    is_alive(server).await?;
    let mark = server.record().len();
    tokio::time::sleep(WATCHED).await;
    let watched = server.record().since(mark);
    let claims = of(&watched, Call::Claim).count();
    if claims > QUIET_CLAIMS {
        return Err(Wrong::new(format!("{claims} claims within {WATCHED:?} while it is quiet")));
    }
    if server.registered().is_none_or(|now| now.id != worker.id) {
        return Err(Wrong::new("it left, or registered again"));
    }
    server.client.quiet(worker.id, Quiet::Off).await?;
    let job = server.enqueue("conformance.echo", &json!(1)).await?;
    server.ended(job, PATIENCE).await?;
    Ok("finished its job, stayed, and works again".to_owned())
}

/// Whether the job was completed in its one attempt.
async fn finished(server: &Server, job: JobId) -> Result<(), Wrong> {
    let record = server.ended(job, PATIENCE).await?;
    if (record.state, record.attempt) != (State::Completed, 1) {
        let seen = format!("{} at attempt {}", record.state, record.attempt);
        return Err(Wrong::new(format!("the job that ran is {seen}")));
    }
    Ok(())
}

pub(super) async fn terminate(server: &mut Server) -> Result<String, Wrong> {
    let worker = server.worker().await?;
    let (job, lease) = server.asleep(RUNS_MS).await?;
    let mark = server.record().len();
    server.client.stop_worker(worker.id).await?;
    let seen = left(server, (job, &lease), mark).await?;
    if let Some(program) = &mut server.program
        && program.ended(PATIENCE).await?.is_none()
    {
        return Err(Wrong::new(format!("{seen}; its process did not end within {PATIENCE:?}")));
    }
    Ok(seen)
}

pub(super) async fn signal(server: &mut Server) -> Result<String, Wrong> {
    server.worker().await?;
    let (job, lease) = server.asleep(RUNS_MS).await?;
    let (mark, told) = (server.record().len(), Instant::now());
    let Some(program) = &mut server.program else { return Ok("nothing to signal".to_owned()) };
    program.ask_to_stop();
    let Some(status) = program.ended(LEAVES).await? else {
        return Err(Wrong::new(format!("its process did not end within {LEAVES:?}")));
    };
    if !of(&server.record().since(mark), Call::Leave).any(|_| true) {
        return Err(Wrong::new(format!("its process ended with {status}, and did not leave")));
    }
    let seen = left(server, (job, &lease), mark).await?;
    if of(&server.record().since(mark), Call::Claim).any(|one| one.at > told + HEARTBEAT) {
        return Err(Wrong::new("it claimed jobs after the signal"));
    }
    if !status.success() {
        return Err(Wrong::new(format!("{seen}, and ended with {status}")));
    }
    Ok(format!("{seen}, and exited after {:?}", told.elapsed()))
}

/// How the worker ended its last job and left.
async fn left(
    server: &mut Server,
    (job, lease): (JobId, &str),
    mark: usize,
) -> Result<String, Wrong> {
    let began = Instant::now();
    let left = |all: &[Exchange]| of(all, Call::Leave).next().map(|one| one.at);
    let left = server.record().until(mark, LEAVES, left).await;
    let left = left.ok_or_else(|| Wrong::new(format!("it did not leave within {LEAVES:?}")))?;
    let all = server.record().since(mark);
    let settled = crate::command::conformance::record::results(&all, job);
    let settled = settled.iter().find(|one| one.result["lease"] == lease);
    let word = settled.map(|one| one.result["result"].clone()).unwrap_or(Value::Null);
    match word.as_str() {
        Some(word @ ("complete" | "release")) => {
            let took = left.saturating_duration_since(began);
            Ok(if took.is_zero() {
                word.to_owned()
            } else {
                format!("{word}, left after {took:?}")
            })
        }
        Some(word) => Err(Wrong::new(format!("the job that ran was settled as {word}"))),
        None => Err(Wrong::new("it left without settling the job that ran")),
    }
}
