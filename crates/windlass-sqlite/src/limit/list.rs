//! The list of limits.

use std::collections::BTreeMap;
use std::time::Duration;

use rusqlite::{Connection, Row, params};
use windlass_core::error::StoreError;
use windlass_core::limit::{Breaker, Limit, LimitOn, LimitRecord, Rate, SetBy};
use windlass_core::time::{Timestamp, micros};

use crate::limit::set::gate_letter;
use crate::row::{all, one};

const RULES: &str = "select scope, name, running, tokens, tokens_per, tokens_burst, broken_after, broken_within, \
     broken_for, origin, note, set_at, reserved from windlass_limit_rule order by scope, name";
const RULE: &str = "select scope, name, running, tokens, tokens_per, tokens_burst, broken_after, broken_within, \
     broken_for, origin, note, set_at, reserved from windlass_limit_rule where scope = ?1 and name = ?2";
/// Of a gate, and of those that it is the beginning of.
const RUNNING: &str = "select count(*) from windlass_passed where gate = ?1 or (gate > ?1 || char(31) and gate < ?1 || char(32))";
/// Of the keys of a name, those of which as many run.
const FULL_KEYS: &str = "select count(*) from (select 1 from windlass_passed \
     where gate > ?1 || char(31) and gate < ?1 || char(32) group by gate having count(*) >= ?2)";
const BUCKET: &str = "select tokens, at from windlass_bucket where gate = ?1";
const OPEN: &str = "select min(opened_at) from windlass_breaker where gate = ?1 or (gate > ?1 || char(31) and gate < ?1 || char(32))";

pub(crate) fn limits(
    connection: &Connection,
    now: Timestamp,
) -> Result<Vec<LimitRecord>, StoreError> {
    let rules = all(connection, RULES, [], |row| Ok(record(row)))?;
    rules
        .into_iter()
        .map(|rule| {
            let mut record = rule?;
            let gate = format!("{}{}", gate_letter(&record.limit.on), record.limit.on.scope().1);
            if record.limit.running.is_some() {
                let running: Option<i64> = one(connection, RUNNING, [&gate])?;
                record.running_now = running.map(i64::unsigned_abs);
            }
            if let (LimitOn::Key(_), Some(most)) = (&record.limit.on, record.limit.running) {
                let full: Option<i64> = one(connection, FULL_KEYS, params![gate, most])?;
                record.full_keys = full.map(i64::unsigned_abs);
            }
            if let (Some(rate), false) =
                (record.limit.rate, matches!(record.limit.on, LimitOn::Key(_)))
            {
                record.tokens_now = Some(tokens(connection, &gate, rate, now)?);
            }
            // What is left behind of a breaker that was taken away keeps nothing back.
            if record.limit.breaker.is_some() {
                let open: Option<Option<i64>> = one(connection, OPEN, [&gate])?;
                record.open_since = open.flatten().map(Timestamp::from_micros);
            }
            Ok(record)
        })
        .collect()
}

/// The limit that is set for something; nothing is said of what is used of it.
pub(crate) fn rule(
    connection: &Connection,
    (scope, name): (i16, &str),
) -> Result<Option<LimitRecord>, StoreError> {
    let rules = all(connection, RULE, params![scope, name], |row| Ok(record(row)))?;
    rules.into_iter().next().transpose()
}

/// The tokens of a gate. The same reckoning as a claim's.
pub(crate) fn tokens(
    connection: &Connection,
    gate: &str,
    rate: Rate,
    now: Timestamp,
) -> Result<f64, StoreError> {
    let burst = f64::from(rate.burst);
    let left = all(connection, BUCKET, params![gate], |row| {
        Ok((row.get::<_, f64>(0)?, row.get::<_, i64>(1)?))
    })?;
    Ok(left.first().map_or(burst, |(tokens, at)| {
        let passed = now.as_micros().saturating_sub(*at).max(0) as f64;
        (tokens + passed * f64::from(rate.tokens) / micros(rate.per) as f64).min(burst)
    }))
}

/// Reserved places by kind, as they are kept.
pub(crate) fn places(reserved: Option<String>) -> Result<BTreeMap<String, u32>, StoreError> {
    let places = reserved.map(|text| serde_json::from_str(&text)).transpose();
    places.map(Option::unwrap_or_default).map_err(|error| StoreError::Backend(Box::new(error)))
}

fn record(row: &Row<'_>) -> Result<LimitRecord, StoreError> {
    let get = |error| crate::error::store_error(error);
    let number = |at: usize| row.get::<_, Option<u32>>(at).map_err(get);
    let time = |at: usize| {
        let us = row.get::<_, Option<i64>>(at).map_err(get);
        us.map(|us| us.map(|us| Duration::from_micros(us.unsigned_abs())))
    };
    let (tokens, per, burst) = (number(3)?, time(4)?, number(5)?);
    let (failures, within, open_for) = (number(6)?, time(7)?, time(8)?);
    let rate = tokens.zip(per).zip(burst).map(|((tokens, per), burst)| Rate { tokens, per, burst });
    let breaker = failures
        .zip(within)
        .zip(open_for)
        .map(|((failures, within), open_for)| Breaker { failures, within, open_for });
    let (scope, name): (i16, String) = (row.get(0).map_err(get)?, row.get(1).map_err(get)?);
    let corrupt = |column, value: i16| StoreError::Corrupt {
        table: "windlass_limit_rule",
        column,
        row: name.clone(),
        value: value.to_string(),
    };
    let set_by: i16 = row.get(9).map_err(get)?;
    let set_by = SetBy::from_code(set_by).ok_or_else(|| corrupt("origin", set_by))?;
    let on = LimitOn::from_scope(scope, name.clone()).ok_or_else(|| corrupt("scope", scope))?;
    let reserved = row.get::<_, Option<String>>(12).map_err(get)?;
    Ok(LimitRecord {
        limit: Limit { on, running: number(2)?, reserved: places(reserved)?, rate, breaker },
        set_by,
        note: row.get(10).map_err(get)?,
        set_at: Timestamp::from_micros(row.get(11).map_err(get)?),
        running_now: None,
        full_keys: None,
        tokens_now: None,
        open_since: None,
    })
}
