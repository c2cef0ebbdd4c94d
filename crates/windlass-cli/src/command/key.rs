//! `windlass key`: the keys that args are encrypted with.

mod list;
mod new;

use crate::exit::Exit;
use crate::globals::Globals;

/// Its arguments.
#[derive(Debug, clap::Args)]
#[command(before_help = "\
Examples:
  windlass key new 2026-12
  export WINDLASS_KEYS=\"$(windlass key new 2026-12)\"
  windlass key list

The first key of WINDLASS_KEYS encrypts, all of them decrypt. Keys are neither stored nor sent anywhere.")]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

/// What is done with keys.
#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// Print a new key; it is kept nowhere
    New(new::Args),
    /// The keys of WINDLASS_KEYS, and how many jobs are encrypted with each
    List,
}

pub(crate) async fn run(args: Args, globals: &Globals) -> anyhow::Result<Exit> {
    match args.verb {
        Verb::New(args) => new::run(&args, globals),
        Verb::List => list::run(globals).await,
    }
}
