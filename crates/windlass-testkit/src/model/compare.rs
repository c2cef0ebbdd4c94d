//! What the store says against what the rules say.

use std::collections::BTreeSet;
use windlass_core::id::JobId;
use windlass_core::job::{Filter, JobRecord, Outcome, Page, State};
use windlass_core::limits::HISTORY_ENTRIES;
use windlass_core::store::Store;

use super::rules::{Job, Rules};

/// Compares every job. A due time that the rules left open is learnt from the store, so that the
/// next steps can be held to it.
pub(super) async fn compare_jobs(store: &dyn Store, rules: &mut Rules) -> Result<(), String> {
    let records = all(store).await?;
    if !records.iter().rev().map(|record| record.id).eq(rules.jobs.keys().copied()) {
        return Err(missing(&records, rules));
    }
    for (record, job) in records.iter().rev().zip(rules.jobs.values_mut()) {
        if job.run_at.is_none() {
            job.run_at = Some(record.run_at);
        }
        let (said, expected) = (said(record), expected(job));
        if said != expected {
            return Err(format!(
                "{}: the store says\n  {said}\nthe rules\n  {expected}",
                record.id
            ));
        }
    }
    Ok(())
}

/// The jobs that the store has.
pub(super) async fn ids(store: &dyn Store) -> Result<BTreeSet<JobId>, String> {
    Ok(all(store).await?.into_iter().map(|record| record.id).collect())
}

/// Every job, newest first.
async fn all(store: &dyn Store) -> Result<Vec<JobRecord>, String> {
    let page = Page { before: None, limit: usize::from(u16::MAX) };
    store.jobs(&Filter::default(), page).await.map_err(|error| error.to_string())
}

/// Compares the numbers of jobs.
pub(super) async fn compare_counts(store: &dyn Store, rules: &Rules) -> Result<(), String> {
    let counts = store.counts().await.map_err(|error| error.to_string())?;
    for state in State::ALL {
        let expected = rules.jobs.values().filter(|job| job.state == state).count() as u64;
        if counts.of(state) != expected {
            return Err(format!("{} jobs are {state}, {expected} by the rules", counts.of(state)));
        }
    }
    if counts.pruned != rules.pruned {
        return Err(format!("{} jobs were pruned, {} by the rules", counts.pruned, rules.pruned));
    }
    Ok(())
}

fn missing(records: &[JobRecord], rules: &Rules) -> String {
    let stored: Vec<JobId> = records.iter().map(|record| record.id).collect();
    let lost: Vec<_> = rules.jobs.keys().filter(|id| !stored.contains(id)).collect();
    let extra: Vec<_> = stored.iter().filter(|id| !rules.jobs.contains_key(id)).collect();
    format!("the store has no {lost:?}, and by the rules there is no {extra:?}")
}

fn said(record: &JobRecord) -> String {
    let outcomes: Vec<Outcome> = record.history.iter().map(|past| past.outcome).collect();
    let cancel_requested = if record.cancel_requested { ", cancel requested" } else { "" };
    let due =
        if is_ahead(record.state) { format!(", due {}", record.run_at) } else { String::new() };
    format!(
        "{} {} {}: attempt {}, failures {}, losses {}{cancel_requested}{due}, {outcomes:?}",
        record.state, record.queue, record.kind, record.attempt, record.failures, record.losses
    )
}

fn expected(job: &Job) -> String {
    let outcomes = &job.history[job.history.len().saturating_sub(HISTORY_ENTRIES)..];
    let cancel_requested = if job.cancel_requested { ", cancel requested" } else { "" };
    let run_at = job.run_at.filter(|_| is_ahead(job.state));
    let due = run_at.map_or_else(String::new, |run_at| format!(", due {run_at}"));
    format!(
        "{} {} {}: attempt {}, failures {}, losses {}{cancel_requested}{due}, {outcomes:?}",
        job.state, job.queue, job.kind, job.attempt, job.failures, job.losses
    )
}

/// Whether the due time still matters.
fn is_ahead(state: State) -> bool {
    matches!(state, State::Waiting | State::Scheduled | State::Available | State::Retryable)
}
