//! Delete: jobs that have ended are removed.

use tokio_postgres::types::Type;
use uuid::Uuid;
use windlass_core::error::StoreError;

use crate::connection::transaction::Transaction;
use crate::row::get;

const DELETE: &str = include_str!("delete.sql");

pub(super) async fn delete(
    transaction: &Transaction<'_>,
    jobs: &[Uuid],
) -> Result<Vec<Uuid>, StoreError> {
    let rows = transaction.run(DELETE, &[(&jobs, Type::UUID_ARRAY)]).await?;
    rows.iter().map(|row| get(row, 0)).collect()
}
