//! sqlx on SQLite: a connection, a transaction, or a pool. Begin a transaction with
//! `begin_with("BEGIN IMMEDIATE")`: a deferred one fails, unasked for, when another process writes in
//! between.

use sqlx::{Row, Sqlite, SqliteConnection, SqlitePool, Transaction};
use windlass_core::condition::{Signal, Signalled, Waits};
use windlass_core::error::StoreError;
use windlass_core::event::{NewEvent, Published};
use windlass_core::job::{Enqueued, Fence, Identity, NewJob};
use windlass_core::json::Json;
use windlass_core::time::Timestamp;
use windlass_sqlite::statement::{self, Value};
use windlass_sqlite::unique::{
    self, HOLDER, INSERT_MARKED, KEY_HELD, KNOWN, NOTE_REJECTED, NOTHING_TO_AWAIT, RefusedBatch,
    Rejected, is_marked,
};
use windlass_sqlite::{Binds, INSERT, lane_rules, publish, signal};

use crate::transaction::sealed::Sealed;
use crate::transaction::{EnqueueOn, FinishOn};

impl Sealed for &mut SqliteConnection {}
impl Sealed for &mut Transaction<'_, Sqlite> {}
impl Sealed for &SqlitePool {}

fn backend(error: sqlx::Error) -> StoreError {
    StoreError::Backend(Box::new(error))
}

/// All or none, inside a transaction and outside of one.
async fn write(
    connection: &mut SqliteConnection,
    jobs: &[NewJob],
) -> Result<Vec<Enqueued>, StoreError> {
    // One statement needs nothing around it; a job with a unique key, with tags or with rules for its lane is a few.
    if jobs.len() < 2 && !jobs.iter().any(|job| is_marked(job) || lane_rules::has_rules(job)) {
        return write_each(connection, jobs).await;
    }
    sqlx::query(statement::SAVEPOINT).execute(&mut *connection).await.map_err(backend)?;
    match write_each(connection, jobs).await {
        Ok(answers) => {
            sqlx::query(statement::RELEASE).execute(connection).await.map_err(backend)?;
            Ok(answers)
        }
        Err(error) => {
            // The first error says what is wrong; a transaction that SQLite ended has no savepoint left.
            let _ = sqlx::raw_sql(statement::UNDO).execute(&mut *connection).await;
            if let Some(one) = Rejected::of(jobs, &error) {
                note(connection, one).await?;
            }
            Err(error)
        }
    }
}

async fn write_each(
    connection: &mut SqliteConnection,
    jobs: &[NewJob],
) -> Result<Vec<Enqueued>, StoreError> {
    let now = Timestamp::wall_clock();
    let mut answers = Vec::with_capacity(jobs.len());
    for job in jobs {
        answers.push(write_one(connection, job, now).await?);
    }
    Ok(answers)
}

async fn write_one(
    connection: &mut SqliteConnection,
    job: &NewJob,
    now: Timestamp,
) -> Result<Enqueued, StoreError> {
    if lane_rules::has_rules(job) {
        enter_lane(connection, job, now).await?;
    }
    if is_marked(job) {
        return write_marked(connection, job, now).await;
    }
    let done = bound(INSERT, job, now).execute(connection).await.map_err(backend)?;
    let is_new = done.rows_affected() > 0;
    Ok(if is_new { Enqueued::New(job.id) } else { Enqueued::Existing(job.id) })
}

/// Lets a job into its lane, or refuses it.
async fn enter_lane(
    connection: &mut SqliteConnection,
    job: &NewJob,
    now: Timestamp,
) -> Result<(), StoreError> {
    let id = job.id.as_uuid().as_bytes().to_vec();
    let known = sqlx::query(KNOWN).bind(id.clone());
    if job.identity == Identity::Given
        && known.fetch_optional(&mut *connection).await.map_err(backend)?.is_some()
    {
        return Ok(());
    }
    let meta = job.stored_meta();
    let enter = sqlx::query(lane_rules::ENTER_LANE)
        .bind(id.clone())
        .bind(job.kind.clone())
        .bind(now.as_micros())
        .bind(meta.clone());
    let Err(error) = enter.execute(&mut *connection).await else { return Ok(()) };
    let refused = error.as_database_error();
    if !refused.is_some_and(|error| error.message().contains(lane_rules::REFUSED)) {
        return Err(backend(error));
    }
    let refuser = sqlx::query(lane_rules::REFUSER).bind(id).bind(meta);
    let row = refuser.fetch_one(&mut *connection).await.map_err(backend)?;
    let bytes: Vec<u8> = row.try_get(0).map_err(backend)?;
    Err(job.refused_in_lane(unique::holder(&bytes).unwrap_or(job.id)))
}

