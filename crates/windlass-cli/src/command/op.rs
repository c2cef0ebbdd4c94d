//! `windlass op`: operations, each one change of many jobs.

mod control;
mod list;
mod show;
pub(super) mod wait;

use windlass::operation::{Control, OperationRecord, OperationState};
use windlass::{Client, OperationId};

use crate::exit::{Exit, Failure};
use crate::globals::Globals;
use crate::output::Output;
use crate::output::color::Tone;
use crate::store;

/// Its arguments.
#[derive(Debug, clap::Args)]
#[command(before_help = "\
Examples:
  windlass job retry 'state:dead kind:img.*' --pace 100/s
  windlass op list
  windlass op show op_01KAHT5V3X5W9GNQ6D4R3ZCE7M
  windlass op pause op_01KAHT5V3X5W9GNQ6D4R3ZCE7M
  windlass op undo op_01KAHT5V3X5W9GNQ6D4R3ZCE7M

Operations begin with `windlass job retry`, `cancel`, `move` and `delete` and a filter. They can be undone
until a day after their end: jobs that have not started since, and that nobody has changed, are as they were.
Jobs that have run meanwhile keep what they did. On a terminal `undo` asks.")]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

/// What is done with operations.
#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// Operations, newest first
    List {
        /// At most so many
        #[arg(long, short = 'n', value_name = "N", default_value_t = 30)]
        limit: usize,
    },
    /// One operation: how far it is, and what it has left as it was
    Show {
        /// Its id
        operation: OperationId,
    },
    /// Go through its jobs here, beside the workers, and wait until it is over
    Wait {
        /// Its id
        operation: OperationId,
    },
    /// Go no further until it is resumed
    Pause {
        /// Its id
        operation: OperationId,
    },
    /// Go on
    Resume {
        /// Its id
        operation: OperationId,
    },
    /// Go no further at all; what was done stays
    Stop {
        /// Its id
        operation: OperationId,
    },
    /// Take back what it wrote; jobs that have started or were changed since stay as they are
    Undo {
        /// Its id
        operation: OperationId,
        /// Leave it to the workers
        #[arg(long)]
        no_wait: bool,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
}

pub(crate) async fn run(args: Args, globals: &Globals) -> anyhow::Result<Exit> {
    let client = Client::new(store::existing(&globals.store).await?);
    let out = &globals.out;
    match args.verb {
        Verb::List { limit } => list::list(&client, limit, out).await,
        Verb::Show { operation } => show::show(&find(&client, operation).await?, out),
        Verb::Wait { operation } => {
            find(&client, operation).await?;
            show::show(&wait::wait(&client, operation, out).await?, out)
        }
        Verb::Pause { operation } => {
            control::control(&client, (operation, Control::Pause), out).await
        }
        Verb::Resume { operation } => {
            control::control(&client, (operation, Control::Resume), out).await
        }
        Verb::Stop { operation } => {
            control::control(&client, (operation, Control::Stop), out).await
        }
        Verb::Undo { operation, no_wait, yes } => {
            if !yes {
                control::confirm(&find(&client, operation).await?, out)?;
            }
            match no_wait {
                true => control::control(&client, (operation, Control::Undo), out).await,
                false => control::undo(&client, operation, out).await,
            }
        }
    }
}

async fn find(client: &Client, id: OperationId) -> anyhow::Result<OperationRecord> {
    let missing = || {
        Failure::new(Exit::NotFound, format!("there is no operation {id}; see `windlass op list`"))
    };
    Ok(client.operation(id).await?.ok_or_else(missing)?)
}

/// A state's word with its glyph.
fn state(out: &Output, state: OperationState) -> (String, Tone) {
    let glyphs = out.glyphs();
    let (glyph, tone) = match state {
        OperationState::Running | OperationState::Undoing => {
            (glyphs.state(windlass::State::Running).0, Tone::Busy)
        }
        OperationState::Paused => (glyphs.state(windlass::State::Scheduled).0, Tone::Attention),
        OperationState::Done => (glyphs.good(), Tone::Good),
        OperationState::Stopped | OperationState::Undone => (glyphs.dot(), Tone::Plain),
    };
    if out.is_plain() {
        return (state.word().to_owned(), Tone::Plain);
    }
    (format!("{glyph} {state}"), tone)
}
