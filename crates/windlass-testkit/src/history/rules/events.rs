//! E: events, and who gets them.

use std::collections::{BTreeMap, HashMap, HashSet};

use windlass_core::alert::is_own;
use windlass_core::id::{EventId, JobId};
use windlass_core::job::{JobRecord, State};
use windlass_core::subscription::event_of;
use windlass_core::time::Timestamp;

use crate::history::index::{Index, Life, Subscribers};
use crate::history::record::{Fate, Logged, Said};

/// I-E1: there is one event at each position of the log, from 1 to where it reaches, but those that were removed; it is the same one
/// whenever it is read.
pub(in crate::history) fn positions_are_dense(index: &Index<'_>) -> Vec<String> {
    let events = &index.events;
    let Some(reaches) = events.reaches else { return Vec::new() };
    let mut broken = Vec::new();
    let twice = events.kept.windows(2).filter(|pair| pair[0].0 >= pair[1].0);
    broken.extend(twice.map(|pair| format!("position {} comes after {}", pair[1].0, pair[0].0)));
    let there = events.kept.len() as u64 + reaches.removed;
    if there != reaches.last {
        broken.push(format!("the log reaches {}, and has {there} events", reaches.last));
    }
    let mut seen: HashMap<EventId, u64> = HashMap::new();
    for event in events.log.values() {
        let (id, position) = (event.said.event, event.position);
        if let Some(first) = seen.insert(id, position) {
            broken.push(format!("{id} is at {first} and at {position}"));
        }
    }
    broken.extend(events.changed.iter().map(|event| format!("{event:?} was another one before")));
    broken
}

