//! Finding jobs and events, and counting jobs.

use std::collections::BTreeMap;

use super::Client;
use crate::error::StoreError;
use crate::event::{self, Cursor, EventRecord};
use crate::filter::{Bound, Found, JobCount};
use crate::id::JobId;
use crate::job::{ErrorGroups, Field, Filter, JobRecord, Page, State, Term};
use crate::limits::{COUNT_DEADLINE, ERROR_GROUP_JOBS, ESTIMATE_ROWS};

/// How many jobs match.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Count {
    /// How many.
    pub value: u64,
    /// Whether they were counted; otherwise it is an estimate, made of the newest jobs.
    pub exact: bool,
}

/// How much work a count may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effort {
    /// Look at a few of the newest jobs.
    Estimate,
    /// Count, and estimate where that takes too long.
    Exact,
}

/// Finding.
impl Client {
    /// Jobs that match, newest first, among as many as the bound lets it look through: a page may be short, or empty, and
    /// have a next one.
    ///
    /// ```no_run
    /// # use windlass_core::client::Client;
    /// # use windlass_core::filter::Bound;
    /// # use windlass_core::job::{Filter, Page};
    /// # async fn find(client: &Client) -> Result<(), Box<dyn std::error::Error>> {
    /// let filter: Filter = r#"state:dead args.user.id:42 error:"connection refused" since:24h"#.parse()?;
    /// let found = client.find_jobs(&filter, Page::default(), Bound::default()).await?;
    /// if !found.complete {
    ///     println!("looked through {} jobs; go on before {:?}", found.scanned, found.next);
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// When the store cannot be asked.
    pub async fn find_jobs(
        &self,
        filter: &Filter,
        page: Page,
        bound: Bound,
    ) -> Result<Found<JobRecord, JobId>, StoreError> {
        self.store.find_jobs(filter, page, bound).await
    }

    /// How many jobs match.
    ///
    /// # Errors
    /// When the store cannot be asked.
    pub async fn count_jobs(&self, filter: &Filter, effort: Effort) -> Result<Count, StoreError> {
        let counts = self.store.counts().await?;
        if let Some(value) = filter.total(&counts) {
            return Ok(Count { value, exact: counts.exact });
        }
        let rows = match effort {
            Effort::Estimate => ESTIMATE_ROWS,
            Effort::Exact => u64::MAX,
        };
        let bound = Bound { rows, time: COUNT_DEADLINE };
        let counted = self.store.count_jobs(filter, bound).await?;
        Ok(match counted.complete {
            true => Count { value: counted.fits, exact: true },
            false => Count { value: projected(counted, filter.at_most(&counts)), exact: false },
        })
    }

    /// Jobs that failed and match, dead ones and those that are tried again, by what they say: the newest 2,000 of them.
    ///
    /// ```no_run
    /// # use windlass_core::client::Client;
    /// # async fn errors(client: &Client) -> Result<(), Box<dyn std::error::Error>> {
    /// for group in client.error_groups(&"kind:img.* since:24h".parse()?).await?.groups {
    ///     println!("{:5} {} {}: {}", group.jobs, group.fingerprint, group.kind, group.error);
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// When the store cannot be asked.
    pub async fn error_groups(&self, filter: &Filter) -> Result<ErrorGroups, StoreError> {
        // Jobs of one of these states are looked up; for both at once all jobs would be gone through.
        let tried_again = self.newest(filter, State::Retryable).await?;
        let dead = self.newest(filter, State::Dead).await?;
        Ok(ErrorGroups::of(&merged(tried_again, dead), self.store.facts().await?.now))
    }

    /// The newest that match and are in this state.
    async fn newest(
        &self,
        filter: &Filter,
        state: State,
    ) -> Result<Found<JobRecord, JobId>, StoreError> {
        let mut filter = filter.clone();
        filter.terms.push(Term { negated: false, field: Field::State(vec![state]) });
        let page = Page { before: None, limit: ERROR_GROUP_JOBS };
        self.store.find_jobs(&filter, page, Bound::default()).await
    }

    /// Events of the log that match, from a place on, among as many as the bound lets it look through; the newest first unless
    /// a place says otherwise.
    ///
    /// # Errors
    /// When the store cannot be asked.
    pub async fn find_events(
        &self,
        filter: &event::Filter,
        (from, limit): (Option<Cursor>, usize),
        bound: Bound,
    ) -> Result<Found<EventRecord, Cursor>, StoreError> {
        let from = from.unwrap_or(Cursor::Before(u64::MAX));
        event::find(&*self.store, (filter, limit), from, bound).await
    }
}

/// The newest of both, each job as it is in the later one.
fn merged(
    earlier: Found<JobRecord, JobId>,
    later: Found<JobRecord, JobId>,
) -> Found<JobRecord, JobId> {
    let by_id = |job: JobRecord| (job.id, job);
    let jobs: BTreeMap<JobId, JobRecord> =
        earlier.items.into_iter().chain(later.items).map(by_id).collect();
    let is_cut = jobs.len() > ERROR_GROUP_JOBS;
    let items: Vec<JobRecord> = jobs.into_values().rev().take(ERROR_GROUP_JOBS).collect();
    let oldest = items.last().map(|job| job.id).filter(|_| is_cut);
    Found {
        items,
        scanned: earlier.scanned + later.scanned,
        next: oldest.or(earlier.next).or(later.next),
        complete: earlier.complete && later.complete,
    }
}

/// As many of all jobs as of those that were looked at.
fn projected(counted: JobCount, of: u64) -> u64 {
    let share = u128::from(counted.fits) * u128::from(of.max(counted.scanned));
    let jobs = share / u128::from(counted.scanned.max(1));
    u64::try_from(jobs).unwrap_or(u64::MAX).max(counted.fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_estimate_is_at_least_what_was_seen() {
        let counted = |fits, scanned| JobCount { fits, scanned, complete: false };
        assert_eq!(projected(counted(10, 100), 1_000), 100);
        assert_eq!(projected(counted(10, 100), 50), 10);
        assert_eq!(projected(counted(0, 0), 50), 0);
    }
}
