//! What begins and what is over: what was found against what is stored. No I/O.

use std::collections::{BTreeMap, BTreeSet};

use super::found::{Found, resolved};
use super::{AlertChange, AlertRecord, AlertType, Alerts};
use crate::limits::ALERT_JOBS;
use crate::time::Timestamp;

/// What is to be done, and what has to be asked first.
#[derive(Debug, Default)]
pub(super) struct Decision {
    /// What is decided.
    pub(super) changes: Vec<AlertChange>,
    /// What begins, unless it comes of alerts itself.
    pub(super) begins: Vec<(Found, AlertChange)>,
    /// What was not found any more, and ends unless one of its jobs says otherwise.
    pub(super) ends: Vec<(AlertRecord, AlertChange)>,
}

/// Compares. What is about at its limit does not end.
pub(super) fn decide(
    stored: &Alerts,
    found: Vec<Found>,
    (keeps, wanted): (&BTreeSet<String>, &BTreeSet<AlertType>),
    now: Timestamp,
) -> Decision {
    let mut decision = Decision::default();
    let open: BTreeMap<&str, &AlertRecord> =
        stored.open.iter().map(|one| (one.key.as_str(), one)).collect();
    let mut seen = BTreeSet::new();
    for one in found {
        if !seen.insert(one.alert.key.clone()) {
            continue;
        }
        let is_muted = stored.mute_of(&one.alert.key, one.kind.as_deref(), now).is_some();
        let before = open.get(one.alert.key.as_str());
        let is_told = before.is_some_and(|before| before.event.is_some());
        if before.is_some() && (is_told || is_muted) {
            decision.changes.extend(before.and_then(|before| watch(before, &one)));
            continue;
        }
        let event = (!is_muted).then(|| one.event());
        let change = AlertChange::Open { alert: one.alert.clone(), event };
        decision.begins.push((one, change));
    }
    for one in &stored.open {
        if seen.contains(&one.key) {
            continue;
        }
        let key = one.key.clone();
        if !wanted.contains(&one.alert) {
            decision.changes.push(AlertChange::Close { key, event: None });
        } else if !keeps.contains(&one.key) {
            let event = resolved(one);
            decision.ends.push((one.clone(), AlertChange::Close { key, event }));
        }
    }
    decision
}

/// Other jobs than those that are known, which stay known as far as there is room: one of them may run at the moment.
fn watch(before: &AlertRecord, found: &Found) -> Option<AlertChange> {
    let mut jobs = found.alert.jobs.clone();
    if jobs.iter().all(|job| before.jobs.contains(job)) {
        return None;
    }
    jobs.extend(before.jobs.iter().filter(|job| !found.alert.jobs.contains(job)));
    jobs.truncate(ALERT_JOBS);
    Some(AlertChange::Watch { key: before.key.clone(), jobs })
}
