//! Expire: jobs that have not started in time are cancelled.

use rusqlite::params;
use windlass_core::error::StoreError;
use windlass_core::id::JobId;
use windlass_core::job::{Attempt, Outcome, State, expired_reason};
use windlass_core::limits::SWEEP_JOBS;
use windlass_core::time::Timestamp;

use crate::job::finish::{Finish, finish_waiting};
use crate::job::settle::SettleContext;
use crate::row::{Id, all};

/// When the next job expires.
pub(crate) const NEXT_EXPIRY: &str = "select min(expires_at) from windlass_pending \
     where expires_at is not null and state <> 4";
const OVER: &str = "select id from windlass_pending \
     where expires_at is not null and state <> 4 and expires_at <= ?1 order by expires_at limit ?2";
const EXPIRED: &str = "select attempt, expires_at from windlass_pending where id = ?1 and state <> 4 and expires_at <= ?2";

/// Cancels jobs that have not started in time, a bounded number; says how many.
pub(crate) fn expire(context: &SettleContext<'_>) -> Result<u64, StoreError> {
    let most = i64::try_from(SWEEP_JOBS).unwrap_or(i64::MAX);
    let binds = params![context.now.as_micros(), most];
    let over = all(context.connection, OVER, binds, |row| row.get::<_, Id>(0))?;
    let mut expired = 0;
    for id in over {
        expired += u64::from(expire_one(context, id.job())?);
    }
    Ok(expired)
}

/// Cancels a job that has not started in time; `false` where it still may, or does not wait.
pub(crate) fn expire_one(context: &SettleContext<'_>, job: JobId) -> Result<bool, StoreError> {
    let binds = params![Id::from(job), context.now.as_micros()];
    let found = all(context.connection, EXPIRED, binds, |row| {
        Ok((row.get::<_, u32>(0)?, Timestamp::from_micros(row.get(1)?)))
    })?;
    let Some((attempt, expired_at)) = found.into_iter().next() else { return Ok(false) };
    let attempt = Attempt {
        attempt: attempt + 1,
        outcome: Outcome::Expired,
        worker: String::new(),
        started_at: None,
        ended_at: Some(context.now),
        error: None,
    };
    let reason = expired_reason(expired_at);
    let finish_as = Finish {
        state: State::Cancelled,
        reason: Some(&reason),
        output: None,
        attempt: Some(&attempt),
    };
    finish_waiting(context, job, &finish_as)
}
