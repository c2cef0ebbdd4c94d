//! Unique keys: jobs that are the only ones of their kind, written by a function of the schema, so that every driver does
//! the same. The answers come as text, which every driver knows.

use tokio_postgres::types::Type;
use windlass_core::error::StoreError;
use windlass_core::id::JobId;
use windlass_core::job::{Enqueued, Identity, NewJob};
use windlass_core::name::DEFAULT_SCHEMA;
use windlass_core::store::Now;

use crate::connection::{Bind, Connection, in_schema};
use crate::job::statement::{Statement, Value, enqueue_all};
use crate::row::get;

/// Whether jobs are written by [`statement`]: one of them has a unique key.
#[must_use]
pub fn are_unique(jobs: &[NewJob]) -> bool {
    jobs.iter().any(|job| job.meta.unique.is_some())
}

/// Writes jobs of which some have a unique key, all or none. It answers rows of one `text` for
/// [`answers`].
#[must_use]
pub fn statement(jobs: &[NewJob], schema: &str) -> Statement {
    let Statement { mut binds, .. } = enqueue_all(jobs, schema);
    let given = jobs.iter().map(|job| Some(i16::from(job.identity == Identity::Given)));
    binds.push(Value::Smalls(given.collect()));
    binds.push(Value::Big(None));
    Statement { sql: in_schema(ENQUEUE_UNIQUE, schema), binds }
}

const ENQUEUE_UNIQUE: &str = include_str!("unique.sql");

/// What the rows of [`statement`] mean.
///
/// # Errors
/// [`StoreError::Duplicate`] where a job was rejected, and where a row makes no sense.
pub fn answers<'a>(
    jobs: &[NewJob],
    rows: impl IntoIterator<Item = &'a str>,
) -> Result<Vec<Enqueued>, StoreError> {
    let mut answers = vec![None; jobs.len()];
    for row in rows {
        let (nth, answer) = answer(jobs, row).ok_or_else(|| strange(row))?;
        answers[nth] = Some(answer?);
    }
    answers.into_iter().collect::<Option<_>>().ok_or_else(|| strange("too few rows"))
}

/// A row: the place of its job, and what happened to that.
fn answer(jobs: &[NewJob], row: &str) -> Option<(usize, Result<Enqueued, StoreError>)> {
    let mut words = row.split(' ');
    let nth = words.next()?.parse::<usize>().ok()?.checked_sub(1)?;
    let (answer, job) = (words.next()?, JobId::from_uuid(words.next()?.parse().ok()?));
    let wanted = jobs.get(nth)?;
    let rejected = || StoreError::Duplicate {
        kind: wanted.kind.clone(),
        key: wanted.meta.unique.as_ref().map(|unique| unique.key().to_owned()).unwrap_or_default(),
        job,
    };
    let answer = match answer {
        "0" => Ok(Enqueued::Existing(job)),
        "1" => Ok(Enqueued::New(job)),
        "2" => Ok(Enqueued::Kept(job)),
        "3" => Ok(Enqueued::Replaced(job)),
        "4" => Err(rejected()),
        _ => return None,
    };
    Some((nth, answer))
}

fn strange(row: &str) -> StoreError {
    StoreError::Backend(format!("an answer that makes no sense: {row}").into())
}

/// Writes jobs of which some have a unique key, all or none.
pub(crate) async fn enqueue(
    connection: &Connection,
    jobs: &[NewJob],
    now: Now,
) -> Result<Vec<Enqueued>, StoreError> {
    let mut binds = statement(jobs, DEFAULT_SCHEMA).binds;
    if let Some(moment) = binds.last_mut() {
        *moment = Value::Big(now.micros());
    }
    let binds: Vec<Bind<'_>> = binds.iter().map(bind).collect();
    let rows = connection.query(ENQUEUE_UNIQUE, &binds).await?;
    let rows = rows.iter().map(|row| get(row, 0)).collect::<Result<Vec<&str>, _>>()?;
    answers(jobs, rows)
}

fn bind(value: &Value) -> Bind<'_> {
    match value {
        Value::Text(text) => (text, Type::TEXT),
        Value::Small(number) => (number, Type::INT2),
        Value::Big(number) => (number, Type::INT8),
        Value::Texts(texts) => (texts, Type::TEXT_ARRAY),
        Value::Smalls(numbers) => (numbers, Type::INT2_ARRAY),
        Value::Bigs(numbers) => (numbers, Type::INT8_ARRAY),
    }
}
