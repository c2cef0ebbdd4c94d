//! The rules of lines: what a claim may take of lanes and under limits, and what it must.

use std::collections::{BTreeMap, BTreeSet};

use windlass_core::id::{JobId, WorkerId};
use windlass_core::job::{State, Verb};
use windlass_core::limit::{Limit, LimitOn, Rate};
use windlass_core::time::Timestamp;

use super::rules::{Job, Rules};

/// The name that all keys of limits have here.
pub(super) const NAME: &str = "crm";
/// Fractions of a token in which stores may differ.
const GRAIN: f64 = 1e-6;

/// Where a job stands in line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct InLine {
    /// Its line, as it is stored. A job of a limited kind or queue gets one when a claim meets it.
    pub(super) line: Option<String>,
    /// Whether a claim has met it under a limit of its kind or queue.
    pub(super) is_met: bool,
    pub(super) lane: Option<&'static str>,
    /// Whether it is to keep its lane when it is dead.
    pub(super) blocks: bool,
    /// Whether it does: not before it was claimed, and not after a person has opened the lane.
    pub(super) keeps_lane: bool,
    /// The key of its limit, and how many run as the job says it.
    pub(super) key: Option<(&'static str, Option<u32>)>,
}

/// What keeps jobs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Gate {
    Queue(&'static str),
    Kind(&'static str),
    Key(&'static str),
}

/// The limits that are set, and what is left of rates.
#[derive(Debug, Default)]
pub(super) struct Limits {
    set: BTreeMap<LimitOn, Limit>,
    buckets: BTreeMap<Gate, (f64, Timestamp)>,
}

/// A claim as it was asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked<'a> {
    pub(super) worker: WorkerId,
    pub(super) queues: &'a [&'static str],
    pub(super) most: usize,
}

impl Gate {
    fn on(self) -> LimitOn {
        match self {
            Self::Queue(name) => LimitOn::Queue(name.to_owned()),
            Self::Kind(name) => LimitOn::Kind(name.to_owned()),
            Self::Key(_) => LimitOn::Key(NAME.to_owned()),
        }
    }
}

impl Limits {
    pub(super) fn set(&mut self, limit: Limit) {
        self.set.insert(limit.on.clone(), limit);
    }

    /// What has a limit.
    pub(super) fn targets(&self) -> Vec<LimitOn> {
        self.set.keys().cloned().collect()
    }

    pub(super) fn remove(&mut self, on: &LimitOn) -> bool {
        self.set.remove(on).is_some()
    }

    fn of(&self, gate: Gate) -> Option<&Limit> {
        self.set.get(&gate.on())
    }

    fn rate(&self, gate: Gate) -> Option<Rate> {
        self.of(gate).and_then(|limit| limit.rate)
    }

    /// How many of the gate run at once, for this job. What is set wins over what the job says.
    fn most(&self, gate: Gate, job: &Job) -> Option<u32> {
        let own = job.in_line.key.and_then(|(_, own)| own).filter(|_| matches!(gate, Gate::Key(_)));
        self.of(gate).and_then(|limit| limit.running).or(own)
    }

    /// The tokens there are now.
    fn tokens(&self, gate: Gate, now: Timestamp) -> Option<f64> {
        let rate = self.rate(gate)?;
        let burst = f64::from(rate.burst);
        let left = self.buckets.get(&gate).map(|(left, at)| {
            let per = rate.per.as_secs_f64();
            (left + now.since(*at).as_secs_f64() * f64::from(rate.tokens) / per).min(burst)
        });
        Some(left.unwrap_or(burst))
    }
}

impl Job {
    fn gates(&self) -> impl Iterator<Item = Gate> + use<> {
        let key = self.in_line.key.map(|(key, _)| Gate::Key(key));
        [Gate::Queue(self.queue), Gate::Kind(self.kind)].into_iter().chain(key)
    }

    /// The order of a line.
    fn turn(&self) -> (bool, Timestamp) {
        (self.attempt == 0, self.created_at)
    }

    /// Whether it stands in its lane and has not begun, or has to begin again.
    fn waits_in(&self, lane: &str) -> bool {
        let waits = !self.state.is_terminal() && self.state != State::Running;
        waits && self.in_line.lane == Some(lane)
    }

    /// The line that it stands in, or gets when a claim meets it.
    fn line(&self) -> String {
        let of_kind = || format!("s\u{1f}{}\u{1f}\u{1f}\u{1f}\u{1f}", self.kind);
        self.in_line.line.clone().unwrap_or_else(of_kind)
    }

    /// Where it stands, for people.
    pub(super) fn in_short(&self) -> String {
        let InLine { lane, blocks, key, .. } = &self.in_line;
        let blocks = if *blocks { " that it blocks" } else { "" };
        let lane = lane.map_or_else(String::new, |lane| format!(" in the lane {lane}{blocks}"));
        let key = key.map_or_else(String::new, |(key, own)| format!(" of {key} with {own:?}"));
        format!("{lane}{key}")
    }

