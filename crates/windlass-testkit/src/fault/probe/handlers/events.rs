//! What a probe's jobs do that come of events.

use std::time::Duration;

use windlass_core::context::AttemptContext;
use windlass_core::event::NewEvent;
use windlass_core::job::JobError;
use windlass_core::json::Json;
use windlass_core::subscription::event_of;

use crate::history::journal::Journal;
use crate::history::record::{Event, Told, counter};

/// The source of what handlers publish.
const SOURCE: &str = "/probe";

/// Writes down what a job is told of its event, where its id says that it comes of one.
pub(super) fn note(attempt: &AttemptContext, journal: &Journal) {
    let job = attempt.job_id();
    if event_of(job).is_some() {
        let event = attempt.event().map(|event| Told {
            event: event.id,
            position: event.position,
            key: event.subject.clone(),
            counter: counter(attempt.args()).or_else(|| event.data.as_ref().and_then(counter)),
        });
        journal.note(Event::Handled { job, event });
    }
}

/// Some fail at first, and few for good.
pub(super) fn see(attempt: &AttemptContext) -> Result<(), JobError> {
    match counter(attempt.args()).unwrap_or_default() {
        nth if nth % 97 == 96 => Err(JobError::dead("it cannot be read")),
        nth if nth % 11 == 10 && attempt.attempt() == 1 => Err(JobError::retry("not at once")),
        _ => Ok(()),
    }
}

pub(super) async fn take_time(attempt: &AttemptContext) {
    let nth = counter(attempt.args()).unwrap_or_default();
    tokio::time::sleep(Duration::from_millis(5 + nth % 25)).await;
}

/// Publishes two events that come of the job, which each attempt gives the same ids.
pub(super) async fn emit(attempt: &AttemptContext) -> Result<(), JobError> {
    let job = attempt.job_id();
    for nth in 1..=2 {
        let data = Json::args(format!(r#"{{"counter":{nth}}}"#)).map_err(JobError::dead)?;
        let event = NewEvent::new("job.told", data).source(SOURCE).subject(format!("job/{job}"));
        let published = attempt.client().publish(event.given(format!("{job}/{nth}"))).await;
        published.map_err(JobError::retry)?;
    }
    Ok(())
}
