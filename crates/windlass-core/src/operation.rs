//! Operations: one change of many jobs, found by a filter, as a thing of its own that can be watched, paused, stopped and undone.
//!
//! An operation works in rounds, each of a bounded number of jobs and one transaction: it notes each job as it was, does to it
//! what the verb of jobs does, and goes on from there. A round belongs to nobody: the leader's maintenance calls it, and
//! a program that waits for an operation may. The jobs are those that matched when it began: what is written or ends later is none of
//! them. What was noted is kept for some time after its end, and puts back every job that nobody has touched since.

mod action;
mod new;
mod record;
mod round;
mod skipped;

pub use action::Action;
pub use new::{NewOperation, Preview};
pub use record::{OperationRecord, OperationState, Progress};
pub use round::{Control, Controlled, Round, Which, chunk, next_at, within};
pub use skipped::{Skipped, Why};

use crate::id::OperationId;
use crate::reply::{Now, Reply};

/// The verbs of operations.
pub trait OperationStore: Send + Sync {
    /// What an operation would find: how many jobs, counted within a time, and so many of them. Nothing is written.
    fn preview_operation<'a>(
        &'a self,
        new: &'a NewOperation,
        samples: usize,
        now: Now,
    ) -> Reply<'a, Preview>;

    /// Begins an operation: its jobs are those that match now. A second call with its id changes nothing and answers what
    /// the first one began. `Conflict` where it expects another number of jobs than match; nothing is written then.
    fn start_operation<'a>(&'a self, new: &'a NewOperation, now: Now)
    -> Reply<'a, OperationRecord>;

    /// One operation.
    fn operation(&self, id: OperationId) -> Reply<'_, Option<OperationRecord>>;

    /// Operations older than this one, or the newest; newest first.
    fn operations(
        &self,
        before: Option<OperationId>,
        limit: usize,
    ) -> Reply<'_, Vec<OperationRecord>>;

    /// One round of at most so many jobs, of the operation whose turn it is or of this one: of one that is undone, backwards.
    /// Two at the same moment are of two operations, or the later one does nothing.
    fn operation_round(&self, which: Which, most: usize, now: Now) -> Reply<'_, Round>;

    /// Pauses, resumes, stops or undoes an operation, where its state allows that.
    fn control_operation(
        &self,
        id: OperationId,
        control: Control,
        now: Now,
    ) -> Reply<'_, Controlled>;
}
