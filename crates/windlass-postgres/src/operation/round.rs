//! A round: the next jobs of an operation, each noted as it was and changed.

use std::collections::HashSet;
use std::time::Duration;

use tokio_postgres::types::Type;
use uuid::Uuid;
use windlass_core::error::StoreError;
use windlass_core::id::{JobId, WorkerId};
use windlass_core::job::State;
use windlass_core::limits::{OPERATION_LOOK, OPERATION_UNDO};
use windlass_core::operation::{
    Action, OperationRecord, OperationState, Progress, Round, Which, Why, chunk, next_at,
};
use windlass_core::store::Now;
use windlass_core::time::{Timestamp, micros};

use super::delete::delete;
use super::find::{Walk, Wanted};
use super::list::{ONE, record};
use super::note::{note, strike};
use super::undo;
use crate::connection::Bind;
use crate::connection::transaction::{Transaction, Transactions};
use crate::job::cancel::cancel_in;
use crate::job::move_jobs::move_in;
use crate::job::retry::retry_in;
use crate::row::get;

/// Parts that one round looks at, where nothing in them matches.
const PARTS: usize = 4;
/// How soon to look again while another has the operation.
const BESIDE: Duration = Duration::from_millis(20);
const TURN: &str = "select id, branch, last_job, next_at from windlass.operation \
     where state in ('running', 'undoing') and next_at <= $1::int8 and ($2::uuid is null or id = $2::uuid) \
     order by next_at, id limit 1 for update skip locked";
const NEXT: &str = "select min(next_at) from windlass.operation \
     where state in ('running', 'undoing') and ($1::uuid is null or id = $1::uuid)";
const ONWARD: &str = "update windlass.operation set done = $2::int8, requested = $3::int8, skipped = $4::text, \
     undone = $5::int8, kept = $6::text, branch = $7::int2, last_job = $8::uuid, next_at = $9::int8, state = $10::text, \
     ended_at = $11::int8, undo_until = $12::int8 where id = $1::uuid";
const LEFT: &str = include_str!("left.sql");

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

pub(super) async fn round(
    operations: &Transactions,
    (which, most): (Which, usize),
    now: Now,
) -> Result<Worked, StoreError> {
    let mut session = operations.session().await?;
    let transaction = session.begin().await?;
    let now = transaction.now(now).await?;
    let mut worked = Worked { round: Round::default(), asked: Vec::new() };
    if let Some(mut turn) = turn(&transaction, which, now).await? {
        let before = turn.record.progress.clone();
        match turn.record.state {
            OperationState::Undoing => undo(&transaction, &mut turn, (most, now)).await?,
            _ => worked.asked = go_on(&transaction, &mut turn, (most, now)).await?,
        }
        worked.round.operation = Some(turn.record.id);
        worked.round.jobs = passed(&turn.record.progress) - passed(&before);
        keep(&transaction, turn, (&before, now)).await?;
    }
    let next = next(&transaction, which, now).await?;
    let is_beside = worked.round.operation.is_none();
    worked.round.next = next.map(|next| if is_beside { next.max(BESIDE) } else { next });
    transaction.commit().await?;
    Ok(worked)
}

fn passed(progress: &Progress) -> u64 {
    progress.looked() + progress.undone + progress.kept.total()
}

async fn next(
    transaction: &Transaction<'_>,
    which: Which,
    now: Timestamp,
) -> Result<Option<Duration>, StoreError> {
    let id = which.id().map(|id| id.as_uuid());
    let rows = transaction.run(NEXT, &[(&id, Type::UUID)]).await?;
    let at = rows.first().map(|row| get::<Option<i64>>(row, 0)).transpose()?.flatten();
    Ok(at.map(|at| Timestamp::from_micros(at).since(now)))
}

