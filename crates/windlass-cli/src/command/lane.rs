//! `windlass lane`: list them, and open one that stands still.

use windlass::Client;
use windlass_http::lane::{LaneBody, lanes as documents, opened};

use crate::exit::{Exit, Failure};
use crate::globals::Globals;
use crate::output::Output;
use crate::output::color::Tone;
use crate::output::document::Document;
use crate::output::table::{Cell, Column, Table};
use crate::output::time;
use crate::store;

/// Lanes shown; the rest is counted.
const SHOWN: usize = 100;

/// Its arguments.
#[derive(Debug, clap::Args)]
#[command(before_help = "\
Examples:
  windlass lane list
  windlass lane open 'server 42'

A lane stands still behind a dead job that was enqueued with --block-when-dead. Retry the job, or open the lane
to let the next one begin.")]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

/// What is done with lanes.
#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// Lanes that stand still behind a dead job, then those with waiting jobs, the longest first
    List,
    /// Let a lane go on that stands still behind a dead job; the job stays dead
    Open {
        /// The lane's key
        lane: String,
    },
}

pub(crate) async fn run(args: Args, globals: &Globals) -> anyhow::Result<Exit> {
    match args.verb {
        Verb::List => list(globals).await,
        Verb::Open { lane } => open(lane, globals).await,
    }
}

async fn list(globals: &Globals) -> anyhow::Result<Exit> {
    let out = &globals.out;
    let store = store::existing(&globals.store).await?;
    let lanes = store.lanes().await?;
    let rows = documents(&lanes);
    if out.is_json() {
        let documents: Vec<_> = rows.into_iter().map(|row| Document::new("lane.v1", row)).collect();
        out.json(&documents)?;
        return Ok(Exit::Done);
    }
    if rows.is_empty() && !out.is_plain() {
        out.line("no job waits in a lane")?;
        return Ok(Exit::Done);
    }
    let shown = if out.is_plain() { rows.len() } else { rows.len().min(SHOWN) };
    out.table(&table(out, &rows[..shown]))?;
    let hidden = rows.len() - shown;
    let or_more = lanes.or_more || lanes.blocked_or_more;
    if !out.is_plain() && (hidden > 0 || or_more) {
        let more = if or_more { "more than " } else { "" };
        out.line(
            &out.paint(Tone::Dim, &format!("and {more}{}", time::count(hidden as u64, "other"))),
        )?;
    }
    Ok(Exit::Done)
}

fn table(out: &Output, rows: &[LaneBody<'_>]) -> Table {
    let mut table = Table::new(vec![
        Column::text("LANE", 10),
        Column::number("WAITING"),
        Column::whole("FIRST"),
        Column::whole("STATE"),
        Column::text("KIND", 8).expendable(1),
        Column::whole("SINCE"),
    ]);
    for row in rows {
        let more = if row.waiting_or_more { "+" } else { "" };
        table.push(vec![
            Cell::new(row.lane),
            Cell::new(format!("{}{more}", time::number(row.waiting))),
            Cell::new(row.first.to_string()),
            out.state(row.state),
            Cell::new(row.kind),
            Cell::new(out.moment(row.at)),
        ]);
    }
    table
}

async fn open(lane: String, globals: &Globals) -> anyhow::Result<Exit> {
    let out = &globals.out;
    let client = Client::new(store::existing(&globals.store).await?);
    let Some(job) = client.open_lane(&lane).await? else {
        let what =
            format!("lane {lane} does not stand still behind a dead job; nothing was changed");
        return Err(Failure::new(Exit::NotFound, what).into());
    };
    if out.is_json() {
        out.json(&opened(&lane, job))?;
    } else {
        out.done(
            &format!("lane {lane} goes on behind {job}"),
            &format!("see it: windlass job show {job}"),
        )?;
    }
    Ok(Exit::Done)
}
