//! `windlass export`: jobs and events as lines of JSON.

mod walk;

use std::io::{self, BufWriter, Write};
use std::path::PathBuf;

use serde::Serialize;
use windlass::condition::Waits;
use windlass::event::EventRecord;
use windlass::redact::{Redaction, Shown};
use windlass::{Client, JobRecord};
use windlass_http::Document;
use windlass_http::job::JobBody;

use crate::archive::private::{Existing, PrivateFile};
use crate::exit::Exit;
use crate::globals::Globals;
use crate::output::escape::in_one_line;
use crate::output::{document, time};
use crate::store;

/// Its arguments.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Jobs, the oldest first
    #[command(before_help = "\
Examples:
  windlass export jobs 'state:scheduled,available' > jobs.jsonl
  windlass export jobs queue:mail --file jobs.jsonl

Each line is a job as `windlass job show --json` prints it, with what it waits for. `windlass import` reads it.")]
    Jobs(Wanted),
    /// Events, in the order of the log
    #[command(before_help = "\
Examples:
  windlass export events type:order.* > events.jsonl
  windlass export events --file events.jsonl

Each line is an event as `windlass event show --json` prints it. `windlass import` reads it.")]
    Events(Wanted),
}

/// Which of them, and where to.
#[derive(Debug, clap::Args)]
struct Wanted {
    /// Terms of a filter, all of which must hold
    filter: Vec<String>,
    /// A file, which its owner alone can read; stdout unless given
    #[arg(long)]
    file: Option<PathBuf>,
    /// Replace the file where it is there already
    #[arg(long, requires = "file")]
    force: bool,
    /// Write fields too that are marked as not to be shown: without them no such line can be imported
    #[arg(long)]
    unredacted: bool,
}

/// `job.v1`, with what the job waits for.
#[derive(Serialize)]
struct JobLine<'a> {
    #[serde(flatten)]
    job: Document<JobBody<'a>>,
    waits: Option<&'a Waits>,
}

/// `export.v1`.
#[derive(Debug, Serialize)]
struct Body<'a> {
    file: &'a str,
    lines: u64,
}

pub(crate) async fn run(args: Args, globals: &Globals) -> anyhow::Result<Exit> {
    let (What::Jobs(wanted) | What::Events(wanted)) = &args.what;
    // A filter that cannot be read leaves no file behind.
    let asked = Asked::of(&args.what)?;
    let existing = if wanted.force { Existing::Replaced } else { Existing::Kept };
    let none = Redaction::none();
    let redaction = if wanted.unredacted { &none } else { globals.out.redaction()? };
    let client = Client::new(store::existing(&globals.store).await?);
    let noun = asked.noun();
    let Some(path) = &wanted.file else {
        let mut out = BufWriter::new(io::stdout().lock());
        let lines = asked.write((&client, redaction), &mut out).await?;
        out.flush()?;
        globals.out.aside(&format!("{} written\n", time::count(lines, noun)));
        return Ok(Exit::Done);
    };
    let mut file = PrivateFile::create(path, existing)?;
    let lines = asked.write((&client, redaction), &mut file).await?;
    file.keep()?;
    let name = path.display().to_string();
    if globals.json {
        let body = Body { file: &name, lines };
        globals.out.json(&Document::new("export.v1", body))?;
        return Ok(Exit::Done);
    }
    let name = in_one_line(&name);
    let line = format!("{} written to {name}", time::count(lines, noun));
    globals.out.done(&line, &format!("to bring them to a store: windlass import {name}"))?;
    Ok(Exit::Done)
}

/// What is asked for, once its filter was read.
enum Asked {
    Jobs(windlass::job::Filter),
    Events(windlass::event::Filter),
}

impl Asked {
    fn of(what: &What) -> anyhow::Result<Self> {
        Ok(match what {
            What::Jobs(wanted) => Self::Jobs(super::job::parse_filter(&wanted.filter)?),
            What::Events(wanted) => Self::Events(super::event::parse_filter(&wanted.filter)?),
        })
    }

    const fn noun(&self) -> &'static str {
        match self {
            Self::Jobs(_) => "job",
            Self::Events(_) => "event",
        }
    }

    /// How many were written.
    async fn write(
        &self,
        (client, redaction): (&Client, &Redaction),
        out: &mut dyn Write,
    ) -> anyhow::Result<u64> {
        match self {
            Self::Jobs(filter) => {
                let write = |job: &JobRecord| put(out, &job_line(&redaction.job(job.clone())));
                walk::jobs(client, filter, write).await
            }
            Self::Events(filter) => {
                let write =
                    |event: &EventRecord| put(out, &event_line(&redaction.event(event.clone())));
                walk::events(client, filter, write).await
            }
        }
    }
}

fn job_line(job: &Shown<JobRecord>) -> JobLine<'_> {
    JobLine { job: document::job(job), waits: job.meta.waits.as_ref() }
}

fn event_line(event: &Shown<EventRecord>) -> impl Serialize {
    windlass_http::event::document(event)
}

fn put(out: &mut dyn Write, line: &impl Serialize) -> anyhow::Result<()> {
    let mut text = serde_json::to_vec(line)?;
    text.push(b'\n');
    Ok(out.write_all(&text)?)
}
