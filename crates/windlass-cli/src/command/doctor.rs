//! `windlass doctor`: what is wrong, and what fixes it.

mod builds;
mod checks;
mod schedules;

use std::time::{Duration, Instant};
use windlass::store::Now;

use serde::Serialize;
use windlass::job::Counts;
use windlass::queue::{PausedKind, QueueBound, QueueRecord, Unserved};
use windlass::schedule::ScheduleRecord;
use windlass::store::Facts;
use windlass::worker::{RequiredBuild, WorkerRecord};
use windlass::{StoreError, Timestamp};

use crate::exit::Exit;
use crate::globals::Globals;
use crate::output::color::Tone;
use crate::output::document::Document;
use crate::output::{Output, time};
use crate::store;

/// Its arguments.
#[derive(Debug, clap::Args)]
#[command(before_help = "\
Examples:
  windlass doctor
  windlass doctor --json

Exit 9 where a problem was found; warnings alone end with 0.")]
pub(crate) struct Args {}

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Status {
    Ok,
    Warning,
    Problem,
}

/// One check.
#[derive(Debug, Serialize)]
struct Check {
    check: &'static str,
    status: Status,
    detail: String,
    fix: Option<String>,
}

impl Check {
    fn new(check: &'static str, status: Status, detail: impl Into<String>) -> Self {
        Self { check, status, detail: detail.into(), fix: None }
    }

    fn ok(check: &'static str, detail: impl Into<String>) -> Self {
        Self::new(check, Status::Ok, detail)
    }

    fn warning(check: &'static str, detail: impl Into<String>) -> Self {
        Self::new(check, Status::Warning, detail)
    }

    fn problem(check: &'static str, detail: impl Into<String>) -> Self {
        Self::new(check, Status::Problem, detail)
    }

    fn fix(self, fix: impl Into<String>) -> Self {
        Self { fix: Some(fix.into()), ..self }
    }
}

/// `doctor.v1`.
#[derive(Debug, Serialize)]
struct Body<'a> {
    store: String,
    problems: usize,
    warnings: usize,
    checks: &'a [Check],
}

/// What the checks look at.
struct Findings {
    facts: Facts,
    /// How long the database took to answer.
    answered_in: Duration,
    /// This machine's clock when it did.
    clock: Timestamp,
    counts: Counts,
    queues: Vec<QueueRecord>,
    workers: Vec<WorkerRecord>,
    unserved: Vec<Unserved>,
    schedules: Vec<ScheduleRecord>,
    paused_kinds: Vec<PausedKind>,
    bounds: Vec<QueueBound>,
    required: Vec<RequiredBuild>,
}

pub(crate) async fn run(_args: Args, globals: &Globals) -> anyhow::Result<Exit> {
    let checks = match store::existing(&globals.store).await {
        Ok(store) => checks::all(&look(&*store).await?),
        Err(error) => vec![unopened(&error)?],
    };
    let number = |status| checks.iter().filter(|check| check.status == status).count();
    let (problems, warnings) = (number(Status::Problem), number(Status::Warning));
    let out = &globals.out;
    if out.is_json() {
        let store = windlass::without_password(&globals.store);
        out.json(&Document::new("doctor.v1", Body { store, problems, warnings, checks: &checks }))?;
    } else {
        for check in &checks {
            out.print(&lines(out, check))?;
        }
        out.line(&summary(problems, warnings))?;
    }
    Ok(if problems > 0 { Exit::Problem } else { Exit::Done })
}

/// A store that cannot be opened is a finding; a URL that makes no sense is wrong usage.
fn unopened(error: &anyhow::Error) -> anyhow::Result<Check> {
    let check = match Exit::of(error) {
        Exit::Usage => anyhow::bail!(crate::exit::Failure::usage(format!("{error:#}"))),
        Exit::Schema => Check::problem("schema", format!("{error:#}")).fix("windlass migrate"),
        Exit::NotAllowed => Check::problem("rights", format!("{error:#}")),
        _ => Check::problem("database", format!("{error:#}")),
    };
    Ok(check)
}

async fn look(store: &dyn windlass::store::Store) -> Result<Findings, StoreError> {
    let asked_at = Instant::now();
    let facts = store.facts().await?;
    let answered_in = asked_at.elapsed();
    Ok(Findings {
        facts,
        answered_in,
        clock: Timestamp::wall_clock(),
        counts: store.counts().await?,
        queues: store.queues(Now::Database).await?,
        workers: store.workers().await?,
        unserved: store.unserved(Now::Database).await?,
        schedules: store.schedules().await?,
        paused_kinds: store.paused_kinds(Now::Database).await?,
        bounds: store.bounds().await?,
        required: store.required_builds().await?,
    })
}

fn lines(out: &Output, check: &Check) -> String {
    let (glyph, tone) = match check.status {
        Status::Ok => (out.glyphs().good(), Tone::Good),
        Status::Warning => ("!", Tone::Attention),
        Status::Problem => (out.glyphs().bad(), Tone::Bad),
    };
    let mark = out.paint(tone, glyph);
    let mut text = String::new();
    for (place, line) in check.detail.lines().enumerate() {
        text.push_str(&if place == 0 {
            format!("{mark} {:<11} {line}\n", check.check)
        } else {
            format!("{:14}{line}\n", "")
        });
    }
    if let Some(fix) = &check.fix {
        text.push_str(&format!("{:14}{} {fix}\n", "", out.paint(Tone::Dim, "fix:")));
    }
    text
}

fn summary(problems: usize, warnings: usize) -> String {
    let problems = match problems {
        0 => "no problems".to_owned(),
        n => time::count(n as u64, "problem"),
    };
    match warnings {
        0 => problems,
        n => format!("{problems}, {}", time::count(n as u64, "warning")),
    }
}
