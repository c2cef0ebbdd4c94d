//! What was or would be changed, told to people and programs.

use std::io;

use serde::Serialize;
use windlass::{JobId, State};

use super::{BulkResult, Change, Failed, Selection};
use crate::command::job::{list, not_found};
use crate::exit::{Exit, Failure};
use crate::output::document::Document;
use crate::output::{Output, time};

/// Failures named in an error; the rest is counted.
const NAMED: usize = 3;

/// `job-retry.v1`, `job-cancel.v1` and `job-move.v1`.
#[derive(Debug, Serialize)]
struct Body {
    filter: Option<String>,
    dry_run: bool,
    matched: u64,
    changed: u64,
    requested: u64,
    unneeded: u64,
    failed: Vec<FailedBody>,
}

#[derive(Debug, Serialize)]
struct FailedBody {
    id: JobId,
    detail: String,
}

impl Failed {
    fn detail(self) -> String {
        match self {
            Self::Missing => "does not exist".to_owned(),
            Self::Ended(state) => format!("is {state} already"),
            Self::Running => "is running".to_owned(),
            Self::Held(by) => format!("needs a unique key that {by} holds"),
            Self::Undone(workflow) => {
                format!("is of {workflow}, which is undone or has not failed")
            }
            Self::Unknown => "has an answer that this version does not know".to_owned(),
        }
    }
}

fn document(
    change: &Change<'_>,
    selection: &Selection,
    result: Option<&BulkResult>,
) -> Document<Body> {
    let failed = result.map_or(&[][..], |result| &result.failed);
    Document::new(
        change.schema(),
        Body {
            filter: selection.filter.as_ref().map(ToString::to_string),
            dry_run: result.is_none(),
            matched: selection.matched,
            changed: result.map_or(0, |result| result.changed),
            requested: result.map_or(0, |result| result.requested),
            unneeded: result.map_or(0, |result| result.unneeded.values().sum()),
            failed: failed
                .iter()
                .map(|(id, failed)| FailedBody { id: *id, detail: failed.detail() })
                .collect(),
        },
    )
}

/// A few of the jobs, as a table.
pub(super) fn sample(out: &Output, selection: &Selection) -> String {
    let mut text = list::table(out, &selection.sample).render(out);
    let more = selection.matched.saturating_sub(selection.sample.len() as u64);
    if more > 0 && !selection.sample.is_empty() {
        text.push_str(&format!("and {} more\n", time::number(more)));
    }
    text
}

/// What would be changed, or that nothing would.
pub(super) fn preview(
    out: &Output,
    change: &Change<'_>,
    selection: &Selection,
) -> anyhow::Result<()> {
    if out.is_json() {
        return out.json(&document(change, selection, None));
    }
    let matched = match &selection.filter {
        Some(filter) => format!(" match {filter}"),
        None => " named".to_owned(),
    };
    if selection.matched == 0 {
        let filter = selection.filter.as_ref().map(ToString::to_string).unwrap_or_default();
        return Ok(out.line(&format!("no job matches {filter}; nothing was changed"))?);
    }
    if !selection.sample.is_empty() {
        out.print(&sample(out, selection))?;
    }
    let jobs = time::count(selection.matched, "job");
    let states: Vec<String> = selection
        .states
        .iter()
        .map(|(state, number)| format!("{} {state}", time::number(*number)))
        .collect();
    let states =
        if states.is_empty() { String::new() } else { format!(" ({})", states.join(", ")) };
    let effect = format!("without --dry-run: {}", change.effect());
    Ok(out.done(&format!("{jobs}{matched}{states}; nothing was changed"), &effect)?)
}

/// What was changed. Jobs that could not be make an error, after the rest was told.
pub(super) fn outcome(
    out: &Output,
    change: &Change<'_>,
    selection: &Selection,
    result: &BulkResult,
) -> anyhow::Result<Exit> {
    if let ([id], [(_, failed)]) = (selection.ids.as_slice(), result.failed.as_slice()) {
        return Err(alone(*id, *failed, change).into());
    }
    if out.is_json() {
        out.json(&document(change, selection, Some(result)))?;
    } else {
        tell(out, change, selection, result)?;
    }
    if result.failed.is_empty() {
        return Ok(Exit::Done);
    }
    Err(several(change, selection, result).into())
}

