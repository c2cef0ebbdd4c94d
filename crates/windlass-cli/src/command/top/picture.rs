//! What is shown, made of a look and of those before it, without any drawing.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::time::Duration;

use windlass::health::{Problem, Thresholds, problems, unserved};
use windlass::job::{Field, Filter, Term, WorkerPattern};
use windlass::limits::LEADER_TTL;
use windlass::name::matches;
use windlass::queue::QueueRecord;
use windlass::worker::WorkerRecord;
use windlass::{JobId, LimitOn, State, Timestamp};
use windlass_http::health::{CheckStatus, remedy, told, weight};

use super::look::Look;
use super::pace::Pace;
use crate::output::time;

/// How things are at a moment.
#[derive(Debug, Clone)]
pub(super) struct Picture {
    /// The moment, by the database's clock.
    pub(super) at: Timestamp,
    /// Product and version of the database.
    pub(super) server: String,
    /// Whether all jobs were counted; otherwise there may be more that wait.
    pub(super) exact: bool,
    pub(super) jobs: BTreeMap<State, u64>,
    /// Jobs that end in a second.
    pub(super) rate: Option<f64>,
    /// Jobs that all live workers can run at once.
    pub(super) slots: u64,
    /// Since when the oldest available job of all is due.
    pub(super) oldest: Option<Timestamp>,
    pub(super) problems: Vec<Trouble>,
    pub(super) queues: Vec<QueueRow>,
    /// The jobs that run longest first.
    pub(super) running: Vec<RunningRow>,
    /// Whether there are more than were looked at.
    pub(super) running_or_more: bool,
    pub(super) workers: Vec<WorkerRecord>,
}

/// Something that is not as it should be.
#[derive(Debug, Clone)]
pub(super) struct Trouble {
    pub(super) weight: CheckStatus,
    /// What it is about, such as `latency`.
    pub(super) aspect: String,
    pub(super) text: String,
    /// What to do about it.
    pub(super) fix: String,
    /// Where to look; none where there is nothing to open.
    pub(super) about: About,
    /// The problem itself, where it is one of a store's health.
    pub(super) problem: Option<Problem>,
}

/// What a row leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum About {
    Job(JobId),
    /// A dead job.
    DeadJob(JobId),
    /// Jobs that match.
    Jobs(Filter),
    Nothing,
}

/// A queue.
#[derive(Debug, Clone)]
pub(super) struct QueueRow {
    pub(super) record: QueueRecord,
    pub(super) running: u64,
    /// So many may run at once.
    pub(super) limit: Option<u32>,
    pub(super) available: u64,
    /// Whether there may be more.
    pub(super) available_or_more: bool,
    pub(super) dead: u64,
    /// Jobs that end in a second.
    pub(super) rate: Option<f64>,
    pub(super) p99_wait: Option<Duration>,
    /// Jobs that ended in a second between each two looks, the newest last.
    pub(super) points: Vec<f64>,
    /// Whether one of the problems is about it.
    pub(super) in_trouble: bool,
}

/// A job that runs.
#[derive(Debug, Clone)]
pub(super) struct RunningRow {
    pub(super) job: JobId,
    pub(super) kind: String,
    pub(super) queue: String,
    pub(super) worker: String,
    pub(super) since: Timestamp,
    /// How long its kind is expected to run, where that is known.
    pub(super) expected: Option<Duration>,
    /// Whether it runs for too long.
    pub(super) over: bool,
}

