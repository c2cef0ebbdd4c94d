//! Leave: a worker goes off the list; what it held was handed back.

use tokio_postgres::types::Type;
use windlass_core::error::StoreError;
use windlass_core::id::WorkerId;

use crate::connection::Connection;

const REMOVE: &str = "with removed as (delete from windlass.worker where id = $1::uuid), \
     not_idle as (delete from windlass.idle where worker = $1::uuid), \
     empty_leases as (delete from windlass.lease where worker = $1::uuid and unsettled <= 0) \
     delete from windlass.leader where worker = $1::uuid";

pub(crate) async fn remove(connection: &Connection, worker: WorkerId) -> Result<(), StoreError> {
    connection.query(REMOVE, &[(&worker.as_uuid(), Type::UUID)]).await.map(drop)
}
