//! What the leader and the client do with schedules, in steps of the store's.

use std::time::Duration;

use super::declare::{self, Declared};
use super::definition::Cause;
use super::{Definition, Firing, SchedulePut, ScheduleRecord, due};
use crate::error::{Refusal, StoreError};
use crate::job::NewJob;
use crate::limits::{FIRE_JOBS, FIRE_SCHEDULES};
use crate::reply::Now;
use crate::store::Store;

/// Tries of a write on the strength of a look, while others write too.
const TRIES: usize = 10;

/// What a round of firing did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FireRound {
    /// Jobs enqueued.
    pub jobs: u64,
    /// How long until the next schedule is due; zero where there was more than one round does.
    pub next_due: Option<Duration>,
}

/// One bounded round: everything that is due gets its jobs and its next due time, by the database's clock. Any
/// process may do it; of several that do one fires each due time.
///
/// # Errors
/// What kept the store from answering. After [`StoreError::Unknown`] the next round finds what happened.
pub async fn fire_due(store: &dyn Store, now: Now) -> Result<FireRound, StoreError> {
    let found = store.due_schedules(FIRE_SCHEDULES, now).await?;
    let firings = found.schedules.iter().filter_map(|record| due::fire(record, found.now));
    let firings: Vec<Firing> = firings.collect();
    let mut round = FireRound::default();
    let is_full = found.schedules.len() >= FIRE_SCHEDULES;
    let mut rest = &firings[..];
    loop {
        let (part, after) = rest.split_at(part_len(rest));
        let fired = store.fire(part, now).await?;
        let jobs = part.iter().zip(&fired.written).filter(|(_, written)| **written);
        round.jobs += jobs.map(|(firing, _)| firing.jobs.len() as u64).sum::<u64>();
        round.next_due = if is_full { Some(Duration::ZERO) } else { fired.next_due };
        rest = after;
        if rest.is_empty() {
            return Ok(round);
        }
    }
}

/// How many of these are one call: as many as have few enough jobs, and one at least.
fn part_len(firings: &[Firing]) -> usize {
    let mut jobs = 0;
    let fits = firings.iter().take_while(|firing| {
        jobs += firing.jobs.len();
        jobs <= FIRE_JOBS
    });
    fits.count().max(1).min(firings.len())
}

/// Writes what a program declares.
///
/// # Errors
/// When a declaration cannot be used, and what kept the store from writing.
pub async fn declare(store: &dyn Store, declared: &[Declared], now: Now) -> Result<(), StoreError> {
    declare::check_declared(declared)?;
    let mut open: Vec<&Declared> = declared.iter().collect();
    for _ in 0..TRIES {
        if open.is_empty() {
            return Ok(());
        }
        let found = store.schedules().await?;
        let find = |name: &str| found.iter().find(|record| record.name == name);
        let puts: Vec<SchedulePut> = open.iter().map(|one| one.put(find(&one.name))).collect();
        let mut written = store.put_schedules(&puts, now).await?.into_iter();
        open.retain(|_| !written.next().unwrap_or(false));
    }
    Err(busy(open.first().map_or("a schedule", |one| &one.name)))
}

/// Writes what a person wants a schedule to be.
pub(crate) async fn put(
    store: &dyn Store,
    (name, definition): (&str, &Definition),
    by: &str,
) -> Result<(), StoreError> {
    declare::check(name, definition)?;
    for _ in 0..TRIES {
        let found = store.schedule(name).await?;
        let put = declare::put((name, definition), by, found.as_ref());
        if store.put_schedules(&[put], Now::Database).await? == [true] {
            return Ok(());
        }
    }
    Err(busy(name))
}

/// What a wish to run a schedule's job now came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use = "the last job may not have ended, and nothing been enqueued"]
#[non_exhaustive]
pub enum RanNow {
    /// This job was enqueued.
    Enqueued(crate::id::JobId),
    /// This job, the schedule's last, has not ended, and the schedule allows none beside it.
    Unfinished(crate::id::JobId),
}

/// Enqueues a schedule's job out of turn.
pub(crate) async fn run_now(store: &dyn Store, name: &str) -> Result<RanNow, StoreError> {
    for _ in 0..TRIES {
        let Some(record) = store.schedule(name).await?.filter(|found| found.removed_at.is_none())
        else {
            return Err(no_schedule(name));
        };
        if let Some(job) = in_the_way(&record) {
            return Ok(RanNow::Unfinished(job));
        }
        let facts = store.facts().await?;
        let job: NewJob = record.definition.job(name, facts.now, Cause::Hand);
        job.check().map_err(StoreError::from)?;
        let (id, error) = (job.id, record.error.clone());
        let firing = Firing { jobs: vec![job], error, ..Firing::unchanged(&record) };
        if store.fire(&[firing], Now::Database).await?.written == [true] {
            return Ok(RanNow::Enqueued(id));
        }
    }
    Err(busy(name))
}

fn in_the_way(record: &ScheduleRecord) -> Option<crate::id::JobId> {
    let (_, overlap) = record.policies();
    record.last_job.filter(|_| record.is_unfinished && overlap != super::Overlap::Allow)
}

pub(crate) fn no_schedule(name: &str) -> StoreError {
    StoreError::NotFound { what: format!("schedule {}", name.escape_debug()) }
}

fn busy(name: &str) -> StoreError {
    let what = format!("schedule {name} is being changed by others; try again");
    StoreError::Conflict { what }
}

impl From<super::ScheduleError> for StoreError {
    fn from(error: super::ScheduleError) -> Self {
        Refusal::from(error).into()
    }
}
