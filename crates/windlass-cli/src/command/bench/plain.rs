//! Plain tables with the columns of events and jobs: what writing the same rows takes without anything around them.

use std::path::Path;
use std::time::Duration;

use rusqlite::params;
use windlass::event::NewEvent;
use windlass::{EventId, Json};

use super::eventful::{Driver, connect};
use super::noop;
use crate::store::sqlite_path;

/// Rows of one statement on PostgreSQL, of one transaction on SQLite.
pub(super) const ROWS: usize = 1_000;
/// A moment like any other.
const MOMENT: i64 = 1_800_000_000_000_000;
/// After how long a connection to a file asks once more whether it may write.
const AGAIN: Duration = Duration::from_millis(1);

const TABLES_POSTGRES: &str = "drop table if exists windlass_bench_event, windlass_bench_job; \
     create table windlass_bench_event (position bigint primary key, id uuid not null, source text not null, given text, \
       type text not null, subject text, at bigint not null, recorded_at bigint, data text, root uuid, parent uuid, meta text); \
     create table windlass_bench_job (id uuid primary key, run_at bigint not null, created_at bigint not null, \
       attempt integer not null default 0, failures integer not null default 0, state smallint not null, \
       version smallint not null, priority smallint not null, losses smallint not null default 0, max_attempts smallint, \
       queue text not null, kind text not null, args text not null, root uuid, parent uuid, origin text, meta text)";
const TABLES_SQLITE: &str = "drop table if exists windlass_bench_event; drop table if exists windlass_bench_job; \
     create table windlass_bench_event (position integer primary key, id blob not null, source text not null, given text, \
       type text not null, subject text, at integer not null, recorded_at integer, data text, root blob, parent blob, meta text) strict; \
     create table windlass_bench_job (id blob not null primary key, run_at integer not null, created_at integer not null, \
       attempt integer not null default 0, failures integer not null default 0, state integer not null, \
       version integer not null, priority integer not null, losses integer not null default 0, max_attempts integer, \
       queue text not null, kind text not null, args text not null, root blob, parent blob, origin text, meta text) strict";
const DROP_POSTGRES: &str = "drop table windlass_bench_event, windlass_bench_job";
const DROP_SQLITE: &str = "drop table windlass_bench_event; drop table windlass_bench_job";

const EVENTS_POSTGRES: &str = "insert into windlass_bench_event (position, id, source, type, at, recorded_at, data) \
     select * from unnest($1::int8[], $2::uuid[], $3::text[], $4::text[], $5::int8[], $6::int8[], $7::text[])";
const JOBS_POSTGRES: &str = "insert into windlass_bench_job (id, run_at, created_at, state, version, priority, queue, kind, args, root, parent) \
     select * from unnest($1::uuid[], $2::int8[], $3::int8[], $4::int2[], $5::int2[], $6::int2[], $7::text[], $8::text[], $9::text[], \
       $10::uuid[], $11::uuid[])";
const EVENT_SQLITE: &str = "insert into windlass_bench_event (position, id, source, type, at, recorded_at, data) \
     values (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
const JOB_SQLITE: &str = "insert into windlass_bench_job (id, run_at, created_at, state, version, priority, queue, kind, args, root, parent) \
     values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)";
/// One event, as a caller writes it.
pub(super) const EVENT_POSTGRES: &str = "insert into windlass_bench_event (position, id, source, type, at, data) values ($1, $2, $3, $4, $5, $6)";

/// The tables, and a connection to them.
pub(super) enum Plain {
    Sqlite(rusqlite::Connection),
    /// The driver carries what the client sends.
    Postgres(tokio_postgres::Client, Driver),
}

impl Plain {
    /// New tables.
    pub(super) async fn create(url: &str) -> anyhow::Result<Self> {
        if let Some(path) = sqlite_path(url) {
            let connection = open(&path)?;
            connection.execute_batch(TABLES_SQLITE)?;
            return Ok(Self::Sqlite(connection));
        }
        let (client, driver) = connect(url).await?;
        client.batch_execute(TABLES_POSTGRES).await?;
        Ok(Self::Postgres(client, driver))
    }

    pub(super) async fn remove(self) -> anyhow::Result<()> {
        match self {
            Self::Sqlite(connection) => connection.execute_batch(DROP_SQLITE)?,
            Self::Postgres(client, _driver) => client.batch_execute(DROP_POSTGRES).await?,
        }
        Ok(())
    }

