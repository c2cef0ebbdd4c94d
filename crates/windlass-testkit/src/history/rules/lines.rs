//! O: lanes and limits.

use std::collections::BTreeMap;

use windlass_core::id::JobId;

use super::leases::valid_until;
use crate::history::index::{Index, Life};
use crate::history::record::Wanted;

/// A job that was written.
struct Written {
    job: JobId,
    asked: u64,
    answered: u64,
}

/// When an attempt of a job ran under a lease that certainly held.
struct Span {
    /// When it was to be claimed.
    asked: u64,
    from: u64,
    until: u64,
    job: JobId,
}

/// I-O1: no two jobs of one lane run at once.
pub(in crate::history) fn lanes_run_one_at_a_time(index: &Index<'_>) -> Vec<String> {
    let mut broken = Vec::new();
    for (lane, jobs) in grouped(index, |wanted| wanted.lane.as_deref()) {
        let spans = spans(index, &jobs);
        let overlapping = spans.windows(2).filter(|pair| pair[1].from < pair[0].until);
        broken.extend(
            overlapping.map(|pair| format!("{} ran beside {} in {lane}", pair[1].job, pair[0].job)),
        );
    }
    broken
}

/// I-O1: of two jobs of one lane the one whose call was answered before the other was asked for begins first.
pub(in crate::history) fn lanes_run_in_order(index: &Index<'_>) -> Vec<String> {
    let mut broken = Vec::new();
    for (lane, jobs) in grouped(index, |wanted| wanted.lane.as_deref().filter(|_| wanted.is_due)) {
        let begun = |job: &JobId| index.lives.get(job).filter(|life| life.revivals.is_empty());
        let first = |life: &Life<'_>| life.starts.iter().map(|start| start.at).min();
        let started = jobs.iter().filter_map(|one| Some((one, begun(&one.job).and_then(first)?)));
        let started: Vec<(&Written, u64)> = started.collect();
        for (nth, (one, at)) in started.iter().enumerate() {
            let earlier = &started[..nth];
            let overtaken =
                earlier.iter().find(|(other, its)| other.answered < one.asked && at < its);
            if let Some((other, _)) = overtaken {
                broken.push(format!("{} began before {} in {lane}", one.job, other.job));
            }
        }
    }
    broken
}

/// I-O3: of one key no more run at once than its limit says.
pub(in crate::history) fn limits_hold(index: &Index<'_>) -> Vec<String> {
    let mut broken = Vec::new();
    let of_limit = |wanted: &'_ Wanted| wanted.limit.clone();
    for ((key, most), jobs) in grouped(index, of_limit) {
        let spans = spans(index, &jobs);
        for one in &spans {
            let beside =
                spans.iter().filter(|other| other.from <= one.from && one.from < other.until);
            let running = beside.count();
            if running > most as usize {
                broken.push(format!("{running} of {key} ran when {} began", one.job));
            }
        }
    }
    broken
}

/// So long after a limit was set a claim that is asked for knows it; on PostgreSQL one that was under way then may not.
const SEEN: u64 = 2_000_000_000;

/// I-O3: what is claimed after the limit of its kind was set, and before it is changed, begins beside no more than it says,
/// those that ran before it was set among them.
pub(in crate::history) fn limits_that_are_set_hold(index: &Index<'_>) -> Vec<String> {
    let mut broken = Vec::new();
    for (nth, limit) in index.limits.iter().enumerate() {
        let Some(most) = limit.running else { continue };
        let next = index.limits[nth + 1..].iter().find(|next| next.kind == limit.kind);
        let holds = limit.answered + SEEN..next.map_or(u64::MAX, |next| next.asked);
        let of_kind = |wanted: &'_ Wanted| (wanted.kind == limit.kind).then_some(());
        let jobs = grouped(index, of_kind).remove(&()).unwrap_or_default();
        let spans = spans(index, &jobs);
        for one in spans.iter().filter(|one| holds.contains(&one.from) && one.asked > holds.start) {
            let beside =
                spans.iter().filter(|other| other.from <= one.from && one.from < other.until);
            let running = beside.count();
            if running > most as usize {
                broken.push(format!(
                    "{running} of {} ran when {} began, and {most} may",
                    limit.kind, one.job
                ));
            }
        }
    }
    broken
}

/// The jobs that were written, by a key, in the order of their calls, with when those were asked for and answered.
fn grouped<'h, K: Ord>(
    index: &Index<'h>,
    key: impl Fn(&'h Wanted) -> Option<K>,
) -> BTreeMap<K, Vec<Written>> {
    let mut groups: BTreeMap<K, Vec<Written>> = BTreeMap::new();
    for call in index.calls.iter().filter(|call| call.is_done()) {
        let Some(answered) = call.answered else { continue };
        for wanted in call.jobs.iter().filter(|wanted| !call.existing.contains(&wanted.job)) {
            if let Some(key) = key(wanted) {
                let written = Written { job: wanted.job, asked: call.asked, answered };
                groups.entry(key).or_default().push(written);
            }
        }
    }
    groups
}

fn spans(index: &Index<'_>, jobs: &[Written]) -> Vec<Span> {
    let mut spans = Vec::new();
    for Written { job, .. } in jobs {
        let Some(life) = index.lives.get(job) else { continue };
        let claim_of =
            |lease| life.claims.iter().find(|claim| claim.lease == lease).map(|claim| claim.asked);
        spans.extend(life.starts.iter().map(|start| Span {
            asked: claim_of(start.lease).unwrap_or_default(),
            from: start.at,
            until: valid_until(index, life, start),
            job: *job,
        }));
    }
    spans.sort_unstable_by_key(|span| (span.from, span.until));
    spans
}
