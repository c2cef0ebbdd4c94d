//! `windlass event`: what was published.

mod keep;
mod list;
mod renew;
mod show;
mod tail;
mod types;
mod verify;

pub(crate) use show::find;
pub(crate) use tail::{EventsTail, show as show_line};

use windlass::event::Filter;
use windlass::filter::ParseFilterError;
use windlass::store::{Now, Store};
use windlass_http::event::document;

use crate::exit::{Exit, Failure};
use crate::globals::Globals;

/// Its arguments.
#[derive(Debug, clap::Args)]
#[command(before_help = "\
Examples:
  windlass event list
  windlass event list 'type:order.* data.total:1000 since:24h'
  windlass event list --after 1200 --limit 100 -source:/ci
  windlass event tail --type 'order.*'
  windlass event types
  windlass event show 1201
  windlass event show evt_01KAHT5V3X5W9GNQ6D4R3ZCE7M --json")]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

/// What is done with events.
#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// The last events of the log, or those behind a position, in order
    List(list::Wanted),
    /// The events as they come, until it is ended; with --json a document a line
    Tail(tail::Wanted),
    /// The types of the last events, and the subscriptions that take each
    Types,
    /// Whether the log is whole, and whether each subscription has got what it wants; exit code 9 where not
    Verify,
    /// How long events stay in the log
    Keep(keep::Args),
    /// After a restored backup: positions that somebody has seen may be those of other events, and the log's epoch says so
    Renew,
    /// One event with its data
    Show {
        /// Its id, or its position in the log
        event: String,
    },
}

pub(crate) async fn run(args: Args, globals: &Globals) -> anyhow::Result<Exit> {
    match args.verb {
        Verb::List(wanted) => list::list(&wanted, globals).await,
        Verb::Tail(wanted) => tail::tail(&wanted, globals).await,
        Verb::Types => types::types(globals).await,
        Verb::Verify => verify::verify(globals).await,
        Verb::Keep(args) => keep::keep(&args, globals).await,
        Verb::Renew => renew::renew(globals).await,
        Verb::Show { event } => show::show(&event, globals).await,
    }
}

/// Whether a text names an event, and no job: a position begins with no zero, as the beginning of a job's id does.
pub(crate) fn is_meant(text: &str) -> bool {
    let is_position =
        !text.starts_with('0') && !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    is_position || text.starts_with("evt_")
}

/// The filter that words are.
pub(crate) fn parse_filter(words: &[String]) -> Result<Filter, Failure> {
    let read =
        |error: ParseFilterError| Failure::usage(format!("the filter cannot be read: {error}"));
    words.join(" ").parse().map_err(read)
}

/// Most events that are given positions before a look.
const SEQUENCED: usize = 10_000;

/// What was just published has its position when it is looked for, also where no worker runs.
pub(crate) async fn sequence(store: &dyn Store) -> anyhow::Result<()> {
    while store.sequence(SEQUENCED, Now::Database).await? > 0 {}
    Ok(())
}
