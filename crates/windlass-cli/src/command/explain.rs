//! `windlass explain`: why a job is where it is, and what happens next; who gets an event, and why the others do not.

pub(super) mod event;

use windlass::job::{Explanation, Passage, Standing};
use windlass::{Client, JobId, StoreError};
use windlass_http::job::{Words, commands, explanation, notes};

use super::event::{is_meant, sequence};
use super::job::{find_id, not_found};
use crate::exit::Exit;
use crate::globals::Globals;
use crate::output::Output;
use crate::output::color::Tone;
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
    let client = Client::new(store);
    let explained = client.explain(id).await?.ok_or_else(|| not_found(id))?;
    let notes = notes(&client, &explained).await?;
    if out.is_json() {
        out.json(&explanation(&explained, notes))?;
    } else {
        out.print(&page(out, &explained, &notes))?;
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
    let notes = notes(client, &explained).await?;
    let page = page(out, &explained, &notes);
    Ok(Some((explained, page)))
}

fn page(out: &Output, explained: &Explanation, notes: &[String]) -> String {
    let moment = |at| out.moment_in_full(at);
    let words = Words::of(explained, &moment);
    let mut lines = vec![head(out, explained, &words)];
    lines.extend(explained.gates.iter().map(|passage| line(out, explained, (passage, &words))));
    lines.push(format!("{} {}", out.paint(Tone::Dim, "next:"), words.next()));
    lines.extend(notes.iter().map(|note| format!("{} {note}", out.paint(Tone::Dim, "note:"))));
    for (place, command) in commands(explained).into_iter().enumerate() {
        let name = if place == 0 { "try: " } else { "     " };
        lines.push(format!("{} {command}", out.paint(Tone::Dim, name)));
    }
    lines.join("\n") + "\n"
}

fn head(out: &Output, explained: &Explanation, words: &Words<'_>) -> String {
    let id = out.paint(Tone::Strong, &explained.job.to_string());
    let state = out.state(explained.state).paint(out);
    let (kind, queue) = (&explained.kind, &explained.queue);
    format!("{id}  {kind} on queue {queue}: {state}, {}", words.age())
}

fn line(out: &Output, explained: &Explanation, (passage, words): (&Passage, &Words<'_>)) -> String {
    let glyphs = out.glyphs();
    let (glyph, tone) = match passage.standing {
        Standing::Open => (glyphs.good(), Tone::Good),
        Standing::Shut if explained.state.is_terminal() => (glyphs.dot(), Tone::Dim),
        Standing::Shut => (glyphs.bad(), Tone::Bad),
        Standing::Note => (glyphs.dot(), Tone::Dim),
    };
    let text = words.gate(passage);
    format!("  {} {text}", out.paint(tone, glyph))
}
