//! Set a limit, remove it, and close its breaker.

use rusqlite::{Connection, params};
use windlass_core::error::StoreError;
use windlass_core::limit::{Limit, LimitOn, LimitSet, SetBy};
use windlass_core::time::{Timestamp, micros};

use crate::row::run;

const SET: &str = "insert into windlass_limit_rule \
     (scope, name, running, tokens, tokens_per, tokens_burst, broken_after, broken_within, broken_for, origin, note, set_at, \
      reserved) \
     values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13) \
     on conflict (scope, name) do update \
     set running = excluded.running, tokens = excluded.tokens, tokens_per = excluded.tokens_per, \
         tokens_burst = excluded.tokens_burst, broken_after = excluded.broken_after, \
         broken_within = excluded.broken_within, broken_for = excluded.broken_for, origin = excluded.origin, \
         note = excluded.note, set_at = excluded.set_at, reserved = excluded.reserved \
     where origin < 2 or excluded.origin = 2";
/// Gives the jobs that run a permit of a limit that was not there when they were claimed.
const COUNT_IN: &str = "insert into windlass_permit (gate, job, lease, blocks) \
     select case ?1 when 0 then 'q' || queue when 1 then 'k' || kind \
              else 'y' || ?2 || char(31) || (meta ->> '$.limited.key') end, id, lease, 0 \
     from windlass_pending \
     where state = 4 \
       and case ?1 when 0 then queue = ?2 when 1 then kind = ?2 \
             else instr(meta, '\"limited\"') > 0 and coalesce(meta ->> '$.limited.name', kind) = ?2 end \
     on conflict do update set lease = excluded.lease";
/// The same for those of kinds for which it reserves places.
const COUNT_IN_RESERVED: &str = "insert into windlass_permit (gate, job, lease, blocks) \
     select 'r' || p.queue || char(31) || p.kind, p.id, p.lease, 0 \
     from windlass_limit_rule r join json_each(r.reserved) as k join windlass_pending p on p.kind = k.key \
     where r.scope = ?1 and r.name = ?2 and r.scope = 0 and p.queue = r.name and p.state = 4 \
     on conflict do update set lease = excluded.lease";
const REMOVE: &str = "delete from windlass_limit_rule where scope = ?1 and name = ?2";
const CLOSE: &str = "delete from windlass_breaker where gate = ?1 \
     or (substr(?1, 1, 1) = 'y' and substr(gate, 1, length(?1) + 1) = ?1 || char(31))";

const FORGET: &str = "delete from windlass_failure where gate = ?1 or (gate > ?1 || char(31) and gate < ?1 || char(32))";

pub(crate) fn set(
    connection: &Connection,
    limit: &Limit,
    (by, note): (SetBy, Option<&str>),
    now: Timestamp,
) -> Result<LimitSet, StoreError> {
    let (scope, name) = limit.on.scope();
    let reserved =
        (!limit.reserved.is_empty()).then(|| serde_json::json!(limit.reserved).to_string());
    let written = run(
        connection,
        SET,
        params![
            scope,
            name,
            limit.running,
            limit.rate.map(|rate| rate.tokens),
            limit.rate.map(|rate| micros(rate.per)),
            limit.rate.map(|rate| rate.burst),
            limit.breaker.map(|breaker| breaker.failures),
            limit.breaker.map(|breaker| micros(breaker.within)),
            limit.breaker.map(|breaker| micros(breaker.open_for)),
            by.code(),
            note,
            now.as_micros(),
            reserved,
        ],
    )?;
    if written == 0 {
        return Ok(LimitSet::Kept);
    }
    run(connection, COUNT_IN, params![scope, name])?;
    if !limit.reserved.is_empty() {
        run(connection, COUNT_IN_RESERVED, params![scope, name])?;
    }
    Ok(LimitSet::Now)
}

pub(crate) fn remove(connection: &Connection, on: &LimitOn) -> Result<bool, StoreError> {
    let (scope, name) = on.scope();
    let gate = format!("{}{name}", gate_letter(on));
    run(connection, CLOSE, [&gate])?;
    run(connection, FORGET, [&gate])?;
    Ok(run(connection, REMOVE, params![scope, name])? == 1)
}

pub(crate) fn close(connection: &Connection, on: &LimitOn) -> Result<bool, StoreError> {
    let gate = format!("{}{}", gate_letter(on), on.scope().1);
    run(connection, FORGET, [&gate])?;
    Ok(run(connection, CLOSE, [&gate])? > 0)
}

/// The letter that the gates of such a limit begin with.
pub(crate) fn gate_letter(on: &LimitOn) -> char {
    match on {
        LimitOn::Queue(_) => 'q',
        LimitOn::Kind(_) => 'k',
        LimitOn::Key(_) => 'y',
    }
}