impl Picture {
    /// What a look has seen, narrowed by a filter. Problems are not narrowed.
    pub(super) fn of(
        look: &Look,
        pace: &Pace,
        (filter, thresholds): (&Filter, &Thresholds),
    ) -> Self {
        let (overview, at) = (&look.overview, look.facts.now);
        let problems = troubles(look, thresholds);
        let jobs = State::ALL.map(|state| (state, overview.counts.of(state)));
        let alive = overview.workers.iter().filter(|worker| worker.expires_at >= at);
        let mut queues: Vec<QueueRow> = overview
            .queues
            .iter()
            .filter(|queue| fits_queue(filter, &queue.name))
            .map(|queue| QueueRow::of(queue, look, (pace, &problems)))
            .collect();
        // One whose jobs come and go is not idle between two of them.
        let is_idle = |queue: &QueueRow| {
            queue.running + queue.available == 0 && queue.points.iter().all(|point| *point == 0.0)
        };
        // Rows stay where they are while numbers change: what has work, and above that what is in trouble.
        queues.sort_by(|a, b| {
            let rank = |queue: &QueueRow| (Reverse(queue.in_trouble), is_idle(queue));
            rank(a).cmp(&rank(b)).then_with(|| a.record.name.cmp(&b.record.name))
        });
        let fits = |worker: &&WorkerRecord| fits_worker(filter, worker);
        let mut workers: Vec<WorkerRecord> =
            overview.workers.iter().filter(fits).cloned().collect();
        workers.sort_by(|a, b| a.label.cmp(&b.label).then(a.id.cmp(&b.id)));
        Self {
            at,
            server: look.facts.server.clone(),
            exact: overview.counts.exact,
            jobs: jobs.into_iter().collect(),
            rate: pace.rate_of_all(),
            slots: alive.map(|worker| u64::from(worker.slots)).sum(),
            oldest: overview.queues.iter().filter_map(|queue| queue.oldest_due_at).min(),
            queues,
            running: running(look, filter, &problems),
            running_or_more: look.running_or_more,
            workers,
            problems,
        }
    }

    /// The number of jobs in a state.
    pub(super) fn of_state(&self, state: State) -> u64 {
        self.jobs.get(&state).copied().unwrap_or(0)
    }
}

impl QueueRow {
    fn of(queue: &QueueRecord, look: &Look, (pace, problems): (&Pace, &[Trouble])) -> Self {
        let counts = look.overview.counts.by_queue.get(&queue.name);
        let number = |state| counts.and_then(|states| states.get(&state)).copied().unwrap_or(0);
        let is_of = |on: &LimitOn| matches!(on, LimitOn::Queue(name) if *name == queue.name);
        let limit = look.overview.limits.iter().find(|record| is_of(&record.limit.on));
        let is_about = |trouble: &Trouble| {
            trouble.problem.as_ref().and_then(queue_of).is_some_and(|name| name == queue.name)
        };
        Self {
            record: queue.clone(),
            running: number(State::Running),
            limit: limit.and_then(|record| record.limit.running),
            available: number(State::Available),
            available_or_more: look.overview.counts.may_be_more(&queue.name, State::Available),
            dead: number(State::Dead),
            rate: pace.rate(&queue.name),
            p99_wait: pace.p99_wait(&queue.name),
            points: pace.points(&queue.name),
            in_trouble: problems.iter().any(is_about),
        }
    }
}

/// The queue that stands in trouble by a problem of it.
fn queue_of(problem: &Problem) -> Option<&str> {
    match problem {
        Problem::Latency { queue, .. } | Problem::QueueUnserved { queue, .. } => Some(queue),
        Problem::LimitFull { on: LimitOn::Queue(queue), .. }
        | Problem::BreakerOpen { on: LimitOn::Queue(queue), .. } => Some(queue),
        _ => None,
    }
}

/// The jobs that run longest: those that run for too long, and of the newest those that were looked at.
fn running(look: &Look, filter: &Filter, problems: &[Trouble]) -> Vec<RunningRow> {
    let is_over = |id: JobId| {
        let of =
            |problem: &Problem| matches!(problem, Problem::RunningLong { job, .. } if *job == id);
        problems.iter().filter_map(|trouble| trouble.problem.as_ref()).any(of)
    };
    let mut rows: BTreeMap<JobId, RunningRow> = BTreeMap::new();
    // What a filter leaves is known of records alone.
    let seen = look.overview.observed.running.iter().filter(|_| filter.terms.is_empty());
    for one in seen {
        let row = RunningRow {
            job: one.job,
            kind: one.kind.clone(),
            queue: one.queue.clone(),
            worker: one.worker.clone(),
            since: one.since,
            expected: one.expected,
            over: is_over(one.job),
        };
        rows.insert(one.job, row);
    }
    for job in &look.running {
        rows.entry(job.id).or_insert_with(|| RunningRow {
            job: job.id,
            kind: job.kind.clone(),
            queue: job.queue.clone(),
            worker: job.worker.clone().unwrap_or_default(),
            since: job.started_at.unwrap_or(job.run_at),
            expected: None,
            over: is_over(job.id),
        });
    }
    let mut rows: Vec<RunningRow> = rows.into_values().collect();
    rows.sort_by_key(|row| (row.since, row.job));
    rows
}

