//! What is wrong with a store, and what fixes it: `doctor.v1`.

mod builds;
mod checks;
mod events;
mod health;
mod line;
mod schedules;
mod told;

use std::time::{Duration, Instant};

use serde::Serialize;
use utoipa::ToSchema;
use windlass::alert::MuteRecord;
use windlass::health::{Overview, Problem, Thresholds, problems};
use windlass::queue::{QueueBound, Unserved};
use windlass::schedule::ScheduleRecord;
use windlass::store::{Facts, Now, Store};
use windlass::worker::{RequiredBuild, WorkerRecord};
use windlass::{StoreError, Timestamp};

use crate::answer::Document;
use crate::schema;
use events::Events;
use line::{Line, text};
pub use told::{remedy, told, weight};

/// Groups named in one finding; the rest is counted.
const NAMED: usize = 5;

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = CheckStatus)]
pub enum Status {
    /// There is nothing to do.
    Ok,
    /// Somebody should look at it.
    Warning,
    /// Work that was asked for is not done, or not as it should be.
    Problem,
}

/// One check.
#[derive(Debug, Serialize, ToSchema)]
pub struct Check {
    /// What was looked at.
    pub check: &'static str,
    /// How it ended.
    pub status: Status,
    /// What was found: one line, or several.
    pub detail: String,
    /// What to do, in lines: commands, and words about them.
    pub fix: Option<String>,
    /// The lines of `detail` in parts: words, and the names of jobs, kinds, queues, schedules, sources and subscriptions.
    #[schema(value_type = Vec<Vec<line::Part>>)]
    detail_parts: Vec<Line>,
    /// The lines of `fix` in parts: words and commands.
    #[schema(value_type = Vec<Vec<line::Part>>)]
    fix_parts: Vec<Line>,
    /// What was found, for programs; absent where that is nothing.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false, value_type = Vec<schema::health::Problem>)]
    about: Vec<Problem>,
}

impl Check {
    fn new(check: &'static str, status: Status, found: impl Into<Line>) -> Self {
        let found = found.into();
        let detail = found.to_string();
        let (detail_parts, fix_parts) = (vec![found], Vec::new());
        Self { check, status, detail, fix: None, detail_parts, fix_parts, about: Vec::new() }
    }

    pub(crate) fn ok(check: &'static str, found: impl Into<String>) -> Self {
        Self::new(check, Status::Ok, found.into())
    }

    fn warning(check: &'static str, found: impl Into<Line>) -> Self {
        Self::new(check, Status::Warning, found)
    }

    fn wrong(check: &'static str, found: impl Into<Line>) -> Self {
        Self::new(check, Status::Problem, found)
    }

    /// A check that has found a problem.
    #[must_use]
    pub fn problem(check: &'static str, detail: impl Into<String>) -> Self {
        Self::wrong(check, detail.into())
    }

    /// The same with what was found one by one: the first of it, and how much more there is.
    fn listing(mut self, lines: Vec<Line>) -> Self {
        let more = lines.len().saturating_sub(NAMED);
        self.detail_parts.extend(lines.into_iter().take(NAMED));
        if more > 0 {
            self.detail_parts.push(format!("and {more} more").into());
        }
        self.detail = text(&self.detail_parts);
        self
    }

    /// The same with something to do, in a line of its own.
    fn advise(mut self, line: impl Into<Line>) -> Self {
        self.fix_parts.push(line.into());
        self.fix = Some(text(&self.fix_parts));
        self
    }

    /// The same with a command that fixes it.
    #[must_use]
    pub fn fixed_by(self, command: &str) -> Self {
        self.advise(Line::default().run(command))
    }

    /// The same with what to do, in words.
    #[must_use]
    pub fn fix(self, words: impl Into<String>) -> Self {
        self.advise(words.into())
    }
}

/// What is wrong with a store.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Doctor)]
pub struct DoctorBody<'a> {
    /// The address of the database, without its password; null over HTTP, where it is not told.
    store: Option<&'a str>,
    /// Checks that found a problem.
    problems: usize,
    /// Checks that found something to look at.
    warnings: usize,
    #[schema(value_type = schema::health::Thresholds)]
    thresholds: &'a Thresholds,
    /// All checks, those that found nothing too.
    checks: &'a [Check],
}

/// What the checks look at.
struct Findings {
    facts: Facts,
    /// How long the database took to answer.
    answered_in: Duration,
    /// This machine's clock when it did.
    clock: Timestamp,
    overview: Overview,
    unserved: Vec<Unserved>,
    schedules: Vec<ScheduleRecord>,
    bounds: Vec<QueueBound>,
    required: Vec<RequiredBuild>,
    events: Events,
    /// What is not told as an alert.
    muted: Vec<MuteRecord>,
    thresholds: Thresholds,
    /// What of the overview is a problem by these thresholds.
    problems: Vec<Problem>,
}

/// Looks at a store, and checks all of it, in the order in which that is shown.
///
/// # Errors
/// When the store cannot be asked.
pub async fn examine(store: &dyn Store, thresholds: &Thresholds) -> Result<Vec<Check>, StoreError> {
    Ok(checks::all(&look(store, thresholds).await?))
}

async fn look(store: &dyn Store, thresholds: &Thresholds) -> Result<Findings, StoreError> {
    let asked_at = Instant::now();
    let facts = store.facts().await?;
    let answered_in = asked_at.elapsed();
    let clock = Timestamp::wall_clock();
    let overview = Overview::of(store, thresholds, Now::Database).await?;
    Ok(Findings {
        facts,
        answered_in,
        clock,
        problems: problems(&overview, thresholds),
        overview,
        unserved: store.unserved(Now::Database).await?,
        schedules: store.schedules().await?,
        bounds: store.bounds().await?,
        required: store.required_builds().await?,
        events: Events::of(store).await?,
        muted: store.alerts().await?.muted,
        thresholds: thresholds.clone(),
    })
}

/// Checks by these thresholds as `doctor.v1`, with the store's address where that may be told.
#[must_use]
pub fn diagnosis<'a>(
    store: Option<&'a str>,
    thresholds: &'a Thresholds,
    checks: &'a [Check],
) -> Document<DoctorBody<'a>> {
    let number = |status| checks.iter().filter(|check| check.status == status).count();
    let (problems, warnings) = (number(Status::Problem), number(Status::Warning));
    Document::new("doctor.v1", DoctorBody { store, problems, warnings, thresholds, checks })
}

/// Whether a worker's lease is over: it died, or cannot reach the store.
fn is_over(worker: &WorkerRecord, now: Timestamp) -> bool {
    worker.expires_at < now
}
