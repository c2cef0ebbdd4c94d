//! `windlass batch show`.

use windlass::batch::{BatchRecord, BatchState};
use windlass::{Client, JobId, State};
use windlass_http::batch::{Members, with_members};

use super::{find, members, not_found, state};
use crate::exit::Exit;
use crate::globals::Globals;
use crate::output::Output;
use crate::output::color::Tone;
use crate::output::escape::in_one_line;
use crate::output::time;
use crate::store;

/// Failed jobs named; the rest is counted.
const NAMED: usize = 5;
/// Cells of the bar.
const BAR: u64 = 30;

/// The arguments of `show`.
#[derive(Debug, clap::Args)]
pub(super) struct ShowArgs {
    /// The batch's id, or its key
    batch: String,
    /// At most this many of its jobs
    #[arg(long, value_name = "N", default_value_t = 25, value_parser = clap::value_parser!(u16).range(0..=500))]
    limit: u16,
    /// Only jobs newer than this one: the last of the page before
    #[arg(long, value_name = "ID")]
    cursor: Option<JobId>,
}

pub(super) async fn show(args: &ShowArgs, globals: &Globals) -> anyhow::Result<Exit> {
    let (out, batch) = (&globals.out, args.batch.as_str());
    let client = Client::new(store::existing(&globals.store).await?);
    let id = find(&client, batch).await?;
    let record = client.batch(id).await?.ok_or_else(|| not_found(batch))?;
    let shown = Members::of(&client, id, (args.cursor, args.limit.into())).await?;
    if out.is_json() {
        out.json(&with_members(&record, &shown))?;
        return Ok(Exit::Done);
    }
    let failed = failed(&client, &record).await?;
    let page = page(out, &record, &failed);
    out.print(&format!("{page}{}", members::section(out, &record, &shown)))?;
    Ok(Exit::Done)
}

/// Some jobs that have failed.
async fn failed(client: &Client, batch: &BatchRecord) -> anyhow::Result<Vec<(JobId, State)>> {
    let (mut found, mut after) = (Vec::new(), None);
    while batch.jobs.failed() > 0 && found.len() < NAMED {
        let part = client.members(batch.id, after, windlass::limits::LISTED).await?;
        let Some(last) = part.last() else { break };
        after = Some(last.job);
        let ended = part.iter().filter_map(|member| Some((member.job, member.ended?)));
        found.extend(ended.filter(|(_, state)| *state != State::Completed));
    }
    found.truncate(NAMED);
    Ok(found)
}

fn page(out: &Output, batch: &BatchRecord, failed: &[(JobId, State)]) -> String {
    let (word, tone) = state(out, batch.state);
    let head = out.paint(Tone::Strong, &batch.id.to_string());
    let mut lines = vec![format!("{head}  {}", out.paint(tone, &word))];
    let mut add = |name: &str, value: String| {
        lines.push(format!("  {}  {value}", out.paint(Tone::Dim, &format!("{name:<9}"))));
    };
    for (name, value) in [("name", &batch.name), ("key", &batch.key)] {
        if let Some(value) = value {
            add(name, in_one_line(value));
        }
    }
    add("made", out.moment_in_full(batch.created_at));
    if let Some(ended) = batch.ended_at {
        add("ended", out.moment_in_full(ended));
    }
    let jobs = &batch.jobs;
    add("jobs", format!("{}  {}", bar(out, jobs.ended(), jobs.all()), counts(batch)));
    for (nth, (job, state)) in failed.iter().enumerate() {
        let name = if nth == 0 { "failed" } else { "" };
        add(name, format!("{job}  {}", out.state(*state).paint(out)));
    }
    let others = jobs.failed().saturating_sub(failed.len() as u64);
    if others > 0 {
        add("", format!("and {}", time::count(others, "other")));
    }
    if let Some(next) = next(batch) {
        add("next", next);
    }
    lines.join("\n") + "\n"
}

fn counts(batch: &BatchRecord) -> String {
    let jobs = &batch.jobs;
    let parts = [
        (jobs.completed, "completed"),
        (jobs.cancelled, "cancelled"),
        (jobs.dead, "dead"),
        (jobs.open, "open"),
    ];
    let told = parts.iter().filter(|(number, _)| *number > 0);
    let told: Vec<_> =
        told.map(|(number, word)| format!("{} {word}", time::number(*number))).collect();
    if told.is_empty() { "none".to_owned() } else { told.join(", ") }
}

fn bar(out: &Output, ended: u64, all: u64) -> String {
    let full = (ended * BAR).checked_div(all).unwrap_or_default();
    let (done, open) = out.glyphs().bar();
    let done = done.repeat(usize::try_from(full).unwrap_or_default());
    let open = open.repeat(usize::try_from(BAR - full).unwrap_or_default());
    format!("{}{}", out.paint(Tone::Good, &done), out.paint(Tone::Dim, &open))
}

fn next(batch: &BatchRecord) -> Option<String> {
    let id = batch.id;
    match batch.state {
        BatchState::Open => Some(format!("more jobs may come; windlass batch seal {id}")),
        BatchState::Blocked => Some(format!(
            "nothing goes on by itself; windlass batch retry {id}, or windlass batch cancel {id}"
        )),
        _ if batch.is_workflow => Some(format!("windlass workflow show {id}")),
        BatchState::Failed if batch.jobs.dead > 0 => Some(format!("windlass batch retry {id}")),
        _ => None,
    }
}
