//! The verbs of conditions.

pub(crate) mod forget;
pub(crate) mod list;
pub(crate) mod pass;
pub mod signal;
pub(crate) mod waive;

use rusqlite::{Connection, params};
use windlass_core::condition::{
    ConditionRecord, ConditionStore, Signal, SignalRecord, Signalled, Waived,
};
use windlass_core::error::StoreError;
use windlass_core::id::JobId;
use windlass_core::job::State;
use windlass_core::json::storable_text;
use windlass_core::limits::ERROR_BYTES;
use windlass_core::store::{Now, Reply};
use windlass_core::time::Timestamp;

use crate::batch::end_members;
use crate::connection::reader::in_one_snapshot;
use crate::error::store_error;
use crate::job::settle::SettleContext;
use crate::row::{Id, all, one, run};
use crate::store::{SqliteStore, at};

impl ConditionStore for SqliteStore {
    fn signal<'a>(&'a self, signal: &'a Signal, now: Now) -> Reply<'a, Signalled> {
        Box::pin(async move {
            signal.check()?;
            let owned = signal.clone();
            let told = self.writer.write(move |c| signal::signal(c, &owned, at(now))).await?;
            self.wakeups.work_anywhere();
            Ok(told)
        })
    }

    fn signalled<'a>(&'a self, key: &'a str) -> Reply<'a, Option<SignalRecord>> {
        let key = key.to_owned();
        Box::pin(self.readers.read(move |c| signal::signalled(c, &key)))
    }

    fn waive<'a>(
        &'a self,
        job: JobId,
        name: &'a str,
        note: Option<&'a str>,
        now: Now,
    ) -> Reply<'a, Waived> {
        let note = note.map(|note| storable_text(note, ERROR_BYTES));
        Box::pin(async move {
            let name = name.to_owned();
            let waived = self
                .writer
                .write(move |c| waive::waive(c, (job, &name), note.as_deref(), at(now)))
                .await?;
            self.wakeups.work_anywhere();
            Ok(waived)
        })
    }

    fn conditions(&self, job: JobId) -> Reply<'_, Vec<ConditionRecord>> {
        Box::pin(self.readers.read(in_one_snapshot(move |c| list::conditions(c, job))))
    }
}

const AWAITED: &str = "select 1 where exists (select 1 from windlass_condition where state = 0 and awaits is not null)";
const IN_BATCHES: &str = "select 1 where exists (select 1 from windlass_batch where live)";
const TELL: &str = "insert into windlass_ended_job (job, state, at) values (?1, ?2, ?3)";

const UNMET: &str = "select job from windlass_unmet limit 1000";
const FORGET_UNMET: &str = "delete from windlass_unmet where job = ?1";

/// Cancels the jobs that what they wait for has left behind by ending otherwise, those that wait for these, and so on.
pub(crate) fn cancel_unmet(context: &SettleContext<'_>) -> Result<u64, StoreError> {
    let mut cancelled = 0;
    if context.is_cancelling.replace(true) {
        return Ok(cancelled);
    }
    loop {
        let unmet = all(context.connection, UNMET, [], |row| row.get::<_, Id>(0))?;
        if unmet.is_empty() {
            break;
        }
        for id in unmet {
            run(context.connection, FORGET_UNMET, [&id])?;
            if one::<i64>(context.connection, pass::WAITS, [&id])?.is_some() {
                let why = "what it waited for cannot come any more";
                pass::end(context, id.job(), (State::Cancelled, why))?;
                cancelled += 1;
            }
        }
    }
    context.is_cancelling.set(false);
    Ok(cancelled)
}

/// Tells who waits for these jobs, and their batches; whether there is anybody. Where nobody waits and no batch lives, that is
/// all that is asked.
pub(crate) fn tell_ends(
    connection: &Connection,
    ended: (&[JobId], State),
    now: Timestamp,
) -> Result<bool, StoreError> {
    if ended.0.is_empty() {
        return Ok(false);
    }
    let are_awaited = one::<i64>(connection, AWAITED, [])?.is_some();
    let are_in_batches = one::<i64>(connection, IN_BATCHES, [])?.is_some();
    if are_in_batches {
        end_members(connection, ended, now)?;
    }
    if are_awaited {
        let mut tell = connection.prepare_cached(TELL).map_err(store_error)?;
        for job in ended.0 {
            let binds = params![Id::from(*job), ended.1.code(), now.as_micros()];
            tell.execute(binds).map_err(store_error)?;
        }
    }
    Ok(are_awaited || are_in_batches)
}
