//! List: the conditions of a job, with where the jobs stand that it waits for.

use rusqlite::Connection;
use windlass_core::condition::{Awaited, ConditionRecord, ConditionState, Ends};
use windlass_core::error::StoreError;
use windlass_core::id::JobId;
use windlass_core::job::State;
use windlass_core::json::Json;
use windlass_core::time::Timestamp;

use crate::row::{Digits, Id, all};

/// Name, the job it waits for and in which ways that may end, the signal, the moment, the state and since when, what came with
/// it, a note, the state of that job or batch, and the batch.
const CONDITIONS: &str = "select c.name, c.awaits, c.ends, c.signal, c.at, c.state, c.since, coalesce(c.data, f.output), c.note, \
       coalesce(p.state, f.state, b.ended), c.batch \
     from windlass_condition c left join windlass_pending p on p.id = c.awaits \
     left join windlass_finished f on f.id = c.awaits and p.id is null \
     left join windlass_batch b on b.id = c.batch and not b.live \
     where c.job = ?1 and c.overdue is null order by c.nth";

pub(crate) fn conditions(
    connection: &Connection,
    job: JobId,
) -> Result<Vec<ConditionRecord>, StoreError> {
    let records = all(connection, CONDITIONS, [Id::from(job)], |row| {
        let (awaited, signal): (Option<Id>, Option<String>) = (row.get(1)?, row.get(3)?);
        let at = Timestamp::from_micros(row.get::<_, Option<i64>>(4)?.unwrap_or_default());
        let ends = Ends::from_bits(row.get::<_, Option<i16>>(2)?.unwrap_or_default());
        let job_state = row.get::<_, Option<i16>>(9)?.and_then(State::from_code);
        let batch = row.get::<_, Option<Digits>>(10)?.map(Digits::batch);
        let awaits = match (awaited, batch, signal) {
            (Some(job), ..) => Awaited::Job { job: job.job(), ends, job_state },
            (None, Some(batch), _) => Awaited::Batch { batch, ends, ended: job_state },
            (None, None, Some(key)) => Awaited::Signal { key },
            (None, None, None) => Awaited::Moment { at },
        };
        let code: i16 = row.get(5)?;
        let record = ConditionRecord {
            name: row.get(0)?,
            awaits,
            state: ConditionState::from_code(code).unwrap_or(ConditionState::Open),
            since: row.get::<_, Option<i64>>(6)?.map(Timestamp::from_micros),
            data: row.get::<_, Option<String>>(7)?.map(Json::stored),
            note: row.get(8)?,
        };
        Ok((ConditionState::from_code(code).is_some(), code, record))
    })?;
    let read = |(is_known, code, record): (bool, i16, ConditionRecord)| match is_known {
        true => Ok(record),
        false => Err(StoreError::Corrupt {
            table: "windlass_condition",
            column: "state",
            row: job.to_string(),
            value: code.to_string(),
        }),
    };
    records.into_iter().map(read).collect()
}
