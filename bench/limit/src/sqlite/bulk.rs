use std::path::Path;
use std::time::Instant;

use anyhow::{Result, ensure};

use super::{pages, scratch};
use crate::cpu;
use crate::figure::Figure;
use crate::job::{AVAILABLE, NewJob};

/// Inserts jobs `batch` a transaction with one prepared statement.
pub fn measure(path: &Path, jobs: usize, batch: usize) -> Result<Figure> {
    let connection = scratch::create(path)?;
    let mut insert = scratch::insert(&connection)?;
    let log_start = pages::log_bytes(&connection)?;
    let client_start = cpu::of_this_process()?;
    let start = Instant::now();
    let mut latencies = Vec::new();
    for done in (0..jobs).step_by(batch) {
        let rows: Vec<_> = (0..batch.min(jobs - done)).map(|_| NewJob::sample()).collect();
        let start = Instant::now();
        let transaction = connection.unchecked_transaction()?;
        for job in &rows {
            scratch::insert_job(&mut insert, job)?;
        }
        transaction.commit()?;
        latencies.push(start.elapsed());
    }
    let figure = Figure {
        jobs,
        elapsed: start.elapsed(),
        latencies,
        client_cpu: cpu::of_this_process()? - client_start,
        store_cpu: None,
        log_bytes: pages::log_bytes(&connection)? - log_start,
    };
    let inserted = scratch::count(&connection, AVAILABLE)?;
    ensure!(inserted == jobs, "{inserted} of {jobs} jobs inserted");
    Ok(figure)
}
