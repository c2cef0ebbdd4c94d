//! The journal: jobs as they were.

use tokio_postgres::types::Type;
use uuid::Uuid;
use windlass_core::error::StoreError;
use windlass_core::operation::{Action, OperationRecord};

use crate::connection::Bind;
use crate::connection::transaction::Transaction;
use crate::row::get;

const NOTE: &str = include_str!("note.sql");
const STRIKE: &str =
    "delete from windlass.operation_job where operation = $1::uuid and job = any ($2::uuid[])";

/// Notes those of these jobs that the action may change and nobody else has locked, as they are; which these are.
pub(super) async fn note(
    transaction: &Transaction<'_>,
    (record, jobs): (&OperationRecord, &[Uuid]),
    now: i64,
) -> Result<Vec<Uuid>, StoreError> {
    let (waiting, ended, removed) = match record.action {
        Action::Retry => (true, true, false),
        Action::Cancel { .. } | Action::Move { .. } => (true, false, false),
        Action::Delete => (false, true, true),
    };
    let binds: [Bind<'_>; 6] = [
        (&record.id.as_uuid(), Type::UUID),
        (&jobs, Type::UUID_ARRAY),
        (&now, Type::INT8),
        (&waiting, Type::BOOL),
        (&ended, Type::BOOL),
        (&removed, Type::BOOL),
    ];
    transaction.run(NOTE, &binds).await?.iter().map(|row| get(row, 0)).collect()
}

/// Takes back the notes of jobs that were not changed.
pub(super) async fn strike(
    transaction: &Transaction<'_>,
    (record, jobs): (&OperationRecord, &[Uuid]),
) -> Result<(), StoreError> {
    if jobs.is_empty() {
        return Ok(());
    }
    let binds: [Bind<'_>; 2] = [(&record.id.as_uuid(), Type::UUID), (&jobs, Type::UUID_ARRAY)];
    transaction.run(STRIKE, &binds).await.map(drop)
}
