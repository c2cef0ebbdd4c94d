//! Route: which subscriptions want which events, and what comes of them. No I/O: [`Feed`](super::Feed) reads and writes.

use std::time::Instant;

use super::replay::own_tag;
use super::window::Windows;
use super::{
    Beside, EventKey, EventTarget, EventView, JobTarget, Progress, Reach, Slice,
    SubscriptionRecord, Subscriptions, Target, TypeIndex, job_of,
};
use crate::client::{depth_of, stored_depth};
use crate::condition::Signal;
use crate::event::{EventRecord, Extension, LogRecord, NewEvent};
use crate::id::JobId;
use crate::job::{Lane, Meta, NewJob};
use crate::json::Json;
use crate::limits::{ROUTE_TIME, TREE_DEPTH};

/// The subscriptions, ready to be asked who wants an event.
#[derive(Debug)]
pub struct Router {
    subscriptions: Subscriptions,
    /// Of those that are live and not paused.
    live: TypeIndex<usize>,
    /// When their windows close.
    windows: Windows,
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
        let windows = Windows::of(&subscriptions.all);
        Self { subscriptions, live, windows }
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

    /// The one with this number, which catches up, has come so far. False where there is none.
    pub(super) fn has_come(&mut self, number: u32, position: u64) -> bool {
        let all = &mut self.subscriptions.all;
        let one = all.binary_search_by_key(&number, |one| one.number).ok().map(|nth| &mut all[nth]);
        one.map(|one| one.progress = Progress::CatchingUp { position }).is_some()
    }

    /// The revision of the subscriptions.
    pub(super) const fn revision(&self) -> u64 {
        self.subscriptions.revision
    }

    /// When windows close.
    pub(super) const fn windows(&self) -> &Windows {
        &self.windows
    }

    /// Those whose events wait for each other, and that are not paused.
    pub(super) fn gathering(&self) -> impl Iterator<Item = &SubscriptionRecord> {
        let all = self.subscriptions.all.iter();
        all.filter(|one| one.paused_at.is_none() && !one.definition.mode.is_each())
    }

    /// Whether there are such.
    pub(super) fn gathers(&self) -> bool {
        self.gathering().next().is_some()
    }

    /// The subscription with this number.
    pub(super) fn of(&self, number: u32) -> Option<&SubscriptionRecord> {
        let all = &self.subscriptions.all;
        all.binary_search_by_key(&number, |one| one.number).ok().map(|nth| &all[nth])
    }

    /// What comes of these events, which are the next ones, for all that are live: of the first of them as far as it was not fed
    /// yet, of the last one as far as there is room.
    #[must_use]
    pub fn route(&self, events: &[EventRecord], log: &LogRecord) -> Option<Slice> {
        let (from, begun) = (log.reach(), Instant::now());
        let mut slice = self.slice(None, from);
        for event in events {
            let (position, part) = (event.position?, slice.to.part);
            match self.feed(event, part, &mut slice) {
                Got::Whole => slice.to = Reach::whole(position),
                Got::UpTo(part) => {
                    slice.to.part = part;
                    break;
                }
            }
            if slice.is_full() || begun.elapsed() > ROUTE_TIME {
                break;
            }
        }
        (slice.to != from).then_some(slice)
    }

    /// What comes of one event, for those with a higher number than this one.
    fn feed(&self, event: &EventRecord, part: u32, slice: &mut Slice) -> Got {
        let mut candidates: Vec<usize> = self.live.candidates(&event.event_type).copied().collect();
        if candidates.is_empty() {
            return Got::Whole;
        }
        candidates.sort_unstable();
        // The subscriptions are in the order of their numbers.
        let is_fed = |nth: &usize| self.subscriptions.all[*nth].number <= part;
        let candidates = candidates.split_off(candidates.partition_point(is_fed));
        let seen = Seen::of(event);
        let view = seen.view(event);
        let candidates = candidates.into_iter().map(|nth| &self.subscriptions.all[nth]);
        let wanting = candidates.filter(|one| wants(one, event, &view));
        let mut last = part;
        for one in wanting {
            if slice.is_full() {
                return Got::UpTo(last);
            }
            self.take(one, event, &view, slice);
            last = one.number;
        }
        Got::Whole
    }

    /// What comes of these events for one that catches up, which are the next ones behind the position that it was fed last, as far as
    /// there is room. These are all events up to where it reaches with them.
    #[must_use]
    pub(super) fn catch_up(
        &self,
        one: &SubscriptionRecord,
        (from, events): (u64, &[EventRecord]),
        reaches: u64,
        room: Room,
    ) -> Option<Slice> {
        let begun = Instant::now();
        let mut slice = self.slice(Some(one.number), Reach::whole(from));
        for event in events {
            if one.definition.filter.wants_type(&event.event_type) {
                let seen = Seen::of(event);
                let view = seen.view(event);
                if wants(one, event, &view) {
                    // Where there is no room it ends before this event.
                    if slice.is_full() || room.is_full(&slice) {
                        return Some(slice);
                    }
                    self.take(one, event, &view, &mut slice);
                }
            }
            slice.to = Reach::whole(event.position?);
            if begun.elapsed() > ROUTE_TIME {
                return Some(slice);
            }
        }
        slice.to = Reach::whole(reaches.max(from));
        Some(slice)
    }

    fn slice(&self, number: Option<u32>, from: Reach) -> Slice {
        let revision = self.subscriptions.revision;
        let beside = Beside { events: Vec::new(), signals: Vec::new(), bytes: 0 };
        let (jobs, gathered, full) = (Vec::new(), Vec::new(), Vec::new());
        Slice { revision, number, from, to: from, jobs, gathered, waiting: 0, beside, full }
    }

