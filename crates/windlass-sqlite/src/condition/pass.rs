//! Pass: moments that jobs wait for, and their deadlines.

use rusqlite::params;
use windlass_core::error::StoreError;
use windlass_core::id::JobId;
use windlass_core::job::State;
use windlass_core::limits::SWEEP_JOBS;

use crate::condition::cancel_unmet;
use crate::job::finish::{Finish, finish_waiting};
use crate::job::settle::SettleContext;
use crate::row::{Id, all, one, run};

/// When the next moment or deadline is.
pub(crate) const NEXT_MOMENT: &str = "select case when exists (select 1 from windlass_unmet) then 0 \
     else (select min(at) from windlass_condition where state = 0 and at is not null) end";
const DUE: &str = "select job, nth, overdue from windlass_condition \
     where state = 0 and at is not null and at <= ?1 order by at, overdue is not null, job, nth limit ?2";
pub(super) const WAITS: &str = "select 1 from windlass_pending where id = ?1 and state = -1";
const OVERDUE: &str = "its deadline has passed";
const CLOSE: &str =
    "update windlass_condition set state = ?3, since = ?4 where job = ?1 and nth = ?2";
const RELEASE: &str = "insert into windlass_release (job, at) values (?1, ?2)";
const RUN: &str = "insert into windlass_end_wait (job, at) values (?1, ?2)";
const OPEN: &str = "select name from windlass_condition where job = ?1 and state = 0 and overdue is null order by nth";

/// Lets moments pass, a bounded number; says how many.
pub(crate) fn pass(context: &SettleContext<'_>) -> Result<u64, StoreError> {
    let (connection, now) = (context.connection, context.now.as_micros());
    let due = all(connection, DUE, params![now, SWEEP_JOBS as i64], |row| {
        Ok((row.get::<_, Id>(0)?, row.get::<_, i64>(1)?, row.get::<_, Option<i64>>(2)?))
    })?;
    let passed = due.len() as u64;
    for (job, nth, overdue) in due {
        let waits = one::<i64>(connection, WAITS, [&job])?.is_some();
        // 1 is met; that of a job that does not wait any more is withdrawn.
        run(connection, CLOSE, params![job, nth, if waits { 1 } else { 3 }, now])?;
        match overdue.filter(|_| waits) {
            None => run(connection, RELEASE, params![job, now]).map(drop)?,
            Some(0) => run(connection, RUN, params![job, now]).map(drop)?,
            Some(1) => end(context, job.job(), (State::Cancelled, OVERDUE))?,
            Some(_) => end(context, job.job(), (State::Dead, OVERDUE))?,
        }
    }
    Ok(passed + cancel_unmet(context)?)
}

/// Ends a job that waits, in this state and for this reason.
pub(super) fn end(
    context: &SettleContext<'_>,
    job: JobId,
    (state, why): (State, &str),
) -> Result<(), StoreError> {
    let open = all(context.connection, OPEN, [Id::from(job)], |row| row.get::<_, String>(0))?;
    let mut reason = why.to_owned();
    if !open.is_empty() {
        reason = format!("{reason} (open: {})", open.join(", "));
    }
    let finish_as = Finish { state, reason: Some(&reason), output: None, attempt: None };
    finish_waiting(context, job, &finish_as).map(drop)
}
