//! Problems of lanes, limits and breakers.

use std::collections::BTreeSet;

use super::Thresholds;
use super::find::Overview;
use super::problem::Problem;
use super::rates::{LONG, takes};
use super::seen::Counted;
use crate::job::State;
use crate::limit::{LimitOn, LimitRecord};
use crate::name::nearest;
use crate::time::Timestamp;

pub(super) fn lanes<'a>(
    overview: &'a Overview,
    thresholds: &'a Thresholds,
) -> impl Iterator<Item = Problem> + 'a {
    let lanes = &overview.observed.lanes;
    let blocked = lanes.blocked.iter().filter(|lane| !thresholds.is_muted(&lane.kind));
    let blocked = blocked.map(|lane| Problem::LaneBlocked {
        lane: lane.lane.clone(),
        job: lane.job,
        kind: lane.kind.clone(),
        reason: lane.reason.clone(),
        since: lane.since,
        waiting: lane.waiting,
    });
    let long = lanes.waiting.iter().filter(|lane| lane.jobs.jobs > thresholds.lane);
    blocked
        .chain(long.map(|lane| Problem::LaneLong { lane: lane.lane.clone(), waiting: lane.jobs }))
}

pub(super) fn limits(overview: &Overview, thresholds: &Thresholds) -> Vec<Problem> {
    let names = Names::of(overview);
    let of_one = |record: &LimitRecord| {
        [full(overview, record, thresholds), slow(overview, record), names.unused(record)]
    };
    overview
        .limits
        .iter()
        .filter(|record| !muted(record, thresholds))
        .flat_map(of_one)
        .flatten()
        .collect()
}

pub(super) fn breakers<'a>(
    overview: &'a Overview,
    thresholds: &'a Thresholds,
) -> impl Iterator<Item = Problem> + 'a {
    overview.limits.iter().filter(|record| !muted(record, thresholds)).filter_map(|record| {
        let (since, breaker) = record.open_since.zip(record.limit.breaker)?;
        let until = since.after(breaker.open_for);
        Some(Problem::BreakerOpen { on: record.limit.on.clone(), since, until })
    })
}

/// Whether a limit is one of a kind that is left out.
fn muted(record: &LimitRecord, thresholds: &Thresholds) -> bool {
    matches!(&record.limit.on, LimitOn::Kind(kind) if thresholds.is_muted(kind))
}

fn concerns(on: &LimitOn, queue: &str, kind: &str, limit: Option<&str>) -> bool {
    match on {
        LimitOn::Queue(name) => name == queue,
        LimitOn::Kind(name) => name == kind,
        LimitOn::Key(name) => limit == Some(name.as_str()),
    }
}

fn full(overview: &Overview, record: &LimitRecord, thresholds: &Thresholds) -> Option<Problem> {
    let most = record.limit.running.filter(|_| record.is_full())?;
    let concerned = overview
        .ready()
        .filter(|(_, queue, kind, limit)| concerns(&record.limit.on, queue, kind, *limit))
        .filter(|(_, _, kind, _)| !thresholds.is_muted(kind));
    let oldest_due_at: Timestamp = concerned.map(|(due_at, ..)| due_at).min()?;
    let is_late = overview.observed.at.since(oldest_due_at) >= thresholds.latency;
    is_late.then(|| Problem::LimitFull {
        on: record.limit.on.clone(),
        most,
        full_keys: record.full_keys,
        oldest_due_at,
    })
}

/// Jobs that cost more than a token take longer still; that is not known here.
fn slow(overview: &Overview, record: &LimitRecord) -> Option<Problem> {
    let rate = record.limit.rate?;
    let waiting = waiting(overview, &record.limit.on)?;
    let takes = takes(rate, waiting.jobs);
    (takes > LONG).then(|| Problem::RateSlow { on: record.limit.on.clone(), waiting, takes })
}

/// How many jobs of a queue or a kind are available. Of the keys of a name each has a rate of its own.
fn waiting(overview: &Overview, on: &LimitOn) -> Option<Counted> {
    if let LimitOn::Key(_) = on {
        return None;
    }
    let ready = overview.observed.ready.iter();
    let ready = ready.filter(|one| concerns(on, &one.queue, &one.kind, None));
    let seen = ready.fold(Counted::default(), |sum, one| sum.and(one.jobs));
    let counted = match on {
        LimitOn::Queue(queue) => overview.counts.by_queue.get(queue),
        _ => None,
    };
    let counted = counted.and_then(|states| states.get(&State::Available)).copied().unwrap_or(0);
    let is_counted = counted >= seen.jobs && counted > 0;
    let or_more = match on {
        LimitOn::Queue(queue) => overview.counts.may_be_more(queue, State::Available),
        _ => false,
    };
    Some(if is_counted { Counted { jobs: counted, or_more } } else { seen })
}

/// The names that jobs and workers use.
struct Names<'a> {
    queues: BTreeSet<&'a str>,
    kinds: BTreeSet<&'a str>,
    limits: BTreeSet<&'a str>,
    has_workers: bool,
}

impl<'a> Names<'a> {
    fn of(overview: &'a Overview) -> Self {
        let seen = &overview.observed;
        let ready = seen.ready.iter().map(|one| &*one.kind);
        let lanes = seen.lanes.waiting.iter().map(|one| &*one.kind);
        let handlers = overview.workers.iter().flat_map(|worker| &worker.handlers);
        let kinds = handlers.map(|handler| handler.kind()).chain(ready).chain(lanes);
        let kinds = kinds.chain(seen.failing.iter().map(|one| &*one.kind));
        let kinds = kinds.chain(seen.running.iter().map(|one| &*one.kind));
        let counted = overview.counts.by_queue.keys().map(String::as_str);
        Self {
            queues: overview.queues.iter().map(|one| &*one.name).chain(counted).collect(),
            kinds: kinds.chain(seen.dead.iter().map(|one| &*one.kind)).collect(),
            limits: seen.ready.iter().filter_map(|one| one.limit.as_deref()).collect(),
            has_workers: !overview.workers.is_empty(),
        }
    }

    /// A name that nothing uses. What waits and runs changes, so where no worker is there nothing is said of kinds, and of
    /// names of keys only what looks like another one that is used.
    fn unused(&self, record: &LimitRecord) -> Option<Problem> {
        let on = &record.limit.on;
        let is_used =
            record.running_now.is_some_and(|jobs| jobs > 0) || record.open_since.is_some();
        let (name, known) = match on {
            LimitOn::Queue(name) => (name, &self.queues),
            LimitOn::Kind(name) => (name, &self.kinds),
            LimitOn::Key(name) => (name, &self.limits),
        };
        if is_used || known.contains(name.as_str()) {
            return None;
        }
        let known: Vec<&str> = known.iter().copied().collect();
        let nearest = nearest(name, &known).map(ToOwned::to_owned);
        let is_told = match on {
            LimitOn::Queue(_) => true,
            LimitOn::Kind(_) => self.has_workers,
            LimitOn::Key(_) => nearest.is_some() && !self.kinds.contains(name.as_str()),
        };
        is_told.then(|| Problem::LimitUnused { on: on.clone(), nearest })
    }
}
