//! Move: jobs that neither run nor have ended are given to another queue.

use rusqlite::{Connection, params};
use windlass_core::error::StoreError;
use windlass_core::id::JobId;
use windlass_core::job::{Moved, State};

use crate::row::{Id, all, run};

/// With the priority that it was written with.
const MOVE: &str = "update windlass_pending set queue = ?2, priority = coalesce(meta ->> '$.aged', priority), \
     meta = case when meta ->> '$.aged' is null then meta else json_remove(meta, '$.aged') end \
     where id = ?1 and state <> 4 and queue <> ?2";
const STANDING: &str = "select queue, state from windlass_pending where id = ?1 \
     union all select queue, state from windlass_finished where id = ?1";

pub(crate) fn move_jobs(
    connection: &Connection,
    jobs: &[JobId],
    queue: &str,
) -> Result<Vec<Moved>, StoreError> {
    jobs.iter().map(|job| move_one(connection, *job, queue)).collect()
}

fn move_one(connection: &Connection, job: JobId, queue: &str) -> Result<Moved, StoreError> {
    if run(connection, MOVE, params![Id::from(job), queue])? > 0 {
        return Ok(Moved::Now);
    }
    let found = all(connection, STANDING, [Id::from(job)], |row| {
        Ok((row.get::<_, String>(0)?, row.get::<_, i16>(1)?))
    })?;
    let standing =
        found.first().and_then(|(name, code)| Some((name == queue, State::from_code(*code)?)));
    Ok(match standing {
        None => Moved::Missing,
        Some((true, state)) => Moved::Unneeded(state),
        Some((false, state)) => Moved::Left(state),
    })
}
