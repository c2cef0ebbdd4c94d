//! A job that its target has accepted, and settles later over HTTP. It runs on meanwhile: it keeps its slot and its lease, and its timeout
//! and a cancel end it as they end any other.

use std::time::Duration;

use windlass::{AttemptContext, JobError, JobRecord, Json, Outcome, State};

/// How soon it is looked at first, and how often after a while: a look is one row by its id.
const FIRST: Duration = Duration::from_millis(50);
const LONGEST: Duration = Duration::from_secs(2);

/// Waits until somebody has settled the attempt, and ends it as it was settled: the store knows that end, and keeps it.
pub(super) async fn settled(attempt: &AttemptContext) -> Result<Option<Json>, JobError> {
    let mut pause = FIRST;
    loop {
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LONGEST);
        match attempt.client().job(attempt.job_id()).await {
            // A store that keeps no completed jobs: any other end leaves the job there.
            Ok(None) => return Ok(None),
            Ok(Some(record)) if is_running(&record, attempt.attempt()) => {}
            Ok(Some(record)) => return end_of(record, attempt.attempt()),
            // It passes, or the engine ends the attempt with its lease.
            Err(error) => tracing::debug!(%error, "whether a job was settled was not read"),
        }
    }
}

fn is_running(record: &JobRecord, attempt: u32) -> bool {
    record.state == State::Running && record.attempt == attempt
}

/// The same end, as a handler says it.
fn end_of(record: JobRecord, attempt: u32) -> Result<Option<Json>, JobError> {
    if record.state == State::Completed && record.attempt == attempt {
        return Ok(record.output);
    }
    let past = record.history.iter().rev().find(|past| past.attempt == attempt);
    let why = past.and_then(|past| past.error.clone()).or(record.reason).unwrap_or_default();
    Err(match past.map(|past| past.outcome) {
        Some(Outcome::Snoozed) => JobError::snooze(Duration::ZERO),
        Some(Outcome::Discarded) => JobError::discard(why),
        Some(Outcome::Cancelled) => JobError::cancelled(why),
        Some(outcome) if outcome.counts_as_failure() && record.state == State::Dead => {
            JobError::dead(why)
        }
        Some(outcome) if outcome.counts_as_failure() => JobError::retry(why),
        _ => JobError::stopped(),
    })
}
