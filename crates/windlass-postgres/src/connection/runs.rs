//! Where a statement runs: on a connection that others share, or among those of one transaction.

use std::future::Future;

use tokio_postgres::Row;
use tokio_postgres::types::Type;
use windlass_core::error::StoreError;

use crate::connection::patience::{Gate, patiently};
use crate::connection::transaction::{PATIENCE, Transaction};
use crate::connection::{Bind, Connection};

/// Runs statements.
pub(crate) trait Runs: Sync {
    fn rows(
        &self,
        sql: &'static str,
        binds: &[Bind<'_>],
    ) -> impl Future<Output = Result<Vec<Row>, StoreError>> + Send;
}

/// Runs statements that set their patience themselves, from their last parameter. `what` is what another transaction keeps where
/// they do not get it.
pub(crate) trait RunsPatiently: Sync {
    fn rows_in_time(
        &self,
        sql: &'static str,
        binds: &[Bind<'_>],
        what: &str,
    ) -> impl Future<Output = Result<Vec<Row>, StoreError>> + Send;
}

impl Runs for Connection {
    async fn rows(&self, sql: &'static str, binds: &[Bind<'_>]) -> Result<Vec<Row>, StoreError> {
        self.query(sql, binds).await
    }
}

impl Runs for Transaction<'_> {
    async fn rows(&self, sql: &'static str, binds: &[Bind<'_>]) -> Result<Vec<Row>, StoreError> {
        self.run(sql, binds).await
    }
}

impl RunsPatiently for (&Connection, &Gate) {
    async fn rows_in_time(
        &self,
        sql: &'static str,
        binds: &[Bind<'_>],
        what: &str,
    ) -> Result<Vec<Row>, StoreError> {
        patiently(*self, sql, binds, what).await
    }
}

impl RunsPatiently for Transaction<'_> {
    /// As long as the other statements of the transaction: it has a session of its own.
    async fn rows_in_time(
        &self,
        sql: &'static str,
        binds: &[Bind<'_>],
        _: &str,
    ) -> Result<Vec<Row>, StoreError> {
        let mut all = binds.to_vec();
        all.push((&PATIENCE, Type::TEXT));
        self.run(sql, &all).await
    }
}