async fn turn(
    transaction: &Transaction<'_>,
    which: Which,
    now: Timestamp,
) -> Result<Option<Turn>, StoreError> {
    let id = which.id().map(|id| id.as_uuid());
    let binds: [Bind<'_>; 2] = [(&now.as_micros(), Type::INT8), (&id, Type::UUID)];
    let rows = transaction.run(TURN, &binds).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let id: Uuid = get(row, 0)?;
    let branch = usize::try_from(get::<i16>(row, 1)?).unwrap_or_default();
    let walk = Walk { branch, after: get(row, 2)? };
    let due = Timestamp::from_micros(get(row, 3)?);
    let rows = transaction.run(ONE, &[(&id, Type::UUID)]).await?;
    let found = rows.first().map(record).transpose()?;
    Ok(found.map(|record| Turn { record, walk, due, is_over: false }))
}

/// Goes through the next jobs; the workers that were asked to stop some.
async fn go_on(
    transaction: &Transaction<'_>,
    turn: &mut Turn,
    (most, now): (usize, Timestamp),
) -> Result<Vec<WorkerId>, StoreError> {
    let left = turn.record.matched.map(|all| all.saturating_sub(turn.record.progress.looked()));
    let most = chunk(most, left, turn.record.pace);
    let jobs = find(transaction, turn, most).await?;
    let asked = change(transaction, (&mut turn.record, &jobs), now.as_micros()).await?;
    let record = &turn.record;
    let is_all = record.matched.is_some_and(|matched| record.progress.looked() >= matched);
    turn.is_over = turn.walk.is_over() || is_all;
    Ok(asked)
}

async fn find(
    transaction: &Transaction<'_>,
    turn: &mut Turn,
    most: usize,
) -> Result<Vec<Uuid>, StoreError> {
    let Turn { record, walk, .. } = turn;
    let of = (record.created_at, Some(record.id.as_uuid()), OPERATION_LOOK);
    let wanted = Wanted::new(transaction, &record.filter, of).await?;
    let mut jobs = Vec::new();
    for _ in 0..PARTS {
        if walk.is_over() || jobs.len() >= most {
            break;
        }
        let (found, onward) = wanted.next(transaction, (*walk, most - jobs.len())).await?;
        jobs.extend(found);
        *walk = onward;
    }
    Ok(jobs)
}

/// Notes jobs, changes them, and counts what came of it.
async fn change(
    transaction: &Transaction<'_>,
    (record, jobs): (&mut OperationRecord, &[Uuid]),
    now: i64,
) -> Result<Vec<WorkerId>, StoreError> {
    if jobs.is_empty() {
        return Ok(Vec::new());
    }
    let noted = note(transaction, (record, jobs), now).await?;
    let (changed, asked): (Vec<Uuid>, Vec<(Uuid, WorkerId)>) = match &record.action {
        Action::Retry => (retry_in(transaction, &noted, now).await?, Vec::new()),
        Action::Cancel { reason } => {
            // Those that run are noted by nobody: what is asked of them cannot be undone.
            let waiting = waiting_of(transaction, jobs).await?;
            let others = jobs.iter().filter(|job| !waiting.contains(*job));
            let all: Vec<Uuid> = noted.iter().chain(others).copied().collect();
            cancel_in(transaction, (&all, reason), now).await?
        }
        Action::Move { queue } => (move_in(transaction, &noted, queue).await?, Vec::new()),
        Action::Delete => (delete(transaction, &noted).await?, Vec::new()),
    };
    let done: HashSet<Uuid> = changed.iter().copied().collect();
    let told: HashSet<Uuid> = asked.iter().map(|(job, _)| *job).collect();
    let unchanged: Vec<Uuid> = noted.iter().filter(|job| !done.contains(*job)).copied().collect();
    strike(transaction, (record, &unchanged)).await?;
    // One that ran a moment ago and waits by now was noted by nobody: as if it had been told while it ran.
    let is_noted = noted.iter().filter(|job| done.contains(*job)).count() as u64;
    record.progress.done += is_noted;
    record.progress.requested += told.len() as u64 + done.len() as u64 - is_noted;
    let is_left = |job: &&Uuid| !done.contains(*job) && !told.contains(*job);
    let left: Vec<Uuid> = jobs.iter().filter(is_left).copied().collect();
    skip(transaction, (record, &left), &unchanged.into_iter().collect()).await?;
    Ok(asked.into_iter().map(|(_, worker)| worker).collect())
}

/// Those of the jobs that wait.
async fn waiting_of(
    transaction: &Transaction<'_>,
    jobs: &[Uuid],
) -> Result<HashSet<Uuid>, StoreError> {
    const WAITING: &str = "select id from windlass.pending where id = any ($1::uuid[])";
    let rows = transaction.run(WAITING, &[(&jobs, Type::UUID_ARRAY)]).await?;
    rows.iter().map(|row| get(row, 0)).collect()
}

/// Counts jobs that were left as they were.
async fn skip(
    transaction: &Transaction<'_>,
    (record, jobs): (&mut OperationRecord, &[Uuid]),
    held: &HashSet<Uuid>,
) -> Result<(), StoreError> {
    if jobs.is_empty() {
        return Ok(());
    }
    for row in transaction.run(LEFT, &[(&jobs, Type::UUID_ARRAY)]).await? {
        let id: Uuid = get(&row, 0)?;
        let state = get::<Option<i16>>(&row, 1)?.and_then(State::from_code);
        let queue: Option<&str> = get(&row, 2)?;
        let stood = Stood { state, queue, stays_undone: get(&row, 3)?, held: held.contains(&id) };
        let why = stood.why(&record.action);
        record.progress.skipped.add(JobId::from_uuid(id), why);
    }
    Ok(())
}

/// Where a job stands that was not changed.
struct Stood<'a> {
    state: Option<State>,
    queue: Option<&'a str>,
    /// A workflow keeps it from running again.
    stays_undone: bool,
    /// It was locked by this round: nobody else's lock kept it.
    held: bool,
}

