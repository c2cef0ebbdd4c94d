//! `windlass source quarantine`.

use windlass::limits::QUARANTINE;
use windlass::redact::Shown;
use windlass::source::QuarantineRecord;
use windlass_http::source::{discarded as document, quarantined};

use super::{client, found};
use crate::exit::Exit;
use crate::globals::Globals;
use crate::output::Output;
use crate::output::color::Tone;
use crate::output::table::{Cell, Column, Table};

/// Its arguments.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The source
    name: String,
    /// Those behind this one
    #[arg(long, value_name = "ID", default_value_t = 0)]
    after: u64,
    /// At most this many
    #[arg(long, value_name = "N", default_value_t = 25, value_parser = clap::value_parser!(u16).range(1..=500))]
    limit: u16,
    /// Throw these away instead
    #[arg(long, value_name = "ID", num_args = 1.., conflicts_with_all = ["after", "limit"])]
    discard: Vec<u64>,
}

pub(super) async fn run(args: &Args, globals: &Globals) -> anyhow::Result<Exit> {
    let (client, out) = (client(&args.name, globals).await?, &globals.out);
    let record = found(&client, &args.name).await?;
    if !args.discard.is_empty() {
        let discarded = client.discard_quarantined(&args.name, &args.discard).await?;
        if out.is_json() {
            out.json(&document(discarded))?;
        } else {
            out.line(&format!("records that are thrown away: {discarded}"))?;
        }
        return Ok(Exit::Done);
    }
    let aside = client.quarantined(&args.name, args.after, usize::from(args.limit)).await?;
    let redaction = out.redaction()?;
    let aside: Vec<_> = aside.into_iter().map(|one| redaction.quarantined(one)).collect();
    if out.is_json() {
        out.json(&aside.iter().map(quarantined).collect::<Vec<_>>())?;
    } else if aside.is_empty() && !out.is_plain() {
        out.line("nothing is put aside")?;
    } else {
        out.table(&table(out, &aside))?;
    }
    if record.dropped > 0 {
        let what = format!(
            "{} older ones of source {} are not kept any more: {QUARANTINE} are",
            record.dropped, record.name
        );
        out.warn(&what);
    }
    Ok(Exit::Done)
}

fn table(out: &Output, aside: &[Shown<QuarantineRecord>]) -> Table {
    let mut table = Table::new(vec![
        Column::number("ID"),
        Column::number("NUMBER"),
        Column::whole("SINCE"),
        Column::text("REASON", 16),
        Column::text("RECORD", 16).expendable(1),
    ]);
    for one in aside {
        let number = one.number.map(|number| number.to_string()).unwrap_or_default();
        table.push(vec![
            Cell::new(one.id.to_string()),
            Cell::new(number),
            Cell::toned(Tone::Dim, out.moment(one.at)),
            Cell::new(&one.reason),
            Cell::new(&one.body),
        ]);
    }
    table
}
