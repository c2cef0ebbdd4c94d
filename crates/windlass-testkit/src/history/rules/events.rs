//! E: events, and who gets them.

use std::collections::{BTreeMap, HashMap, HashSet};

use windlass_core::event::EventRecord;
use windlass_core::id::{EventId, JobId};
use windlass_core::subscription::event_of;

use crate::history::index::{Index, Life, Subscribers};
use crate::history::record::{Fate, Said, counter};

/// I-E1: there is one event at each position of the log, from 1 to where it reaches, but those that were removed.
pub(in crate::history) fn positions_are_dense(index: &Index<'_>) -> Vec<String> {
    let events = &index.events;
    let Some(reaches) = events.reaches else { return Vec::new() };
    let mut broken = Vec::new();
    let positions: Vec<u64> = events.log.iter().filter_map(|event| event.position).collect();
    let twice = positions.windows(2).filter(|pair| pair[0] >= pair[1]);
    broken.extend(twice.map(|pair| format!("position {} comes after {}", pair[1], pair[0])));
    let there = positions.len() as u64 + reaches.removed;
    if there != reaches.last {
        broken.push(format!("the log reaches {}, and has {there} events", reaches.last));
    }
    let mut seen: HashMap<EventId, u64> = HashMap::new();
    for (event, position) in events.log.iter().zip(positions) {
        if let Some(first) = seen.insert(event.id, position) {
            broken.push(format!("{} is at {first} and at {position}", event.id));
        }
    }
    broken
}

/// I-E1: who has read a part of the log has seen all events of it: none comes there later. Where events are removed it is not
/// judged.
pub(in crate::history) fn nothing_appears_in_the_log_later(index: &Index<'_>) -> Vec<String> {
    let is_judged = index.events.reaches.is_some_and(|log| log.removed == 0);
    let seen = index.events.seen.iter().filter(|_| is_judged);
    let torn = seen.filter(|(after, (first, last), events)| {
        *first != after + 1 || last - first + 1 != *events
    });
    torn.map(|(after, (first, last), events)| {
        format!("behind {after} somebody saw {events} events from {first} to {last}")
    })
    .collect()
}

/// I-E1: what was committed before another transaction began to publish comes before its events, and the events of one call are in
/// its order.
pub(in crate::history) fn the_log_is_in_the_order_of_commits(index: &Index<'_>) -> Vec<String> {
    let positions = index.events.positions();
    let mut broken = Vec::new();
    let mut placed: Vec<(u64, u64, u64)> = Vec::new();
    for call in &index.events.publishings {
        let new: Vec<u64> =
            call.new_events().filter_map(|said| positions.get(&said.event).copied()).collect();
        broken.extend(
            new.windows(2).filter(|pair| pair[0] > pair[1]).map(|pair| {
                format!("{} comes before {}, which the call has first", pair[1], pair[0])
            }),
        );
        let answered = call.answered.unwrap_or(u64::MAX);
        placed.extend(new.into_iter().map(|position| (position, call.asked, answered)));
    }
    placed.sort_unstable();
    let mut latest = (0, 0);
    for (position, asked, answered) in placed {
        if answered < latest.0 {
            broken.push(format!(
                "{position} was committed before {}, which comes first, was published",
                latest.1
            ));
        }
        latest = latest.max((asked, position));
    }
    broken
}

/// I-E3: of a call that was committed all events are in the log, of one that was rolled back none, of one whose fate nobody knows all
/// or none; and there is no other event.
pub(in crate::history) fn calls_are_in_the_log_whole_or_not(index: &Index<'_>) -> Vec<String> {
    let positions = index.events.positions();
    let mut broken = Vec::new();
    let is_there = |said: &Said| positions.contains_key(&said.event);
    for call in &index.events.publishings {
        match call.fate {
            Fate::Done => {
                let lost = call.new_events().filter(|said| !is_there(said));
                broken.extend(
                    lost.map(|said| format!("{} was committed and is not there", said.event)),
                );
            }
            Fate::Refused => {
                let there = call.events.iter().filter(|said| is_there(said));
                broken.extend(
                    there.map(|said| format!("{} was rolled back and is there", said.event)),
                );
            }
            Fate::Unknown => {
                let plain: Vec<&Said> =
                    call.events.iter().filter(|said| said.given.is_none()).collect();
                let there = plain.iter().filter(|said| is_there(said)).count();
                if there != 0 && there != plain.len() {
                    broken.push(format!("{there} of {} events of a call are there", plain.len()));
                }
            }
        }
    }
    let published = index.events.publishings.iter().flat_map(|call| call.events);
    let published: HashSet<EventId> = published.map(|said| said.event).collect();
    let strange = index.events.log.iter().filter(|event| !published.contains(&event.id));
    broken.extend(strange.map(|event| format!("nobody published {}", event.id)));
    broken
}

