//! U: unique keys.

use std::collections::BTreeMap;

use windlass_core::id::JobId;

use crate::history::index::{Index, Life};

/// A job that was acknowledged as written, and when.
struct Holder {
    job: JobId,
    since: u64,
}

/// I-U1: no two jobs hold one key at once. Keys that are held until the end of their job are looked at.
pub(in crate::history) fn a_key_is_held_by_one_job(index: &Index<'_>) -> Vec<String> {
    let mut broken = Vec::new();
    for (key, holders) in holders(index) {
        for (nth, one) in holders.iter().enumerate() {
            for other in &holders[nth + 1..] {
                let both = one.since.max(other.since);
                if certainly_holds(index, one, both) && certainly_holds(index, other, both) {
                    broken.push(format!("{} and {} hold {key}", one.job, other.job));
                }
            }
        }
    }
    broken
}

fn holders<'h>(index: &Index<'h>) -> BTreeMap<&'h str, Vec<Holder>> {
    let mut holders: BTreeMap<&str, Vec<Holder>> = BTreeMap::new();
    for call in &index.calls {
        let Some(since) = call.answered else { continue };
        let written = call.jobs.iter().filter(|wanted| !call.existing.contains(&wanted.job));
        for wanted in written.filter(|_| call.is_done()) {
            if let Some(key) = &wanted.key {
                holders.entry(key).or_default().push(Holder { job: wanted.job, since });
            }
        }
    }
    holders
}

/// Whether a job had not ended then: it never did, or its end was sent later. A job that somebody else may have
/// ended, or that was run again, is not judged.
fn certainly_holds(index: &Index<'_>, holder: &Holder, at: u64) -> bool {
    let Some(life) = index.lives.get(&holder.job) else { return false };
    let first_end = life.settlements.iter().filter(|one| one.may_have_ended_the_job());
    let is_open = life.ended.is_some_and(|ended| !ended.state.is_terminal());
    life.revivals.is_empty()
        && match first_end.map(|one| one.asked).min() {
            Some(asked) => asked > at && ended_by_its_worker(life),
            None => is_open,
        }
}

fn ended_by_its_worker(life: &Life<'_>) -> bool {
    let ends = life.settlements.iter().filter(|one| one.ended_the_job());
    ends.into_iter().any(|one| life.ended.is_some_and(|ended| ended.attempt == one.attempt))
}