/// I-E1: who has read a part of the log has seen all events of it that are still there: none comes there later.
pub(in crate::history) fn nothing_appears_in_the_log_later(index: &Index<'_>) -> Vec<String> {
    let events = &index.events;
    let place = |position: u64| events.kept.partition_point(|(at, _)| *at <= position) as u64;
    let torn = events.seen.iter().filter(|(after, (first, last), seen)| {
        let kept = place(*last) - place(*after);
        *first <= *after || kept > *seen || last - first + 1 < *seen
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
    let mut lost = Vec::new();
    for call in &index.events.publishings {
        match call.fate {
            Fate::Done => lost.extend(call.new_events().filter(|said| !is_there(said))),
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
                if there != 0 && there != plain.len() && index.events.unknown() == 0 {
                    broken.push(format!("{there} of {} events of a call are there", plain.len()));
                }
            }
        }
    }
    // Those that were removed before anybody has written them down are there no more.
    if lost.len() as u64 > index.events.unknown() {
        let told = lost.iter().map(|said| format!("{} was committed and is not there", said.event));
        broken.extend(told);
    }
    let published = index.events.publishings.iter().flat_map(|call| call.events);
    let published: HashSet<EventId> = published.map(|said| said.event).collect();
    let there = index.events.log.values().map(|event| event.said.event);
    // Windlass tells of itself where somebody wants all events.
    let tells_of_itself = |event: &EventId| is_own(JobId::from_uuid(event.as_uuid()));
    let of_feed: HashSet<EventId> =
        index.events.log.values().filter(|one| is_of_feed(one)).map(|one| one.said.event).collect();
    let is_known = |event: &EventId| published.contains(event) || of_feed.contains(event);
    let strange = there.filter(|event| !is_known(event) && !tells_of_itself(event));
    broken.extend(strange.map(|event| format!("nobody published {event}")));
    broken
}

/// The source of the events that a feed's records became.
const FEED: &str = "/sources/feed";

fn is_of_feed(event: &Logged) -> bool {
    event.said.given.as_ref().is_some_and(|(source, _)| source == FEED)
}

/// I-E7: the records of a feed come in the order of their numbers, each once.
pub(in crate::history) fn records_come_in_their_order(index: &Index<'_>) -> Vec<String> {
    let mut broken = Vec::new();
    let mut last = 0;
    for event in index.events.log.values().filter(|event| is_of_feed(event)) {
        let given = event.said.given.as_ref().map_or("", |(_, given)| given);
        match given.parse::<u64>() {
            Ok(number) if number > last => last = number,
            _ => broken.push(format!("record {given} at {} comes after {last}", event.position)),
        }
    }
    broken
}

/// I-E2: of the events with one source and one id that it gave them there is one, which all who published it were told of.
pub(in crate::history) fn a_given_id_is_one_event(index: &Index<'_>) -> Vec<String> {
    let mut broken = Vec::new();
    // Behind the removal of the first one another counts as the first.
    let mut there: HashMap<(&str, &str), (u64, EventId)> = HashMap::new();
    let mut are_there: HashSet<((&str, &str), EventId)> = HashSet::new();
    for event in index.events.log.values() {
        let Some((source, given)) = &event.said.given else { continue };
        let id = event.said.event;
        are_there.insert(((source, given), id));
        let before = there.insert((source, given), (event.position, id));
        if let Some((_, first)) = before.filter(|(at, _)| !index.events.may_be_removed(*at)) {
            broken.push(format!("{first} and {id} are both {given}"));
        }
    }
    for call in index.events.publishings.iter().filter(|call| call.fate == Fate::Done) {
        for said in call.events {
            let Some((source, given)) = &said.given else { continue };
            let told = call.existing.iter().find(|(asked, _)| *asked == said.event);
            let told = told.map_or(said.event, |(_, told)| *told);
            let is_there = are_there.contains(&((source, given), told));
            if !is_there && index.events.unknown() == 0 {
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
        let is_wanted = |event: &&Logged| {
            (said.after + 1..=said.until.unwrap_or(u64::MAX)).contains(&event.position)
                && is_one_of(event, types)
        };
        let log = &index.events.log;
        let unwanted = one.jobs.keys().filter(|at| log.get(at).is_some_and(|at| !is_wanted(&at)));
        broken.extend(unwanted.map(|at| format!("{} got {at} and does not want it", said.name)));
        let fed = fed_to(index, one);
        let reached = one.said.iter().map(|said| said.reached).min().unwrap_or_default();
        // What was removed before it was made it never got.
        let is_judged = |at: u64| at > reached || !index.events.may_be_removed(at);
        let wanted = log.values().filter(is_wanted).map(|event| event.position);
        let due = wanted.filter(|at| *at <= fed && is_judged(*at));
        let missed = due.filter(|at| !one.jobs.contains_key(at));
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
fn is_one_of(event: &Logged, types: &[String]) -> bool {
    let event_type = event.said.event_type.as_str();
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
    let mut broken = Vec::new();
    for (job, told) in &index.events.handled {
        let Some((position, _)) = event_of(*job) else { continue };
        let Some(event) = index.events.log.get(&position) else { continue };
        let is_told = told.is_some_and(|told| {
            (told.event, told.position, told.counter)
                == (event.said.event, Some(position), event.said.counter)
                && told.key == event.said.key
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
    let subject = |at: &u64| index.events.log.get(at)?.said.key.as_deref();
    let mut broken = Vec::new();
    for one in index.events.subscribers.values() {
        let Some(said) = one.said.last().filter(|said| said.has_lane) else { continue };
        let mut last: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
        for (position, job) in one.jobs.iter().flat_map(|(at, jobs)| Some((at, jobs.first()?.id))) {
            let Some(subject) = subject(position) else { continue };
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

/// I-E6: what was removed was kept for its time and fed to all that are live, and none of its jobs is unfinished or dead, unless
/// somebody ran it again.
pub(in crate::history) fn what_is_needed_is_kept(index: &Index<'_>) -> Vec<String> {
    let mut broken = Vec::new();
    let Some((log, read_at)) = index.events.reaches.zip(index.read_at) else { return broken };
    let keep = index.events.keep.unwrap_or(log.keep.at_least);
    let gone =
        index.events.log.values().filter(|event| index.events.may_be_removed(event.position));
    for event in gone {
        let position = event.position;
        let age = read_at.since(Timestamp::from_micros(event.recorded_at));
        if age < keep || position > log.routed {
            broken.push(format!("{position} was removed after {age:?} at the most"));
        }
        let jobs = index.events.subscribers.values().filter_map(|one| one.jobs.get(&position));
        let needing = jobs.flatten().filter(|job| needs_its_event(index, job));
        broken
            .extend(needing.map(|job| format!("{position} was removed, and {} needs it", job.id)));
    }
    broken
}

fn needs_its_event(index: &Index<'_>, job: &JobRecord) -> bool {
    let is_revived = index.lives.get(&job.id).is_some_and(|life| !life.revivals.is_empty());
    // One of several has them in its args.
    let reads_it = job.args.as_str() == "null";
    reads_it && !is_revived && (job.state == State::Dead || !job.state.is_terminal())
}
