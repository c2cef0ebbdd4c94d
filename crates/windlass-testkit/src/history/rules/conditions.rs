//! Q: conditions.

use windlass_core::condition::{Ends, Waits};
use windlass_core::job::{JobRecord, State};
use windlass_core::limits::{LEADER_TTL, LEASE};

use super::batches::end_long_ago;
use super::leases::valid_until;
use crate::history::index::{Index, Life, Sent};
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
        let has_come =
            |key: &str| index.signals.get(key).is_some_and(|sent| sent.first_asked <= first);
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

/// I-Q2: at the end no job waits of whose conditions enough are met, or which waits for nothing that may still come. What ended
/// not long ago may be told by the next sweep; a job that waits for a worker says so.
pub(in crate::history) fn no_job_waits_for_what_has_come(index: &Index<'_>) -> Vec<String> {
    let ended = index.lives.values().filter_map(|life| life.ended);
    let waiting = ended.filter(|job| job.state == State::Waiting && job.reason.is_none());
    let forgotten =
        |job: &&JobRecord| job.meta.waits.as_ref().is_some_and(|waits| is_over(index, waits));
    let told = |job: &JobRecord| format!("{} waits still, for what has come", job.id);
    waiting.filter(forgotten).map(told).collect()
}

/// Whether nothing is left to wait for, or something will not come without which it is cancelled.
fn is_over(index: &Index<'_>, waits: &Waits) -> bool {
    let told: Vec<Sent> = waits
        .signals()
        .filter_map(|key| index.signals.get(key).copied())
        .filter(|sent| sent.is_told)
        .collect();
    let come = told.iter().filter(|sent| !sent.may_be_withdrawn).count();
    let over: Vec<(Ends, State)> = ends(index, waits).collect();
    let ended = over.iter().filter(|(ends, state)| ends.states().any(|one| one == *state)).count();
    let is_unmet = waits.may_cancel() && ended < over.len();
    come + ended >= waits.needed() || told.len() + ended == waits.conditions() || is_unmet
}

/// What it waits for that ended long ago: how it was to end, and how it did.
fn ends<'i>(index: &'i Index<'_>, waits: &'i Waits) -> impl Iterator<Item = (Ends, State)> + 'i {
    let jobs = waits.ends().filter_map(|(job, ends)| {
        let ended = index.lives.get(&job).and_then(|life| life.ended);
        Some((ends, ended.filter(|job| is_long_ago(index, job))?.state))
    });
    let batches = waits
        .batch_ends()
        .filter_map(|(batch, ends)| Some((ends, end_long_ago(index, index.batches.get(&batch)?)?)));
    jobs.chain(batches)
}

/// Whether it ended before a new leader would have had to lead.
pub(super) fn is_long_ago(index: &Index<'_>, job: &JobRecord) -> bool {
    let since = index.read_at.zip(job.finished_at);
    let is_over = since.is_some_and(|(now, ended)| now.since(ended) > LEASE + LEADER_TTL);
    job.state.is_terminal() && is_over
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
