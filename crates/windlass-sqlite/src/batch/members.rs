//! Members: the jobs of a batch, and how they have ended.

use rusqlite::{Connection, params};
use windlass_core::batch::MemberRecord;
use windlass_core::error::StoreError;
use windlass_core::id::{BatchId, JobId};
use windlass_core::job::State;
use windlass_core::time::Timestamp;

use crate::error::store_error;
use crate::row::{Digits, Id, all, run};

const MEMBERS: &str = "select job, step, ended from windlass_member \
     where batch = ?1 and (?2 is null or job > ?2) order by job limit ?3";

pub(super) fn members(
    connection: &Connection,
    (batch, after): (BatchId, Option<JobId>),
    limit: usize,
) -> Result<Vec<MemberRecord>, StoreError> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    all(connection, MEMBERS, params![Digits::from(batch), after.map(Id::from), limit], |row| {
        Ok(MemberRecord {
            job: row.get::<_, Id>(0)?.job(),
            step: row.get(1)?,
            ended: row.get::<_, Option<i16>>(2)?.and_then(State::from_code),
        })
    })
}

const END: &str =
    "update windlass_member set ended = ?2 where job = ?1 and ended is not ?2 returning batch";
const END_BATCH: &str = "insert into windlass_end_batch (batch, at) values (?1, ?2)";

/// Notes how these jobs have ended; each of their batches is looked at once, whether it has.
pub(crate) fn end_members(
    connection: &Connection,
    (jobs, state): (&[JobId], State),
    now: Timestamp,
) -> Result<(), StoreError> {
    let mut end = connection.prepare_cached(END).map_err(store_error)?;
    let mut batches: Vec<String> = Vec::new();
    for job in jobs {
        let mut ended = end.query(params![Id::from(*job), state.code()]).map_err(store_error)?;
        while let Some(row) = ended.next().map_err(store_error)? {
            let batch =
                row.get_ref(0).and_then(|batch| Ok(batch.as_str()?)).map_err(store_error)?;
            // Jobs of one batch mostly end together.
            if batches.last().is_none_or(|last| last != batch) {
                batches.push(batch.to_owned());
            }
        }
    }
    batches.sort_unstable();
    batches.dedup();
    batches
        .iter()
        .try_for_each(|batch| run(connection, END_BATCH, params![batch, now.as_micros()]).map(drop))
}
