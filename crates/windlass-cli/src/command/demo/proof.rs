//! The accounting at the end: every job that was enqueued, found again in the store; every output,
//! computed again here.

use std::collections::HashMap;
use std::path::Path;
use std::time::Duration;

use serde_json::Value;
use tokio::time::Instant;
use windlass::{Job, JobId, JobRecord, Outcome, State};

use super::kinds::{Asked, Report};
use super::material::Part;
use super::measure;
use super::summary::Totals;

/// The worker that was killed, and how its jobs ended.
#[derive(Debug, Clone)]
pub(super) struct Rescue {
    /// Its number, from 0.
    pub(super) number: usize,
    /// Its label, as in the jobs' history.
    pub(super) label: String,
    /// Jobs it had in its hands just before.
    pub(super) held: u64,
    pub(super) killed_at: Instant,
    /// How long until another took its jobs back.
    pub(super) after: Option<Duration>,
    /// How many those were.
    pub(super) taken_back: u64,
}

/// What the accounting found.
#[derive(Debug, Default)]
pub(super) struct Checked {
    pub(super) took: Duration,
    pub(super) enqueued: usize,
    pub(super) completed: usize,
    /// Dead as it should be.
    pub(super) dead: usize,
    pub(super) unfinished: usize,
    /// Enqueued and not there any more.
    pub(super) lost: usize,
    /// Outputs that are not what was computed again, and whatever else should not be.
    pub(super) wrong: Vec<String>,
    pub(super) attempts: u64,
    /// Attempts after one that failed.
    pub(super) after_failures: u64,
    /// Attempts after one that was cut short by the kill.
    pub(super) after_losses: u64,
    /// Attempts cut short at a worker that nobody killed.
    pub(super) strange_losses: u64,
    pub(super) rescue: Option<Rescue>,
    pub(super) totals: Totals,
}

impl Checked {
    /// Whether every number fits every other.
    pub(super) fn agrees(&self) -> bool {
        let ended = self.completed + self.dead == self.enqueued;
        let attempts =
            self.attempts == self.enqueued as u64 + self.after_failures + self.after_losses;
        let rescued = self.rescue.as_ref().is_none_or(|rescue| {
            self.strange_losses == 0 && self.after_losses <= rescue.held.max(rescue.taken_back)
        });
        ended
            && attempts
            && rescued
            && self.lost == 0
            && self.unfinished == 0
            && self.wrong.is_empty()
    }
}

/// Holds what was enqueued against what the store has. The report is the one without `Asked`.
pub(super) fn of(
    planned: &[(JobId, Option<&Asked>)],
    jobs: Vec<JobRecord>,
    rescue: Option<Rescue>,
    took: Duration,
) -> Checked {
    let jobs: HashMap<JobId, JobRecord> = jobs.into_iter().map(|job| (job.id, job)).collect();
    let mut curtain = Checked { took, enqueued: planned.len(), rescue, ..Checked::default() };
    let outputs =
        jobs.values().filter(|job| job.state == State::Completed && job.kind != Report::KIND);
    let outputs = outputs.filter_map(|job| Some((job.kind.as_str(), job.output.as_ref()?)));
    match Totals::of(outputs) {
        Ok(totals) => curtain.totals = totals,
        Err(error) => curtain.wrong.push(format!("an output cannot be read: {error}")),
    }
    for (id, asked) in planned {
        match jobs.get(id) {
            Some(job) => curtain.add(job, *asked),
            None => curtain.lost += 1,
        }
    }
    if !planned.iter().any(|(_, asked)| asked.is_none()) {
        curtain.wrong.push("the report was never enqueued".to_owned());
    }
    curtain
}

impl Checked {
    fn add(&mut self, job: &JobRecord, asked: Option<&Asked>) {
        self.attempts += u64::from(job.attempt);
        match job.state {
            State::Completed => {
                self.completed += 1;
                self.check(job, asked);
            }
            State::Dead if matches!(asked, Some(Asked::Missing)) => self.dead += 1,
            State::Dead => {
                let reason = job.reason.as_deref().unwrap_or_default();
                self.wrong.push(format!("{} {} is dead: {reason}", job.kind, job.id));
            }
            _ => self.unfinished += 1,
        }
        for attempt in &job.history {
            match attempt.outcome {
                Outcome::Lost => {
                    let killed =
                        self.rescue.as_ref().is_some_and(|rescue| rescue.label == attempt.worker);
                    self.after_losses += 1;
                    self.strange_losses += u64::from(!killed);
                }
                // The failure of a dead job is its end: no attempt came after it.
                _ if job.state == State::Dead => {}
                _ => self.after_failures += 1,
            }
        }
    }

    fn check(&mut self, job: &JobRecord, asked: Option<&Asked>) {
        let stored: Option<Value> = job.output.as_ref().and_then(|output| output.read().ok());
        let expected = match asked {
            Some(asked) => expected(asked),
            None => serde_json::to_value(&self.totals).map_err(|error| error.to_string()),
        };
        match expected {
            Ok(expected) if stored.as_ref() == Some(&expected) => {}
            Ok(_) => {
                self.wrong.push(format!("{} {}: the output is another one here", job.kind, job.id))
            }
            Err(error) => self.wrong.push(format!("{} {}: {error}", job.kind, job.id)),
        }
    }
}

/// What a job's output must be.
fn expected(asked: &Asked) -> Result<Value, String> {
    let read =
        |part: &Part| part.read().map_err(|error| format!("{}: {error}", part.file.display()));
    let value = match asked {
        Asked::Hash(part) => serde_json::to_value(measure::hash(&read(part)?)),
        Asked::Words(part) => serde_json::to_value(measure::count(&read(part)?)),
        Asked::Squeeze(part) => serde_json::to_value(measure::squeeze(&read(part)?)),
        Asked::Sync(part, to) => serde_json::to_value(measure::hash(&copied(&read(part)?, to)?)),
        Asked::Missing => return Err("a file that does not exist was read".to_owned()),
    };
    value.map_err(|error| error.to_string())
}

/// The copy, which must be the original.
fn copied(original: &[u8], to: &Path) -> Result<Vec<u8>, String> {
    let copy = std::fs::read(to).map_err(|error| format!("{}: {error}", to.display()))?;
    if copy == original { Ok(copy) } else { Err(format!("{} is not a copy", to.display())) }
}
