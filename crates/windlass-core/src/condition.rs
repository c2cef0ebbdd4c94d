//! Conditions: what a job waits for before a worker may have it, and what meets them.

mod record;
mod signal;
mod waits;

pub use record::{Awaited, ConditionRecord, ConditionState};
pub use signal::{Signal, SignalAnswer, SignalRecord, Signalled, Waived};
pub(crate) use waits::check_order;
pub use waits::{Condition, Deadline, Ends, Overdue, Waits};

use crate::id::JobId;
use crate::reply::{Now, Reply};

/// The verbs of conditions. Each is one atomic change: what makes a job available does so in the transaction that meets its
/// last condition.
pub trait ConditionStore: Send + Sync {
    /// Tells all who wait for this key, and those who will. Committed when it returns.
    fn signal<'a>(&'a self, signal: &'a Signal, now: Now) -> Reply<'a, Signalled>;

    /// What has come of a key; `None` where nothing has yet.
    fn signalled<'a>(&'a self, key: &'a str) -> Reply<'a, Option<SignalRecord>>;

    /// A person lets a job pass one of its conditions.
    fn waive<'a>(
        &'a self,
        job: JobId,
        name: &'a str,
        note: Option<&'a str>,
        now: Now,
    ) -> Reply<'a, Waived>;

    /// The conditions of a job, in the order in which they were declared.
    fn conditions(&self, job: JobId) -> Reply<'_, Vec<ConditionRecord>>;
}