/// I-E2: of the events with one source and one id that it gave them there is one, which all who published it were told of.
pub(in crate::history) fn a_given_id_is_one_event(index: &Index<'_>) -> Vec<String> {
    let mut broken = Vec::new();
    let mut there: HashMap<(&str, &str), EventId> = HashMap::new();
    for event in index.events.log {
        let Some(given) = &event.given else { continue };
        if let Some(first) = there.insert((&event.source, given), event.id) {
            broken.push(format!("{first} and {} are both {given}", event.id));
        }
    }
    for call in index.events.publishings.iter().filter(|call| call.fate == Fate::Done) {
        for said in call.events {
            let Some((source, given)) = &said.given else { continue };
            let told = call.existing.iter().find(|(asked, _)| *asked == said.event);
            let told = told.map_or(said.event, |(_, told)| *told);
            if there.get(&(source, given)) != Some(&told) {
                broken.push(format!("of {given} it was told that {told} is there"));
            }
        }
    }
    broken
}

/// I-E4: each subscription got each event that it wants from its beginning to where it was fed once, and no other one; in their order,
/// so that one that was removed got none behind one that it did not get.
pub(in crate::history) fn each_gets_what_it_wants_once(index: &Index<'_>) -> Vec<String> {
    let mut broken = Vec::new();
    for (number, one) in &index.events.subscribers {
        let Some(said) = one.said.last() else {
            broken.push(format!("nobody made the subscription {number}, which has jobs"));
            continue;
        };
        let twice = one.jobs.iter().filter(|(_, jobs)| jobs.len() > 1);
        broken.extend(twice.map(|(at, jobs)| format!("{} got {at} {}", said.name, jobs.len())));
        let Some(types) = &said.types else { continue };
        let wanted = index.events.log.iter().filter_map(|event| {
            let position = event.position.filter(|position| *position > said.after)?;
            let is_wanted = position <= said.until.unwrap_or(u64::MAX) && is_one_of(event, types);
            is_wanted.then_some(position)
        });
        let wanted: Vec<u64> = wanted.collect();
        let unwanted = one.jobs.keys().filter(|at| wanted.binary_search(at).is_err());
        broken.extend(unwanted.map(|at| format!("{} got {at} and does not want it", said.name)));
        let fed = fed_to(index, one);
        let missed = wanted.iter().filter(|at| **at <= fed && !one.jobs.contains_key(at));
        broken.extend(missed.map(|at| format!("{} was not fed {at}", said.name)));
    }
    broken
}

/// The last position that a subscription must have been fed: one that was removed the last one that it got.
fn fed_to(index: &Index<'_>, one: &Subscribers<'_>) -> u64 {
    let got = one.jobs.keys().next_back().copied().unwrap_or_default();
    match (one.record, index.events.reaches) {
        (Some(record), Some(log)) => record.position(&log).max(got),
        (None, _) if one.may_be_removed => got,
        _ => u64::MAX,
    }
}

/// Whether an event is of one of these types; without any it is.
fn is_one_of(event: &EventRecord, types: &[String]) -> bool {
    let event_type = event.event_type.as_str();
    let fits = |wanted: &String| match wanted.strip_suffix(".*") {
        Some(begin) => event_type.strip_prefix(begin).is_some_and(|rest| rest.starts_with('.')),
        None => wanted == event_type || wanted == "*",
    };
    types.is_empty() || types.iter().any(fits)
}

/// I-E4: at the end no subscription is behind that may go on.
pub(in crate::history) fn nobody_is_left_behind(index: &Index<'_>) -> Vec<String> {
    let mut broken = Vec::new();
    let Some(log) = index.events.reaches else { return broken };
    if log.routed < log.last {
        broken.push(format!("those that are live were fed to {} of {}", log.routed, log.last));
    }
    for one in index.events.subscribers.values() {
        let Some(record) = one.record.filter(|record| record.paused_at.is_none()) else { continue };
        let open = one.jobs.values().flatten().filter(|job| !job.state.is_terminal()).count();
        let has_room = (open as u64) < u64::from(record.definition.most_unfinished());
        let (end, at) = (record.until.unwrap_or(log.last), record.position(&log));
        if has_room && at < end.min(log.last) {
            broken.push(format!("{} was fed to {at} of {end}", record.name));
        }
    }
    broken
}

