//! Look: one job with all that decides about it, in one statement.

use std::time::Duration;

use serde::Deserialize;
use tokio_postgres::Row;
use tokio_postgres::types::Type;
use uuid::Uuid;
use windlass_core::error::StoreError;
use windlass_core::id::{JobId, WorkerId};
use windlass_core::job::{Lead, Look, Paused, State};
use windlass_core::limits::{LINE, OTHER_LINES, PLACE_HOLDERS};
use windlass_core::store::Now;
use windlass_core::time::Timestamp;
use windlass_core::worker::{LivesWith, MinimumBuild, WorkerRecord, held_back};

use crate::condition::list;
use crate::connection::{Bind, Connection};
use crate::job::look_line;
use crate::row::{get, key, record};

const LOOK: &str = include_str!("look.sql");

pub(crate) async fn look(
    connection: &Connection,
    id: JobId,
    now: Now,
) -> Result<Option<Look>, StoreError> {
    let (id, now, line) = (id.as_uuid(), now.micros(), LINE.cast_signed());
    let number = |number| i32::try_from(number).unwrap_or(i32::MAX);
    let (others, holders) = (number(OTHER_LINES), number(PLACE_HOLDERS));
    let binds: [Bind<'_>; 5] = [
        (&id, Type::UUID),
        (&now, Type::INT8),
        (&line, Type::INT8),
        (&others, Type::INT4),
        (&holders, Type::INT4),
    ];
    let rows = connection.query(LOOK, &binds).await?;
    let Some(mut look) = rows.first().map(read_look).transpose()? else { return Ok(None) };
    if look.job.meta.waits.is_some() && look.job.state == State::Waiting {
        look.conditions = list::conditions(connection, look.job.id).await?;
    }
    Ok(Some(look))
}

fn read_look(row: &Row) -> Result<Look, StoreError> {
    let moment = |at| Ok::<_, StoreError>(get::<Option<i64>>(row, at)?.map(Timestamp::from_micros));
    let paused = |since, until, note| {
        let (until, note) = (moment(until)?, get(row, note)?);
        Ok::<_, StoreError>(moment(since)?.map(|since| Paused { since, until, note }))
    };
    let leader = get::<Option<Uuid>>(row, 29)?.map(WorkerId::from_uuid);
    Ok(Look {
        job: record(row)?,
        now: Timestamp::from_micros(get(row, 24)?),
        held_by: get::<Option<Uuid>>(row, 25)?.map(WorkerId::from_uuid),
        cancel_reason: get(row, 26)?,
        queue_paused: paused(27, 35, 28)?,
        kind_paused: paused(36, 37, 38)?,
        leader: leader.zip(moment(30)?).map(|(worker, until)| Lead { worker, until }),
        ages_every: get::<Option<i64>>(row, 43)?
            .map(|every| Duration::from_micros(every.unsigned_abs())),
        ahead: get::<i64>(row, 31)?.unsigned_abs(),
        key_holder: get::<Option<Uuid>>(row, 32)?.map(JobId::from_uuid),
        locked_by: get(row, 33)?,
        workers: workers(get(row, 34)?, get(row, 42)?)?,
        in_line: look_line::in_line(row)?,
        conditions: Vec::new(),
    })
}

/// A worker as the statement gives it.
#[derive(Deserialize)]
struct Worker {
    id: WorkerId,
    label: String,
    host: String,
    pid: u32,
    build: String,
    queues: Vec<String>,
    handlers: Vec<String>,
    slots: u32,
    started_at: i64,
    seen_at: i64,
    expires_at: i64,
    quiet: bool,
    stopping: bool,
    running: u64,
}

/// A minimum build as the statement gives it.
#[derive(Deserialize)]
struct Minimum {
    program: String,
    version: String,
    note: Option<String>,
}

fn workers(json: &str, minimums: Option<&str>) -> Result<Vec<WorkerRecord>, StoreError> {
    let unread = |error| StoreError::Backend(Box::new(error));
    let workers: Vec<Worker> = serde_json::from_str(json).map_err(unread)?;
    let minimums: Vec<Minimum> = serde_json::from_str(minimums.unwrap_or("[]")).map_err(unread)?;
    let stored = |m: Minimum| MinimumBuild::stored(m.program, &m.version, m.note);
    let minimums: Vec<MinimumBuild> = minimums.into_iter().filter_map(stored).collect();
    Ok(workers.into_iter().map(|one| worker(one, &minimums)).collect())
}

fn worker(worker: Worker, minimums: &[MinimumBuild]) -> WorkerRecord {
    WorkerRecord {
        lives_with: LivesWith::default(),
        held_back: held_back(&worker.build, minimums).cloned(),
        id: worker.id,
        label: worker.label,
        host: worker.host,
        pid: worker.pid,
        build: worker.build,
        queues: worker.queues,
        handlers: worker.handlers.iter().filter_map(|text| key(text)).collect(),
        slots: worker.slots,
        kind_slots: std::collections::BTreeMap::new(),
        started_at: Timestamp::from_micros(worker.started_at),
        seen_at: Timestamp::from_micros(worker.seen_at),
        expires_at: Timestamp::from_micros(worker.expires_at),
        claimed_at: None,
        quiet: worker.quiet,
        stopping: worker.stopping,
        running: worker.running,
    }
}
