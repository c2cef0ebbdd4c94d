//! Waive: a person lets a job pass one of its conditions.

use tokio_postgres::types::Type;
use windlass_core::condition::Waived;
use windlass_core::error::StoreError;
use windlass_core::id::JobId;
use windlass_core::store::Now;

use crate::connection::patience::{Gate, patiently};
use crate::connection::{Bind, Connection};
use crate::row::get;

const WAIVE: &str = "select windlass.waive_at(coalesce($1::int8, windlass.now_us()), $2::uuid, $3::text, $4::text) \
     from (select set_config('lock_timeout', $5::text, true)) as patience";

pub(crate) async fn waive(
    writes: (&Connection, &Gate),
    (job, name): (JobId, &str),
    note: Option<&str>,
    now: Now,
) -> Result<Waived, StoreError> {
    let (now, job) = (now.micros(), job.as_uuid());
    let binds: [Bind<'_>; 4] =
        [(&now, Type::INT8), (&job, Type::UUID), (&name, Type::TEXT), (&note, Type::TEXT)];
    let rows = patiently(writes, WAIVE, &binds, "the job").await?;
    let code: i16 = rows.first().map_or(Ok(2), |row| get(row, 0))?;
    Ok(match code {
        0 => Waived::Now,
        1 => Waived::Unneeded,
        _ => Waived::Missing,
    })
}
