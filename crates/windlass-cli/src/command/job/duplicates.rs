//! `windlass job duplicates`.

use windlass::Client;
use windlass::job::Duplicates;

use crate::exit::Exit;
use crate::globals::Globals;
use crate::output::escape::in_lines;
use crate::output::table::{Cell, Column, Table};
use crate::output::{Output, document, time};
use crate::store;

/// Its arguments.
#[derive(Debug, clap::Args)]
#[command(before_help = "\
Examples:
  windlass job duplicates
  windlass job duplicates --limit 100 --json

A job that is the only one of its kind with its key is not written while another holds that key: the
other one is kept, replaced, or the call is rejected.")]
pub(crate) struct Args {
    /// At most so many of the newest
    #[arg(long, value_name = "N", default_value_t = 25, value_parser = clap::value_parser!(u16).range(1..=1_000))]
    limit: u16,
}

pub(crate) async fn run(args: Args, globals: &Globals) -> anyhow::Result<Exit> {
    let out = &globals.out;
    let client = Client::new(store::existing(&globals.store).await?);
    let found = client.duplicates(args.limit.into()).await?;
    if out.is_json() {
        out.json(&document::duplicates(&found))?;
        return Ok(Exit::Done);
    }
    if found.counts.is_empty() && !out.is_plain() {
        out.line("every job that came was written: no unique key was held")?;
        return Ok(Exit::Done);
    }
    out.table(&table(out, &found))?;
    if !out.is_plain() {
        for ((kind, answer), jobs) in &found.counts {
            out.line(&format!("  {kind}: {} {}", time::count(*jobs, "job"), answer.word()))?;
        }
    }
    Ok(Exit::Done)
}

fn table(out: &Output, found: &Duplicates) -> Table {
    let mut table = Table::new(vec![
        Column::whole("WHEN"),
        Column::text("KIND", 10),
        Column::text("KEY", 10),
        Column::whole("ANSWER"),
        Column::whole("HELD BY"),
        Column::text("ORIGIN", 10).expendable(1),
    ]);
    for one in &found.newest {
        table.push(vec![
            Cell::new(out.moment(one.at)),
            Cell::new(&one.kind),
            Cell::new(in_lines(&one.key).join(" ")),
            Cell::new(one.answer.word()),
            Cell::new(one.job.to_string()),
            Cell::new(
                one.origin.as_deref().map(|origin| in_lines(origin).join(" ")).unwrap_or_default(),
            ),
        ]);
    }
    table
}
