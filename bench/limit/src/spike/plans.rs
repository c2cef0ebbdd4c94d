use anyhow::Result;
use uuid::Uuid;

use super::claimed::Ended;
use super::held::HeldJobs;
use super::options::Options;
use super::trial::Trial;
use crate::job::QUEUE;
use crate::postgres::{self, scratch};

/// Prints how the server carries out each design's statements.
pub async fn print(options: &Options) -> Result<()> {
    for trial in options.trials()? {
        println!("== {trial}");
        print_trial(&trial, &options.store).await?;
    }
    Ok(())
}

async fn print_trial(trial: &Trial, store: &str) -> Result<()> {
    let admin = postgres::connect(store).await?;
    trial.set_up(&admin).await?;
    let engine = trial.engine(store).await?;

    let mut held = HeldJobs::new(trial.running);
    while held.len() < trial.window + 6 * trial.group {
        held.take_in(engine.claim(Uuid::now_v7(), trial.batch).await?);
    }
    let explain = format!("explain (analyze, buffers, wal) {}", trial.design.claim);
    let limit = trial.batch as i64;
    let plan =
        engine.client.query(&explain, &[&QUEUE, &limit, &Uuid::now_v7(), &Uuid::now_v7()]).await?;
    for line in plan {
        println!("{}", line.get::<_, String>(0));
    }

    // The first statements of a session fill its caches.
    for _ in 0..5 {
        let ended: Vec<_> = held.ended(trial.group).into_iter().map(Ended::by_chance).collect();
        engine.settle(&ended).await?;
    }
    let ended: Vec<_> = held.ended(trial.group).into_iter().map(Ended::by_chance).collect();
    for line in engine.explain_settle(trial.design.settle, &ended).await? {
        println!("{line}");
    }
    scratch::drop(&admin).await
}
