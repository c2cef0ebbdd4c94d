//! What pages show of `limit.v1`.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;
use windlass::Timestamp;
use windlass_http::words::time::span;

use crate::filter::term;

#[derive(Debug, Deserialize)]
pub(super) struct Limits {
    pub(super) items: Vec<Limit>,
}

/// A limit, and what of it is used.
#[derive(Debug, Deserialize)]
pub(super) struct Limit {
    /// `queue:NAME`, `kind:NAME` or `key:NAME`.
    pub(super) on: String,
    pub(super) running: Option<u32>,
    #[serde(default)]
    pub(super) reserved: BTreeMap<String, u32>,
    pub(super) rate: Option<Rate>,
    pub(super) breaker: Option<Breaker>,
    pub(super) set_by: String,
    pub(super) note: Option<String>,
    pub(super) set_at: Timestamp,
    pub(super) running_now: Option<u64>,
    pub(super) full_keys: Option<u64>,
    pub(super) tokens_now: Option<f64>,
    pub(super) open_since: Option<Timestamp>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
pub(super) struct Rate {
    pub(super) tokens: u32,
    pub(super) per_ms: u64,
    pub(super) burst: u32,
}

#[derive(Debug, Clone, Copy, Deserialize)]
pub(super) struct Breaker {
    pub(super) failures: u32,
    pub(super) within_ms: u64,
    pub(super) open_for_ms: u64,
}

impl Limit {
    /// The filter of the jobs that run under it; of a key no filter tells which these are.
    pub(super) fn holders(&self) -> Option<String> {
        let (scope, name) = self.on.split_once(':')?;
        matches!(scope, "queue" | "kind").then(|| format!("state:running {}", term(scope, name)))
    }

    /// Whether as many run as may.
    pub(super) fn is_full(&self) -> bool {
        match self.full_keys {
            Some(keys) => keys > 0,
            None => {
                self.running.zip(self.running_now).is_some_and(|(most, now)| now >= u64::from(most))
            }
        }
    }
}

impl Rate {
    /// Such as `10 each second`.
    pub(super) fn words(self) -> String {
        format!("{} per {}", self.tokens, words(self.per_ms))
    }
}

impl Breaker {
    pub(super) fn words(self) -> String {
        format!(
            "{} failures within {} open it for {}",
            self.failures,
            words(self.within_ms),
            words(self.open_for_ms)
        )
    }
}

fn words(ms: u64) -> String {
    span(Duration::from_millis(ms))
}
