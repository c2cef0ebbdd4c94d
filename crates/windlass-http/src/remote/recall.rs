//! What a worker is told of the jobs of a claim besides what was claimed: their args where these are encrypted, and what earlier attempts
//! have left.

use std::collections::BTreeMap;
use std::time::Duration;

use windlass::job::{Settlement, Verdict, verdict_of};
use windlass::limits::CLAIM_BYTES;
use windlass::step::StepForm;
use windlass::store::Now;
use windlass::{JobError, Json, Policy, StoreError};

use super::registry::{Held, Remote};
use super::token::LeaseToken;
use crate::api::Api;

/// What there is of a job.
#[derive(Debug, Default)]
pub(super) struct Recalled {
    /// Its args in clear, where they are encrypted.
    pub(super) args: Option<Json>,
    pub(super) checkpoint: Option<Json>,
    /// What each step has returned, by its name.
    pub(super) steps: BTreeMap<String, Option<Json>>,
}

/// A job as it is told.
pub(super) type Told = (LeaseToken, Held, Recalled);

/// Reads it for each. A job beyond the first, for whose part the answer has no room, is handed back: it comes with a later claim.
/// The attempt of one whose args cannot be decrypted has failed.
pub(super) async fn recall(
    api: &Api,
    remote: &Remote,
    held: Vec<(LeaseToken, Held)>,
) -> Result<Vec<Told>, StoreError> {
    let mut told: Vec<Told> = Vec::with_capacity(held.len());
    let mut bytes = 0;
    for (token, held) in held {
        let args = match api.client().decrypted(&held.job).transpose() {
            Ok(args) => args,
            Err(why) => {
                let verdict = verdict_of(&JobError::retry(why), &held.job, &Policy::default());
                settle(api, remote, (token, &held), verdict).await?;
                continue;
            }
        };
        let recalled = Recalled { args, ..left(api, remote, (token, &held)).await? };
        let size = recalled.bytes();
        if size > 0 && bytes > 0 && bytes + size > CLAIM_BYTES {
            let verdict = Verdict::Release { delay: Duration::ZERO };
            settle(api, remote, (token, &held), verdict).await?;
            continue;
        }
        bytes += size;
        told.push((token, held, recalled));
    }
    Ok(told)
}

/// What earlier attempts have left.
async fn left(
    api: &Api,
    remote: &Remote,
    (token, held): (LeaseToken, &Held),
) -> Result<Recalled, StoreError> {
    // Before the first attempt nothing was recorded.
    if held.job.attempt <= 1 {
        return Ok(Recalled::default());
    }
    let fence = remote.fence(token, held);
    let checkpoint = api.store().last_checkpoint(&fence).await?;
    let steps = api.store().recall(&fence, Now::Database).await?.steps.into_iter();
    let done = steps.filter(|step| step.form == StepForm::Work);
    let steps = done.map(|step| (step.name, step.output)).collect();
    Ok(Recalled { args: None, checkpoint, steps })
}

/// Ends an attempt that nobody is told of.
async fn settle(
    api: &Api,
    remote: &Remote,
    (token, held): (LeaseToken, &Held),
    verdict: Verdict,
) -> Result<(), StoreError> {
    let (lease, job) = (token.lease, held.job.clone());
    let settlement = Settlement { lease, job, ran: None, verdict };
    // What is locked right now is handed back by a heartbeat, which does not name it.
    api.store().settle(remote.id(), &[settlement], Now::Database).await?;
    remote.lost(token);
    Ok(())
}

impl Recalled {
    fn bytes(&self) -> usize {
        let size = |json: &Option<Json>| json.as_ref().map_or(0, |json| json.as_str().len());
        let steps = self.steps.iter().map(|(name, output)| name.len() + size(output));
        size(&self.checkpoint) + steps.sum::<usize>()
    }
}
