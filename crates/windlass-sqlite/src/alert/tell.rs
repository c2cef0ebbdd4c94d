//! Tell: what happens is told in the transaction that makes it true, where somebody wants it and nobody has muted it.

use rusqlite::{Connection, params};
use serde_json::json;
use windlass_core::alert::{AlertType, Fact, is_own};
use windlass_core::error::StoreError;
use windlass_core::id::{JobId, WorkerId};
use windlass_core::job::Attempt;
use windlass_core::subscription::Subscription;
use windlass_core::time::Timestamp;

use crate::event::publish::publish;
use crate::lease::jobs_of;
use crate::row::{Id, all, one};

const WANTED_BY: &str = "select definition from windlass_subscription where alerts";
const IS_MUTED: &str = "select exists (select 1 from windlass_alert_mute \
     where name in (?1, ?2, 'kind/' || ?3) and coalesce(until > ?4, 1))";
const DEAD: &str = "select kind, queue, attempt, failures, reason, history, root from windlass_finished where id = ?1";
const WORKER: &str = "select label, host, pid, build from windlass_worker where id = ?1";
const LEASES: &str = "select id from windlass_lease where worker = ?1";
const ROOT: &str = "select root from windlass_pending where id = ?1 and root is not null";

/// Tells of something, unless nobody wants it.
pub(crate) fn tell(connection: &Connection, fact: &Fact, now: Timestamp) -> Result<(), StoreError> {
    if is_wanted(connection, fact.alert)? && !is_muted(connection, fact, now)? {
        publish(connection, &[fact.event()], now)?;
    }
    Ok(())
}

fn is_wanted(connection: &Connection, alert: AlertType) -> Result<bool, StoreError> {
    let definitions = all(connection, WANTED_BY, [], |row| row.get::<_, String>(0))?;
    let wants = |text: &String| {
        let definition: Option<Subscription> = serde_json::from_str(text).ok();
        definition.is_some_and(|definition| alert.is_wanted(&definition.filter))
    };
    Ok(definitions.iter().any(wants))
}

fn is_muted(connection: &Connection, fact: &Fact, now: Timestamp) -> Result<bool, StoreError> {
    let binds = params![fact.alert.name(), fact.key(), fact.kind, now.as_micros()];
    Ok(one(connection, IS_MUTED, binds)?.unwrap_or(false))
}

/// Tells of a job that died, unless it comes of an event of Windlass's own: that would be told for ever.
pub(crate) fn dead(connection: &Connection, job: JobId, now: Timestamp) -> Result<(), StoreError> {
    if !is_wanted(connection, AlertType::JobDead)? {
        return Ok(());
    }
    let found = all(connection, DEAD, [Id::from(job)], |row| {
        let kind: String = row.get(0)?;
        let history: Option<String> = row.get(5)?;
        let history: Vec<Attempt> =
            history.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
        let data = json!({
            "job": job,
            "kind": kind,
            "queue": row.get::<_, String>(1)?,
            "attempts": row.get::<_, u32>(2)?,
            "failures": row.get::<_, u32>(3)?,
            "reason": row.get::<_, Option<String>>(4)?,
            "error": history.last().and_then(|attempt| attempt.error.as_deref()),
        });
        Ok((kind, data, row.get::<_, Option<Id>>(6)?))
    })?;
    let Some((kind, data, root)) = found.into_iter().next() else { return Ok(()) };
    if root.is_some_and(|root| is_own(root.job())) {
        return Ok(());
    }
    let (alert, subject) = (AlertType::JobDead, format!("job/{job}"));
    tell(connection, &Fact { alert, about: kind.clone(), subject, kind: Some(kind), data }, now)
}

/// Tells of a worker that is to be removed since it is gone, unless it ran what comes of an event of Windlass's own: that may be why.
pub(crate) fn lost(
    connection: &Connection,
    worker: WorkerId,
    now: Timestamp,
) -> Result<(), StoreError> {
    if !is_wanted(connection, AlertType::WorkerLost)? {
        return Ok(());
    }
    let mut jobs = Vec::new();
    for lease in all(connection, LEASES, [Id::from(worker)], |row| row.get::<_, Id>(0))? {
        jobs.extend(jobs_of(connection, lease.lease())?);
    }
    for job in &jobs {
        let root = one::<Id>(connection, ROOT, [Id::from(*job)])?;
        if root.is_some_and(|root| is_own(root.job())) {
            return Ok(());
        }
    }
    let found = all(connection, WORKER, [Id::from(worker)], |row| {
        let label: String = row.get(0)?;
        let data = json!({
            "worker": worker,
            "label": label,
            "host": row.get::<_, String>(1)?,
            "pid": row.get::<_, i64>(2)?,
            "build": row.get::<_, String>(3)?,
            "jobs": jobs.len(),
        });
        Ok((label, data))
    })?;
    let Some((label, data)) = found.into_iter().next() else { return Ok(()) };
    let (alert, subject) = (AlertType::WorkerLost, format!("worker/{label}"));
    tell(connection, &Fact { alert, about: label, subject, kind: None, data }, now)
}
