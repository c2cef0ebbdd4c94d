//! What a job's handler has done and said, as parts of the job's page and of its document.

use serde::Serialize;
use windlass::progress::{Level, LogLine, Progress, ProgressRecord};
use windlass::redact::Redaction;
use windlass::step::{StepForm, StepRecord};
use windlass::store::Store;
use windlass::{JobRecord, StoreError};

use crate::output::Output;
use crate::output::color::Tone;
use crate::output::escape::{in_lines, in_one_line};
use crate::output::time;

/// Log lines that a document has, and those that a page has.
const LINES: (usize, usize) = (1_000, 20);
/// Steps that a page has: the last ones.
const STEPS: usize = 20;

/// Everything there is, as the job's document has it.
#[derive(Debug, Serialize)]
pub(super) struct Inside {
    #[serde(skip_serializing_if = "Option::is_none")]
    progress: Option<ProgressRecord>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    steps: Vec<StepRecord>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    log: Vec<LogLine>,
}

impl Inside {
    /// What there is, as it is shown.
    pub(super) async fn of(
        store: &dyn Store,
        job: &JobRecord,
        redaction: &Redaction,
    ) -> Result<Self, StoreError> {
        let progress = store.progress(job.id).await?;
        let steps = store.steps(job.id).await?;
        Ok(Self {
            progress: progress.map(|progress| redaction.progress(job, progress).into_inner()),
            steps: redaction.steps(job, steps).into_inner(),
            log: store.log(job.id, LINES.0).await?,
        })
    }

    /// The parts of the page, each with its heading.
    pub(super) fn sections(&self, out: &Output) -> Vec<(&'static str, Vec<String>)> {
        let progress = self.progress.as_ref().map(|one| progress_lines(out, one));
        let hidden = self.steps.len().saturating_sub(STEPS);
        let mut steps = Vec::new();
        if hidden > 0 {
            steps.push(format!("{} before these", time::count(hidden as u64, "step")));
        }
        steps.extend(self.steps[hidden..].iter().map(|step| step_line(out, step)));
        let unseen = self.log.len().saturating_sub(LINES.1);
        let log = self.log[unseen..].iter().flat_map(|line| log_lines(out, line)).collect();
        let sections = [("PROGRESS", progress.unwrap_or_default()), ("STEPS", steps), ("LOG", log)];
        sections.into_iter().filter(|(_, lines)| !lines.is_empty()).collect()
    }
}

fn progress_lines(out: &Output, record: &ProgressRecord) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(at) = record.at {
        lines.push(format!("{}  {}", far(&record.progress), out.moment(at)));
    }
    if let Some(checkpoint) = &record.checkpoint {
        let at = record.checkpoint_at.map_or_else(String::new, |at| out.moment(at));
        lines.push(format!("checkpoint  {}  {at}", in_one_line(checkpoint.as_str())));
    }
    lines
}

/// How far it is: `42 %  120 of 300  reading`.
fn far(progress: &Progress) -> String {
    let mut parts = Vec::new();
    parts.extend(progress.percent.map(|percent| format!("{percent:.0} %")));
    if let (Some(done), Some(total)) = (progress.done, progress.total) {
        parts.push(format!("{} of {}", time::number(done), time::number(total)));
    }
    parts.extend(progress.note.as_deref().map(in_one_line));
    parts.join("  ")
}

fn step_line(out: &Output, step: &StepRecord) -> String {
    let what = match (step.form, &step.output, step.until) {
        (_, Some(output), _) => in_one_line(output.as_str()),
        (StepForm::Sleep, None, Some(until)) => {
            format!("sleeps until {}", out.moment_in_full(until))
        }
        (StepForm::Wait, None, Some(until)) => {
            format!("waits until {} at most", out.moment_in_full(until))
        }
        _ => String::new(),
    };
    let name = in_one_line(&step.name);
    format!("{:>3}  {name}  {}  {what}", step.nth, out.moment(step.at))
}

fn log_lines(out: &Output, line: &LogLine) -> Vec<String> {
    let tone = match line.level {
        Level::Error => Tone::Bad,
        Level::Warn => Tone::Attention,
        Level::Info => Tone::Plain,
        Level::Debug | Level::Trace => Tone::Dim,
    };
    let level = out.paint(tone, &format!("{:<5}", line.level.word()));
    let head = format!("{:>2}  {}  {level}", line.attempt, out.moment(line.at));
    let texts = in_lines(&line.text);
    let show = |(nth, text): (usize, &String)| match nth {
        0 => format!("{head}  {text}"),
        _ => format!("        {text}"),
    };
    texts.iter().enumerate().map(show).collect()
}
