//! X: calls whose answers got lost happen once.

use std::collections::HashMap;

use windlass_core::id::JobId;
use windlass_core::job::{JobRecord, Outcome};

use super::leases::state_of;
use crate::history::index::{Index, Life, Settlement};
use crate::history::record::{Answer, Fate};

/// I-X2: an attempt's end is written once, and a worker that asks again after a lost answer is told so.
pub(in crate::history) fn a_settlement_sent_again_is_recognised(index: &Index<'_>) -> Vec<String> {
    let mut broken = Vec::new();
    for (job, life) in &index.lives {
        let mut written: HashMap<u32, usize> = HashMap::new();
        for one in life.settlements.iter().filter(|one| one.answer == Answer::Done) {
            *written.entry(one.attempt).or_default() += 1;
        }
        let twice = written.into_iter().filter(|(_, times)| *times > 1);
        broken.extend(twice.map(|(attempt, _)| format!("{job}: {attempt} was written twice")));
        let unknown = life.settlements.iter().filter(|one| one.answer == Answer::Unknown);
        for lost in unknown {
            let is_own = life.ended.is_some_and(|ended| is_end_of(lost, ended))
                && !was_given_to_another(index, life, lost);
            let is_denied = |answer| is_own && answer == Answer::Lost;
            let again = life.settlements.iter().filter(|one| one.attempt == lost.attempt);
            if again.into_iter().any(|one| one.asked > lost.asked && is_denied(one.answer)) {
                broken.push(format!("{job}: {} was written and called lost", lost.attempt));
            }
        }
    }
    broken
}

/// Whether the end that a job was left with, or the attempt it was left at, is the one that this settlement wrote.
/// The leader ends jobs and attempts too, those of dead workers: as lost.
fn is_end_of(settlement: &Settlement, ended: &JobRecord) -> bool {
    // A job that was taken back and has then expired has an entry behind that of the attempt.
    let last = ended.history.iter().rev().find(|entry| entry.attempt == settlement.attempt);
    let is_of_the_leader = last.is_some_and(|last| last.outcome == Outcome::Lost);
    let is_written = match state_of(settlement.wish) {
        Some(state) => ended.state == state,
        // A release leaves nothing that shows it.
        None => last.is_some(),
    };
    ended.attempt == settlement.attempt && is_written && !is_of_the_leader
}

/// Whether a crash undid the claim that this settlement belongs to, so that another got the same attempt.
fn was_given_to_another(index: &Index<'_>, life: &Life<'_>, settlement: &Settlement) -> bool {
    let own = life.claims.iter().find(|claim| claim.lease == settlement.lease);
    let others = life
        .claims
        .iter()
        .filter(|claim| claim.attempt == settlement.attempt && claim.lease != settlement.lease);
    own.is_some_and(|own| {
        others.into_iter().any(|other| index.crashed_between(own.asked, other.answered))
    })
}

/// I-X3: of all calls with one id, one at most wrote the job; a call that came after an answer was
/// told that it exists.
pub(in crate::history) fn one_id_is_one_job(index: &Index<'_>) -> Vec<String> {
    let mut written: HashMap<JobId, usize> = HashMap::new();
    for call in index.calls.iter().filter(|call| call.fate == Fate::Done) {
        for wanted in call.jobs.iter().filter(|wanted| !call.existing.contains(&wanted.job)) {
            *written.entry(wanted.job).or_default() += 1;
        }
    }
    let twice = written.into_iter().filter(|(_, times)| *times > 1);
    twice.map(|(job, times)| format!("{job} was written {times} times")).collect()
}
