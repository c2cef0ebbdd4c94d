//! Move aside: available jobs of a paused kind, or of one that a limit was set for, would be in the way of claims.

use rusqlite::{Connection, params};
use windlass_core::error::StoreError;
use windlass_core::limits::SWEEP_JOBS;
use windlass_core::time::Timestamp;

use crate::job::line::{plain_queues, stand_aside};
use crate::row::{Id, all, run};

/// Whether there is any pause of a kind, or an end of one that was not looked after, or jobs that a limit may keep back.
pub(crate) const HAS_PAUSES: &str = "select exists (select 1 from windlass_paused_kind) \
     or exists (select 1 from windlass_limit_rule where scope < 2) \
        and exists (select 1 from windlass_pending where state = 2 and line is null)";
const PAUSED: &str = "select kind from windlass_paused_kind where coalesce(paused_until > ?1, 1)";
const OVER: &str = "select kind from windlass_paused_kind where paused_until <= ?1";
const FRONT: &str = "select id, kind from windlass_pending where queue = ?1 and state = 2 and line is null order by priority, run_at limit ?2";
const MOVE: &str = "update windlass_pending set state = 0, reason = ?2 where id = ?1 and state = 2";
const ASIDE: &str = "select id from windlass_pending where state = 0 and kind = ?1 limit ?2";
const BACK: &str =
    "update windlass_pending set state = 2, reason = null where id = ?1 and state = 0";
const FORGET: &str = "delete from windlass_paused_kind where kind = ?1 and paused_until <= ?2";

/// Jobs of one queue or kind that a round looks at.
const MOST: i64 = SWEEP_JOBS as i64;

/// What a round did.
pub(crate) struct Aside {
    pub(crate) moved: u64,
    pub(crate) came_back: u64,
}

pub(crate) fn move_aside(connection: &Connection, now: Timestamp) -> Result<Aside, StoreError> {
    let mut aside = Aside { moved: 0, came_back: 0 };
    let kinds = |sql| all(connection, sql, [now.as_micros()], |row| row.get::<_, String>(0));
    let paused = kinds(PAUSED)?;
    if !paused.is_empty() {
        move_front(connection, &paused, &mut aside)?;
    }
    for kind in kinds(OVER)? {
        let jobs = all(connection, ASIDE, params![kind, MOST], |row| row.get::<_, Id>(0))?;
        let is_last = (jobs.len() as i64) < MOST;
        for id in jobs {
            aside.came_back += run(connection, BACK, [id])? as u64;
        }
        if is_last {
            run(connection, FORGET, params![kind, now.as_micros()])?;
        }
    }
    aside.moved += stand_aside(connection)? as u64;
    Ok(aside)
}

/// The paused ones among the first jobs of each queue.
fn move_front(
    connection: &Connection,
    paused: &[String],
    aside: &mut Aside,
) -> Result<(), StoreError> {
    for queue in plain_queues(connection)? {
        let front = all(connection, FRONT, params![queue, MOST], |row| {
            Ok((row.get::<_, Id>(0)?, row.get::<_, String>(1)?))
        })?;
        for (id, kind) in front.into_iter().filter(|(_, kind)| paused.contains(kind)) {
            let reason = format!("{kind} is paused");
            aside.moved += run(connection, MOVE, params![id, reason])? as u64;
        }
    }
    Ok(())
}
