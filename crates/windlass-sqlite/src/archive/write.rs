//! Write: all rows, in one transaction, by a thread of its own.

use std::path::Path;

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, params_from_iter};
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::sync::oneshot;
use uuid::Uuid;
use windlass_core::archive::{Onto, Origin, Page, Row, TABLES, Value, WriteArchive};
use windlass_core::error::StoreError;
use windlass_core::id::JobId;
use windlass_core::store::Reply;
use windlass_core::time::Timestamp;

use crate::archive::layout::{self, Layout};
use crate::archive::{look, moving};
use crate::connection::thread;
use crate::connection::writer::{begin_alone, in_transaction};
use crate::error::{closed, store_error};
use crate::event::renew;

/// Tables that a store has for itself: what is in them is of the rows that were there.
const OWN: [&str; 14] = [
    "windlass_moving",
    "windlass_worker",
    "windlass_lease",
    "windlass_expected_run",
    "windlass_leader",
    "windlass_walk",
    "windlass_line_cursor",
    "windlass_aside_walk",
    "windlass_age_cursor",
    "windlass_unmet",
    "windlass_operation",
    "windlass_operation_job",
    "windlass_request_key",
    "windlass_session",
];

type Reported = oneshot::Sender<Result<(), StoreError>>;

enum Step {
    Write(Page, Reported),
    End(Origin, Reported),
}

/// The transaction, in the hands of a thread. It is rolled back when nobody sends anything more.
pub(super) struct Writing {
    steps: Sender<Step>,
}

impl Writing {
    pub(super) fn start(
        connection: Connection,
        path: &Path,
        onto: Onto,
    ) -> Result<Self, StoreError> {
        begin_alone(&connection)?;
        look::look(&connection, path)?.check(onto)?;
        remove_all(&connection)?;
        Self::serve(connection, Commits::AtTheEnd)
    }

    /// Each page is a transaction of its own.
    pub(super) fn go_on(connection: Connection) -> Result<Self, StoreError> {
        Self::serve(connection, Commits::EachPage)
    }

    fn serve(connection: Connection, commits: Commits) -> Result<Self, StoreError> {
        let (steps, waiting) = channel(1);
        thread::start(("windlass-archive", "writer"), connection, move |connection| {
            serve(connection, commits, waiting);
        })?;
        Ok(Self { steps })
    }

    async fn ask(&self, step: impl FnOnce(Reported) -> Step) -> Result<(), StoreError> {
        let (reported, report) = oneshot::channel();
        self.steps.send(step(reported)).await.map_err(|_| closed())?;
        report.await.map_err(|_| closed())?
    }
}

impl WriteArchive for Writing {
    fn write(&mut self, page: Page) -> Reply<'_, ()> {
        Box::pin(self.ask(|reported| Step::Write(page, reported)))
    }

    fn end(self: Box<Self>, origin: Origin) -> Reply<'static, ()> {
        Box::pin(async move { self.ask(|reported| Step::End(origin, reported)).await })
    }
}

/// When what was written is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Commits {
    AtTheEnd,
    EachPage,
}

fn serve(connection: &Connection, commits: Commits, mut steps: Receiver<Step>) {
    while let Some(step) = steps.blocking_recv() {
        let (result, reported) = match step {
            Step::Write(page, reported) if commits == Commits::EachPage => {
                let written = in_transaction(connection, |connection| {
                    note(connection, &page)?;
                    write(connection, page)
                });
                (written, reported)
            }
            Step::Write(page, reported) => (write(connection, page), reported),
            Step::End(origin, reported) if commits == Commits::EachPage => {
                (in_transaction(connection, |connection| end(connection, origin)), reported)
            }
            Step::End(origin, reported) => {
                let ended = end(connection, origin)
                    .and_then(|()| connection.execute_batch("commit").map_err(store_error));
                (ended, reported)
            }
        };
        // Who does not wait any more does not want the answer.
        let _ = reported.send(result);
    }
}

/// How far the rows have come.
fn note(connection: &Connection, page: &Page) -> Result<(), StoreError> {
    const NOTE: &str = "update windlass_moving set rows = case when place = ?1 then rows else 0 end + ?2, place = ?1";
    let place = TABLES.iter().position(|table| table == page.table);
    let (place, rows) = (place.unwrap_or(0), page.rows.len());
    let count = |number| i64::try_from(number).unwrap_or(i64::MAX);
    if rows > 0 {
        connection.execute(NOTE, [count(place), count(rows)]).map_err(store_error)?;
    }
    Ok(())
}

