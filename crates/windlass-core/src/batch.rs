//! Batches: jobs that belong together. A batch ends when all of them have; a workflow is a batch whose jobs have names and wait
//! for each other.

mod graph;
mod member;
mod new;
mod order;
mod record;
mod start;
mod workflow;

pub use graph::{WorkflowRecord, WorkflowStep};
pub use member::{Begins, Membership};
pub use new::{Batch, IntoBatch, Started};
pub use record::{
    BatchCounts, BatchFilter, BatchRecord, BatchState, MemberRecord, Sealed, Standing,
};

pub use workflow::{Step, Workflow};

use crate::id::{BatchId, JobId};
use crate::reply::{Now, Reply};

/// The verbs of batches. Jobs are written into a batch by an enqueue, and end in it by whatever ends them.
pub trait BatchStore: Send + Sync {
    /// Makes a batch that has no jobs yet and is open until it is sealed; `false` where there is one with this id.
    fn open_batch<'a>(&'a self, batch: BatchId, begins: &'a Begins, now: Now) -> Reply<'a, bool>;

    /// No more is to come from outside: the batch ends with the last of its jobs, at once where all have.
    fn seal_batch(&self, batch: BatchId, now: Now) -> Reply<'_, Sealed>;

    /// One batch.
    fn batch(&self, batch: BatchId) -> Reply<'_, Option<BatchRecord>>;

    /// Batches that match, newest first.
    fn batches<'a>(&'a self, filter: &'a BatchFilter, limit: usize) -> Reply<'a, Vec<BatchRecord>>;

    /// The jobs of a batch, oldest first, those after this one.
    fn members(
        &self,
        batch: BatchId,
        after: Option<JobId>,
        limit: usize,
    ) -> Reply<'_, Vec<MemberRecord>>;
}
