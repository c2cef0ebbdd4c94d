//! `windlass workflow show`: the graph, drawn as a tree: each step below the last one that it waits for.

mod tree;

use windlass::batch::{BatchFilter, BatchState, WorkflowRecord, WorkflowStep};
use windlass::{Client, State};
use windlass_http::workflow::document;

use crate::command::batch::{find, not_found, state};
use crate::command::condition;
use crate::exit::Exit;
use crate::globals::Globals;
use crate::output::Output;
use crate::output::color::Tone;
use crate::output::escape::in_one_line;
use crate::output::time;
use crate::store;

/// The longest name that others are lined up with.
const NAME: usize = 32;

pub(super) async fn show(workflow: &str, globals: &Globals) -> anyhow::Result<Exit> {
    let out = &globals.out;
    let client = Client::new(store::existing(&globals.store).await?);
    let id = find(&client, workflow).await?;
    let record = client.workflow(id).await?.ok_or_else(|| not_found(workflow))?;
    let undoing = BatchFilter { undoes: Some(id), ..BatchFilter::default() };
    let undoing = match client.batches(&undoing, 1).await?.pop() {
        Some(batch) => client.workflow(batch.id).await?,
        None => None,
    };
    if out.is_json() {
        out.json(&document(&record, undoing.as_ref()))?;
        return Ok(Exit::Done);
    }
    out.print(&page(out, &record, undoing.as_ref()))?;
    Ok(Exit::Done)
}

fn page(out: &Output, workflow: &WorkflowRecord, undoing: Option<&WorkflowRecord>) -> String {
    let mut lines = head(out, workflow);
    lines.push(String::new());
    lines.extend(drawn(out, &workflow.steps));
    // What undoes it is of no interest where there is nothing to undo.
    let undoing = undoing.filter(|_| workflow.batch.jobs.failed() > 0);
    if let Some(undoing) = undoing {
        lines.push(format!("\n{}", out.paint(Tone::Dim, "UNDONE BY")));
        lines.extend(drawn(out, &undoing.steps));
    }
    lines.extend(foot(out, workflow));
    lines.join("\n") + "\n"
}

fn head(out: &Output, workflow: &WorkflowRecord) -> Vec<String> {
    let batch = &workflow.batch;
    let (word, tone) = state(out, batch.state);
    let name = in_one_line(batch.name.as_deref().unwrap_or("workflow"));
    let dot = out.paint(Tone::Dim, out.glyphs().dot());
    let mut said = vec![out.paint(tone, &word)];
    if let Some(key) = &batch.key {
        said.push(format!("key {}", in_one_line(key)));
    }
    said.push(format!("{} of {} steps ended", batch.jobs.ended(), batch.jobs.all()));
    said.push(match batch.ended_at {
        Some(ended) => format!("took {}", time::span(ended.since(batch.created_at))),
        None => format!("for {}", time::span(out.now().since(batch.created_at))),
    });
    let title = format!(
        "{}  {}",
        out.paint(Tone::Strong, &name),
        out.paint(Tone::Dim, &batch.id.to_string())
    );
    vec![title, said.join(&format!(" {dot} "))]
}

fn drawn(out: &Output, steps: &[WorkflowStep]) -> Vec<String> {
    let rows = tree::rows(steps, out.glyphs());
    let width = |row: &tree::Row<'_>| {
        row.branch.chars().count() + in_one_line(&row.step.step).chars().count()
    };
    let widest = rows.iter().map(width).max().unwrap_or_default().min(NAME);
    let states = steps.iter().map(|step| step.state.to_string().len()).max().unwrap_or_default();
    rows.iter().map(|row| line(out, row, (widest, states))).collect()
}

fn line(out: &Output, row: &tree::Row<'_>, (widest, states): (usize, usize)) -> String {
    let tree::Row { branch, step } = row;
    let (glyph, tone) = out.glyphs().state(step.state);
    let name = in_one_line(&step.step);
    let room = widest.saturating_sub(branch.chars().count() + name.chars().count());
    let word = step.state.to_string();
    let mut line = format!(
        "  {}{} {}{}  {}{}",
        out.paint(Tone::Dim, branch),
        out.paint(tone, glyph),
        out.paint(Tone::Strong, &name),
        " ".repeat(room),
        out.paint(tone, &word),
        " ".repeat(states - word.len()),
    );
    let took = step.finished_at.zip(step.started_at).map(|(end, start)| end.since(start));
    let took = took.map_or_else(String::new, time::span);
    line.push_str(&format!("  {took:>7}"));
    let remarks = remarks(out, step);
    if !remarks.is_empty() {
        line.push_str(&format!("  {}", out.paint(Tone::Dim, &remarks)));
    }
    line.trim_end().to_owned()
}

/// What stands behind a step: what it comes after, and why it is where it is.
fn remarks(out: &Output, step: &WorkflowStep) -> String {
    let names = |names: &[String]| {
        names.iter().map(|name| in_one_line(name)).collect::<Vec<_>>().join(", ")
    };
    let mut said = Vec::new();
    if !step.after.is_empty() {
        said.push(format!("after {}", names(&step.after)));
    }
    if !step.blocked_by.is_empty() {
        said.push(format!("waits for {}", names(&step.blocked_by)));
    }
    if step.state == State::Waiting {
        said.extend(
            step.waits_for.iter().map(|one| format!("waits for {}", condition::told(out, one))),
        );
    }
    if let Some(reason) = step.reason.as_ref().filter(|_| step.state != State::Completed) {
        said.push(in_one_line(reason));
    }
    said.join(&format!(" {} ", out.glyphs().dot()))
}

fn foot(out: &Output, workflow: &WorkflowRecord) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut add = |name: &str, value: String| {
        lines.push(format!("{}  {value}", out.paint(Tone::Dim, &format!("{name:<13}"))));
    };
    let arrow = format!(" {} ", out.glyphs().arrow());
    let path: Vec<_> = workflow.critical_path.iter().map(|name| in_one_line(name)).collect();
    if path.len() > 1 {
        add("critical path", path.join(&arrow));
    }
    let failed = workflow.steps.iter().filter(|step| step.state == State::Dead);
    for step in failed {
        let since =
            step.finished_at.map_or_else(String::new, |at| format!(" {}", out.moment_in_full(at)));
        let blocked = workflow.steps.iter().filter(|other| other.blocked_by.contains(&step.step));
        let blocked = match blocked.count() {
            0 => String::new(),
            steps => format!(
                "; {} for it",
                match steps {
                    1 => "1 step waits".to_owned(),
                    steps => format!("{steps} steps wait"),
                }
            ),
        };
        add("failed", format!("{}, dead{since}{blocked}", in_one_line(&step.step)));
    }
    let id = workflow.batch.id;
    match workflow.batch.state {
        BatchState::Blocked => add("next", format!("windlass workflow retry {id}")),
        BatchState::Running | BatchState::Open => {}
        BatchState::Completed | BatchState::Failed if lines.len() == 1 => lines.clear(),
        _ => {}
    }
    lines
}
