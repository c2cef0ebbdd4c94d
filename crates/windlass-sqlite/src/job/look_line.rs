//! Look: where a job stands in line, and what keeps it there.

use rusqlite::{Connection, params};
use windlass_core::error::StoreError;
use windlass_core::job::{
    BreakerLook, InLine, JobRecord, LaneFirst, LaneLook, LimitLook, State, TurnLook,
};
use windlass_core::limit::{Breaker, Limit, LimitOn};
use windlass_core::limits::{LINE, OTHER_LINES, PLACE_HOLDERS};
use windlass_core::time::{Timestamp, micros};

use crate::job::gate::reserved_gate;
use crate::limit::list;
use crate::limit::set::gate_letter;
use crate::row::{Id, all, one};

/// The one that runs, a dead one that blocks, or the first of those that wait.
const FIRST: &str = "select id, state, run_at, worker, reason from ( \
       select 1 as place, id, state, run_at, \
              (select l.label from windlass_lease l where l.id = lease) as worker, null as reason \
       from windlass_pending where line = ?1 and line >= 'l' and line < 'm' and state = 4 \
       union all \
       select 2, f.id, f.state, f.run_at, null, f.reason \
       from windlass_permit m join windlass_finished f on f.id = m.job and f.state = 7 \
       where m.gate = ?1 and m.blocks \
       union all \
       select 3, id, state, run_at, null, reason from ( \
         select * from windlass_pending \
         where line = ?1 and line >= 'l' and line < 'm' and not (abs(state) = 1 and attempt = 0) \
         order by (abs(state) = 1 and attempt = 0), (attempt = 0), created_at, id limit 1) \
     ) order by place limit 1";
const WAITING_IN_LANE: &str = "select count(*) from (select 1 from windlass_pending \
     where line = ?1 and line >= 'l' and line < 'm' and not (abs(state) = 1 and attempt = 0) and state <> 4 \
       and ((attempt = 0), created_at, id) < (?2, ?3, ?4) limit ?5)";
const RUNNING: &str = "select count(*) from windlass_passed where gate = ?1";
const HOLDERS: &str = "select job from windlass_passed where gate = ?1 order by job limit ?2";
const BREAKER: &str = "select opened_at, probe, \
       exists (select 1 from windlass_passed p where p.gate = b.gate and p.job = b.probe), \
       exists (select 1 from windlass_failure f where f.gate = b.gate and f.job = b.probe and f.at >= b.probed_at) \
     from windlass_breaker b where gate = ?1";
const FAILED: &str = "select count(*) from windlass_failure where gate = ?1 and at > ?2";
const AHEAD: &str = "select count(*) from (select 1 from windlass_pending \
     where queue = ?1 and state = 2 and line is not null and priority = ?2 and line = ?3 \
       and ((attempt = 0), created_at, id) < (?4, ?5, ?6) limit ?7)";
/// Of those that have no place in a line yet.
const AHEAD_OUTSIDE: &str = "select count(*) from (select 1 from windlass_pending \
     where queue = ?1 and state = 2 and line is null and priority = ?2 and kind = ?3 \
       and ((attempt = 0), created_at, id) < (?4, ?5, ?6) limit ?7)";
const OTHERS: &str = "with recursive scan (line, n) as ( \
       select (select line from windlass_pending \
               where queue = ?1 and state = 2 and line is not null and priority = ?2 order by line limit 1), 1 \
       union all \
       select (select p.line from windlass_pending p \
               where queue = ?1 and state = 2 and p.line is not null and priority = ?2 and p.line > scan.line \
               order by p.line limit 1), n + 1 \
       from scan where scan.line is not null and n <= ?4) \
     select min(count(*), ?4) from scan where line <> ?3";
const SOONER: &str = "select count(*) from (select 1 from windlass_pending \
     where queue = ?1 and state = 2 and line is not null and priority < ?2 limit ?3)";

pub(crate) fn in_line(
    connection: &Connection,
    job: &JobRecord,
    now: Timestamp,
) -> Result<InLine, StoreError> {
    let lane = lane(connection, job)?;
    if job.state.is_terminal() || job.state == State::Running {
        return Ok(InLine { lane, ..InLine::default() });
    }
    let limits = limits(connection, job, now)?;
    let is_set = |limit: &LimitLook| !matches!(limit.limit.on, LimitOn::Key(_));
    let will_stand = limits.iter().any(is_set);
    let turn = match lane {
        None if job.state == State::Available => turn(connection, job, will_stand)?,
        _ => None,
    };
    Ok(InLine { lane, limits, turn })
}

fn lane(connection: &Connection, job: &JobRecord) -> Result<Option<LaneLook>, StoreError> {
    let Some(lane) = &job.meta.lane else { return Ok(None) };
    let line = format!("l{}", lane.key());
    let first = all(connection, FIRST, [&line], |row| {
        Ok(LaneFirst {
            job: row.get::<_, Id>(0)?.job(),
            state: State::from_code(row.get(1)?).unwrap_or(State::Waiting),
            run_at: Timestamp::from_micros(row.get(2)?),
            worker: row.get(3)?,
            reason: row.get(4)?,
        })
    })?;
    let (is_new, at) = (job.attempt == 0, job.created_at.as_micros());
    let binds = params![line, is_new, at, Id::from(job.id), LINE.cast_signed()];
    let waiting = count(connection, WAITING_IN_LANE, binds)?;
    Ok(Some(LaneLook { first: first.into_iter().next(), waiting }))
}

