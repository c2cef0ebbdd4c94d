//! Who holds a lease that is spoken of: a remote worker, or a worker of another process whose handler has given its lease away.

use std::sync::Arc;

use windlass::WorkerId;
use windlass::job::Fence;

use super::registry::Remote;
use super::token::LeaseToken;
use crate::access::{MayIn, Work};
use crate::api::Api;
use crate::problem::{Code, Problem};

/// The lease of an attempt, as the worker protocol has it: who gets it may report of the attempt and settle it over HTTP, with a token
/// that covers the job. So a handler can hand its job to somebody who settles it later.
#[must_use]
pub fn lease_text(fence: &Fence) -> String {
    LeaseToken::of(fence.worker, fence.lease, &fence.job).to_string()
}

/// The worker that these leases are of, with what it holds; `None` for one that is gone. Refused for who may not speak for it: for all of
/// a remote worker, and for each of these attempts of another one.
pub(super) async fn holder(
    (may, api): (&MayIn<Work>, &Api),
    worker: WorkerId,
    tokens: &[LeaseToken],
) -> Result<Option<Arc<Remote>>, Problem> {
    match api.remotes().get(api.store(), worker).await {
        Ok(remote) => {
            may.check_worker(&remote.registration)?;
            if tokens.iter().any(|token| remote.is_unknown(*token)) {
                remote.read_hands(api.store()).await?;
            }
            return Ok(Some(remote));
        }
        Err(problem) if problem.code() == Code::WorkerGone => {}
        Err(problem) => return Err(problem),
    }
    let Some(other) = api.remotes().elsewhere(api.store(), worker).await? else { return Ok(None) };
    for held in tokens.iter().filter_map(|token| other.held(*token)) {
        may.check(&held.job.queue, &held.job.kind)?;
    }
    Ok(Some(Arc::new(other)))
}
