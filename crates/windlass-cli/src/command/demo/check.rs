//! The accounts at the end: every job that was enqueued is found again in the store, and every
//! output is computed again here.

use std::fs;
use std::time::Duration;

use serde::Serialize;
use windlass::{Job, JobRecord, Json, NewJob, State};

use super::Demo;
use super::event::Ends;
use super::job::{self, FileCopy, FileWords, MISSING_FILE, Words};
use super::progress::{Rescue, failures, is_of, losses};

/// What the check found: `demo.v1`.
#[derive(Debug, Default, Serialize)]
pub(super) struct Check {
    /// Whether every number fits every other.
    pub(super) agrees: bool,
    pub(super) took_ms: u64,
    pub(super) enqueued: usize,
    /// With the output that is computed here.
    pub(super) completed: usize,
    /// Dead as it must be.
    pub(super) dead: usize,
    pub(super) unfinished: usize,
    /// Enqueued, and not there any more.
    pub(super) lost: usize,
    /// Whatever must not be, one line each.
    pub(super) wrong: Vec<String>,
    pub(super) attempts: usize,
    pub(super) attempts_after_failures: usize,
    pub(super) attempts_after_losses: usize,
    pub(super) held_at_kill: Option<usize>,
    pub(super) rescue_ms: Option<u64>,
    pub(super) totals: Words,
    /// What has come of the event.
    pub(super) event: Ends,
}

impl Check {
    /// Compares what was enqueued with what the store has.
    pub(super) fn new(
        demo: &Demo,
        (stored, told): (&[JobRecord], &[JobRecord]),
        took: Duration,
    ) -> anyhow::Result<Self> {
        let rescue = demo.rescue.as_ref();
        let millis = |duration: Duration| duration.as_millis() as u64;
        let mut check = Self {
            took_ms: millis(took),
            enqueued: demo.jobs.len(),
            held_at_kill: rescue.map(|rescue| rescue.held),
            rescue_ms: rescue.and_then(|rescue| rescue.after).map(millis),
            totals: Words::of_jobs(stored)?,
            event: Ends::of(told),
            ..Self::default()
        };
        for planned in &demo.jobs {
            match stored.iter().find(|job| job.id == planned.id) {
                Some(job) => check.add(planned, job, rescue),
                None => check.lost += 1,
            }
        }
        if let Some(story) = &demo.story {
            check.wrong.extend(story.wrong(told)?);
        }
        let repeated = check.attempts_after_failures + check.attempts_after_losses;
        check.agrees = check.completed + check.dead == check.enqueued
            && check.attempts == check.enqueued + repeated
            && check.attempts_after_losses <= check.held_at_kill.unwrap_or(0)
            && check.event == Ends::MEANT
            && check.wrong.is_empty();
        Ok(check)
    }

    fn add(&mut self, planned: &NewJob, job: &JobRecord, rescue: Option<&Rescue>) {
        let mut wrong = |what: &str| self.wrong.push(format!("{} {}: {what}", job.kind, job.id));
        if job.args != planned.args {
            wrong("the args are not those that were enqueued");
        }
        let is_killed = |label: &str| rescue.is_some_and(|it| is_of(it.pid, Some(label)));
        if losses(job).any(|loss| !is_killed(&loss.worker)) {
            wrong("it was lost by a worker that was not killed");
        }
        match (job.state, output(job, &self.totals)) {
            (State::Completed, Ok(output)) if output == job.output => self.completed += 1,
            (State::Completed, Ok(_)) => wrong("the output is not what is computed here"),
            (State::Completed, Err(error)) => wrong(&format!("{error:#}")),
            (State::Dead, Ok(None)) => self.dead += 1,
            (State::Dead, _) => wrong(job.reason.as_deref().unwrap_or("it is dead")),
            _ => self.unfinished += 1,
        }
        self.attempts += job.attempt as usize;
        self.attempts_after_losses += losses(job).count();
        // No attempt came after the failure that made a job dead.
        self.attempts_after_failures +=
            failures(job).saturating_sub(usize::from(job.state == State::Dead));
    }
}

/// What the output of a job must be; `None` for the job that must be dead.
fn output(job: &JobRecord, totals: &Words) -> anyhow::Result<Option<Json>> {
    let output = match job.kind.as_str() {
        FileWords::KIND => {
            let FileWords(part) = job.args.read()?;
            if part.file.ends_with(MISSING_FILE) {
                return Ok(None);
            }
            Json::output_of(&Words::of_text(&part.read()?))?
        }
        FileCopy::KIND => {
            let FileCopy { part, to, .. } = job.args.read()?;
            let original = part.read()?;
            anyhow::ensure!(fs::read(&to)? == original, "{} is not a copy", to.display());
            Json::output_of(&job::hash(&original))?
        }
        _ => Json::output_of(totals)?,
    };
    Ok(Some(output))
}
