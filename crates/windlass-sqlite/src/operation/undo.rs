//! Undo: jobs that nobody has touched since are put back as they were.

use rusqlite::{Connection, params};
use windlass_core::error::StoreError;
use windlass_core::id::{JobId, OperationId};
use windlass_core::job::State;
use windlass_core::operation::{Action, OperationRecord, Why};

use crate::batch;
use crate::job::finish::add_job_count;
use crate::job::retry::{retake_key, stays_undone};
use crate::job::settle::SettleContext;
use crate::row::{Count, Id, all, one, run};

const NOTED: &str = "select job, has_ended, awaited, queue, state, blocks from windlass_operation_job \
     where operation = ?1 order by job limit ?2";
const FORGET: &str = "delete from windlass_operation_job where operation = ?1 and job = ?2";
/// A job that was retried, as that left it: what waits for a worker that knows it may have been moved out of the way.
const AS_RETRIED: &str = "select 1 from windlass_pending p join windlass_operation_job n on n.job = p.id \
     where n.operation = ?1 and p.id = ?2 and p.state in (0, 2) and p.run_at = n.at and p.attempt = n.attempt \
       and p.queue = n.queue and p.version = n.version and p.args = n.args";
const AS_CANCELLED: &str = "select 1 from windlass_finished f join windlass_operation_job n on n.job = f.id \
     where n.operation = ?1 and f.id = ?2 and f.state = 6 and f.finished_at = n.at and f.attempt = n.attempt";
/// Others that wait for the job to end as it had, or for its batch.
const AWAITED: &str = "select 1 from windlass_condition c \
     where c.awaits = ?1 and c.awaits is not null and c.state = 0 and (c.or_cancel or (c.ends & (1 << (?2 - 5))) <> 0) \
     union all \
     select 1 from windlass_member m join windlass_condition c on c.batch = m.batch and c.batch is not null \
     where m.job = ?1 and c.state = 0";
/// What a job waits for that came while it was cancelled: nobody told it.
const CAME: &str = "select 1 from windlass_condition c where c.job = ?1 and c.state = 0 and ( \
       c.awaits is not null and exists (select 1 from windlass_finished f where f.id = c.awaits) \
       or c.batch is not null and exists (select 1 from windlass_batch b where b.id = c.batch and not b.live) \
       or c.signal is not null and exists (select 1 from windlass_signalled s where s.key = c.signal))";
const BACK_PENDING: &str = "insert into windlass_pending (id, queue, kind, version, state, priority, attempt, failures, losses, max_attempts, run_at, created_at, args, root, parent, \
     origin, meta, history, reason, line, expires_at) \
     select job, queue, kind, version, state, priority, attempt, failures, losses, max_attempts, run_at, created_at, args, root, parent, \
     origin, meta, history, reason, line, expires_at from windlass_operation_job where operation = ?1 and job = ?2";
const BACK_FINISHED: &str = "insert into windlass_finished \
     (id, queue, kind, version, state, priority, attempt, failures, losses, max_attempts, run_at, created_at, args, root, parent, \
     origin, meta, history, reason, started_at, finished_at, prune_at, worker, output) \
     select job, queue, kind, version, state, priority, attempt, failures, losses, max_attempts, run_at, created_at, args, root, parent, \
     origin, meta, history, reason, started_at, finished_at, prune_at, worker, output \
     from windlass_operation_job where operation = ?1 and job = ?2";
const REMOVE_PENDING: &str = "delete from windlass_pending where id = ?1";
const REMOVE_FINISHED: &str = "delete from windlass_finished where id = ?1";
const MOVE_BACK: &str = "update windlass_pending set (queue, priority, meta) = \
       (select n.queue, n.priority, n.meta from windlass_operation_job n where n.operation = ?1 and n.job = ?2) \
     where id = ?2 and state <> 4 and queue = ?3 and exists ( \
       select 1 from windlass_operation_job n where n.operation = ?1 and n.job = ?2 \
         and n.attempt = windlass_pending.attempt and n.args = windlass_pending.args)";
const IS_THERE: &str = "select 1 from windlass_pending where id = ?1 \
     union all select 1 from windlass_finished where id = ?1";
const BLOCK: &str = "insert or ignore into windlass_permit (gate, job, lease, blocks) \
     select meta ->> '$.line', id, zeroblob(16), 1 from windlass_finished where id = ?1 and meta ->> '$.line' is not null";

/// A job as it was.
struct Noted {
    job: JobId,
    has_ended: bool,
    awaited: bool,
    queue: String,
    state: i16,
    blocks: bool,
}

