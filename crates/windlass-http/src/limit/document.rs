//! A limit as JSON: `limit.v1`.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;
use utoipa::ToSchema;
use windlass::Timestamp;
use windlass::limit::{Breaker, LimitOn, LimitRecord, Rate, SetBy};

use crate::answer::Document;
use crate::schema;

/// A limit over all processes, and what of it is used.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Limit)]
pub struct LimitBody<'a> {
    /// What it is set for.
    #[schema(value_type = schema::LimitOn)]
    on: &'a LimitOn,
    /// So many run at once.
    running: Option<u32>,
    /// Of those so many are kept for a kind, by kind.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    #[schema(required = false, value_type = BTreeMap<String, u32>)]
    reserved: &'a BTreeMap<String, u32>,
    /// So many start in a time.
    rate: Option<RateBody>,
    /// Nothing starts for a time after failures.
    breaker: Option<BreakerBody>,
    /// Who set it.
    #[schema(value_type = schema::SetBy)]
    set_by: SetBy,
    /// Why, and by whom.
    note: Option<&'a str>,
    /// When it was set.
    #[schema(value_type = schema::Moment)]
    set_at: Timestamp,
    /// How many run now, where that is limited; over all keys of a name.
    running_now: Option<u64>,
    /// Of the keys of a name, how many have as many running as they may; null where it is not one or that is not limited.
    full_keys: Option<u64>,
    /// Tokens that there are now; null for the keys of a name.
    tokens_now: Option<f64>,
    /// Since when its breaker is open; for the keys of a name, the first of them.
    #[schema(value_type = Option<schema::Moment>)]
    open_since: Option<Timestamp>,
}

/// A rate: a job takes tokens when it is claimed, one unless it says otherwise.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Rate)]
struct RateBody {
    /// So many tokens come in `per_ms`, evenly.
    tokens: u32,
    /// The time of that.
    per_ms: u64,
    /// So many there are at most.
    burst: u32,
}

/// A breaker: after failures nothing starts for a time; then one job probes.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Breaker)]
struct BreakerBody {
    /// So many failures open it.
    failures: u32,
    /// Within so long.
    within_ms: u64,
    /// It is open for so long.
    open_for_ms: u64,
}

/// A limit that was removed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LimitRemoved)]
pub struct LimitRemovedBody<'a> {
    /// What it was set for.
    #[schema(value_type = schema::LimitOn)]
    on: &'a LimitOn,
}

/// A breaker that was closed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BreakerClosed)]
pub struct BreakerClosedBody<'a> {
    /// What its limit is set for.
    #[schema(value_type = schema::LimitOn)]
    on: &'a LimitOn,
}

/// A limit as `limit.v1`.
#[must_use]
pub fn document(record: &LimitRecord) -> Document<LimitBody<'_>> {
    let limit = &record.limit;
    Document::new(
        "limit.v1",
        LimitBody {
            on: &limit.on,
            running: limit.running,
            reserved: &limit.reserved,
            rate: limit.rate.map(rate),
            breaker: limit.breaker.map(breaker),
            set_by: record.set_by,
            note: record.note.as_deref(),
            set_at: record.set_at,
            running_now: record.running_now,
            full_keys: record.full_keys,
            tokens_now: record.tokens_now,
            open_since: record.open_since,
        },
    )
}

fn rate(rate: Rate) -> RateBody {
    RateBody { tokens: rate.tokens, per_ms: millis(rate.per), burst: rate.burst }
}

fn breaker(breaker: Breaker) -> BreakerBody {
    let Breaker { failures, within, open_for } = breaker;
    BreakerBody { failures, within_ms: millis(within), open_for_ms: millis(open_for) }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// A limit that was removed, as `limit_removed.v1`.
#[must_use]
pub const fn removed(on: &LimitOn) -> Document<LimitRemovedBody<'_>> {
    Document::new("limit_removed.v1", LimitRemovedBody { on })
}

/// A breaker that was closed, as `breaker_closed.v1`.
#[must_use]
pub const fn breaker_closed(on: &LimitOn) -> Document<BreakerClosedBody<'_>> {
    Document::new("breaker_closed.v1", BreakerClosedBody { on })
}
