//! Walks over all jobs and events that match, of which a page is held at a time.

use windlass::event::{Cursor, EventRecord};
use windlass::filter::{Bound, Effort};
use windlass::job::Page;
use windlass::{Client, JobId, JobRecord, event, job};

use crate::command::event::sequence;
use crate::output::progress::Progress;

/// Jobs or events of a page: each may have some hundred kilobytes.
const PAGE: usize = 100;

/// All jobs that match, the oldest first: so they are written again in the order in which they were. A store is walked from the
/// newest on, so there is a first walk that only notes where pages begin.
pub(super) async fn jobs(
    client: &Client,
    filter: &job::Filter,
    mut write: impl FnMut(&JobRecord) -> anyhow::Result<()>,
) -> anyhow::Result<u64> {
    let about = client.count_jobs(filter, Effort::Estimate).await?.value;
    let progress = Progress::begin("jobs", about);
    let begins = beginnings(client, filter).await?;
    let mut written = 0;
    for (nth, before) in begins.iter().enumerate().rev() {
        let until = begins.get(nth + 1).copied().flatten();
        let part = part(client, filter, (*before, until)).await?;
        for job in part.iter().rev() {
            write(job)?;
        }
        written += part.len() as u64;
        progress.advance(part.len() as u64);
    }
    Ok(written)
}

/// Where each page begins, from the newest on.
async fn beginnings(client: &Client, filter: &job::Filter) -> anyhow::Result<Vec<Option<JobId>>> {
    let mut begins = vec![None];
    loop {
        let page = Page { before: begins.last().copied().flatten(), limit: PAGE };
        match client.find_jobs(filter, page, Bound::default()).await?.next {
            Some(next) => begins.push(Some(next)),
            None => return Ok(begins),
        }
    }
}

/// The jobs from one place to another, the newest first. A few more may match by now than when the place was noted.
async fn part(
    client: &Client,
    filter: &job::Filter,
    (mut before, until): (Option<JobId>, Option<JobId>),
) -> anyhow::Result<Vec<JobRecord>> {
    let mut part = Vec::new();
    loop {
        let page = Page { before, limit: PAGE };
        let found = client.find_jobs(filter, page, Bound::default()).await?;
        let inside = |job: &JobRecord| until.is_none_or(|until| job.id >= until);
        let is_over = found.items.iter().any(|job| !inside(job));
        part.extend(found.items.into_iter().filter(inside));
        match found.next {
            Some(next) if !is_over && until.is_none_or(|until| next > until) => {
                before = Some(next);
            }
            _ => return Ok(part),
        }
    }
}

/// All events that match, in the order of the log.
pub(super) async fn events(
    client: &Client,
    filter: &event::Filter,
    mut write: impl FnMut(&EventRecord) -> anyhow::Result<()>,
) -> anyhow::Result<u64> {
    sequence(&**client.store()).await?;
    let progress = Progress::begin("events", client.event_log().await?.last);
    let (mut from, mut written) = (Cursor::After(0), 0);
    loop {
        let place = (Some(from), PAGE);
        let found = client.find_events(filter, place, Bound::default()).await?;
        found.items.iter().try_for_each(&mut write)?;
        written += found.items.len() as u64;
        progress.advance(found.scanned);
        match found.next {
            Some(next) => from = next,
            None => return Ok(written),
        }
    }
}
