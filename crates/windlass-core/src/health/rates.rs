//! How long jobs take at the rate of a limit.

use std::time::Duration;

use crate::error::StoreError;
use crate::job::{Counts, State};
use crate::limit::{LimitOn, LimitRecord, Rate};
use crate::queue::{QueueBound, WhenFull};
use crate::store::Store;

/// What takes longer is a problem.
pub(super) const LONG: Duration = Duration::from_secs(24 * 60 * 60);

pub(super) fn takes(rate: Rate, jobs: u64) -> Duration {
    let nanos = rate.per.as_nanos() * u128::from(jobs) / u128::from(rate.tokens.max(1));
    Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
}

/// The fewest jobs that take too long.
fn too_many(rate: Rate) -> u64 {
    let jobs = LONG.as_nanos() * u128::from(rate.tokens.max(1)) / rate.per.as_nanos().max(1) + 1;
    u64::try_from(jobs).unwrap_or(u64::MAX)
}

/// Where counting a queue ended before its jobs are too many for its rate, finds out whether they are.
pub(super) async fn count_enough(
    store: &dyn Store,
    limits: &[LimitRecord],
    counts: &mut Counts,
) -> Result<(), StoreError> {
    for (queue, jobs) in limits.iter().filter_map(of_queue) {
        let bound = QueueBound { queue: queue.to_owned(), jobs, when_full: WhenFull::Error };
        let is_open = counts.may_be_more(queue, State::Available);
        let states = counts.by_queue.get_mut(queue);
        let Some(counted) = states.and_then(|states| states.get_mut(&State::Available)) else {
            continue;
        };
        if is_open && *counted < jobs && store.is_full(&bound).await? {
            *counted = jobs;
        }
    }
    Ok(())
}

fn of_queue(record: &LimitRecord) -> Option<(&str, u64)> {
    match &record.limit.on {
        LimitOn::Queue(queue) => Some((queue, too_many(record.limit.rate?))),
        LimitOn::Kind(_) | LimitOn::Key(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fewest_that_take_too_long_are_just_too_many() {
        for (tokens, per) in [(1, 1), (7, 60), (100_000, 86_400), (3, 86_400 * 30)] {
            let rate = Rate { tokens, per: Duration::from_secs(per), burst: tokens };
            let jobs = too_many(rate);
            assert!(takes(rate, jobs) > LONG, "{rate:?}");
            assert!(takes(rate, jobs - 1) <= LONG, "{rate:?}");
        }
    }
}
