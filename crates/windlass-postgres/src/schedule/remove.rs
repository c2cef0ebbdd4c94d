//! Remove: a schedule that is not declared is gone, one that is stays on the list as removed.

use tokio_postgres::types::Type;
use windlass_core::error::StoreError;
use windlass_core::store::Now;

use crate::connection::Bind;
use crate::connection::runs::RunsPatiently;
use crate::schedule::first;

const REMOVE: &str = "select windlass.remove_schedule($2::text, coalesce($1::int8, windlass.now_us())) \
     from (select set_config('lock_timeout', $3::text, true)) as patience";

pub(crate) async fn remove(
    place: &impl RunsPatiently,
    name: &str,
    now: Now,
) -> Result<bool, StoreError> {
    let now = now.micros();
    let binds: [Bind<'_>; 2] = [(&now, Type::INT8), (&name, Type::TEXT)];
    first(&place.rows_in_time(REMOVE, &binds, "the schedule").await?)
}
