pub mod load;
pub mod meter;
pub mod scratch;
pub mod sql;

mod bulk;
mod drain;
mod enqueue;
mod wal;

use anyhow::Result;
use tokio_postgres::{Client, NoTls};

use crate::figure::Figure;
use crate::mode::{Mode, Options};

pub async fn measure(mode: Mode, options: &Options, batch: usize) -> Result<Figure> {
    let (url, jobs, clients) = (options.store.as_str(), options.jobs, options.clients);
    let figure = match mode {
        Mode::Drain => drain::measure(url, jobs, batch).await,
        Mode::Bulk => bulk::measure(url, jobs, batch, clients).await,
        Mode::Enqueue => enqueue::measure(url, jobs, clients).await,
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

pub async fn connect_many(url: &str, count: usize) -> Result<Vec<Client>> {
    let mut clients = Vec::with_capacity(count);
    for _ in 0..count {
        clients.push(connect(url).await?);
    }
    Ok(clients)
}
