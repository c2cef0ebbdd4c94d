//! What pages show of `errors.v1` and `error.v1`.

use maud::{Markup, html};
use serde::Deserialize;
use windlass::Timestamp;

use crate::chart::bars;

#[derive(Debug, Deserialize)]
pub(super) struct Errors {
    pub(super) groups: Vec<ErrorGroup>,
    pub(super) jobs: u64,
    pub(super) complete: bool,
}

/// Jobs that failed alike.
#[derive(Debug, Deserialize)]
pub(super) struct ErrorGroup {
    pub(super) fingerprint: String,
    pub(super) kind: String,
    pub(super) error: String,
    pub(super) jobs: u64,
    pub(super) dead: u64,
    pub(super) first_at: Timestamp,
    pub(super) last_at: Timestamp,
    pub(super) by_hour: Vec<u64>,
    pub(super) samples: Vec<String>,
}

impl ErrorGroup {
    pub(super) fn first_line(&self) -> &str {
        self.error.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default()
    }

    /// How many failed in each of the last 24 hours.
    pub(super) fn trend(&self) -> Markup {
        let most = self.by_hour.iter().max().copied().unwrap_or(0);
        html! { (bars(&self.by_hour, &format!("jobs that failed in each of the last 24 hours, at most {most}"))) }
    }
}
