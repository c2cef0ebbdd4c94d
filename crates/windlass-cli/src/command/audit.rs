//! `windlass audit`: who has done what, and whether that list is whole.

use windlass::audit::{EntriesWanted, Entry};
use windlass_http::audit::{check, document, shown};

use crate::exit::{Exit, Failure};
use crate::globals::Globals;
use crate::output::color::Tone;
use crate::output::escape::in_one_line;
use crate::output::table::{Cell, Column, Table};
use crate::store;

/// Its arguments.
#[derive(Debug, clap::Args)]
#[command(before_help = "\
Examples:
  windlass audit list
  windlass audit list --target queues/mail
  windlass audit list --actor ana --limit 100 --json
  windlass audit verify

Acts of the command line and of the HTTP API are kept for 400 days. What programs do by the library is their own.")]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

/// What is asked of the audit.
#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// The acts, the newest first
    List {
        /// Those of this actor
        #[arg(long)]
        actor: Option<String>,
        /// Those that were done to this, such as queues/mail
        #[arg(long)]
        target: Option<String>,
        /// Those before this number
        #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u64).range(1..))]
        before: Option<u64>,
        /// At most so many
        #[arg(long, value_name = "N", default_value_t = 25, value_parser = clap::value_parser!(u16).range(1..=500))]
        limit: u16,
    },
    /// Whether entries were changed, removed or moved since they were written; exit code 9 where so
    Verify {
        /// The digest that the last entry had when somebody looked: entries up to that one were not written again
        #[arg(long, value_name = "NUMBER:DIGEST", value_parser = anchor)]
        expect: Option<(u64, String)>,
    },
}

fn anchor(text: &str) -> Result<(u64, String), String> {
    let parts = text.split_once(':');
    let read = parts.and_then(|(number, digest)| Some((number.parse().ok()?, digest.to_owned())));
    read.ok_or_else(|| "expected a number and a digest, such as 412:9f2c…".to_owned())
}

pub(crate) async fn run(args: Args, globals: &Globals) -> anyhow::Result<Exit> {
    match args.verb {
        Verb::List { actor, target, before, limit } => {
            let wanted = EntriesWanted { before, actor, target, limit: usize::from(limit) };
            list(&wanted, globals).await
        }
        Verb::Verify { expect } => verify(expect, globals).await,
    }
}

async fn list(wanted: &EntriesWanted, globals: &Globals) -> anyhow::Result<Exit> {
    let out = &globals.out;
    let entries = store::existing(&globals.store).await?.acts(wanted).await?;
    let redaction = out.redaction()?;
    let entries: Vec<Entry> = entries.into_iter().map(|one| shown(one, redaction)).collect();
    if out.is_json() {
        out.json(&entries.iter().map(document).collect::<Vec<_>>())?;
    } else if entries.is_empty() && !out.is_plain() {
        out.line("nobody has done anything that fits")?;
    } else {
        out.table(&table(globals, &entries))?;
    }
    if let Some(last) = entries.last().filter(|_| entries.len() == wanted.limit && !out.is_json()) {
        out.aside(&format!("older ones: --before {}\n", last.number));
    }
    Ok(Exit::Done)
}

fn table(globals: &Globals, entries: &[Entry]) -> Table {
    let out = &globals.out;
    let mut table = Table::new(vec![
        Column::whole("NUMBER"),
        Column::whole("WHEN"),
        Column::text("WHO", 8),
        Column::text("FROM", 8),
        Column::text("WHAT", 12),
        Column::text("TO WHAT", 12),
        Column::text("CHANGED", 12),
    ]);
    for Entry { number, at, act, .. } in entries {
        let from = act.origin.as_deref().unwrap_or_default();
        let changed = act.after.as_ref().or(act.before.as_ref()).map_or("", |json| json.as_str());
        table.push(vec![
            Cell::new(number.to_string()),
            Cell::toned(Tone::Dim, out.moment(*at)),
            Cell::new(&act.actor),
            Cell::toned(Tone::Dim, format!("{} {from}", act.via.word())),
            Cell::new(&act.action),
            Cell::new(&act.target),
            Cell::toned(Tone::Dim, changed),
        ]);
    }
    table
}

async fn verify(expect: Option<(u64, String)>, globals: &Globals) -> anyhow::Result<Exit> {
    let out = &globals.out;
    let store = store::existing(&globals.store).await?;
    let checked = check(&*store).await?;
    if let Some((number, digest)) = expect {
        let found = store.acts_after(number.saturating_sub(1), 1).await?;
        let is_it = |entry: &Entry| entry.number == number && entry.digest.to_string() == digest;
        if !found.first().is_some_and(is_it) {
            let what = format!(
                "entry {number} is not the one that had the digest {}",
                in_one_line(&digest)
            );
            return Err(Failure::new(Exit::Problem, what).into());
        }
    }
    let is_whole = checked.broken.is_empty();
    if out.is_json() {
        out.json(&checked.document())?;
    } else {
        for broken in &checked.broken {
            out.line(&out.paint(Tone::Bad, &broken.to_string()))?;
        }
        if is_whole {
            let anchor = format!("{}:{}", checked.chain.number, checked.chain.digest);
            out.line(&format!("{} entries are as they were written", checked.entries))?;
            out.line(&out.paint(Tone::Dim, &format!("  keep this elsewhere: --expect {anchor}")))?;
        }
    }
    Ok(if is_whole { Exit::Done } else { Exit::Problem })
}
