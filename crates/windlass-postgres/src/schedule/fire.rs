//! Fire: a schedule moves on and its jobs are written, if nobody else was here.

use std::time::Duration;

use serde_json::{Value, json};
use tokio_postgres::types::Type;
use windlass_core::error::StoreError;
use windlass_core::job::NewJob;
use windlass_core::schedule::{Fired, Firing};
use windlass_core::store::Now;
use windlass_core::time::Timestamp;

use super::put::written;
use crate::connection::{Bind, Connection, patience};
use crate::row::get;

const FIRE: &str = include_str!("fire.sql");

pub(crate) async fn fire(
    connection: &Connection,
    firings: &[Firing],
    now: Now,
) -> Result<Fired, StoreError> {
    let firings: Vec<Value> = firings.iter().map(firing).collect();
    let number = firings.len();
    let (text, patience) = (Value::Array(firings).to_string(), patience::setting());
    let now = now.micros();
    let binds: [Bind<'_>; 3] = [(&now, Type::INT8), (&text, Type::TEXT), (&patience, Type::TEXT)];
    let row = connection.query_one(FIRE, &binds).await?;
    let next_due = get::<Option<i64>>(&row, 1)?.map(|us| Duration::from_micros(us.unsigned_abs()));
    Ok(Fired { written: written(&row, number)?, next_due })
}

fn firing(firing: &Firing) -> Value {
    json!({
        "name": firing.name,
        "seen": firing.seen,
        "next": firing.next.as_micros(),
        "queued": firing.queued_due_at.map(Timestamp::as_micros),
        "last_due": firing.last_due_at.map(Timestamp::as_micros),
        "skipped": firing.skipped,
        "missed": firing.missed,
        "error": firing.error,
        "jobs": firing.jobs.iter().map(job).collect::<Vec<_>>(),
    })
}

/// Args and meta stay texts, so that not a byte of them changes.
fn job(job: &NewJob) -> Value {
    json!({
        "id": job.id.as_uuid().to_string(),
        "queue": job.queue,
        "kind": job.kind,
        "version": job.version,
        "priority": job.priority,
        "max_attempts": job.max_attempts,
        "args": job.args.as_str(),
        "origin": job.origin,
        "meta": job.stored_meta(),
    })
}
