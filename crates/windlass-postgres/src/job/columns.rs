//! Columns: jobs on their way back to the database, as the worker has them.

use std::collections::HashMap;

use tokio_postgres::types::Type;
use uuid::Uuid;
use windlass_core::id::{JobId, LeaseId};
use windlass_core::job::{Claimed, Meta};
use windlass_core::time::micros;

use crate::connection::Bind;
use crate::job::settle::Item;

/// What jobs of one batch have in common, as a rule.
#[derive(PartialEq, Eq, Hash, Clone, Copy)]
struct Common<'a> {
    lease: LeaseId,
    attempt: u32,
    failures: u32,
    version: u16,
    priority: i16,
    losses: u16,
    max_attempts: Option<u16>,
    queue: &'a str,
    kind: &'a str,
    root: Option<JobId>,
    parent: Option<JobId>,
    origin: Option<&'a str>,
    meta: &'a Meta,
    history: Option<&'a str>,
}

impl<'a> Common<'a> {
    fn of(lease: LeaseId, job: &'a Claimed) -> Self {
        Self {
            lease,
            attempt: job.attempt,
            failures: job.failures,
            version: job.version,
            priority: job.priority,
            losses: job.losses,
            max_attempts: job.max_attempts,
            queue: &job.queue,
            kind: &job.kind,
            root: job.root,
            parent: job.parent,
            origin: job.origin.as_deref(),
            meta: &job.meta,
            history: job.history.as_deref(),
        }
    }
}

/// The jobs of a settlement as arrays: what most of a batch have in common comes once.
#[derive(Default)]
pub(crate) struct Columns<'a> {
    jobs: Jobs<'a>,
    alike: Alike<'a>,
}

impl<'a> Columns<'a> {
    pub(crate) fn of(items: &[&Item<'a>]) -> Self {
        let mut columns = Self::default();
        let mut known: HashMap<Common<'a>, usize> = HashMap::new();
        let mut last: Option<(Common<'a>, usize)> = None;
        for item in items {
            let common = Common::of(item.lease, &item.settlement.job);
            let at = match last {
                Some((same, at)) if same == common => at,
                _ => *known.entry(common).or_insert_with(|| columns.alike.push(&common)),
            };
            last = Some((common, at));
            columns.alike.jobs[at] += 1;
            columns.jobs.push(item, at);
        }
        columns
    }

    /// Twenty-two binds: seven of each job, then fifteen of what is alike.
    pub(crate) fn bind<'b>(&'b self, binds: &mut Vec<Bind<'b>>) {
        self.jobs.bind(binds);
        self.alike.bind(binds);
    }
}

/// A row for each job.
#[derive(Default)]
struct Jobs<'a> {
    alike: Vec<i64>,
    id: Vec<Uuid>,
    run_at: Vec<i64>,
    created_at: Vec<i64>,
    ran: Vec<Option<i64>>,
    args: Vec<&'a str>,
    output: Vec<Option<&'a str>>,
}

impl<'a> Jobs<'a> {
    fn push(&mut self, item: &Item<'a>, at: usize) {
        let job = &item.settlement.job;
        // Ordinals count from 1.
        self.alike.push(i64::try_from(at + 1).unwrap_or(i64::MAX));
        self.id.push(job.id.as_uuid());
        self.run_at.push(job.run_at.as_micros());
        self.created_at.push(job.created_at.as_micros());
        self.ran.push(item.settlement.ran.map(micros));
        self.args.push(job.args.as_str());
        self.output.push(item.output);
    }

    fn bind<'b>(&'b self, binds: &mut Vec<Bind<'b>>) {
        let columns: [Bind<'b>; 7] = [
            (&self.alike, Type::INT8_ARRAY),
            (&self.id, Type::UUID_ARRAY),
            (&self.run_at, Type::INT8_ARRAY),
            (&self.created_at, Type::INT8_ARRAY),
            (&self.ran, Type::INT8_ARRAY),
            (&self.args, Type::TEXT_ARRAY),
            (&self.output, Type::TEXT_ARRAY),
        ];
        binds.extend(columns);
    }
}

/// A row for each [`Common`].
#[derive(Default)]
struct Alike<'a> {
    lease: Vec<Uuid>,
    attempt: Vec<i32>,
    failures: Vec<i32>,
    version: Vec<i16>,
    priority: Vec<i16>,
    losses: Vec<i16>,
    max_attempts: Vec<Option<i16>>,
    queue: Vec<&'a str>,
    kind: Vec<&'a str>,
    root: Vec<Option<Uuid>>,
    parent: Vec<Option<Uuid>>,
    origin: Vec<Option<&'a str>>,
    meta: Vec<Option<String>>,
    history: Vec<Option<&'a str>>,
    jobs: Vec<i64>,
}

impl<'a> Alike<'a> {
    /// Adds a row for no job yet; where it is.
    fn push(&mut self, common: &Common<'a>) -> usize {
        self.lease.push(common.lease.as_uuid());
        self.attempt.push(common.attempt.cast_signed());
        self.failures.push(common.failures.cast_signed());
        self.version.push(common.version.cast_signed());
        self.priority.push(common.priority);
        self.losses.push(common.losses.cast_signed());
        self.max_attempts.push(common.max_attempts.map(u16::cast_signed));
        self.queue.push(common.queue);
        self.kind.push(common.kind);
        self.root.push(common.root.map(|id| id.as_uuid()));
        self.parent.push(common.parent.map(|id| id.as_uuid()));
        self.origin.push(common.origin);
        self.meta.push(common.meta.to_stored());
        self.history.push(common.history);
        self.jobs.push(0);
        self.jobs.len() - 1
    }

    fn bind<'b>(&'b self, binds: &mut Vec<Bind<'b>>) {
        let columns: [Bind<'b>; 15] = [
            (&self.lease, Type::UUID_ARRAY),
            (&self.attempt, Type::INT4_ARRAY),
            (&self.failures, Type::INT4_ARRAY),
            (&self.version, Type::INT2_ARRAY),
            (&self.priority, Type::INT2_ARRAY),
            (&self.losses, Type::INT2_ARRAY),
            (&self.max_attempts, Type::INT2_ARRAY),
            (&self.queue, Type::TEXT_ARRAY),
            (&self.kind, Type::TEXT_ARRAY),
            (&self.root, Type::UUID_ARRAY),
            (&self.parent, Type::UUID_ARRAY),
            (&self.origin, Type::TEXT_ARRAY),
            (&self.meta, Type::TEXT_ARRAY),
            (&self.history, Type::TEXT_ARRAY),
            (&self.jobs, Type::INT8_ARRAY),
        ];
        binds.extend(columns);
    }
}
