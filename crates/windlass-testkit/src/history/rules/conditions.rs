//! Q: conditions.

use super::leases::valid_until;
use crate::history::index::{Index, Life};
use crate::history::record::Wanted;

/// I-Q1: no job starts before all signals that it waits for were sent, and none that another one waits for starts after that
/// one, unless a person ran one of them again.
pub(in crate::history) fn jobs_start_when_what_they_wait_for_has_come(
    index: &Index<'_>,
) -> Vec<String> {
    let mut broken = Vec::new();
    for wanted in written(index).filter(|wanted| waits(wanted)) {
        let Some(life) = index.lives.get(&wanted.job).filter(|life| life.revivals.is_empty())
        else {
            continue;
        };
        let Some(first) = life.starts.iter().map(|start| start.at).min() else { continue };
        let has_come = |key: &str| index.signals.get(key).is_some_and(|asked| *asked <= first);
        let missing = wanted.signals.iter().filter(|key| !has_come(key));
        broken.extend(missing.map(|key| format!("{} started before {key} was sent", wanted.job)));
        for other in &wanted.after {
            let starts_later = |life: &&Life<'_>| {
                let held = |start: &&_| valid_until(index, life, start) > start.at;
                life.revivals.is_empty() && life.starts.iter().filter(held).any(|s| s.at > first)
            };
            if index.lives.get(other).filter(starts_later).is_some() {
                broken.push(format!("{} started before {other} was over", wanted.job));
            }
        }
    }
    broken
}

fn waits(wanted: &Wanted) -> bool {
    !wanted.signals.is_empty() || !wanted.after.is_empty()
}

fn written<'h>(index: &Index<'h>) -> impl Iterator<Item = &'h Wanted> {
    index
        .calls
        .iter()
        .flat_map(|call| call.jobs.iter().filter(|wanted| !call.existing.contains(&wanted.job)))
}