    /// Writes events behind this position, and so many jobs of each.
    pub(super) async fn write(
        &mut self,
        after: u64,
        events: &[NewEvent],
        jobs_each: usize,
    ) -> anyhow::Result<()> {
        let jobs: Vec<EventId> =
            events.iter().flat_map(|event| std::iter::repeat_n(event.id, jobs_each)).collect();
        let after = i64::try_from(after)?;
        match self {
            Self::Postgres(client, _) => {
                write_events(client, after, events).await?;
                for jobs in jobs.chunks(ROWS) {
                    write_jobs(client, jobs).await?;
                }
            }
            Self::Sqlite(connection) => {
                tokio::task::block_in_place(|| write_rows(connection, after, events, &jobs))?;
            }
        }
        Ok(())
    }
}

/// A connection of a file, as durable as the store's own.
pub(super) fn open(path: &Path) -> rusqlite::Result<rusqlite::Connection> {
    let connection = rusqlite::Connection::open(path)?;
    connection.pragma_update(None, "synchronous", "full")?;
    connection.busy_handler(Some(|_| {
        std::thread::sleep(AGAIN);
        true
    }))?;
    Ok(connection)
}

async fn write_events(
    client: &tokio_postgres::Client,
    after: i64,
    events: &[NewEvent],
) -> anyhow::Result<()> {
    let positions: Vec<i64> = (after + 1..).take(events.len()).collect();
    let ids: Vec<_> = events.iter().map(|event| event.id.as_uuid()).collect();
    let sources: Vec<&str> = events.iter().map(|event| event.source.as_str()).collect();
    let types: Vec<&str> = events.iter().map(|event| event.event_type.as_str()).collect();
    let moments = vec![MOMENT; events.len()];
    let datas: Vec<_> = events.iter().map(|event| event.data.as_ref().map(Json::as_str)).collect();
    client
        .execute(EVENTS_POSTGRES, &[&positions, &ids, &sources, &types, &moments, &moments, &datas])
        .await?;
    Ok(())
}

async fn write_jobs(client: &tokio_postgres::Client, jobs: &[EventId]) -> anyhow::Result<()> {
    let many = jobs.len();
    let ids: Vec<_> = jobs.iter().map(|_| EventId::new().as_uuid()).collect();
    let events: Vec<_> = jobs.iter().map(EventId::as_uuid).collect();
    let (moments, ones) = (vec![MOMENT; many], vec![1_i16; many]);
    let (queue, kind) = (noop::queue(), <noop::Noop as windlass::Job>::KIND);
    let (queues, kinds, args) = (vec![queue.as_str(); many], vec![kind; many], vec!["null"; many]);
    client
        .execute(
            JOBS_POSTGRES,
            &[
                &ids, &moments, &moments, &ones, &ones, &ones, &queues, &kinds, &args, &events,
                &events,
            ],
        )
        .await?;
    Ok(())
}

/// In transactions of their own, the events and each thousand jobs.
fn write_rows(
    connection: &mut rusqlite::Connection,
    after: i64,
    events: &[NewEvent],
    jobs: &[EventId],
) -> anyhow::Result<()> {
    let tx = connection.transaction()?;
    for (position, event) in (after + 1..).zip(events) {
        write_event(&tx, position, event)?;
    }
    tx.commit()?;
    let (queue, kind) = (noop::queue(), <noop::Noop as windlass::Job>::KIND);
    for jobs in jobs.chunks(ROWS) {
        let tx = connection.transaction()?;
        let mut statement = tx.prepare_cached(JOB_SQLITE)?;
        for event in jobs {
            let (id, event) = (EventId::new().as_uuid(), event.as_uuid());
            let (id, event) = (id.as_bytes(), event.as_bytes());
            statement
                .execute(params![id, MOMENT, MOMENT, 2, 1, 1, queue, kind, "null", event, event])?;
        }
        drop(statement);
        tx.commit()?;
    }
    Ok(())
}

/// Inside whatever transaction the connection is in.
pub(super) fn write_event(
    connection: &rusqlite::Connection,
    position: i64,
    event: &NewEvent,
) -> rusqlite::Result<()> {
    let (id, data) = (event.id.as_uuid(), event.data.as_ref().map(Json::as_str));
    let mut statement = connection.prepare_cached(EVENT_SQLITE)?;
    let binds =
        params![position, id.as_bytes(), event.source, event.event_type, MOMENT, MOMENT, data];
    statement.execute(binds)?;
    Ok(())
}
