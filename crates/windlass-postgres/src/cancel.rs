//! Cancel: a waiting job ends at once, a running one is asked to.

use std::collections::HashMap;

use tokio_postgres::types::Type;
use uuid::Uuid;
use windlass_core::error::StoreError;
use windlass_core::id::JobId;
use windlass_core::limits::KEEP_FINISHED;
use windlass_core::state::State;
use windlass_core::store::{Cancelled, Now};
use windlass_core::time::{Timestamp, micros};

use crate::lane::Lane;
use crate::row::get;

const CANCEL: &str = include_str!("sql/cancel.sql");
const STATES: &str = "select id, state from windlass.finished where id = any ($1::uuid[])";
/// A job may move between the look at the waiting ones and the look at the running ones.
const LOOKS: usize = 3;

pub(crate) async fn cancel(
    lane: &Lane,
    jobs: &[JobId],
    reason: &str,
    now: Now,
) -> Result<Vec<Cancelled>, StoreError> {
    let mut answers: HashMap<Uuid, Cancelled> = HashMap::new();
    for _ in 0..LOOKS {
        let left: Vec<Uuid> =
            jobs.iter().map(|id| id.as_uuid()).filter(|id| !answers.contains_key(id)).collect();
        if left.is_empty() {
            break;
        }
        let binds = [
            (&now.map(Timestamp::as_micros) as _, Type::INT8),
            (&left as _, Type::UUID_ARRAY),
            (&reason as _, Type::TEXT),
            (&micros(KEEP_FINISHED) as _, Type::INT8),
        ];
        for row in lane.query(CANCEL, &binds).await? {
            let answer = if get(&row, 1)? { Cancelled::Requested } else { Cancelled::Now };
            answers.insert(get(&row, 0)?, answer);
        }
        for (id, state) in finished(lane, &left).await? {
            answers.entry(id).or_insert(Cancelled::Ended(state));
        }
    }
    Ok(jobs
        .iter()
        .map(|id| answers.get(&id.as_uuid()).copied().unwrap_or(Cancelled::Missing))
        .collect())
}

/// The states of jobs that have ended.
pub(crate) async fn finished(
    lane: &Lane,
    ids: &[Uuid],
) -> Result<HashMap<Uuid, State>, StoreError> {
    let ids = ids.to_vec();
    let rows = lane.query(STATES, &[(&ids, Type::UUID_ARRAY)]).await?;
    let mut states = HashMap::new();
    for row in rows {
        if let Some(state) = State::from_code(get(&row, 1)?) {
            states.insert(get(&row, 0)?, state);
        }
    }
    Ok(states)
}
