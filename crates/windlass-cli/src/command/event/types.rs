//! `windlass event types`.

use windlass::Client;
use windlass::subscription::SeenTypes;
use windlass_http::event::types_document;

use super::sequence;
use crate::exit::Exit;
use crate::globals::Globals;
use crate::output::Output;
use crate::output::color::Tone;
use crate::output::table::{Cell, Column, Table};
use crate::output::time::count;
use crate::store;

pub(super) async fn types(globals: &Globals) -> anyhow::Result<Exit> {
    let out = &globals.out;
    let store = store::existing(&globals.store).await?;
    sequence(&*store).await?;
    let seen = Client::new(store).event_types().await?;
    if out.is_json() {
        out.json(&types_document(&seen))?;
    } else if seen.types.is_empty() && !out.is_plain() {
        out.line("no event is there")?;
    } else {
        out.table(&table(out, &seen))?;
        if !out.is_plain() {
            out.line(&out.paint(Tone::Dim, &remark(&seen)))?;
        }
    }
    Ok(Exit::Done)
}

/// What was looked at, and whether somebody should look at it.
fn remark(seen: &SeenTypes) -> String {
    let events = count(seen.to - seen.after, "event");
    let looked = match seen.after {
        0 => format!("all {events} of the log"),
        _ => format!("the last {events} of the log; older ones were not looked at"),
    };
    let untaken = seen.types.iter().filter(|one| one.taken_by.is_empty()).count();
    let untaken = match untaken {
        0 => String::new(),
        types => format!("; nobody takes {}", count(types as u64, "type")),
    };
    format!("  {looked}{untaken}")
}

fn table(out: &Output, seen: &SeenTypes) -> Table {
    let mut table = Table::new(vec![
        Column::text("TYPE", 10),
        Column::number("EVENTS"),
        Column::whole("LAST SEEN").expendable(1),
        Column::text("TAKEN BY", 10),
    ]);
    for one in &seen.types {
        let (tone, takers) = match one.taken_by.is_empty() {
            true => (Tone::Attention, "nobody".to_owned()),
            false => (Tone::Plain, one.taken_by.join(", ")),
        };
        table.push(vec![
            Cell::new(&one.event_type),
            Cell::new(one.events.to_string()),
            Cell::toned(Tone::Dim, one.last_at.map(|at| out.moment(at)).unwrap_or_default()),
            Cell::toned(tone, takers),
        ]);
    }
    table
}
