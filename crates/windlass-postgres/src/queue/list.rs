//! The list of queues.

use std::collections::{BTreeSet, HashMap};

use tokio_postgres::types::Type;
use windlass_core::error::StoreError;
use windlass_core::job::Counts;
use windlass_core::queue::QueueRecord;
use windlass_core::store::Now;
use windlass_core::time::Timestamp;
use windlass_core::worker::WorkerRecord;

use crate::connection::Connection;
use crate::row::get;

const PAUSES: &str = "select name, paused_at, paused_until, note from windlass.queue \
     where coalesce(paused_until > coalesce($1::int8, windlass.now_us()), true)";

const OLDEST: &str = include_str!("oldest.sql");

pub(crate) async fn queues(
    connection: &Connection,
    counts: Counts,
    workers: &[WorkerRecord],
    now: Now,
) -> Result<Vec<QueueRecord>, StoreError> {
    type Found = (Option<i64>, Option<i64>, Option<String>);
    let mut pauses: HashMap<String, Found> = HashMap::new();
    for row in connection.query(PAUSES, &[(&now.micros(), Type::INT8)]).await? {
        pauses.insert(get(&row, 0)?, (get(&row, 1)?, get(&row, 2)?, get(&row, 3)?));
    }
    let mut names: BTreeSet<String> = counts.by_queue.into_keys().collect();
    names.extend(pauses.keys().cloned());
    names.extend(workers.iter().flat_map(|worker| worker.queues.iter().cloned()));
    let names: Vec<String> = names.into_iter().collect();
    let mut oldest: HashMap<String, Option<i64>> = HashMap::new();
    for row in connection.query(OLDEST, &[(&names, Type::TEXT_ARRAY)]).await? {
        oldest.insert(get(&row, 0)?, get(&row, 1)?);
    }
    let record = |name: String| {
        let (paused_at, paused_until, note) = pauses.remove(&name).unwrap_or_default();
        let serving = workers.iter().filter(|worker| worker.queues.contains(&name)).count();
        QueueRecord {
            paused_at: paused_at.map(Timestamp::from_micros),
            paused_until: paused_until.map(Timestamp::from_micros),
            note,
            workers: u32::try_from(serving).unwrap_or(u32::MAX),
            oldest_due_at: oldest.get(&name).copied().flatten().map(Timestamp::from_micros),
            name,
        }
    };
    Ok(names.into_iter().map(record).collect())
}
