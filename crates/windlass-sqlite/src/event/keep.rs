//! Keep: how long events stay, and the removal of those whose time is over.

use std::collections::HashSet;

use rusqlite::{Connection, params};
use serde_json::json;
use windlass_core::alert::{AlertType, Fact};
use windlass_core::error::StoreError;
use windlass_core::event::Keep;
use windlass_core::limits::FORGET_EVENTS;
use windlass_core::subscription::job_of;
use windlass_core::time::{Timestamp, micros};

use crate::alert::tell::tell;
use crate::row::{Id, all, one, run};

const KEEP: &str = "update windlass_log set keep = ?1, at_most = ?2";
/// Those whose time may be over, behind the last one of the round before.
const CANDIDATES: &str = "select next.position, next.recorded_at \
     from (select position, recorded_at from windlass_event \
           where position > (select walked from windlass_log) and position <= (select routed from windlass_log) \
           order by position limit ?2) as next \
     where next.recorded_at < ?1 - (select keep from windlass_log)";
/// The last position that everybody was fed, and how long events are kept at most.
const FED: &str = "select min(routed, coalesce((select min(position) from windlass_subscription where position is not null), routed)), \
     at_most from windlass_log";
const IS_NEEDED: &str = "select exists (select 1 from windlass_pending where id between ?1 and ?2) \
     or exists (select 1 from windlass_finished where id between ?1 and ?2 and state = 7)";
/// Those that wait for others.
const WAITING: &str = "select p.value from windlass_event_window w, json_each(w.positions) p";
const FORGET: &str = "delete from windlass_event where position = ?1";
/// Those that were not fed what goes: the last position that each was fed, and where its gap ends.
const LOST: &str = "select number, name, position, min(?1, coalesce(until, ?1)) from windlass_subscription \
     where position < min(?1, coalesce(until, ?1)) order by number";
const LONGER: &str = "update windlass_gap set to_position = ?3, at = ?5 \
     where number = ?1 and to_position = ?2 and reason = ?4";
const NEW: &str = "insert into windlass_gap (number, from_position, to_position, reason, at) \
     values (?1, ?2 + 1, ?3, ?4, ?5)";
const PASS: &str = "update windlass_subscription set position = ?1 where position < ?1";
const WALKED: &str = "update windlass_log set removed = removed + ?1, walked = ?2, revision = revision + ?3 \
     where ?1 > 0 or walked <> ?2";

pub(super) fn keep(connection: &Connection, keep: Keep) -> Result<(), StoreError> {
    run(connection, KEEP, params![micros(keep.at_least), keep.at_most.map(micros)]).map(drop)
}

/// Removes events whose time is over, the next ones of a walk over the log; how many.
pub(crate) fn forget(connection: &Connection, now: Timestamp) -> Result<u64, StoreError> {
    let most = i64::try_from(FORGET_EVENTS).unwrap_or(i64::MAX);
    let now = now.as_micros();
    let candidates = all(connection, CANDIDATES, params![now, most], |row| {
        Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?))
    })?;
    let fed =
        all(connection, FED, [], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, Option<i64>>(1)?)))?;
    let (fed, at_most) = fed.first().copied().unwrap_or_default();
    let (mut gone, mut beyond) = (0_i64, None);
    let waiting: HashSet<i64> = match candidates.is_empty() {
        true => HashSet::new(),
        false => all(connection, WAITING, [], |row| row.get(0))?.into_iter().collect(),
    };
    for (position, recorded_at) in &candidates {
        let is_too_old = at_most.is_some_and(|at_most| *recorded_at < now - at_most);
        if (*position > fed && !is_too_old)
            || waiting.contains(position)
            || is_needed(connection, *position, *recorded_at)?
        {
            continue;
        }
        run(connection, FORGET, [position])?;
        gone += 1;
        if *position > fed {
            beyond = Some(*position);
        }
    }
    if let (Some(beyond), Some(at_most)) = (beyond, at_most) {
        make_gaps(connection, (beyond, at_most), now)?;
    }
    let walked = candidates.last().map_or(0, |(position, _)| *position);
    run(connection, WALKED, params![gone, walked, i64::from(beyond.is_some())])?;
    Ok(gone.unsigned_abs())
}

/// Whether a job that came of it has not ended, or is dead and may be retried.
fn is_needed(connection: &Connection, position: i64, at: i64) -> Result<bool, StoreError> {
    let job =
        |number| Id::from(job_of(Timestamp::from_micros(at), position.unsigned_abs(), number));
    Ok(one(connection, IS_NEEDED, params![job(0), job(u32::MAX)])?.unwrap_or(true))
}

fn make_gaps(
    connection: &Connection,
    (beyond, at_most): (i64, i64),
    now: i64,
) -> Result<(), StoreError> {
    let days = (at_most as f64 / 864_000_000.0).round() / 100.0;
    let because = format!("events are kept for at most {days} days");
    let lost = all(connection, LOST, [beyond], |row| {
        Ok((
            row.get::<_, i64>(0)?,
            row.get::<_, String>(1)?,
            row.get::<_, i64>(2)?,
            row.get::<_, i64>(3)?,
        ))
    })?;
    for (number, name, fed, to) in lost {
        let gap = params![number, fed, to, because, now];
        if run(connection, LONGER, gap)? == 0 {
            run(connection, NEW, gap)?;
        }
        // One that has become longer is told by what is new of it.
        let data = json!({ "subscription": name, "from": fed + 1, "to": to, "reason": because });
        let (alert, subject) = (AlertType::SubscriptionGap, format!("subscription/{name}"));
        let fact = Fact { alert, about: name, subject, kind: None, data };
        tell(connection, &fact, Timestamp::from_micros(now))?;
    }
    run(connection, PASS, [beyond]).map(drop)
}
