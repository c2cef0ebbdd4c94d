//! Look: one job with all that decides about it, in one snapshot.

use std::time::Duration;

use rusqlite::{Connection, params};
use windlass_core::condition::ConditionRecord;
use windlass_core::error::StoreError;
use windlass_core::id::JobId;
use windlass_core::job::{JobRecord, Look, Paused, State};
use windlass_core::limits::LINE;
use windlass_core::time::Timestamp;

use crate::condition::list;
use crate::health::leader;
use crate::job::{look_line, read};
use crate::row::{Id, all, one};
use crate::worker::list::workers;

const HELD_BY: &str = "select (select l.worker from windlass_lease l where l.id = p.lease), p.cancel \
     from windlass_pending p where p.id = ?1 and p.state = 4";
const QUEUE_PAUSED: &str = "select paused_at, paused_until, note from windlass_queue \
     where name = ?1 and paused_at is not null and coalesce(paused_until > ?2, 1)";
const KIND_PAUSED: &str = "select paused_at, paused_until, note from windlass_paused_kind \
     where kind = ?1 and coalesce(paused_until > ?2, 1)";
const AHEAD: &str = "select count(*) from (select 1 from windlass_pending \
     where queue = ?1 and state = 2 and line is null and (priority, run_at, id) < (?2, ?3, ?4) \
       and kind not in (select name from windlass_limit_rule where scope = 1) limit ?5)";
const AGES_EVERY: &str = "select every from windlass_queue_age where queue = ?1";
const KEY_HOLDER: &str =
    "select job from windlass_held_key where kind = ?1 and key = ?2 and held_until > ?3";

pub(crate) fn look(
    connection: &Connection,
    id: JobId,
    now: Timestamp,
) -> Result<Option<Look>, StoreError> {
    let Some(job) = read::job(connection, id)? else { return Ok(None) };
    let held = all(connection, HELD_BY, [Id::from(id)], |row| {
        Ok((row.get::<_, Option<Id>>(0)?.map(Id::worker), row.get(1)?))
    })?;
    let (held_by, cancel_reason) = held.into_iter().next().unwrap_or_default();
    Ok(Some(Look {
        now,
        held_by,
        cancel_reason,
        queue_paused: paused(connection, QUEUE_PAUSED, (&job.queue, now))?,
        kind_paused: paused(connection, KIND_PAUSED, (&job.kind, now))?,
        leader: leader::leader(connection)?,
        workers: workers(connection)?,
        ages_every: one(connection, AGES_EVERY, [&job.queue])?
            .map(|every: i64| Duration::from_micros(every.unsigned_abs())),
        ahead: ahead(connection, &job)?,
        in_line: look_line::in_line(connection, &job, now)?,
        conditions: conditions(connection, &job)?,
        key_holder: key_holder(connection, &job, now)?,
        // Who writes a file locks the whole of it, for as long as a commit takes.
        locked_by: None,
        job,
    }))
}

fn conditions(
    connection: &Connection,
    job: &JobRecord,
) -> Result<Vec<ConditionRecord>, StoreError> {
    match job.state {
        State::Waiting if job.meta.waits.is_some() => list::conditions(connection, job.id),
        _ => Ok(Vec::new()),
    }
}

fn paused(
    connection: &Connection,
    sql: &str,
    (name, now): (&str, Timestamp),
) -> Result<Option<Paused>, StoreError> {
    let pauses = all(connection, sql, params![name, now.as_micros()], |row| {
        Ok(Paused {
            since: Timestamp::from_micros(row.get(0)?),
            until: row.get::<_, Option<i64>>(1)?.map(Timestamp::from_micros),
            note: row.get(2)?,
        })
    })?;
    Ok(pauses.into_iter().next())
}

fn ahead(connection: &Connection, job: &JobRecord) -> Result<u64, StoreError> {
    if job.state != State::Available || job.meta.line.is_some() {
        return Ok(0);
    }
    let limit = LINE.cast_signed();
    let binds = params![job.queue, job.priority, job.run_at.as_micros(), Id::from(job.id), limit];
    let ahead: Option<i64> = one(connection, AHEAD, binds)?;
    Ok(ahead.unwrap_or_default().unsigned_abs())
}

fn key_holder(
    connection: &Connection,
    job: &JobRecord,
    now: Timestamp,
) -> Result<Option<JobId>, StoreError> {
    let Some(unique) = &job.meta.unique else { return Ok(None) };
    let binds = params![job.kind, unique.key(), now.as_micros()];
    Ok(one::<Id>(connection, KEY_HOLDER, binds)?.map(Id::job))
}
