//! Schedules: pause and resume.

use tokio_postgres::types::Type;
use windlass_core::error::StoreError;
use windlass_core::store::Now;

use crate::connection::patience::{Gate, patiently};
use crate::connection::{Bind, Connection};
use crate::schedule::first;

const PAUSE: &str = "select windlass.pause_schedule($2::text, $3::text, coalesce($1::int8, windlass.now_us())) \
     from (select set_config('lock_timeout', $4::text, true)) as patience";
const RESUME: &str = "select windlass.resume_schedule($2::text, coalesce($1::int8, windlass.now_us())) \
     from (select set_config('lock_timeout', $3::text, true)) as patience";

pub(crate) async fn pause(
    writes: (&Connection, &Gate),
    name: &str,
    note: Option<&str>,
    now: Now,
) -> Result<bool, StoreError> {
    let now = now.micros();
    let binds: [Bind<'_>; 3] = [(&now, Type::INT8), (&name, Type::TEXT), (&note, Type::TEXT)];
    first(&patiently(writes, PAUSE, &binds, "the schedule").await?)
}

pub(crate) async fn resume(
    writes: (&Connection, &Gate),
    name: &str,
    now: Now,
) -> Result<bool, StoreError> {
    let now = now.micros();
    let binds: [Bind<'_>; 2] = [(&now, Type::INT8), (&name, Type::TEXT)];
    first(&patiently(writes, RESUME, &binds, "the schedule").await?)
}
