//! Route: which subscriptions want which events, and what comes of them. No I/O: [`Feed`](super::Feed) reads and writes.

use super::{EventView, Progress, Slice, SubscriptionRecord, Subscriptions, TypeIndex, job_of};
use crate::event::{EventRecord, Extension, LogRecord};
use crate::id::JobId;
use crate::job::{Meta, NewJob};
use crate::json::Json;

/// The subscriptions, ready to be asked who wants an event.
#[derive(Debug)]
pub struct Router {
    subscriptions: Subscriptions,
    /// Of those that are live and not paused.
    live: TypeIndex<usize>,
}

impl Router {
    /// A router for these.
    #[must_use]
    pub fn new(subscriptions: Subscriptions) -> Self {
        let mut live = TypeIndex::default();
        for (nth, one) in subscriptions.all.iter().enumerate() {
            if one.paused_at.is_none() && one.progress == Progress::Live {
                live.insert(nth, &one.definition.filter);
            }
        }
        Self { subscriptions, live }
    }

    /// Whether it goes by the subscriptions of this revision.
    pub(super) const fn is_of(&self, revision: u64) -> bool {
        self.subscriptions.revision == revision
    }

    /// Those that catch up, and the last position that each was fed.
    pub(super) fn behind(&self) -> impl Iterator<Item = (&SubscriptionRecord, u64)> {
        self.subscriptions.all.iter().filter_map(|one| match one.progress {
            Progress::CatchingUp { position } if one.paused_at.is_none() => Some((one, position)),
            _ => None,
        })
    }

    /// What comes of these events, which are the next ones, for all that are live.
    #[must_use]
    pub fn route(&self, events: &[EventRecord], log: &LogRecord) -> Option<Slice> {
        let to = events.last()?.position?;
        let mut jobs = Vec::new();
        for event in events {
            let mut candidates: Vec<usize> =
                self.live.candidates(&event.event_type).copied().collect();
            if candidates.is_empty() {
                continue;
            }
            candidates.sort_unstable();
            let seen = Seen::of(event);
            let view = seen.view(event);
            let candidates = candidates.into_iter().map(|nth| &self.subscriptions.all[nth]);
            let wanted = candidates.filter(|one| wants(one, event, &view));
            jobs.extend(wanted.filter_map(|one| job(one, event)));
        }
        let revision = self.subscriptions.revision;
        Some(Slice { revision, number: None, from: log.routed, to, jobs })
    }

    /// What comes of these events for one that catches up, which are the next ones behind the position that it was fed last; of
    /// none where it has caught up.
    #[must_use]
    pub fn catch_up(
        &self,
        one: &SubscriptionRecord,
        (from, events): (u64, &[EventRecord]),
    ) -> Option<Slice> {
        let to = events.last().map_or(Some(from), |last| last.position)?;
        let is_type = |event: &&EventRecord| one.definition.filter.wants_type(&event.event_type);
        let wanted = events.iter().filter(is_type).filter(|event| {
            let seen = Seen::of(event);
            wants(one, event, &seen.view(event))
        });
        let jobs = wanted.filter_map(|event| job(one, event)).collect();
        let revision = self.subscriptions.revision;
        Some(Slice { revision, number: Some(one.number), from, to, jobs })
    }
}

fn wants(one: &SubscriptionRecord, event: &EventRecord, view: &EventView<'_>) -> bool {
    event.position > Some(one.after) && one.definition.filter.matches(view)
}

/// Texts of an event that a view borrows.
pub(super) struct Seen {
    id: String,
    time: String,
}

impl Seen {
    pub(super) fn of(event: &EventRecord) -> Self {
        Self { id: event.cloud_id(), time: event.time.to_string() }
    }

    pub(super) fn view<'a>(&'a self, event: &'a EventRecord) -> EventView<'a> {
        let mut view = EventView::new(&self.id, &event.source, &event.event_type).time(&self.time);
        if let Some(subject) = &event.subject {
            view = view.subject(subject);
        }
        for (name, value) in &event.meta.extensions {
            view = match value {
                Extension::Bool(value) => view.extension(name, *value),
                Extension::Integer(value) => view.extension(name, *value),
                Extension::Text(value) => view.extension(name, value.as_str()),
            };
        }
        match &event.data {
            Some(data) => view.data(data.as_str()),
            None => view,
        }
    }
}

/// The args of a job that comes of an event, as they are stored.
const NO_ARGS: &str = "null";

/// The job that comes of an event. Its args are read from the log when it is claimed.
fn job(one: &SubscriptionRecord, event: &EventRecord) -> Option<NewJob> {
    let target = &one.definition.target;
    let mut job = NewJob::new(target.kind.clone(), Json::stored(NO_ARGS));
    job.id = job_of(event.recorded_at?, event.position?, one.number);
    job.queue.clone_from(&target.queue);
    job.version = target.version;
    job.max_attempts = target.max_attempts;
    let own = JobId::from_uuid(event.id.as_uuid());
    job.root = Some(event.root.unwrap_or(own));
    job.parent = Some(own);
    if event.meta.traceparent.is_some() || !event.meta.subjects.is_empty() {
        let mut meta = Meta::default();
        meta.traceparent.clone_from(&event.meta.traceparent);
        meta.subjects.clone_from(&event.meta.subjects);
        job.meta = meta;
    }
    Some(job)
}
