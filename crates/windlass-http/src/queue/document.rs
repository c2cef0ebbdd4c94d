//! A queue as JSON: `queue.v1`.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use utoipa::ToSchema;
use windlass::job::Counts;
use windlass::queue::{Aging, QueueBound, QueueRecord, WhenFull};
use windlass::{State, Timestamp};

use crate::answer::Document;
use crate::schema;

/// A queue.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Queue)]
pub struct QueueBody<'a> {
    name: &'a str,
    /// Since when it is paused.
    #[schema(value_type = Option<schema::Moment>)]
    paused_at: Option<Timestamp>,
    /// When it goes on by itself, where it does.
    #[schema(value_type = Option<schema::Moment>)]
    paused_until: Option<Timestamp>,
    /// Why it is paused, and by whom.
    note: Option<&'a str>,
    /// Live workers that serve it.
    workers: u32,
    /// Since when its oldest available job is due.
    #[schema(value_type = Option<schema::Moment>)]
    oldest_due_at: Option<Timestamp>,
    /// The numbers of its jobs by state.
    #[schema(value_type = BTreeMap<String, u64>)]
    jobs: BTreeMap<State, u64>,
    /// Whether all of them were counted; false where numbers are estimated, or counting ended early.
    exact: bool,
    /// States of which there may be more jobs than their numbers say.
    #[schema(value_type = Vec<schema::State>)]
    or_more: BTreeSet<State>,
    /// So many of its jobs may be available before it is full.
    max_jobs: Option<u64>,
    /// What happens to an enqueue while it is full.
    #[schema(value_type = Option<schema::WhenFull>)]
    when_full: Option<WhenFull>,
    /// Each so much of waiting makes a job's priority smaller by one.
    age_every_ms: Option<u64>,
}

/// A queue with the numbers of its jobs, its bound and how its jobs age, as `queue.v1`.
#[must_use]
pub fn document<'a>(
    queue: &'a QueueRecord,
    counts: &Counts,
    (bound, aging): (Option<&QueueBound>, Option<&Aging>),
) -> Document<QueueBody<'a>> {
    let found = counts.by_queue.get(&queue.name);
    let number = |state| found.and_then(|by_state| by_state.get(&state)).copied().unwrap_or(0);
    Document::new(
        "queue.v1",
        QueueBody {
            name: &queue.name,
            paused_at: queue.paused_at,
            paused_until: queue.paused_until,
            note: queue.note.as_deref(),
            workers: queue.workers,
            oldest_due_at: queue.oldest_due_at,
            jobs: State::ALL.into_iter().map(|state| (state, number(state))).collect(),
            exact: counts.is_exact(&queue.name),
            or_more: counts.or_more_of(&queue.name),
            max_jobs: bound.map(|bound| bound.jobs),
            when_full: bound.map(|bound| bound.when_full),
            age_every_ms: aging
                .map(|aging| u64::try_from(aging.every.as_millis()).unwrap_or(u64::MAX)),
        },
    )
}
