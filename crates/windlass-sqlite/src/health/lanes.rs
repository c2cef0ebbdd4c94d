//! Lanes with jobs that wait, and those that stand still.

use rusqlite::{Connection, params};
use windlass_core::error::StoreError;
use windlass_core::health::{Counted, LaneBlocked, LaneSeen, Lanes};
use windlass_core::job::State;
use windlass_core::limits::{LINES_LOOKED_AT, NAMED};
use windlass_core::time::Timestamp;

use super::jobs::{FEW, LONG, MOST};
use crate::row::{Id, all, one};

const NEXT: &str = "select line from windlass_pending where line > ?1 and line >= 'l' and line < 'm' order by line limit 1";
/// A job that is due later has no place in it yet.
const WAITING: &str = "select count(*) from (select 1 from windlass_pending \
     where line = ?1 and line >= 'l' and line < 'm' and not (abs(state) = 1 and attempt = 0) and state <> 4 limit ?2)";
const FIRST: &str = "select id, queue, kind, state, run_at, \
       exists (select 1 from windlass_passed m where m.gate = ?1 and m.job <> p.id) \
     from windlass_pending p \
     where line = ?1 and line >= 'l' and line < 'm' and not (abs(state) = 1 and attempt = 0) and state <> 4 \
     order by (abs(state) = 1 and attempt = 0), (attempt = 0), created_at, id limit 1";
const BLOCKED: &str = "select m.gate, m.job, d.kind, d.reason, d.finished_at \
     from windlass_permit m join windlass_finished d on d.id = m.job and d.state = 7 \
     where m.blocks order by d.finished_at, m.gate limit ?1";

pub(super) fn lanes(connection: &Connection) -> Result<Lanes, StoreError> {
    let (mut waiting, mut long, mut or_more) = (Vec::new(), 0, true);
    let mut at = String::new();
    for _ in 0..LINES_LOOKED_AT {
        let Some(line) = one::<String>(connection, NEXT, [&at])? else {
            or_more = false;
            break;
        };
        let mut jobs = counted(connection, &line, FEW)?;
        if jobs.or_more && long < LONG {
            long += 1;
            jobs = counted(connection, &line, MOST)?;
        }
        waiting.extend(first(connection, &line, jobs)?);
        at = line;
    }
    let blocked = blocked(connection)?;
    Ok(Lanes { waiting, or_more, blocked_or_more: blocked.len() >= NAMED, blocked })
}

fn counted(connection: &Connection, line: &str, most: i64) -> Result<Counted, StoreError> {
    let jobs: Option<i64> = one(connection, WAITING, params![line, most])?;
    Ok(Counted::up_to(most.unsigned_abs(), jobs.unwrap_or_default().unsigned_abs()))
}

/// The first that waits, where one does.
fn first(
    connection: &Connection,
    line: &str,
    jobs: Counted,
) -> Result<Option<LaneSeen>, StoreError> {
    let found = all(connection, FIRST, [line], |row| {
        Ok(LaneSeen {
            lane: key(line),
            jobs,
            first: row.get::<_, Id>(0)?.job(),
            queue: row.get(1)?,
            kind: row.get(2)?,
            state: State::from_code(row.get(3)?).unwrap_or(State::Waiting),
            due_at: Timestamp::from_micros(row.get(4)?),
            held: row.get(5)?,
        })
    })?;
    Ok(found.into_iter().next())
}

fn blocked(connection: &Connection) -> Result<Vec<LaneBlocked>, StoreError> {
    let blocked = all(connection, BLOCKED, [FEW], |row| {
        Ok((row.get::<_, String>(0)?, row.get::<_, Id>(1)?, row.get(2)?, row.get(3)?, row.get(4)?))
    })?;
    let lane = |(line, job, kind, reason, since): (String, Id, String, _, i64)| {
        Ok(LaneBlocked {
            waiting: counted(connection, &line, FEW)?,
            lane: key(&line),
            job: job.job(),
            kind,
            reason,
            since: Timestamp::from_micros(since),
        })
    };
    blocked.into_iter().map(lane).collect()
}

/// The key of a lane's line.
fn key(line: &str) -> String {
    line.get(1..).unwrap_or_default().to_owned()
}
