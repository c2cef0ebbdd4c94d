//! What a worker holds, read from its leases.

use std::sync::Arc;

use tokio_postgres::types::Type;
use windlass_core::error::StoreError;
use windlass_core::id::WorkerId;
use windlass_core::job::InHand;
use windlass_core::time::Timestamp;

use crate::connection::Connection;
use crate::row::{get, held};

const IN_HAND: &str = include_str!("in_hand.sql");
/// The column with the moment of the claim, behind those of a leased job.
const CLAIMED_AT: usize = 25;

pub(crate) async fn in_hand(
    connection: &Connection,
    worker: WorkerId,
) -> Result<Vec<InHand>, StoreError> {
    let rows = connection.query(IN_HAND, &[(&worker.as_uuid(), Type::UUID)]).await?;
    let read = |row| {
        let held = held(row)?;
        let claimed_at = Timestamp::from_micros(get(row, CLAIMED_AT)?);
        Ok(InHand { lease: held.lease, claimed_at, job: Arc::new(held.job) })
    };
    rows.iter().map(read).collect()
}
