//! A job as it is asked for.

use std::time::Duration;

use serde::Deserialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;
use windlass::batch::Membership;
use windlass::condition::{Overdue, Waits};
use windlass::job::{Due, Expires, Identity};
use windlass::{BatchId, Fair, JobId, Json, Lane, Limited, NewJob, Subject, Timestamp, Unique};

use crate::problem::Problem;
use crate::schema;

/// A job to be written.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewJob)]
pub(crate) struct NewJobBody {
    /// What is to be done; a handler of this name runs it.
    pub(crate) kind: String,
    /// What the handler gets; {} unless given.
    #[schema(required = false, value_type = serde_json::Value)]
    pub(crate) args: Option<Box<RawValue>>,
    /// The shape of `args`; 1 unless given.
    pub(crate) version: Option<u16>,
    /// Where it waits; `default` unless given.
    pub(crate) queue: Option<String>,
    /// Smaller runs first; 0 unless given.
    #[serde(default)]
    pub(crate) priority: i16,
    /// Due this long from now.
    pub(crate) delay_ms: Option<u64>,
    /// Due at this moment.
    #[schema(value_type = Option<schema::Moment>)]
    pub(crate) run_at: Option<Timestamp>,
    /// If it has not started this long after it is due, it is cancelled and never runs.
    pub(crate) expires_ms: Option<u64>,
    /// If it has not started by this moment, it is cancelled and never runs.
    #[schema(value_type = Option<schema::Moment>)]
    pub(crate) expires_at: Option<Timestamp>,
    /// Failures after which it is dead; 0 never gives up; the handler's limit unless given.
    pub(crate) max_attempts: Option<u16>,
    /// Worker deaths after which it is dead; 0 sets no limit; the handler's limit unless given.
    pub(crate) max_losses: Option<u16>,
    /// How long its handler may run; the handler's limit unless given.
    pub(crate) timeout_ms: Option<u64>,
    /// Words it is found by.
    #[serde(default)]
    pub(crate) tags: Vec<String>,
    /// What it is about.
    #[serde(default)]
    pub(crate) subjects: Vec<NewSubject>,
    /// Fields of its args that are not shown, by their paths, such as `card.number`; workers get them. At most 64.
    #[serde(default)]
    #[schema(max_items = 64)]
    pub(crate) redact: Vec<String>,
    /// What makes it the only one of its kind.
    pub(crate) unique: Option<NewUnique>,
    /// The jobs it runs one after the other with.
    pub(crate) lane: Option<NewLane>,
    /// Whose turns it runs in.
    pub(crate) fair: Option<NewFair>,
    /// The key of which only so many run at once.
    pub(crate) limited: Option<NewLimited>,
    /// What it takes of rates.
    pub(crate) cost: Option<u16>,
    /// What it waits for before a worker may have it.
    pub(crate) waits: Option<NewWaits>,
    /// The batch it is in, which has not ended.
    #[schema(value_type = Option<schema::BatchId>)]
    pub(crate) batch: Option<BatchId>,
    /// Its name there.
    pub(crate) step: Option<String>,
    /// The id it is to have: a request that is repeated with it writes no second job.
    #[schema(value_type = Option<schema::JobId>)]
    pub(crate) id: Option<JobId>,
    /// W3C trace context; that of the request unless given.
    pub(crate) traceparent: Option<String>,
}

/// What a job is about.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewSubject {
    /// Such as `customer`.
    r#type: String,
    /// Such as `42`.
    id: String,
}

/// What makes a job the only one of its kind.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewUnique {
    /// The key.
    key: String,
    /// Until when it holds the key: `finished` unless given.
    #[serde(default)]
    until: UntilWord,
    /// With `elapsed`: for how long.
    for_ms: Option<u64>,
    /// What happens where another job holds the key: `keep` unless given.
    #[serde(default)]
    on_conflict: OnConflictWord,
}

