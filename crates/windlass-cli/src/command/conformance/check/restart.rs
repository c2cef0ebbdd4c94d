//! Checks with a server that goes away and comes back.

use std::time::{Duration, Instant};

use serde_json::Value;
use windlass::State;
use windlass::store::Now;

use super::Wrong;
use super::lease::{GRACE, LONG_MS, is_at_rest};
use crate::command::conformance::record::{Call, Exchange, claims, of};
use crate::command::conformance::server::{PATIENCE, Server};

/// How long nobody listens.
const AWAY: Duration = Duration::from_secs(2);
/// A worker may wait so long between two attempts to reach its server.
const BACK: Duration = Duration::from_secs(10);
/// Jobs that it holds while the server forgets it.
const MOST_HELD: usize = 20;

pub(super) async fn restart(server: &mut Server) -> Result<String, Wrong> {
    let worker = server.worker().await?;
    let (long, _) = server.asleep(3_000).await?;
    // One that ends while nobody listens, and one that runs on.
    let short = server.asleep(1_000).await?.0;
    server.down().await;
    tokio::time::sleep(AWAY).await;
    server.up().await?;
    let began = Instant::now();
    let after = server.enqueue("conformance.count", &Value::Null).await?;
    for job in [short, long, after] {
        let record = server.ended(job, BACK).await?;
        if (record.state, record.attempt) != (State::Completed, 1) {
            let seen = format!("a job is {} at attempt {}", record.state, record.attempt);
            return Err(Wrong::new(seen));
        }
        if claims(&server.record().since(0), job).len() != 1 {
            return Err(Wrong::new("a job was given to it twice"));
        }
    }
    let is_same = server.registered().is_some_and(|now| now.id == worker.id);
    let as_whom = if is_same { "as the same worker" } else { "as a new worker" };
    Ok(format!("3 jobs completed at attempt 1, {:?} after it was back, {as_whom}", began.elapsed()))
}

pub(super) async fn gone(server: &mut Server) -> Result<String, Wrong> {
    let worker = server.worker().await?;
    let mark = server.record().len();
    // All its slots are taken: who claims nothing learns it from a heartbeat.
    let mut held = Vec::new();
    for _ in 0..worker.slots.min(MOST_HELD) {
        held.push(server.asleep(LONG_MS).await?);
    }
    server.pause("conformance.sleep").await?;
    held.iter().for_each(|(_, lease)| server.play().mask(lease));
    server.down().await;
    server.client.store().leave(worker.id, Now::Database).await?;
    server.up().await?;
    let (told, again) = registered_again(server, mark).await?;
    let new = server.enqueue("conformance.count", &Value::Null).await?;
    server.ended(new, PATIENCE).await?;
    tokio::time::sleep(GRACE).await;
    let all = server.record().since(mark);
    for (job, lease) in &held {
        is_at_rest(&all, (*job, lease), told.max(again))?;
    }
    let took = again.saturating_duration_since(told);
    Ok(format!("registered again {took:?} after 410, and ended {} jobs", held.len()))
}

/// When it was told that it is not known any more, and when it registered again.
async fn registered_again(server: &Server, mark: usize) -> Result<(Instant, Instant), Wrong> {
    let told = |all: &[Exchange]| {
        let mut answers = all.iter().filter_map(|one| one.answer.as_ref());
        answers.find(|answer| answer.status == 410).map(|answer| answer.at)
    };
    let told = server.record().until(mark, BACK, told).await;
    let told = told.ok_or_else(|| Wrong::new(format!("it did not ask again within {BACK:?}")))?;
    let again = |all: &[Exchange]| of(all, Call::Register).next().map(|one| one.at);
    let again = server.record().until(mark, PATIENCE, again).await;
    let again = again.ok_or_else(|| {
        Wrong::new(format!("it did not register again within {PATIENCE:?} of 410 worker-gone"))
    })?;
    Ok((told, again))
}
