//! `windlass schedule list`.

use windlass::Client;
use windlass::schedule::ScheduleRecord;

use super::{next, owner, standing};
use crate::exit::Exit;
use crate::globals::Globals;
use crate::output::color::Tone;
use crate::output::table::{Cell, Column, Table};
use crate::output::{Output, document};
use crate::store;

pub(super) async fn run(globals: &Globals) -> anyhow::Result<Exit> {
    let out = &globals.out;
    let client = Client::new(store::existing(&globals.store).await?);
    let schedules = client.schedules().await?;
    if out.is_json() {
        let redaction = out.redaction()?;
        let documents: Vec<_> =
            schedules.iter().map(|one| document::schedule(one, redaction)).collect();
        out.json(&documents)?;
    } else if schedules.is_empty() && !out.is_plain() {
        out.line("there are no schedules; make one: windlass schedule add hourly '0 * * * *' hello name=World")?;
    } else {
        out.table(&table(out, &schedules))?;
    }
    Ok(Exit::Done)
}

fn table(out: &Output, schedules: &[ScheduleRecord]) -> Table {
    let mut table = Table::new(vec![
        Column::whole("SCHEDULE"),
        Column::text("RULE", 12),
        Column::whole("ZONE").expendable(3),
        Column::text("KIND", 10),
        Column::whole("STATE"),
        Column::whole("NEXT"),
        Column::number("FIRED").expendable(2),
        Column::number("SKIPPED").expendable(2),
        Column::number("MISSED").expendable(2),
        Column::text("OWNER", 8).expendable(1),
    ]);
    for record in schedules {
        let (word, is_notable) = standing(record);
        let tone = if is_notable { Tone::Attention } else { Tone::Plain };
        let definition = &record.definition;
        table.push(vec![
            Cell::new(&record.name),
            Cell::new(&definition.rule),
            Cell::new(&definition.zone),
            Cell::new(&definition.kind),
            Cell::toned(tone, word),
            Cell::new(next(out, record)),
            Cell::new(record.fired.to_string()),
            Cell::new(record.skipped.to_string()),
            Cell::new(record.missed.to_string()),
            Cell::new(owner(record)),
        ]);
    }
    table
}
