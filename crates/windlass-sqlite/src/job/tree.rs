//! Tree: the jobs that have come of a job or an event, and of what came of it.

use std::collections::BTreeSet;

use rusqlite::{Connection, params};
use windlass_core::error::StoreError;
use windlass_core::id::JobId;
use windlass_core::job::JobRecord;

use super::read::these;
use crate::row::{Id, all};

/// Those whose root it is. Those that come of events are in no index by root: their ids tell their events.
const OF_ROOT: &str = "select id from windlass_pending \
     where root = ?1 and substr(id, 7, 1) not between x'80' and x'8f' \
     union all select id from windlass_finished \
     where root = ?1 and substr(id, 7, 1) not between x'80' and x'8f' \
     order by id limit ?2";
const OF_EVENT: &str = "select id from windlass_pending where id between ?1 and ?2 \
     union all select id from windlass_finished where id between ?1 and ?2 \
     order by id limit ?3";

pub(super) fn jobs_of_tree(
    connection: &Connection,
    root: JobId,
    of_events: &[(JobId, JobId)],
    most: usize,
) -> Result<Vec<JobRecord>, StoreError> {
    let limit = i64::try_from(most).unwrap_or(i64::MAX);
    let id = |row: &rusqlite::Row<'_>| row.get::<_, Id>(0).map(Id::job);
    let of_root = all(connection, OF_ROOT, params![Id::from(root), limit], id)?;
    let mut ids: BTreeSet<JobId> = of_root.into_iter().chain([root]).collect();
    for (low, high) in of_events {
        let binds = params![Id::from(*low), Id::from(*high), limit];
        ids.extend(all(connection, OF_EVENT, binds, id)?);
    }
    // One more: the root may be an event.
    let ids: Vec<JobId> = ids.into_iter().take(most.saturating_add(1)).collect();
    let mut jobs = these(connection, &ids)?;
    jobs.truncate(most);
    Ok(jobs)
}
