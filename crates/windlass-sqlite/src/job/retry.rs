//! Retry: a person runs a job again, now. Failures and losses begin at zero, the history stays.

use rusqlite::params;
use windlass_core::error::StoreError;
use windlass_core::id::{BatchId, JobId};
use windlass_core::job::{Retried, State};

use crate::batch;
use crate::job::cancel::finished;
use crate::job::finish::add_job_count;
use crate::job::settle::SettleContext;
use crate::maintenance::expire::expire_one;
use crate::row::one;
use crate::row::{Digits, Id, run};

const STATE: &str = "select state from windlass_pending where id = ?1";
const HURRY: &str = "update windlass_pending set state = 2, run_at = ?2, failures = 0, losses = 0, \
     meta = case when expires_at is null then meta else json_remove(meta, '$.expires_at', '$.expires_in_us') end, \
     expires_at = null \
     where id = ?1 and state in (1, 3)";
const REVIVE: &str = "insert into windlass_pending \
     (id, queue, kind, version, state, priority, attempt, max_attempts, run_at, created_at, args, root, parent, origin, meta, history, line) \
     select id, queue, kind, version, 2, coalesce(meta ->> '$.aged', priority), attempt, max_attempts, ?2, created_at, args, root, \
       parent, origin, \
       case when coalesce(meta ->> '$.expires_at', meta ->> '$.expires_in_us', meta ->> '$.aged') is null then meta \
            else json_remove(meta, '$.expires_at', '$.expires_in_us', '$.aged') end, history, meta ->> '$.line' \
     from windlass_finished where id = ?1";
const REMOVE: &str = "delete from windlass_finished where id = ?1 returning queue";

pub(crate) fn retry(
    context: &SettleContext<'_>,
    jobs: &[JobId],
) -> Result<Vec<Retried>, StoreError> {
    jobs.iter().map(|job| retry_one(context, *job)).collect()
}

/// Takes the unique key of a job that is to live again; the job that holds it instead. A job that was claimed
/// before does not hold a key until its start.
pub(crate) fn retake_key(
    context: &SettleContext<'_>,
    job: JobId,
) -> Result<Option<JobId>, StoreError> {
    const HOLDER: &str = "select k.job from windlass_finished f \
         join windlass_held_key k on k.kind = f.kind and k.key = f.meta ->> '$.unique.key' \
         where f.id = ?1 and k.job <> f.id and k.held_until > ?2 \
           and (f.meta ->> '$.unique.until' = 'finished' or f.meta ->> '$.unique.until' = 'started' and f.attempt = 0)";
    const TAKE: &str = "insert into windlass_unique_key (kind, key, job, until) \
         select kind, meta ->> '$.unique.key', id, meta ->> '$.unique.until' = 'finished' from windlass_finished \
         where id = ?1 and (meta ->> '$.unique.until' = 'finished' or meta ->> '$.unique.until' = 'started' and attempt = 0) \
         on conflict (kind, key) do update set job = excluded.job, until = excluded.until, expires_at = null";
    let binds = params![Id::from(job), context.now.as_micros()];
    let holder: Option<Id> = one(context.connection, HOLDER, binds)?;
    if holder.is_none() {
        run(context.connection, TAKE, [Id::from(job)])?;
    }
    Ok(holder.map(Id::job))
}

/// The workflow for whose sake a job that has ended is not run again: one that is undone, or that has not failed and that the
/// job would undo a step of.
pub(crate) fn stays_undone(
    context: &SettleContext<'_>,
    job: JobId,
) -> Result<Option<BatchId>, StoreError> {
    const UNDONE: &str = "select coalesce(b.undoes, b.id) from windlass_member m join windlass_batch b on b.id = m.batch \
         left join windlass_batch w on w.id = b.undoes \
         where m.job = ?1 and case \
           when b.undoes is null then not b.live and b.ended = 7 and exists (select 1 from windlass_batch u where u.undoes = b.id) \
           else w.live or w.ended is not 7 end";
    let workflow: Option<Digits> = one(context.connection, UNDONE, [Id::from(job)])?;
    Ok(workflow.map(Digits::batch))
}

fn retry_one(context: &SettleContext<'_>, job: JobId) -> Result<Retried, StoreError> {
    let (id, now) = (Id::from(job), context.now.as_micros());
    // What has expired and was found by no sweep ends first, and then lives again like any that has ended.
    expire_one(context, job)?;
    let pending: Option<i16> = one(context.connection, STATE, [&id])?;
    match pending.and_then(State::from_code) {
        Some(State::Scheduled | State::Retryable) => {
            run(context.connection, HURRY, params![id, now])?;
            Ok(Retried::Now)
        }
        Some(state) => Ok(Retried::Unneeded(state)),
        None => {
            let Some(state) = finished(context.connection, job)? else {
                return Ok(Retried::Missing);
            };
            if let Some(workflow) = stays_undone(context, job)? {
                return Ok(Retried::Undone(workflow));
            }
            if let Some(holder) = retake_key(context, job)? {
                return Ok(Retried::Held(holder));
            }
            run(context.connection, REVIVE, params![id, now])?;
            let queue: Option<String> = one(context.connection, REMOVE, [&id])?;
            add_job_count(context.connection, &queue.unwrap_or_default(), state.code(), -1)?;
            batch::rejoin(context.connection, job)?;
            Ok(Retried::Now)
        }
    }
}
