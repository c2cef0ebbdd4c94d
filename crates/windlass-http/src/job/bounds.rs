//! What a caller who is limited to some jobs may write, and what of others' jobs an answer keeps back.
//!
//! All jobs of a store share ids, unique keys and lanes.

use std::collections::HashSet;

use windlass::condition::Waits;
use windlass::job::{Explanation, Gate, OnConflict};
use windlass::token::Grant;
use windlass::{Client, Enqueued, JobId, Lane, NewJob, StoreError};

use crate::access::MayIn;
use crate::problem::{Code, Problem};

/// Why a job that is for the caller cannot be written: it would reach jobs of others.
pub(crate) fn reach(grant: &Grant, job: &NewJob) -> Option<&'static str> {
    let meta = &job.meta;
    // A key and a lane are of any queue and any tag; a key is of one kind.
    let is_of_any_job = grant.queues.is_empty() && grant.tags.is_empty();
    let replaces = meta.unique.as_ref().is_some_and(|own| own.on_conflict() == OnConflict::Replace);
    if replaces && !is_of_any_job {
        return Some(
            "is limited to some queues or tags, and the job that is to be replaced may be another's: take `keep` or `reject`",
        );
    }
    let mut superseded = meta.lane.iter().flat_map(Lane::superseded_kinds);
    if superseded.any(|kind| !is_of_any_job || !grant.covers_place(&job.queue, kind)) {
        return Some("is limited to some jobs, and those that a lane supersedes may be another's");
    }
    let is_of_all =
        |waits: &Waits| waits.signals().next().is_some() || waits.batches().next().is_some();
    let is_shared = meta.member.is_some() || meta.waits.as_ref().is_some_and(is_of_all);
    (grant.is_limited_to_tags() && is_shared)
        .then_some("is limited to tags, and batches and signals are everybody's")
}

/// Refuses jobs that would wait for one that is not for the caller: its output is given to those that wait for it. Such a job
/// is not told from one that is not there.
pub(crate) async fn check_awaited<N>(
    may: &MayIn<N>,
    client: &Client,
    jobs: &[NewJob],
) -> Result<(), Problem> {
    if !may.caller.grant().is_limited() {
        return Ok(());
    }
    let new: HashSet<JobId> = jobs.iter().map(|job| job.id).collect();
    let mut known = HashSet::new();
    for job in jobs {
        for awaited in job.meta.waits.iter().flat_map(|waits| waits.jobs()) {
            if !known.insert(awaited) {
                continue;
            }
            let is_theirs = match client.job(awaited).await? {
                Some(record) => may.sees(&record),
                None => new.contains(&awaited),
            };
            if !is_theirs {
                return Err(StoreError::NothingToAwait { job: job.id, awaited }.into());
            }
        }
    }
    Ok(())
}

/// What the caller is told of a job that they wanted written; nothing where it is another one that is not for them, or where that
/// cannot be said now: the others are written, and an error would say that they are not.
pub(super) async fn told<N>(
    may: &MayIn<N>,
    client: &Client,
    enqueued: Enqueued,
) -> Option<Enqueued> {
    let is_new = matches!(enqueued, Enqueued::New(_));
    let is_told = is_new || sees(may, client, enqueued.id()).await.unwrap_or(false);
    is_told.then_some(enqueued)
}

/// The problem of a store's error, which names no job that is not for the caller.
pub(crate) async fn problem<N>(may: &MayIn<N>, client: &Client, error: StoreError) -> Problem {
    let (job, code, detail) = match &error {
        StoreError::Duplicate { kind, key, job } => {
            let key = key.escape_debug();
            let detail = format!("{kind} with the unique key `{key}` is there already");
            (*job, Code::Duplicate, detail)
        }
        StoreError::LaneRefused { kind, lane, job, .. } => {
            let lane = lane.escape_debug();
            (*job, Code::Conflict, format!("{kind} is refused in the lane `{lane}` for now"))
        }
        _ => return error.into(),
    };
    match sees(may, client, job).await {
        Ok(true) => error.into(),
        Ok(false) => {
            let detail = format!("{detail}, of a job that is not for {}", may.caller.name());
            Problem::new(code, format!("{detail}; nothing was written"))
        }
        Err(problem) => problem,
    }
}

/// What another job is called where it stands in the way.
pub(super) async fn name<N>(
    may: &MayIn<N>,
    client: &Client,
    job: JobId,
) -> Result<String, Problem> {
    let sees = sees(may, client, job).await?;
    Ok(if sees { job.to_string() } else { "another job".to_owned() })
}

/// Leaves out of an explanation which jobs that are not for the caller stand in the way.
pub(super) async fn withhold<N>(
    may: &MayIn<N>,
    client: &Client,
    explained: &mut Explanation,
) -> Result<(), Problem> {
    for passage in &mut explained.gates {
        match &mut passage.gate {
            Gate::Lane { first, .. } => {
                if let Some(job) = first.as_ref().map(|first| first.job)
                    && !sees(may, client, job).await?
                {
                    *first = None;
                }
            }
            Gate::Places { holders, .. } => {
                let mut theirs = Vec::new();
                for job in holders.iter().copied() {
                    if sees(may, client, job).await? {
                        theirs.push(job);
                    }
                }
                *holders = theirs;
            }
            Gate::Breaker { probe: job, .. } | Gate::Key { holder: job, .. } => {
                if let Some(id) = *job
                    && !sees(may, client, id).await?
                {
                    *job = None;
                }
            }
            _ => {}
        }
    }
    Ok(())
}

async fn sees<N>(may: &MayIn<N>, client: &Client, job: JobId) -> Result<bool, Problem> {
    if !may.caller.grant().is_limited() {
        return Ok(true);
    }
    Ok(client.job(job).await?.is_some_and(|job| may.sees(&job)))
}
