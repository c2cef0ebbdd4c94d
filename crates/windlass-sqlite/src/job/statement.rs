//! Statements for callers' own connections: the same text for every driver, with binds that are
//! only blob, text and integer.

use uuid::Uuid;
use windlass_core::job::Fence;
use windlass_core::json::Json;
use windlass_core::limits::KEEP_FINISHED;
use windlass_core::time::Timestamp;

/// Begins a transaction that writes. A deferred one fails, unasked for, when another process writes before it.
pub const BEGIN: &str = "begin immediate";

const FINISH: &str = "insert into windlass_finish (id, lease, label, output, finished_at, prune_at) \
     values (?1, ?2, ?3, ?4, ?5, ?6)";

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

/// What the error of [`finish`] says where the lease is lost.
pub const LEASE_LOST: &str = "windlass: the lease is lost";

/// Completes a running job inside the transaction the connection is in. One statement, so that a caller that stops
/// half-way has done all of it or nothing; it fails with [`LEASE_LOST`] where the lease is lost.
#[must_use]
pub fn finish(fence: &Fence, output: Option<&Json>) -> Statement {
    let now = Timestamp::wall_clock();
    let binds = vec![
        blob(fence.job.id.as_uuid()),
        blob(fence.lease.as_uuid()),
        text(&fence.label),
        Value::Text(output.map(|output| output.as_str().to_owned())),
        integer(now.as_micros()),
        integer(now.after(KEEP_FINISHED).as_micros()),
    ];
    Statement { sql: FINISH, binds }
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
