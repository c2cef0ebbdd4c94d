//! The command line: one noun, one verb.

use clap::{Parser, Subcommand};

use crate::command;

/// Hauls work that must not be lost: durable jobs in SQLite or PostgreSQL.
#[derive(Debug, Parser)]
#[command(name = "windlass", version, about)]
pub(crate) struct Cli {
    /// Where jobs are kept: sqlite:PATH or postgres://user@host/database
    #[arg(long, global = true, env = "WINDLASS_STORE", default_value = "sqlite:windlass.db", hide_env_values = true)]
    pub(crate) store: String,
    /// Print one JSON document
    #[arg(long, global = true)]
    pub(crate) json: bool,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// A tour on real files: work, a retry, a killed worker, and proof that nothing was lost
    Demo(command::demo::Args),
    /// Run workers for the handlers in windlass.toml
    Work(command::work::Args),
    /// Measure this machine and this store
    Bench(command::bench::Args),
}
