//! Which job has come of events that became one with others.

use std::collections::HashMap;

use serde::Deserialize;

use super::route::seen_and_then;
use super::walk::walk;
use super::{Answer, EventWindow, Mode, SubscriptionRecord, job_of};
use crate::error::StoreError;
use crate::event::EventRecord;
use crate::id::JobId;
use crate::job::JobRecord;
use crate::limits::EXPLAINED_EVENTS;
use crate::store::Store;

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

/// Of each of these events, which are in the order of the log: whether it waits for others, or the next job of its key.
pub(super) async fn answers(
    store: &dyn Store,
    one: &SubscriptionRecord,
    wanted: &[Wanted],
) -> Result<Vec<Answer>, StoreError> {
    let windows = store.windows(one.number).await?;
    let due_at = |position: u64| {
        let is_its = |window: &&EventWindow| window.positions.contains(&position);
        windows.iter().find(is_its).map(|window| window.due_at)
    };
    let jobs: Vec<JobId> = wanted.iter().map(|event| event.job).collect();
    let there = store.have_jobs(&jobs).await?;
    let mut next: HashMap<&str, JobId> = HashMap::new();
    let mut answers = Vec::with_capacity(wanted.len());
    for (event, is_there) in wanted.iter().zip(there).rev() {
        if is_there {
            next.insert(&event.key, event.job);
        }
        answers.push(match due_at(event.position) {
            Some(due_at) => Answer::Gathered(due_at),
            None => Answer::Fed(next.get(&*event.key).copied().unwrap_or(event.job)),
        });
    }
    answers.reverse();
    Ok(answers)
}

/// What one event has become a part of: it and the next events are looked at.
pub(super) async fn answer(
    store: &dyn Store,
    one: &SubscriptionRecord,
    event: &EventRecord,
    last: u64,
) -> Result<Option<Answer>, StoreError> {
    let Some(first) = Wanted::of(one, event) else { return Ok(None) };
    let to = first.position.saturating_add(EXPLAINED_EVENTS).min(last);
    let mut wanted = vec![first];
    walk(store, (wanted[0].position, to), |event| {
        let is_wanted = seen_and_then(event, |view| one.definition.filter.matches(view));
        let next = Wanted::of(one, event).filter(|next| is_wanted && next.key == wanted[0].key);
        wanted.extend(next);
    })
    .await?;
    Ok(answers(store, one, &wanted).await?.into_iter().next())
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
