//! Retry: a person runs a job again, now. Failures and losses begin at zero, the history stays.

use std::collections::HashSet;

use tokio_postgres::types::Type;
use uuid::Uuid;
use windlass_core::error::StoreError;
use windlass_core::id::JobId;
use windlass_core::state::State;
use windlass_core::store::{Now, Retried};
use windlass_core::time::Timestamp;

use crate::lane::Lane;
use crate::row::get;

const RETRY: &str = include_str!("sql/retry.sql");
const STANDING: &str = "select state from windlass.pending where id = $1::uuid \
     union all select 4::int2 from windlass.lease l, unnest(l.jobs) j where j.id = $1::uuid limit 1";

pub(crate) async fn retry(
    lane: &Lane,
    jobs: &[JobId],
    now: Now,
) -> Result<Vec<Retried>, StoreError> {
    let ids: Vec<Uuid> = jobs.iter().map(|id| id.as_uuid()).collect();
    let rows = lane
        .query(RETRY, &[(&now.map(Timestamp::as_micros), Type::INT8), (&ids, Type::UUID_ARRAY)])
        .await?;
    let retried: HashSet<Uuid> = rows.iter().map(|row| get(row, 0)).collect::<Result<_, _>>()?;
    let mut answers = Vec::with_capacity(ids.len());
    for id in ids {
        answers.push(if retried.contains(&id) { Retried::Now } else { standing(lane, id).await? });
    }
    Ok(answers)
}

async fn standing(lane: &Lane, id: Uuid) -> Result<Retried, StoreError> {
    let rows = lane.query(STANDING, &[(&id, Type::UUID)]).await?;
    let Some(row) = rows.first() else { return Ok(Retried::Missing) };
    Ok(State::from_code(get(row, 0)?).map_or(Retried::Missing, Retried::Unneeded))
}
