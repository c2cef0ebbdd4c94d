use std::path::Path;
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Result, ensure};
use rusqlite::{Connection, Statement, params};
use uuid::Uuid;

use super::{pages, scratch};
use crate::cpu;
use crate::figure::Figure;
use crate::job::QUEUE;

const COMPLETED: i16 = 5;

const CLAIM: &str = "
    update job
    set state = 4, worker = ?3, started_at = ?4, attempt = attempt + 1
    where rowid in (
        select rowid from job
        where queue = ?1 and state = 2 and run_at <= ?4
        order by priority, run_at
        limit ?2)
    returning rowid, id, kind, version, attempt, args, meta";

const COMPLETE: &str = "
    update job
    set state = 5, finished_at = ?2
    where rowid = ?1 and state = 4";

/// Claims and completes; a batch is completed in the transaction that claims the
/// next one, or in one of its own, whichever turns out faster.
pub fn measure(path: &Path, jobs: usize, batch: usize) -> Result<Figure> {
    let apart = measure_one(path, jobs, batch, Transactions::Apart)?;
    scratch::remove(path)?;
    let joined = measure_one(path, jobs, batch, Transactions::Joined)?;
    Ok(if joined.per_s() > apart.per_s() { joined } else { apart })
}

#[derive(Clone, Copy, PartialEq)]
enum Transactions {
    Apart,
    Joined,
}

fn measure_one(
    path: &Path,
    jobs: usize,
    batch: usize,
    transactions: Transactions,
) -> Result<Figure> {
    let mut connection = scratch::create(path)?;
    scratch::fill(&mut connection, jobs)?;
    let log_start = pages::log_bytes(&connection)?;
    let client_start = cpu::of_this_process()?;
    let start = Instant::now();
    let latencies = work(&connection, batch, transactions)?;
    let figure = Figure {
        jobs,
        elapsed: start.elapsed(),
        latencies,
        client_cpu: cpu::of_this_process()? - client_start,
        store_cpu: None,
        log_bytes: pages::log_bytes(&connection)? - log_start,
    };
    let completed = scratch::count(&connection, COMPLETED)?;
    ensure!(completed == jobs, "{completed} of {jobs} jobs completed");
    Ok(figure)
}

fn work(
    connection: &Connection,
    batch: usize,
    transactions: Transactions,
) -> Result<Vec<Duration>> {
    let mut claim = connection.prepare(CLAIM)?;
    let mut complete = connection.prepare(COMPLETE)?;
    let worker = Uuid::now_v7();
    let mut latencies = Vec::new();
    let mut claimed = Vec::new();
    loop {
        let start = Instant::now();
        let mut transaction = connection.unchecked_transaction()?;
        complete_all(&mut complete, &claimed)?;
        if transactions == Transactions::Apart {
            transaction.commit()?;
            transaction = connection.unchecked_transaction()?;
        }
        claimed = claim_some(&mut claim, batch, worker)?;
        transaction.commit()?;
        latencies.push(start.elapsed());
        if claimed.is_empty() {
            return Ok(latencies);
        }
    }
}

struct Claimed {
    rowid: i64,
    /// Read, as a worker needs it, though nothing runs here
    _args: String,
}

fn claim_some(claim: &mut Statement<'_>, batch: usize, worker: Uuid) -> Result<Vec<Claimed>> {
    let now = scratch::micros(SystemTime::now());
    let rows = claim.query_map(params![QUEUE, batch as i64, worker.as_bytes(), now], |row| {
        Ok(Claimed { rowid: row.get(0)?, _args: row.get(5)? })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn complete_all(complete: &mut Statement<'_>, claimed: &[Claimed]) -> Result<()> {
    let now = scratch::micros(SystemTime::now());
    for job in claimed {
        let changed = complete.execute(params![job.rowid, now])?;
        ensure!(changed == 1, "a claimed job was gone");
    }
    Ok(())
}
