//! `windlass import`: lines of jobs and events, each of which is there once afterwards.

mod line;
mod write;

use std::fs::File;
use std::io::{self, Read};
use std::path::PathBuf;

use serde::Serialize;
use windlass::Client;
use windlass_http::Document;

use super::enqueue::origin;
use super::lines::Lines;
use crate::exit::{Exit, Failure};
use crate::globals::Globals;
use crate::keys;
use crate::output::escape::in_one_line;
use crate::output::time;
use crate::store;
use line::Read as Found;
use write::{Import, Mode};

/// Bytes of one line: args, an output and what attempts have left behind.
const LINE_BYTES: usize = 8 * 1024 * 1024;
/// Refused lines that are named.
const NAMED: usize = 1_000;

/// Its arguments.
#[derive(Debug, clap::Args)]
#[command(before_help = "\
Examples:
  windlass import jobs.jsonl --dry-run
  windlass import jobs.jsonl
  windlass export jobs queue:mail --store sqlite:old.db | windlass import - --keep-going

A line is a job or an event as `windlass export` writes it. Jobs that have not ended are enqueued with the ids that they have, so
the same lines again change nothing; jobs that have ended are left out.")]
pub(crate) struct Args {
    /// The file; - for stdin
    file: PathBuf,
    /// Change nothing, and say what would be
    #[arg(long)]
    dry_run: bool,
    /// Leave out lines that are refused, and go on; exit 10 where there are some
    #[arg(long)]
    keep_going: bool,
}

/// `import.v1`.
#[derive(Debug, Default, Serialize)]
struct Told {
    dry_run: bool,
    imported: u64,
    /// That are there already.
    existing: u64,
    /// Jobs that have ended, and are left out.
    ended: u64,
    refused: u64,
    /// The first of them.
    refusals: Vec<Refused>,
}

/// A line that was refused.
#[derive(Debug, Serialize)]
struct Refused {
    line: u64,
    why: String,
}

impl Told {
    fn refuse(&mut self, line: u64, why: String) {
        self.refused += 1;
        if self.refusals.len() < NAMED {
            self.refusals.push(Refused { line, why });
        }
    }
}

pub(crate) async fn run(args: Args, globals: &Globals) -> anyhow::Result<Exit> {
    let input = input(&args)?;
    let client = client(&args, globals).await?;
    if client.discarded().is_some() {
        let what = "the store discard: keeps nothing: name one with --store";
        return Err(Failure::usage(what).into());
    }
    let told = read_all(&args, Import::to(client, mode(&args)), input).await?;
    tell(&args, &told, globals)
}

const fn mode(args: &Args) -> Mode {
    if args.dry_run { Mode::Dry } else { Mode::Writes }
}

fn input(args: &Args) -> anyhow::Result<Box<dyn Read>> {
    if args.file.as_os_str() == "-" {
        return Ok(Box::new(io::stdin()));
    }
    let cannot = |error| {
        let what = format!("{} cannot be read: {error}", args.file.display());
        Failure::new(Exit::NotFound, what)
    };
    Ok(Box::new(File::open(&args.file).map_err(cannot)?))
}

async fn client(args: &Args, globals: &Globals) -> anyhow::Result<Client> {
    let keys = keys::of_here()?;
    let store = match args.dry_run {
        true => store::existing(&globals.store).await?,
        false => store::created_and_told(globals).await?,
    };
    let client = Client::new(store).with_origin(origin("windlass import"));
    Ok(keys::encrypting(client, keys))
}

async fn read_all(args: &Args, mut import: Import, input: Box<dyn Read>) -> anyhow::Result<Told> {
    let mut lines = Lines::of(input, LINE_BYTES);
    let cannot = |error: io::Error| {
        Failure::new(Exit::Failed, format!("{} cannot be read: {error}", args.file.display()))
    };
    while let Some(line) = lines.next().map_err(cannot)? {
        let (nth, bytes) = (line.nth, line.text.as_ref().map_or(0, String::len));
        match line.text.and_then(|text| line::read(&text)) {
            Ok(Found::Job(job)) => import.job(nth, *job, bytes).await?,
            Ok(Found::Event(event)) => import.event(nth, *event, bytes).await?,
            Ok(Found::Ended) => import.told.ended += 1,
            Err(why) => import.told.refuse(nth, why),
        }
        if import.told.refused > 0 && !args.keep_going {
            break;
        }
    }
    import.flush().await?;
    Ok(Told { dry_run: args.dry_run, ..import.told })
}

fn tell(args: &Args, told: &Told, globals: &Globals) -> anyhow::Result<Exit> {
    let out = &globals.out;
    if out.is_json() {
        out.json(&Document::new("import.v1", told))?;
    } else {
        let verb = if told.dry_run { "would be imported" } else { "imported" };
        let mut parts = vec![format!("{} {verb}", time::number(told.imported))];
        let others = [
            (told.existing, "there already"),
            (told.ended, "ended, and left out"),
            (told.refused, "refused"),
        ];
        let others = others.into_iter().filter(|(number, _)| *number > 0);
        parts.extend(others.map(|(number, what)| format!("{} {what}", time::number(number))));
        out.line(&parts.join("; "))?;
    }
    if told.refused == 0 {
        return Ok(Exit::Done);
    }
    if args.keep_going {
        for Refused { line, why } in &told.refusals {
            out.warn(&format!("line {line}: {}", in_one_line(why)));
        }
        return Ok(Exit::PartlyFailed);
    }
    let first = told.refusals.first();
    let (line, why) = first.map_or((0, ""), |first| (first.line, first.why.as_str()));
    let what = format!(
        "line {line}: {}; what follows was not read, say --keep-going to leave such lines out",
        in_one_line(why)
    );
    Err(Failure::usage(what).into())
}
