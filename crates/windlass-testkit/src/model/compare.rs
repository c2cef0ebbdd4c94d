//! What the store says against what the rules say.

use std::collections::BTreeSet;
use windlass_core::id::JobId;
use windlass_core::job::{Explanation, Filter, Gate, JobRecord, Outcome, Page, State, Step};
use windlass_core::limits::HISTORY_ENTRIES;
use windlass_core::store::{Now, Store};

use super::rules::{Job, Rules};

/// What comes next for a job that is available, where it stands in line.
const IN_LINE: [Step; 10] = [
    Step::Claim,
    Step::Resume,
    Step::Worker,
    Step::Slot,
    Step::Turn,
    Step::Expire,
    Step::Lane,
    Step::Open,
    Step::Place,
    Step::Tokens,
];

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
        let learnt = job.learn_line(record.meta.line.as_deref());
        learnt.map_err(|difference| format!("{}: {difference}", record.id))?;
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
pub(super) async fn all(store: &dyn Store) -> Result<Vec<JobRecord>, String> {
    let page = Page { before: None, limit: usize::from(u16::MAX) };
    store.jobs(&Filter::default(), page).await.map_err(|error| error.to_string())
}

/// Whether the explanation of a job says what the rules say, and leaves nothing open.
pub(super) async fn compare_explanation(
    store: &dyn Store,
    rules: &Rules,
    id: JobId,
) -> Result<(), String> {
    let look = store.look(id, Now::At(rules.now)).await.map_err(|error| error.to_string())?;
    let explained = Explanation::of(&look.ok_or_else(|| format!("{id} is not explained"))?);
    let job = &rules.jobs[&id];
    let steps: &[Step] = match job.state {
        State::Running if job.cancel_requested => &[Step::Cancel, Step::TakeBack],
        State::Running => &[Step::Settle, Step::TakeBack],
        State::Completed | State::Cancelled => &[Step::Remove],
        State::Dead => &[Step::Keep],
        State::Scheduled | State::Retryable => &[Step::Promote, Step::Expire],
        State::Waiting if job.awaits() => &[Step::Meet, Step::Decide, Step::Overdue, Step::Expire],
        State::Waiting => &[Step::Unpark, Step::Worker, Step::Resume, Step::Expire],
        State::Available if rules.stands_in_line(job) => &IN_LINE,
        State::Available => &IN_LINE[..6],
    };
    let is_paused = |gate: &Gate| matches!(gate, Gate::Pause { .. });
    let is_kind = |gate: &Gate| matches!(gate, Gate::KindPause { .. });
    let kind = !is_ahead(job.state) || explained.shut().any(is_kind) == rules.is_paused(job.kind);
    let pause =
        !is_ahead(job.state) || explained.shut().any(is_paused) == rules.paused.contains(job.queue);
    // Whatever is not taken next or held by a worker is kept back by something that is named.
    let needs_none = matches!(explained.next.step, Step::Claim | Step::Settle | Step::Cancel);
    let named = explained.shut().next().is_some() != needs_none;
    if explained.state == job.state
        && steps.contains(&explained.next.step)
        && pause
        && kind
        && named
    {
        return Ok(());
    }
    Err(format!("{id} is {} by the rules and is explained as {explained:?}", job.state))
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
