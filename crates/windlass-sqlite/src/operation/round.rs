//! A round: the next jobs of an operation, each noted as it was and changed.

use rusqlite::{Connection, params};
use windlass_core::error::StoreError;
use windlass_core::id::{JobId, OperationId, WorkerId};
use windlass_core::job::{Cancelled, Moved, Retried, State};
use windlass_core::limits::{OPERATION_LOOK, OPERATION_UNDO};
use windlass_core::operation::{
    Action, OperationRecord, OperationState, Progress, Round, Which, Why, chunk, next_at,
};
use windlass_core::time::Timestamp;

use super::delete::{Deleted, delete};
use super::find::{Walk, Wanted};
use super::note::{note, strike};
use super::{list, next, undo};
use crate::job::cancel::cancel;
use crate::job::move_jobs::move_jobs;
use crate::job::retry::retry;
use crate::job::settle::SettleContext;
use crate::row::{Count, Id, all, one, run};
use crate::store::context;

/// Parts that one round looks at, where nothing in them matches.
const PARTS: usize = 4;
const TURN: &str = "select id, branch, last_job, next_at from windlass_operation \
     where state in ('running', 'undoing') and next_at <= ?1 and (?2 is null or id = ?2) order by next_at, id limit 1";
const NEXT_OF: &str =
    "select next_at from windlass_operation where state in ('running', 'undoing') and id = ?1";
const ONWARD: &str = "update windlass_operation set done = ?2, requested = ?3, skipped = ?4, undone = ?5, kept = ?6, \
     branch = ?7, last_job = ?8, next_at = ?9 where id = ?1";
const END: &str =
    "update windlass_operation set state = ?2, ended_at = ?3, undo_until = ?4 where id = ?1";

/// What a round did, and the workers that were asked to stop one of its jobs.
pub(super) struct Worked {
    pub(super) round: Round,
    pub(super) asked: Vec<WorkerId>,
}

/// An operation whose turn it is.
struct Turn {
    record: OperationRecord,
    walk: Walk,
    due: Timestamp,
    is_over: bool,
}

pub(super) fn round(
    connection: &Connection,
    (which, most): (Which, usize),
    now: Timestamp,
) -> Result<Worked, StoreError> {
    let mut asked = Vec::new();
    let mut done = Round::default();
    if let Some(mut turn) = turn(connection, which, now)? {
        let before = turn.record.progress.clone();
        let context = context(connection, "", now);
        match turn.record.state {
            OperationState::Undoing => undo(&context, &mut turn, most)?,
            _ => go_on(&context, &mut turn, (most, &mut asked))?,
        }
        done.operation = Some(turn.record.id);
        done.jobs = passed(&turn.record.progress) - passed(&before);
        keep(connection, &turn, (&before, now))?;
    }
    done.next = match which {
        Which::Next => next(connection, now)?,
        Which::Of(id) => {
            let next: Option<i64> = one(connection, NEXT_OF, [Id::from(id)])?;
            next.map(|at| Timestamp::from_micros(at).since(now))
        }
    };
    Ok(Worked { round: done, asked })
}

fn passed(progress: &Progress) -> u64 {
    progress.looked() + progress.undone + progress.kept.total()
}

fn turn(connection: &Connection, which: Which, now: Timestamp) -> Result<Option<Turn>, StoreError> {
    let binds = params![now.as_micros(), which.id().map(Id::from)];
    let found = all(connection, TURN, binds, |row| {
        let walk =
            Walk { branch: usize::from(row.get::<_, u8>(1)?), after: row.get::<_, Id>(2)?.job() };
        Ok((row.get::<_, Id>(0)?.0, walk, Timestamp::from_micros(row.get(3)?)))
    })?;
    let Some((id, walk, due)) = found.into_iter().next() else { return Ok(None) };
    let id = OperationId::from_uuid(id);
    let record = list::operation(connection, id)?.ok_or_else(|| id.missing())?;
    Ok(Some(Turn { record, walk, due, is_over: false }))
}

/// Goes through the next jobs.
fn go_on(
    context: &SettleContext<'_>,
    turn: &mut Turn,
    (most, asked): (usize, &mut Vec<WorkerId>),
) -> Result<(), StoreError> {
    let record = &mut turn.record;
    let left = record.matched.map(|matched| matched.saturating_sub(record.progress.looked()));
    let most = chunk(most, left, record.pace);
    let id = Id::from(record.id);
    let filter = record.filter.clone();
    let wanted =
        Wanted { filter: &filter, at: record.created_at, but_of: Some(id), look: OPERATION_LOOK };
    let mut jobs = Vec::new();
    for _ in 0..PARTS {
        if turn.walk.is_over() || jobs.len() >= most {
            break;
        }
        let (found, walk) = wanted.next(context.connection, (turn.walk, most - jobs.len()))?;
        jobs.extend(found);
        turn.walk = walk;
    }
    for job in jobs {
        change(context, (record, job), asked)?;
    }
    let is_all = record.matched.is_some_and(|matched| record.progress.looked() >= matched);
    turn.is_over = turn.walk.is_over() || is_all;
    Ok(())
}

