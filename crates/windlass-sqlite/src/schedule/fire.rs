//! Fire: a schedule moves on and its jobs are written, if nobody else was here.

use std::slice;

use rusqlite::{Connection, params};
use serde_json::json;
use windlass_core::alert::{AlertType, Fact};
use windlass_core::error::StoreError;
use windlass_core::id::JobId;
use windlass_core::job::NewJob;
use windlass_core::schedule::{Fired, Firing};
use windlass_core::time::Timestamp;

use super::due;
use crate::alert::tell::tell;
use crate::job::enqueue::enqueue;
use crate::job::unique::Rejected;
use crate::row::{Id, one, run};

const FIRE: &str = "update windlass_schedule \
     set next_at = ?3, queued_due_at = ?4, last_due_at = ?5, skipped = skipped + ?6, missed = missed + ?7, error = ?8, \
         revision = revision + 1 \
     where name = ?1 and revision = ?2";
const KIND: &str = "select kind from windlass_schedule where name = ?1";
const REMEMBER: &str =
    "update windlass_schedule set last_job = ?2, fired = fired + ?3 where name = ?1";

pub(crate) fn fire(
    connection: &Connection,
    firings: &[Firing],
    now: Timestamp,
) -> Result<Fired, StoreError> {
    let mut written = Vec::with_capacity(firings.len());
    for firing in firings {
        written.push(fire_one(connection, firing, now)?);
    }
    let next_due = due::next(connection)?.map(|next| next.since(now));
    Ok(Fired { written, next_due })
}

fn fire_one(connection: &Connection, firing: &Firing, now: Timestamp) -> Result<bool, StoreError> {
    let number = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    let moved = run(
        connection,
        FIRE,
        params![
            firing.name,
            firing.seen,
            firing.next.as_micros(),
            firing.queued_due_at.map(Timestamp::as_micros),
            firing.last_due_at.map(Timestamp::as_micros),
            number(firing.skipped),
            number(firing.missed),
            firing.error,
        ],
    )?;
    if moved == 0 {
        return Ok(false);
    }
    if firing.missed > 0 {
        tell_missed(connection, firing, now)?;
    }
    let (mut last, mut fired) = (None, 0);
    for job in &firing.jobs {
        let standing = write(connection, job, now)?;
        fired += i64::from(standing == job.id);
        last = Some(standing);
    }
    if let Some(job) = last {
        run(connection, REMEMBER, params![firing.name, Id::from(job), fired])?;
    }
    Ok(true)
}

fn tell_missed(connection: &Connection, firing: &Firing, now: Timestamp) -> Result<(), StoreError> {
    let kind: Option<String> = one(connection, KIND, [&firing.name])?;
    let (name, runs) = (&firing.name, firing.missed);
    let data = json!({ "schedule": name, "kind": kind, "runs": runs });
    let (alert, subject) = (AlertType::ScheduleMissed, format!("schedule/{name}"));
    tell(connection, &Fact { alert, about: name.clone(), subject, kind, data }, now)
}

/// Writes one job; the job that stands for it, which is another where its unique key is held.
fn write(connection: &Connection, job: &NewJob, now: Timestamp) -> Result<JobId, StoreError> {
    let one = slice::from_ref(job);
    match enqueue(connection, one, now) {
        Ok(answers) => Ok(answers.first().map_or(job.id, |answer| answer.id())),
        Err(error) => {
            let Some(rejected) = Rejected::of(one, &error) else { return Err(error) };
            rejected.note(connection, now)?;
            Ok(rejected.holder)
        }
    }
}
