//! Jobs that are in a batch or wait, and have nothing else by which others are looked at.
//!
//! What [`INSERT_MARKED`](super::unique::INSERT_MARKED) reads from their meta is bound here: a graph has many of them.

use std::collections::HashSet;

use rusqlite::{Connection, params};
use windlass_core::batch::Membership;
use windlass_core::condition::{Condition, Waits};
use windlass_core::id::{BatchId, JobId};
use windlass_core::job::{Enqueued, Identity, NewJob};
use windlass_core::time::Timestamp;

use crate::job::enqueue::{Binds, INSERT, INSERT_FRESH, is_plain};
use crate::job::lane_rules::has_rules;
use crate::row::{Digits, Id};

const MEMBER: &str = "insert into windlass_member (job, batch, step) \
     select ?1, id, ?3 from windlass_batch where id = ?2 and live";
/// Of the batch of the job before it.
const MEMBER_TOO: &str = "insert into windlass_member (job, batch, step) values (?1, ?2, ?3)";
/// Begins the batch, or says why the job cannot be in it.
const JOIN: &str = "insert into windlass_join (job, at, meta) values (?1, ?2, ?3)";
const ASK: &str = "insert into windlass_ask (job, nth, name, awaits, batch, or_cancel, ends, signal, at, asked_at) \
     values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
const ASKED: &str = "insert into windlass_asked (job, at) values (?1, ?2)";
/// For a job that was written before in the same call: there is nothing to look up.
const ASK_OPEN: &str = "insert into windlass_condition (job, nth, name, awaits, or_cancel, ends, state) \
     values (?1, ?2, ?3, ?4, ?5, ?6, 0)";

/// What one call has written before.
pub(super) struct Before {
    /// Jobs of which none has ended.
    jobs: Option<HashSet<JobId>>,
    /// The batch of the last one: it lives as long as that.
    batch: Option<BatchId>,
}

impl Before {
    /// None are noted where a job of the call may end one of them, by its key or in its lane.
    pub(super) fn of(jobs: &[NewJob]) -> Self {
        let may_end = |job: &NewJob| has_rules(job) || job.meta.unique.is_some();
        let is_noted = jobs.len() > 1 && !jobs.iter().any(may_end);
        Self { jobs: is_noted.then(HashSet::new), batch: None }
    }

    pub(super) fn note(&mut self, job: &NewJob, written: Enqueued) {
        if let (Some(jobs), Enqueued::New(id)) = (&mut self.jobs, written) {
            jobs.insert(id);
            self.batch = job.meta.member.as_ref().map(|member| member.batch);
        }
    }

    /// The job among them that this is a condition on.
    fn awaited(&self, condition: &Condition) -> Option<JobId> {
        condition.job().filter(|id| self.jobs.as_ref().is_some_and(|jobs| jobs.contains(id)))
    }
}

/// Whether a job can be written by [`write_joined`].
pub(super) fn is_joined(job: &NewJob) -> bool {
    job.identity == Identity::Fresh && job.meta.unique.is_none() && !job.meta.is_tagged()
}

/// Writes one.
pub(super) fn write_joined(
    connection: &Connection,
    job: &NewJob,
    (before, b): (&Before, &Binds<'_>),
) -> rusqlite::Result<()> {
    match is_plain(job, Timestamp::from_micros(b.created_at)) {
        true => connection.prepare_cached(INSERT_FRESH)?.execute(&b.all()[..14])?,
        false => connection.prepare_cached(INSERT)?.execute(&b.all()[..])?,
    };
    if let Some(member) = &job.meta.member {
        match member.begins.is_none() && before.batch == Some(member.batch) {
            true => connection.prepare_cached(MEMBER_TOO)?.execute(params![
                b.id,
                Digits::from(member.batch),
                member.step
            ])?,
            false => join(connection, member, b)?,
        };
    }
    match &job.meta.waits {
        Some(waits) => wait(connection, waits, (before, b)),
        None => Ok(()),
    }
}

fn join(connection: &Connection, member: &Membership, b: &Binds<'_>) -> rusqlite::Result<usize> {
    if member.begins.is_none() {
        let binds = params![b.id, Digits::from(member.batch), member.step];
        let joined = connection.prepare_cached(MEMBER)?.execute(binds)?;
        if joined > 0 {
            return Ok(joined);
        }
    }
    connection.prepare_cached(JOIN)?.execute(params![b.id, b.created_at, b.meta])
}

fn wait(
    connection: &Connection,
    waits: &Waits,
    (before, b): (&Before, &Binds<'_>),
) -> rusqlite::Result<()> {
    let may_cancel = waits.may_cancel();
    let mut is_open = waits.is_for_all()
        && waits.until(Timestamp::from_micros(b.created_at)).is_none()
        && waits.conditions() > 0;
    for (nth, one) in (1i64..).zip(waits.each()) {
        let (name, ends) = (one.name(), one.ends().bits());
        if let Some(job) = before.awaited(one) {
            let mut ask = connection.prepare_cached(ASK_OPEN)?;
            ask.execute(params![b.id, nth, name, Id::from(job), may_cancel, ends])?;
            continue;
        }
        is_open = false;
        let mut ask = connection.prepare_cached(ASK)?;
        let (job, batch) = (one.job().map(Id::from), one.batch().map(Digits::from));
        let (signal, at) = (one.signal(), one.at().map(Timestamp::as_micros));
        ask.execute(params![
            b.id,
            nth,
            name,
            job,
            batch,
            may_cancel,
            ends,
            signal,
            at,
            b.created_at
        ])?;
    }
    if is_open {
        return Ok(());
    }
    connection.prepare_cached(ASKED)?.execute(params![b.id, b.created_at]).map(drop)
}
