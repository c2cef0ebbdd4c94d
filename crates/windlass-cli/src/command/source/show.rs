//! `windlass source show`.

use std::fmt::Write as _;

use windlass::source::{Lack, SourceGap, SourceRecord};
use windlass_http::source::with_gaps;

use super::{client, found, position, standing};
use crate::exit::Exit;
use crate::globals::Globals;
use crate::output::Output;
use crate::output::color::Tone;
use crate::output::escape::in_lines;

/// Gaps that are shown.
const GAPS: usize = 20;

pub(super) async fn run(name: &str, globals: &Globals) -> anyhow::Result<Exit> {
    let (client, out) = (client(name, globals).await?, &globals.out);
    let record = found(&client, name).await?;
    let gaps = client.source_gaps(name, GAPS).await?;
    if out.is_json() {
        out.json(&with_gaps(&record, &gaps))?;
        return Ok(Exit::Done);
    }
    let (word, is_notable) = standing(&record);
    let tone = if is_notable { Tone::Attention } else { Tone::Good };
    let mut page =
        format!("{}  {}\n", out.paint(Tone::Strong, &record.name), out.paint(tone, word));
    let fields = fields(out, &record).into_iter();
    let gaps = gaps.iter().map(|gap| ("gap", lacking(out, gap)));
    for (name, value) in fields.chain(gaps) {
        for (place, text) in value.lines().enumerate() {
            let name = if place == 0 { name } else { "" };
            // Writing to a String cannot fail.
            let _ = writeln!(page, "  {}  {text}", out.paint(Tone::Dim, &format!("{name:<10}")));
        }
    }
    out.print(&page)?;
    Ok(Exit::Done)
}

fn fields(out: &Output, record: &SourceRecord) -> Vec<(&'static str, String)> {
    let mut fields = vec![("reads", record.about.to_string()), ("position", position(record))];
    let mut add = |name, value: Option<String>| fields.extend(value.map(|value| (name, value)));
    let moment = |moment| out.moment_in_full(moment);
    add("head", record.head.map(|head| head.to_string()));
    let begun = record.position.generation;
    add("begun again", (begun > 0).then(|| format!("{begun} times")));
    add("reason", record.reason.as_ref().map(|reason| in_lines(reason).join("\n")));
    add("error", record.error.as_ref().map(|error| in_lines(error).join("\n")));
    let times = |at| format!("{}, {} times in a row", moment(at), record.failures);
    add("failed", record.error_at.filter(|_| record.error.is_some()).map(times));
    let numbers = format!(
        "{} imported, {} there before, {} put aside, {} of those dropped",
        record.imported, record.repeated, record.quarantined, record.dropped
    );
    add("records", Some(numbers));
    add("imported", record.imported_at.map(moment));
    add("asked", record.polled_at.map(moment));
    add("next", record.next_at.map(moment));
    let until = record.held_until.map(|at| format!(", unless renewed until {}", moment(at)));
    let by = record.holder.as_ref().map(|by| format!("{by}{}", until.unwrap_or_default()));
    add("read by", by.or(Some("no worker".to_owned())));
    add("since", Some(moment(record.changed_at)));
    fields
}

/// What a gap is, in a line.
fn lacking(out: &Output, gap: &SourceGap) -> String {
    let number = |number: Option<u64>| number.map_or("?".to_owned(), |number| number.to_string());
    let (from, to) = (number(gap.from), number(gap.to));
    let what = match gap.why {
        Lack::Gap => format!("{from} to {to}"),
        Lack::Reset => format!("read up to {from}, reset to {to}"),
    };
    let closed = gap.closed_at.map_or("open".to_owned(), |_| "closed".to_owned());
    format!(
        "{what}, {}, {closed}, {}, {}",
        gap.answer.word(),
        out.moment_in_full(gap.at),
        gap.event
    )
}
