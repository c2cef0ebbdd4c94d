//! `windlass batch`: jobs that belong together.

mod act;
mod list;
mod members;
mod show;

use windlass::batch::{BatchFilter, BatchState};
use windlass::{BatchId, Client};

use crate::exit::{Exit, Failure};
use crate::globals::Globals;
use crate::output::Output;
use crate::output::color::Tone;
use crate::output::escape::in_one_line;

pub(super) use act::{CancelArgs, cancel, retry};
pub(super) use list::{Wanted, list};

/// Its arguments.
#[derive(Debug, clap::Args)]
#[command(before_help = "\
Examples:
  windlass batch list --live
  windlass batch show bat_01KAHT5V3X5W9GNQ6D4R3ZCE7M
  windlass job list batch:bat_01KAHT5V3X5W9GNQ6D4R3ZCE7M state:dead
  id=$(windlass batch open --name prices)
  windlass enqueue import.row row=1 --batch $id
  windlass enqueue import.report --after-batch $id
  windlass batch seal $id
  windlass batch retry prices-2026-11")]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

/// What is done with batches.
#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// Batches, newest first
    List(Wanted),
    /// How many of a batch's jobs are where, which have failed, and each of them, oldest first
    Show(show::ShowArgs),
    /// Make a batch whose jobs come later
    Open {
        /// Its name, for people
        #[arg(long)]
        name: Option<String>,
        /// There is one batch with it
        #[arg(long)]
        key: Option<String>,
    },
    /// Say that no more jobs come: it ends with the last of its own
    Seal {
        /// The batch's id, or its key
        batch: String,
    },
    /// Cancel all jobs that have not ended
    Cancel(act::CancelArgs),
    /// Run the dead jobs again
    Retry {
        /// The batch's id, or its key
        batch: String,
    },
}

pub(crate) async fn run(args: Args, globals: &Globals) -> anyhow::Result<Exit> {
    match args.verb {
        Verb::List(wanted) => list(wanted, None, globals).await,
        Verb::Show(args) => show::show(&args, globals).await,
        Verb::Open { name, key } => act::open(name, key, globals).await,
        Verb::Seal { batch } => act::seal(&batch, globals).await,
        Verb::Cancel(args) => cancel(args, globals).await,
        Verb::Retry { batch } => retry(&batch, globals).await,
    }
}

/// The batch that a text names: its id, or its key.
pub(super) async fn find(client: &Client, text: &str) -> anyhow::Result<BatchId> {
    if let Ok(id) = text.parse() {
        return Ok(id);
    }
    let filter = BatchFilter { key: Some(text.to_owned()), ..BatchFilter::default() };
    let found = client.batches(&filter, 1).await?.pop();
    found.map(|batch| batch.id).ok_or_else(|| not_found(text).into())
}

pub(super) fn not_found(text: &str) -> Failure {
    let text = in_one_line(text);
    Failure::new(
        Exit::NotFound,
        format!("there is no batch or workflow {text}; see `windlass batch list`"),
    )
}

/// A state's word with its glyph.
pub(super) fn state(out: &Output, state: BatchState) -> (String, Tone) {
    let glyphs = out.glyphs();
    let (glyph, tone) = match state {
        BatchState::Open => (glyphs.state(windlass::State::Scheduled).0, Tone::Plain),
        BatchState::Running => (glyphs.state(windlass::State::Running).0, Tone::Busy),
        BatchState::Blocked => (glyphs.bad(), Tone::Bad),
        BatchState::Completed => (glyphs.good(), Tone::Good),
        BatchState::Failed => (glyphs.bad(), Tone::Attention),
    };
    (format!("{glyph} {}", state.word()), tone)
}
