//! How an attempt ended, as a remote worker says it.

use std::time::Duration;

use serde::Deserialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;
use windlass::event::NewEvent;
use windlass::job::{Verdict, verdict_of, verdict_of_timeout};
use windlass::{JobError, JobId, Json, NewJob, Policy};

use super::registry::Held;
use super::token::LeaseToken;
use crate::event::{NewEventBody, NewEventSchema};
use crate::job::NewJobBody;
use crate::problem::Problem;
use crate::schema;

/// How an attempt ended.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = AttemptResult)]
pub(super) struct ResultBody {
    /// The job.
    #[schema(value_type = schema::JobId)]
    pub(super) job: JobId,
    /// The lease that the claim gave.
    #[schema(value_type = String)]
    pub(super) lease: LeaseToken,
    result: ResultWord,
    /// How long the handler ran; since the claim unless given.
    pub(super) ran_ms: Option<u64>,
    /// With `complete`: what it returned.
    #[schema(value_type = Option<serde_json::Value>)]
    output: Option<Box<RawValue>>,
    /// With `complete`: jobs that are written with it, all or none.
    #[serde(default)]
    #[schema(max_items = 1000)]
    enqueue: Vec<NewJobBody>,
    /// With `complete`: events that are published with it, all or none.
    #[serde(default)]
    #[schema(value_type = Vec<NewEventSchema>, max_items = 1000)]
    publish: Vec<NewEventBody>,
    /// With `fail`: what went wrong.
    error: Option<ErrorBody>,
    /// With `fail`: whether it is tried again; as the job says unless given.
    retry: Option<RetryWord>,
    /// With `fail`: tried again this long from now. With `snooze`: run again this long from now.
    after_ms: Option<u64>,
    /// With `discard` and `cancel`: why.
    reason: Option<String>,
}

/// How an attempt ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = AttemptEnd)]
enum ResultWord {
    /// It is done.
    Complete,
    /// It failed.
    Fail,
    /// It is to run again later, by its own wish; no failure.
    Snooze,
    /// It is handed back, as at a stop; no failure.
    Release,
    /// There is nothing to do any more.
    Discard,
    /// It ended since it was told to.
    Cancel,
}

/// What went wrong.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = AttemptError)]
struct ErrorBody {
    /// What the handler says.
    message: String,
    /// The error's type.
    r#type: Option<String>,
    /// Where it happened.
    stack: Option<String>,
}

/// Whether a failed job is tried again.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = RetryWish)]
enum RetryWord {
    /// By the job's own limit and the default waits.
    Default,
    /// It is dead.
    Never,
}

/// What is to be written.
#[derive(Debug)]
pub(super) enum Wanted {
    Settle(Verdict),
    Complete { output: Option<Json>, jobs: Vec<NewJob>, events: Vec<NewEvent> },
}

impl ResultBody {
    /// Whether it says that the work is done.
    pub(super) fn completes(&self) -> bool {
        self.result == ResultWord::Complete
    }

    /// What is to be written of it. `pointer` is where in the body it stands.
    pub(super) fn wanted(self, pointer: &str, held: &Held) -> Result<Wanted, Problem> {
        let at = |field: &str, detail: &str| Problem::body(format!("{pointer}/{field}"), detail);
        self.check(&at)?;
        let after = self.after_ms.map(Duration::from_millis);
        let verdict = match self.result {
            ResultWord::Complete => {
                let output = self.output.map(|output| Json::output(Box::<str>::from(output)));
                let output =
                    output.transpose().map_err(|error| at("output", &error.to_string()))?;
                let drafts = self.enqueue.into_iter().enumerate();
                let jobs =
                    drafts.map(|(nth, draft)| draft.job(&format!("{pointer}/enqueue/{nth}")));
                let jobs = jobs.collect::<Result<_, _>>()?;
                let drafts = self.publish.into_iter().enumerate();
                let events =
                    drafts.map(|(nth, one)| one.event(&format!("{pointer}/publish/{nth}")));
                let events = events.collect::<Result<_, _>>()?;
                return Ok(Wanted::Complete { output, jobs, events });
            }
            ResultWord::Fail => {
                let text =
                    self.error.map_or_else(|| "no error was given".to_owned(), ErrorBody::text);
                let error = match (self.retry, after) {
                    (Some(RetryWord::Never), _) => JobError::dead(text),
                    (_, Some(delay)) => JobError::retry_after(delay, text),
                    (_, None) => JobError::retry(text),
                };
                verdict_of(&error, &held.job, &Policy::default())
            }
            ResultWord::Snooze => {
                let delay = after.ok_or_else(|| at("after_ms", "says when to run again"))?;
                Verdict::Snooze { delay }
            }
            ResultWord::Release => Verdict::Release { delay: after.unwrap_or_default() },
            ResultWord::Discard => verdict_of(
                &JobError::discard(
                    self.reason.unwrap_or_else(|| "nothing to do any more".to_owned()),
                ),
                &held.job,
                &Policy::default(),
            ),
            // It was told to end since it ran too long; a request to cancel it wins where the store has one.
            ResultWord::Cancel if held.since.elapsed() > held.limit() => {
                verdict_of_timeout(held.limit(), &held.job, &Policy::default())
            }
            ResultWord::Cancel => verdict_of(
                &JobError::cancelled(self.reason.unwrap_or_else(|| "cancelled".to_owned())),
                &held.job,
                &Policy::default(),
            ),
        };
        Ok(Wanted::Settle(verdict))
    }

    /// What stands with another result only is a slip that must not be lost.
    fn check(&self, at: &impl Fn(&str, &str) -> Problem) -> Result<(), Problem> {
        use ResultWord::{Cancel, Complete, Discard, Fail, Release, Snooze};
        let fields: [(&str, bool, &[ResultWord]); 7] = [
            ("publish", !self.publish.is_empty(), &[Complete]),
            ("output", self.output.is_some(), &[Complete]),
            ("enqueue", !self.enqueue.is_empty(), &[Complete]),
            ("error", self.error.is_some(), &[Fail]),
            ("retry", self.retry.is_some(), &[Fail]),
            ("after_ms", self.after_ms.is_some(), &[Fail, Snooze, Release]),
            ("reason", self.reason.is_some(), &[Discard, Cancel]),
        ];
        match fields.iter().find(|(_, is_there, with)| *is_there && !with.contains(&self.result)) {
            Some((field, ..)) => Err(at(field, "does not stand with this result")),
            None => Ok(()),
        }
    }
}

impl ErrorBody {
    fn text(self) -> String {
        let mut text = match self.r#type {
            Some(kind) => format!("{kind}: {}", self.message),
            None => self.message,
        };
        if let Some(stack) = self.stack {
            text.push('\n');
            text.push_str(&stack);
        }
        text
    }
}
