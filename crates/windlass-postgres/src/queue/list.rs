//! The list of queues.

use std::collections::{BTreeSet, HashMap};

use tokio_postgres::types::Type;
use windlass_core::error::StoreError;
use windlass_core::job::Counts;
use windlass_core::queue::QueueRecord;
use windlass_core::time::Timestamp;
use windlass_core::worker::WorkerRecord;

use crate::connection::Connection;
use crate::row::get;

const PAUSES: &str = "select name, paused_at, note from windlass.queue";

const OLDEST: &str = "select q, (select min(run_at) from (select run_at from windlass.pending where queue = q and state = 2 \
     order by priority, run_at limit 1000) as front) from unnest($1::text[]) as q";

pub(crate) async fn queues(
    connection: &Connection,
    counts: Counts,
    workers: &[WorkerRecord],
) -> Result<Vec<QueueRecord>, StoreError> {
    let mut pauses: HashMap<String, (Option<i64>, Option<String>)> = HashMap::new();
    for row in connection.query(PAUSES, &[]).await? {
        pauses.insert(get(&row, 0)?, (get(&row, 1)?, get(&row, 2)?));
    }
    let mut names: BTreeSet<String> = counts.by_queue.into_keys().collect();
    names.remove("*");
    names.extend(pauses.keys().cloned());
    names.extend(workers.iter().flat_map(|worker| worker.queues.iter().cloned()));
    let names: Vec<String> = names.into_iter().collect();
    let mut oldest: HashMap<String, Option<i64>> = HashMap::new();
    for row in connection.query(OLDEST, &[(&names, Type::TEXT_ARRAY)]).await? {
        oldest.insert(get(&row, 0)?, get(&row, 1)?);
    }
    let record = |name: String| {
        let (paused_at, note) = pauses.remove(&name).unwrap_or_default();
        let serving = workers.iter().filter(|worker| worker.queues.contains(&name)).count();
        QueueRecord {
            paused_at: paused_at.map(Timestamp::from_micros),
            note,
            workers: u32::try_from(serving).unwrap_or(u32::MAX),
            oldest_due_at: oldest.get(&name).copied().flatten().map(Timestamp::from_micros),
            name,
        }
    };
    Ok(names.into_iter().map(record).collect())
}
