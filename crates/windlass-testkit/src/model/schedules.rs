//! Schedules: each due time that is passed has one job, or is counted as skipped, missed or queued.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use windlass_core::job::{JobRecord, State};
use windlass_core::schedule::{
    self, Declared, Definition, Missed, Overlap, Owner, Schedule, ScheduleRecord,
};
use windlass_core::store::Now;
use windlass_core::time::Timestamp;

use super::compare::all;
use super::driver::Driver;
use super::rules::{Job, Rules};
use super::steps::{KINDS, QUEUES, said, same};
use crate::draft::job;

const NAMES: [&str; 2] = ["often", "nightly"];

/// A schedule as the rules see it.
#[derive(Debug, Clone)]
pub(super) struct Known {
    every: Duration,
    missed: Missed,
    overlap: Overlap,
    queue: &'static str,
    kind: &'static str,
    /// Due times count from here.
    from: Timestamp,
    /// Up to here they had their turn.
    until: Timestamp,
    is_paused: bool,
    /// How many had.
    passed: u64,
    /// Those of them that have a job.
    fired: BTreeSet<Timestamp>,
}

impl Known {
    /// The due times after the last look, of which the next look is at this moment.
    fn due(&self, now: Timestamp) -> BTreeSet<Timestamp> {
        let nth = |n: u32| self.from.after(self.every * n);
        (1..).map(nth).skip_while(|due| *due <= self.until).take_while(|due| *due <= now).collect()
    }

    fn count_from(&mut self, now: Timestamp) {
        (self.from, self.until) = (now, now);
    }

    /// Checks what a look at this moment has made of the schedule, and has seen it.
    fn look(
        &mut self,
        record: &ScheduleRecord,
        jobs: &BTreeSet<Timestamp>,
        was_unfinished: bool,
        now: Timestamp,
    ) -> Result<(), String> {
        let due = if self.is_paused { BTreeSet::new() } else { self.due(now) };
        self.passed += due.len() as u64;
        if !self.is_paused {
            self.until = now;
        }
        let is_due = |at: &&Timestamp| due.contains(at) || self.overlap == Overlap::Queue;
        if let Some(strange) = jobs.iter().find(|at| !is_due(at) || self.fired.contains(at)) {
            return Err(format!("it fires for {strange}, when it was not due, or again"));
        }
        self.fired.extend(jobs);
        let queued = u64::from(record.queued_due_at.is_some());
        let known = record.fired + record.skipped + record.missed + queued;
        if (record.fired, known) != (self.fired.len() as u64, self.passed) {
            let numbers = (record.fired, record.skipped, record.missed, queued);
            let ours = (self.fired.len(), self.passed);
            return Err(format!("fired, skipped, missed, queued {numbers:?} of {ours:?}"));
        }
        let has_all = self.missed == Missed::All && self.overlap == Overlap::Allow;
        if has_all && *jobs != due {
            return Err(format!("it fires for {jobs:?}, and each of {due:?} is to run"));
        }
        if was_unfinished && self.overlap != Overlap::Allow && !jobs.is_empty() {
            return Err(format!("it fires for {jobs:?} beside its last job"));
        }
        let is_free = !was_unfinished && self.missed == Missed::One;
        if is_free && !due.is_empty() && jobs.is_empty() {
            return Err(format!("it was due {} times and fires for none", due.len()));
        }
        Ok(())
    }
}

impl Driver {
    pub(super) async fn schedule_step(&mut self) -> Result<(), String> {
        let name = NAMES[self.random.usize(..2)];
        match self.random.u32(..10) {
            0..2 => self.declare(name).await,
            2 => self.pause_schedule(name).await,
            3 => self.resume_schedule(name).await,
            _ => self.fire().await,
        }
    }

    async fn declare(&mut self, name: &'static str) -> Result<(), String> {
        let now = self.rules.now;
        let kept = self.rules.schedules.get(name);
        let known = Known {
            every: Duration::from_secs(self.random.u64(3..40)),
            missed: [Missed::None, Missed::One, Missed::All][self.random.usize(..3)],
            overlap: [Overlap::Skip, Overlap::Queue, Overlap::Allow][self.random.usize(..3)],
            queue: QUEUES[self.random.usize(..3)],
            kind: KINDS[self.random.usize(..3)],
            from: now,
            until: now,
            is_paused: kept.is_some_and(|kept| kept.is_paused),
            passed: kept.map_or(0, |kept| kept.passed),
            fired: kept.map_or_else(BTreeSet::new, |kept| kept.fired.clone()),
        };
        if kept.is_some_and(|kept| kept.every == known.every) {
            // Its due times go on.
            return Ok(());
        }
        self.tell(format!("{name} is due every {:?}, {known:?}", known.every));
        let rule = Schedule::every(known.every).missed(known.missed).overlap(known.overlap);
        let draft = job().kind(known.kind).queue(known.queue).done();
        let definition = Definition::new(rule, draft).map_err(|error| error.to_string())?;
        let (name_, by) = (name.to_owned(), "model".to_owned());
        let declared = [Declared { name: name_, definition, owner: Owner::Code, by }];
        schedule::declare(&*self.store, &declared, Now::At(now)).await.map_err(said)?;
        self.rules.schedules.insert(name, known);
        self.give_up_queued(name).await
    }

