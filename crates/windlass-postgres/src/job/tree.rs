//! Tree: the jobs that have come of a job or an event, and of what came of it.

use tokio_postgres::types::Type;
use uuid::Uuid;
use windlass_core::error::StoreError;
use windlass_core::id::JobId;
use windlass_core::job::JobRecord;

use super::find::these;
use crate::connection::{Bind, Connection};
use crate::row::get;

const TREE: &str = include_str!("tree.sql");

pub(super) async fn jobs_of_tree(
    connection: &Connection,
    root: JobId,
    of_events: &[(JobId, JobId)],
    most: usize,
) -> Result<Vec<JobRecord>, StoreError> {
    let root = root.as_uuid();
    let (lows, highs): (Vec<Uuid>, Vec<Uuid>) =
        of_events.iter().map(|(low, high)| (low.as_uuid(), high.as_uuid())).unzip();
    // One more: the root may be an event.
    let looked_at = i64::try_from(most.saturating_add(1)).unwrap_or(i64::MAX);
    let binds: [Bind<'_>; 4] = [
        (&root, Type::UUID),
        (&lows, Type::UUID_ARRAY),
        (&highs, Type::UUID_ARRAY),
        (&looked_at, Type::INT8),
    ];
    let rows = connection.query(TREE, &binds).await?;
    let ids: Vec<Uuid> = rows.iter().map(|row| get(row, 0)).collect::<Result<_, _>>()?;
    let mut jobs = these(connection, &ids).await?;
    jobs.reverse();
    jobs.truncate(most);
    Ok(jobs)
}