async fn write_marked(
    connection: &mut SqliteConnection,
    job: &NewJob,
    now: Timestamp,
) -> Result<Enqueued, StoreError> {
    let id = job.id.as_uuid().as_bytes().to_vec();
    if job.identity == Identity::Given
        && sqlx::query(KNOWN)
            .bind(id)
            .fetch_optional(&mut *connection)
            .await
            .map_err(backend)?
            .is_some()
    {
        return Ok(Enqueued::Existing(job.id));
    }
    let written = bound(INSERT_MARKED, job, now).execute(&mut *connection).await;
    let is_held = |error: &sqlx::Error| {
        error.as_database_error().is_some_and(|error| error.message().contains(KEY_HELD))
    };
    let is_rejected = match written {
        Ok(_) => false,
        Err(error) if is_held(&error) => true,
        Err(error) if waits_for_nothing(&error) => return Err(not_there(connection, job).await?),
        Err(error) => return Err(batch_error(connection, job, error).await?),
    };
    let Some(unique) = &job.meta.unique else { return Ok(Enqueued::New(job.id)) };
    let holder = sqlx::query(HOLDER).bind(job.kind.clone()).bind(unique.key().to_owned());
    let row = holder.fetch_one(&mut *connection).await.map_err(backend)?;
    let bytes: Vec<u8> = row.try_get(0).map_err(backend)?;
    let holder = unique::holder(&bytes).ok_or_else(|| StoreError::no_job(job.id))?;
    if is_rejected {
        return Err(unique::duplicate(job, holder));
    }
    let answer: Option<i64> = row.try_get(1).map_err(backend)?;
    Ok(unique::answer(job, holder, answer))
}

/// The refusal that names the batch of a job, where that is why.
async fn batch_error(
    connection: &mut SqliteConnection,
    job: &NewJob,
    error: sqlx::Error,
) -> Result<StoreError, StoreError> {
    let said = error.as_database_error().map(|error| error.message().to_owned());
    Ok(match said.and_then(|said| unique::refused_batch(job, &said)) {
        None => backend(error),
        Some(RefusedBatch::Error(error, job, batch)) => error(job, batch),
        Some(RefusedBatch::Key(key)) => {
            let holder = sqlx::query(unique::BATCH_WITH_KEY).bind(key.clone());
            let row = holder.fetch_one(&mut *connection).await.map_err(backend)?;
            unique::batch_exists(key, row.try_get(0).map_err(backend)?)
        }
    })
}

/// Whether the error says that a job which is waited for is not there.
fn waits_for_nothing(error: &sqlx::Error) -> bool {
    error.as_database_error().is_some_and(|error| error.message().contains(NOTHING_TO_AWAIT))
}

/// The refusal that names the job which is not there.
async fn not_there(
    connection: &mut SqliteConnection,
    job: &NewJob,
) -> Result<StoreError, StoreError> {
    for awaited in job.meta.waits.iter().flat_map(Waits::jobs) {
        let known = sqlx::query(KNOWN).bind(awaited.as_uuid().as_bytes().to_vec());
        if known.fetch_optional(&mut *connection).await.map_err(backend)?.is_none() {
            return Ok(StoreError::NothingToAwait { job: job.id, awaited });
        }
    }
    Ok(StoreError::NothingToAwait { job: job.id, awaited: job.id })
}

async fn tell(connection: &mut SqliteConnection, signal: &Signal) -> Result<Signalled, StoreError> {
    sqlx::query(signal::SIGNAL)
        .bind(signal.key.clone())
        .bind(signal.data.as_ref().map(|data| data.as_str().to_owned()))
        .bind(signal.is_withdrawn)
        .bind(signal.origin.clone())
        .bind(Timestamp::wall_clock().as_micros())
        .execute(&mut *connection)
        .await
        .map_err(backend)?;
    let said = sqlx::query(signal::ANSWER).bind(signal.key.clone());
    let row = said.fetch_one(connection).await.map_err(backend)?;
    let word: String = row.try_get(0).map_err(backend)?;
    signal::answer(&word, row.try_get(1).map_err(backend)?)
}

/// All or none, inside a transaction and outside of one.
async fn announce(
    connection: &mut SqliteConnection,
    events: &[NewEvent],
) -> Result<Vec<Published>, StoreError> {
    if events.is_empty() {
        return Ok(Vec::new());
    }
    sqlx::query(statement::SAVEPOINT).execute(&mut *connection).await.map_err(backend)?;
    match announce_each(connection, events).await {
        Ok(answers) => {
            sqlx::query(statement::RELEASE).execute(connection).await.map_err(backend)?;
            Ok(answers)
        }
        Err(error) => {
            // The first error says what is wrong; a transaction that SQLite ended has no savepoint left.
            let _ = sqlx::raw_sql(statement::UNDO).execute(connection).await;
            Err(error)
        }
    }
}

async fn announce_each(
    connection: &mut SqliteConnection,
    events: &[NewEvent],
) -> Result<Vec<Published>, StoreError> {
    let now = Timestamp::wall_clock();
    let mut answers = Vec::with_capacity(events.len());
    for event in events {
        let query = with_binds(publish::statement(event, now));
        query.execute(&mut *connection).await.map_err(backend)?;
        let Some(given) = &event.given else {
            answers.push(Published::New(event.id));
            continue;
        };
        let there = sqlx::query(publish::GIVEN).bind(event.source.clone()).bind(given.clone());
        let row = there.fetch_one(&mut *connection).await.map_err(backend)?;
        answers.push(publish::answer(event, row.try_get(0).map_err(backend)?)?);
    }
    Ok(answers)
}

