//! How far the demo's jobs are, as the store has it.

use std::time::Duration;

use tokio::time::Instant;
use windlass::{Attempt, Client, JobRecord, Outcome, State};

use super::job::PAGE;

/// A killed worker, and when its jobs were taken back.
#[derive(Debug)]
pub(super) struct Rescue {
    pub(super) pid: u32,
    /// Jobs it had when it was killed.
    pub(super) held: usize,
    pub(super) killed_at: Instant,
    /// How long until the last of them was taken back.
    pub(super) after: Option<Duration>,
}

/// The jobs of a demo.
pub(super) async fn read(client: &Client, queue: &str) -> anyhow::Result<Vec<JobRecord>> {
    Ok(client.jobs(&format!("queue:{queue}").parse()?, PAGE).await?)
}

/// How many the worker with this process id runs.
pub(super) fn running(jobs: &[JobRecord], pid: u32) -> usize {
    let running = jobs.iter().filter(|job| job.state == State::Running);
    running.filter(|job| is_of(pid, job.worker.as_deref())).count()
}

/// How many were taken back from it.
pub(super) fn lost(jobs: &[JobRecord], pid: u32) -> usize {
    jobs.iter().flat_map(losses).filter(|loss| is_of(pid, Some(&loss.worker))).count()
}

/// Attempts that the end of their worker cut short.
pub(super) fn losses(job: &JobRecord) -> impl Iterator<Item = &Attempt> {
    job.history.iter().filter(|attempt| attempt.outcome == Outcome::Lost)
}

/// How many attempts failed otherwise.
pub(super) fn failures(job: &JobRecord) -> usize {
    job.history.len() - losses(job).count()
}

/// Whether a worker's label, which is its host, its process id and a few letters, has this id.
pub(super) fn is_of(pid: u32, label: Option<&str>) -> bool {
    label.and_then(|label| label.rsplit(':').nth(1)) == Some(&pid.to_string())
}
