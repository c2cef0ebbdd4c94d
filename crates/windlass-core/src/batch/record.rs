//! Batches as they are shown.

use serde::Serialize;

use crate::id::{BatchId, JobId};
use crate::job::State;
use crate::time::Timestamp;

/// A batch as it stands. What it says of its jobs is read from them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BatchRecord {
    /// The batch.
    pub id: BatchId,
    /// Its name; that of a workflow says which one it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// There is one batch with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The workflow whose steps it undoes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub undoes: Option<BatchId>,
    /// Whether its jobs have names.
    pub is_workflow: bool,
    /// How it stands.
    pub state: BatchState,
    /// When it was made.
    pub created_at: Timestamp,
    /// When all of its jobs had ended for the first time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<Timestamp>,
    /// How many of its jobs are where.
    pub jobs: BatchCounts,
}

/// How many jobs of a batch have ended in which way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct BatchCounts {
    /// Not yet.
    pub open: u64,
    /// Completed.
    pub completed: u64,
    /// Cancelled or expired.
    pub cancelled: u64,
    /// Dead.
    pub dead: u64,
}

impl BatchCounts {
    /// All of them.
    #[must_use]
    pub const fn all(&self) -> u64 {
        self.open + self.ended()
    }

    /// Those that have ended.
    #[must_use]
    pub const fn ended(&self) -> u64 {
        self.completed + self.cancelled + self.dead
    }

    /// Those that have ended otherwise than completed.
    #[must_use]
    pub const fn failed(&self) -> u64 {
        self.cancelled + self.dead
    }
}

/// How a batch stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum BatchState {
    /// It is not sealed: more jobs may come, and it does not end.
    Open,
    /// Some of its jobs have not ended.
    Running,
    /// Jobs have failed, and all others wait: nothing goes on before somebody retries, waives or cancels.
    Blocked,
    /// All jobs are completed.
    Completed,
    /// All jobs have ended, some of them otherwise: finished with failures.
    Failed,
}

/// What a store knows of how a batch stands.
#[derive(Debug, Clone, Copy)]
pub struct Standing {
    /// Whether more may come from outside.
    pub is_sealed: bool,
    /// Whether its jobs may end or come: not all have ended.
    pub is_live: bool,
    /// Whether none of its open jobs can go on by itself.
    pub is_stuck: bool,
}

impl BatchState {
    /// How a batch stands with these jobs.
    #[must_use]
    pub const fn of(standing: Standing, jobs: &BatchCounts) -> Self {
        match standing {
            Standing { is_live: false, .. } if jobs.failed() == 0 => Self::Completed,
            Standing { is_live: false, .. } => Self::Failed,
            Standing { is_stuck: true, .. } if jobs.failed() > 0 && jobs.open > 0 => Self::Blocked,
            Standing { is_sealed: false, .. } => Self::Open,
            _ => Self::Running,
        }
    }

    /// The word for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Running => "running",
            Self::Blocked => "blocked",
            Self::Completed => "completed",
            Self::Failed => "failed",
        }
    }

    /// Whether nothing goes on any more.
    #[must_use]
    pub const fn has_ended(self) -> bool {
        matches!(self, Self::Completed | Self::Failed)
    }
}

/// A job of a batch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MemberRecord {
    /// The job.
    pub job: JobId,
    /// Its name in a workflow.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step: Option<String>,
    /// How it has ended, where it has; it is kept when the job is pruned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended: Option<State>,
}

/// Which batches are listed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BatchFilter {
    /// Those with this name.
    pub name: Option<String>,
    /// The one with this key.
    pub key: Option<String>,
    /// Those that have not ended, or those that have.
    pub is_live: Option<bool>,
    /// Workflows, or batches whose jobs have no names.
    pub is_workflow: Option<bool>,
    /// The one that undoes this workflow.
    pub undoes: Option<BatchId>,
    /// Those made before this one.
    pub before: Option<BatchId>,
}

/// What came of sealing a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Sealed {
    /// It is sealed now.
    Now,
    /// It was sealed before.
    Before,
    /// There is no such batch.
    Missing,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_is_blocked_only_by_failures() {
        let live = Standing { is_sealed: true, is_live: true, is_stuck: true };
        let jobs = BatchCounts { open: 2, completed: 1, ..BatchCounts::default() };
        assert_eq!(BatchState::of(live, &jobs), BatchState::Running);
        let failed = BatchCounts { dead: 1, ..jobs };
        assert_eq!(BatchState::of(live, &failed), BatchState::Blocked);
        let moves = Standing { is_stuck: false, ..live };
        assert_eq!(BatchState::of(moves, &failed), BatchState::Running);
        let open = Standing { is_sealed: false, ..moves };
        assert_eq!(BatchState::of(open, &jobs), BatchState::Open);
        let over = Standing { is_live: false, ..live };
        assert_eq!(BatchState::of(over, &BatchCounts { open: 0, ..failed }), BatchState::Failed);
        assert_eq!(BatchState::of(over, &BatchCounts::default()), BatchState::Completed);
    }
}
