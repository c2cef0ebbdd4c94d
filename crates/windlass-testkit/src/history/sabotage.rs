//! Stores with one bug each, which the rules must see. A checker that has never failed proves
//! nothing.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use windlass_core::job::Claimed;

use crate::fault::forward::forward;
use crate::fault::forward::names::*;

/// A bug.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sabotage {
    /// D1: a job is acknowledged and never written.
    DropsAnAcknowledgedJob,
    /// D1: a call is acknowledged first and written with the next one, unless the process dies.
    AnswersBeforeTheCommit,
    /// D8: a call is written in two transactions, and the second one is lost.
    SplitsACall,
    /// L3: an end is written whatever attempt its job is at.
    AcceptsStaleEnds,
    /// L1: every claim has the same lease.
    RepeatsALease,
    /// X3: a given id is written again as another job would be, and reported as new.
    ForgetsGivenIds,
    /// W3: a pause is acknowledged and not written.
    ForgetsPauses,
}

/// A store with a bug.
pub struct SabotagedStore {
    store: Arc<dyn Store>,
    sabotage: Sabotage,
    lease: LeaseId,
    unwritten: Mutex<Vec<NewJob>>,
    claimed: Mutex<HashMap<JobId, (LeaseId, Arc<Claimed>)>>,
}

impl std::fmt::Debug for SabotagedStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SabotagedStore").field("sabotage", &self.sabotage).finish_non_exhaustive()
    }
}

impl SabotagedStore {
    /// Puts a bug into a store.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, sabotage: Sabotage) -> Self {
        let (unwritten, claimed) = (Mutex::default(), Mutex::default());
        Self { store, sabotage, lease: LeaseId::new(), unwritten, claimed }
    }

    fn has(&self, sabotage: Sabotage) -> bool {
        self.sabotage == sabotage
    }

    /// Which jobs are really written by a call that wants these.
    fn written(&self, jobs: &[NewJob]) -> Vec<NewJob> {
        match self.sabotage {
            Sabotage::DropsAnAcknowledgedJob => jobs[1..].to_vec(),
            Sabotage::SplitsACall => jobs[..jobs.len().div_ceil(2)].to_vec(),
            Sabotage::AnswersBeforeTheCommit => {
                let mut unwritten = self.unwritten.lock().unwrap_or_else(PoisonError::into_inner);
                std::mem::replace(&mut *unwritten, jobs.to_vec())
            }
            _ => jobs.to_vec(),
        }
    }

    /// The settlement, turned to the attempt its job is at.
    fn unfenced(&self, settlement: &Settlement) -> Settlement {
        let claimed = self.claimed.lock().unwrap_or_else(PoisonError::into_inner);
        let (lease, job) = &claimed[&settlement.job.id];
        Settlement { lease: *lease, job: Arc::clone(job), ..settlement.clone() }
    }
}

impl Store for SabotagedStore {
    fn enqueue<'a>(&'a self, jobs: &'a [NewJob], now: Now) -> Reply<'a, Vec<Enqueued>> {
        Box::pin(async move {
            let answers = self.store.enqueue(&self.written(jobs), now).await?;
            let is_honest = answers.len() == jobs.len() && !self.has(Sabotage::ForgetsGivenIds);
            let lie = || jobs.iter().map(|job| Enqueued::New(job.id)).collect();
            Ok(if is_honest { answers } else { lie() })
        })
    }

    fn claim<'a>(&'a self, request: &'a ClaimRequest, now: Now) -> Reply<'a, Batch> {
        Box::pin(async move {
            let mut request = request.clone();
            if self.has(Sabotage::RepeatsALease) {
                request.lease = self.lease;
            }
            let batch = self.store.claim(&request, now).await?;
            let mut claimed = self.claimed.lock().unwrap_or_else(PoisonError::into_inner);
            claimed.extend(batch.jobs.iter().map(|job| (job.id, (batch.lease, Arc::clone(job)))));
            Ok(batch)
        })
    }

    fn settle<'a>(
        &'a self,
        worker: WorkerId,
        settlements: &'a [Settlement],
        now: Now,
    ) -> Reply<'a, Vec<Settled>> {
        Box::pin(async move {
            if !self.has(Sabotage::AcceptsStaleEnds) {
                return self.store.settle(worker, settlements, now).await;
            }
            let sent: Vec<Settlement> = settlements.iter().map(|one| self.unfenced(one)).collect();
            self.store.settle(worker, &sent, now).await
        })
    }

    fn pause<'a>(&'a self, queue: &'a str, note: Option<&'a str>, now: Now) -> Reply<'a, ()> {
        if self.has(Sabotage::ForgetsPauses) {
            return Box::pin(async { Ok(()) });
        }
        self.store.pause(queue, note, now)
    }

    forward!(heartbeat register resume retry duties others);
}
