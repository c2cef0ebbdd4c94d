//! `windlass schedule preview`.

use windlass::{Client, Timestamp};

use super::{checked, no_schedule};
use crate::exit::{Exit, Failure};
use crate::globals::Globals;
use crate::output::document;
use crate::output::table::{Cell, Column, Table};
use crate::store;

/// Its arguments.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The schedule
    name: String,
    /// So many
    #[arg(short, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..=1_000))]
    n: u16,
    /// After this moment, RFC 3339, in place of now
    #[arg(long, value_name = "TIME")]
    after: Option<Timestamp>,
}

pub(super) async fn run(args: Args, globals: &Globals) -> anyhow::Result<Exit> {
    checked(&args.name)?;
    let out = &globals.out;
    let store = store::existing(&globals.store).await?;
    let now = store.facts().await?.now;
    let record = Client::new(store).schedule(&args.name).await?;
    let record = record.ok_or_else(|| no_schedule(&args.name))?;
    let cannot = |error| Failure::usage(format!("schedule {}: {error}", args.name));
    let timetable = record.definition.timetable().map_err(cannot)?;
    let due = record.preview(args.after.unwrap_or(now), args.n.into()).map_err(cannot)?;
    if out.is_json() {
        let (name, zone) = (args.name.as_str(), record.definition.zone.as_str());
        out.json(&document::preview(Some(name), zone, &timetable, &due))?;
        return Ok(Exit::Done);
    }
    let mut table = Table::new(vec![Column::whole("DUE"), Column::whole("LOCAL TIME")]);
    for at in due {
        table.push(vec![Cell::new(out.moment(at)), Cell::new(timetable.local(at))]);
    }
    out.table(&table)?;
    if !out.is_plain() && record.next_at().is_none() {
        out.line("  it is paused, removed or has an error: none of these has a run as it stands")?;
    }
    Ok(Exit::Done)
}
