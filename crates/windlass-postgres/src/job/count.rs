//! Count: the numbers of jobs by queue and state, or an estimate where counting takes too long.

use std::str::FromStr;

use tokio_postgres::SimpleQueryRow;
use windlass_core::error::StoreError;
use windlass_core::job::{Counts, State};
use windlass_core::limits::COUNT_DEADLINE;

use crate::connection::Connection;
use crate::row::get;

const COUNTS: &str = include_str!("count.sql");
const ESTIMATE: &str =
    "select greatest(reltuples, 0)::int8 from pg_class where oid = 'windlass.pending'::regclass";

/// Exact numbers, or the planner's idea of the waiting ones where counting takes too long.
pub(crate) async fn counts(connection: &Connection) -> Result<Counts, StoreError> {
    match connection.query_within(COUNTS, COUNT_DEADLINE).await? {
        Some(rows) => read_counts(&rows),
        None => estimate(connection).await,
    }
}

fn read_counts(rows: &[SimpleQueryRow]) -> Result<Counts, StoreError> {
    let mut counts = Counts { exact: true, ..Counts::default() };
    for row in rows {
        let (queue, code): (String, i16) = (parsed(row, 0)?, parsed(row, 1)?);
        counts.add(&queue, code, parsed::<i64>(row, 2)?.max(0).unsigned_abs());
    }
    Ok(counts)
}

/// A value of an answer that came as text.
fn parsed<T: FromStr>(row: &SimpleQueryRow, at: usize) -> Result<T, StoreError> {
    let value = row.get(at).unwrap_or_default();
    value.parse().map_err(|_| StoreError::Corrupt {
        table: "an answer",
        column: "a number",
        row: at.to_string(),
        value: value.to_owned(),
    })
}

async fn estimate(connection: &Connection) -> Result<Counts, StoreError> {
    let row = connection.query_one(ESTIMATE, &[]).await?;
    let jobs = get::<i64>(&row, 0)?.unsigned_abs();
    let by_state = std::iter::once((State::Available, jobs)).collect();
    let by_queue = std::iter::once(("*".to_owned(), by_state)).collect();
    Ok(Counts { by_queue, ..Counts::default() })
}
