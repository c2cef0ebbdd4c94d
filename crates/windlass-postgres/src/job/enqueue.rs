//! Enqueue: new rows of `pending`, from arrays, one statement for any number.

use std::collections::HashSet;

use tokio_postgres::Row;
use tokio_postgres::types::Type;
use uuid::Uuid;
use windlass_core::error::StoreError;
use windlass_core::id::JobId;
use windlass_core::job::{Due, Enqueued, Identity, Meta, NewJob};
use windlass_core::store::Now;
use windlass_core::time::micros;

use crate::connection::{Bind, Connection};
use crate::row::get;

const ENQUEUE: &str = include_str!("enqueue.sql");
const ENQUEUE_ALIKE: &str = include_str!("enqueue_alike.sql");
const ENQUEUE_GIVEN: &str = include_str!("enqueue_given.sql");

/// The columns of new rows.
#[derive(Default)]
struct Columns<'a> {
    id: Vec<Uuid>,
    queue: Vec<&'a str>,
    kind: Vec<&'a str>,
    version: Vec<i16>,
    priority: Vec<i16>,
    max_attempts: Vec<Option<i16>>,
    at: Vec<Option<i64>>,
    delay: Vec<i64>,
    args: Vec<&'a str>,
    root: Vec<Option<Uuid>>,
    parent: Vec<Option<Uuid>>,
    origin: Vec<Option<&'a str>>,
    meta: Vec<Option<String>>,
}

impl<'a> Columns<'a> {
    fn of(jobs: impl Iterator<Item = &'a NewJob>) -> Self {
        let mut columns = Self::default();
        for job in jobs {
            let (at, delay) = match job.due {
                Due::Now => (None, 0),
                Due::In(delay) => (None, micros(delay)),
                Due::At(moment) => (Some(moment.as_micros()), 0),
            };
            columns.id.push(job.id.as_uuid());
            columns.queue.push(&job.queue);
            columns.kind.push(&job.kind);
            columns.version.push(job.version.cast_signed());
            columns.priority.push(job.priority);
            columns.max_attempts.push(job.max_attempts.map(u16::cast_signed));
            columns.at.push(at);
            columns.delay.push(delay);
            columns.args.push(job.args.as_str());
            columns.root.push(job.root.map(|id| id.as_uuid()));
            columns.parent.push(job.parent.map(|id| id.as_uuid()));
            columns.origin.push(job.origin.as_deref());
            columns.meta.push(job.stored_meta());
        }
        columns
    }

    async fn send(
        &self,
        connection: &Connection,
        sql: &'static str,
        now: Now,
    ) -> Result<Vec<Row>, StoreError> {
        let now = now.micros();
        let binds: Vec<Bind<'_>> = vec![
            (&now, Type::INT8),
            (&self.id, Type::UUID_ARRAY),
            (&self.queue, Type::TEXT_ARRAY),
            (&self.kind, Type::TEXT_ARRAY),
            (&self.version, Type::INT2_ARRAY),
            (&self.priority, Type::INT2_ARRAY),
            (&self.max_attempts, Type::INT2_ARRAY),
            (&self.at, Type::INT8_ARRAY),
            (&self.delay, Type::INT8_ARRAY),
            (&self.args, Type::TEXT_ARRAY),
            (&self.root, Type::UUID_ARRAY),
            (&self.parent, Type::UUID_ARRAY),
            (&self.origin, Type::TEXT_ARRAY),
            (&self.meta, Type::TEXT_ARRAY),
        ];
        connection.query(sql, &binds).await
    }
}

/// Whether two jobs differ only in id and args, and need nothing special.
fn is_alike(first: &NewJob, job: &NewJob) -> bool {
    let plain = job.identity == Identity::Fresh
        && job.due == Due::Now
        && job.root.is_none()
        && job.parent.is_none()
        && job.meta == Meta::default();
    plain
        && (job.version, job.priority, job.max_attempts)
            == (first.version, first.priority, first.max_attempts)
        && job.kind == first.kind
        && job.queue == first.queue
        && job.origin == first.origin
}

async fn enqueue_alike(
    connection: &Connection,
    first: &NewJob,
    jobs: &[NewJob],
    now: Now,
) -> Result<(), StoreError> {
    let now = now.micros();
    let ids: Vec<Uuid> = jobs.iter().map(|job| job.id.as_uuid()).collect();
    let args: Vec<&str> = jobs.iter().map(|job| job.args.as_str()).collect();
    connection
        .query(
            ENQUEUE_ALIKE,
            &[
                (&now, Type::INT8),
                (&ids, Type::UUID_ARRAY),
                (&first.queue, Type::TEXT),
                (&first.kind, Type::TEXT),
                (&first.version.cast_signed(), Type::INT2),
                (&first.priority, Type::INT2),
                (&first.max_attempts.map(u16::cast_signed), Type::INT2),
                (&args, Type::TEXT_ARRAY),
                (&first.origin, Type::TEXT),
            ],
        )
        .await
        .map(drop)
}

/// Writes jobs, all or none: one statement.
pub(crate) async fn enqueue(
    connection: &Connection,
    jobs: &[NewJob],
    now: Now,
) -> Result<Vec<Enqueued>, StoreError> {
    if let Some(first) = jobs.first().filter(|first| jobs.iter().all(|job| is_alike(first, job))) {
        enqueue_alike(connection, first, jobs, now).await?;
        return Ok(jobs.iter().map(|job| Enqueued::New(job.id)).collect());
    }
    let columns = Columns::of(jobs.iter());
    if jobs.iter().all(|job| job.identity == Identity::Fresh) {
        columns.send(connection, ENQUEUE, now).await?;
        return Ok(jobs.iter().map(|job| Enqueued::New(job.id)).collect());
    }
    let rows = columns.send(connection, ENQUEUE_GIVEN, now).await?;
    let mut written: HashSet<Uuid> =
        rows.iter().map(|row| get(row, 0)).collect::<Result<_, _>>()?;
    // One id may come more than once in a call: the first of them was written.
    let mut answer = |id: JobId| {
        if written.remove(&id.as_uuid()) { Enqueued::New(id) } else { Enqueued::Existing(id) }
    };
    Ok(jobs.iter().map(|job| answer(job.id)).collect())
}
