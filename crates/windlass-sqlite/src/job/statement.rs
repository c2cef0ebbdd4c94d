//! Statements for callers' own connections: the same text for every driver, with binds that are
//! only blob, text and integer.

use uuid::Uuid;
use windlass_core::job::{Fence, State};
use windlass_core::json::Json;
use windlass_core::limits::KEEP_FINISHED;
use windlass_core::time::Timestamp;

use crate::job::complete::{REMOVE, WRITE};
use crate::job::finish::ADD_JOB_COUNT;
use crate::job::settle::{DROP_EMPTY, SETTLED_ONE};

/// Begins a transaction that writes. A deferred one fails, unasked for, when another process writes before it.
pub const BEGIN: &str = "begin immediate";

/// Makes many statements all or none, inside a transaction and outside of one.
pub const SAVEPOINT: &str = "savepoint windlass_enqueue";
/// Keeps what was written since [`SAVEPOINT`].
pub const RELEASE: &str = "release windlass_enqueue";
/// Undoes what was written since [`SAVEPOINT`].
pub const UNDO: &str = "rollback to windlass_enqueue; release windlass_enqueue";

/// A bind that every driver knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// `blob`
    Blob(Option<Vec<u8>>),
    /// `text`
    Text(Option<String>),
    /// `integer`
    Integer(Option<i64>),
}

/// A statement with its binds in order.
#[derive(Debug, Clone)]
pub struct Statement {
    /// The text.
    pub sql: &'static str,
    /// The binds, in order.
    pub binds: Vec<Value>,
}

/// Completes a running job inside the transaction the connection is in. To be run in order; where
/// the first changes no row the lease is lost, and none of the others may follow.
#[must_use]
pub fn finish(fence: &Fence, output: Option<&Json>) -> [Statement; 5] {
    let (job, lease) = (blob(fence.job.id.as_uuid()), blob(fence.lease.as_uuid()));
    let completed = i64::from(State::Completed.code());
    let job_counts = vec![text(&fence.job.queue), integer(completed), integer(1)];
    [
        Statement { sql: REMOVE, binds: vec![job, lease.clone()] },
        Statement { sql: WRITE, binds: finished(fence, output, Timestamp::wall_clock()) },
        Statement { sql: ADD_JOB_COUNT, binds: job_counts },
        Statement { sql: SETTLED_ONE, binds: vec![lease.clone(), integer(1)] },
        Statement { sql: DROP_EMPTY, binds: vec![lease] },
    ]
}

fn finished(fence: &Fence, output: Option<&Json>, now: Timestamp) -> Vec<Value> {
    let job = &fence.job;
    vec![
        blob(job.id.as_uuid()),
        text(&job.queue),
        text(&job.kind),
        integer(job.version),
        integer(job.priority),
        integer(job.attempt),
        integer(job.failures),
        integer(job.losses),
        Value::Integer(job.max_attempts.map(i64::from)),
        integer(job.run_at.as_micros()),
        integer(job.created_at.as_micros()),
        // Only the engine knows how long it ran.
        Value::Integer(None),
        integer(now.as_micros()),
        integer(now.after(KEEP_FINISHED).as_micros()),
        text(&fence.label),
        text(job.args.as_str()),
        Value::Text(output.map(|output| output.as_str().to_owned())),
        Value::Blob(job.root.map(|id| id.as_uuid().as_bytes().to_vec())),
        Value::Blob(job.parent.map(|id| id.as_uuid().as_bytes().to_vec())),
        Value::Text(job.origin.clone()),
        Value::Text(job.meta.to_stored()),
        Value::Text(job.history.as_deref().map(str::to_owned)),
    ]
}

fn blob(id: Uuid) -> Value {
    Value::Blob(Some(id.as_bytes().to_vec()))
}

fn text(value: &str) -> Value {
    Value::Text(Some(value.to_owned()))
}

fn integer(value: impl Into<i64>) -> Value {
    Value::Integer(Some(value.into()))
}
