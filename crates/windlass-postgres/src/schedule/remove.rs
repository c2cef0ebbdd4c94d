//! Remove: a schedule that is not declared is gone, one that is stays on the list as removed.

use tokio_postgres::types::Type;
use windlass_core::error::StoreError;
use windlass_core::store::Now;

use crate::connection::patience::{Gate, patiently};
use crate::connection::{Bind, Connection};
use crate::schedule::first;

const REMOVE: &str = "select windlass.remove_schedule($2::text, coalesce($1::int8, windlass.now_us())) \
     from (select set_config('lock_timeout', $3::text, true)) as patience";

pub(crate) async fn remove(
    writes: (&Connection, &Gate),
    name: &str,
    now: Now,
) -> Result<bool, StoreError> {
    let now = now.micros();
    let binds: [Bind<'_>; 2] = [(&now, Type::INT8), (&name, Type::TEXT)];
    first(&patiently(writes, REMOVE, &binds, "the schedule").await?)
}