fn troubles(look: &Look, thresholds: &Thresholds) -> Vec<Trouble> {
    let (overview, at) = (&look.overview, look.facts.now);
    let mut found = problems(overview, thresholds);
    found.extend(unserved(overview, thresholds));
    let mut troubles: Vec<Trouble> = found.into_iter().map(|one| Trouble::of(one, at)).collect();
    troubles.extend(without_leader(look));
    // What weighs more comes first, and otherwise the order of the doctor.
    troubles.sort_by_key(|trouble| trouble.weight != CheckStatus::Problem);
    troubles
}

impl Trouble {
    fn of(problem: Problem, at: Timestamp) -> Self {
        let aspect = serde_json::to_value(problem.aspect()).unwrap_or_default();
        Self {
            weight: weight(&problem),
            aspect: aspect.as_str().unwrap_or_default().to_owned(),
            text: told(&problem, at),
            fix: remedy(&problem),
            about: About::of(&problem),
            problem: Some(problem),
        }
    }
}

impl About {
    fn of(problem: &Problem) -> Self {
        const LIMITED: [State; 2] = [State::Available, State::Running];
        let of_limit = |on: &LimitOn| match on {
            LimitOn::Queue(queue) => {
                Self::Jobs(jobs_of(Field::Queue(vec![queue.clone()]), &LIMITED))
            }
            LimitOn::Kind(kind) => Self::Jobs(jobs_of(Field::Kind(vec![kind.clone()]), &LIMITED)),
            LimitOn::Key(_) => Self::Nothing,
        };
        match problem {
            Problem::Latency { queue, .. } | Problem::QueueUnserved { queue, .. } => {
                Self::Jobs(jobs_of(Field::Queue(vec![queue.clone()]), &[State::Available]))
            }
            Problem::KindUnhandled { kind, .. } => {
                Self::Jobs(jobs_of(Field::Kind(vec![kind.clone()]), &[State::Waiting]))
            }
            Problem::Failing { job, .. }
            | Problem::RunningLong { job, .. }
            | Problem::Stuck { job, .. } => Self::Job(*job),
            Problem::Dying { job, .. } | Problem::LaneBlocked { job, .. } => Self::DeadJob(*job),
            Problem::LimitFull { on, .. }
            | Problem::LimitUnused { on, .. }
            | Problem::RateSlow { on, .. }
            | Problem::BreakerOpen { on, .. } => of_limit(on),
            _ => Self::Nothing,
        }
    }
}

/// Jobs with this value, in one of these states.
pub(super) fn jobs_of(field: Field, states: &[State]) -> Filter {
    let fields = match states {
        [] => vec![field],
        states => vec![field, Field::State(states.to_vec())],
    };
    Filter { terms: fields.into_iter().map(|field| Term { negated: false, field }).collect() }
}

/// That nothing is done which time brings, where workers live and none of them leads.
fn without_leader(look: &Look) -> Option<Trouble> {
    let (overview, at) = (&look.overview, look.facts.now);
    let lives = overview.workers.iter().any(|worker| worker.expires_at >= at);
    if !lives || overview.leader().is_some() {
        return None;
    }
    let until = overview.observed.leader.map(|leader| leader.until);
    let late = until.filter(|until| at > until.after(LEADER_TTL));
    let since = late.map(|until| format!(" for {}", time::age(at.since(until))));
    let since = since.unwrap_or_default();
    Some(Trouble {
        weight: if late.is_some() { CheckStatus::Problem } else { CheckStatus::Warning },
        aspect: "leader".to_owned(),
        text: format!(
            "no worker leads{since}: no job becomes due, is tried again or is taken back"
        ),
        fix: "windlass doctor".to_owned(),
        about: About::Nothing,
        problem: None,
    })
}

/// Whether the terms of a filter that name queues let this one through.
fn fits_queue(filter: &Filter, name: &str) -> bool {
    filter.terms.iter().all(|term| match &term.field {
        Field::Queue(patterns) => {
            patterns.iter().any(|pattern| matches(pattern, name)) != term.negated
        }
        _ => true,
    })
}

/// Whether the terms that name workers let this one through.
fn fits_worker(filter: &Filter, worker: &WorkerRecord) -> bool {
    let is_one = |pattern: &WorkerPattern| match pattern {
        WorkerPattern::Id(id) => *id == worker.id,
        WorkerPattern::Label(label) => matches(label, &worker.label),
    };
    filter.terms.iter().all(|term| match &term.field {
        Field::Worker(patterns) => patterns.iter().any(is_one) != term.negated,
        _ => true,
    })
}

#[cfg(test)]
mod tests;
