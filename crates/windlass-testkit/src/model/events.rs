//! Events and subscriptions: each subscription gets each event that it wants once, in order, as far as it has credit.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::time::Duration;

use windlass_core::event::{EventRecord, Keep, NewEvent, Published};
use windlass_core::id::EventId;
use windlass_core::job::{Lane, Meta};
use windlass_core::store::Now;
use windlass_core::subscription::{Feed, Filter, Start, Subscription, event_of, job_of};
use windlass_core::time::Timestamp;

use super::driver::{Driver, Life};
use super::rules::{Job, Rules};
use super::steps::{KINDS, QUEUES, said, same};

const TYPES: [&str; 3] = ["order.paid", "order.sent", "tick"];
/// What subscriptions want: patterns, and which of the types fit them. None wants what Windlass tells of itself, which the rules know
/// nothing of.
const WANTED: [(&[&str], &[&str]); 3] =
    [(&TYPES, &TYPES), (&["order.*"], &["order.paid", "order.sent"]), (&["tick"], &["tick"])];
const NAMES: [&str; 2] = ["one", "two"];
/// Subjects, with the lanes that they are in each subscription.
const SUBJECTS: [(&str, [&str; 2]); 2] = [("a", ["one:a", "two:a"]), ("b", ["one:b", "two:b"])];
/// Longer than a life.
const KEPT: Duration = Duration::from_secs(50 * 366 * 24 * 60 * 60);

/// An event that was published.
#[derive(Debug, Clone)]
pub(super) struct Heard {
    id: EventId,
    event_type: &'static str,
    /// Which one of [`SUBJECTS`].
    subject: usize,
    given: Option<u8>,
    /// When it got its position; none while it has none.
    recorded_at: Option<Timestamp>,
}

/// A subscription as the rules see it.
#[derive(Debug, Clone)]
pub(super) struct Known {
    number: u32,
    /// It was fed up to this position, or wants nothing before.
    fed: usize,
    is_paused: bool,
    types: &'static [&'static str],
    queue: &'static str,
    kind: &'static str,
    has_lane: bool,
    credit: usize,
}

/// The log, and who is fed it.
#[derive(Debug, Default)]
pub(super) struct Events {
    log: Vec<Heard>,
    known: BTreeMap<&'static str, Known>,
}

impl Driver {
    pub(super) async fn event_step(&mut self) -> Result<(), String> {
        match self.random.u32(..20) {
            0..7 => self.publish().await,
            7..14 => self.feed().await,
            14..17 => self.subscribe().await,
            17 | 18 => self.pause_or_resume_subscription().await,
            _ => self.unsubscribe().await,
        }
    }

    async fn publish(&mut self) -> Result<(), String> {
        let now = Now::At(self.rules.now);
        if self.rules.events.log.is_empty() {
            self.store.keep_events(Keep::at_least(KEPT)).await.map_err(said)?;
        }
        let (mut events, mut expected) = (Vec::new(), Vec::new());
        for _ in 0..self.random.usize(1..4) {
            let (event_type, subject) = (TYPES[self.random.usize(..3)], self.random.usize(..2));
            let given = (self.random.u32(..4) == 0).then(|| self.random.u8(..6));
            let mut event = NewEvent::bare(event_type).subject(SUBJECTS[subject].0);
            event.given = given.map(|id| id.to_string());
            let heard = Heard { id: event.id, event_type, subject, given, recorded_at: None };
            expected.push(self.rules.events.publish(heard));
            events.push(event);
        }
        self.tell(format!("publish {} events", events.len()));
        let answers = self.store.publish(&events, now).await.map_err(said)?;
        same("publish", &answers, &expected)
    }

    async fn subscribe(&mut self) -> Result<(), String> {
        let now = Now::At(self.rules.now);
        let nth = self.random.usize(..NAMES.len());
        let (name, (patterns, types)) = (NAMES[nth], WANTED[self.random.usize(..WANTED.len())]);
        if self.rules.events.known.contains_key(name) {
            return Ok(());
        }
        let log = self.sequence().await?;
        let behind = self.random.usize(..=log);
        let (start, fed) = match self.random.bool() {
            true => (Start::Now, log),
            false => (Start::After(behind as u64), behind),
        };
        let (queue, kind) = (QUEUES[self.random.usize(..3)], KINDS[self.random.usize(..3)]);
        let has_lane = self.life == Life::InLine && self.random.bool();
        let credit = [2, 5, 100][self.random.usize(..3)];
        let filter =
            Filter::of_types(patterns.iter().copied()).build().expect("a type can be read");
        let mut subscription = Subscription::new(filter, kind).queue(queue);
        subscription.credit = NonZeroU32::new(credit);
        if has_lane {
            subscription = subscription.lane("subject".parse().expect("it is an attribute"));
        }
        self.tell(format!("subscribe {name} to {patterns:?} behind {fed}, credit {credit}"));
        let put = self.store.put_subscription(name, &subscription, start, now);
        same("put_subscription", &put.await.map_err(said)?, &true)?;
        let all = self.store.subscriptions().await.map_err(said)?.all;
        let number = all.iter().find(|one| one.name == name).map(|one| one.number);
        let number = number.ok_or_else(|| format!("{name} was made and is not there"))?;
        let credit = credit as usize;
        let known = Known { number, fed, is_paused: false, types, queue, kind, has_lane, credit };
        self.rules.events.known.insert(name, known);
        Ok(())
    }

