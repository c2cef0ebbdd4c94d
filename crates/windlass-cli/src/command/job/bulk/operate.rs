//! All jobs that match a filter: an operation, which can be watched and undone.

use serde::Serialize;
use std::collections::BTreeMap;
use windlass::job::Filter;
use windlass::operation::{Action, NewOperation, OperationRecord, Preview, Why};
use windlass::subscription::Pace;
use windlass::{Client, JobId, OperationId, Timestamp};

use super::{Change, Which, confirm, refuse_unexpected, report};
use crate::command::job::bulk::selection::Selection;
use crate::command::op::wait::wait;
use crate::exit::{Exit, Failure};
use crate::output::document::Document;
use crate::output::{Output, time};

/// How an operation goes.
#[derive(Debug, clap::Args)]
pub(super) struct Manner {
    /// With a filter: at most so many jobs in a time, such as 100/s
    #[arg(long)]
    pub(super) pace: Option<Pace>,
    /// With a filter: why, shown with the operation
    #[arg(long)]
    pub(super) note: Option<String>,
    /// With a filter: begin, and leave the rest to the workers
    #[arg(long)]
    pub(super) no_wait: bool,
}

/// The same fields that a change by ids has, and those of the operation.
#[derive(Debug, Serialize)]
struct Body<'a> {
    filter: Option<String>,
    dry_run: bool,
    matched: Option<u64>,
    changed: u64,
    requested: u64,
    unneeded: u64,
    failed: Vec<FailedBody>,
    operation: OperationId,
    state: &'a str,
    skipped: BTreeMap<&'static str, u64>,
    undo_until: Option<Timestamp>,
}

#[derive(Debug, Serialize)]
struct FailedBody {
    id: JobId,
    detail: &'static str,
}

pub(super) async fn operate(
    (client, filter): (&Client, Filter),
    (which, change): (&Which, &Change<'_>),
    out: &Output,
) -> anyhow::Result<Exit> {
    let mut new = NewOperation::new(change.action(), filter);
    (new.pace, new.note) = (which.manner.pace, which.manner.note.clone());
    let found = client.preview_operation(&new).await?;
    if !found.exact && !which.dry_run {
        let what = format!(
            "{} and more match, too many to count in time: say more in the filter",
            time::count(found.jobs, "job")
        );
        return Err(Failure::new(Exit::Failed, what).into());
    }
    let selection = selection(&new, found);
    refuse_unexpected(which, &selection)?;
    if which.dry_run || selection.matched == 0 {
        report::preview(out, change, &selection)?;
        return Ok(Exit::Done);
    }
    confirm(which, change, &selection, out)?;
    let begun = client.start_operation(&new.expect(selection.matched)).await?;
    if which.manner.no_wait {
        return began(out, change, &begun);
    }
    let record = wait(client, begun.id, out).await?;
    outcome(out, change, &record)
}

fn selection(new: &NewOperation, found: Preview) -> Selection {
    Selection {
        filter: Some(new.filter.clone()),
        ids: Vec::new(),
        matched: found.jobs,
        states: found.states,
        sample: found.samples.into_iter().take(super::selection::SAMPLE).collect(),
    }
}

fn document<'a>(change: &Change<'_>, record: &'a OperationRecord) -> Document<Body<'a>> {
    let progress = &record.progress;
    let counts = &progress.skipped.counts;
    let unneeded = counts.iter().filter(|(why, _)| is_unneeded(&record.action, **why));
    let failed = progress.skipped.samples.iter();
    let failed = failed.filter(|(_, why)| !is_unneeded(&record.action, *why));
    Document::new(
        change.schema(),
        Body {
            filter: Some(record.filter.to_string()),
            dry_run: false,
            matched: record.matched,
            changed: progress.done,
            requested: progress.requested,
            unneeded: unneeded.map(|(_, jobs)| jobs).sum(),
            failed: failed.map(|(id, why)| FailedBody { id: *id, detail: why.phrase() }).collect(),
            operation: record.id,
            state: record.state.word(),
            skipped: counts.iter().map(|(why, jobs)| (why.word(), *jobs)).collect(),
            undo_until: record.undo_until,
        },
    )
}

/// Whether a job is where it was to be, or on its way there.
fn is_unneeded(action: &Action, why: Why) -> bool {
    let is_on_its_way =
        matches!(action, Action::Retry) && matches!(why, Why::Running | Why::Waiting);
    why.is_harmless() || is_on_its_way
}

fn began(out: &Output, change: &Change<'_>, record: &OperationRecord) -> anyhow::Result<Exit> {
    if out.is_json() {
        out.json(&document(change, record))?;
        return Ok(Exit::Done);
    }
    let id = record.id;
    out.done(
        &format!("{id} is {}", record.state),
        &format!("see it: windlass op show {id}; without workers: windlass op wait {id}"),
    )?;
    Ok(Exit::Done)
}

fn outcome(out: &Output, change: &Change<'_>, record: &OperationRecord) -> anyhow::Result<Exit> {
    let progress = &record.progress;
    if out.is_json() {
        out.json(&document(change, record))?;
    } else {
        tell(out, change, record)?;
    }
    let failed = progress.skipped.counts.iter();
    let failed: Vec<_> = failed.filter(|(why, _)| !is_unneeded(&record.action, **why)).collect();
    if failed.is_empty() {
        return Ok(Exit::Done);
    }
    let number: u64 = failed.iter().map(|(_, jobs)| **jobs).sum();
    let why: Vec<String> = failed
        .iter()
        .map(|(why, jobs)| format!("{} {}", time::number(**jobs), why.phrase()))
        .collect();
    let what = format!(
        "{} of {} were not {}: {}; see `windlass op show {}`",
        time::number(number),
        time::count(progress.looked(), "job"),
        change.past(),
        why.join(", "),
        record.id
    );
    let exit = if number == progress.looked() { Exit::Conflict } else { Exit::PartlyFailed };
    Err(Failure::new(exit, what).into())
}

fn tell(out: &Output, change: &Change<'_>, record: &OperationRecord) -> anyhow::Result<()> {
    let progress = &record.progress;
    let undo = match record.undo_until {
        Some(until) => format!("until {}: windlass op undo {}", out.moment(until), record.id),
        None => format!("see it: windlass op show {}", record.id),
    };
    let jobs = time::count(progress.done, "job");
    out.done(&format!("{} {jobs}", change.past()), &format!("to undo it {undo}"))?;
    if progress.requested > 0 {
        let jobs = time::count(progress.requested, "running job");
        out.done(&format!("{jobs} told to stop"), "see it: windlass job list state:running")?;
    }
    for (why, number) in &progress.skipped.counts {
        if is_unneeded(&record.action, *why) {
            out.line(&format!("{} {}", time::count(*number, "job"), why.phrase()))?;
        }
    }
    Ok(())
}
