//! Forget: batches that ended long ago, of which no job is left and that nobody waits for.

use rusqlite::{Connection, params};
use windlass_core::error::StoreError;
use windlass_core::limits::KEEP_FINISHED;
use windlass_core::time::{Timestamp, micros};

use crate::row::{all, run};

/// Batches removed in one round.
const MOST: i64 = 200;
const GONE: &str = "select id from windlass_batch b \
     where not live and ended_at < ?1 and not exists ( \
       select 1 from windlass_member m where m.batch = b.id and ( \
         exists (select 1 from windlass_finished f where f.id = m.job) \
         or exists (select 1 from windlass_pending p where p.id = m.job))) \
     and not exists (select 1 from windlass_condition c where c.batch = b.id and c.state = 0) limit ?2";
/// Batches whose jobs were all kept out by their keys: none of them ever ends.
const EMPTY: &str = "insert into windlass_end_batch (batch, at) \
     select id, ?1 from windlass_batch b \
     where live and sealed and not exists (select 1 from windlass_member m where m.batch = b.id) limit 1000";

pub(crate) fn batches(connection: &Connection, now: Timestamp) -> Result<(), StoreError> {
    run(connection, EMPTY, [now.as_micros()])?;
    let before = now.as_micros().saturating_sub(micros(KEEP_FINISHED));
    let gone = all(connection, GONE, params![before, MOST], |row| row.get::<_, String>(0))?;
    for batch in gone {
        run(connection, "delete from windlass_member where batch = ?1", [&batch])?;
        run(connection, "delete from windlass_batch where id = ?1", [&batch])?;
    }
    Ok(())
}
