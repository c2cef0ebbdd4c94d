//! `windlass event list`.

use windlass::Client;
use windlass::event::{Cursor, EventRecord};
use windlass::filter::{Bound, Found};

use super::{document, parse_filter, sequence};
use crate::exit::Exit;
use crate::globals::Globals;
use crate::output::Output;
use crate::output::color::Tone;
use crate::output::table::{Cell, Column, Table};
use crate::output::time;
use crate::store;

/// Which are listed.
#[derive(Debug, clap::Args)]
pub(super) struct Wanted {
    /// Terms such as type:order.*, data.total:1000 or -source:/ci
    filter: Vec<String>,
    /// Those behind this position of the log; the last ones unless given
    #[arg(long, value_name = "POSITION")]
    after: Option<u64>,
    /// Those before this position, the last ones of them
    #[arg(long, value_name = "POSITION", conflicts_with = "after")]
    before: Option<u64>,
    /// At most this many
    #[arg(long, value_name = "N", default_value_t = 25, value_parser = clap::value_parser!(u16).range(1..=500))]
    limit: u16,
}

impl Wanted {
    fn place(&self) -> Option<Cursor> {
        self.after.map(Cursor::After).or(self.before.map(Cursor::Before))
    }
}

pub(super) async fn list(wanted: &Wanted, globals: &Globals) -> anyhow::Result<Exit> {
    let out = &globals.out;
    let filter = parse_filter(&wanted.filter)?;
    let store = store::existing(&globals.store).await?;
    sequence(&*store).await?;
    let client = Client::new(store);
    let limit = usize::from(wanted.limit);
    let mut found = client.find_events(&filter, (wanted.place(), limit), Bound::default()).await?;
    // They are shown in the order of the log.
    if wanted.after.is_none() {
        found.items.reverse();
    }
    if out.is_json() {
        let redaction = out.redaction()?;
        let events: Vec<_> =
            found.items.iter().map(|event| redaction.event(event.clone())).collect();
        out.json(&events.iter().map(document).collect::<Vec<_>>())?;
    } else if !found.items.is_empty() || out.is_plain() {
        out.table(&table(out, &found.items))?;
    } else if found.complete {
        out.line("no event is there")?;
    }
    say_how_far(out, &found)?;
    Ok(Exit::Done)
}

/// Where the look ended at its bound, how to go on.
fn say_how_far(out: &Output, found: &Found<EventRecord, Cursor>) -> anyhow::Result<()> {
    let Some(next) = found.next.filter(|_| !found.complete) else { return Ok(()) };
    let looked = time::number(found.scanned);
    let text = format!("looked through {looked} events; go on: --{next}");
    match out.is_plain() || out.is_json() {
        true => eprintln!("{text}"),
        false => out.line(&out.paint(Tone::Dim, &text))?,
    }
    Ok(())
}

fn table(out: &Output, events: &[EventRecord]) -> Table {
    let mut table = Table::new(vec![
        Column::number("POSITION"),
        Column::whole("ID"),
        Column::text("TYPE", 10),
        Column::text("SUBJECT", 8).expendable(2),
        Column::text("SOURCE", 6).expendable(1),
        Column::whole("TIME"),
    ]);
    for event in events {
        table.push(vec![
            Cell::new(event.position.unwrap_or_default().to_string()),
            Cell::new(event.id.to_string()),
            Cell::new(&event.event_type),
            Cell::new(event.subject.as_deref().unwrap_or_default()),
            Cell::new(&event.source),
            Cell::toned(Tone::Dim, out.moment(event.time)),
        ]);
    }
    table
}