    async fn unsubscribe(&mut self) -> Result<(), String> {
        let name = NAMES[self.random.usize(..NAMES.len())];
        self.tell(format!("unsubscribe {name}"));
        let removed = self.store.remove_subscription(name).await.map_err(said)?;
        same("remove_subscription", &removed, &self.rules.events.known.remove(name).is_some())
    }

    async fn pause_or_resume_subscription(&mut self) -> Result<(), String> {
        let name = NAMES[self.random.usize(..NAMES.len())];
        let pauses = self.random.bool();
        self.tell(format!("{name} is {}", if pauses { "paused" } else { "resumed" }));
        let now = Now::At(self.rules.now);
        let answer = match pauses {
            true => self.store.pause_subscription(name, now).await,
            false => self.store.resume_subscription(name).await,
        };
        let known = self.rules.events.known.get_mut(name);
        let is_there = known.map(|known| known.is_paused = pauses).is_some();
        same("pause_subscription", &answer.map_err(said)?, &is_there)
    }

    /// Feeds until nothing is left that may be fed.
    async fn feed(&mut self) -> Result<(), String> {
        self.tell("feed".to_owned());
        // Another process may lead by now.
        if self.random.bool() {
            self.feed = Feed::default();
        }
        let now = Now::At(self.rules.now);
        while self.feed.round(&*self.store, now).await.map_err(said)?.is_behind {}
        self.learn_log().await?;
        self.rules.feed();
        Ok(())
    }

    /// Gives positions to what has none; how far the log reaches.
    async fn sequence(&mut self) -> Result<usize, String> {
        let now = Now::At(self.rules.now);
        while self.store.sequence(100, now).await.map_err(said)? > 0 {}
        self.learn_log().await?;
        Ok(self.rules.events.log.len())
    }

    /// The log has what was published, in its order. When each got its position is learnt from the store.
    async fn learn_log(&mut self) -> Result<(), String> {
        let stored = self.store.events(0, usize::from(u16::MAX)).await.map_err(said)?;
        let place = |event: &EventRecord| (event.position, event.id, event.event_type.clone());
        let stored_ids: Vec<_> = stored.iter().map(place).collect();
        let log = &mut self.rules.events.log;
        let heard =
            |(at, one): (usize, &Heard)| (Some(at as u64 + 1), one.id, one.event_type.to_owned());
        same("events", &stored_ids, &log.iter().enumerate().map(heard).collect())?;
        for (event, heard) in stored.into_iter().zip(log) {
            heard.recorded_at = event.recorded_at;
        }
        Ok(())
    }
}

impl Events {
    /// Of the events with one given id the first counts.
    fn publish(&mut self, event: Heard) -> Published {
        let of_given = |one: &&Heard| one.given.is_some() && one.given == event.given;
        match self.log.iter().find(of_given) {
            Some(first) => Published::Existing(first.id),
            None => {
                let id = event.id;
                self.log.push(event);
                Published::New(id)
            }
        }
    }
}

impl Rules {
    /// Each that may go on gets the events that it wants, until there is one for which it has no room.
    fn feed(&mut self) {
        for name in NAMES {
            let Some(mut known) = self.events.known.get(name).cloned() else { continue };
            if known.is_paused {
                continue;
            }
            while let Some(event) = self.events.log.get(known.fed).cloned() {
                let is_wanted = known.types.contains(&event.event_type);
                if is_wanted && self.unfinished(known.number) >= known.credit {
                    break;
                }
                known.fed += 1;
                if let Some(recorded_at) = event.recorded_at.filter(|_| is_wanted) {
                    let id = job_of(recorded_at, known.fed as u64, known.number);
                    self.enqueue(id, known.job(name, &event), self.now);
                }
            }
            self.events.known.insert(name, known);
        }
    }

    fn unfinished(&self, number: u32) -> usize {
        let is_its = |id| event_of(id).is_some_and(|(_, its)| its == number);
        let open = self.jobs.iter().filter(|(_, job)| !job.state.is_terminal());
        open.filter(|(id, _)| is_its(**id)).count()
    }
}

impl Known {
    fn job(&self, name: &str, event: &Heard) -> Job {
        let mut job = Job::new(self.queue, self.kind, 0);
        if self.has_lane {
            let nth = NAMES.iter().position(|one| *one == name).unwrap_or_default();
            let lane = SUBJECTS[event.subject].1[nth];
            let mut meta = Meta::default();
            meta.lane = Some(Lane::by(lane));
            (job.in_line.lane, job.in_line.line) = (Some(lane), meta.line_of(self.kind));
        }
        job
    }
}
