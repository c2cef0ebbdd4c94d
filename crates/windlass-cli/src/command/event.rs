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

use serde::Serialize;
use std::collections::BTreeMap;

use windlass::event::{EventRecord, Extension};
use windlass::store::{Now, Store};
use windlass::{EventId, JobId, Json, Timestamp};

use crate::exit::Exit;
use crate::globals::Globals;
use crate::output::document::{Document, SubjectBody, subject};

/// Its arguments.
#[derive(Debug, clap::Args)]
#[command(before_help = "\
Examples:
  windlass event list
  windlass event list --after 1200 --limit 100 --type 'order.*'
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

/// `event.v1`.
#[derive(Debug, Serialize)]
struct Body<'a> {
    id: EventId,
    position: Option<u64>,
    r#type: &'a str,
    version: u16,
    source: &'a str,
    given_id: Option<&'a str>,
    subject: Option<&'a str>,
    subjects: Vec<SubjectBody<'a>>,
    time: Timestamp,
    recorded_at: Option<Timestamp>,
    data: Option<&'a Json>,
    extensions: &'a BTreeMap<String, Extension>,
    root: Option<JobId>,
    parent: Option<JobId>,
    origin: Option<&'a str>,
    traceparent: Option<&'a str>,
}

fn document(event: &EventRecord) -> Document<Body<'_>> {
    Document::new(
        "event.v1",
        Body {
            id: event.id,
            position: event.position,
            r#type: &event.event_type,
            version: event.meta.version.unwrap_or(1),
            source: &event.source,
            given_id: event.given.as_deref(),
            subject: event.subject.as_deref(),
            subjects: event.meta.subjects.iter().map(subject).collect(),
            time: event.time,
            recorded_at: event.recorded_at,
            data: event.data.as_ref(),
            extensions: &event.meta.extensions,
            root: event.root,
            parent: event.parent,
            origin: event.meta.origin.as_deref(),
            traceparent: event.meta.traceparent.as_deref(),
        },
    )
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

/// Most events that are given positions before a look.
const SEQUENCED: usize = 10_000;

/// What was just published has its position when it is looked for, also where no worker runs.
pub(crate) async fn sequence(store: &dyn Store) -> anyhow::Result<()> {
    while store.sequence(SEQUENCED, Now::Database).await? > 0 {}
    Ok(())
}
