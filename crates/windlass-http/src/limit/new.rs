//! A limit as it is asked for.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;
use utoipa::ToSchema;
use windlass::limit::{Limit, LimitOn};

use crate::problem::Problem;

/// A limit that is to be set: as a whole, so that what is left out is not limited.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewLimit {
    /// So many run at once, over all processes.
    #[schema(minimum = 1, maximum = 2_147_483_647)]
    running: Option<u32>,
    /// Of those of a queue so many are kept for a kind, which may use the others too: at most 16 kinds.
    #[serde(default)]
    reserved: BTreeMap<String, u32>,
    /// So many start in a time.
    rate: Option<NewRate>,
    /// Nothing starts for a time after failures.
    breaker: Option<NewBreaker>,
    /// Why, and by whom; it is shown wherever the limit is. At most 1,024 bytes.
    #[schema(max_length = 1024)]
    pub(super) note: Option<String>,
}

/// So many start in a time.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewRate {
    /// So many tokens come in `per_ms`, evenly; a job takes one unless it says otherwise.
    #[schema(minimum = 1, maximum = 2_147_483_647)]
    tokens: u32,
    /// The time of that; a second unless given.
    #[schema(minimum = 1, maximum = 86_400_000)]
    per_ms: Option<u64>,
    /// At most so many at once; as many as `tokens` unless given.
    #[schema(minimum = 1, maximum = 2_147_483_647)]
    burst: Option<u32>,
}

/// Nothing starts for a time after failures; then one job probes.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewBreaker {
    /// After so many.
    #[schema(minimum = 1, maximum = 2_147_483_647)]
    failures: u32,
    /// Within so long; a minute unless given.
    #[schema(minimum = 1, maximum = 86_400_000)]
    within_ms: Option<u64>,
    /// For so long; a minute unless given.
    #[schema(minimum = 1, maximum = 86_400_000)]
    open_for_ms: Option<u64>,
}

impl NewLimit {
    /// The limit, where it limits something.
    pub(super) fn limit(self, on: LimitOn) -> Result<Limit, Problem> {
        if self.running.is_none() && self.rate.is_none() && self.breaker.is_none() {
            let detail = "expected `running`, `rate` or `breaker`: a limit that limits nothing is removed by DELETE";
            return Err(Problem::body(String::new(), detail));
        }
        let or = |ms: Option<u64>, otherwise| Duration::from_millis(ms.unwrap_or(otherwise));
        let limit = Limit { running: self.running, reserved: self.reserved, ..Limit::on(on) };
        let limit = match self.rate {
            Some(NewRate { tokens, per_ms, burst }) => {
                limit.rate(tokens, or(per_ms, 1_000)).burst(burst.unwrap_or(tokens))
            }
            None => limit,
        };
        let limit = match self.breaker {
            Some(NewBreaker { failures, within_ms, open_for_ms }) => {
                limit.break_after(failures, or(within_ms, 60_000), or(open_for_ms, 60_000))
            }
            None => limit,
        };
        limit.check()?;
        Ok(limit)
    }
}
