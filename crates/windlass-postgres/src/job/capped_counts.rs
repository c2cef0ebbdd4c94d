//! Capped counts: the numbers of jobs by queue and state, at a cost that does not grow with those that wait.

use tokio_postgres::Row;
use tokio_postgres::types::Type;
use windlass_core::error::StoreError;
use windlass_core::job::{Counts, State};
use windlass_core::limits::{COUNTED_ALL, COUNTED_LEAST};

use crate::connection::Connection;
use crate::row::get;

const CAPPED_COUNTS: &str = include_str!("capped_counts.sql");
/// The sorts of jobs that do not lie in the order of their queues, and their states.
const OTHERS: [(i16, &[State]); 2] =
    [(2, &[State::Scheduled, State::Retryable]), (3, &[State::Waiting])];

/// Of each queue and state at most so many: one where only the names of queues are asked for.
pub(crate) async fn capped_counts(
    connection: &Connection,
    most: usize,
) -> Result<Counts, StoreError> {
    let bounds = [most, COUNTED_ALL, COUNTED_LEAST.min(most)]
        .map(|most| i64::try_from(most).unwrap_or(i64::MAX));
    let binds = bounds.each_ref().map(|bound| (bound as _, Type::INT8));
    let rows = connection.query(CAPPED_COUNTS, &binds).await?;
    let mut counts = Counts { exact: true, ..Counts::default() };
    let mut looked_at = [0; OTHERS.len()];
    for row in &rows {
        let (sort, jobs) = read(row, &mut counts)?;
        for (seen, (other, _)) in looked_at.iter_mut().zip(OTHERS) {
            *seen += if sort == other { jobs } else { 0 };
        }
    }
    let cut = OTHERS.iter().zip(looked_at).filter(|(_, seen)| *seen > COUNTED_ALL as u64);
    counts.cut_short(cut.flat_map(|((_, states), _)| states.iter().copied()));
    Ok(counts)
}

/// Adds what a row says; its sort, and how many jobs it is of.
fn read(row: &Row, counts: &mut Counts) -> Result<(i16, u64), StoreError> {
    let (queue, code): (String, i16) = (get(row, 0)?, get(row, 1)?);
    let jobs = get::<i64>(row, 2)?.max(0).unsigned_abs();
    counts.add(&queue, code, jobs);
    if let Some(state) = State::from_code(code).filter(|_| get(row, 3).unwrap_or(false)) {
        counts.may_have_more(&queue, state);
    }
    Ok((get(row, 4)?, jobs))
}
