//! Lanes with jobs that wait, and those that stand still.

use tokio_postgres::Row;
use tokio_postgres::types::Type;
use windlass_core::error::StoreError;
use windlass_core::health::{Counted, LaneBlocked, LaneSeen, Lanes};
use windlass_core::id::JobId;
use windlass_core::job::State;
use windlass_core::time::Timestamp;

use super::jobs::{FEW, LINES, LONG, MOST, counted};
use crate::connection::{Bind, Connection};
use crate::row::get;

const LANES: &str = include_str!("lanes.sql");
const BLOCKED: &str = include_str!("blocked.sql");

pub(super) async fn lanes(connection: &Connection) -> Result<Lanes, StoreError> {
    let binds: [Bind<'_>; 4] =
        [(&LINES, Type::INT8), (&FEW, Type::INT8), (&LONG, Type::INT8), (&MOST, Type::INT8)];
    let waiting = connection.query(LANES, &binds).await?;
    let waiting = waiting.iter().map(lane).collect::<Result<Vec<_>, _>>()?;
    let binds: [Bind<'_>; 2] = [(&FEW, Type::INT8), (&FEW, Type::INT8)];
    let blocked = connection.query(BLOCKED, &binds).await?;
    let blocked = blocked.iter().map(lane_blocked).collect::<Result<Vec<_>, _>>()?;
    Ok(Lanes {
        or_more: waiting.len() as i64 >= LINES,
        blocked_or_more: blocked.len() as i64 >= FEW,
        waiting,
        blocked,
    })
}

fn lane(row: &Row) -> Result<LaneSeen, StoreError> {
    let (lane, state): (String, i16) = (get(row, 0)?, get(row, 6)?);
    let corrupt = || StoreError::Corrupt {
        table: "pending",
        column: "state",
        row: lane.clone(),
        value: state.to_string(),
    };
    Ok(LaneSeen {
        jobs: counted(row, 1)?,
        first: JobId::from_uuid(get(row, 3)?),
        queue: get(row, 4)?,
        kind: get(row, 5)?,
        state: State::from_code(state).ok_or_else(corrupt)?,
        due_at: Timestamp::from_micros(get(row, 7)?),
        held: get(row, 8)?,
        lane,
    })
}

fn lane_blocked(row: &Row) -> Result<LaneBlocked, StoreError> {
    let waiting = get::<i64>(row, 5)?.unsigned_abs();
    Ok(LaneBlocked {
        lane: get(row, 0)?,
        job: JobId::from_uuid(get(row, 1)?),
        kind: get(row, 2)?,
        reason: get(row, 3)?,
        since: Timestamp::from_micros(get(row, 4)?),
        waiting: Counted::up_to(FEW.unsigned_abs(), waiting),
    })
}
