//! Duplicates: jobs that were not written since their unique keys were held.

use tokio_postgres::Row;
use tokio_postgres::types::Type;
use windlass_core::error::StoreError;
use windlass_core::id::JobId;
use windlass_core::job::{Duplicate, DuplicateAnswer, Duplicates};
use windlass_core::time::Timestamp;

use crate::connection::Connection;
use crate::row::get;

const COUNTS: &str = "select kind, answer, sum(jobs)::int8 from ( \
       select kind, answer, jobs from windlass.duplicate_count \
       union all select kind, answer, count(*) from windlass.duplicate group by kind, answer) as c \
     group by kind, answer";
const NEWEST: &str = "select at, kind, key, answer, job, origin from windlass.duplicate order by at desc limit $1::int8";

pub(crate) async fn duplicates(
    connection: &Connection,
    newest: usize,
) -> Result<Duplicates, StoreError> {
    let mut found = Duplicates::default();
    for row in connection.query(COUNTS, &[]).await? {
        let jobs = get::<i64>(&row, 2)?.unsigned_abs();
        found.counts.insert((get(&row, 0)?, answer(&row, 1)?), jobs);
    }
    let most = i64::try_from(newest).unwrap_or(i64::MAX);
    for row in connection.query(NEWEST, &[(&most, Type::INT8)]).await? {
        found.newest.push(Duplicate {
            at: Timestamp::from_micros(get(&row, 0)?),
            kind: get(&row, 1)?,
            key: get(&row, 2)?,
            answer: answer(&row, 3)?,
            job: JobId::from_uuid(get(&row, 4)?),
            origin: get(&row, 5)?,
        });
    }
    Ok(found)
}

fn answer(row: &Row, at: usize) -> Result<DuplicateAnswer, StoreError> {
    let code: i16 = get(row, at)?;
    DuplicateAnswer::from_code(code).ok_or_else(|| StoreError::Corrupt {
        table: "duplicate",
        column: "answer",
        row: "one".to_owned(),
        value: code.to_string(),
    })
}
