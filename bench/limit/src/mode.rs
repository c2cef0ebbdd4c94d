use anyhow::{Result, bail};
use clap::Args;

use crate::{postgres, sqlite};

#[derive(Clone, Copy)]
pub enum Mode {
    Drain,
    Bulk,
    Enqueue,
}

#[derive(Args)]
pub struct Options {
    /// postgres://… or sqlite:PATH
    #[arg(long, default_value = "postgres://postgres@127.0.0.1:5432/postgres")]
    pub store: String,
    #[arg(long, default_value_t = 100_000)]
    pub jobs: usize,
    /// Jobs per claim or statement; the best known size if not given
    #[arg(long)]
    pub batch: Option<usize>,
    /// Connections that insert at the same time
    #[arg(long, default_value_t = 1)]
    pub clients: usize,
}

/// Prints what the store allows as one line of JSON.
pub async fn run(mode: Mode, options: &Options) -> Result<()> {
    let (store, batch, figure) = match options.store.split_once(':') {
        Some(("postgres" | "postgresql", _)) => {
            let batch = options.batch.unwrap_or(mode.postgres_batch());
            ("postgres", batch, postgres::measure(mode, options, batch).await?)
        }
        Some(("sqlite", path)) => {
            let batch = options.batch.unwrap_or(mode.sqlite_batch());
            ("sqlite", batch, sqlite::measure(mode, path.as_ref(), options, batch)?)
        }
        _ => bail!("a store starts with postgres: or sqlite:"),
    };
    println!("{}", figure.to_json(mode.name(), store, batch, options));
    Ok(())
}

impl Mode {
    fn name(self) -> &'static str {
        match self {
            Mode::Drain => "drain",
            Mode::Bulk => "bulk",
            Mode::Enqueue => "enqueue",
        }
    }

    fn postgres_batch(self) -> usize {
        match self {
            Mode::Drain => 500,
            Mode::Bulk => 1000,
            Mode::Enqueue => 1,
        }
    }

    fn sqlite_batch(self) -> usize {
        match self {
            Mode::Drain => 100,
            Mode::Bulk => 1000,
            Mode::Enqueue => 1,
        }
    }
}
