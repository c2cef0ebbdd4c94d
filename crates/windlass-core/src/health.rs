//! Health: what is not as it should be, each by a sign of its own, so that none hides another or sets it off.
//!
//! A store says what it sees ([`Observed`]), within bounds, whatever the number of jobs. What of that is a problem is
//! decided here, without I/O, against [`Thresholds`]: a command, a server and an alert come to the same answer.

mod find;
mod lines;
mod problem;
mod rates;
mod seen;

use std::time::Duration;

use serde::Serialize;

pub use find::{Overview, problems, unserved};
pub use problem::{Aspect, Problem};
pub use seen::{
    Counted, Dead, Failing, LaneBlocked, LaneSeen, Lanes, Observed, Parked, Ready, RunningJob,
    StuckJob,
};

use crate::limits;
use crate::reply::{Now, Reply};

/// From where on something is a problem.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Thresholds {
    /// So long a job may be due before it starts.
    #[serde(rename = "latency_ms", serialize_with = "millis")]
    pub latency: Duration,
    /// So many failures a job has in a row, and will be tried again, before its kind is failing; so many a source's feed.
    pub failures: u32,
    /// So long a job may run whose kind does not say how long it is expected to.
    #[serde(rename = "running_ms", serialize_with = "millis")]
    pub running: Duration,
    /// Jobs that died within so long are news.
    #[serde(rename = "died_within_ms", serialize_with = "millis")]
    pub died_within: Duration,
    /// So many jobs may wait in a lane.
    pub lane: u64,
    /// So long jobs may be due that no worker serves or knows, before that is an alert.
    #[serde(skip)]
    pub unserved: Duration,
    /// Kinds that are left out: none of their jobs is a problem.
    pub mute: Vec<String>,
}

impl Default for Thresholds {
    fn default() -> Self {
        Self {
            latency: limits::LATENCY,
            failures: limits::FAILING,
            running: limits::RUNNING_LONG,
            died_within: limits::DIED_WITHIN,
            lane: limits::LONG_LANE,
            unserved: limits::UNSERVED,
            mute: Vec::new(),
        }
    }
}

impl Thresholds {
    /// Those by which workers raise alerts, unless they are given others: so many failures as wake a person.
    #[must_use]
    pub fn alerting() -> Self {
        Self { failures: limits::ALERT_FAILURES, ..Self::default() }
    }

    /// Those by which an alert ends: it does not come and go while a time or a number is about at its limit.
    #[must_use]
    pub(crate) fn relaxed(&self) -> Self {
        Self { latency: self.latency / 2, lane: self.lane / 2, ..self.clone() }
    }

    /// Whether a kind is left out.
    #[must_use]
    pub fn is_muted(&self, kind: &str) -> bool {
        self.mute.iter().any(|muted| muted == kind)
    }

    /// How long a job may run: its expected time and half of it, or [`Thresholds::running`].
    #[must_use]
    pub fn may_run(&self, expected: Option<Duration>) -> Duration {
        expected.map_or(self.running, |expected| expected.saturating_add(expected / 2))
    }
}

/// The verbs of health.
pub trait HealthStore: Send + Sync {
    /// What is seen of jobs that may be a problem. Muted kinds are left out, except of lanes, which are one across kinds.
    /// It is asked without a lock, looks at no more than [`limits::LOOKED_AT`] jobs of a sort, and says where there are more.
    fn observe<'a>(&'a self, thresholds: &'a Thresholds, now: Now) -> Reply<'a, Observed>;

    /// What is seen of lanes: the same as [`HealthStore::observe`] says of them, for who asks for nothing else.
    fn lanes(&self) -> Reply<'_, Lanes>;
}

fn millis<S: serde::Serializer>(time: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(u64::try_from(time.as_millis()).unwrap_or(u64::MAX))
}

fn maybe_millis<S: serde::Serializer>(
    time: &Option<Duration>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match time {
        Some(time) => millis(time, serializer),
        None => serializer.serialize_none(),
    }
}
