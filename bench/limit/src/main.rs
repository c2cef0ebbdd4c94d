//! Measures what the stores allow, so that the product can be compared with it.

mod cli;
mod cpu;
mod figure;
mod job;
mod mode;
mod postgres;
mod spike;
mod sqlite;

use anyhow::Result;
use clap::Parser;

use cli::{Cli, Command};
use mode::Mode;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Result<()> {
    match Cli::parse().command {
        Command::Spike(options) => spike::run(&options).await,
        Command::Drain(options) => mode::run(Mode::Drain, &options).await,
        Command::Bulk(options) => mode::run(Mode::Bulk, &options).await,
        Command::Enqueue(options) => mode::run(Mode::Enqueue, &options).await,
    }
}
