//! W: work is noticed, and paused queues rest.

use windlass_core::id::JobId;

use crate::history::index::{Call, Gate, Index};
use crate::history::record::Fate;

const SECOND: u64 = 1_000_000_000;
/// The longest poll, and a second for the claim.
const NOTICED_WITHIN: u64 = 3 * SECOND;
/// How long after a fault nothing is measured.
const RECOVERY: u64 = 3 * SECOND;

/// I-W1: a job that came while its workers had nothing to do starts within the poll's time, faults
/// aside.
pub(in crate::history) fn work_is_noticed(index: &Index<'_>) -> Vec<String> {
    let late = waits(index).filter(|wait| wait.is_none_or(|wait| wait > NOTICED_WITHIN));
    late.map(|wait| format!("work was noticed after {:?} µs", wait.map(|wait| wait / 1_000)))
        .collect()
}

/// The longest such wait, and how many were measured.
pub(in crate::history) fn longest_wake(index: &Index<'_>) -> (u64, usize) {
    let waits: Vec<u64> = waits(index).flatten().collect();
    (waits.iter().copied().max().unwrap_or(0), waits.len())
}

/// From each such call to the first start of one of its jobs.
fn waits<'i>(index: &'i Index<'_>) -> impl Iterator<Item = Option<u64>> + 'i {
    index.calls.iter().filter(|call| is_measured(index, call)).map(|call| {
        let lives = call.jobs.iter().filter_map(|wanted| index.lives.get(&wanted.job));
        let first = lives.flat_map(|life| life.starts.iter().map(|start| start.at)).min()?;
        Some(first.saturating_sub(call.answered.unwrap_or(call.asked)))
    })
}

fn is_measured(index: &Index<'_>, call: &Call<'_>) -> bool {
    // A part of the log that nobody wants gives no work.
    let has_work = call.fate == Fate::Done && !call.jobs.is_empty();
    let Some(answered) = call.answered.filter(|_| has_work) else { return false };
    let near = call.asked.saturating_sub(RECOVERY)..answered + NOTICED_WITHIN;
    let is_calm = !index.disturbances.iter().any(|at| near.contains(at));
    let is_new = call.existing.is_empty() && call.jobs.iter().all(|wanted| wanted.is_due);
    let serves = |(at, process): &(u64, u32)| {
        (call.asked.saturating_sub(RECOVERY)..call.asked).contains(at)
            && !index.deaths.contains_key(process)
    };
    is_calm && is_new && index.renewals.iter().any(serves) && is_idle(index, call)
}

/// Whether every job that was wanted before had ended before, and no queue was paused.
fn is_idle(index: &Index<'_>, call: &Call<'_>) -> bool {
    let before = index.calls.iter().filter(|other| other.asked < call.asked);
    before.flat_map(|other| other.jobs).all(|wanted| has_ended(index, wanted.job, call.asked))
        && !index.pauses.iter().any(|(_, _, gate)| *gate == Gate::Paused)
}

/// Whether a job had ended by then. Where its worker died, nobody may have written down that its
/// end was accepted; it has ended at last, so it had when nothing happened to it any more.
fn has_ended(index: &Index<'_>, job: JobId, by: u64) -> bool {
    let Some(life) = index.lives.get(&job) else { return false };
    let mut accepted = life.settlements.iter().filter(|one| one.ended_the_job());
    let holders = life.claims.iter().map(|claim| claim.process);
    let deaths = holders.filter_map(|process| index.deaths.get(&process));
    let last = deaths.chain(life.starts.iter().map(|start| &start.at)).max();
    accepted.any(|one| one.answered < by)
        || (life.ended.is_some_and(|ended| ended.state.is_terminal())
            && last.is_none_or(|last| last + RECOVERY < by))
}

/// I-W3: no claim that was asked for after the pause was answered takes a job of the queue.
pub(in crate::history) fn paused_queues_give_nothing(index: &Index<'_>) -> Vec<String> {
    let mut broken = Vec::new();
    for (nth, (paused, queue, _)) in
        index.pauses.iter().enumerate().filter(|(_, (_, _, gate))| *gate == Gate::Paused)
    {
        let resumed = index.pauses[nth..]
            .iter()
            .find(|(_, name, gate)| name == queue && *gate == Gate::Resumed)
            .map_or(u64::MAX, |(at, _, _)| *at);
        for (job, life) in &index.lives {
            let taken = life.claims.iter().filter(|claim| claim.queue == *queue);
            if taken.into_iter().any(|claim| claim.asked > *paused && claim.answered < resumed) {
                broken.push(format!("{job} was taken from {queue} while that was paused"));
            }
        }
    }
    broken
}
