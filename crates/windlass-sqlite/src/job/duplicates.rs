//! Duplicates: jobs that were not written since their unique keys were held.

use rusqlite::Connection;
use windlass_core::error::StoreError;
use windlass_core::job::{Duplicate, DuplicateAnswer, Duplicates};
use windlass_core::limits::DUPLICATES;
use windlass_core::time::Timestamp;

use crate::row::{Id, all, run};

const COUNTS: &str = "select kind, answer, sum(jobs) from ( \
       select kind, answer, jobs from windlass_duplicate_count \
       union all select kind, answer, count(*) from windlass_duplicate group by kind, answer) \
     group by kind, answer";
const NEWEST: &str = "select at, kind, key, answer, job, origin from windlass_duplicate order by at desc, rowid desc limit ?1";
const SUM_UP: &str = "insert into windlass_duplicate_count (kind, answer, jobs) \
     select kind, answer, count(*) from windlass_duplicate where at < ?1 group by kind, answer \
     on conflict (kind, answer) do update set jobs = jobs + excluded.jobs";

pub(crate) fn duplicates(connection: &Connection, newest: usize) -> Result<Duplicates, StoreError> {
    let count = |row: &rusqlite::Row<'_>| {
        Ok(((row.get(0)?, row.get::<_, i16>(1)?), row.get::<_, i64>(2)?.unsigned_abs()))
    };
    let mut found = Duplicates::default();
    for ((kind, code), jobs) in all(connection, COUNTS, [], count)? {
        found.counts.insert((kind, answer(code)?), jobs);
    }
    let most = i64::try_from(newest).unwrap_or(i64::MAX);
    let one = |row: &rusqlite::Row<'_>| {
        let (at, code) = (Timestamp::from_micros(row.get(0)?), row.get::<_, i16>(3)?);
        let (kind, key, job, origin) =
            (row.get(1)?, row.get(2)?, row.get::<_, Id>(4)?.job(), row.get(5)?);
        Ok((code, Duplicate { at, kind, key, answer: DuplicateAnswer::Kept, job, origin }))
    };
    for (code, one) in all(connection, NEWEST, [most], one)? {
        found.newest.push(Duplicate { answer: answer(code)?, ..one });
    }
    Ok(found)
}

/// Adds the oldest to their sums.
pub(crate) fn sum_up(connection: &Connection) -> Result<(), StoreError> {
    const OLD: &str = "select at from windlass_duplicate order by at desc limit 1 offset ?1";
    let offset = i64::try_from(DUPLICATES - 1).unwrap_or(i64::MAX);
    let Some(before) = crate::row::one::<i64>(connection, OLD, [offset])? else { return Ok(()) };
    run(connection, SUM_UP, [before])?;
    run(connection, "delete from windlass_duplicate where at < ?1", [before]).map(drop)
}

fn answer(code: i16) -> Result<DuplicateAnswer, StoreError> {
    DuplicateAnswer::from_code(code).ok_or_else(|| StoreError::Corrupt {
        table: "windlass_duplicate",
        column: "answer",
        row: "one".to_owned(),
        value: code.to_string(),
    })
}
