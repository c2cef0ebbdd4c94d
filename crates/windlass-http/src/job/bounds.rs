//! What a caller who is limited to some jobs may write, and what of others' jobs an answer keeps back.
//!
//! All jobs of a store share ids, unique keys and lanes.

use std::collections::{HashMap, HashSet};

use windlass::condition::Waits;
use windlass::job::{Explanation, Gate, JobHead, OnConflict};
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
    let awaited_by = |job: &NewJob| -> Vec<(JobId, JobId)> {
        let awaited = job.meta.waits.iter().flat_map(Waits::jobs);
        awaited.map(|awaited| (job.id, awaited)).collect()
    };
    let waits: Vec<_> = jobs.iter().flat_map(awaited_by).collect();
    let seen = Seen::of(may, client, waits.iter().map(|(_, awaited)| *awaited)).await?;
    let new: HashSet<JobId> = jobs.iter().map(|job| job.id).collect();
    let is_theirs = |job: &JobId| seen.has(*job) || (!seen.is_of_others(*job) && new.contains(job));
    match waits.into_iter().find(|(_, awaited)| !is_theirs(awaited)) {
        Some((job, awaited)) => Err(StoreError::NothingToAwait { job, awaited }.into()),
        None => Ok(()),
    }
}

/// What the caller is told of jobs that they wanted written; nothing of one where it is another one that is not for them, or where that
/// cannot be said now: the others are written, and an error would say that they are not.
pub(super) async fn told<N>(
    may: &MayIn<N>,
    client: &Client,
    enqueued: Vec<Enqueued>,
) -> Vec<Option<Enqueued>> {
    let is_new = |one: &Enqueued| matches!(one, Enqueued::New(_));
    let there = enqueued.iter().filter(|one| !is_new(one)).map(|one| one.id());
    let none = |_| Seen::Some(HashMap::new());
    let seen = Seen::of(may, client, there).await.unwrap_or_else(none);
    let told = |one: Enqueued| (is_new(&one) || seen.has(one.id())).then_some(one);
    enqueued.into_iter().map(told).collect()
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
    match Seen::of(may, client, [job]).await {
        Ok(seen) if seen.has(job) => error.into(),
        Ok(_) => {
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
    let seen = Seen::of(may, client, [job]).await?;
    Ok(if seen.has(job) { job.to_string() } else { "another job".to_owned() })
}

/// Leaves out of an explanation which jobs that are not for the caller stand in the way.
pub(super) async fn withhold<N>(
    may: &MayIn<N>,
    client: &Client,
    explained: &mut Explanation,
) -> Result<(), Problem> {
    let named = explained.gates.iter().flat_map(|passage| named(&passage.gate));
    let seen = Seen::of(may, client, named).await?;
    for passage in &mut explained.gates {
        match &mut passage.gate {
            Gate::Lane { first, .. } => *first = first.take().filter(|first| seen.has(first.job)),
            Gate::Places { holders, .. } => holders.retain(|job| seen.has(*job)),
            Gate::Breaker { probe: job, .. } | Gate::Key { holder: job, .. } => {
                *job = job.filter(|job| seen.has(*job));
            }
            _ => {}
        }
    }
    Ok(())
}

/// The jobs that stand in the way, as a gate names them.
fn named(gate: &Gate) -> Vec<JobId> {
    match gate {
        Gate::Lane { first, .. } => first.iter().map(|first| first.job).collect(),
        Gate::Places { holders, .. } => holders.to_vec(),
        Gate::Breaker { probe: job, .. } | Gate::Key { holder: job, .. } => {
            job.iter().copied().collect()
        }
        _ => Vec::new(),
    }
}

/// Which of some jobs are there, and which of these for the caller.
#[derive(Debug)]
enum Seen {
    /// The caller may see every job.
    All,
    /// Of those that are there, whether each is for the caller.
    Some(HashMap<JobId, bool>),
}

impl Seen {
    /// Asks for all of them at once, and for none where the caller may see every job.
    async fn of<N>(
        may: &MayIn<N>,
        client: &Client,
        jobs: impl IntoIterator<Item = JobId>,
    ) -> Result<Self, Problem> {
        let grant = may.caller.grant();
        if !grant.is_limited() {
            return Ok(Self::All);
        }
        let jobs: Vec<JobId> = jobs.into_iter().collect();
        let heads =
            if jobs.is_empty() { Vec::new() } else { client.store().job_heads(&jobs).await? };
        let is_theirs = |head: &JobHead| grant.covers(&head.queue, &head.kind, &head.tags);
        Ok(Self::Some(heads.iter().map(|head| (head.id, is_theirs(head))).collect()))
    }

    /// Whether it is for the caller.
    fn has(&self, job: JobId) -> bool {
        match self {
            Self::All => true,
            Self::Some(there) => there.get(&job).copied().unwrap_or_default(),
        }
    }

    /// Whether it is another's.
    fn is_of_others(&self, job: JobId) -> bool {
        match self {
            Self::All => false,
            Self::Some(there) => there.get(&job).is_some_and(|is_theirs| !is_theirs),
        }
    }
}
