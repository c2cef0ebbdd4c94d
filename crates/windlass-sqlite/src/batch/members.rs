//! Members: the jobs of a batch.

use rusqlite::{Connection, params};
use windlass_core::batch::MemberRecord;
use windlass_core::error::StoreError;
use windlass_core::id::{BatchId, JobId};
use windlass_core::job::State;

use crate::row::{Digits, Id, all};

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
