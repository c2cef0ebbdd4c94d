//! Claim: jobs with the events that some of them come of.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::EventRecord;
use crate::error::StoreError;
use crate::job::{Batch, ClaimRequest, Claimed};
use crate::reply::Now;
use crate::store::Store;
use crate::subscription::event_of;

/// Claims jobs, and reads the events that they come of: one question for all, and none where no job comes of an event.
///
/// # Errors
/// As [`JobStore::claim`](crate::job::JobStore::claim). Where the events cannot be read the jobs are handed back.
pub async fn claim(
    store: &dyn Store,
    request: &ClaimRequest,
    now: Now,
) -> Result<Batch, StoreError> {
    let mut batch = store.claim(request, now).await?;
    let positions: BTreeSet<u64> = batch.jobs.iter().filter_map(|job| position(job)).collect();
    if positions.is_empty() {
        return Ok(batch);
    }
    let positions: Vec<u64> = positions.into_iter().collect();
    match store.events_at(&positions).await {
        Ok(events) => attach(&mut batch.jobs, events),
        Err(error) => {
            // Where this fails too, a heartbeat finds a lease that nobody knows.
            let released = store.release(request.worker, request.lease, now).await;
            if let Err(error) = released {
                tracing::debug!(%error, "jobs without their events were not handed back");
            }
            return Err(error);
        }
    }
    Ok(batch)
}

/// A claimed job that another process handed over, with its event.
#[cfg(unix)]
pub(crate) async fn with_event(
    store: &dyn Store,
    job: Arc<Claimed>,
) -> Result<Arc<Claimed>, StoreError> {
    let Some(position) = position(&job) else { return Ok(job) };
    let events = store.events_at(&[position]).await?;
    let mut jobs = [job];
    attach(&mut jobs, events);
    let [job] = jobs;
    Ok(job)
}

fn position(job: &Claimed) -> Option<u64> {
    event_of(job.id).map(|(position, _)| position)
}

fn attach(jobs: &mut [Arc<Claimed>], events: Vec<EventRecord>) {
    let at = |event: EventRecord| Some((event.position?, Arc::new(event)));
    let events: BTreeMap<u64, Arc<EventRecord>> = events.into_iter().filter_map(at).collect();
    for job in jobs {
        let event = position(job).and_then(|position| events.get(&position));
        // Its id may be a caller's own.
        let event =
            event.filter(|event| job.parent.is_some_and(|id| id.as_uuid() == event.id.as_uuid()));
        if let Some(event) = event {
            Arc::make_mut(job).event = Some(Arc::clone(event));
        }
    }
}
