//! Heads: how jobs stand, without their args.

use rusqlite::{Connection, Row};
use windlass_core::error::StoreError;
use windlass_core::id::JobId;
use windlass_core::job::{JobHead, Meta, State};
use windlass_core::progress::Progress;

use crate::row::{Id, all, text, text_where};

const HEADS: &str = include_str!("heads.sql");

pub(crate) fn heads(connection: &Connection, jobs: &[JobId]) -> Result<Vec<JobHead>, StoreError> {
    let ids: Vec<String> = jobs.iter().map(|id| format!("\"{}\"", id.as_uuid().simple())).collect();
    let found = all(connection, HEADS, [format!("[{}]", ids.join(","))], head)?;
    found.into_iter().map(checked).collect()
}

/// A row, and the code of its state.
fn head(row: &Row<'_>) -> rusqlite::Result<(JobHead, i16)> {
    let count = |number: Option<i64>| number.map(i64::unsigned_abs);
    let progress = Progress {
        percent: row.get(5)?,
        note: text_where(row, 6)?,
        done: count(row.get(7)?),
        total: count(row.get(8)?),
    };
    let head = JobHead {
        id: row.get::<_, Id>(0)?.job(),
        kind: text(row, 1)?,
        queue: text(row, 2)?,
        state: State::Waiting,
        attempt: row.get(4)?,
        tags: Meta::from_stored(text_where(row, 10)?.as_deref()).tags.clone(),
        progress: row.get::<_, bool>(9)?.then_some(progress),
    };
    Ok((head, row.get(3)?))
}

fn checked((head, code): (JobHead, i16)) -> Result<JobHead, StoreError> {
    let state = State::from_code(code).ok_or_else(|| StoreError::Corrupt {
        table: "windlass_job",
        column: "state",
        row: head.id.to_string(),
        value: code.to_string(),
    })?;
    Ok(JobHead { state, ..head })
}