fn with_binds(
    statement: statement::Statement,
) -> sqlx::query::Query<'static, Sqlite, sqlx::sqlite::SqliteArguments> {
    statement.binds.into_iter().fold(sqlx::query(statement.sql), |query, value| match value {
        Value::Blob(bytes) => query.bind(bytes),
        Value::Text(text) => query.bind(text),
        Value::Integer(number) => query.bind(number),
    })
}

async fn note(connection: &mut SqliteConnection, one: Rejected) -> Result<(), StoreError> {
    sqlx::query(NOTE_REJECTED)
        .bind(Timestamp::wall_clock().as_micros())
        .bind(one.kind)
        .bind(one.key)
        .bind(one.holder.as_uuid().as_bytes().to_vec())
        .bind(one.origin)
        .bind(one.answer)
        .execute(connection)
        .await
        .map(drop)
        .map_err(backend)
}

/// A statement with the binds of a job.
fn bound(
    sql: &'static str,
    job: &NewJob,
    now: Timestamp,
) -> sqlx::query::Query<'static, Sqlite, sqlx::sqlite::SqliteArguments> {
    let b = Binds::of(job, now);
    sqlx::query(sql)
        .bind(b.id.to_vec())
        .bind(b.queue.to_owned())
        .bind(b.kind.to_owned())
        .bind(i64::from(b.version))
        .bind(b.state)
        .bind(b.priority)
        .bind(b.max_attempts.map(i64::from))
        .bind(b.run_at)
        .bind(b.created_at)
        .bind(b.args.to_owned())
        .bind(b.root.map(|id| id.to_vec()))
        .bind(b.parent.map(|id| id.to_vec()))
        .bind(b.origin.map(str::to_owned))
        .bind(b.meta)
        .bind(b.is_given)
}

impl EnqueueOn for &mut SqliteConnection {
    async fn write(&mut self, jobs: &[NewJob], _schema: &str) -> Result<Vec<Enqueued>, StoreError> {
        write(self, jobs).await
    }

    async fn signal(&mut self, signal: &Signal, _schema: &str) -> Result<Signalled, StoreError> {
        tell(self, signal).await
    }

    async fn publish(
        &mut self,
        events: &[NewEvent],
        _schema: &str,
    ) -> Result<Vec<Published>, StoreError> {
        announce(self, events).await
    }
}

impl EnqueueOn for &mut Transaction<'_, Sqlite> {
    async fn write(&mut self, jobs: &[NewJob], _schema: &str) -> Result<Vec<Enqueued>, StoreError> {
        write(self, jobs).await
    }

    async fn signal(&mut self, signal: &Signal, _schema: &str) -> Result<Signalled, StoreError> {
        tell(self, signal).await
    }

    async fn publish(
        &mut self,
        events: &[NewEvent],
        _schema: &str,
    ) -> Result<Vec<Published>, StoreError> {
        announce(self, events).await
    }
}

/// In a transaction of its own, committed when it returns.
impl EnqueueOn for &SqlitePool {
    async fn write(&mut self, jobs: &[NewJob], _schema: &str) -> Result<Vec<Enqueued>, StoreError> {
        let mut tx = self.begin_with(statement::BEGIN).await.map_err(backend)?;
        let answers = write(&mut tx, jobs).await;
        // That a job was rejected is noted.
        if matches!(
            answers,
            Ok(_) | Err(StoreError::Duplicate { .. } | StoreError::LaneRefused { .. })
        ) {
            tx.commit().await.map_err(backend)?;
        }
        answers
    }

    async fn signal(&mut self, signal: &Signal, _schema: &str) -> Result<Signalled, StoreError> {
        let mut tx = self.begin_with(statement::BEGIN).await.map_err(backend)?;
        let told = tell(&mut tx, signal).await?;
        tx.commit().await.map_err(backend)?;
        Ok(told)
    }

    async fn publish(
        &mut self,
        events: &[NewEvent],
        _schema: &str,
    ) -> Result<Vec<Published>, StoreError> {
        let mut tx = self.begin_with(statement::BEGIN).await.map_err(backend)?;
        let published = announce_each(&mut tx, events).await?;
        tx.commit().await.map_err(backend)?;
        Ok(published)
    }
}

impl FinishOn for &mut Transaction<'_, Sqlite> {
    async fn finish(
        self,
        fence: Fence,
        output: Option<Json>,
        _schema: &str,
    ) -> Result<bool, StoreError> {
        let query = with_binds(statement::finish(&fence, output.as_ref()));
        let lost = |error: &sqlx::Error| {
            let refused = error.as_database_error();
            refused.is_some_and(|error| error.message().contains(statement::LEASE_LOST))
        };
        match query.execute(&mut **self).await {
            Ok(_) => Ok(true),
            Err(error) if lost(&error) => Ok(false),
            Err(error) => Err(backend(error)),
        }
    }
}
