//! Drafts of jobs: `job().priority(-5).due_in(MINUTE)`.

use std::time::Duration;

use windlass_core::batch::{Begins, Membership};
use windlass_core::condition::Waits;
use windlass_core::id::{BatchId, JobId};
use windlass_core::job::{Due, Expires, Fair, Identity, Lane, Limited, NewJob, Subject, Unique};
use windlass_core::json::Json;
use windlass_core::time::Timestamp;

/// The kind of a job for which a test has no other, at version 1.
pub const KIND: &str = "work";

/// A job that a test is about to enqueue.
#[derive(Debug, Clone)]
pub struct Draft(NewJob);

/// A job of [`KIND`] on the default queue, due at once.
#[must_use]
pub fn job() -> Draft {
    Draft(NewJob::new(KIND, Json::stored("null")))
}

/// Several such jobs.
pub fn jobs(number: usize) -> impl Iterator<Item = Draft> {
    (0..number).map(|_| job())
}

impl Draft {
    /// Of another kind.
    #[must_use]
    pub fn kind(mut self, kind: &str) -> Self {
        self.0.kind = kind.to_owned();
        self
    }

    /// With args of another version.
    #[must_use]
    pub fn version(mut self, version: u16) -> Self {
        self.0.version = version;
        self
    }

    /// On another queue.
    #[must_use]
    pub fn queue(mut self, queue: &str) -> Self {
        self.0.queue = queue.to_owned();
        self
    }

    /// Of another priority; smaller runs first.
    #[must_use]
    pub fn priority(mut self, priority: i16) -> Self {
        self.0.priority = priority;
        self
    }

    /// With these args, which must be JSON.
    #[must_use]
    pub fn args(mut self, json: &str) -> Self {
        self.0.args = Json::args(json).expect("a test's args are JSON within the limit");
        self
    }

    /// With args of this many bytes.
    #[must_use]
    pub fn bytes(self, bytes: usize) -> Self {
        let quotes = 2;
        self.args(&format!("\"{}\"", "x".repeat(bytes - quotes)))
    }

    /// The only one of its kind.
    #[must_use]
    pub fn unique(mut self, unique: Unique) -> Self {
        self.0.meta.unique = Some(unique);
        self
    }

    /// Not before these conditions are met.
    #[must_use]
    pub fn waits(mut self, waits: Waits) -> Self {
        self.0.meta.waits = Some(waits);
        self
    }

    /// In this batch, which is there or begins with another job of the call.
    #[must_use]
    pub fn member_of(mut self, batch: BatchId) -> Self {
        self.0.meta.member = Some(Membership::of(batch));
        self
    }

    /// The first job of this batch, which begins with it.
    #[must_use]
    pub fn begins(mut self, batch: BatchId, begins: Begins) -> Self {
        let begins = Some(Box::new(begins));
        self.0.meta.member = Some(Membership { begins, ..Membership::of(batch) });
        self
    }

    /// Found by a word.
    #[must_use]
    pub fn tag(mut self, tag: &str) -> Self {
        self.0.meta.tags.push(tag.to_owned());
        self
    }

    /// About a thing.
    #[must_use]
    pub fn subject(mut self, kind: &str, id: impl ToString) -> Self {
        self.0.meta.subjects.push(Subject::new(kind, id));
        self
    }

    /// One at a time with the others of its lane.
    #[must_use]
    pub fn lane(mut self, lane: Lane) -> Self {
        self.0.meta.lane = Some(lane);
        self
    }

    /// In the turns of a key.
    #[must_use]
    pub fn fair(mut self, fair: Fair) -> Self {
        self.0.meta.fair = Some(fair);
        self
    }

    /// What it takes of rates.
    #[must_use]
    pub fn cost(mut self, tokens: u16) -> Self {
        self.0.meta.cost = Some(tokens);
        self
    }

    /// One of so many of a key that run at once.
    #[must_use]
    pub fn limited(mut self, limited: Limited) -> Self {
        self.0.meta.limited = Some(limited);
        self
    }

    /// Due this long after it is enqueued.
    #[must_use]
    pub fn due_in(mut self, wait: Duration) -> Self {
        self.0.due = Due::In(wait);
        self
    }

    /// Due at a moment.
    #[must_use]
    pub fn due_at(mut self, moment: Timestamp) -> Self {
        self.0.due = Due::At(moment);
        self
    }

    /// To be started this long after it is due, or never.
    #[must_use]
    pub fn expires_in(self, time: Duration) -> Self {
        Self(self.0.expiring(Expires::In(time)))
    }

    /// How long its handler may run.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.0.meta.timeout_ms = Some(timeout.as_millis() as u64);
        self
    }

    /// Dead after this many failures.
    #[must_use]
    pub fn max_attempts(mut self, attempts: u16) -> Self {
        self.0.max_attempts = Some(attempts);
        self
    }

    /// Dead after this many losses.
    #[must_use]
    pub fn max_losses(mut self, losses: u16) -> Self {
        self.0.meta.max_losses = Some(losses);
        self
    }

    /// With an id that the caller chose.
    #[must_use]
    pub fn given(mut self, id: JobId) -> Self {
        self.0.id = id;
        self.0.identity = Identity::Given;
        self
    }

    /// The job as a store takes it.
    #[must_use]
    pub fn done(self) -> NewJob {
        self.0
    }
}
