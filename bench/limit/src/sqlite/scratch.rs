use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Result, ensure};
use rusqlite::{Connection, Statement, params};

use crate::job::{AVAILABLE, KIND, NewJob, QUEUE};

/// How long a connection waits for another one's write.
const PATIENCE: Duration = Duration::from_secs(60);

const INSERT: &str = "
    insert into job (id, queue, kind, version, state, priority, attempt, run_at, created_at, args)
    values (?1, ?2, ?3, 1, ?4, 0, 0, ?5, ?5, ?6)";

/// Opens a database with durable settings, and makes sure that they hold.
pub fn open(path: &Path) -> Result<Connection> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(PATIENCE)?;
    let mode: String = connection.query_row("pragma journal_mode = wal", [], |row| row.get(0))?;
    ensure!(mode == "wal", "journal mode is {mode}");
    connection.execute_batch("pragma synchronous = full")?;
    let level: i64 = connection.query_row("pragma synchronous", [], |row| row.get(0))?;
    ensure!(level == 2, "synchronous is {level}");
    Ok(connection)
}

pub fn create(path: &Path) -> Result<Connection> {
    let connection = open(path)?;
    connection.execute_batch(include_str!("tables.sql"))?;
    Ok(connection)
}

pub fn insert(connection: &Connection) -> Result<Statement<'_>> {
    Ok(connection.prepare(INSERT)?)
}

pub fn insert_job(insert: &mut Statement<'_>, job: &NewJob) -> Result<()> {
    let run_at = micros(job.run_at);
    insert.execute(params![job.id.as_bytes(), QUEUE, KIND, AVAILABLE, run_at, job.args])?;
    Ok(())
}

pub fn fill(connection: &mut Connection, jobs: usize) -> Result<()> {
    const ROWS: usize = 1000;
    for start in (0..jobs).step_by(ROWS) {
        let transaction = connection.transaction()?;
        {
            let mut statement = insert(&transaction)?;
            for _ in 0..ROWS.min(jobs - start) {
                insert_job(&mut statement, &NewJob::sample())?;
            }
        }
        transaction.commit()?;
    }
    connection.query_row("pragma wal_checkpoint(truncate)", [], |_| Ok(()))?;
    Ok(connection.execute_batch("analyze")?)
}

pub fn count(connection: &Connection, state: i16) -> Result<usize> {
    const COUNT: &str = "select count(*) from job where state = ?1";
    let count: i64 = connection.query_row(COUNT, [state], |row| row.get(0))?;
    Ok(count as usize)
}

pub fn remove(path: &Path) -> Result<()> {
    for suffix in ["", "-wal", "-shm"] {
        let mut file = path.as_os_str().to_owned();
        file.push(suffix);
        match fs::remove_file(PathBuf::from(file)) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error.into()),
            _ => {}
        }
    }
    Ok(())
}

pub fn micros(time: SystemTime) -> i64 {
    time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_micros() as i64)
}