impl Stood<'_> {
    fn why(&self, action: &Action) -> Why {
        let Some(state) = self.state else { return Why::Gone };
        match (action, state) {
            (Action::Move { queue }, _) if self.queue == Some(queue) => Why::Unneeded,
            (Action::Retry, State::Available) => Why::Unneeded,
            (Action::Retry, State::Waiting) => Why::Waiting,
            (Action::Retry | Action::Move { .. }, State::Running) => Why::Running,
            (Action::Retry, _) if self.stays_undone => Why::WorkflowUndone,
            (Action::Retry, ended) if ended.is_terminal() && self.held => Why::KeyHeld,
            (Action::Cancel { .. }, State::Cancelled) => Why::Unneeded,
            (Action::Cancel { .. } | Action::Move { .. }, ended) if ended.is_terminal() => {
                Why::Ended
            }
            (Action::Delete, other) if !other.is_terminal() => Why::Unended,
            _ => Why::Busy,
        }
    }
}

/// Puts back the next jobs.
async fn undo(
    transaction: &Transaction<'_>,
    turn: &mut Turn,
    (most, now): (usize, Timestamp),
) -> Result<(), StoreError> {
    let record = &mut turn.record;
    let most = chunk(most, None, None);
    let undone = undo::undo(transaction, record, (most, now.as_micros())).await?;
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
async fn keep(
    transaction: &Transaction<'_>,
    turn: Turn,
    (before, now): (&Progress, Timestamp),
) -> Result<(), StoreError> {
    let Turn { record, walk, due, is_over } = turn;
    let progress = &record.progress;
    let changed = progress.done + progress.requested - before.done - before.requested;
    let next = next_at(due, now, (changed, record.pace)).as_micros();
    let (state, ended_at, undo_until) = match (is_over, record.state) {
        (false, state) => (state, None, None),
        (true, OperationState::Undoing) => (OperationState::Undone, Some(now.as_micros()), None),
        (true, _) => {
            let until = now.as_micros() + micros(OPERATION_UNDO);
            (OperationState::Done, Some(now.as_micros()), Some(until))
        }
    };
    let big = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    let binds: [Bind<'_>; 12] = [
        (&record.id.as_uuid(), Type::UUID),
        (&big(progress.done), Type::INT8),
        (&big(progress.requested), Type::INT8),
        (&progress.skipped.to_stored(), Type::TEXT),
        (&big(progress.undone), Type::INT8),
        (&progress.kept.to_stored(), Type::TEXT),
        (&i16::try_from(walk.branch).unwrap_or(i16::MAX), Type::INT2),
        (&walk.after, Type::UUID),
        (&next, Type::INT8),
        (&state.word(), Type::TEXT),
        (&ended_at, Type::INT8),
        (&undo_until, Type::INT8),
    ];
    transaction.run(ONWARD, &binds).await.map(drop)
}
