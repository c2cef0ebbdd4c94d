//! Jobs that stand in line: in lanes, in turns or under limits.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use windlass::job::Meta;
use windlass::{Fair, Lane, Limited};

/// How many lanes, tenants and keys the jobs have, one after the other.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct Lined {
    /// The jobs in so many lanes
    #[arg(long, default_value_t = 0)]
    pub(crate) lanes: u64,
    /// So many jobs of one lane in front of the others
    #[arg(long, default_value_t = 0)]
    pub(crate) hot_lane: u64,
    /// The jobs in turns of so many tenants
    #[arg(long, default_value_t = 0)]
    pub(crate) tenants: u64,
    /// The jobs under a limit of so many keys
    #[arg(long, default_value_t = 0)]
    pub(crate) limit_keys: u64,
    /// With `--limit-keys`: jobs of one key that run at once
    #[arg(long, default_value_t = 4)]
    pub(crate) limit: u32,
}

/// Gives each job its place, in the order they are made.
#[derive(Debug, Clone, Default)]
pub(crate) struct Places {
    lined: Lined,
    made: Arc<AtomicU64>,
}

impl Places {
    pub(crate) fn new(lined: &Lined) -> Self {
        Self { lined: lined.clone(), made: Arc::default() }
    }

    pub(crate) fn place(&self, meta: &mut Meta) {
        let Lined { lanes, tenants, limit_keys, limit, hot_lane } = self.lined;
        if lanes + tenants + limit_keys + hot_lane == 0 {
            return;
        }
        let nth = self.made.fetch_add(1, Ordering::Relaxed);
        if nth < hot_lane {
            meta.lane = Some(Lane::by("hot"));
            return;
        }
        meta.lane = nth.checked_rem(lanes).map(|n| Lane::by(format!("lane {n}")));
        meta.fair = nth.checked_rem(tenants).map(|n| Fair::by(format!("tenant {n}")));
        meta.limited =
            nth.checked_rem(limit_keys).map(|n| Limited::by(format!("key {n}")).running(limit));
    }
}
