//! One file per command: its arguments and what it does.

pub(crate) mod bench;
pub(crate) mod completions;
pub(crate) mod demo;
pub(crate) mod doctor;
pub(crate) mod enqueue;
pub(crate) mod job;
pub(crate) mod migrate;
pub(crate) mod queue;
pub(crate) mod status;
pub(crate) mod work;
pub(crate) mod worker;

use crate::cli::{Cli, Command, FIRST_STEPS};
use crate::exit::Exit;
use crate::output::Output;

/// What every command is given besides its own arguments.
#[derive(Debug)]
pub(crate) struct Globals {
    /// The store's URL.
    pub(crate) store: String,
    /// Whether to print one JSON document.
    pub(crate) json: bool,
    /// Where and how results are printed.
    pub(crate) out: Output,
}

/// Runs a command; the exit code says how it ended.
pub(crate) async fn run(cli: Cli) -> anyhow::Result<Exit> {
    let out = Output::new(&cli.globals);
    let globals = Globals { store: cli.globals.store, json: out.is_json(), out };
    let Some(command) = cli.command else {
        globals.out.print(FIRST_STEPS)?;
        return Ok(Exit::Done);
    };
    match command {
        Command::Demo(args) => demo::run(args, &globals).await,
        Command::Enqueue(args) => enqueue::run(args, &globals).await,
        Command::Work(args) => work::run(args, &globals).await,
        Command::Status(args) => status::run(args, &globals).await,
        Command::Job(args) => job::run(args, &globals).await,
        Command::Queue(args) => queue::run(args, &globals).await,
        Command::Worker(args) => worker::run(args, &globals).await,
        Command::Doctor(args) => doctor::run(args, &globals).await,
        Command::Migrate(args) => migrate::run(args, &globals).await,
        Command::Bench(args) => bench::run(args, &globals).await,
        Command::Completions(args) => completions::run(&args, &globals),
    }
}
