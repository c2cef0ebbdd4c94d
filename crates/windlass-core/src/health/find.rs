//! Which problems there are.

use std::collections::{BTreeMap, BTreeSet};

use super::problem::Problem;
use super::seen::{Counted, LaneSeen, Observed, Parked};
use super::{Thresholds, lines, rates};
use crate::error::StoreError;
use crate::job::{Counts, State};
use crate::limit::LimitRecord;
use crate::queue::{PausedKind, QueueRecord};
use crate::reply::Now;
use crate::source::{SourceRecord, SourceState};
use crate::store::Store;
use crate::time::Timestamp;
use crate::worker::WorkerRecord;

/// What problems are found in.
#[derive(Debug, Clone)]
pub struct Overview {
    /// What the store sees of jobs.
    pub observed: Observed,
    /// How many jobs there are; of those that wait at least so many as make a problem.
    pub counts: Counts,
    /// The queues.
    pub queues: Vec<QueueRecord>,
    /// The kinds that are paused.
    pub paused_kinds: Vec<PausedKind>,
    /// The workers.
    pub workers: Vec<WorkerRecord>,
    /// The limits that are set.
    pub limits: Vec<LimitRecord>,
    /// The sources.
    pub sources: Vec<SourceRecord>,
}

impl Overview {
    /// Asks a store for all of it.
    ///
    /// # Errors
    /// When the store cannot be asked.
    pub async fn of(
        store: &dyn Store,
        thresholds: &Thresholds,
        now: Now,
    ) -> Result<Self, StoreError> {
        let limits = store.limits(now).await?;
        let mut counts = store.capped_counts().await?;
        rates::count_enough(store, &limits, &mut counts).await?;
        Ok(Self {
            observed: store.observe(thresholds, now).await?,
            counts,
            queues: store.queues(now).await?,
            paused_kinds: store.paused_kinds(now).await?,
            workers: store.workers().await?,
            limits,
            sources: store.sources().await?,
        })
    }

    /// The worker that leads. Where there is none nothing that time brings is done: no job becomes due, and none is taken back.
    #[must_use]
    pub fn leader(&self) -> Option<&WorkerRecord> {
        let leader = self.observed.leader.filter(|leader| leader.until > self.observed.at)?;
        self.workers.iter().find(|worker| worker.id == leader.worker)
    }

    /// When jobs were due that are neither in a lane that another has nor paused, with their queue, kind and limit by key.
    pub(super) fn ready(&self) -> impl Iterator<Item = (Timestamp, &str, &str, Option<&str>)> + '_ {
        let ready = self.observed.ready.iter().map(|ready| {
            (ready.oldest_due_at, &*ready.queue, &*ready.kind, ready.limit.as_deref())
        });
        let is_free = |lane: &&LaneSeen| lane.state == State::Available && !lane.held;
        let first_of_lanes = self.observed.lanes.waiting.iter().filter(is_free);
        let first = first_of_lanes.map(|lane| (lane.due_at, &*lane.queue, &*lane.kind, None));
        ready.chain(first).filter(|(_, queue, kind, _)| !self.is_paused(queue, kind))
    }

    /// Of each queue when the oldest job was due, and its kind.
    fn oldest(&self, thresholds: &Thresholds) -> BTreeMap<&str, (Timestamp, &str)> {
        let mut oldest: BTreeMap<&str, (Timestamp, &str)> = BTreeMap::new();
        for (due_at, queue, kind, _) in self.ready().filter(|one| !thresholds.is_muted(one.2)) {
            let of_queue = oldest.entry(queue).or_insert((due_at, kind));
            *of_queue = (*of_queue).min((due_at, kind));
        }
        oldest
    }

    fn is_paused(&self, queue: &str, kind: &str) -> bool {
        self.queues.iter().any(|one| one.name == queue && one.paused_at.is_some())
            || self.paused_kinds.iter().any(|one| one.kind == kind)
    }
}

/// The problems there are, by their aspects. Each is found for itself: no problem hides another.
#[must_use]
pub fn problems(overview: &Overview, thresholds: &Thresholds) -> Vec<Problem> {
    let mut found = latency(overview, thresholds);
    found.extend(failing(overview, thresholds));
    found.extend(running(overview, thresholds));
    found.extend(dying(overview, thresholds));
    found.extend(lines::lanes(overview, thresholds));
    found.extend(lines::limits(overview, thresholds));
    found.extend(lines::breakers(overview, thresholds));
    found.extend(waiting(overview, thresholds));
    found.extend(overview.sources.iter().filter_map(|one| unread(one, thresholds)));
    found.extend(overview.sources.iter().filter_map(|one| overdue(one, overview.observed.at)));
    found
}

