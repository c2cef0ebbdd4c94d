//! Forget: batches that ended long ago and of which no job is left.

use tokio_postgres::types::Type;
use uuid::Uuid;
use windlass_core::error::StoreError;
use windlass_core::limits::KEEP_FINISHED;
use windlass_core::time::micros;

use crate::connection::{Bind, Connection};
use crate::row::get;

const FORGET: &str = "select windlass.forget_batches($1::uuid, $2::int8, $3::int4)";
/// Batches looked at at once.
const LOOK: i32 = 1_000;

/// All of them, some at a time.
pub(crate) async fn batches(connection: &Connection, now: i64) -> Result<(), StoreError> {
    let before = now.saturating_sub(micros(KEEP_FINISHED));
    let mut at = Uuid::nil();
    loop {
        let binds: [Bind<'_>; 3] = [(&at, Type::UUID), (&before, Type::INT8), (&LOOK, Type::INT4)];
        let row = connection.query_one(FORGET, &binds).await?;
        let Some(last) = get::<Option<Uuid>>(&row, 0)? else { return Ok(()) };
        at = last;
    }
}
