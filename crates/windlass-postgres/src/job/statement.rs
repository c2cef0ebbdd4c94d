//! Statements for callers' own connections: the same text for every driver, with binds that are
//! only text, int2 and int8, and arrays of these.

use std::borrow::Cow;
use std::time::Duration;
use windlass_core::job::{Due, Fence, Identity, NewJob};
use windlass_core::json::Json;
use windlass_core::limits::KEEP_FINISHED;
use windlass_core::store::Now;
use windlass_core::time::{Timestamp, micros};

use crate::connection::in_schema;

/// A bind that every driver knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// `text`
    Text(Option<String>),
    /// `int2`
    Small(Option<i16>),
    /// `int8`
    Big(Option<i64>),
    /// `text[]`
    Texts(Vec<Option<String>>),
    /// `int2[]`
    Smalls(Vec<Option<i16>>),
    /// `int8[]`
    Bigs(Vec<Option<i64>>),
}

/// A statement with its binds in order. One that writes one job answers one row whose first column is an
/// `int8`: how many it wrote.
#[derive(Debug, Clone)]
pub struct Statement {
    /// The text.
    pub sql: Cow<'static, str>,
    /// The binds, in order.
    pub binds: Vec<Value>,
}

fn text(value: impl ToString) -> Value {
    Value::Text(Some(value.to_string()))
}

/// [`enqueue_fresh`]'s statement with binds of the right kinds, for callers that prepare it.
#[must_use]
pub fn enqueue_prepared(schema: &str) -> Statement {
    enqueue_fresh(&NewJob::new("any", Json::stored("null")), schema)
}

/// Writes one job whose id is new inside the transaction the connection is in: visible and
/// awake-making when that commits, gone when it rolls back. For callers that keep statements
/// prepared: unprepared, planning it costs more than running it.
#[must_use]
pub fn enqueue_fresh(job: &NewJob, schema: &str) -> Statement {
    Statement { sql: in_schema(include_str!("enqueue_fresh.sql"), schema), binds: binds(job) }
}

/// The same for any job and for callers that prepare nothing.
#[must_use]
pub fn enqueue(job: &NewJob, schema: &str) -> Statement {
    let mut binds = binds(job);
    binds.push(Value::Small(Some(i16::from(job.identity == Identity::Given))));
    Statement { sql: in_schema(include_str!("enqueue_one.sql"), schema), binds }
}

fn binds(job: &NewJob) -> Vec<Value> {
    let (at, delay) = match job.due {
        Due::Now => (None, 0),
        Due::In(delay) => (None, micros(delay)),
        Due::At(moment) => (Some(moment.as_micros()), 0),
    };
    vec![
        text(job.id.as_uuid()),
        text(&job.queue),
        text(&job.kind),
        Value::Small(Some(job.version.cast_signed())),
        Value::Small(Some(job.priority)),
        Value::Small(job.max_attempts.map(u16::cast_signed)),
        Value::Big(at),
        Value::Big(Some(delay)),
        text(job.args.as_str()),
        Value::Text(job.root.map(|id| id.as_uuid().to_string())),
        Value::Text(job.parent.map(|id| id.as_uuid().to_string())),
        Value::Text(job.origin.clone()),
        Value::Text(job.stored_meta()),
    ]
}

/// Writes many jobs. It answers a row for each that was written, with its id as `text`.
#[must_use]
pub fn enqueue_all(jobs: &[NewJob], schema: &str) -> Statement {
    enqueue_all_at(jobs, schema, Now::Database)
}

/// The same at a moment.
pub(crate) fn enqueue_all_at(jobs: &[NewJob], schema: &str, now: Now) -> Statement {
    let all_fresh = jobs.iter().all(|job| job.identity == Identity::Fresh);
    let sql = if all_fresh {
        include_str!("enqueue_all.sql")
    } else {
        include_str!("enqueue_all_given.sql")
    };
    let rows: Vec<Vec<Value>> = jobs.iter().map(binds).collect();
    let columns = rows.first().map_or(0, Vec::len);
    let mut rows: Vec<_> = rows.into_iter().map(Vec::into_iter).collect();
    let columns = (0..columns).map(|_| column(rows.iter_mut().filter_map(Iterator::next)));
    let binds = columns.chain([Value::Big(now.micros())]).collect();
    Statement { sql: in_schema(sql, schema), binds }
}

/// The same bind of many jobs as one array.
fn column(values: impl Iterator<Item = Value>) -> Value {
    let (mut texts, mut smalls, mut bigs) = (Vec::new(), Vec::new(), Vec::new());
    for value in values {
        match value {
            Value::Text(text) => texts.push(text),
            Value::Small(number) => smalls.push(number),
            Value::Big(number) => bigs.push(number),
            Value::Texts(_) | Value::Smalls(_) | Value::Bigs(_) => {
                unreachable!("a job has no arrays")
            }
        }
    }
    match (texts.is_empty(), smalls.is_empty()) {
        (false, _) => Value::Texts(texts),
        (true, false) => Value::Smalls(smalls),
        (true, true) => Value::Bigs(bigs),
    }
}

/// Completes a running job inside the transaction the connection is in. It writes nothing where
/// the lease is lost.
#[must_use]
pub fn finish(fence: &Fence, output: Option<&Json>, schema: &str) -> Statement {
    finish_after(fence, (output, None), (schema, Now::Database))
}

/// The same of a job of which it is known how long it ran.
pub(crate) fn finish_after(
    fence: &Fence,
    (output, ran): (Option<&Json>, Option<Duration>),
    (schema, now): (&str, Now),
) -> Statement {
    let job = &fence.job;
    let moment = |at: Timestamp| Value::Big(Some(at.as_micros()));
    let number = |n: u32| Value::Big(Some(i64::from(n)));
    let binds = vec![
        text(fence.lease.as_uuid()),
        text(fence.worker.as_uuid()),
        Value::Small(Some(job.position)),
        text(job.id.as_uuid()),
        moment(job.run_at),
        moment(job.created_at),
        Value::Big(Some(micros(KEEP_FINISHED))),
        number(job.attempt),
        number(job.failures),
        Value::Small(Some(job.version.cast_signed())),
        Value::Small(Some(job.priority)),
        Value::Small(Some(job.losses.cast_signed())),
        Value::Small(job.max_attempts.map(u16::cast_signed)),
        text(&job.queue),
        text(&job.kind),
        text(job.args.as_str()),
        text(&fence.label),
        Value::Text(output.map(|json| json.to_string())),
        Value::Text(job.root.map(|id| id.as_uuid().to_string())),
        Value::Text(job.parent.map(|id| id.as_uuid().to_string())),
        Value::Text(job.origin.clone()),
        Value::Text(job.meta.to_stored()),
        Value::Text(job.history.as_deref().map(str::to_owned)),
        Value::Big(ran.map(micros)),
        Value::Big(now.micros()),
    ];
    Statement { sql: in_schema(include_str!("finish_one.sql"), schema), binds }
}
