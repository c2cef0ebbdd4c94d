//! Undo: jobs that nobody has touched since are put back as they were.

use tokio_postgres::types::Type;
use uuid::Uuid;
use windlass_core::error::StoreError;
use windlass_core::id::JobId;
use windlass_core::operation::{OperationRecord, Why};

use crate::connection::Bind;
use crate::connection::transaction::Transaction;
use crate::row::get;

const UNDO: &str = "select job, why from windlass.undo_jobs($1::uuid, $2::int8, $3::int8)";

/// The next jobs of an operation, put back or, for a reason, not.
pub(super) async fn undo(
    transaction: &Transaction<'_>,
    record: &OperationRecord,
    (most, now): (usize, i64),
) -> Result<Vec<(JobId, Option<Why>)>, StoreError> {
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let binds: [Bind<'_>; 3] =
        [(&record.id.as_uuid(), Type::UUID), (&now, Type::INT8), (&most, Type::INT8)];
    let rows = transaction.run(UNDO, &binds).await?;
    let one = |row: &tokio_postgres::Row| {
        let why: Option<&str> = get(row, 1)?;
        let job = JobId::from_uuid(get::<Uuid>(row, 0)?);
        Ok((job, why.map(|word| Why::of(word).unwrap_or(Why::Touched))))
    };
    rows.iter().map(one).collect()
}
