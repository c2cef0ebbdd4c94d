//! `windlass op show`.

use windlass::operation::{Action, OperationRecord, OperationState, Skipped};
use windlass_http::operation::document;

use super::state;
use crate::exit::Exit;
use crate::output::Output;
use crate::output::escape::in_one_line;
use crate::output::table::Cell;
use crate::output::time;

pub(super) fn show(record: &OperationRecord, out: &Output) -> anyhow::Result<Exit> {
    if out.is_json() {
        out.json(&document(record))?;
        return Ok(Exit::Done);
    }
    let (word, tone) = state(out, record.state);
    out.line(&format!("{}  {}", record.id, out.paint(tone, &word)))?;
    let line = |name: &str, text: String| out.print(&out.folded(name, &[Cell::new(text)]));
    line("does", what(record))?;
    line("to", in_one_line(&record.filter.to_string()))?;
    line("progress", progress(record))?;
    for (name, skipped) in [("skipped", &record.progress.skipped), ("kept", &record.progress.kept)]
    {
        skipped_lines(out, name, skipped)?;
    }
    if let Some(note) = &record.note {
        line("note", in_one_line(note))?;
    }
    line("began", began(record, out))?;
    if let Some(ended) = record.ended_at {
        line("ended", out.moment_in_full(ended))?;
    }
    if let Some(until) = record.undo_until {
        line("undo", format!("until {}: windlass op undo {}", out.moment(until), record.id))?;
    }
    Ok(Exit::Done)
}

fn what(record: &OperationRecord) -> String {
    let pace = record.pace.map(|pace| format!(", {pace} at most")).unwrap_or_default();
    match &record.action {
        Action::Cancel { reason } => format!("cancel: {}{pace}", in_one_line(reason)),
        Action::Move { queue } => format!("move to {queue}{pace}"),
        other => format!("{other}{pace}"),
    }
}

fn progress(record: &OperationRecord) -> String {
    let progress = &record.progress;
    let of = record.matched.map(|all| format!(" of {}", time::number(all))).unwrap_or_default();
    let mut text = format!("{}{of} done", time::number(progress.done));
    if progress.requested > 0 {
        text.push_str(&format!(
            ", {} told to stop",
            time::count(progress.requested, "running job")
        ));
    }
    if matches!(record.state, OperationState::Undoing | OperationState::Undone) {
        text.push_str(&format!(", {} undone", time::number(progress.undone)));
    }
    text
}

fn began(record: &OperationRecord, out: &Output) -> String {
    let by = record.origin.as_ref().map(|by| format!(" by {}", in_one_line(by)));
    format!("{}{}", out.moment_in_full(record.created_at), by.unwrap_or_default())
}

/// Jobs that were left as they were, by reason, with some of them.
pub(super) fn skipped_lines(out: &Output, name: &str, skipped: &Skipped) -> anyhow::Result<()> {
    for (why, jobs) in &skipped.counts {
        let few: Vec<String> = skipped
            .samples
            .iter()
            .filter(|(_, reason)| reason == why)
            .take(2)
            .map(|(job, _)| job.to_string())
            .collect();
        let few =
            if few.is_empty() { few.concat() } else { format!(", such as {}", few.join(", ")) };
        let text = format!("{} {} ({}){few}", time::number(*jobs), why.phrase(), why.word());
        out.print(&out.folded(name, &[Cell::new(text)]))?;
    }
    Ok(())
}
