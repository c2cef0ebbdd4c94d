//! `windlass batch list`, and `windlass workflow list`.

use windlass::Client;
use windlass::batch::{BatchFilter, BatchRecord};
use windlass_http::batch::{document, summary};

use super::state;
use crate::exit::Exit;
use crate::globals::Globals;
use crate::output::Output;
use crate::output::escape::in_one_line;
use crate::output::table::{Cell, Column, Table};
use crate::output::time;
use crate::store;

/// Which are listed.
#[derive(Debug, clap::Args)]
pub(crate) struct Wanted {
    /// Those that have not ended
    #[arg(long, conflicts_with = "ended")]
    live: bool,
    /// Those that have
    #[arg(long)]
    ended: bool,
    /// Those with this name
    #[arg(long)]
    name: Option<String>,
    /// At most so many
    #[arg(long, short = 'n', value_name = "N", default_value_t = 30)]
    limit: usize,
}

pub(crate) async fn list(
    wanted: Wanted,
    is_workflow: Option<bool>,
    globals: &Globals,
) -> anyhow::Result<Exit> {
    let out = &globals.out;
    let client = Client::new(store::existing(&globals.store).await?);
    let is_live = (wanted.live || wanted.ended).then_some(wanted.live);
    let filter = BatchFilter { name: wanted.name, is_live, is_workflow, ..BatchFilter::default() };
    let batches = client.batches(&filter, wanted.limit).await?;
    let (document, noun) = match is_workflow {
        Some(true) => (summary as fn(_) -> _, "workflow"),
        _ => (document as fn(_) -> _, "batch"),
    };
    if out.is_json() {
        out.json(&batches.iter().map(document).collect::<Vec<_>>())?;
        return Ok(Exit::Done);
    }
    if batches.is_empty() && !out.is_plain() {
        out.line(&format!("no {noun} is there"))?;
        return Ok(Exit::Done);
    }
    out.table(&table(out, &batches))?;
    Ok(Exit::Done)
}

fn table(out: &Output, batches: &[BatchRecord]) -> Table {
    let mut table = Table::new(vec![
        Column::whole("ID"),
        Column::whole("STATE"),
        Column::text("NAME", 8).expendable(2),
        Column::text("KEY", 8).expendable(1),
        Column::number("JOBS"),
        Column::number("ENDED"),
        Column::number("FAILED"),
        Column::whole("MADE"),
    ]);
    for batch in batches {
        let (word, tone) = state(out, batch.state);
        table.push(vec![
            Cell::new(batch.id.to_string()),
            Cell::toned(tone, word),
            Cell::new(in_one_line(batch.name.as_deref().unwrap_or_default())),
            Cell::new(in_one_line(batch.key.as_deref().unwrap_or_default())),
            Cell::new(time::number(batch.jobs.all())),
            Cell::new(time::number(batch.jobs.ended())),
            Cell::new(time::number(batch.jobs.failed())),
            Cell::new(out.moment(batch.created_at)),
        ]);
    }
    table
}
