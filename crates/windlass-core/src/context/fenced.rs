//! Writes in the name of an attempt that runs.

use std::time::Duration;

use super::AttemptContext;
use crate::error::StoreError;
use crate::job::{Decided, Fenced, JobError};
use crate::reply::Reply;

/// How long the first wait between two tries is, and the longest one.
const WAITS: (Duration, Duration) = (Duration::from_millis(5), Duration::from_secs(1));

impl AttemptContext {
    /// Writes until it is written, through an outage of the store too: what was done must not be done again since it could not
    /// be noted. A lost lease ends the attempt, and so does whatever tells it to end meanwhile.
    pub(super) async fn until_written<'a>(
        &self,
        write: impl Fn() -> Reply<'a, Fenced>,
    ) -> Result<(), Decided> {
        let (mut wait, longest) = WAITS;
        loop {
            match write().await {
                Ok(Fenced::Done) => return Ok(()),
                Ok(Fenced::Lost) => {
                    return Err(decided(StoreError::LeaseLost { job: self.job_id() }));
                }
                Ok(Fenced::Busy) => {}
                Err(error) if error.is_passing() => {
                    tracing::debug!(%error, "a write of a running attempt is tried again");
                }
                Err(error) => return Err(decided(error)),
            }
            tokio::select! {
                () = self.signals.cancelled.cancelled() => {
                    return Err(JobError::cancelled("told to end before it could note what it did").into_error());
                }
                () = tokio::time::sleep(wait) => {}
            }
            wait = (wait * 2).min(longest);
        }
    }
}

/// An error of the store's as one that ends the attempt.
pub(super) fn decided(error: StoreError) -> Decided {
    JobError::from(error).into_error()
}
