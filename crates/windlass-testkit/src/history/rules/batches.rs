//! B: batches.

use std::time::Duration;

use windlass_core::batch::BatchCounts;
use windlass_core::condition::Ends;
use windlass_core::job::{JobRecord, State};
use windlass_core::time::Timestamp;

use super::conditions::is_long_ago;
use super::leases::valid_until;
use crate::history::index::{Index, Life, Together};
use crate::history::record::{Counted, Wanted};

/// A moment of the database is that of the beginning of a transaction, which may have waited for others.
const WAITED: Duration = Duration::from_secs(1);

/// I-B1: what waits for the end of a batch starts after the last of its jobs has ended, where they have ended as it wants. A
/// batch of which somebody ran a job again ends twice, and is not judged.
pub(in crate::history) fn what_follows_a_batch_starts_after_its_end(
    index: &Index<'_>,
) -> Vec<String> {
    let mut broken = Vec::new();
    for (batch, together) in index.batches.iter().filter(|(_, one)| !one.is_revived(index)) {
        for (wanted, ends) in &together.waiting {
            let Some(life) = started(index, wanted) else { continue };
            let early = together.lives(index).filter(|(_, other)| !was_over(index, other, life));
            broken.extend(early.map(|(other, _)| {
                format!("{} started before {} of {batch} had ended", wanted.job, other.job)
            }));
            if end_of(index, together).is_some_and(|state| !is_one_of(*ends, state)) {
                broken.push(format!("{} started though {batch} ended otherwise", wanted.job));
            }
        }
    }
    broken
}

/// The life of a job that has started, and that nobody ran again.
fn started<'i, 'h>(index: &'i Index<'h>, wanted: &Wanted) -> Option<&'i Life<'h>> {
    let life = index.lives.get(&wanted.job)?;
    (life.revivals.is_empty() && !life.starts.is_empty()).then_some(life)
}

/// Whether a job had ended for good when the other one first started.
pub(super) fn was_over(index: &Index<'_>, life: &Life<'_>, other: &Life<'_>) -> bool {
    let Some(at) = other.starts.iter().map(|start| start.at).min() else { return true };
    let held = |start: &&_| valid_until(index, life, start) > start.at;
    let starts_later = life.starts.iter().filter(held).any(|start| start.at > at);
    let end = life.settlements.iter().find(|one| one.ended_the_job());
    let sent = end.and_then(|end| {
        // The first try may have ended it though its answer was lost.
        let tries = life.settlements.iter().filter(|one| one.attempt == end.attempt);
        tries.filter(|one| one.may_have_ended_the_job()).map(|one| one.asked).min()
    });
    let finished = life.ended.and_then(|ended| ended.finished_at);
    let is_late = finished.zip(other.ended.and_then(first_start));
    !starts_later
        && sent.is_none_or(|sent| sent <= at)
        && is_late.is_none_or(|(finished, start)| finished.since(start) <= WAITED)
}

/// When a job first started, as far as its record says.
fn first_start(job: &JobRecord) -> Option<Timestamp> {
    let past = job.history.iter().filter_map(|attempt| attempt.started_at);
    past.chain(job.started_at).min()
}

/// How a batch has ended, where all of its jobs have: completed, or dead.
fn end_of(index: &Index<'_>, together: &Together<'_>) -> Option<State> {
    let counted = counted(index, together);
    match counted {
        Counted { open: 0, cancelled: 0, dead: 0, .. } => Some(State::Completed),
        Counted { open: 0, .. } => Some(State::Dead),
        _ => None,
    }
}

fn is_one_of(ends: Ends, state: State) -> bool {
    ends.states().any(|one| one == state)
}

/// How the jobs of a batch have ended.
fn counted(index: &Index<'_>, together: &Together<'_>) -> Counted {
    let mut counted = Counted::default();
    for (_, life) in together.lives(index) {
        match life.ended.map(|ended| ended.state) {
            Some(State::Completed) => counted.completed += 1,
            Some(State::Cancelled) => counted.cancelled += 1,
            Some(State::Dead) => counted.dead += 1,
            _ => counted.open += 1,
        }
    }
    counted
}

/// How a batch ended of which nothing can be told any more that nobody was told yet: it is sealed, and all jobs ended long ago.
pub(super) fn end_long_ago(index: &Index<'_>, together: &Together<'_>) -> Option<State> {
    let is_over = |life: &Life<'_>| life.ended.is_some_and(|ended| is_long_ago(index, ended));
    let is_sealed = !together.is_open && !together.members.is_empty();
    let all = is_sealed && together.lives(index).all(|(_, life)| is_over(life));
    end_of(index, together).filter(|_| all)
}

/// I-B2: at the end no batch stands open of which all jobs ended long ago.
pub(in crate::history) fn no_batch_is_left_open(index: &Index<'_>) -> Vec<String> {
    let ended = index.batches.iter().filter(|(_, one)| end_long_ago(index, one).is_some());
    let is_live = |together: &Together<'_>| {
        together.record.is_some_and(|record| !record.state.has_ended() || record.ended_at.is_none())
    };
    let left = ended.filter(|(_, together)| is_live(together));
    left.map(|(batch, _)| format!("all jobs of {batch} have ended, and it has not")).collect()
}

/// I-B3: what a batch says of its jobs is how they have ended: at the end, and to what ran after it, unless somebody ran a job
/// of it again.
pub(in crate::history) fn batches_say_how_their_jobs_ended(index: &Index<'_>) -> Vec<String> {
    let mut broken = Vec::new();
    for (batch, together) in &index.batches {
        let real = counted(index, together);
        match together.record {
            Some(record) if said(&record.jobs) != real => {
                broken.push(format!("{batch} says {:?}, its jobs {real:?}", said(&record.jobs)));
            }
            None if !together.members.is_empty() => {
                broken.push(format!("{batch} is not there, {real:?} jobs of it are"));
            }
            _ => {}
        }
        let was_run_again =
            |job| index.lives.get(job).is_some_and(|life| !life.revivals.is_empty());
        let told = together.told.iter().filter(|(job, _)| !was_run_again(job));
        let wrong = told.filter(|(_, told)| *told != real && !together.is_revived(index));
        broken.extend(
            wrong.map(|(job, told)| format!("{job} was told {told:?} of {batch}: {real:?}")),
        );
    }
    broken
}

fn said(jobs: &BatchCounts) -> Counted {
    let BatchCounts { open, completed, cancelled, dead } = *jobs;
    Counted { open, completed, cancelled, dead }
}
