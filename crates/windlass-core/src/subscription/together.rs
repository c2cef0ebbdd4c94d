//! Which job has come of events that became one with others.

use std::collections::HashMap;

use super::route::seen_and_then;
use super::{Answer, EventWindow, Mode, SubscriptionRecord, job_of};
use crate::error::StoreError;
use crate::event::{CloudEvent, EventRecord};
use crate::id::JobId;
use crate::limits::ROUTE_EVENTS;
use crate::store::Store;

/// How an event came into a job that stands for more than it, or will.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Together {
    /// So many other events are in its job, or wait to be.
    With(u64),
    /// The event at this position has replaced it: of a latest-only subscription.
    ReplacedBy(u64),
}

impl Together {
    /// None where it is alone.
    fn of(events: usize) -> Option<Self> {
        let others = (events as u64).saturating_sub(1);
        Some(others).filter(|others| *others > 0).map(Self::With)
    }
}

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

/// The window in which an event waits for others; of a latest-only subscription also one that a later one has replaced.
pub(super) fn waits<'a>(
    one: &SubscriptionRecord,
    windows: &'a [EventWindow],
    event: &Wanted,
) -> Option<&'a EventWindow> {
    let is_its = |window: &&EventWindow| match is_latest(one) {
        true => window.key == event.key && window.positions.last() >= Some(&event.position),
        false => window.positions.contains(&event.position),
    };
    windows.iter().find(is_its)
}

const fn is_latest(one: &SubscriptionRecord) -> bool {
    matches!(one.definition.mode, Mode::Latest { .. })
}

/// Who waits beside an event in its window.
fn waits_with(window: &EventWindow, event: &Wanted) -> Option<Together> {
    match window.positions.last() {
        Some(last) if !window.positions.contains(&event.position) => {
            Some(Together::ReplacedBy(*last))
        }
        _ => Together::of(window.positions.len()),
    }
}

/// A job that is there, and the events that it has in its args.
#[derive(Debug)]
pub(super) struct Found {
    id: JobId,
    /// None where it was not made of several: what it stands for came before it.
    positions: Option<Vec<u64>>,
}

impl Found {
    /// The job with this id; none where it has gone meanwhile.
    pub(super) async fn of(
        store: &dyn Store,
        one: &SubscriptionRecord,
        id: JobId,
    ) -> Result<Option<Self>, StoreError> {
        let is_of_several = matches!(one.definition.mode, Mode::Batch { .. } | Mode::Digest { .. });
        if !is_of_several {
            return Ok(Some(Self { id, positions: None }));
        }
        let Some(job) = store.job(id).await? else { return Ok(None) };
        let events: Option<Vec<CloudEvent>> = job.args.read().ok();
        let positions = |events: Vec<CloudEvent>| {
            events.into_iter().filter_map(|event| event.position).collect()
        };
        Ok(Some(Self { id, positions: events.map(positions) }))
    }

    /// Whether it has come of the event at this position, of whose key it is the next job.
    pub(super) fn has(&self, position: u64) -> bool {
        self.positions.as_ref().is_none_or(|positions| positions.contains(&position))
    }

    /// How the event is in it, where the event at the other position has named it.
    fn together(
        &self,
        one: &SubscriptionRecord,
        event: &Wanted,
        named_by: u64,
    ) -> Option<Together> {
        match &self.positions {
            Some(positions) => Together::of(positions.len()),
            // Nobody knows what it was when it was fed what came before it was changed.
            None if is_latest(one) && event.position > one.since && named_by > event.position => {
                Some(Together::ReplacedBy(named_by))
            }
            None => None,
        }
    }
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
    let mut next: HashMap<&str, Found> = HashMap::new();
    let mut answers = Vec::with_capacity(wanted.len());
    for (event, is_there) in wanted.iter().zip(there).rev() {
        if is_there && let Some(found) = Found::of(store, one, event.job).await? {
            next.insert(&event.key, found);
        }
        let found = next.get(&*event.key).filter(|found| found.has(event.position));
        answers.push(match (waits(one, windows, event), found) {
            (Some(window), _) => Answer::Gathered(window.due_at),
            (None, Some(found)) => Answer::Fed(found.id),
            (None, None) => Answer::Ended,
        });
    }
    answers.reverse();
    Ok(answers)
}

/// Positions behind an event at which the job is looked for that it has become a part of.
const AHEAD: u64 = 100_000;

/// What one event has become a part of: the next job of its key has it, or it is gone.
pub(super) async fn answer(
    store: &dyn Store,
    one: &SubscriptionRecord,
    event: &EventRecord,
    windows: &[EventWindow],
) -> Result<Option<(Answer, Option<Together>)>, StoreError> {
    let Some(own) = Wanted::of(one, event) else { return Ok(None) };
    if let Some(window) = waits(one, windows, &own) {
        return Ok(Some((Answer::Gathered(window.due_at), waits_with(window, &own))));
    }
    let mut after = own.position;
    let mut candidates = vec![(own.position, own.job)];
    loop {
        let jobs: Vec<JobId> = candidates.iter().map(|(_, job)| *job).collect();
        let there = store.have_jobs(&jobs).await?;
        let next = candidates.iter().zip(there).find(|(_, is_there)| *is_there);
        if let Some(((position, next), _)) = next {
            let found = Found::of(store, one, *next).await?;
            let found = found.filter(|found| found.has(own.position));
            return Ok(Some(found.map_or((Answer::Ended, None), |found| {
                (Answer::Fed(found.id), found.together(one, &own, *position))
            })));
        }
        let page = store.events(after, ROUTE_EVENTS).await?;
        let last = page.last().and_then(|event| event.position);
        let Some(last) = last.filter(|_| after - own.position < AHEAD) else {
            return Ok(Some((Answer::Ended, None)));
        };
        after = last;
        let is_wanted =
            |event: &&EventRecord| seen_and_then(event, |view| one.definition.filter.matches(view));
        let its = page.iter().filter(is_wanted).filter_map(|event| Wanted::of(one, event));
        let its = its.filter(|next| next.key == own.key);
        candidates = its.map(|next| (next.position, next.job)).collect();
    }
}
