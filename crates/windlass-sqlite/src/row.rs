//! Rows as the domain's types, read in one place each.

use std::collections::HashMap;

use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};
use rusqlite::{Connection, OptionalExtension, Row};
use uuid::Uuid;
use windlass_core::error::StoreError;
use windlass_core::id::{BatchId, JobId, LeaseId, OperationId, WorkerId};
use windlass_core::job::{Attempt, Claimed, JobRecord, Meta, State};
use windlass_core::json::Json;
use windlass_core::time::Timestamp;
use windlass_core::worker::{LivesWith, MinimumBuild, WorkerRecord, held_back, kind_slots};

use crate::error::store_error;

/// An id as 16 bytes.
pub(crate) struct Id(pub(crate) Uuid);

impl From<JobId> for Id {
    fn from(id: JobId) -> Self {
        Self(id.as_uuid())
    }
}

impl From<LeaseId> for Id {
    fn from(id: LeaseId) -> Self {
        Self(id.as_uuid())
    }
}

impl From<OperationId> for Id {
    fn from(id: OperationId) -> Self {
        Self(id.as_uuid())
    }
}

impl From<WorkerId> for Id {
    fn from(id: WorkerId) -> Self {
        Self(id.as_uuid())
    }
}

impl Id {
    pub(crate) fn job(self) -> JobId {
        JobId::from_uuid(self.0)
    }

    pub(crate) fn worker(self) -> WorkerId {
        WorkerId::from_uuid(self.0)
    }

    pub(crate) fn lease(self) -> LeaseId {
        LeaseId::from_uuid(self.0)
    }
}

/// A batch's id as 32 digits.
pub(crate) struct Digits(Uuid);

impl From<BatchId> for Digits {
    fn from(id: BatchId) -> Self {
        Self(id.as_uuid())
    }
}

impl Digits {
    pub(crate) fn batch(self) -> BatchId {
        BatchId::from_uuid(self.0)
    }
}

impl ToSql for Digits {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::from(self.0.simple().to_string()))
    }
}

impl FromSql for Digits {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let digits = value.as_str()?;
        Uuid::try_parse(digits).map(Self).map_err(|error| FromSqlError::Other(Box::new(error)))
    }
}

impl ToSql for Id {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(ValueRef::Blob(self.0.as_bytes())))
    }
}

impl FromSql for Id {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let bytes = value.as_blob()?;
        Uuid::from_slice(bytes)
            .map(Self)
            .map_err(|error| rusqlite::types::FromSqlError::Other(Box::new(error)))
    }
}

/// A text. What another program wrote may have bytes that are not UTF-8: one such row must not keep all others from being read.
pub(crate) struct Text(pub(crate) String);

impl FromSql for Text {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let bytes = value.as_bytes()?;
        Ok(Self(String::from_utf8_lossy(bytes).into_owned()))
    }
}

/// A number of things, as a column has it.
pub(crate) struct Count(pub(crate) u64);

impl FromSql for Count {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let number = value.as_i64()?;
        u64::try_from(number).map(Self).map_err(|_| FromSqlError::OutOfRange(number))
    }
}

impl ToSql for Count {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::from(i64::try_from(self.0).unwrap_or(i64::MAX)))
    }
}

/// The text in a column.
pub(crate) fn text(row: &Row<'_>, column: usize) -> rusqlite::Result<String> {
    Ok(row.get::<_, Text>(column)?.0)
}