    /// Learns from the store that a claim gave it a place in line.
    pub(super) fn learn_line(&mut self, line: Option<&str>) -> Result<(), String> {
        if self.in_line.line.as_deref() == line {
            return Ok(());
        }
        if self.in_line.line.is_none() && self.in_line.is_met && line == Some(&self.line()) {
            self.in_line.line = line.map(str::to_owned);
            return Ok(());
        }
        Err(format!("it stands in {line:?} and by the rules in {:?}", self.in_line.line))
    }
}

impl Rules {
    /// Whether the job has a place in line, or gets one from the next claim that meets it.
    pub(super) fn stands_in_line(&self, job: &Job) -> bool {
        let is_limited = || {
            let gates = [Gate::Queue(job.queue), Gate::Kind(job.kind)];
            gates.into_iter().any(|gate| self.limits.of(gate).is_some())
        };
        job.in_line.line.is_some() || is_limited()
    }

    /// Checks what a claim has taken, and takes it in the rules by `take`.
    pub(super) fn check_claim(
        &mut self,
        asked: Asked<'_>,
        taken: &[JobId],
        take: impl FnOnce(&mut Self),
    ) -> Result<(), String> {
        if taken.len() > asked.most {
            return Err(format!("it takes {} of {} jobs", taken.len(), asked.most));
        }
        self.check_plain(asked, taken)?;
        self.check_lanes(asked, taken)?;
        let untaken = self.check_turns(asked, taken)?;
        self.spend(taken)?;
        self.meet(Some(asked.queues));
        take(self);
        // It takes what it is asked for as long as there is something that may run.
        if taken.len() < asked.most { self.check_left(asked, &untaken) } else { Ok(()) }
    }

    /// Jobs that stand in no line are taken in order, and all of them as long as there is room.
    fn check_plain(&self, asked: Asked<'_>, taken: &[JobId]) -> Result<(), String> {
        let plain: Vec<JobId> =
            taken.iter().copied().filter(|id| !self.stands_in_line(&self.jobs[id])).collect();
        let (places, mut expected) =
            (self.places(&plain), self.claimable(asked.worker, asked.queues));
        if taken.len() == asked.most {
            expected.truncate(plain.len());
        }
        if places == expected && places.len() == plain.len() {
            return Ok(());
        }
        Err(format!("the store takes\n  {places:?}\nthe rules\n  {expected:?}"))
    }

    /// Of a lane the first job is taken, and none while another runs or a dead one blocks.
    fn check_lanes(&self, asked: Asked<'_>, taken: &[JobId]) -> Result<(), String> {
        let mut lanes = BTreeSet::new();
        for id in taken {
            let Some(lane) = self.jobs[id].in_line.lane else { continue };
            if !lanes.insert(lane) {
                return Err(format!("it takes two jobs of the lane {lane}"));
            }
            let first = self.first_of(asked.worker, lane);
            if first != Some(*id) {
                return Err(format!("it takes {id} of the lane {lane}, whose turn is {first:?}"));
            }
        }
        Ok(())
    }

    /// The job of a lane that this worker may start now.
    fn first_of(&self, worker: WorkerId, lane: &str) -> Option<JobId> {
        let in_lane = || self.jobs.iter().filter(|(_, job)| job.in_line.lane == Some(lane));
        let keeps = |job: &Job| {
            job.state == State::Running || job.state == State::Dead && job.in_line.keeps_lane
        };
        if in_lane().any(|(_, job)| keeps(job)) {
            return None;
        }
        let order = |(id, job): &(&JobId, &Job)| {
            let has_no_place_yet =
                (job.state == State::Scheduled || job.awaits()) && job.attempt == 0;
            (has_no_place_yet, job.turn(), **id)
        };
        let (id, job) = in_lane().filter(|(_, job)| job.waits_in(lane)).min_by_key(order)?;
        self.may_start(worker, job).then_some(*id)
    }

    /// Of any other line the jobs that this worker may start are taken in the order of the line. Returns the first jobs
    /// of the lines of which nothing is taken.
    fn check_turns(&self, asked: Asked<'_>, taken: &[JobId]) -> Result<Vec<JobId>, String> {
        let mut lines: BTreeMap<_, Vec<JobId>> = BTreeMap::new();
        let may = |job: &Job| {
            asked.queues.contains(&job.queue)
                && job.in_line.lane.is_none()
                && self.may_start(asked.worker, job)
                && self.stands_in_line(job)
        };
        for (id, job) in self.jobs.iter().filter(|(_, job)| may(job)) {
            lines.entry((job.queue, job.priority, job.line())).or_default().push(*id);
        }
        let in_lane = |id: &JobId| self.jobs[id].in_line.lane.is_some();
        let mut known: usize = taken.iter().filter(|id| in_lane(id)).count();
        let mut untaken = Vec::new();
        for (line, mut jobs) in lines {
            jobs.sort_by_key(|id| (self.jobs[id].turn(), *id));
            let of_line: Vec<JobId> =
                taken.iter().copied().filter(|id| jobs.contains(id)).collect();
            if !jobs.starts_with(&of_line) {
                return Err(format!("of the line {line:?} it takes {of_line:?} of {jobs:?}"));
            }
            known += of_line.len();
            untaken.extend(jobs.first().filter(|_| of_line.is_empty()));
        }
        let plain = taken.iter().filter(|id| !self.stands_in_line(&self.jobs[id])).count();
        if known + plain == taken.len() { Ok(untaken) } else { Err("it may not start all".into()) }
    }