    /// Takes an event that is wanted into the slice.
    fn take(
        &self,
        one: &SubscriptionRecord,
        event: &EventRecord,
        view: &EventView<'_>,
        slice: &mut Slice,
    ) {
        if one.definition.mode.is_each() {
            make(one, event, view, slice);
        } else {
            self.windows.gather((one, event), view, &mut slice.gathered);
            slice.waiting += 1;
        }
    }
}

/// How far those that are live have got one event.
enum Got {
    /// All have.
    Whole,
    /// Those with a number up to this one: what else there is must be written first.
    UpTo(u32),
}

/// What one that catches up may get.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Room {
    /// So many jobs.
    pub(super) jobs: usize,
    /// So many events, by its pace: those too that wait for others.
    pub(super) events: usize,
}

impl Room {
    /// Whether there is none.
    pub(super) const fn is_none(self) -> bool {
        self.jobs == 0 || self.events == 0
    }

    const fn is_full(self, slice: &Slice) -> bool {
        slice.jobs.len() >= self.jobs || slice.jobs.len() + slice.waiting >= self.events
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

/// The tag of jobs that a replay has written.
const REPLAY: &str = "replay";

/// The args of a job that comes of an event, as they are stored.
pub(crate) const NO_ARGS: &str = "null";

/// What comes of an event that is wanted.
fn make(one: &SubscriptionRecord, event: &EventRecord, view: &EventView<'_>, slice: &mut Slice) {
    match &one.definition.target {
        Target::Job(target) => slice.jobs.extend(job(one, target, event, view)),
        Target::Signal(key) => {
            let signal = signal(key, one, event, view);
            slice.beside.signals.extend(signal.map(|signal| (one.number, signal)));
        }
        Target::Event(target) => {
            let made = derived(one, target, event);
            slice.beside.events.extend(made.map(|made| (one.number, made)));
        }
    }
    if one.definition.target.job().is_none() {
        slice.beside.bytes += event.data.as_ref().map_or(0, |data| data.as_str().len());
    }
}

/// The signal that an event is told as; none where it has no key.
pub(super) fn signal(
    key: &EventKey,
    one: &SubscriptionRecord,
    event: &EventRecord,
    view: &EventView<'_>,
) -> Option<Signal> {
    let mut signal = Signal::new(key.of(&one.name, view)?);
    signal.data.clone_from(&event.data);
    signal.origin = Some(event.id.to_string());
    Some(signal)
}

/// How deep in its tree what comes of an event is.
pub(super) fn depth_below(event: &EventRecord) -> u16 {
    depth_of(event.meta.depth, event.parent).saturating_add(1)
}

/// The event that is published of an event; none where it is too deep in its tree. Its id is the subscription's own, so that it is
/// published once.
fn derived(
    one: &SubscriptionRecord,
    target: &EventTarget,
    event: &EventRecord,
) -> Option<NewEvent> {
    let depth = depth_below(event);
    if depth > TREE_DEPTH {
        tracing::warn!(
            subscription = one.name,
            event = %event.id,
            "an event is not published once more: it is {TREE_DEPTH} deep in its tree, which is likely a loop"
        );
        return None;
    }
    let source = match &target.source {
        Some(source) => source.clone(),
        None => format!("/subscription/{}", one.name),
    };
    let own = JobId::from_uuid(event.id.as_uuid());
    let mut made = NewEvent::bare(target.event_type.clone()).source(source);
    made.given = Some(format!("{}/{}/{}", event.id, one.number, target.event_type));
    made.subject.clone_from(&event.subject);
    made.time = Some(event.time);
    made.data.clone_from(&event.data);
    (made.root, made.parent) = (Some(event.root.unwrap_or(own)), Some(own));
    made.meta.clone_from(&event.meta);
    made.meta.depth = stored_depth(depth);
    Some(made)
}

/// Does something with an event as filters see it.
pub(super) fn seen_and_then<T>(event: &EventRecord, then: impl FnOnce(&EventView<'_>) -> T) -> T {
    let seen = Seen::of(event);
    then(&seen.view(event))
}

/// The job that comes of an event. Its args are read from the log when it is claimed.
pub(super) fn job(
    one: &SubscriptionRecord,
    target: &JobTarget,
    event: &EventRecord,
    view: &EventView<'_>,
) -> Option<NewJob> {
    let mut job = NewJob::new(target.kind.clone(), Json::stored(NO_ARGS));
    job.id = job_of(event.recorded_at?, event.position?, one.number);
    job.queue.clone_from(&target.queue);
    job.version = target.version;
    job.max_attempts = target.max_attempts;
    let own = JobId::from_uuid(event.id.as_uuid());
    job.root = Some(event.root.unwrap_or(own));
    job.parent = Some(own);
    let lane = one.definition.lane.as_ref().and_then(|key| key.of(&one.name, view)).map(Lane::by);
    let is_replay = one.until.is_some();
    let depth = stored_depth(depth_below(event));
    if is_replay
        || lane.is_some()
        || depth.is_some()
        || event.meta.traceparent.is_some()
        || !event.meta.subjects.is_empty()
        || !event.meta.redact.is_empty()
    {
        let mut meta = Meta::default();
        meta.lane = lane;
        meta.depth = depth;
        if is_replay {
            meta.tags = vec![REPLAY.to_owned(), own_tag(&one.name)];
        }
        meta.traceparent.clone_from(&event.meta.traceparent);
        meta.subjects.clone_from(&event.meta.subjects);
        meta.redact.clone_from(&event.meta.redact);
        job.meta = meta;
    }
    Some(job)
}
