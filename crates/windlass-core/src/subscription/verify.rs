//! Verify: whether the log is whole, and whether each subscription has got what it wants.

use std::collections::{BTreeMap, HashMap};

use serde::Serialize;

use super::route::Seen;
use super::together::{self, Found, Wanted};
use super::{GapRecord, SubscriptionRecord};
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
    /// Those that wait for others, to become a job with them.
    pub gathered: u64,
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

/// After so many looks the last one counts, though events went during it.
const LOOKS: usize = 3;

/// Verifying.
impl Client {
    /// Looks at the whole log: whether there is an event at each position that was not removed, and for each subscription whether
    /// each event that it wants and has been fed became a job. It reads everything, in pages, and writes nothing.
    ///
    /// # Errors
    /// When the store cannot be asked.
    pub async fn verify_events(&self) -> Result<Verified, StoreError> {
        let store = &**self.store();
        let mut looks = 0;
        loop {
            let mut verified = look(store).await?;
            let removed = store.event_log().await?.removed;
            looks += 1;
            // What is removed meanwhile is missing from the count of what is there. Where some is again and again, what was may have
            // been counted and removed: then fewer are told as lost than are, and none that is not.
            if removed == verified.log.removed || looks == LOOKS {
                verified.log.removed = removed;
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
    let (mut after, mut last_hole) = (0, 0);
    while after < log.last {
        let page = store.events(after, ROUTE_EVENTS).await?;
        let page: Vec<_> = page.into_iter().filter(|one| one.position <= Some(log.last)).collect();
        let Some(last) = page.last().and_then(|event| event.position) else { break };
        verified.counted += page.len() as u64;
        for position in page.iter().filter_map(|event| event.position) {
            last_hole = if position > after + 1 { position - 1 } else { last_hole };
            after = position;
        }
        for look in &mut looks {
            look.check(store, &page, kept).await?;
        }
        after = last;
    }
    last_hole = if after < log.last { log.last } else { last_hole };
    for look in &mut looks {
        look.settle(store, last_hole).await?;
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
    /// Of one whose events become jobs together: those whose job was not seen yet, by key.
    open: HashMap<String, BTreeMap<u64, (Wanted, bool)>>,
    found: VerifiedSubscription,
}

impl Look {
    fn new(one: SubscriptionRecord, log: &LogRecord, gaps: Vec<GapRecord>) -> Self {
        let found = VerifiedSubscription {
            name: one.name.clone(),
            wanted: 0,
            found: 0,
            ended: 0,
            gathered: 0,
            missed: 0,
            missed_at: Vec::new(),
            gaps,
        };
        let fed = (one.after.max(one.since), one.position(log));
        Self { fed, open: HashMap::new(), subscription: one, found }
    }

    async fn check(
        &mut self,
        store: &dyn Store,
        page: &[EventRecord],
        kept: Kept,
    ) -> Result<(), StoreError> {
        let wanted: Vec<(Wanted, bool)> =
            page.iter().filter_map(|event| self.wanted(event, kept)).collect();
        if wanted.is_empty() {
            return Ok(());
        }
        let jobs: Vec<JobId> = wanted.iter().map(|(event, _)| event.job).collect();
        let there = store.have_jobs(&jobs).await?;
        for ((event, may_be_gone), is_there) in wanted.into_iter().zip(there) {
            self.found.wanted += 1;
            if self.subscription.definition.mode.is_each() {
                self.count(event.position, is_there, may_be_gone);
                continue;
            }
            let (position, id) = (event.position, event.job);
            let of_key = self.open.entry(event.key.clone()).or_default();
            of_key.insert(position, (event, may_be_gone));
            let job = match is_there {
                true => Found::of(store, &self.subscription, id).await?,
                false => None,
            };
            // What is not in it must be in one that comes.
            let Some(job) = job else { continue };
            let found = of_key.extract_if(.., |position, _| job.has(*position)).count();
            self.found.found += found as u64;
        }
        Ok(())
    }

    fn count(&mut self, position: u64, is_there: bool, may_be_gone: bool) {
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

    /// Counts events whose job was not seen: they wait for others, or it has ended, or it is missing. The event that names a job of
    /// several may have been removed before the others of it: then nobody can say. Which wait is asked behind the look at the log:
    /// those that became jobs meanwhile are looked for once more.
    async fn settle(&mut self, store: &dyn Store, last_hole: u64) -> Result<(), StoreError> {
        if self.open.is_empty() {
            return Ok(());
        }
        let windows = store.windows(self.subscription.number).await?;
        let open: BTreeMap<u64, (Wanted, bool)> =
            std::mem::take(&mut self.open).into_values().flatten().collect();
        for (position, (wanted, may_be_gone)) in open {
            if together::waits(&self.subscription, &windows, &wanted).is_some() {
                self.found.gathered += 1;
                continue;
            }
            let may_be_gone = may_be_gone || position < last_hole;
            let event = match may_be_gone {
                true => None,
                false => store.events_at(&[position]).await?.pop(),
            };
            let answer = match &event {
                Some(event) => together::answer(store, &self.subscription, event, &windows).await?,
                None => None,
            };
            let is_there = answer.and_then(|(answer, _)| answer.job()).is_some();
            self.count(position, is_there, may_be_gone);
        }
        Ok(())
    }

    /// An event that a job must have come of, and whether that may be gone by now.
    fn wanted(&self, event: &EventRecord, kept: Kept) -> Option<(Wanted, bool)> {
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
        Some((Wanted::of(&self.subscription, event)?, kept.may_be_gone(recorded_at)))
    }
}