    /// No more are taken of a gate than it lets through, which takes the tokens of its rate.
    fn spend(&mut self, taken: &[JobId]) -> Result<(), String> {
        let mut by_gate: BTreeMap<Gate, Vec<Option<u32>>> = BTreeMap::new();
        for job in taken.iter().map(|id| &self.jobs[id]).filter(|job| self.stands_in_line(job)) {
            for gate in job.gates() {
                by_gate.entry(gate).or_default().push(self.limits.most(gate, job));
            }
        }
        for (gate, mut most) in by_gate {
            let running = self.running(gate);
            // Jobs may say different numbers of a key: then the smallest pass first.
            most.sort_by_key(|most| most.unwrap_or(u32::MAX));
            let passes = |(nth, most): (usize, &Option<u32>)| {
                most.is_none_or(|most| running + nth < most as usize)
            };
            if !most.iter().enumerate().all(passes) {
                return Err(format!("beside {running} that run {gate:?} lets {most:?} through"));
            }
            let Some(tokens) = self.limits.tokens(gate, self.now) else { continue };
            let left = tokens - most.len() as f64;
            if left < -GRAIN {
                return Err(format!("of {tokens} tokens {gate:?} spends {}", most.len()));
            }
            self.limits.buckets.insert(gate, (left, self.now));
        }
        Ok(())
    }

    /// Jobs that run and count.
    fn running(&self, gate: Gate) -> usize {
        let runs = |job: &&Job| job.state == State::Running && job.gates().any(|one| one == gate);
        self.jobs.values().filter(runs).count()
    }

    /// A claim of these queues may have given a place in line to jobs of limited kinds and queues, or a sweep of all.
    pub(super) fn meet(&mut self, queues: Option<&[&'static str]>) {
        let looked_at = |job: &Job| queues.is_none_or(|queues| queues.contains(&job.queue));
        let met = |job: &Job| job.state == State::Available && looked_at(job);
        let met = self.jobs.iter().filter(|(_, job)| met(job) && self.stands_in_line(job));
        let met: Vec<JobId> = met.map(|(id, _)| *id).collect();
        met.into_iter().for_each(|id| self.job(id).in_line.is_met = true);
    }

    /// What a claim that had room left behind is kept by something.
    fn check_left(&self, asked: Asked<'_>, untaken: &[JobId]) -> Result<(), String> {
        let lanes: BTreeSet<&str> = self.jobs.values().filter_map(|job| job.in_line.lane).collect();
        let firsts = lanes.into_iter().filter_map(|lane| self.first_of(asked.worker, lane));
        let firsts = firsts.filter(|id| asked.queues.contains(&self.jobs[id].queue));
        for id in firsts.chain(untaken.iter().copied()) {
            let job = &self.jobs[&id];
            if job.gates().all(|gate| self.lets_through(gate, job)) {
                return Err(format!("it leaves {id} behind, which nothing keeps"));
            }
        }
        Ok(())
    }

    fn lets_through(&self, gate: Gate, job: &Job) -> bool {
        let has_room =
            self.limits.most(gate, job).is_none_or(|most| self.running(gate) < most as usize);
        let tokens = self.limits.tokens(gate, self.now);
        has_room && tokens.is_none_or(|tokens| tokens >= 1.0 + GRAIN)
    }

    /// Lets a lane go on behind dead jobs; one of them.
    pub(super) fn open_lane(&mut self, lane: &str) -> Vec<JobId> {
        let blocks = |job: &Job| {
            job.in_line.lane == Some(lane) && job.state == State::Dead && job.in_line.keeps_lane
        };
        let dead: Vec<JobId> =
            self.jobs.iter().filter(|(_, job)| blocks(job)).map(|(id, _)| *id).collect();
        dead.iter().for_each(|id| self.job(*id).in_line.keeps_lane = false);
        dead
    }

    /// Jobs of a kind that are in a lane.
    pub(super) fn in_lane(&self, lane: &str, kind: &str) -> Vec<JobId> {
        let is_there = |job: &Job| {
            job.in_line.lane == Some(lane) && job.kind == kind && !job.state.is_terminal()
        };
        self.jobs.iter().filter(|(_, job)| is_there(job)).map(|(id, _)| *id).collect()
    }

    /// Cancels the jobs of a kind that wait in a lane.
    pub(super) fn supersede(&mut self, lane: &str, kind: &str) {
        let now = self.now;
        for id in self.in_lane(lane, kind) {
            let job = self.job(id);
            if job.state != State::Running {
                job.end(Verb::Cancel, State::Cancelled, now);
            }
        }
    }
}

/// A limit, in words that fit on a line.
pub(super) fn told(limit: &Limit) -> String {
    let rate = limit.rate.map(|rate| (rate.tokens, rate.per, rate.burst));
    format!("{}: running {:?}, rate {rate:?}", limit.on, limit.running)
}