#[derive(Debug, Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum UntilWord {
    /// It is claimed for the first time.
    Started,
    /// It has ended.
    #[default]
    Finished,
    /// A time has passed since it was written.
    Elapsed,
}

#[derive(Debug, Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum OnConflictWord {
    /// That one is kept as it is, and the answer names it.
    #[default]
    Keep,
    /// That one gets these args, due time and priority.
    Replace,
    /// The request is refused.
    Reject,
}

/// The jobs it runs one after the other with.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewLane {
    /// Their key.
    key: String,
    /// Whether the lane stands still when it is dead.
    #[serde(default)]
    when_dead: WhenDeadWord,
    /// Kinds whose waiting jobs it cancels.
    #[serde(default)]
    supersedes: Vec<String>,
    /// Kinds that refuse it while they are in the lane.
    #[serde(default)]
    refused_by: Vec<String>,
}

#[derive(Debug, Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum WhenDeadWord {
    /// The next one begins.
    #[default]
    Skip,
    /// The lane stands still until it is retried, or a person opens the lane.
    Block,
}

/// Whose turns it runs in.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewFair {
    /// The key.
    key: String,
    /// Jobs that the key has in each turn.
    weight: Option<u16>,
}

/// The key of which only so many run at once.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewLimited {
    /// The key.
    key: String,
    /// The limit's name; the kind unless given.
    name: Option<String>,
    /// How many, unless a limit of that name says otherwise.
    running: Option<u32>,
}

/// What a job waits for.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewWaits {
    /// Jobs that have to be completed.
    #[serde(default)]
    #[schema(value_type = Vec<schema::JobId>)]
    jobs: Vec<JobId>,
    /// Batches whose jobs have to have ended.
    #[serde(default)]
    #[schema(value_type = Vec<schema::BatchId>)]
    batches: Vec<BatchId>,
    /// Keys of signals that have to come.
    #[serde(default)]
    signals: Vec<String>,
    /// So many of these suffice; all unless given.
    needed: Option<u32>,
    /// It waits no longer than this.
    deadline_ms: Option<u64>,
    /// What happens then: `run` unless given.
    #[serde(default)]
    overdue: OverdueWord,
}

#[derive(Debug, Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum OverdueWord {
    /// It runs without what has not come.
    #[default]
    Run,
    /// It is cancelled.
    Cancel,
    /// It is dead, until a person retries it.
    Die,
}

