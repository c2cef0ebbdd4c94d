//! L: attempts, leases and ends.

use std::collections::HashSet;

use windlass_core::job::State;
use windlass_core::limits::{MAX_ATTEMPTS, MAX_LOSSES};

use crate::history::index::{Begun, Index, Life, Settlement};
use crate::history::record::{Answer, Wish};

/// I-L1: attempt numbers of a job rise, each starts once, and no lease is handed out twice. A
/// number may be given again after the database died, since a claim does not wait for the disk.
pub(in crate::history) fn attempts_rise_and_leases_are_new(index: &Index<'_>) -> Vec<String> {
    let twice = index.leases.iter().filter(|(_, takers)| takers.len() > 1);
    let mut broken: Vec<String> =
        twice.map(|(lease, takers)| format!("{lease} was handed out to {takers:?}")).collect();
    for (job, life) in &index.lives {
        for (nth, one) in life.claims.iter().enumerate() {
            for other in &life.claims[nth + 1..] {
                let is_undone = index.crashed_between(one.asked, other.answered);
                let is_repeated = one.attempt == other.attempt && !is_undone;
                // A claim that was answered before the other was asked came before it.
                let is_lower = other.attempt < one.attempt && one.answered < other.asked;
                if is_repeated || is_lower {
                    broken.push(format!("{job}: attempts {} and {}", one.attempt, other.attempt));
                }
            }
        }
        let is_again = |(nth, start): &(usize, &Begun)| {
            let is_undone = |one: &Begun| {
                let first = claimed_at(life, one).min(claimed_at(life, start));
                index.crashed_between(first, start.at)
            };
            let before = life.starts[..*nth].iter().filter(|one| one.attempt == start.attempt);
            before.into_iter().any(|one| !is_undone(one))
        };
        let again = life.starts.iter().enumerate().filter(is_again).map(|(_, start)| start);
        broken.extend(again.map(|start| format!("{job}: attempt {} starts twice", start.attempt)));
    }
    broken
}

/// When an attempt's claim was asked for: what is claimed ahead starts later, though a crash may have undone its claim.
fn claimed_at(life: &Life<'_>, start: &Begun) -> u64 {
    let claim = life.claims.iter().find(|claim| claim.lease == start.lease);
    claim.map_or(start.at, |claim| claim.asked.min(start.at))
}

/// I-L2: no two attempts of a job run under a valid lease at once.
pub(in crate::history) fn attempts_of_a_job_do_not_overlap(index: &Index<'_>) -> Vec<String> {
    let mut broken = Vec::new();
    for (job, life) in &index.lives {
        let mut spans: Vec<(u64, u64, u32)> = life
            .starts
            .iter()
            .map(|start| (start.at, valid_until(index, life, start), start.attempt))
            .collect();
        spans.sort_unstable();
        let overlapping = spans.windows(2).filter(|pair| pair[1].0 < pair[0].1);
        broken.extend(overlapping.map(|pair| {
            let (first, second) = (pair[0], pair[1]);
            let early = (first.1 - second.0) / 1_000;
            format!("{job}: attempt {} began {early} µs before {} was over", second.2, first.2)
        }));
    }
    broken
}

/// When an attempt had certainly not lost its lease yet, and not ended either.
pub(super) fn valid_until(index: &Index<'_>, life: &Life<'_>, start: &Begun) -> u64 {
    let of_lease = index.leases.get(&start.lease).and_then(|takers| takers.first());
    let lease_end = of_lease.and_then(|worker| index.lease_end(*worker));
    let sent = life.settlements.iter().filter(|one| one.attempt == start.attempt);
    let ended = life.ends.iter().filter(|(_, attempt)| *attempt == start.attempt);
    let claim = life.claims.iter().find(|claim| claim.lease == start.lease);
    let undone = claim.and_then(|claim| index.may_be_undone(claim));
    let ends = [lease_end, undone, index.deaths.get(&start.process).copied()];
    let ends = ends.into_iter().flatten();
    ends.chain(sent.map(|one| one.asked)).chain(ended.map(|(at, _)| *at)).min().unwrap_or(start.at)
}

/// Whether a crash may have undone the claim of an attempt, of which nothing was written since.
fn is_undone(index: &Index<'_>, life: &Life<'_>, start: &Begun) -> bool {
    let is_written = life.settlements.iter().any(|one| {
        (one.attempt, one.lease, one.answer) == (start.attempt, start.lease, Answer::Done)
    });
    let claim = life.claims.iter().find(|claim| claim.lease == start.lease);
    let undone = claim.and_then(|claim| index.may_be_undone(claim));
    undone.is_some() && !is_written
}

