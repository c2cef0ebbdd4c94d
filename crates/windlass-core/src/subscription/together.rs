//! Which job has come of events that became one with others.

use std::collections::HashMap;

use serde::Deserialize;

use super::route::seen_and_then;
use super::{Answer, EventWindow, Mode, SubscriptionRecord, job_of};
use crate::error::StoreError;
use crate::event::EventRecord;
use crate::id::JobId;
use crate::job::JobRecord;
use crate::limits::{ROUTE_EVENTS, WINDOW_EVENTS};
use crate::store::Store;
use crate::time::Timestamp;

/// An event that a subscription was fed, as far as its job is looked for.
#[derive(Debug, Clone)]
pub(super) struct Wanted {
    pub(super) position: u64,
    pub(super) key: String,
    /// The job if it is the last of its window.
    pub(super) job: JobId,
}

impl Wanted {
    /// None where it has no position yet.
    pub(super) fn of(one: &SubscriptionRecord, event: &EventRecord) -> Option<Self> {
        let (position, recorded_at) = (event.position?, event.recorded_at?);
        let lane = one.definition.lane.as_ref();
        let key = lane.and_then(|key| seen_and_then(event, |view| key.of(&one.name, view)));
        let job = job_of(recorded_at, position, one.number);
        Some(Self { position, key: key.unwrap_or_default(), job })
    }
}

/// Until when an event waits for others; of a latest-only subscription also one that a later one has replaced.
pub(super) fn waits(
    one: &SubscriptionRecord,
    windows: &[EventWindow],
    event: &Wanted,
) -> Option<Timestamp> {
    let is_latest = matches!(one.definition.mode, Mode::Latest { .. });
    let is_its = |window: &&EventWindow| match is_latest {
        true => window.key == event.key && window.positions.last() >= Some(&event.position),
        false => window.positions.contains(&event.position),
    };
    windows.iter().find(is_its).map(|window| window.due_at)
}

/// Of each of these events, which are in the order of the log: whether it waits for others, or the job of its key that has it.
pub(super) async fn answers(
    store: &dyn Store,
    one: &SubscriptionRecord,
    wanted: &[Wanted],
    windows: &[EventWindow],
) -> Result<Vec<Answer>, StoreError> {
    let jobs: Vec<JobId> = wanted.iter().map(|event| event.job).collect();
    let there = store.have_jobs(&jobs).await?;
    let mut next: HashMap<&str, JobRecord> = HashMap::new();
    let mut answers = Vec::with_capacity(wanted.len());
    for (event, is_there) in wanted.iter().zip(there).rev() {
        if is_there && let Some(job) = store.job(event.job).await? {
            next.insert(&event.key, job);
        }
        let job = next.get(&*event.key).filter(|job| has(one, job, event.position));
        answers.push(match (waits(one, windows, event), job) {
            (Some(due_at), _) => Answer::Gathered(due_at),
            (None, Some(job)) => Answer::Fed(job.id),
            (None, None) => Answer::Ended,
        });
    }
    answers.reverse();
    Ok(answers)
}

/// What one event has become a part of: the next events of its key are looked at until a job is there.
pub(super) async fn answer(
    store: &dyn Store,
    one: &SubscriptionRecord,
    event: &EventRecord,
    windows: &[EventWindow],
) -> Result<Option<Answer>, StoreError> {
    let Some(first) = Wanted::of(one, event) else { return Ok(None) };
    if let Some(due_at) = waits(one, windows, &first) {
        return Ok(Some(Answer::Gathered(due_at)));
    }
    let (mut after, own) = (first.position, first.position);
    let key = first.key.clone();
    let (mut wanted, mut seen) = (vec![first], 0);
    loop {
        let answer = answers(store, one, &wanted, windows).await?.into_iter().next();
        let position = wanted.first().map(|first| first.position);
        match answer {
            Some(Answer::Fed(job)) if position == Some(own) => return Ok(Some(Answer::Fed(job))),
            _ => {}
        }
        seen += wanted.len();
        let page = store.events(after, ROUTE_EVENTS).await?;
        let Some(last) = page.last().and_then(|event| event.position) else { break };
        if seen > WINDOW_EVENTS {
            break;
        }
        after = last;
        let is_wanted =
            |event: &&EventRecord| seen_and_then(event, |view| one.definition.filter.matches(view));
        let its = page.iter().filter(is_wanted).filter_map(|event| Wanted::of(one, event));
        wanted.truncate(1);
        wanted.extend(its.filter(|next| next.key == key));
    }
    Ok(Some(Answer::Ended))
}

/// The positions of the events that a job has in its args; none where it was not made of several.
pub(super) fn positions(job: &JobRecord) -> Option<Vec<u64>> {
    #[derive(Deserialize)]
    struct Part {
        position: u64,
    }
    let parts: Vec<Part> = serde_json::from_str(job.args.as_str()).ok()?;
    Some(parts.into_iter().map(|part| part.position).collect())
}

/// Whether this job has come of the event at this position, where the next one of its key was taken for it.
pub(super) fn has(one: &SubscriptionRecord, job: &JobRecord, position: u64) -> bool {
    match one.definition.mode {
        // The others have been left out.
        Mode::Each | Mode::Latest { .. } => true,
        Mode::Batch { .. } | Mode::Digest { .. } => {
            positions(job).is_none_or(|positions| positions.contains(&position))
        }
    }
}
