//! Closing windows: the jobs that come of events which have waited for each other.

use std::collections::{BTreeMap, BTreeSet};

use super::credit::Credit;
use super::due::Due;
use super::feed::Round;
use super::route::{depth_below, job, seen_and_then};
use super::window::Windows;
use super::{Closed, Closing, EventWindow, JobTarget, Mode, Router, SubscriptionRecord, Target};
use crate::client::stored_depth;
use crate::error::StoreError;
use crate::event::{CloudEventBody, EventRecord, LogRecord};
use crate::job::NewJob;
use crate::json::Json;
use crate::limits::{ARGS_BYTES, TAGS};
use crate::redact::below_data;
use crate::time::Timestamp;

impl Round<'_> {
    /// Writes the jobs of windows that are due, the first ones first; whether the subscriptions are others now.
    pub(super) async fn close(
        &mut self,
        router: &Router,
        log: &LogRecord,
    ) -> Result<bool, StoreError> {
        if !router.gathers() && !self.has_windows {
            return Ok(false);
        }
        let due = self.due(router, log).await?;
        if due.windows.is_empty() {
            return Ok(false);
        }
        let events = self.events_of(&due.windows).await?;
        let closing = closing(router, (&due, log.last), &events, self.credit);
        if closing.closed.is_empty() {
            return Ok(false);
        }
        self.fed.is_behind = true;
        if !self.store.close_windows(&closing, self.now).await? {
            *self.credit = Credit::default();
            return Ok(true);
        }
        self.credit.written(&closing.jobs);
        self.fed.jobs += closing.jobs.len() as u64;
        Ok(false)
    }

    /// Their events, by their positions.
    async fn events_of(
        &self,
        windows: &[EventWindow],
    ) -> Result<BTreeMap<u64, EventRecord>, StoreError> {
        let positions: BTreeSet<u64> =
            windows.iter().flat_map(|window| &window.positions).copied().collect();
        let positions: Vec<u64> = positions.into_iter().collect();
        let events = self.store.events_at(&positions).await?;
        Ok(events.into_iter().filter_map(|event| Some((event.position?, event))).collect())
    }
}

/// What comes of windows that are due, as far as there is room for it.
fn closing(
    router: &Router,
    (due, last): (&Due, u64),
    events: &BTreeMap<u64, EventRecord>,
    credit: &Credit,
) -> Closing {
    let (closed, jobs) = (Vec::new(), Vec::new());
    let mut closing = Closing { revision: router.revision(), last, closed, jobs };
    let mut room: BTreeMap<u32, usize> = BTreeMap::new();
    for before in due.windows.iter().cloned() {
        let Some(one) = router.of(before.number) else { continue };
        let room = room.entry(one.number).or_insert_with(|| {
            usize::try_from(credit.room(one).unwrap_or_default()).unwrap_or(usize::MAX)
        });
        if *room == 0 {
            continue;
        }
        let its: Vec<&EventRecord> =
            before.positions.iter().filter_map(|position| events.get(position)).collect();
        let (jobs, rest) =
            jobs_of(one, &before, &its, (router.windows(), due.until(one.number), *room));
        *room -= jobs.len();
        closing.jobs.extend(jobs);
        closing.closed.push(Closed { before, rest });
    }
    closing
}

