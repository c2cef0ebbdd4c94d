//! One file per command: its arguments and what it does.

pub(crate) mod bench;
pub(crate) mod demo;
pub(crate) mod work;

use crate::cli::{Cli, Command};
use crate::exit::Exit;

/// What every command is given besides its own arguments.
#[derive(Debug)]
pub(crate) struct Globals {
    /// The store's URL.
    pub(crate) store: String,
    /// Whether to print one JSON document.
    pub(crate) json: bool,
}

/// Runs a command, printing its errors; the exit code says how it ended.
pub(crate) async fn run(cli: Cli) -> Exit {
    let globals = Globals { store: cli.store, json: cli.json };
    let result = match cli.command {
        Command::Demo(args) => demo::run(args, &globals).await,
        Command::Work(args) => work::run(args, &globals).await,
        Command::Bench(args) => bench::run(args, &globals).await,
    };
    match result {
        Ok(exit) => exit,
        Err(error) => {
            eprintln!("windlass: {error:#}");
            Exit::Failed
        }
    }
}