impl NewJobBody {
    /// The job. `pointer` is where in the body it stands.
    pub(crate) fn job(self, pointer: &str) -> Result<NewJob, Problem> {
        let at = |field: &str, detail: &str| Problem::body(format!("{pointer}/{field}"), detail);
        let args = self.args.map_or_else(|| "{}".into(), |args| -> Box<str> { args.into() });
        let args = Json::args(args).map_err(|error| at("args", &error.to_string()))?;
        let mut job = NewJob::new(self.kind, args);
        job.version = self.version.unwrap_or(1);
        job.priority = self.priority;
        job.max_attempts = self.max_attempts;
        if let Some(queue) = self.queue {
            job.queue = queue;
        }
        job.due = match (self.delay_ms, self.run_at) {
            (None, None) => Due::Now,
            (Some(delay), None) => Due::In(Duration::from_millis(delay)),
            (None, Some(moment)) => Due::At(moment),
            (Some(_), Some(_)) => return Err(at("run_at", "stands without `delay_ms`")),
        };
        if let Some(id) = self.id {
            (job.id, job.identity) = (id, Identity::Given);
        }
        let unique = self.unique.map(|unique| unique.given(&at)).transpose()?;
        if self.step.is_some() && self.batch.is_none() {
            return Err(at("step", "stands with `batch` only"));
        }
        // What few jobs have is not touched where there is nothing of it.
        let meta = &mut job.meta;
        macro_rules! set {
            ($($field:ident = $value:expr;)*) => {$(
                if let Some(value) = $value {
                    meta.$field = Some(value);
                }
            )*};
        }
        set! {
            max_losses = self.max_losses;
            timeout_ms = self.timeout_ms;
            traceparent = self.traceparent;
            cost = self.cost;
            unique = unique;
            lane = self.lane.map(NewLane::given);
            fair = self.fair.map(NewFair::given);
            limited = self.limited.map(NewLimited::given);
            waits = self.waits.map(NewWaits::given);
            member = self.batch.map(|batch| Membership { step: self.step, ..Membership::of(batch) });
        }
        if !self.tags.is_empty() {
            meta.tags = self.tags;
        }
        if !self.redact.is_empty() {
            meta.redact = self.redact;
        }
        if !self.subjects.is_empty() {
            let subjects = self.subjects.into_iter();
            meta.subjects = subjects.map(|one| Subject::new(one.r#type, one.id)).collect();
        }
        match (self.expires_ms, self.expires_at) {
            (None, None) => Ok(job),
            (Some(after), None) => Ok(job.expiring(Expires::In(Duration::from_millis(after)))),
            (None, Some(moment)) => Ok(job.expiring(Expires::At(moment))),
            (Some(_), Some(_)) => Err(at("expires_at", "stands without `expires_ms`")),
        }
    }
}

impl NewUnique {
    fn given(self, at: &impl Fn(&str, &str) -> Problem) -> Result<Unique, Problem> {
        let unique = Unique::by(self.key);
        let unique = match (self.until, self.for_ms) {
            (UntilWord::Elapsed, Some(ms)) => unique.within(Duration::from_millis(ms)),
            (UntilWord::Elapsed, None) => {
                return Err(at("unique/for_ms", "says how long, where `until` is `elapsed`"));
            }
            (_, Some(_)) => {
                return Err(at("unique/for_ms", "stands with `until` as `elapsed` only"));
            }
            (UntilWord::Started, None) => unique.until_started(),
            (UntilWord::Finished, None) => unique.until_finished(),
        };
        Ok(match self.on_conflict {
            OnConflictWord::Keep => unique.keep(),
            OnConflictWord::Replace => unique.replace(),
            OnConflictWord::Reject => unique.reject(),
        })
    }
}

impl NewLane {
    fn given(self) -> Lane {
        let lane = Lane::by(self.key);
        let lane = match self.when_dead {
            WhenDeadWord::Skip => lane,
            WhenDeadWord::Block => lane.block_when_dead(),
        };
        let lane = self.supersedes.iter().fold(lane, |lane, kind| lane.supersedes(kind));
        self.refused_by.iter().fold(lane, |lane, kind| lane.refused_by(kind))
    }
}

impl NewFair {
    fn given(self) -> Fair {
        self.weight.into_iter().fold(Fair::by(self.key), Fair::weight)
    }
}

impl NewLimited {
    fn given(self) -> Limited {
        let limited = self.running.into_iter().fold(Limited::by(self.key), Limited::running);
        self.name.iter().fold(limited, |limited, name| limited.named(name))
    }
}

impl NewWaits {
    fn given(self) -> Waits {
        let waits = self.needed.map_or_else(Waits::all, Waits::at_least);
        let waits = self.jobs.iter().fold(waits, |waits, job| waits.job(job.to_string(), *job));
        let waits =
            self.batches.iter().fold(waits, |waits, one| waits.batch(one.to_string(), *one));
        let waits = self.signals.iter().fold(waits, |waits, key| waits.signal(key, key));
        let overdue = match self.overdue {
            OverdueWord::Run => Overdue::Run,
            OverdueWord::Cancel => Overdue::Cancel,
            OverdueWord::Die => Overdue::Die,
        };
        match self.deadline_ms {
            Some(after) => waits.deadline(Duration::from_millis(after), overdue),
            None => waits,
        }
    }
}
