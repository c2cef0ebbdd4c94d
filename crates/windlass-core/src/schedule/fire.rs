//! What the leader and the client do with schedules, in steps of the store's.

use std::time::Duration;

use super::declare::{self, Declared};
use super::definition::Cause;
use super::{Definition, Fired, Firing, SchedulePut, ScheduleRecord, due};
use crate::edit::{Edit, Edited, Expected};
use crate::error::{Refusal, StoreError};
use crate::job::NewJob;
use crate::json::storable_text;
use crate::limits::{ERROR_BYTES, FIRE_BYTES, FIRE_JOBS, FIRE_SCHEDULES};
use crate::reply::Now;
use crate::store::Store;
use crate::time::Timestamp;

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
    let mut has_moved = false;
    let mut rest = &firings[..];
    while !rest.is_empty() {
        let (part, after) = rest.split_at(part_len(rest));
        let fired = match store.fire(part, now).await {
            // What one of them fails for must not hold up the others.
            Err(error) if !error.is_passing() && part.len() > 1 => {
                fire_one_by_one(store, part, now).await?
            }
            fired => fired?,
        };
        let jobs = part.iter().zip(&fired.written).filter(|(_, written)| **written);
        round.jobs += jobs.map(|(firing, _)| firing.jobs.len() as u64).sum::<u64>();
        has_moved |= fired.written.contains(&true);
        // A part that another transaction keeps asks for time; the parts after it would say that it is due.
        round.next_due = round.next_due.max(fired.next_due);
        rest = after;
    }
    if found.schedules.len() >= FIRE_SCHEDULES && has_moved {
        round.next_due = Some(Duration::ZERO);
    }
    Ok(round)
}

/// Each for itself; the first error once all had their turn.
async fn fire_one_by_one(
    store: &dyn Store,
    firings: &[Firing],
    now: Now,
) -> Result<Fired, StoreError> {
    let mut all = Fired { written: Vec::new(), next_due: None };
    let mut first = None;
    for firing in firings {
        match store.fire(std::slice::from_ref(firing), now).await {
            Ok(fired) => {
                all.written.extend(fired.written);
                all.next_due = fired.next_due;
            }
            Err(error) => {
                all.written.push(false);
                first = first.or(Some(error));
            }
        }
    }
    first.map_or(Ok(all), Err)
}

/// How many of these are one call: as many as have few enough jobs and bytes, and one at least.
fn part_len(firings: &[Firing]) -> usize {
    let (mut jobs, mut bytes) = (0, 0);
    let fits = firings.iter().take_while(|firing| {
        jobs += firing.jobs.len();
        bytes += firing.jobs.iter().map(|job| job.args.as_str().len()).sum::<usize>();
        jobs <= FIRE_JOBS && bytes <= FIRE_BYTES
    });
    fits.count().max(1).min(firings.len())
}

/// Writes what a program declares.
///
/// # Errors
/// When a declaration cannot be used, and what kept the store from writing.
pub async fn declare(store: &dyn Store, declared: &[Declared], now: Now) -> Result<(), StoreError> {
    declare::check_declared(declared)?;
    let moment = now.given().unwrap_or_else(Timestamp::wall_clock);
    let mut open: Vec<&Declared> = declared.iter().collect();
    for _ in 0..TRIES {
        if open.is_empty() {
            return Ok(());
        }
        let found = store.schedules().await?;
        let find = |name: &str| found.iter().find(|record| record.name == name);
        open.retain(|one| !find(&one.name).is_some_and(|found| one.was_just_said(found, moment)));
        let puts: Vec<SchedulePut> = open.iter().map(|one| one.put(find(&one.name))).collect();
        if puts.is_empty() {
            return Ok(());
        }
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
    edit(store, (name, definition), by, &Expected::default()).await.map(drop)
}

/// The same where the schedule is as expected.
pub(crate) async fn edit(
    store: &dyn Store,
    (name, definition): (&str, &Definition),
    by: &str,
    expected: &Expected,
) -> Result<Edited, StoreError> {
    declare::check(name, definition)?;
    for _ in 0..TRIES {
        let found = store.schedule(name).await?;
        let put = declare::put((name, definition), &storable_text(by, ERROR_BYTES), found.as_ref());
        let put = Edit::PutSchedule(Box::new(put));
        match store.edit(&put, expected, Now::Database).await? {
            // It has fired meanwhile, or a program has declared it once more.
            Edited::Done(false) => {}
            edited => return Ok(edited),
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