/// The jobs of a window that is due, and what stays of it: of a batch those that are not enough for another one and may wait longer,
/// and what there is no room for. What came when its time was over is of the next window.
fn jobs_of(
    one: &SubscriptionRecord,
    window: &EventWindow,
    events: &[&EventRecord],
    (windows, until, room): (&Windows, Timestamp, usize),
) -> (Vec<NewJob>, Option<EventWindow>) {
    let Target::Job(target) = &one.definition.target else {
        return (Vec::new(), Some(window.clone()));
    };
    let mode = &one.definition.mode;
    let (Some(most), false) = (mode.most(), events.is_empty()) else {
        let last = events.last().and_then(|event| job_of_one(one, target, event));
        return (last.into_iter().collect(), None);
    };
    let at = |event: &EventRecord| event.recorded_at.unwrap_or(until);
    let mut ends = windows.due_at(one, window.opened_at);
    // One that was changed is due before its time.
    let is_early = window.due_at <= until && ends > until && events.len() < most;
    let (mut jobs, mut rest) = (Vec::new(), events);
    while let Some(first) = rest.first().filter(|_| jobs.len() < room) {
        if at(first) >= ends {
            ends = windows.due_at(one, at(first));
        }
        let is_its = |event: &&&EventRecord| at(event) < ends || at(event) == at(first);
        let own = rest.iter().take_while(is_its).count();
        let (args, taken) = array(&rest[..own], most);
        let is_whole = taken == most || taken < own;
        if !is_whole && ends > until && !is_early {
            break;
        }
        let (chunk, behind) = rest.split_at(taken);
        jobs.extend(match mode {
            Mode::Each => job_of_one(one, target, first),
            _ => job_of_all(one, target, chunk, args),
        });
        rest = behind;
        if let Some(next) = rest.first().filter(|_| taken == most) {
            ends = windows.due_at(one, at(next));
        }
    }
    let open = rest.first().map(|first| {
        let ends = if at(first) < ends { ends } else { windows.due_at(one, at(first)) };
        let due_at = match rest.get(most - 1) {
            _ if is_early => window.due_at,
            Some(last) => ends.min(at(last)),
            None => ends,
        };
        let positions = rest.iter().filter_map(|event| event.position).collect();
        EventWindow { opened_at: at(first), due_at, positions, ..window.clone() }
    });
    (jobs, open)
}

/// As many of the events as fit into one job, at least one, as the array that its args are.
fn array(events: &[&EventRecord], most: usize) -> (String, usize) {
    let mut text = String::from("[");
    let mut taken = 0;
    for event in events.iter().take(most) {
        // An event has nothing that cannot be written as JSON.
        let Ok(body) = serde_json::to_string(&CloudEventBody::whole(event)) else { continue };
        if taken > 0 && text.len() + body.len() + 2 > ARGS_BYTES {
            break;
        }
        if taken > 0 {
            text.push(',');
        }
        text.push_str(&body);
        taken += 1;
    }
    text.push(']');
    (text, taken.max(1))
}

fn job_of_one(one: &SubscriptionRecord, target: &JobTarget, event: &EventRecord) -> Option<NewJob> {
    seen_and_then(event, |view| job(one, target, event, view))
}

/// The job of several events: that of the last of them, with all in its args.
fn job_of_all(
    one: &SubscriptionRecord,
    target: &JobTarget,
    events: &[&EventRecord],
    args: String,
) -> Option<NewJob> {
    let mut job = job_of_one(one, target, events.last()?)?;
    job.args = Json::stored(args);
    let depth = events.iter().map(|event| depth_below(event)).max();
    let depth = depth.and_then(stored_depth);
    if job.meta.depth != depth {
        job.meta.depth = depth;
    }
    for subject in events.iter().flat_map(|event| &event.meta.subjects) {
        if job.meta.subjects.len() < TAGS && !job.meta.subjects.contains(subject) {
            job.meta.subjects.push(subject.clone());
        }
    }
    mark(&mut job, events);
    Some(job)
}

/// What the events' types mark, as it is in the args: each event there has its data below a name of their own.
fn mark(job: &mut NewJob, events: &[&EventRecord]) {
    let marks = events.iter().flat_map(|event| &event.meta.redact);
    let marks: BTreeSet<&String> = marks.collect();
    if !marks.is_empty() {
        let below = marks.iter().map(|mark| below_data(mark));
        let all = below.chain(marks.iter().map(|mark| (*mark).clone()));
        job.meta.redact = all.collect();
    }
}
