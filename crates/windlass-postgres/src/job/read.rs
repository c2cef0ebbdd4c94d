//! Read: one job, wherever it is.

use tokio_postgres::types::Type;
use windlass_core::error::StoreError;
use windlass_core::id::JobId;
use windlass_core::job::JobRecord;

use crate::connection::Connection;
use crate::row::record;

const JOB: &str = include_str!("job.sql");

pub(crate) async fn job(
    connection: &Connection,
    id: JobId,
) -> Result<Option<JobRecord>, StoreError> {
    let rows = connection.query(JOB, &[(&id.as_uuid(), Type::UUID)]).await?;
    rows.first().map(record).transpose()
}