/// The text in a column, where there is one.
pub(crate) fn text_where(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<String>> {
    Ok(row.get::<_, Option<Text>>(column)?.map(|text| text.0))
}

/// What a claim needs of a row, in the order [`claimed`] reads it.
pub(crate) const CLAIMED: &str = "id, queue, kind, version, priority, attempt, failures, losses, \
     max_attempts, args, root, meta, run_at, created_at, parent, origin, history";

/// A claimed job from a row of [`CLAIMED`], with the attempt already counted.
pub(crate) fn claimed(row: &Row<'_>, position: i16) -> rusqlite::Result<Claimed> {
    let meta = text_where(row, 11)?;
    Ok(Claimed {
        position,
        batch: 0,
        id: row.get::<_, Id>(0)?.job(),
        queue: text(row, 1)?,
        kind: text(row, 2)?,
        version: row.get(3)?,
        priority: row.get(4)?,
        attempt: row.get::<_, u32>(5)? + 1,
        failures: row.get(6)?,
        losses: row.get(7)?,
        max_attempts: row.get(8)?,
        args: Json::stored(text(row, 9)?),
        event: None,
        root: row.get::<_, Option<Id>>(10)?.map(Id::job),
        meta: Meta::from_stored(meta.as_deref()),
        run_at: Timestamp::from_micros(row.get(12)?),
        created_at: Timestamp::from_micros(row.get(13)?),
        parent: row.get::<_, Option<Id>>(14)?.map(Id::job),
        origin: text_where(row, 15)?,
        history: text_where(row, 16)?.map(Into::into),
    })
}

/// A job's columns, the same from both tables, in the order [`record`] reads them. `{}` is
/// replaced by what differs: see [`PENDING_RECORD`] and [`FINISHED_RECORD`].
macro_rules! record_columns {
    ($started:literal, $finished:literal, $worker:literal, $output:literal, $cancel:literal) => {
        concat!(
            "id, queue, kind, version, state, priority, attempt, failures, losses, max_attempts, \
             run_at, created_at, args, root, parent, origin, meta, history, reason, ",
            $started,
            ", ",
            $finished,
            ", ",
            $worker,
            ", ",
            $output,
            ", ",
            $cancel
        )
    };
}

/// A job from `windlass_pending`.
pub(crate) const PENDING_RECORD: &str = record_columns!(
    "(select l.claimed_at from windlass_lease l where l.id = lease)",
    "null",
    "(select l.label from windlass_lease l where l.id = lease)",
    "null",
    "cancel is not null"
);
/// A job from `windlass_finished`.
pub(crate) const FINISHED_RECORD: &str =
    record_columns!("started_at", "finished_at", "worker", "output", "0");

/// A job's row as it is, before anything in it is doubted.
pub(crate) struct RawRecord {
    record: JobRecord,
    state: i16,
    history: Option<String>,
}

pub(crate) fn record(row: &Row<'_>) -> rusqlite::Result<RawRecord> {
    let meta = text_where(row, 16)?;
    let moment = |at: usize| row.get::<_, Option<i64>>(at).map(|m| m.map(Timestamp::from_micros));
    let record = JobRecord {
        id: row.get::<_, Id>(0)?.job(),
        queue: text(row, 1)?,
        kind: text(row, 2)?,
        version: row.get(3)?,
        state: State::Waiting,
        priority: row.get(5)?,
        attempt: row.get(6)?,
        failures: row.get(7)?,
        losses: row.get(8)?,
        max_attempts: row.get(9)?,
        run_at: Timestamp::from_micros(row.get(10)?),
        created_at: Timestamp::from_micros(row.get(11)?),
        args: Json::stored(text(row, 12)?),
        root: row.get::<_, Option<Id>>(13)?.map(Id::job),
        parent: row.get::<_, Option<Id>>(14)?.map(Id::job),
        origin: text_where(row, 15)?,
        meta: Meta::from_stored(meta.as_deref()),
        history: Vec::new(),
        reason: text_where(row, 18)?,
        started_at: moment(19)?,
        finished_at: moment(20)?,
        worker: text_where(row, 21)?,
        output: text_where(row, 22)?.map(Json::stored),
        cancel_requested: row.get(23)?,
    };
    Ok(RawRecord { record, state: row.get(4)?, history: text_where(row, 17)? })
}

impl RawRecord {
    /// The record, if its row has only values that something here wrote.
    pub(crate) fn read(self) -> Result<JobRecord, StoreError> {
        let Self { mut record, state, history } = self;
        let corrupt = |column, value: String| StoreError::Corrupt {
            table: "windlass_job",
            column,
            row: record.id.to_string(),
            value,
        };
        let state = State::from_code(state).ok_or_else(|| corrupt("state", state.to_string()))?;
        let history: Vec<Attempt> = match history {
            None => Vec::new(),
            Some(text) => serde_json::from_str(&text).map_err(|_| corrupt("history", text))?,
        };
        record.state = state;
        record.history = history;
        Ok(record)
    }
}

/// A worker's columns, in the order [`worker`] reads them; running jobs are counted beside.
pub(crate) const WORKER: &str = "id, label, host, pid, build, queues, handlers, slots, \
     started_at, seen_at, expires_at, quiet, remote, stopping, kind_slots, claimed_at";

pub(crate) fn worker(
    row: &Row<'_>,
    running: &HashMap<WorkerId, u64>,
    minimums: &[MinimumBuild],
) -> rusqlite::Result<WorkerRecord> {
    let id = row.get::<_, Id>(0)?.worker();
    let build: String = row.get(4)?;
    let list = |at: usize| -> rusqlite::Result<Vec<String>> {
        Ok(serde_json::from_str(&row.get::<_, String>(at)?).unwrap_or_default())
    };
    let handlers: String = row.get(6)?;
    Ok(WorkerRecord {
        id,
        label: row.get(1)?,
        host: row.get(2)?,
        pid: row.get(3)?,
        held_back: held_back(&build, minimums).cloned(),
        build,
        queues: list(5)?,
        handlers: serde_json::from_str(&handlers).unwrap_or_default(),
        slots: row.get(7)?,
        kind_slots: kind_slots(row.get::<_, Option<String>>(14)?.as_deref()),
        started_at: Timestamp::from_micros(row.get(8)?),
        seen_at: Timestamp::from_micros(row.get(9)?),
        expires_at: Timestamp::from_micros(row.get(10)?),
        claimed_at: row.get::<_, Option<i64>>(15)?.map(Timestamp::from_micros),
        quiet: row.get(11)?,
        stopping: row.get(13)?,
        lives_with: LivesWith::of_remote(row.get(12)?),
        running: running.get(&id).copied().unwrap_or(0),
    })
}

/// All rows of a query, read one by one.
pub(crate) fn all<T>(
    connection: &Connection,
    sql: &str,
    params: impl rusqlite::Params,
    read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
) -> Result<Vec<T>, StoreError> {
    let mut statement = connection.prepare_cached(sql).map_err(store_error)?;
    let rows = statement.query_map(params, read).map_err(store_error)?;
    rows.collect::<rusqlite::Result<_>>().map_err(store_error)
}

/// Runs a statement; how many rows it changed.
pub(crate) fn run(
    connection: &Connection,
    sql: &str,
    params: impl rusqlite::Params,
) -> Result<usize, StoreError> {
    connection
        .prepare_cached(sql)
        .and_then(|mut statement| statement.execute(params))
        .map_err(store_error)
}

/// The first column of the first row, where there is one.
pub(crate) fn one<T: rusqlite::types::FromSql>(
    connection: &Connection,
    sql: &str,
    params: impl rusqlite::Params,
) -> Result<Option<T>, StoreError> {
    connection
        .prepare_cached(sql)
        .and_then(|mut statement| statement.query_row(params, |row| row.get(0)).optional())
        .map_err(store_error)
}
