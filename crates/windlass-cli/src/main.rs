//! The binary `windlass`.

mod acts;
mod archive;
mod cli;
mod command;
mod config;
mod exit;
mod globals;
mod handler;
mod keys;
mod output;
mod queue_rules;
mod run;
mod service;
mod shutdown;
mod source;
mod store;
mod stores;
mod supervisor;

use std::process::ExitCode;
use std::time::Duration;

use crate::exit::{Exit, Failure};

/// How long the end waits for the store's files to be closed: what is in SQLite's log comes into the file then.
const CLOSING: Duration = Duration::from_secs(2);

fn main() -> ExitCode {
    let (cli, asked) = match cli::parse() {
        Ok(parsed) => parsed,
        Err(exit) => return exit.into(),
    };
    let format = cli.globals.errors();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            let what = format!("the runtime could not be started: {error}");
            let error = Failure::new(Exit::Failed, what).into();
            return output::problem::report(&error, format).into();
        }
    };
    let result = runtime.block_on(run::run(cli, asked));
    // Handlers that were abandoned must not keep the process.
    runtime.shutdown_background();
    if !windlass::wait_closed(CLOSING) {
        tracing::debug!("the store was not closed in time");
    }
    result.unwrap_or_else(|error| output::problem::report(&error, format)).into()
}
