//! What a running attempt says of itself: a checkpoint, how far it is, log lines.

use std::time::Duration;

use axum::extract::State;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;
use windlass::job::Fenced;
use windlass::json::storable_text;
use windlass::limits::{LOG_LINE_BYTES, LOG_LINES, PROGRESS_NOTE_BYTES};
use windlass::progress::{Level, NewLogLine, Progress, Report};
use windlass::store::Now;
use windlass::{JobId, Json, Timestamp};

use super::holder::holder;
use super::registry::gone;
use super::step::{self, StepBody};
use super::token::LeaseToken;
use crate::access::{MayIn, Work};
use crate::answer::{Document, ok};
use crate::api::Api;
use crate::extract::{Body, Named};
use crate::limits::REPORT_LINES;
use crate::problem::{Code, Problem};
use crate::schema;

/// What an attempt says of itself; what is left out stays as it is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = AttemptReport)]
pub(super) struct ReportBody {
    /// The lease that the claim gave.
    #[schema(value_type = String)]
    lease: LeaseToken,
    /// Where a later attempt goes on: it gets this with its claim.
    #[schema(value_type = Option<serde_json::Value>)]
    checkpoint: Option<Box<RawValue>>,
    /// Steps that are done, in their order. A name that is recorded stays as it is. An attempt reports them one request at a time.
    #[serde(default)]
    #[schema(max_items = 1000)]
    steps: Vec<StepBody>,
    /// How far it is.
    progress: Option<ProgressBody>,
    /// Log lines. The first 1,000 of an attempt are kept.
    #[serde(default)]
    #[schema(max_items = 1000)]
    lines: Vec<LineBody>,
    /// The number of the first of these lines within the attempt, from 1: lines that are sent again are written once.
    first_line: Option<u32>,
}

/// How far an attempt is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewProgress)]
struct ProgressBody {
    /// From 0 to 100.
    #[schema(minimum = 0, maximum = 100)]
    percent: Option<f64>,
    /// What it does now.
    note: Option<String>,
    /// How many parts are done.
    done: Option<u64>,
    /// How many parts there are.
    total: Option<u64>,
}

/// A log line.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewLogLine)]
struct LineBody {
    /// `info` unless given.
    level: Option<LevelWord>,
    /// What it says.
    text: String,
    /// How long ago it was said.
    #[serde(default)]
    age_ms: u64,
}

#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = NewLevel)]
enum LevelWord {
    Trace,
    Debug,
    Info,
    Warn,
    Error,
}

/// What was written.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Reported)]
struct ReportedBody {
    #[schema(value_type = schema::JobId)]
    job: JobId,
}

/// Report of a running attempt
///
/// Its steps in one write, and then its checkpoint, how far it is, and its log lines in another, while the lease holds; 409 `lease-lost`
/// otherwise.
#[utoipa::path(
    post,
    path = "/jobs/{id}/report",
    tag = "worker protocol",
    params(("id" = String, Path, description = "The job's id.")),
    request_body = ReportBody,
    responses((status = 200, description = "It is written.", body = Document<ReportedBody>))
)]
pub(super) async fn report(
    may: MayIn<Work>,
    State(api): State<Api>,
    Named(job): Named<JobId>,
    Body(mut body): Body<ReportBody>,
) -> Result<Response, Problem> {
    let token = body.lease;
    let lost = || Problem::from(windlass::StoreError::LeaseLost { job });
    let remote = holder((&may, &api), token.worker, &[token]).await?;
    let remote = remote.ok_or_else(|| gone(token.worker))?;
    let held = remote.held(token).filter(|held| held.job.id == job).ok_or_else(lost)?;
    let (fence, steps) = (remote.fence(token, &held), std::mem::take(&mut body.steps));
    let steps = step::read(steps)?;
    let said = body.report(fence.clone())?;
    let written = match step::record(&api, &remote, &fence, steps).await? {
        Some(written) if written != Fenced::Done || said.is_empty() => written,
        _ => api.store().report(&[said], Now::Database).await?.pop().unwrap_or(Fenced::Lost),
    };
    match written {
        Fenced::Done => Ok(ok(&Document::new("reported.v1", ReportedBody { job }))),
        Fenced::Busy => {
            Err(Problem::new(Code::Unavailable, "the job is locked right now; send it again"))
        }
        Fenced::Lost => {
            remote.lost(token);
            Err(lost())
        }
    }
}

impl ReportBody {
    fn report(self, fence: windlass::job::Fence) -> Result<Report, Problem> {
        let at = |pointer: &str, detail: String| Problem::body(pointer.to_owned(), detail);
        if self.lines.len() > REPORT_LINES {
            let detail = format!("at most {REPORT_LINES}, found {}", self.lines.len());
            return Err(at("/lines", detail));
        }
        if !self.lines.is_empty() && self.first_line.is_none_or(|first| first == 0) {
            return Err(at("/first_line", "says the number of the first line, from 1".to_owned()));
        }
        let checkpoint = self.checkpoint.map(|data| Json::args(Box::<str>::from(data))).transpose();
        let checkpoint = checkpoint.map_err(|error| at("/checkpoint", error.to_string()))?;
        let progress = self.progress.map(ProgressBody::progress).transpose()?;
        // What is beyond is not kept, however far.
        let lines = self.lines.into_iter().zip(self.first_line.unwrap_or(1)..=LOG_LINES);
        Ok(Report {
            fence,
            checkpoint,
            // The server's clock numbers them, so that none that comes later counts as older.
            progress: progress.map(|one| (one, Timestamp::wall_clock().as_micros().unsigned_abs())),
            lines: lines.map(|(line, nth)| line.line(nth)).collect(),
        })
    }
}

impl ProgressBody {
    fn progress(self) -> Result<Progress, Problem> {
        if self.percent.is_some_and(|percent| !(0.0..=100.0).contains(&percent)) {
            return Err(Problem::body("/progress/percent".to_owned(), "expected 0 to 100"));
        }
        let Self { percent, note, done, total } = self;
        let note = note.map(|note| storable_text(&note, PROGRESS_NOTE_BYTES));
        Ok(Progress { percent, note, done, total })
    }
}

impl LineBody {
    fn line(self, nth: u32) -> NewLogLine {
        let level = match self.level.unwrap_or(LevelWord::Info) {
            LevelWord::Trace => Level::Trace,
            LevelWord::Debug => Level::Debug,
            LevelWord::Info => Level::Info,
            LevelWord::Warn => Level::Warn,
            LevelWord::Error => Level::Error,
        };
        let text = storable_text(&self.text, LOG_LINE_BYTES);
        NewLogLine { nth, age: Duration::from_millis(self.age_ms), level, text }
    }
}