/// Removes what is there.
pub(super) fn remove_all(connection: &Connection) -> Result<(), StoreError> {
    moving::let_write(connection)?;
    let tables = TABLES.iter().map(|table| layout::of(table).target());
    for table in tables.chain(OWN).filter(|table| !table.is_empty()) {
        connection.execute(&format!("delete from {table}"), []).map_err(store_error)?;
    }
    connection
        .execute("delete from sqlite_sequence where name glob 'windlass_*'", [])
        .map(drop)
        .map_err(store_error)
}

fn write(connection: &Connection, page: Page) -> Result<(), StoreError> {
    let layout = layout::of(page.table);
    if page.rows.is_empty() {
        return Ok(());
    }
    match (page.table.name, layout.insert()) {
        ("counter", _) => count(connection, &page.rows),
        ("condition", Some(insert)) => {
            note_unmet(connection, &page)?;
            insert_all(connection, &layout, (&insert, page.rows))
        }
        ("running", Some(insert)) => {
            lease(connection, &page.rows)?;
            insert_all(connection, &layout, (&insert, page.rows))
        }
        (_, Some(insert)) => insert_all(connection, &layout, (&insert, page.rows)),
        (name, None) => Err(StoreError::Conflict {
            what: format!(
                "it has rows of {name}, which a SQLite store has no place for: restore it into PostgreSQL"
            ),
        }),
    }
}

fn insert_all(
    connection: &Connection,
    layout: &Layout,
    (insert, rows): (&str, Vec<Row>),
) -> Result<(), StoreError> {
    let mut statement = connection.prepare_cached(insert).map_err(store_error)?;
    for mut row in rows {
        if let Some(nth) = layout.ids() {
            row[nth] = jobs(&row[nth]);
        }
        statement.execute(params_from_iter(row.iter().map(Bound))).map_err(store_error)?;
    }
    Ok(())
}

/// A lease for each running job, of which a row says the job, the lease, the worker, its name and the moment first.
fn lease(connection: &Connection, rows: &[Row]) -> Result<(), StoreError> {
    const LEASE: &str = "insert into windlass_lease (id, worker, label, claimed_at, unsettled, jobs) values (?2, ?3, ?4, ?5, 1, ?1)";
    let mut statement = connection.prepare_cached(LEASE).map_err(store_error)?;
    for row in rows {
        let binds = params_from_iter(row.iter().take(5).map(Bound));
        statement.execute(binds).map_err(store_error)?;
    }
    Ok(())
}

/// Jobs that are to be cancelled by the next sweep, for what they wait for has ended in another way.
fn note_unmet(connection: &Connection, page: &Page) -> Result<(), StoreError> {
    const UNMET: &str = "insert or ignore into windlass_unmet (job) values (?1)";
    let looks = page.table.columns.iter().position(|column| column.name == "looks");
    for row in page.rows.iter().filter(|row| looks.is_some_and(|nth| row[nth] == Value::Whole(1))) {
        connection.execute(UNMET, [Bound(&row[0])]).map_err(store_error)?;
    }
    Ok(())
}

/// Which numbers were given: none of them comes again.
fn count(connection: &Connection, rows: &[Row]) -> Result<(), StoreError> {
    const COUNT: &str = "insert into sqlite_sequence (name, seq) values ('windlass_' || ?1, ?2)";
    for row in rows {
        let binds = params_from_iter(row.iter().map(Bound));
        connection.execute(COUNT, binds).map_err(store_error)?;
    }
    Ok(())
}

fn end(connection: &Connection, origin: Origin) -> Result<(), StoreError> {
    if origin == Origin::Past {
        renew::renew(connection, Timestamp::wall_clock())?;
        let sources = "update windlass_source set epoch = epoch + 1";
        connection.execute(sources, []).map_err(store_error)?;
    }
    connection.execute("delete from windlass_moving", []).map(drop).map_err(store_error)
}

/// Plain ids as jobs, as we write them.
fn jobs(ids: &Value) -> Value {
    let Value::Text(text) = ids else { return ids.clone() };
    let ids: Vec<Uuid> = serde_json::from_str::<Vec<String>>(text)
        .unwrap_or_default()
        .iter()
        .filter_map(|id| Uuid::try_parse(id).ok())
        .collect();
    let jobs: Vec<JobId> = ids.into_iter().map(JobId::from_uuid).collect();
    Value::Text(serde_json::to_string(&jobs).unwrap_or_else(|_| "[]".to_owned()))
}

/// A value as a bind.
struct Bound<'a>(&'a Value);

impl rusqlite::ToSql for Bound<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self.0 {
            Value::Null => ValueRef::Null,
            Value::Whole(number) => ValueRef::Integer(*number),
            Value::Real(number) => ValueRef::Real(*number),
            Value::Text(text) => ValueRef::Text(text.as_bytes()),
            Value::Id(id) => ValueRef::Blob(id.as_bytes()),
            Value::Bytes(bytes) => ValueRef::Blob(bytes),
        }))
    }
}
