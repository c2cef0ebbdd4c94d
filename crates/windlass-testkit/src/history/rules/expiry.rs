//! I-W7: expiry.

use std::collections::HashMap;

use windlass_core::id::JobId;
use windlass_core::job::Outcome;

use crate::history::index::{Index, Life};

/// I-W7: no job is claimed after it has expired, and none that ended as expired was started for that. Those that a
/// person ran again are not judged.
pub(in crate::history) fn what_has_expired_never_starts(index: &Index<'_>) -> Vec<String> {
    let over = expiries(index);
    let mut broken = Vec::new();
    for (id, life) in index.lives.iter().filter(|(_, life)| life.revivals.is_empty()) {
        let Some(over) = over.get(id) else { continue };
        let late = life.claims.iter().filter(|claim| claim.asked > *over);
        broken.extend(late.map(|claim| {
            let after = (claim.asked - over) / 1_000_000;
            format!(
                "{id} was claimed for attempt {}, {after} ms after it had expired",
                claim.attempt
            )
        }));
        // A crash of the server may undo a claim, and give its number again.
        let started = started_though_expired(life).filter(|_| index.crashes.is_empty());
        if let Some(attempt) = started {
            broken.push(format!("{id} ended as expired, and its attempt {attempt} started"));
        }
    }
    broken
}

/// When each job had certainly expired: so long after the answer that it is written.
fn expiries(index: &Index<'_>) -> HashMap<JobId, u64> {
    let mut over = HashMap::new();
    for call in index.calls.iter().filter(|call| call.is_done()) {
        let Some(answered) = call.answered else { continue };
        for wanted in call.jobs.iter().filter(|wanted| !call.existing.contains(&wanted.job)) {
            over.extend(wanted.expires_in.map(|time| (wanted.job, answered.saturating_add(time))));
        }
    }
    over
}

fn started_though_expired(life: &Life<'_>) -> Option<u32> {
    let last = life.ended?.history.last().filter(|past| past.outcome == Outcome::Expired)?;
    let mut starts = life.starts.iter().map(|start| start.attempt);
    starts.find(|attempt| *attempt >= last.attempt)
}
