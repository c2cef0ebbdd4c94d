//! `windlass source`: list, show, pause, resume, reset, remove, gaps, and what was put aside.

mod change;
mod gap;
mod list;
mod quarantine;
mod reimport;
mod show;

use std::path::PathBuf;

use windlass::name::check_source;
use windlass::source::{SourceRecord, SourceState};
use windlass::{Client, EventId, Timestamp};

use crate::exit::{Exit, Failure};
use crate::globals::Globals;
use crate::store;

/// Its arguments.
#[derive(Debug, clap::Args)]
#[command(before_help = "\
Examples:
  windlass source list
  windlass source show obs
  windlass source pause obs --note 'their migration, ana'
  windlass source resume obs                     also where it has stopped at a gap
  windlass source reset obs --to 12345           read on behind that cursor
  windlass source quarantine obs                 what could not be read
  windlass source reimport obs                   after windlass.toml knows it
  windlass source close obs                      what was lacking is there")]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

/// What is done with sources.
#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// All sources, how far they were read, and what is wrong with them
    List,
    /// One source with all that is known of it, and what it lacks
    Show {
        /// The source
        name: String,
    },
    /// Read nothing of a source until it is resumed
    Pause {
        /// The source
        name: String,
        /// Why, and by whom
        #[arg(long)]
        note: Option<String>,
    },
    /// Let a source go on that is paused, or has stopped at a gap
    Resume {
        /// The source
        name: String,
    },
    /// Read a source from its oldest record on, or behind a cursor
    Reset {
        /// The source
        name: String,
        /// What to ask with next
        #[arg(long, value_name = "CURSOR")]
        to: Option<String>,
    },
    /// Forget a source that nobody declares any more; its events stay
    Remove {
        /// The source
        name: String,
    },
    /// Say that what a source lacked was got in another way
    Close {
        /// The source
        name: String,
        /// Only the gap of which this event tells
        #[arg(long, value_name = "ID")]
        gap: Option<EventId>,
    },
    /// Records that were put aside, and why
    Quarantine(quarantine::Args),
    /// Read again what was put aside, by the mapping in windlass.toml
    Reimport {
        /// The source
        name: String,
        /// The file that declares it
        #[arg(long, value_name = "FILE", default_value = "windlass.toml")]
        config: PathBuf,
    },
}

pub(crate) async fn run(args: Args, globals: &Globals) -> anyhow::Result<Exit> {
    match args.verb {
        Verb::List => list::run(globals).await,
        Verb::Show { name } => show::run(&name, globals).await,
        Verb::Pause { name, note } => change::pause(&name, note.as_deref(), globals).await,
        Verb::Resume { name } => change::resume(&name, globals).await,
        Verb::Reset { name, to } => change::reset(&name, to.as_deref(), globals).await,
        Verb::Remove { name } => change::remove(&name, globals).await,
        Verb::Close { name, gap } => gap::close(&name, gap, globals).await,
        Verb::Quarantine(args) => quarantine::run(&args, globals).await,
        Verb::Reimport { name, config } => reimport::run(&name, &config, globals).await,
    }
}

async fn client(name: &str, globals: &Globals) -> anyhow::Result<Client> {
    check_source(name).map_err(|error| Failure::usage(error.to_string()))?;
    Ok(Client::new(store::existing(&globals.store).await?))
}

fn no_source(name: &str) -> anyhow::Error {
    let what = format!("no source is called {name}; see `windlass source list`");
    Failure::new(Exit::NotFound, what).into()
}

async fn found(client: &Client, name: &str) -> anyhow::Result<SourceRecord> {
    client.source(name).await?.ok_or_else(|| no_source(name))
}

/// How a source stands, in a word, and whether somebody should look at it.
fn standing(record: &SourceRecord) -> (&'static str, bool) {
    match record.state {
        SourceState::Stopped => ("stopped", true),
        SourceState::Paused => ("paused", true),
        SourceState::Running if record.error.is_some() => ("failing", true),
        SourceState::Running if record.overdue_since(Timestamp::wall_clock()).is_some() => {
            ("overdue", true)
        }
        SourceState::Running if record.open_gaps > 0 => ("gap", true),
        SourceState::Running if record.holder.is_none() => ("unread", true),
        SourceState::Running => ("running", false),
    }
}

/// How far it was read, as a person names it.
fn position(record: &SourceRecord) -> String {
    let position = &record.position;
    match (position.number, &position.cursor) {
        (Some(number), _) => number.to_string(),
        (None, Some(cursor)) => cursor.lines().next().unwrap_or_default().to_owned(),
        (None, None) => "the beginning".to_owned(),
    }
}
