//! The log of a history: who published what, who was to be fed it, and what came of it.

use std::collections::{BTreeMap, HashMap};

use windlass_core::event::{EventRecord, LogRecord};
use windlass_core::id::{EventId, JobId};
use windlass_core::job::JobRecord;
use windlass_core::subscription::{SubscriptionRecord, event_of};

use crate::history::History;
use crate::history::record::{Event, Fate, Said, Subscribed, Told};

/// Everything about events.
#[derive(Debug, Default)]
pub(in crate::history) struct Events<'h> {
    /// The log at the end, in its order.
    pub(in crate::history) log: &'h [EventRecord],
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

impl<'h> Events<'h> {
    pub(super) fn of(history: &'h History) -> Self {
        let (log, reaches) = (history.log.as_slice(), history.reaches);
        let mut events = Self { log, reaches, ..Self::default() };
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
                Event::Handled { job, event } => events.handled.push((*job, event.as_ref())),
                _ => {}
            }
        }
        for record in &history.subscriptions {
            let one = events.of_number(record.number);
            one.said.push(Subscribed::of(record));
            one.record = Some(record);
        }
        for job in &history.ended {
            if let Some((position, number)) = event_of(job.id) {
                events.of_number(number).jobs.entry(position).or_default().push(job);
            }
        }
        events
    }

    fn of_number(&mut self, number: u32) -> &mut Subscribers<'h> {
        self.subscribers.entry(number).or_default()
    }

    /// Those with this name may be gone from here on.
    fn remove(&mut self, name: &str) {
        let of_name = |one: &&mut Subscribers<'_>| one.said.iter().any(|said| said.name == name);
        let named = self.subscribers.values_mut().filter(of_name);
        named.for_each(|one| one.may_be_removed = true);
    }

    /// The positions of the events at the end.
    pub(in crate::history) fn positions(&self) -> HashMap<EventId, u64> {
        self.log.iter().filter_map(|event| Some((event.id, event.position?))).collect()
    }
}
