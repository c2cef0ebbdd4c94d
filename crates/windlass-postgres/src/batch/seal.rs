//! Seal: no more jobs come to a batch from outside.

use tokio_postgres::types::Type;
use windlass_core::batch::Sealed;
use windlass_core::error::StoreError;
use windlass_core::id::BatchId;
use windlass_core::store::Now;

use crate::connection::patience::{Gate, patiently};
use crate::connection::{Bind, Connection};
use crate::row::get;

const SEAL: &str = "select windlass.seal_batch_at(coalesce($1::int8, windlass.now_us()), $2::uuid) \
     from (select set_config('lock_timeout', $3::text, true) as setting) as patience \
     where patience.setting is not null";

pub(super) async fn seal(
    writes: (&Connection, &Gate),
    batch: BatchId,
    now: Now,
) -> Result<Sealed, StoreError> {
    let (now, batch) = (now.micros(), batch.as_uuid());
    let binds: [Bind<'_>; 2] = [(&now, Type::INT8), (&batch, Type::UUID)];
    let rows = patiently(writes, SEAL, &binds, "the batch").await?;
    Ok(match rows.first().map_or(Ok(2), |row| get::<i16>(row, 0))? {
        0 => Sealed::Now,
        1 => Sealed::Before,
        _ => Sealed::Missing,
    })
}
