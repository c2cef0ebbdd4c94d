//! Unique keys: jobs that are the only ones of their kind, written by a function of the schema, so that every driver does
//! the same. The answers come as text, which every driver knows.

use std::time::Instant;

use tokio_postgres::types::Type;
use windlass_core::error::StoreError;
use windlass_core::id::{BatchId, JobId};
use windlass_core::job::{Enqueued, Identity, Lane, NewJob};
use windlass_core::name::DEFAULT_SCHEMA;
use windlass_core::store::Now;

use crate::connection::patience::{self, Gate, LONGEST_WAIT, PATIENCE, Try};
use crate::connection::{Bind, Connection, in_schema};
use crate::job::statement::{Statement, Value, enqueue_all_at};
use crate::row::get;

/// Whether jobs are written by [`statement`]: for one of them others are looked at, those with its unique key, those of
/// its lane or its batch, or those it waits for.
#[must_use]
pub fn look_at_others(jobs: &[NewJob]) -> bool {
    let has_rules = |job: &NewJob| job.meta.lane.as_ref().is_some_and(Lane::has_rules);
    let looks = |job: &NewJob| {
        job.meta.unique.is_some() || job.meta.waits.is_some() || job.meta.member.is_some()
    };
    jobs.iter().any(|job| looks(job) || has_rules(job))
}

/// Writes jobs of which some have a unique key, all or none. It answers rows of one `text` for
/// [`answers`].
#[must_use]
pub fn statement(jobs: &[NewJob], schema: &str) -> Statement {
    statement_at(jobs, schema, Now::Database)
}

/// The same at a moment.
pub(crate) fn statement_at(jobs: &[NewJob], schema: &str, now: Now) -> Statement {
    let Statement { mut binds, .. } = enqueue_all_at(jobs, schema, now);
    let now = binds.pop();
    let given = jobs.iter().map(|job| Some(i16::from(job.identity == Identity::Given)));
    // A caller's own transaction waits for others as its database says.
    binds.push(Value::Smalls(given.collect()));
    binds.extend(now);
    binds.push(Value::Text(None));
    Statement { sql: in_schema(ENQUEUE_UNIQUE, schema), binds }
}

const ENQUEUE_UNIQUE: &str = include_str!("unique.sql");

/// What the rows of [`statement`] mean.
///
/// # Errors
/// [`StoreError::Duplicate`] where a job was rejected, [`StoreError::Unavailable`] where a transaction that is
/// still open keeps a key, and where a row makes no sense.
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
    let kind = wanted.kind.clone();
    let key = wanted.meta.unique.as_ref().map(|unique| unique.key().to_owned()).unwrap_or_default();
    let answer = match answer {
        "0" => Ok(Enqueued::Existing(job)),
        "1" => Ok(Enqueued::New(job)),
        "2" => Ok(Enqueued::Kept(job)),
        "3" => Ok(Enqueued::Replaced(job)),
        "4" => Err(StoreError::Duplicate { kind, key, job }),
        "5" => Err(StoreError::Unavailable {
            reason: match &wanted.meta.unique {
                Some(_) => format!(
                    "another transaction has had the unique key `{}` of {kind} for too long",
                    key.escape_debug()
                ),
                None if wanted.meta.member.is_some() => {
                    format!("another transaction has had the batch of {kind} for too long")
                }
                None if wanted.meta.waits.is_some() => {
                    format!("another transaction has had what {kind} waits for, for too long")
                }
                None => format!("another transaction has had the lane of {kind} for too long"),
            },
        }),
        "6" => Err(wanted.refused_in_lane(job)),
        "7" => Err(StoreError::NothingToAwait { job: wanted.id, awaited: job }),
        "8" => Err(StoreError::BatchExists {
            key: batch_key(wanted, as_batch(job)),
            batch: as_batch(job),
        }),
        "9" => Err(StoreError::NoBatch { job: wanted.id, batch: as_batch(job) }),
        "10" => Err(StoreError::BatchEnded { job: wanted.id, batch: as_batch(job) }),
        _ => return None,
    };
    Some((nth, answer))
}

/// The id in an answer that is about a batch.
fn as_batch(id: JobId) -> BatchId {
    BatchId::from_uuid(id.as_uuid())
}

/// The key that another batch has; none where it is the job's own, which has begun before.
fn batch_key(job: &NewJob, other: BatchId) -> String {
    let member = job.meta.member.as_ref().filter(|member| member.batch != other);
    let begins = member.and_then(|member| member.begins.as_deref());
    begins.and_then(|begins| begins.key.clone()).unwrap_or_default()
}

fn strange(row: &str) -> StoreError {
    StoreError::Backend(format!("an answer that makes no sense: {row}").into())
}

/// Writes jobs of which some have a unique key, all or none, with patience.
pub(crate) async fn enqueue(
    connection: &Connection,
    (jobs, gate): (&[NewJob], &Gate),
    now: Now,
) -> Result<Vec<Enqueued>, StoreError> {
    let mut values = statement(jobs, DEFAULT_SCHEMA).binds;
    values.truncate(values.len() - 2);
    values.extend([Value::Big(now.micros()), Value::Text(Some(patience::setting()))]);
    let binds: Vec<Bind<'_>> = values.iter().map(bind).collect();
    let began = Instant::now();
    let mut which = Try::First;
    loop {
        let rows = {
            let _alone = gate.pass(which).await;
            connection.query(ENQUEUE_UNIQUE, &binds).await?
        };
        let rows = rows.iter().map(|row| get(row, 0)).collect::<Result<Vec<&str>, _>>()?;
        let is_kept = rows.iter().any(|row| row.split(' ').nth(1) == Some("5"));
        if !is_kept || began.elapsed() > LONGEST_WAIT {
            return answers(jobs, rows);
        }
        which = Try::Again;
        tokio::time::sleep(PATIENCE).await;
    }
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
