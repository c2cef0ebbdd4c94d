//! `windlass source list`.

use windlass::Client;
use windlass::source::SourceRecord;
use windlass_http::source::document;

use super::{position, standing};
use crate::exit::Exit;
use crate::globals::Globals;
use crate::output::Output;
use crate::output::color::Tone;
use crate::output::table::{Cell, Column, Table};
use crate::store;

pub(super) async fn run(globals: &Globals) -> anyhow::Result<Exit> {
    let out = &globals.out;
    let client = Client::new(store::existing(&globals.store).await?);
    let sources = client.sources().await?;
    if out.is_json() {
        out.json(&sources.iter().map(document).collect::<Vec<_>>())?;
    } else if sources.is_empty() && !out.is_plain() {
        out.line("there are no sources; windlass.toml declares them as [source.NAME]")?;
    } else {
        out.table(&table(out, &sources))?;
    }
    Ok(Exit::Done)
}

fn table(out: &Output, sources: &[SourceRecord]) -> Table {
    let mut table = Table::new(vec![
        Column::whole("SOURCE"),
        Column::whole("STATE"),
        Column::text("READ", 12),
        Column::number("BEHIND").expendable(2),
        Column::number("IMPORTED").expendable(2),
        Column::number("ASIDE"),
        Column::number("GAPS"),
        Column::whole("ASKED").expendable(1),
        Column::text("ERROR", 12).expendable(1),
    ]);
    for record in sources {
        let (word, is_notable) = standing(record);
        let tone = if is_notable { Tone::Attention } else { Tone::Plain };
        let behind = record.head.zip(record.position.number);
        let behind = behind.map(|(head, number)| head.saturating_sub(number).to_string());
        table.push(vec![
            Cell::new(&record.name),
            Cell::toned(tone, word),
            Cell::new(position(record)),
            Cell::new(behind.unwrap_or_default()),
            Cell::new(record.imported.to_string()),
            Cell::new(record.quarantined.to_string()),
            Cell::new(record.open_gaps.to_string()),
            Cell::new(record.polled_at.map(|at| out.moment(at)).unwrap_or_default()),
            Cell::new(record.error.as_deref().unwrap_or_default()),
        ]);
    }
    table
}
