//! Read: all rows, in one snapshot, by a thread of its own.

use std::ops::ControlFlow;

use rusqlite::Connection;
use rusqlite::types::ValueRef;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use uuid::Uuid;
use windlass_core::archive::{Form, PAGE_BYTES, PAGE_ROWS, Page, ReadArchive, Row, Table, Value};
use windlass_core::error::StoreError;
use windlass_core::id::JobId;
use windlass_core::store::Reply;

use crate::archive::layout::{self, Layout};
use crate::connection::thread;
use crate::error::store_error;

/// Pages that are read ahead.
const AHEAD: usize = 2;

type Answer = Result<Page, StoreError>;

/// The rows, as a thread reads them: it ends with the last one, or when nobody asks any more.
pub(super) struct Rows {
    pages: Receiver<Answer>,
}

impl Rows {
    pub(super) fn start(
        connection: Connection,
        tables: &'static [Table],
    ) -> Result<Self, StoreError> {
        // The snapshot is that of the first look.
        connection.execute_batch("begin; select one from windlass_schema").map_err(store_error)?;
        let (answers, pages) = channel(AHEAD);
        thread::start(("windlass-archive", "reader"), connection, move |connection| {
            if let Err(error) = read_all(connection, tables, &answers) {
                // Nobody waits any more.
                let _ = answers.blocking_send(Err(error));
            }
        })?;
        Ok(Self { pages })
    }
}

impl ReadArchive for Rows {
    fn next(&mut self) -> Reply<'_, Option<Page>> {
        Box::pin(async move { self.pages.recv().await.transpose() })
    }
}

fn read_all(
    connection: &Connection,
    tables: &'static [Table],
    answers: &Sender<Answer>,
) -> Result<(), StoreError> {
    for table in tables {
        if read_table(connection, &layout::of(table), answers)?.is_break() {
            break;
        }
    }
    Ok(())
}

fn read_table(
    connection: &Connection,
    layout: &Layout,
    answers: &Sender<Answer>,
) -> Result<ControlFlow<()>, StoreError> {
    let table = layout.table;
    let (mut page, mut bytes) = (Page { table, rows: Vec::new() }, 0);
    let mut wanted = ControlFlow::Continue(());
    if let Some(select) = layout.select() {
        let mut statement = connection.prepare(&select).map_err(store_error)?;
        let mut rows = statement.query([]).map_err(store_error)?;
        while let Some(found) = rows.next().map_err(store_error)? {
            let row = values(table, found)?;
            bytes += row.iter().map(Value::size).sum::<usize>();
            page.rows.push(row);
            if page.rows.len() >= PAGE_ROWS || bytes >= PAGE_BYTES {
                let full = std::mem::replace(&mut page, Page { table, rows: Vec::new() });
                bytes = 0;
                if answers.blocking_send(Ok(full)).is_err() {
                    return Ok(ControlFlow::Break(()));
                }
            }
        }
    }
    if answers.blocking_send(Ok(page)).is_err() {
        wanted = ControlFlow::Break(());
    }
    Ok(wanted)
}

fn values(table: &Table, row: &rusqlite::Row<'_>) -> Result<Row, StoreError> {
    let mut values = Row::with_capacity(table.columns.len());
    for (nth, column) in table.columns.iter().enumerate() {
        let value = row.get_ref(nth).map_err(store_error)?;
        values.push(of_column(column.form, value).ok_or_else(|| {
            StoreError::Backend(
                format!("a value of {}.{} cannot be read", table.name, column.name).into(),
            )
        })?);
    }
    Ok(values)
}

fn of_column(form: Form, value: ValueRef<'_>) -> Option<Value> {
    Some(match (form, value) {
        (_, ValueRef::Null) => Value::Null,
        (Form::Whole, ValueRef::Integer(number)) => Value::Whole(number),
        (Form::Real, ValueRef::Real(number)) => Value::Real(number),
        (Form::Text | Form::Json, ValueRef::Text(text)) => {
            // What another program wrote may have bytes that are not UTF-8: one such row must not keep all others from being read.
            Value::Text(String::from_utf8_lossy(text).into_owned())
        }
        (Form::Ids, ValueRef::Text(text)) => Value::Text(ids(text)?),
        (Form::Id | Form::Lease | Form::Worker, ValueRef::Blob(id)) => {
            Value::Id(Uuid::from_slice(id).ok()?)
        }
        (Form::Bytes, ValueRef::Blob(bytes)) => Value::Bytes(bytes.to_vec()),
        _ => return None,
    })
}

/// Jobs as we write them, as plain ids.
fn ids(text: &[u8]) -> Option<String> {
    let jobs: Vec<JobId> = serde_json::from_slice(text).ok()?;
    let ids: Vec<String> = jobs.iter().map(|job| job.as_uuid().to_string()).collect();
    serde_json::to_string(&ids).ok()
}
