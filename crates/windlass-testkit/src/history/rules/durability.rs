//! D: what was acknowledged is there, and nothing else.

use std::collections::HashSet;

use windlass_core::id::JobId;
use windlass_core::job::{JobRecord, State};
use windlass_core::limits::{LEADER_TTL, LEASE};
use windlass_core::time::Timestamp;

use crate::history::index::{Call, Index};
use crate::history::record::Fate;

/// I-D1: every acknowledged job is there at the end. Retention is far longer than any test.
pub(in crate::history) fn nothing_acknowledged_is_lost(index: &Index<'_>) -> Vec<String> {
    let acknowledged = index.calls.iter().filter(|call| call.fate == Fate::Done);
    // What was answered as written: a job whose unique key was held was not.
    let written = acknowledged.flat_map(|call| {
        let jobs = call.jobs.iter().map(|wanted| wanted.job);
        jobs.filter(|job| !call.existing.contains(job))
    });
    let wanted: HashSet<JobId> = written.collect();
    let lost = wanted.into_iter().filter(|job| !index.is_there(*job));
    lost.map(|job| format!("{job} was acknowledged and is not there")).collect()
}

/// I-D2: after the last fault and the drain no job could run, and none is held.
pub(in crate::history) fn nothing_is_left_over(index: &Index<'_>) -> Vec<String> {
    let left = |job: &&JobRecord| match job.state {
        State::Available | State::Retryable | State::Running => true,
        State::Scheduled => is_overdue(job, index.read_at),
        State::Waiting | State::Completed | State::Cancelled | State::Dead => false,
    };
    let ended = index.lives.values().filter_map(|life| life.ended);
    ended.filter(left).map(|job| format!("{} is still {}", job.id, job.state)).collect()
}

/// Whether somebody must have promoted it: it was due before a new leader would have had to lead.
fn is_overdue(job: &JobRecord, now: Option<Timestamp>) -> bool {
    now.is_some_and(|now| now.since(job.run_at) > LEASE + LEADER_TTL)
}

/// I-D3: every job was asked for by a call that did not certainly fail.
pub(in crate::history) fn nothing_came_from_nowhere(index: &Index<'_>) -> Vec<String> {
    let may_be = index.calls.iter().filter(|call| call.fate != Fate::Refused);
    let wanted: HashSet<JobId> =
        may_be.flat_map(|call| call.jobs.iter().map(|wanted| wanted.job)).collect();
    let phantoms = index.lives.keys().filter(|job| !wanted.contains(job));
    phantoms.map(|job| format!("{job} was never asked for, or its call was refused")).collect()
}

/// I-D8: a call wrote all of its jobs or none, except those whose unique key another may hold, and those of events that another
/// call may have written.
pub(in crate::history) fn calls_are_whole_or_nothing(index: &Index<'_>) -> Vec<String> {
    let is_torn = |call: &&Call<'_>| {
        let plain: Vec<_> = call.jobs.iter().filter(|wanted| wanted.key.is_none()).collect();
        let there = plain.iter().filter(|wanted| index.is_there(wanted.job)).count();
        there != 0 && there != plain.len()
    };
    let judged = index.calls.iter().filter(|call| !call.is_fed || call.is_done());
    let torn = judged.filter(is_torn);
    torn.map(|call| format!("only some of {} jobs of one call are there", call.jobs.len()))
        .collect()
}
