//! The log of a history: who published what, who was to be fed it, and what came of it.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use windlass_core::event::{CloudEvent, LogRecord};
use windlass_core::id::{EventId, JobId};
use windlass_core::job::JobRecord;
use windlass_core::subscription::{SubscriptionRecord, event_of};

use crate::history::History;
use crate::history::record::{Event, Fate, Logged, Said, Subscribed, Told};

/// Everything about events.
#[derive(Debug, Default)]
pub(in crate::history) struct Events<'h> {
    /// The positions and ids of the log at the end, in its order.
    pub(in crate::history) kept: Vec<(u64, EventId)>,
    /// Every event that is in the log, or was read before it was removed, by its position.
    pub(in crate::history) log: BTreeMap<u64, Logged>,
    /// What was read at a position that somebody else has read otherwise.
    pub(in crate::history) changed: Vec<Logged>,
    /// How long events were to be kept, at the least.
    pub(in crate::history) keep: Option<Duration>,
    /// How far it reaches then.
    pub(in crate::history) reaches: Option<LogRecord>,
    /// The calls that published, in the order in which they began.
    pub(in crate::history) publishings: Vec<Publishing<'h>>,
    /// Pages of the log that somebody has read: behind which position, which, and how many.
    pub(in crate::history) seen: Vec<(u64, (u64, u64), u64)>,
    /// The subscriptions by their numbers.
    pub(in crate::history) subscribers: BTreeMap<u32, Subscribers<'h>>,
    /// What handlers were told of the events that their jobs come of.
    pub(in crate::history) handled: Vec<(JobId, Option<&'h Told>)>,
}

/// One transaction that published.
#[derive(Debug)]
pub(in crate::history) struct Publishing<'h> {
    pub(in crate::history) asked: u64,
    pub(in crate::history) answered: Option<u64>,
    pub(in crate::history) fate: Fate,
    pub(in crate::history) events: &'h [Said],
    pub(in crate::history) existing: &'h [(EventId, EventId)],
}

impl<'h> Publishing<'h> {
    /// Its events that are new, where it was committed.
    pub(in crate::history) fn new_events(&self) -> impl Iterator<Item = &'h Said> {
        let (existing, is_done) = (self.existing, self.fate == Fate::Done);
        let is_new = move |said: &&Said| !existing.iter().any(|(asked, _)| *asked == said.event);
        self.events.iter().filter(move |said| is_done && is_new(said))
    }
}

/// One subscription.
#[derive(Debug, Default)]
pub(in crate::history) struct Subscribers<'h> {
    /// What was said of it, each time that it was made or changed.
    pub(in crate::history) said: Vec<Subscribed>,
    /// Whether somebody asked for it to be removed.
    pub(in crate::history) may_be_removed: bool,
    /// How it stands at the end.
    pub(in crate::history) record: Option<&'h SubscriptionRecord>,
    /// Its jobs at the end, by the positions of their events.
    pub(in crate::history) jobs: BTreeMap<u64, Vec<&'h JobRecord>>,
}

/// The positions of the events that a job has in its args; none where it comes of one.
fn gathered(job: &JobRecord) -> Option<Vec<u64>> {
    let events: Vec<CloudEvent> = job.args.read().ok()?;
    Some(events.into_iter().filter_map(|event| event.position).collect())
}

impl<'h> Events<'h> {
    pub(super) fn of(history: &'h History) -> Self {
        let mut events = Self { reaches: history.reaches, ..Self::default() };
        let mut calls: HashMap<(u32, u64), usize> = HashMap::new();
        for record in &history.records {
            match &record.event {
                Event::Publish { call, events: said } => {
                    calls.insert((record.process, *call), events.publishings.len());
                    events.publishings.push(Publishing {
                        asked: record.at,
                        answered: None,
                        fate: Fate::Unknown,
                        events: said,
                        existing: &[],
                    });
                }
                Event::Published { call, fate, existing } => {
                    let Some(at) = calls.get(&(record.process, *call)) else { continue };
                    let call = &mut events.publishings[*at];
                    (call.answered, call.fate) = (Some(record.at), *fate);
                    call.existing = existing;
                }
                Event::Subscribed(one) => events.of_number(one.number).said.push(one.clone()),
                Event::Unsubscribed { name } => events.remove(name),
                Event::LogSeen { after, seen, events: number } => {
                    events.seen.push((*after, *seen, *number));
                }
                Event::LogRead { events: read } => {
                    read.iter().cloned().for_each(|event| events.read(event));
                }
                Event::Kept { at_least } => {
                    events.keep = Some(events.keep.unwrap_or(*at_least).min(*at_least));
                }
                Event::Handled { job, event } => events.handled.push((*job, event.as_ref())),
                _ => {}
            }
        }
        for event in history.log.iter().filter_map(Logged::of) {
            events.kept.push((event.position, event.said.event));
            events.read(event);
        }
        let last = history.reaches.map_or(0, |log| log.last);
        for record in &history.subscriptions {
            let one = events.of_number(record.number);
            one.said.push(Subscribed::of(record, last));
            one.record = Some(record);
        }
        for job in &history.ended {
            let Some((position, number)) = event_of(job.id) else { continue };
            for position in gathered(job).unwrap_or_else(|| vec![position]) {
                events.of_number(number).jobs.entry(position).or_default().push(job);
            }
        }
        events
    }

    fn of_number(&mut self, number: u32) -> &mut Subscribers<'h> {
        self.subscribers.entry(number).or_default()
    }

    fn read(&mut self, event: Logged) {
        match self.log.get(&event.position) {
            Some(before) if *before != event => self.changed.push(event),
            Some(_) => {}
            None => drop(self.log.insert(event.position, event)),
        }
    }

    /// Those with this name may be gone from here on.
    fn remove(&mut self, name: &str) {
        let of_name = |one: &&mut Subscribers<'_>| one.said.iter().any(|said| said.name == name);
        let named = self.subscribers.values_mut().filter(of_name);
        named.for_each(|one| one.may_be_removed = true);
    }

    /// The positions of the events.
    pub(in crate::history) fn positions(&self) -> HashMap<EventId, u64> {
        self.log.values().map(|event| (event.said.event, event.position)).collect()
    }

    /// How many were removed that nobody has written down before.
    pub(in crate::history) fn unknown(&self) -> u64 {
        let last = self.reaches.map_or(0, |log| log.last.min(log.removed + self.log.len() as u64));
        last.saturating_sub(self.log.len() as u64)
    }

    /// Whether the event at a position was removed, or may have been.
    pub(in crate::history) fn may_be_removed(&self, position: u64) -> bool {
        self.kept.binary_search_by_key(&position, |(at, _)| *at).is_err()
    }
}
