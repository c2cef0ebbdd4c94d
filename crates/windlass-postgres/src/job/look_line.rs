//! Look: where a job stands in line, and what keeps it there, from the columns of `look.sql`.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;
use tokio_postgres::Row;
use windlass_core::error::StoreError;
use windlass_core::id::JobId;
use windlass_core::job::{BreakerLook, InLine, LaneFirst, LaneLook, LimitLook, State, TurnLook};
use windlass_core::limit::{Breaker, Limit, LimitOn, Rate, SetBy};
use windlass_core::limits::LINE;
use windlass_core::time::Timestamp;

use crate::row::get;

#[derive(Deserialize)]
struct Lane {
    first: Option<First>,
    waiting: u64,
}

#[derive(Deserialize)]
struct First {
    id: JobId,
    state: i16,
    run_at: i64,
    worker: Option<String>,
    reason: Option<String>,
}

#[derive(Deserialize)]
struct Bound {
    scope: i16,
    name: String,
    key: Option<String>,
    running: Option<u32>,
    reserved: Option<BTreeMap<String, u32>>,
    tokens: Option<u32>,
    per: Option<u64>,
    burst: Option<u32>,
    failures: Option<u32>,
    within: Option<u64>,
    open_for: Option<u64>,
    origin: Option<i16>,
    note: Option<String>,
    running_now: u64,
    running_by_kind: Option<BTreeMap<String, u64>>,
    holders: Vec<JobId>,
    tokens_now: Option<f64>,
    opened_at: Option<i64>,
    probe: Option<JobId>,
    probe_runs: bool,
    probe_failed: bool,
    failed: u64,
}

#[derive(Deserialize)]
struct Turn {
    ahead: u64,
    others: u64,
    sooner: u64,
}

pub(super) fn in_line(row: &Row) -> Result<InLine, StoreError> {
    let limits = read::<Vec<Bound>>(get(row, 40)?)?.unwrap_or_default();
    Ok(InLine {
        lane: read(get(row, 39)?)?.map(lane),
        limits: limits.into_iter().map(limit).collect::<Result<_, _>>()?,
        turn: read(get(row, 41)?)?.map(|turn: Turn| TurnLook {
            ahead: turn.ahead.min(LINE),
            others: turn.others,
            sooner: turn.sooner,
        }),
    })
}

fn read<'a, T: Deserialize<'a>>(json: Option<&'a str>) -> Result<Option<T>, StoreError> {
    let read = |json| serde_json::from_str(json);
    json.map(read).transpose().map_err(|error| StoreError::Backend(Box::new(error)))
}

fn lane(lane: Lane) -> LaneLook {
    let first = lane.first.map(|first| LaneFirst {
        job: first.id,
        state: State::from_code(first.state).unwrap_or(State::Waiting),
        run_at: Timestamp::from_micros(first.run_at),
        worker: first.worker,
        reason: first.reason,
    });
    LaneLook { first, waiting: lane.waiting }
}

fn limit(bound: Bound) -> Result<LimitLook, StoreError> {
    let Some(on) = LimitOn::from_scope(bound.scope, bound.name.clone()) else {
        return Err(StoreError::Corrupt {
            table: "limit_rule",
            column: "scope",
            row: bound.name,
            value: bound.scope.to_string(),
        });
    };
    let time = |micros: Option<u64>| micros.map(Duration::from_micros);
    let rate = bound.tokens.zip(time(bound.per)).zip(bound.burst);
    let breaker = bound.failures.zip(time(bound.within)).zip(time(bound.open_for));
    Ok(LimitLook {
        limit: Limit {
            on,
            running: bound.running,
            reserved: bound.reserved.unwrap_or_default(),
            rate: rate.map(|((tokens, per), burst)| Rate { tokens, per, burst }),
            breaker: breaker.map(|((failures, within), open_for)| Breaker {
                failures,
                within,
                open_for,
            }),
        },
        key: bound.key,
        set_by: bound.origin.and_then(SetBy::from_code),
        note: bound.note,
        running_now: bound.running_now,
        running_by_kind: bound.running_by_kind.unwrap_or_default(),
        holders: bound.holders,
        tokens_now: bound.tokens_now,
        breaker: BreakerLook {
            opened_at: bound.opened_at.map(Timestamp::from_micros),
            probe: bound.probe,
            probe_runs: bound.probe_runs,
            probe_failed: bound.probe_failed,
            failed: bound.failed,
        },
    })
}