fn count(
    connection: &Connection,
    sql: &str,
    binds: impl rusqlite::Params,
) -> Result<u64, StoreError> {
    Ok(one::<i64>(connection, sql, binds)?.unwrap_or_default().unsigned_abs())
}

/// The limits that concern it, of its queue, its kind and its key.
fn limits(
    connection: &Connection,
    job: &JobRecord,
    now: Timestamp,
) -> Result<Vec<LimitLook>, StoreError> {
    let mut limits = Vec::new();
    for on in [LimitOn::Queue(job.queue.clone()), LimitOn::Kind(job.kind.clone())] {
        limits.extend(limit(connection, on, (None, None), now)?);
    }
    if let Some(limited) = &job.meta.limited {
        let on = LimitOn::Key(limited.name().unwrap_or(&job.kind).to_owned());
        let own = (Some(limited.key()), limited.most_running());
        limits.extend(limit(connection, on, own, now)?);
    }
    Ok(limits)
}

fn limit(
    connection: &Connection,
    on: LimitOn,
    (key, own_running): (Option<&str>, Option<u32>),
    now: Timestamp,
) -> Result<Option<LimitLook>, StoreError> {
    let (letter, (scope, name)) = (gate_letter(&on), on.scope());
    let gate =
        format!("{letter}{name}{}", key.map(|key| format!("\u{1f}{key}")).unwrap_or_default());
    let rule = list::rule(connection, (scope, name))?;
    let (set_by, note) = rule.as_ref().map_or((None, None), |r| (Some(r.set_by), r.note.clone()));
    let mut limit = match (rule, own_running) {
        (None, None) => return Ok(None),
        (rule, _) => rule.map_or(Limit::on(on), |rule| rule.limit),
    };
    limit.running = limit.running.or(own_running);
    let rate = limit.rate.map(|rate| list::tokens(connection, &gate, rate, now));
    let most = i64::try_from(PLACE_HOLDERS).unwrap_or(i64::MAX);
    let holders =
        all(connection, HOLDERS, params![gate, most], |row| Ok(row.get::<_, Id>(0)?.job()))?;
    let breaker = limit.breaker.map(|rule| breaker(connection, &gate, rule, now));
    let of_kind = |kind: &String| {
        let running = count(connection, RUNNING, [reserved_gate(limit.on.scope().1, kind)]);
        running.map(|running| (kind.clone(), running))
    };
    let running_by_kind = limit.reserved.keys().map(of_kind).collect::<Result<_, _>>()?;
    Ok(Some(LimitLook {
        limit,
        key: key.map(str::to_owned),
        set_by,
        note,
        running_now: count(connection, RUNNING, [&gate])?,
        running_by_kind,
        holders,
        tokens_now: rate.transpose()?,
        breaker: breaker.transpose()?.unwrap_or_default(),
    }))
}

fn breaker(
    connection: &Connection,
    gate: &str,
    rule: Breaker,
    now: Timestamp,
) -> Result<BreakerLook, StoreError> {
    let found = all(connection, BREAKER, [gate], |row| {
        Ok(BreakerLook {
            opened_at: Some(Timestamp::from_micros(row.get(0)?)),
            probe: row.get::<_, Option<Id>>(1)?.map(Id::job),
            probe_runs: row.get(2)?,
            probe_failed: row.get(3)?,
            failed: 0,
        })
    })?;
    let since = now.as_micros().saturating_sub(micros(rule.within));
    let failed = count(connection, FAILED, params![gate, since])?;
    Ok(BreakerLook { failed, ..found.into_iter().next().unwrap_or_default() })
}

/// Its place in its line, or in the one that the next claim gives it.
fn turn(
    connection: &Connection,
    job: &JobRecord,
    will_stand: bool,
) -> Result<Option<TurnLook>, StoreError> {
    let fresh = || format!("s\u{1f}{}\u{1f}\u{1f}\u{1f}\u{1f}", job.kind);
    let Some(line) = job.meta.line.clone().or_else(|| will_stand.then(fresh)) else {
        return Ok(None);
    };
    let (queue, level, most) = (&job.queue, job.priority, LINE.cast_signed());
    let (is_new, at, id) = (job.attempt == 0, job.created_at.as_micros(), Id::from(job.id));
    let mut ahead = count(connection, AHEAD, params![queue, level, line, is_new, at, id, most])?;
    if job.meta.line.is_none() {
        let binds = params![queue, level, job.kind, is_new, at, id, most];
        ahead += count(connection, AHEAD_OUTSIDE, binds)?;
    }
    let others = i64::try_from(OTHER_LINES).unwrap_or(i64::MAX);
    Ok(Some(TurnLook {
        ahead: ahead.min(LINE),
        others: count(connection, OTHERS, params![queue, level, line, others])?,
        sooner: count(connection, SOONER, params![queue, level, most])?,
    }))
}