/// I-L3: an end that was accepted was that of the attempt its job was at.
pub(in crate::history) fn stale_ends_are_refused(index: &Index<'_>) -> Vec<String> {
    let mut broken = Vec::new();
    for (job, life) in &index.lives {
        for stale in life.settlements.iter().filter(|one| is_stale(life, one)) {
            broken.push(format!("{job}: the end of attempt {} was accepted late", stale.attempt));
        }
        let Some(ended) = life.ended.filter(|_| life.revivals.is_empty()) else { continue };
        let of_another = life.settlements.iter().filter(|one| one.ended_the_job());
        for one in of_another.filter(|one| one.attempt != ended.attempt) {
            let (attempt, last) = (one.attempt, ended.attempt);
            broken.push(format!("{job}: ended by attempt {attempt}, and {last} was its last"));
        }
    }
    broken
}

/// Whether an end was newly written although a later attempt had been claimed before it was sent.
fn is_stale(life: &Life<'_>, one: &Settlement) -> bool {
    let is_later = |attempt, at| attempt > one.attempt && at < one.asked;
    one.answer == Answer::Done
        && (life.claims.iter().any(|claim| is_later(claim.attempt, claim.answered))
            || life.starts.iter().any(|start| is_later(start.attempt, start.at)))
}

/// I-L4: nothing starts after the end was acknowledged, unless somebody asked for it, or by a worker whose session has ended and that
/// does not know it.
pub(in crate::history) fn ended_jobs_stay_ended(index: &Index<'_>) -> Vec<String> {
    let mut broken = Vec::new();
    for (job, life) in &index.lives {
        let ends = life.settlements.iter().filter(|one| one.ended_the_job());
        let Some(end) = ends.min_by_key(|one| one.answered) else { continue };
        // A retry may see an end whose answer is on the way.
        let revived = |at| life.revivals.iter().any(|revival| (end.asked..at).contains(revival));
        let is_unaware = |start: &Begun| {
            let holder = index.leases.get(&start.lease).and_then(|takers| takers.first());
            holder.is_some_and(|worker| index.lost_its_session(*worker, start.at))
        };
        let is_late = |start: &&Begun| start.at > end.answered && !revived(start.at);
        let late = life.starts.iter().filter(is_late).filter(|start| !is_unaware(start));
        broken.extend(late.map(|start| format!("{job}: attempt {} after its end", start.attempt)));
    }
    broken
}

/// I-L7: one end for each life, and it is the one the job is left with.
pub(in crate::history) fn each_job_ends_once(index: &Index<'_>) -> Vec<String> {
    let mut broken = Vec::new();
    for (job, life) in index.lives.iter().filter(|(_, life)| life.revivals.is_empty()) {
        let ends = || life.settlements.iter().filter(|one| one.ended_the_job());
        let attempts: HashSet<u32> = ends().map(|one| one.attempt).collect();
        if attempts.len() > 1 {
            broken.push(format!("{job}: ended by attempts {attempts:?}"));
        }
        let Some(ended) = life.ended else { continue };
        for one in ends().filter(|one| state_of(one.wish) != Some(ended.state)) {
            broken.push(format!("{job}: told {:?} and is {}", one.wish, ended.state));
        }
    }
    broken
}

/// The state that a job is left with by an end of this kind.
pub(super) fn state_of(wish: Wish) -> Option<State> {
    match wish {
        Wish::Complete => Some(State::Completed),
        Wish::Die => Some(State::Dead),
        Wish::Cancel => Some(State::Cancelled),
        Wish::Again => None,
    }
}

/// I-L8: an attempt is claimed before it starts, by the process that starts it; failures and losses
/// keep their limits.
pub(in crate::history) fn attempts_are_counted_before_they_start(index: &Index<'_>) -> Vec<String> {
    let mut broken = Vec::new();
    for (job, life) in &index.lives {
        for start in &life.starts {
            let is_its = |claim: &&crate::history::index::Claim<'_>| {
                (claim.attempt, claim.lease, claim.process)
                    == (start.attempt, start.lease, start.process)
            };
            if !life.claims.iter().filter(is_its).any(|claim| claim.answered <= start.at) {
                broken.push(format!("{job}: attempt {} started unclaimed", start.attempt));
            }
        }
        let Some(ended) = life.ended else { continue };
        let is_counted =
            |start: &Begun| start.attempt <= ended.attempt || is_undone(index, life, start);
        let counted = life.starts.iter().all(is_counted);
        let limit = ended.max_attempts.unwrap_or(MAX_ATTEMPTS);
        let within = limit == 0 || ended.failures <= u32::from(limit);
        let most_losses = ended.meta.max_losses.unwrap_or(MAX_LOSSES);
        let survived = most_losses == 0 || ended.losses <= most_losses;
        if !counted || !within || !survived {
            let (attempt, failures, losses) = (ended.attempt, ended.failures, ended.losses);
            broken.push(format!("{job}: attempt {attempt}, failures {failures}, losses {losses}"));
        }
    }
    broken
}
