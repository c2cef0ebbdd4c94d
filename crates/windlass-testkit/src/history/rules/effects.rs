//! X: calls whose answers got lost happen once.

use std::collections::HashMap;

use windlass_core::id::JobId;
use windlass_core::job::JobRecord;

use super::leases::state_of;
use crate::history::index::{Claim, Index, Settlement};
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
            // Its claim was undone by a crash, and the attempt given to another.
            let is_anothers =
                |claim: &Claim<'_>| claim.attempt == lost.attempt && claim.lease != lost.lease;
            let is_own = life.ended.is_some_and(|ended| is_end_of(lost, ended))
                && !life.claims.iter().any(is_anothers);
            let is_denied = |answer| is_own && answer == Answer::Lost;
            let again = life.settlements.iter().filter(|one| one.attempt == lost.attempt);
            if again.into_iter().any(|one| one.asked > lost.asked && is_denied(one.answer)) {
                broken.push(format!("{job}: {} was written and called lost", lost.attempt));
            }
        }
    }
    broken
}

/// Whether the end that a job was left with is the one that this settlement asked for. The leader
/// ends jobs too, those whose workers died too often and those that were to be cancelled.
fn is_end_of(settlement: &Settlement, ended: &JobRecord) -> bool {
    let is_of_the_leader =
        ended.reason.as_deref().is_some_and(|reason| reason.starts_with("lost "));
    ended.attempt == settlement.attempt
        && state_of(settlement.wish) == Some(ended.state)
        && !is_of_the_leader
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
