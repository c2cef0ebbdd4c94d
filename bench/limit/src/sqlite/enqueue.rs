use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow, ensure};
use rusqlite::TransactionBehavior;

use super::{pages, scratch};
use crate::cpu;
use crate::figure::Figure;
use crate::job::{AVAILABLE, NewJob};

/// Inserts one job per transaction; each client is a thread with a connection of its own.
pub fn measure(path: &Path, jobs: usize, clients: usize) -> Result<Figure> {
    let connection = scratch::create(path)?;
    let jobs_each = jobs / clients;
    let jobs = jobs_each * clients;
    let client_start = cpu::of_this_process()?;
    let start = Instant::now();
    let (latencies, log_bytes) = thread::scope(|scope| {
        let callers: Vec<_> = (0..clients).map(|_| scope.spawn(|| call(path, jobs_each))).collect();
        let mut total = (Vec::with_capacity(jobs), 0);
        for caller in callers {
            let (latencies, log_bytes) =
                caller.join().map_err(|_| anyhow!("a client panicked"))??;
            total.0.extend(latencies);
            total.1 += log_bytes;
        }
        anyhow::Ok(total)
    })?;
    let figure = Figure {
        jobs,
        elapsed: start.elapsed(),
        latencies,
        client_cpu: cpu::of_this_process()? - client_start,
        store_cpu: None,
        log_bytes,
    };
    let inserted = scratch::count(&connection, AVAILABLE)?;
    ensure!(inserted == jobs, "{inserted} of {jobs} jobs inserted");
    Ok(figure)
}

fn call(path: &Path, jobs: usize) -> Result<(Vec<Duration>, i64)> {
    let mut connection = scratch::open(path)?;
    // Taking the write lock first avoids a busy error that no timeout cures.
    connection.set_transaction_behavior(TransactionBehavior::Immediate);
    let mut insert = scratch::insert(&connection)?;
    let mut latencies = Vec::with_capacity(jobs);
    for _ in 0..jobs {
        let job = NewJob::sample();
        let start = Instant::now();
        let transaction = connection.unchecked_transaction()?;
        scratch::insert_job(&mut insert, &job)?;
        transaction.commit()?;
        latencies.push(start.elapsed());
    }
    drop(insert);
    Ok((latencies, pages::log_bytes(&connection)?))
}
