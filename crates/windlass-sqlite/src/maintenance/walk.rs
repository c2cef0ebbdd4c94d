//! Walks over what belongs to jobs, such as tags: what belongs to jobs that are gone is removed.

use rusqlite::{Connection, params};
use windlass_core::error::StoreError;
use windlass_core::id::JobId;
use windlass_core::limits::KEEP_FINISHED;
use windlass_core::time::{Timestamp, micros};

use crate::row::{Id, all, one, run};

/// Rows looked at at once.
const LOOK: i64 = 5_000;
/// Such looks in one round, while more than half of what they find is of jobs that are gone.
const LOOKS: usize = 4;
const WALKED: &str = "select at from windlass_walk where name = ?1";
const WALK_ON: &str = "insert into windlass_walk (name, at) values (?1, ?2) on conflict (name) do update set at = excluded.at";

/// A walk over the rows of a table.
pub(crate) struct Walk {
    /// That over the rows of jobs that were written long enough ago to have been pruned, and that over all others.
    pub(crate) names: [&'static str; 2],
    /// The next rows: their job, and whether it is there.
    pub(crate) next: &'static str,
    /// Removes those of a job.
    pub(crate) forget: &'static str,
}

/// The walk over the tags.
pub(super) const TAGS: Walk = Walk {
    names: ["old tags", "tags"],
    next: "select job, exists (select 1 from windlass_pending p where p.id = t.job) \
             or exists (select 1 from windlass_finished f where f.id = t.job) \
                 or exists (select 1 from windlass_operation_job o where o.job = t.job and o.removed = 1) \
         from windlass_tag t where job > ?1 and job < ?2 order by job limit ?3",
    forget: "delete from windlass_tag where job = ?1",
};

/// The walks over what jobs have kept and said.
pub(super) const INSIDE: [Walk; 3] = [
    Walk {
        names: ["old steps", "steps"],
        next: "select job, exists (select 1 from windlass_pending p where p.id = s.job) \
                 or exists (select 1 from windlass_finished f where f.id = s.job) \
                 or exists (select 1 from windlass_operation_job o where o.job = s.job and o.removed = 1) \
             from windlass_step s where job > ?1 and job < ?2 order by job limit ?3",
        forget: "delete from windlass_step where job = ?1",
    },
    Walk {
        names: ["old progress", "progress"],
        next: "select job, exists (select 1 from windlass_pending p where p.id = s.job) \
                 or exists (select 1 from windlass_finished f where f.id = s.job) \
                 or exists (select 1 from windlass_operation_job o where o.job = s.job and o.removed = 1) \
             from windlass_progress s where job > ?1 and job < ?2 order by job limit ?3",
        forget: "delete from windlass_progress where job = ?1",
    },
    Walk {
        names: ["old log lines", "log lines"],
        next: "select job, exists (select 1 from windlass_pending p where p.id = s.job) \
                 or exists (select 1 from windlass_finished f where f.id = s.job) \
                 or exists (select 1 from windlass_operation_job o where o.job = s.job and o.removed = 1) \
             from windlass_log_line s where job > ?1 and job < ?2 order by job limit ?3",
        forget: "delete from windlass_log_line where job = ?1",
    },
];

/// Removes what belongs to jobs that are gone.
pub(crate) fn forget(
    connection: &Connection,
    over: &Walk,
    now: Timestamp,
) -> Result<(), StoreError> {
    let kept_since = now.as_micros() - micros(KEEP_FINISHED);
    let horizon = JobId::first_of(Timestamp::from_micros(kept_since));
    let [old, young] = over.names;
    walk(connection, (over, old), (JobId::FIRST, horizon))?;
    walk(connection, (over, young), (horizon, JobId::LAST))
}

fn walk(
    connection: &Connection,
    (over, name): (&Walk, &str),
    (from, to): (JobId, JobId),
) -> Result<(), StoreError> {
    let walked: Option<Vec<u8>> = one(connection, WALKED, [name])?;
    let mut at = walked.clone().unwrap_or_default();
    for _ in 0..LOOKS {
        let from = at.clone().max(from.as_uuid().as_bytes().to_vec());
        let seen = all(connection, over.next, params![from, Id::from(to), LOOK], |row| {
            Ok((row.get::<_, Id>(0)?, row.get::<_, bool>(1)?))
        })?;
        let is_at_end = (seen.len() as i64) < LOOK;
        let last = seen.last().filter(|_| !is_at_end);
        at = last.map(|(id, _)| id.0.as_bytes().to_vec()).unwrap_or_default();
        let seen_all = seen.len();
        let mut gone: Vec<Id> =
            seen.into_iter().filter(|(_, is_there)| !is_there).map(|(id, _)| id).collect();
        let found = gone.len();
        gone.dedup_by_key(|id| id.0);
        for id in gone {
            run(connection, over.forget, [id])?;
        }
        if is_at_end || found * 2 < seen_all {
            break;
        }
    }
    if walked.unwrap_or_default() != at {
        run(connection, WALK_ON, params![name, at])?;
    }
    Ok(())
}
