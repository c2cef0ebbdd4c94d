//! What earlier attempts have left for the jobs of a claim: a checkpoint, and the steps that are done.

use std::collections::BTreeMap;
use std::time::Duration;

use windlass::Json;
use windlass::StoreError;
use windlass::job::{Settlement, Verdict};
use windlass::limits::CLAIM_BYTES;
use windlass::step::StepForm;
use windlass::store::Now;

use super::registry::{Held, Remote};
use super::token::LeaseToken;
use crate::api::Api;

/// What there is of a job.
#[derive(Debug, Default)]
pub(super) struct Recalled {
    pub(super) checkpoint: Option<Json>,
    /// What each step has returned, by its name.
    pub(super) steps: BTreeMap<String, Option<Json>>,
}

/// A job as it is told.
pub(super) type Told = (LeaseToken, Held, Recalled);

/// Reads it for each. A job beyond the first, for whose part the answer has no room, is handed back: it comes with a later claim.
pub(super) async fn recall(
    api: &Api,
    remote: &Remote,
    held: Vec<(LeaseToken, Held)>,
) -> Result<Vec<Told>, StoreError> {
    let mut told: Vec<Told> = Vec::with_capacity(held.len());
    let mut bytes = 0;
    for (token, held) in held {
        let recalled = of_job(api, remote, (token, &held)).await?;
        let size = recalled.bytes();
        if size > 0 && bytes > 0 && bytes + size > CLAIM_BYTES {
            hand_back(api, remote, (token, &held)).await?;
            continue;
        }
        bytes += size;
        told.push((token, held, recalled));
    }
    Ok(told)
}

async fn of_job(
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
    Ok(Recalled { checkpoint, steps: done.map(|step| (step.name, step.output)).collect() })
}

async fn hand_back(
    api: &Api,
    remote: &Remote,
    (token, held): (LeaseToken, &Held),
) -> Result<(), StoreError> {
    let verdict = Verdict::Release { delay: Duration::ZERO };
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
