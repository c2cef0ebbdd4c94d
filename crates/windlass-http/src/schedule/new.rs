//! A schedule as it is asked for.

use serde::Deserialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;
use windlass::limits::RULE_BYTES;
use windlass::redact::REDACTED;
use windlass::schedule::{Definition, ScheduleError, UTC};
use windlass::{Missed, Overlap, Schedule};

use crate::api::Api;
use crate::job::{NewFair, NewJobBody, NewLane, NewLimited, NewSubject, NewUnique};
use crate::limits::ZONE_BYTES;
use crate::problem::Problem;
use crate::schema;

/// When something is due, and the job that is enqueued then: as a whole, so that what is left out is as if it had never been
/// given.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewSchedule {
    /// A cron line of 5 or 6 fields, or an interval such as `every 15m`.
    #[schema(max_length = 256)]
    rule: String,
    /// The zone whose clocks it goes by, such as `Europe/Berlin`; UTC unless given.
    #[schema(max_length = 64)]
    zone: Option<String>,
    /// What happens to runs that were missed: `one` unless given.
    #[serde(default)]
    #[schema(value_type = schema::Missed)]
    missed: Missed,
    /// What happens while the last job has not ended: `skip` unless given.
    #[serde(default)]
    #[schema(value_type = schema::Overlap)]
    overlap: Overlap,
    /// The kind of its jobs.
    #[schema(max_length = 128)]
    kind: String,
    /// What the handler gets; {} unless given.
    #[schema(required = false, value_type = serde_json::Value)]
    args: Option<Box<RawValue>>,
    /// The shape of `args`; 1 unless given.
    version: Option<u16>,
    /// Where they wait; `default` unless given.
    #[schema(max_length = 128)]
    queue: Option<String>,
    /// Smaller runs first; 0 unless given.
    #[serde(default)]
    priority: i16,
    /// Failures after which they are dead; 0 never gives up; the handler's limit unless given.
    max_attempts: Option<u16>,
    /// Worker deaths after which they are dead; 0 sets no limit; the handler's limit unless given.
    max_losses: Option<u16>,
    /// How long their handler may run; the handler's limit unless given.
    timeout_ms: Option<u64>,
    /// If one has not started this long after it was enqueued, it is cancelled and never runs.
    expires_ms: Option<u64>,
    /// Words they are found by.
    #[serde(default)]
    tags: Vec<String>,
    /// What they are about.
    #[serde(default)]
    subjects: Vec<NewSubject>,
    /// Fields of their args that are not shown, by their paths, such as `card.number`; workers get them. At most 64.
    #[serde(default)]
    #[schema(max_items = 64)]
    redact: Vec<String>,
    /// What makes each the only one of its kind.
    unique: Option<NewUnique>,
    /// The jobs they run one after the other with.
    lane: Option<NewLane>,
    /// Whose turns they run in.
    fair: Option<NewFair>,
    /// The key of which only so many run at once.
    limited: Option<NewLimited>,
    /// What they take of rates.
    cost: Option<u16>,
}

impl NewSchedule {
    /// What it is to be, in the store of this API.
    pub(super) fn definition(self, api: &Api) -> Result<Definition, Problem> {
        check_shown(self.args.as_deref())?;
        let schedule = schedule(&self.rule, self.zone.as_deref())?;
        let schedule = schedule.missed(self.missed).overlap(self.overlap);
        let job = NewJobBody {
            kind: self.kind,
            args: self.args,
            version: self.version,
            queue: self.queue,
            priority: self.priority,
            max_attempts: self.max_attempts,
            max_losses: self.max_losses,
            timeout_ms: self.timeout_ms,
            expires_ms: self.expires_ms,
            tags: self.tags,
            subjects: self.subjects,
            redact: self.redact,
            unique: self.unique,
            lane: self.lane,
            fair: self.fair,
            limited: self.limited,
            cost: self.cost,
            ..NewJobBody::default()
        };
        let job = job.job("")?;
        api.check_here(std::slice::from_ref(&job))?;
        Ok(Definition::new(schedule, job)?)
    }
}

/// Refuses args that somebody has got from here and sends back: what was not shown would be lost.
fn check_shown(args: Option<&RawValue>) -> Result<(), Problem> {
    let hidden = format!("\"{REDACTED}\"");
    if args.is_some_and(|args| args.get().contains(&hidden)) {
        let detail = format!("{hidden} stands for what is not shown: send the value itself");
        return Err(Problem::body("/args".to_owned(), detail));
    }
    Ok(())
}

/// A rule by the clocks of a zone; an error names which of them cannot be read.
pub(super) fn schedule(rule: &str, zone: Option<&str>) -> Result<Schedule, Problem> {
    let wrong =
        |pointer: &str, error: ScheduleError| Problem::body(pointer.to_owned(), error.to_string());
    short("/rule", rule, RULE_BYTES)?;
    short("/zone", zone.unwrap_or_default(), ZONE_BYTES)?;
    let schedule = Schedule::rule(rule).map_err(|error| wrong("/rule", error))?;
    schedule.zone(zone.unwrap_or(UTC)).map_err(|error| wrong("/zone", error))
}

fn short(pointer: &str, text: &str, most: usize) -> Result<(), Problem> {
    if text.len() <= most {
        return Ok(());
    }
    let detail = format!("at most {most} bytes, found {}", text.len());
    Err(Problem::body(pointer.to_owned(), detail))
}
