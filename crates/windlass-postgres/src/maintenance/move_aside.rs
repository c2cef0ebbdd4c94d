//! Move aside: available jobs of a paused kind, or of one that a limit was set for, would be in the way of claims.

use tokio_postgres::types::Type;
use windlass_core::error::StoreError;
use windlass_core::limits::SWEEP_JOBS;
use windlass_core::store::Now;

use crate::connection::Connection;
use crate::row::get;

const MOVE_ASIDE: &str = include_str!("move_aside.sql");
const STAND_ASIDE: &str = "select windlass.stand_aside($1::int4)";

/// What a round did.
pub(crate) struct Aside {
    pub(crate) moved: u64,
    pub(crate) came_back: u64,
}

impl Aside {
    /// Whether there may be more to do at once.
    pub(crate) const fn is_full(&self) -> bool {
        self.moved >= SWEEP_JOBS as u64 || self.came_back >= SWEEP_JOBS as u64
    }
}

pub(crate) async fn move_aside(connection: &Connection, now: Now) -> Result<Aside, StoreError> {
    let most = i64::try_from(SWEEP_JOBS).unwrap_or(i64::MAX);
    let binds = [(&now.micros() as _, Type::INT8), (&most as _, Type::INT8)];
    let row = connection.query_one(MOVE_ASIDE, &binds).await?;
    let count = |at| get::<i64>(&row, at).map(i64::unsigned_abs);
    let most = i32::try_from(SWEEP_JOBS).unwrap_or(i32::MAX);
    let stood = connection.query_one(STAND_ASIDE, &[(&most, Type::INT4)]).await?;
    let stood = get::<i64>(&stood, 0)?.unsigned_abs();
    Ok(Aside { moved: count(0)? + stood, came_back: count(1)? })
}