/// The next jobs of an operation, put back or, for a reason, not.
pub(super) fn undo(
    context: &SettleContext<'_>,
    record: &OperationRecord,
    most: usize,
) -> Result<Vec<(JobId, Option<Why>)>, StoreError> {
    let binds = params![Id::from(record.id), Count(most as u64)];
    let noted = all(context.connection, NOTED, binds, |row| {
        Ok(Noted {
            job: row.get::<_, Id>(0)?.job(),
            has_ended: row.get(1)?,
            awaited: row.get(2)?,
            queue: row.get(3)?,
            state: row.get(4)?,
            blocks: row.get(5)?,
        })
    })?;
    let mut undone = Vec::with_capacity(noted.len());
    for was in noted {
        let kept = match &record.action {
            Action::Retry if was.has_ended => end_again(context, record.id, &was)?,
            Action::Retry => wait_again(context, record.id, &was)?,
            Action::Cancel { .. } => revive(context, record.id, &was)?,
            Action::Move { queue } => move_back(context.connection, (record.id, queue), &was)?,
            Action::Delete => restore(context.connection, record.id, &was)?,
        };
        run(context.connection, FORGET, of(record.id, was.job))?;
        undone.push((was.job, kept));
    }
    Ok(undone)
}

fn of(operation: OperationId, job: JobId) -> [Id; 2] {
    [Id::from(operation), Id::from(job)]
}

fn is(
    connection: &Connection,
    sql: &str,
    binds: impl rusqlite::Params,
) -> Result<bool, StoreError> {
    Ok(one::<i64>(connection, sql, binds)?.is_some())
}

/// A job that had ended, was retried and has not begun: it ends as it had.
fn end_again(
    context: &SettleContext<'_>,
    operation: OperationId,
    was: &Noted,
) -> Result<Option<Why>, StoreError> {
    let connection = context.connection;
    if !is(connection, AS_RETRIED, of(operation, was.job))? {
        return Ok(Some(Why::Touched));
    }
    if is(connection, AWAITED, params![Id::from(was.job), was.state])? {
        return Ok(Some(Why::Awaited));
    }
    run(connection, REMOVE_PENDING, [Id::from(was.job)])?;
    run(connection, BACK_FINISHED, of(operation, was.job))?;
    add_job_count(connection, &was.queue, was.state, 1)?;
    block(connection, was)?;
    if let Some(state) = State::from_code(was.state) {
        context.tell((&[was.job], state))?;
    }
    Ok(None)
}

/// A job that waited for its time, was retried and has not begun: it waits again.
fn wait_again(
    context: &SettleContext<'_>,
    operation: OperationId,
    was: &Noted,
) -> Result<Option<Why>, StoreError> {
    if !is(context.connection, AS_RETRIED, of(operation, was.job))? {
        return Ok(Some(Why::Touched));
    }
    run(context.connection, REMOVE_PENDING, [Id::from(was.job)])?;
    run(context.connection, BACK_PENDING, of(operation, was.job))?;
    Ok(None)
}

/// A job that was cancelled: it goes on where it was.
fn revive(
    context: &SettleContext<'_>,
    operation: OperationId,
    was: &Noted,
) -> Result<Option<Why>, StoreError> {
    let (connection, job) = (context.connection, was.job);
    let kept = if !is(connection, AS_CANCELLED, of(operation, job))? {
        Some(Why::Touched)
    } else if was.awaited {
        Some(Why::Awaited)
    } else if was.state == State::AWAITS && is(connection, CAME, [Id::from(job)])? {
        Some(Why::Came)
    } else if stays_undone(context, job)?.is_some() {
        Some(Why::WorkflowUndone)
    } else if retake_key(context, job)?.is_some() {
        Some(Why::KeyHeld)
    } else {
        None
    };
    if kept.is_none() {
        run(connection, REMOVE_FINISHED, [Id::from(job)])?;
        run(connection, BACK_PENDING, of(operation, job))?;
        add_job_count(connection, &was.queue, State::Cancelled.code(), -1)?;
        batch::rejoin(connection, job)?;
    }
    Ok(kept)
}

fn move_back(
    connection: &Connection,
    (operation, queue): (OperationId, &str),
    was: &Noted,
) -> Result<Option<Why>, StoreError> {
    let binds = params![Id::from(operation), Id::from(was.job), queue];
    let is_back = run(connection, MOVE_BACK, binds)? > 0;
    Ok((!is_back).then_some(Why::Touched))
}

/// A job that was deleted is there again.
fn restore(
    connection: &Connection,
    operation: OperationId,
    was: &Noted,
) -> Result<Option<Why>, StoreError> {
    if is(connection, IS_THERE, [Id::from(was.job)])? {
        return Ok(Some(Why::Touched));
    }
    run(connection, BACK_FINISHED, of(operation, was.job))?;
    add_job_count(connection, &was.queue, was.state, 1)?;
    add_job_count(connection, &was.queue, State::PRUNED, -1)?;
    block(connection, was)?;
    Ok(None)
}

/// It keeps its lane again where it did.
fn block(connection: &Connection, was: &Noted) -> Result<(), StoreError> {
    if was.blocks {
        run(connection, BLOCK, [Id::from(was.job)])?;
    }
    Ok(())
}