/// I-E4: a handler is told of the event that its job's id names, as it was published.
pub(in crate::history) fn handlers_are_told_of_their_event(index: &Index<'_>) -> Vec<String> {
    let log: HashMap<u64, &EventRecord> =
        index.events.log.iter().filter_map(|event| Some((event.position?, event))).collect();
    let mut broken = Vec::new();
    for (job, told) in &index.events.handled {
        let Some((position, _)) = event_of(*job) else { continue };
        let event = log.get(&position);
        let is_told = event.zip(*told).is_some_and(|(event, told)| {
            let of_data = event.data.as_ref().and_then(counter);
            (told.event, told.position, told.counter) == (event.id, event.position, of_data)
                && told.key == event.subject
        });
        if !is_told {
            broken.push(format!("{job} was told of {told:?}"));
        }
    }
    broken
}

/// I-E4: of two events with one subject, the jobs of a subscription with a lane by it begin in the order of the log. What somebody ran
/// again is not judged.
pub(in crate::history) fn lanes_go_in_the_order_of_the_log(index: &Index<'_>) -> Vec<String> {
    let subjects: HashMap<u64, &str> = index
        .events
        .log
        .iter()
        .filter_map(|event| Some((event.position?, event.subject.as_deref()?)))
        .collect();
    let mut broken = Vec::new();
    for one in index.events.subscribers.values() {
        let Some(said) = one.said.last().filter(|said| said.has_lane) else { continue };
        let mut last: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
        for (position, job) in one.jobs.iter().flat_map(|(at, jobs)| Some((at, jobs.first()?.id))) {
            let Some(subject) = subjects.get(position) else { continue };
            let Some(first) = first_start(index, job) else { continue };
            let before = last.entry(subject).or_default();
            if first < before.0 {
                broken.push(format!("{job} began before {} in {}", before.1, said.name));
            }
            *before = (*before).max((first, *position));
        }
    }
    broken
}

fn first_start(index: &Index<'_>, job: JobId) -> Option<u64> {
    let life = index.lives.get(&job).filter(|life| life.revivals.is_empty())?;
    life.starts.iter().map(|start| start.at).min()
}

/// I-E5: where a part of the log was written, no more jobs of a subscription were unfinished than it had credit for.
pub(in crate::history) fn credit_is_kept(index: &Index<'_>) -> Vec<String> {
    let mut broken = Vec::new();
    for (number, spans) in spans(index) {
        let said = index.events.subscribers.get(&number).map(|one| one.said.as_slice());
        let Some(credit) = said.unwrap_or_default().iter().map(|said| said.credit).max() else {
            continue;
        };
        for (asked, answered, own) in spans.iter().map(|one| (one.asked, one.answered, &one.jobs)) {
            let before = spans.iter().filter(|one| one.answered <= asked);
            let open =
                before.flat_map(|one| &one.jobs).filter(|job| is_open(index, **job, answered));
            let unfinished = open.count() + own.len();
            if unfinished > credit as usize {
                let name = &said.unwrap_or_default()[0].name;
                broken.push(format!("{name} had {unfinished} jobs, and credit for {credit}"));
            }
        }
    }
    broken
}

/// The jobs of one subscription that one call wrote.
struct Span {
    asked: u64,
    answered: u64,
    jobs: Vec<JobId>,
}

fn spans(index: &Index<'_>) -> BTreeMap<u32, Vec<Span>> {
    let mut spans: BTreeMap<u32, Vec<Span>> = BTreeMap::new();
    for call in index.calls.iter().filter(|call| call.is_fed && call.is_done()) {
        let Some(answered) = call.answered else { continue };
        let mut jobs: BTreeMap<u32, Vec<JobId>> = BTreeMap::new();
        for wanted in call.jobs {
            if let Some((_, number)) = event_of(wanted.job) {
                jobs.entry(number).or_default().push(wanted.job);
            }
        }
        for (number, jobs) in jobs {
            spans.entry(number).or_default().push(Span { asked: call.asked, answered, jobs });
        }
    }
    spans
}

/// Whether a job had certainly not ended by then. One that somebody cancelled or ran again, or of whose end nobody wrote anything
/// down, is not counted.
fn is_open(index: &Index<'_>, job: JobId, at: u64) -> bool {
    let Some(life) = index.lives.get(&job) else { return false };
    let is_judged = |life: &&Life<'_>| life.revivals.is_empty() && !life.is_cancel_asked;
    let ends = life.settlements.iter().filter(|one| one.may_have_ended_the_job());
    let is_later = ends.map(|one| one.asked).min().map(|asked| asked > at);
    let is_left = life.ended.is_some_and(|ended| !ended.state.is_terminal());
    Some(life).filter(is_judged).is_some() && is_later.unwrap_or(is_left)
}
