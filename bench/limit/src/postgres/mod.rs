pub mod load;
pub mod meter;
pub mod scratch;
pub mod sql;

mod bulk;
mod callers;
mod drain;
mod enqueue;
mod wal;

use anyhow::Result;
use tokio_postgres::{Client, NoTls};

use callers::Callers;

use crate::figure::Figure;
use crate::mode::{Mode, Options};

pub async fn measure(mode: Mode, options: &Options, batch: usize) -> Result<Figure> {
    let url = options.store.as_str();
    let callers = Callers::connect(url, options.clients, options.jobs);
    let figure = match mode {
        Mode::Drain => drain::measure(url, options.jobs, batch).await,
        Mode::Bulk => bulk::measure(callers.await?, batch).await,
        Mode::Enqueue => enqueue::measure(callers.await?).await,
    };
    scratch::drop(&connect(url).await?).await?;
    figure
}

/// Opens a session in the scratch schema with the settings of an engine:
/// plans must not depend on statistics that are stale by the time they are used.
pub async fn connect(url: &str) -> Result<Client> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
    tokio::spawn(connection);
    client
        .batch_execute(&format!(
            "set client_min_messages = warning;
             set search_path = {};
             set jit = off;
             set enable_seqscan = off;
             set plan_cache_mode = force_generic_plan",
            scratch::SCHEMA
        ))
        .await?;
    Ok(client)
}
