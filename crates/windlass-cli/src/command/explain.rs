//! `windlass explain`: why a job is where it is, and what happens next; who gets an event, and why the others do not.

pub(super) mod event;
mod line;
mod near;
mod words;

use windlass::job::{Explanation, Passage, Standing, Step};
use windlass::{Client, JobId, StoreError, Timestamp};

use super::event::{is_meant, sequence};
use super::job::{find_id, not_found};
use crate::exit::Exit;
use crate::globals::Globals;
use crate::output::color::Tone;
use crate::output::document::Document;
use crate::output::{Output, time};
use crate::store;

/// Its arguments.
#[derive(Debug, clap::Args)]
#[command(before_help = "\
Examples:
  windlass explain job_01KAHT5V3X5W9GNQ6D4R3ZCE7M
  windlass explain job_01KAHT5V --json
  windlass explain evt_01KAHT5V3X5W9GNQ6D4R3ZCE7M
  windlass explain 1201

Of a job it says why it is where it is, and what happens next; of an event who gets it, through
which job, and which clause keeps it from the others. What a subscription gets:
windlass subscription explain NAME")]
pub(crate) struct Args {
    /// A job's id, or as much of its beginning as no other job has; an event's id, or its position in the log
    id: String,
}

pub(crate) async fn run(args: Args, globals: &Globals) -> anyhow::Result<Exit> {
    let out = &globals.out;
    let store = store::existing(&globals.store).await?;
    if is_meant(&args.id) {
        sequence(&*store).await?;
        return event::run(&Client::new(store), &args.id, out).await;
    }
    let id = find_id(&*store, &args.id).await?;
    let (explained, page) =
        told(&Client::new(store), id, out).await?.ok_or_else(|| not_found(id))?;
    if out.is_json() {
        out.json(&Document::new("explanation.v1", &explained))?;
    } else {
        out.print(&page)?;
    }
    Ok(Exit::Done)
}

/// Why a job is where it is, and the page that says it; `None` where there is no such job.
pub(super) async fn told(
    client: &Client,
    id: JobId,
    out: &Output,
) -> Result<Option<(Explanation, String)>, StoreError> {
    let Some(explained) = client.explain(id).await? else { return Ok(None) };
    let is_unserved = explained.next.step == Step::Worker;
    let hints =
        if is_unserved { near::hints(&explained, &client.workers().await?) } else { Vec::new() };
    let page = page(out, &explained, &hints);
    Ok(Some((explained, page)))
}

fn page(out: &Output, explained: &Explanation, hints: &[String]) -> String {
    let mut lines = vec![head(out, explained)];
    lines.extend(explained.gates.iter().map(|passage| line(out, explained, passage)));
    let next = words::next(out, explained);
    lines.push(format!("{} {next}", out.paint(Tone::Dim, "next:")));
    lines.extend(hints.iter().map(|hint| format!("{} {hint}", out.paint(Tone::Dim, "note:"))));
    for (place, command) in words::commands(explained).into_iter().enumerate() {
        let name = if place == 0 { "try: " } else { "     " };
        lines.push(format!("{} {command}", out.paint(Tone::Dim, name)));
    }
    lines.join("\n") + "\n"
}

fn head(out: &Output, explained: &Explanation) -> String {
    let id = out.paint(Tone::Strong, &explained.job.to_string());
    let state = out.state(explained.state).paint(out);
    let ends = if explained.state.is_terminal() { " ago" } else { "" };
    let age = span(explained.now, explained.since);
    format!("{id}  {} on queue {}: {state}, {age}{ends}", explained.kind, explained.queue)
}

/// A time between two moments, in words.
fn span(later: Timestamp, earlier: Timestamp) -> String {
    time::span(later.since(earlier))
}

fn line(out: &Output, explained: &Explanation, passage: &Passage) -> String {
    let glyphs = out.glyphs();
    let (glyph, tone) = match passage.standing {
        Standing::Open => (glyphs.good(), Tone::Good),
        Standing::Shut if explained.state.is_terminal() => (glyphs.dot(), Tone::Dim),
        Standing::Shut => (glyphs.bad(), Tone::Bad),
        Standing::Note => (glyphs.dot(), Tone::Dim),
    };
    let text = words::gate(out, explained, passage);
    format!("  {} {text}", out.paint(tone, glyph))
}
