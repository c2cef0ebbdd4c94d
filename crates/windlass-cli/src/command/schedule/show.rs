//! `windlass schedule show`.

use std::fmt::Write as _;

use windlass::Client;
use windlass::redact::Redaction;
use windlass::schedule::{Declaration, ScheduleRecord};

use super::{checked, no_schedule, owner, standing};
use crate::exit::Exit;
use crate::globals::Globals;
use crate::output::color::Tone;
use crate::output::escape::in_lines;
use crate::output::{Output, document};
use crate::store;

pub(super) async fn run(name: &str, globals: &Globals) -> anyhow::Result<Exit> {
    checked(name)?;
    let out = &globals.out;
    let client = Client::new(store::existing(&globals.store).await?);
    let record = client.schedule(name).await?.ok_or_else(|| no_schedule(name))?;
    print(out, &record)?;
    Ok(Exit::Done)
}

/// A schedule, as a page or a document.
pub(super) fn print(out: &Output, record: &ScheduleRecord) -> anyhow::Result<()> {
    let redaction = out.redaction()?;
    if out.is_json() {
        return out.json(&document::schedule(record, redaction));
    }
    let (word, is_notable) = standing(record);
    let tone = if is_notable { Tone::Attention } else { Tone::Good };
    let mut page =
        format!("{}  {}\n", out.paint(Tone::Strong, &record.name), out.paint(tone, word));
    for (name, value) in fields(out, record, redaction) {
        for (place, text) in value.lines().enumerate() {
            let name = if place == 0 { name } else { "" };
            // Writing to a String cannot fail.
            let _ = writeln!(page, "  {}  {text}", out.paint(Tone::Dim, &format!("{name:<9}")));
        }
    }
    Ok(out.print(&page)?)
}

fn fields(
    out: &Output,
    record: &ScheduleRecord,
    redaction: &Redaction,
) -> Vec<(&'static str, String)> {
    let definition = &record.definition;
    let args = redaction.args((&definition.kind, &definition.meta), &definition.args);
    let mut fields = vec![
        ("rule", format!("{} by the clocks of {}", definition.rule, definition.zone)),
        ("job", format!("{} on queue {}, args {args}", definition.kind, definition.queue)),
        ("missed", definition.missed.word().to_owned()),
        ("overlap", definition.overlap.word().to_owned()),
    ];
    let mut add = |name, value: Option<String>| fields.extend(value.map(|value| (name, value)));
    let moment = |moment| out.moment_in_full(moment);
    add("error", record.error.as_ref().map(|error| in_lines(error).join("\n")));
    add("next", record.next_at().map(moment));
    add(
        "queued",
        record.queued_due_at.map(|due| format!("the run of {}, behind the last job", moment(due))),
    );
    add(
        "paused",
        record.paused_at.map(|at| match &record.note {
            Some(note) => format!("{}: {}", moment(at), in_lines(note).join(" ")),
            None => moment(at),
        }),
    );
    add("removed", record.removed_at.map(moment));
    add("last", record.last_due_at.map(moment));
    let ended = if record.is_unfinished { "has not ended" } else { "has ended" };
    add("last job", record.last_job.map(|job| format!("{job}, {ended}")));
    let numbers =
        format!("{} fired, {} skipped, {} missed", record.fired, record.skipped, record.missed);
    add("runs", Some(numbers));
    let changed = format!("{}, last changed by {}", owner(record), record.changed_by);
    add("owner", Some(format!("{changed} {}", moment(record.changed_at))));
    let declaration = |one: &Declaration| {
        format!("by {} {}\n{}", one.by, moment(one.at), redaction.declaration(&one.text))
    };
    add("declared", record.declared.as_ref().map(declaration));
    let other = record.replaced.as_ref().filter(|_| record.contested_at.is_some());
    add("contested", other.map(declaration));
    fields
}