/// What happened to one job.
enum Changed {
    Now,
    Requested,
    Skipped(Why),
}

fn change(
    context: &SettleContext<'_>,
    (record, job): (&mut OperationRecord, JobId),
    asked: &mut Vec<WorkerId>,
) -> Result<(), StoreError> {
    let of = (record.id, job);
    note(context.connection, of, context.now)?;
    let changed = match &record.action {
        Action::Retry => retried(retry(context, &[job])?.first()),
        Action::Cancel { reason } => {
            let (answers, workers) = cancel(context, &[job], reason)?;
            asked.extend(workers);
            cancelled(answers.first())
        }
        Action::Move { queue } => moved(move_jobs(context.connection, &[job], queue)?.first()),
        Action::Delete => match delete(context.connection, of)? {
            Deleted::Now => Changed::Now,
            Deleted::Unended => Changed::Skipped(Why::Unended),
            Deleted::Missing => Changed::Skipped(Why::Gone),
        },
    };
    if !matches!(changed, Changed::Now) {
        strike(context.connection, of)?;
    }
    match changed {
        Changed::Now => record.progress.done += 1,
        Changed::Requested => record.progress.requested += 1,
        Changed::Skipped(why) => record.progress.skipped.add(job, why),
    }
    Ok(())
}

fn retried(answer: Option<&Retried>) -> Changed {
    Changed::Skipped(match answer {
        Some(Retried::Now) => return Changed::Now,
        Some(Retried::Unneeded(State::Running)) => Why::Running,
        Some(Retried::Unneeded(State::Waiting)) => Why::Waiting,
        Some(Retried::Unneeded(_)) => Why::Unneeded,
        Some(Retried::Held(_)) => Why::KeyHeld,
        Some(Retried::Undone(_)) => Why::WorkflowUndone,
        _ => Why::Gone,
    })
}

fn cancelled(answer: Option<&Cancelled>) -> Changed {
    Changed::Skipped(match answer {
        Some(Cancelled::Now) => return Changed::Now,
        Some(Cancelled::Requested) => return Changed::Requested,
        Some(Cancelled::Ended(State::Cancelled)) => Why::Unneeded,
        Some(Cancelled::Ended(_)) => Why::Ended,
        _ => Why::Gone,
    })
}

fn moved(answer: Option<&Moved>) -> Changed {
    Changed::Skipped(match answer {
        Some(Moved::Now) => return Changed::Now,
        Some(Moved::Unneeded(_)) => Why::Unneeded,
        Some(Moved::Left(State::Running)) => Why::Running,
        Some(Moved::Left(_)) => Why::Ended,
        _ => Why::Gone,
    })
}

/// Puts back the next jobs.
fn undo(context: &SettleContext<'_>, turn: &mut Turn, most: usize) -> Result<(), StoreError> {
    let record = &mut turn.record;
    let most = chunk(most, None, None);
    let undone = undo::undo(context, record, most)?;
    turn.is_over = undone.len() < most;
    for (job, kept) in undone {
        match kept {
            None => record.progress.undone += 1,
            Some(why) => record.progress.kept.add(job, why),
        }
    }
    Ok(())
}

/// Writes how far it is, and that it is over where it is.
fn keep(
    connection: &Connection,
    turn: &Turn,
    (before, now): (&Progress, Timestamp),
) -> Result<(), StoreError> {
    let Turn { record, walk, due, is_over } = turn;
    let progress = &record.progress;
    let changed = progress.done + progress.requested - before.done - before.requested;
    let next = next_at(*due, now, (changed, record.pace));
    let binds = params![
        Id::from(record.id),
        Count(progress.done),
        Count(progress.requested),
        progress.skipped.to_stored(),
        Count(progress.undone),
        progress.kept.to_stored(),
        Count(walk.branch as u64),
        Id::from(walk.after),
        next.as_micros(),
    ];
    run(connection, ONWARD, binds)?;
    if !is_over {
        return Ok(());
    }
    let (state, until) = match record.state {
        OperationState::Undoing => (OperationState::Undone, None),
        _ => (OperationState::Done, Some(now.after(OPERATION_UNDO).as_micros())),
    };
    run(connection, END, params![Id::from(record.id), state.word(), now.as_micros(), until])
        .map(drop)
}