fn tell(
    out: &Output,
    change: &Change<'_>,
    selection: &Selection,
    result: &BulkResult,
) -> io::Result<()> {
    match (selection.ids.as_slice(), change) {
        ([id], Change::Retry) if result.changed == 1 => {
            out.done(
                &format!("{id} is available again"),
                &format!("see it: windlass job show {id}"),
            )?;
        }
        ([id], Change::Cancel { .. }) if result.changed == 1 => {
            out.done(
                &format!("{id} is cancelled"),
                &format!("to undo it: windlass job retry {id}"),
            )?;
        }
        ([id], Change::Move { to }) if result.changed == 1 => {
            out.done(
                &format!("{id} is on queue {to}"),
                &format!("see it: windlass job show {id}"),
            )?;
        }
        _ if result.changed > 0 || result.requested + result.failed.len() as u64 == 0 => {
            out.line(&format!("{} {}", change.past(), time::count(result.changed, "job")))?;
        }
        _ => {}
    }
    if result.requested > 0 {
        let jobs = time::count(result.requested, "running job");
        out.done(&format!("{jobs} told to stop"), "see it: windlass job list state:running")?;
    }
    for (state, number) in &result.unneeded {
        out.line(&unneeded(change, *state, *number))?;
    }
    Ok(())
}

fn unneeded(change: &Change<'_>, state: State, number: u64) -> String {
    let why = match (change, state) {
        (Change::Move { to }, _) => format!("on queue {to} already"),
        (_, State::Waiting) => {
            "waiting for its conditions, or for a worker that knows its kind; see `windlass explain`"
                .to_owned()
        }
        (_, State::Available) => "available already".to_owned(),
        (_, State::Running) => "running".to_owned(),
        (_, other) => format!("{other} already"),
    };
    format!("{} needed nothing: {why}", time::count(number, "job"))
}

/// The error of a job that was the only one.
fn alone(id: JobId, failed: Failed, change: &Change<'_>) -> Failure {
    match failed {
        Failed::Missing => not_found(id),
        Failed::Ended(state) => Failure::new(
            Exit::Conflict,
            format!(
                "{id} is {state} already: there is nothing to {}; see `windlass job show {id}`",
                change.verb()
            ),
        ),
        Failed::Unknown => Failure::new(
            Exit::Failed,
            format!(
                "the store's answer for {id} is not known to this version; look at it: windlass job show {id}"
            ),
        ),
        Failed::Held(by) => Failure::new(
            Exit::Conflict,
            format!(
                "{id} stays as it is: its unique key is held by {by}; see `windlass job show {by}`"
            ),
        ),
        Failed::Undone(workflow) => Failure::new(
            Exit::Conflict,
            format!(
                "{id} stays as it is: {workflow} is undone, or has not failed and this would undo it; see `windlass workflow show {workflow}`"
            ),
        ),
        Failed::Running => Failure::new(
            Exit::Conflict,
            format!("{id} is running and stays with its worker; see `windlass job show {id}`"),
        ),
    }
}

fn several(change: &Change<'_>, selection: &Selection, result: &BulkResult) -> Failure {
    let all = result.failed.len() == selection.ids.len();
    let missing = result.failed.iter().filter(|(_, failed)| *failed == Failed::Missing).count();
    let exit = match (all, missing) {
        (true, missing) if missing == result.failed.len() => Exit::NotFound,
        (true, 0) => Exit::Conflict,
        _ => Exit::PartlyFailed,
    };
    let mut named: Vec<String> = result
        .failed
        .iter()
        .take(NAMED)
        .map(|(id, failed)| format!("{id} {}", failed.detail()))
        .collect();
    if result.failed.len() > NAMED {
        named.push(format!("and {} more", time::number((result.failed.len() - NAMED) as u64)));
    }
    let what = format!(
        "{} of {} were not {}: {}",
        time::number(result.failed.len() as u64),
        time::count(selection.ids.len() as u64, "job"),
        change.past(),
        named.join(", ")
    );
    Failure::new(exit, what)
}
