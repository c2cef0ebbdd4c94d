//! Jobs that are in a batch or wait, and have nothing else by which others are looked at.
//!
//! What [`INSERT_MARKED`](super::unique::INSERT_MARKED) reads from their meta is bound here: a graph has many of them.

use rusqlite::{Connection, params};
use windlass_core::batch::Membership;
use windlass_core::condition::Waits;
use windlass_core::job::{Identity, NewJob};

use crate::job::enqueue::{Binds, INSERT};
use crate::row::{Digits, Id};

/// An id may come again once its job is gone.
const FORGET: [&str; 2] =
    ["delete from windlass_condition where job = ?1", "delete from windlass_member where job = ?1"];
const MEMBER: &str = "insert into windlass_member (job, batch, step) \
     select ?1, id, ?3 from windlass_batch where id = ?2 and live";
/// Begins the batch, or says why the job cannot be in it.
const JOIN: &str = "insert into windlass_join (job, at, meta) values (?1, ?2, ?3)";
const ASK: &str = "insert into windlass_ask (job, nth, name, awaits, batch, or_cancel, ends, signal, at, asked_at) \
     values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
const ASKED: &str = "insert into windlass_asked (job, at) values (?1, ?2)";

/// Whether a job can be written by [`write_joined`].
pub(super) fn is_joined(job: &NewJob) -> bool {
    job.identity != Identity::Given && job.meta.unique.is_none() && !job.meta.is_tagged()
}

/// Writes one.
pub(super) fn write_joined(
    connection: &Connection,
    job: &NewJob,
    b: &Binds<'_>,
) -> rusqlite::Result<()> {
    if connection.prepare_cached(INSERT)?.execute(&b.all()[..])? == 0 {
        // It was there already, and keeps what it waits for.
        return Ok(());
    }
    for forget in FORGET {
        connection.prepare_cached(forget)?.execute([b.id])?;
    }
    if let Some(member) = &job.meta.member {
        join(connection, member, b)?;
    }
    match &job.meta.waits {
        Some(waits) => wait(connection, waits, b),
        None => Ok(()),
    }
}

fn join(connection: &Connection, member: &Membership, b: &Binds<'_>) -> rusqlite::Result<()> {
    let batch = Digits::from(member.batch);
    if member.begins.is_none()
        && connection.prepare_cached(MEMBER)?.execute(params![b.id, batch, member.step])? > 0
    {
        return Ok(());
    }
    connection.prepare_cached(JOIN)?.execute(params![b.id, b.created_at, b.meta]).map(drop)
}

fn wait(connection: &Connection, waits: &Waits, b: &Binds<'_>) -> rusqlite::Result<()> {
    let mut ask = connection.prepare_cached(ASK)?;
    for (nth, one) in (1i64..).zip(waits.each()) {
        ask.execute(params![
            b.id,
            nth,
            one.name(),
            one.job().map(Id::from),
            one.batch().map(Digits::from),
            waits.may_cancel(),
            one.ends().bits(),
            one.signal(),
            one.at().map(|at| at.as_micros()),
            b.created_at
        ])?;
    }
    connection.prepare_cached(ASKED)?.execute(params![b.id, b.created_at]).map(drop)
}
