//! Writing settlements: when the store refuses a batch for what is in it, nothing of it is lost.

use crate::reply::Now;
use std::time::Duration;

use crate::error::StoreError;
use crate::id::WorkerId;
use crate::job::{Outcome, Settled, Settlement, Verdict};
use crate::store::Store;

/// How long a job waits whose result could not be stored.
const UNSTORABLE_WAIT: Duration = Duration::from_secs(60);

/// Writes settlements. When the store refuses a batch for what is in it, each is written alone,
/// so that one that cannot be stored keeps no other from being settled.
pub(super) async fn write(
    store: &dyn Store,
    worker: WorkerId,
    mut settlements: Vec<Settlement>,
) -> Result<Vec<Settled>, StoreError> {
    match store.settle(worker, &settlements, Now::Database).await {
        Err(error) if !error.is_passing() => {
            tracing::warn!(%error, "a batch of settlements was refused; writing them one by one");
        }
        answered => return answered,
    }
    let mut answers = Vec::with_capacity(settlements.len());
    for settlement in &mut settlements {
        answers.push(write_alone(store, worker, settlement).await?);
    }
    Ok(answers)
}

async fn write_alone(
    store: &dyn Store,
    worker: WorkerId,
    settlement: &mut Settlement,
) -> Result<Settled, StoreError> {
    let one = std::slice::from_ref(settlement);
    let first = match store.settle(worker, one, Now::Database).await {
        Err(error) if !error.is_passing() => error,
        answered => return Ok(single(answered?)),
    };
    settlement.verdict = instead_of_unstorable(&first.to_string());
    Ok(single(store.settle(worker, std::slice::from_ref(settlement), Now::Database).await?))
}

fn single(answers: Vec<Settled>) -> Settled {
    answers.into_iter().next().unwrap_or(Settled::Lost)
}

/// What is written instead of a verdict that the store refuses to keep: the job is tried again
/// later, and its history says why.
fn instead_of_unstorable(reason: &str) -> Verdict {
    Verdict::Retry {
        outcome: Outcome::Error,
        error: format!("the attempt's result could not be stored: {reason}").replace('\0', ""),
        delay: UNSTORABLE_WAIT,
    }
}
