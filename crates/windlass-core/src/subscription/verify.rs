//! Verify: whether the log is whole, and whether each subscription has got what it wants.

use serde::Serialize;

use super::route::Seen;
use super::{GapRecord, SubscriptionRecord, job_of};
use crate::client::Client;
use crate::error::StoreError;
use crate::event::{EventRecord, LogRecord};
use crate::id::JobId;
use crate::limits::{KEEP_FINISHED, MISSED_EVENTS, ROUTE_EVENTS};
use crate::store::Store;
use crate::time::Timestamp;

/// What a look at the whole log has found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Verified {
    /// How far the log reached when the look began.
    pub log: LogRecord,
    /// Events that are in it.
    pub counted: u64,
    /// Each subscription.
    pub subscriptions: Vec<VerifiedSubscription>,
}

/// Whether one subscription has got what it wants.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct VerifiedSubscription {
    /// Its name.
    pub name: String,
    /// Events in the log that it wants, as it is now, and has been fed.
    pub wanted: u64,
    /// Of these, those whose jobs are there.
    pub found: u64,
    /// Those whose jobs may have ended and been removed: the event is older than finished jobs are kept, or the store keeps no
    /// completed jobs.
    pub ended: u64,
    /// Those whose jobs should be there and are not.
    pub missed: u64,
    /// The positions of the first of them.
    pub missed_at: Vec<u64>,
    /// What it was not fed, and never will be.
    pub gaps: Vec<GapRecord>,
}

impl Verified {
    /// Positions that have no event, though none was removed from there.
    #[must_use]
    pub const fn lost(&self) -> u64 {
        self.log.last.saturating_sub(self.log.removed + self.counted)
    }

    /// Whether nothing is lost and nothing missed. Gaps are told where they are made, and are not counted here.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.lost() == 0 && self.subscriptions.iter().all(|one| one.missed == 0)
    }
}

/// Verifying.
impl Client {
    /// Looks at the whole log: whether there is an event at each position that was not removed, and for each subscription whether
    /// each event that it wants and has been fed became a job. It reads everything, in pages, and writes nothing.
    ///
    /// # Errors
    /// When the store cannot be asked.
    pub async fn verify_events(&self) -> Result<Verified, StoreError> {
        let store = &**self.store();
        loop {
            let verified = look(store).await?;
            // What is removed meanwhile is missing from the count of what is there.
            if store.event_log().await?.removed == verified.log.removed {
                return Ok(verified);
            }
        }
    }
}

async fn look(store: &dyn Store) -> Result<Verified, StoreError> {
    let facts = store.facts().await?;
    let (log, subscriptions) = (store.event_log().await?, store.subscriptions().await?.all);
    let gaps = store.gaps().await?;
    let mut looks: Vec<Look> = subscriptions
        .into_iter()
        .map(|one| {
            let gaps = gaps.iter().filter(|gap| gap.number == one.number).cloned().collect();
            Look::new(one, &log, gaps)
        })
        .collect();
    let kept = Kept { now: facts.now, keeps_completed: facts.keeps_completed };
    let mut verified = Verified { log, counted: 0, subscriptions: Vec::new() };
    let mut after = 0;
    while after < log.last {
        let page = store.events(after, ROUTE_EVENTS).await?;
        let page: Vec<_> = page.into_iter().filter(|one| one.position <= Some(log.last)).collect();
        let Some(last) = page.last().and_then(|event| event.position) else { break };
        verified.counted += page.len() as u64;
        for look in &mut looks {
            look.check(store, &page, kept).await?;
        }
        after = last;
    }
    verified.subscriptions = looks.into_iter().map(|look| look.found).collect();
    Ok(verified)
}

/// How long jobs that have ended are there.
#[derive(Clone, Copy)]
struct Kept {
    now: Timestamp,
    keeps_completed: bool,
}

impl Kept {
    /// Whether a job that was written then may have ended and be gone by now.
    fn may_be_gone(self, written_at: Timestamp) -> bool {
        !self.keeps_completed || written_at.after(KEEP_FINISHED) < self.now
    }
}

/// One subscription while the log is walked.
struct Look {
    subscription: SubscriptionRecord,
    /// It was fed, as it is now, events behind the first position up to the last one.
    fed: (u64, u64),
    found: VerifiedSubscription,
}

impl Look {
    fn new(one: SubscriptionRecord, log: &LogRecord, gaps: Vec<GapRecord>) -> Self {
        let found = VerifiedSubscription {
            name: one.name.clone(),
            wanted: 0,
            found: 0,
            ended: 0,
            missed: 0,
            missed_at: Vec::new(),
            gaps,
        };
        Self { fed: (one.after.max(one.since), one.position(log)), subscription: one, found }
    }

    async fn check(
        &mut self,
        store: &dyn Store,
        page: &[EventRecord],
        kept: Kept,
    ) -> Result<(), StoreError> {
        let wanted: Vec<(JobId, u64, bool)> =
            page.iter().filter_map(|event| self.wanted(event, kept)).collect();
        if wanted.is_empty() {
            return Ok(());
        }
        let jobs: Vec<JobId> = wanted.iter().map(|(job, ..)| *job).collect();
        let there = store.have_jobs(&jobs).await?;
        for ((_, position, may_be_gone), is_there) in wanted.into_iter().zip(there) {
            self.found.wanted += 1;
            match (is_there, may_be_gone) {
                (true, _) => self.found.found += 1,
                (false, true) => self.found.ended += 1,
                (false, false) => {
                    self.found.missed += 1;
                    if self.found.missed_at.len() < MISSED_EVENTS {
                        self.found.missed_at.push(position);
                    }
                }
            }
        }
        Ok(())
    }

    /// The job that must have come of an event, its position, and whether it may be gone by now.
    fn wanted(&self, event: &EventRecord, kept: Kept) -> Option<(JobId, u64, bool)> {
        let (position, recorded_at) = (event.position?, event.recorded_at?);
        let is_in = |gap: &GapRecord| (gap.from..=gap.to).contains(&position);
        // What is told leaves no job.
        self.subscription.definition.target.job()?;
        if position <= self.fed.0 || position > self.fed.1 || self.found.gaps.iter().any(is_in) {
            return None;
        }
        let seen = Seen::of(event);
        if !self.subscription.definition.filter.matches(&seen.view(event)) {
            return None;
        }
        let job = job_of(recorded_at, position, self.subscription.number);
        Some((job, position, kept.may_be_gone(recorded_at)))
    }
}
