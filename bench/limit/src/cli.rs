use clap::{Parser, Subcommand};

use crate::{mode, spike};

#[derive(Parser)]
#[command(about = "Physical limits of the stores")]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Subcommand)]
pub enum Command {
    /// Compares table designs when the jobs of a batch end at different times
    Spike(spike::Options),
    /// Claims and completes whole batches
    Drain(mode::Options),
    /// Inserts many jobs with each statement
    Bulk(mode::Options),
    /// Inserts one job per transaction
    Enqueue(mode::Options),
}
