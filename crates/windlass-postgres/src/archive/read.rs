//! Read: all rows, in one snapshot.

use std::pin::Pin;

use futures_util::TryStreamExt;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Row as Found, RowStream};
use windlass_core::archive::{PAGE_BYTES, PAGE_ROWS, Page, ReadArchive, Row, Table, Value};
use windlass_core::error::StoreError;
use windlass_core::store::Reply;

use crate::archive::binary::{self, Raw};
use crate::archive::{Session, layout};
use crate::error::store_error;
use crate::row::get;

/// The rows, as the server sends them.
pub(super) struct Rows {
    session: Session,
    tables: std::slice::Iter<'static, Table>,
    /// The table that is being read, with the types of its columns.
    open: Option<Open>,
}

struct Open {
    table: &'static Table,
    kinds: Vec<Type>,
    rows: Pin<Box<RowStream>>,
}

impl Rows {
    pub(super) async fn start(
        session: Session,
        tables: &'static [Table],
    ) -> Result<Self, StoreError> {
        // The snapshot is that of the first look.
        session.batch("select from windlass.schema_version").await?;
        Ok(Self { session, tables: tables.iter(), open: None })
    }

    async fn open(&self, table: &'static Table) -> Result<Open, StoreError> {
        let select = self.session.text(&layout::of(table).select());
        let client = &self.session.client;
        let statement = client.prepare(&select).await.map_err(store_error)?;
        let kinds = statement.columns().iter().map(|column| column.type_().clone()).collect();
        let nothing: [&(dyn ToSql + Sync); 0] = [];
        let rows = client.query_raw(&statement, nothing).await.map_err(store_error)?;
        Ok(Open { table, kinds, rows: Box::pin(rows) })
    }

    async fn page(&mut self) -> Result<Option<Page>, StoreError> {
        let mut open = match self.open.take() {
            Some(open) => open,
            None => match self.tables.next() {
                Some(table) => self.open(table).await?,
                None => return Ok(None),
            },
        };
        let (mut rows, mut bytes) = (Vec::new(), 0);
        while rows.len() < PAGE_ROWS && bytes < PAGE_BYTES {
            let Some(found) = open.rows.try_next().await.map_err(store_error)? else {
                return Ok(Some(Page { table: open.table, rows }));
            };
            let row = values(&open, &found)?;
            bytes += row.iter().map(Value::size).sum::<usize>();
            rows.push(row);
        }
        let page = Page { table: open.table, rows };
        self.open = Some(open);
        Ok(Some(page))
    }
}

impl ReadArchive for Rows {
    fn next(&mut self) -> Reply<'_, Option<Page>> {
        Box::pin(self.page())
    }
}

fn values(open: &Open, row: &Found) -> Result<Row, StoreError> {
    let mut values = Row::with_capacity(open.kinds.len());
    for (nth, kind) in open.kinds.iter().enumerate() {
        let value = match get::<Option<Raw<'_>>>(row, nth)? {
            None => Some(Value::Null),
            Some(Raw(raw)) => binary::read(kind, raw),
        };
        values.push(value.ok_or_else(|| {
            let column = open.table.columns[nth].name;
            StoreError::Backend(
                format!("a value of {}.{column} cannot be read", open.table.name).into(),
            )
        })?);
    }
    Ok(values)
}
