//! Transactions of several statements: a session of their own, one after the other, made when first needed.
//!
//! Statements of other connections share a session and are each a transaction; between those of one transaction nobody else's
//! may come.

use std::sync::Arc;

use tokio::sync::{Mutex as AsyncMutex, MutexGuard};
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Row};
use windlass_core::error::StoreError;
use windlass_core::store::Now;
use windlass_core::time::Timestamp;

use crate::connection::connect::connect;
use crate::connection::{Bind, CLOCK, Shared};
use crate::error::store_error;
use crate::job::statement::{Statement, Value};
use crate::row::get;

/// How long a statement waits for somebody else's lock, as a setting of the server's.
pub(crate) const PATIENCE: &str = "1s";
const BE_PATIENT: &str = "set local lock_timeout = '1s'";

/// The session for transactions.
#[derive(Debug)]
pub(crate) struct Transactions {
    shared: Arc<Shared>,
    slot: AsyncMutex<Option<Client>>,
}

/// The session, in one caller's hands.
#[derive(Debug)]
pub(crate) struct Session<'a> {
    slot: MutexGuard<'a, Option<Client>>,
    shared: &'a Shared,
}

/// A transaction. Dropped, it is rolled back before anything else is sent.
pub(crate) struct Transaction<'a> {
    inner: tokio_postgres::Transaction<'a>,
    shared: &'a Shared,
}

impl Transactions {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self { shared, slot: AsyncMutex::new(None) }
    }

    pub(crate) fn schema(&self) -> &str {
        &self.shared.config.schema
    }

    /// The session, once those before have done with it.
    pub(crate) async fn session(&self) -> Result<Session<'_>, StoreError> {
        let mut slot = self.slot.lock().await;
        if slot.as_ref().is_none_or(Client::is_closed) {
            *slot = Some(connect(&self.shared.config, &self.shared.io, None).await?);
        }
        Ok(Session { slot, shared: &self.shared })
    }
}

impl Session<'_> {
    pub(crate) async fn begin(&mut self) -> Result<Transaction<'_>, StoreError> {
        let gone = || StoreError::Unavailable { reason: "the session is gone".to_owned() };
        let client = self.slot.as_mut().ok_or_else(gone)?;
        let transaction = client.transaction().await.map_err(unwritten)?;
        // Another's open transaction must not keep all that come behind this one.
        transaction.batch_execute(BE_PATIENT).await.map_err(unwritten)?;
        Ok(Transaction { inner: transaction, shared: self.shared })
    }
}

impl Transaction<'_> {
    /// Runs a statement without a name: one round trip, and a pooler may stand between.
    pub(crate) async fn query(&self, statement: &Statement) -> Result<Vec<Row>, StoreError> {
        let binds: Vec<(&(dyn ToSql + Sync), Type)> = statement.binds.iter().map(bind).collect();
        self.inner.query_typed(&statement.sql, &binds).await.map_err(unwritten)
    }

    /// The same for one of the store's own texts.
    pub(crate) async fn run(
        &self,
        sql: &'static str,
        binds: &[Bind<'_>],
    ) -> Result<Vec<Row>, StoreError> {
        self.inner.query_typed(&self.shared.text(sql), binds).await.map_err(unwritten)
    }

    /// The moment a statement is to go by: the caller's, or the database's.
    pub(crate) async fn now(&self, now: Now) -> Result<Timestamp, StoreError> {
        let rows = self.run(CLOCK, &[(&now.micros(), Type::INT8)]).await?;
        let missing = || StoreError::NotFound { what: "the answer's row".to_owned() };
        get(rows.first().ok_or_else(missing)?, 0).map(Timestamp::from_micros)
    }

    pub(crate) async fn commit(self) -> Result<(), StoreError> {
        self.inner.commit().await.map_err(store_error)
    }

    pub(crate) async fn roll_back(self) -> Result<(), StoreError> {
        self.inner.rollback().await.map_err(store_error)
    }
}

/// Before the commit nothing is written, whatever breaks.
fn unwritten(error: tokio_postgres::Error) -> StoreError {
    match store_error(error) {
        StoreError::Unknown { reason } => StoreError::Unavailable { reason },
        other => other,
    }
}

fn bind(value: &Value) -> (&(dyn ToSql + Sync), Type) {
    match value {
        Value::Text(text) => (text, Type::TEXT),
        Value::Small(number) => (number, Type::INT2),
        Value::Big(number) => (number, Type::INT8),
        Value::Texts(texts) => (texts, Type::TEXT_ARRAY),
        Value::Smalls(numbers) => (numbers, Type::INT2_ARRAY),
        Value::Bigs(numbers) => (numbers, Type::INT8_ARRAY),
    }
}
