//! `windlass workflow`: jobs with names that wait for each other.

mod show;

use super::batch::{self, Wanted};
use crate::exit::Exit;
use crate::globals::Globals;

/// Its arguments.
#[derive(Debug, clap::Args)]
#[command(before_help = "\
Examples:
  windlass workflow list --live
  windlass workflow show vm-42
  windlass workflow retry vm-42
  windlass workflow cancel vm-42 --reason 'not wanted any more'

A workflow is started by a program, with `Workflow` in Rust, or by SQL. It is named by its id or by its key.")]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

/// What is done with workflows.
#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// Workflows, newest first
    List(Wanted),
    /// The steps of a workflow, drawn: states, times, what waits for what, and what blocks it
    Show {
        /// The workflow's id, or its key
        workflow: String,
    },
    /// Run the dead steps again; those behind them go on
    Retry {
        /// The workflow's id, or its key
        workflow: String,
    },
    /// Cancel all steps that have not ended
    Cancel(batch::CancelArgs),
}

pub(crate) async fn run(args: Args, globals: &Globals) -> anyhow::Result<Exit> {
    match args.verb {
        Verb::List(wanted) => batch::list(wanted, Some(true), globals).await,
        Verb::Show { workflow } => show::show(&workflow, globals).await,
        Verb::Retry { workflow } => batch::retry(&workflow, globals).await,
        Verb::Cancel(args) => batch::cancel(args, globals).await,
    }
}
