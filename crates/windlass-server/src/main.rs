//! The binary `windlass`.

mod cli;
mod command;
mod exit;

use std::process::ExitCode;

use clap::Parser;

use crate::cli::Cli;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("windlass: the runtime could not be started: {error}");
            return ExitCode::FAILURE;
        }
    };
    let exit = runtime.block_on(command::run(cli));
    // Handlers that were abandoned must not keep the process.
    runtime.shutdown_background();
    exit.into()
}
