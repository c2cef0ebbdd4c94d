//! Heartbeat: renews a lease and brings news.

use tokio_postgres::types::Type;
use uuid::Uuid;
use windlass_core::error::StoreError;
use windlass_core::id::{JobId, LeaseId, WorkerId};
use windlass_core::store::Now;
use windlass_core::time::micros;
use windlass_core::worker::{Beat, Renewal};

use crate::connection::Connection;
use crate::row::get;
use crate::worker::build;

const HEARTBEAT: &str = include_str!("heartbeat.sql");

pub(crate) async fn heartbeat(
    connection: &Connection,
    worker: WorkerId,
    renewal: Renewal,
    now: Now,
) -> Result<Beat, StoreError> {
    let now = now.micros();
    let claimed = renewal.claimed.map(micros);
    let rows = connection
        .query(
            HEARTBEAT,
            &[
                (&now, Type::INT8),
                (&worker.as_uuid(), Type::UUID),
                (&micros(renewal.lease), Type::INT8),
                (&claimed, Type::INT8),
            ],
        )
        .await?;
    let Some(row) = rows.first() else { return Ok(Beat::Gone) };
    let leases: Vec<Uuid> = get(row, 1)?;
    let (jobs, reasons): (Vec<Uuid>, Vec<String>) = (get(row, 2)?, get(row, 3)?);
    Ok(Beat::Alive {
        quiet: get(row, 0)?,
        stopping: get(row, 7)?,
        required: build::minimums(row, 4)?,
        leases: leases.into_iter().map(LeaseId::from_uuid).collect(),
        cancels: jobs.into_iter().map(JobId::from_uuid).zip(reasons).collect(),
    })
}
