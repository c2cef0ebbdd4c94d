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
/// a remote worker, and for each of these attempts of another one, or where the caller is limited to tags.
pub(super) async fn holder(
    (may, api): (&MayIn<Work>, &Api),
    worker: WorkerId,
    tokens: &[LeaseToken],
) -> Result<Option<Arc<Remote>>, Problem> {
    match api.remotes().get(api.store(), worker).await {
        Ok(remote) => {
            let by_job = may.caller.grant().is_limited_to_tags();
            if !by_job {
                may.check_worker(&remote.registration)?;
            }
            if tokens.iter().any(|token| remote.is_unknown(*token)) {
                remote.read_hands(api.store()).await?;
            }
            if by_job {
                check_each(may, &remote, tokens)?;
            }
            return Ok(Some(remote));
        }
        Err(problem) if problem.code() == Code::WorkerGone => {}
        Err(problem) => return Err(problem),
    }
    let Some(other) = api.remotes().elsewhere(api.store(), worker).await? else { return Ok(None) };
    check_each(may, &other, tokens)?;
    Ok(Some(Arc::new(other)))
}

/// Refuses a caller who is not for the job of each of these leases, as far as they are held.
fn check_each(may: &MayIn<Work>, remote: &Remote, tokens: &[LeaseToken]) -> Result<(), Problem> {
    let mut held = tokens.iter().filter_map(|token| remote.held(*token));
    held.try_for_each(|held| may.check_held(&held.job))
}