/// Jobs that no live worker would run, as far as is known by the queues that workers serve and the kinds that they know. They are
/// apart from [`problems`]: where a command asks, it may be that no worker is there yet.
#[must_use]
pub fn unserved(overview: &Overview, thresholds: &Thresholds) -> Vec<Problem> {
    let at = overview.observed.at;
    let is_old = |due_at: Timestamp| at.since(due_at) >= thresholds.unserved;
    let serves = |worker: &&WorkerRecord| worker.expires_at > at;
    let served: BTreeSet<&str> = overview
        .workers
        .iter()
        .filter(serves)
        .flat_map(|worker| worker.queues.iter().map(String::as_str))
        .collect();
    let oldest = overview.oldest(thresholds);
    let oldest = oldest
        .into_iter()
        .filter(|(queue, (due_at, _))| !served.contains(queue) && is_old(*due_at));
    let queues = oldest.map(|(queue, (oldest_due_at, kind))| Problem::QueueUnserved {
        queue: queue.to_owned(),
        kind: kind.to_owned(),
        oldest_due_at,
    });
    let mut kinds: BTreeMap<(&str, u16), Parked> = BTreeMap::new();
    let is_paused = |kind: &str| overview.paused_kinds.iter().any(|paused| paused.kind == kind);
    let counts = |one: &&Parked| !is_paused(&one.kind) && !thresholds.is_muted(&one.kind);
    for one in overview.observed.parked.iter().filter(counts) {
        let sum = kinds
            .entry((&one.kind, one.version))
            .or_insert_with(|| Parked { jobs: Counted::default(), ..one.clone() });
        sum.jobs = sum.jobs.and(one.jobs);
        sum.oldest_due_at = sum.oldest_due_at.min(one.oldest_due_at);
    }
    let kinds = kinds.into_values().filter(|one| is_old(one.oldest_due_at));
    let kinds = kinds.map(|one| Problem::KindUnhandled {
        kind: one.kind,
        version: one.version,
        queue: one.queue,
        jobs: one.jobs,
        oldest_due_at: one.oldest_due_at,
    });
    queues.chain(kinds).collect()
}

fn latency(overview: &Overview, thresholds: &Thresholds) -> Vec<Problem> {
    let is_late = |due_at: Timestamp| overview.observed.at.since(due_at) >= thresholds.latency;
    overview
        .oldest(thresholds)
        .into_iter()
        .filter(|(_, (due_at, _))| is_late(*due_at))
        .map(|(queue, (oldest_due_at, kind))| Problem::Latency {
            queue: queue.to_owned(),
            kind: kind.to_owned(),
            oldest_due_at,
        })
        .collect()
}

fn failing<'a>(
    overview: &'a Overview,
    thresholds: &'a Thresholds,
) -> impl Iterator<Item = Problem> + 'a {
    let counts = |one: &&super::Failing| {
        one.failures >= thresholds.failures && !thresholds.is_muted(&one.kind)
    };
    overview.observed.failing.iter().filter(counts).map(|one| Problem::Failing {
        kind: one.kind.clone(),
        jobs: one.jobs,
        failures: one.failures,
        job: one.job,
        named: one.named.clone(),
    })
}

fn running<'a>(
    overview: &'a Overview,
    thresholds: &'a Thresholds,
) -> impl Iterator<Item = Problem> + 'a {
    let is_long = |one: &&super::RunningJob| {
        let ran = overview.observed.at.since(one.since);
        ran >= thresholds.may_run(one.expected) && !thresholds.is_muted(&one.kind)
    };
    overview.observed.running.iter().filter(is_long).map(|one| Problem::RunningLong {
        job: one.job,
        kind: one.kind.clone(),
        queue: one.queue.clone(),
        worker: one.worker.clone(),
        since: one.since,
        expected: one.expected,
    })
}

fn dying<'a>(
    overview: &'a Overview,
    thresholds: &'a Thresholds,
) -> impl Iterator<Item = Problem> + 'a {
    let is_news = |one: &&super::Dead| one.lately > 0 && !thresholds.is_muted(&one.kind);
    overview.observed.dead.iter().filter(is_news).map(|one| Problem::Dying {
        kind: one.kind.clone(),
        jobs: super::Counted { jobs: one.lately, or_more: one.jobs.or_more },
        last_at: one.last_at,
        job: one.last,
    })
}

fn unread(source: &SourceRecord, thresholds: &Thresholds) -> Option<Problem> {
    let name = source.name.clone();
    match source.state {
        SourceState::Paused => None,
        SourceState::Stopped => {
            let (reason, since) = (source.reason.clone(), source.changed_at);
            Some(Problem::SourceStopped { source: name, reason, since })
        }
        SourceState::Running => {
            let (error, failed_at) = source.error.clone().zip(source.error_at)?;
            let failures = source.failures;
            (failures >= thresholds.failures).then_some(Problem::SourceFailing {
                source: name,
                failures,
                error,
                failed_at,
            })
        }
    }
}

fn overdue(source: &SourceRecord, at: Timestamp) -> Option<Problem> {
    let since = source.overdue_since(at)?;
    let holder = source.holder.clone().filter(|_| source.held_until > Some(at));
    Some(Problem::SourceOverdue { source: source.name.clone(), since, holder })
}

fn waiting<'a>(
    overview: &'a Overview,
    thresholds: &'a Thresholds,
) -> impl Iterator<Item = Problem> + 'a {
    let counts = |one: &&super::StuckJob| !thresholds.is_muted(&one.kind);
    overview.observed.stuck.iter().filter(counts).map(|one| Problem::Stuck {
        job: one.job,
        kind: one.kind.clone(),
        queue: one.queue.clone(),
        since: one.since,
        condition: one.condition.clone(),
        awaited: one.awaited,
        ended: one.ended,
    })
}