    async fn pause_schedule(&mut self, name: &'static str) -> Result<(), String> {
        self.tell(format!("pause {name}"));
        let now = Now::At(self.rules.now);
        let there = self.store.pause_schedule(name, None, now).await.map_err(said)?;
        let known = self.rules.schedules.get_mut(name);
        same("pause_schedule", &there, &known.is_some())?;
        known.into_iter().for_each(|known| known.is_paused = true);
        Ok(())
    }

    async fn resume_schedule(&mut self, name: &'static str) -> Result<(), String> {
        self.tell(format!("resume {name}"));
        let now = self.rules.now;
        let resumed = self.store.resume_schedule(name, Now::At(now)).await.map_err(said)?;
        let known = self.rules.schedules.get_mut(name).filter(|known| known.is_paused);
        same("resume_schedule", &resumed, &known.is_some())?;
        if let Some(known) = known {
            known.is_paused = false;
            known.count_from(now);
        }
        Ok(())
    }

    /// Looks twice: what one look has fired is not due for the next.
    async fn fire(&mut self) -> Result<(), String> {
        self.tell("fire what is due".to_owned());
        for _ in 0..2 {
            let before = self.store.schedules().await.map_err(said)?;
            let now = Now::At(self.rules.now);
            schedule::fire_due(&*self.store, now).await.map_err(said)?;
            let jobs = self.learn_fired().await?;
            let records = self.store.schedules().await.map_err(said)?;
            self.rules.look(&before, &records, &jobs)?;
        }
        Ok(())
    }

    /// The jobs that schedules have enqueued since the last look, by name and due time.
    async fn learn_fired(&mut self) -> Result<BTreeMap<String, BTreeSet<Timestamp>>, String> {
        let mut fired: BTreeMap<String, BTreeSet<Timestamp>> = BTreeMap::new();
        let now = self.rules.now;
        let found: Vec<JobRecord> = all(&*self.store).await?;
        for record in found {
            if self.rules.jobs.contains_key(&record.id) {
                continue;
            }
            let known = record.meta.schedule.as_ref().and_then(|occurrence| {
                Some((self.rules.schedules.get(occurrence.name.as_str())?, occurrence))
            });
            let Some((known, occurrence)) = known else {
                return Err(format!("nobody enqueued {}", record.id));
            };
            let new = Job::new(known.queue, known.kind, 0);
            if !fired.entry(occurrence.name.clone()).or_default().insert(occurrence.due_at()) {
                return Err(format!("{} fires twice for one due time", occurrence.name));
            }
            self.rules.enqueue(record.id, new, now);
        }
        Ok(fired)
    }

    /// What a change of the rule makes of a run that waits is the store's to say: it is counted, or waits still.
    async fn give_up_queued(&mut self, name: &str) -> Result<(), String> {
        let record = self.store.schedule(name).await.map_err(said)?;
        let record = record.ok_or_else(|| format!("{name} was declared and is not there"))?;
        let queued = u64::from(record.queued_due_at.is_some());
        let known = record.fired + record.skipped + record.missed + queued;
        let passed = self.rules.schedules.get(name).map_or(0, |known| known.passed);
        same("declare", &known, &passed)
    }
}

impl Rules {
    /// Checks what a look has made of each schedule.
    fn look(
        &mut self,
        before: &[ScheduleRecord],
        records: &[ScheduleRecord],
        jobs: &BTreeMap<String, BTreeSet<Timestamp>>,
    ) -> Result<(), String> {
        let now = self.now;
        if records.len() != self.schedules.len() {
            return Err(format!(
                "{} schedules, by the rules {}",
                records.len(),
                self.schedules.len()
            ));
        }
        for record in records {
            let Some(known) = self.schedules.get_mut(record.name.as_str()) else {
                return Err(format!("nobody declared {}", record.name));
            };
            let last = before.iter().find(|one| one.name == record.name);
            let was_unfinished = last.is_some_and(|last| last.is_unfinished);
            let none = BTreeSet::new();
            let jobs = jobs.get(&record.name).unwrap_or(&none);
            let looked = known.look(record, jobs, was_unfinished, now);
            looked.map_err(|difference| format!("{}: {difference}; {known:?}", record.name))?;
        }
        self.check_last_jobs(before)
    }

    /// Whether the last job of each schedule has ended is what the rules say of that job.
    fn check_last_jobs(&self, before: &[ScheduleRecord]) -> Result<(), String> {
        for record in before {
            let last = record.last_job.and_then(|id| self.jobs.get(&id));
            let is_unfinished = last.is_some_and(|job| !job.state.is_terminal());
            if record.is_unfinished != is_unfinished {
                let state: Option<State> = last.map(|job| job.state);
                return Err(format!("{}: its last job is {state:?}", record.name));
            }
        }
        Ok(())
    }

    /// Whether what a long time misses would all be made up for.
    pub(super) fn makes_up_for_all(&self) -> bool {
        self.schedules.values().any(|known| known.missed == Missed::All)
    }
}
