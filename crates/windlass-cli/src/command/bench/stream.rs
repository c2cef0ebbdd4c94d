//! Stream: from the commit of an event to its message at those who watch, over connections; first one watches, then many.

use std::time::{Duration, Instant};

use anyhow::Context as _;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use windlass::prelude::*;

use super::eventful::{Beside, connect, event, event_type};
use super::served::Served;
use super::{Finding, Measurement};
use crate::store::sqlite_path;

/// Samples, unless fewer are asked for.
const SAMPLES: u64 = 200;
const WORD: &str = "paid";
const TRANSACTIONS: &str =
    "select xact_commit + xact_rollback from pg_stat_database where datname = current_database()";

pub(super) async fn tell(bench: &Measurement, url: &str) -> anyhow::Result<Finding> {
    let served = Served::start(bench).await?;
    let alone = Side::measure(bench, url, (&served.address, 1)).await?;
    let many = Side::measure(bench, url, (&served.address, bench.args.clients())).await?;
    served.stop().await;
    let ratio = many.per_s.zip(alone.per_s).map(|(many, alone)| many / alone);
    let beside = Beside { ratio, times_ms: alone.times_ms, ..Beside::default() };
    Ok(Finding { beside, ..Finding::new(many.events, many.seconds, many.times_ms) })
}

/// What it is with some number of viewers.
struct Side {
    events: u64,
    seconds: f64,
    times_ms: Vec<f64>,
    /// Transactions of the database in a second, where it counts them.
    per_s: Option<f64>,
}

impl Side {
    async fn measure(
        bench: &Measurement,
        url: &str,
        (address, viewers): (&str, usize),
    ) -> anyhow::Result<Self> {
        let mut all = Vec::new();
        for _ in 0..viewers {
            all.push(Viewer::open(address).await?);
        }
        let client = Client::new(bench.store.clone());
        let (events, mut times_ms) = (bench.args.jobs.clamp(1, SAMPLES), Vec::new());
        let (before, began) = (transactions(url).await?, Instant::now());
        for _ in 0..events {
            // Fewer in a second than are merged.
            tokio::time::sleep(Duration::from_millis(fastrand::u64(60..160))).await;
            client.publish(event(bench, WORD, 0)).await?;
            let committed = Instant::now();
            for viewer in &mut all {
                viewer.told().await?;
            }
            times_ms.push(committed.elapsed().as_secs_f64() * 1e3);
        }
        let seconds = began.elapsed().as_secs_f64();
        let transactions = transactions(url).await?.zip(before).map(|(now, then)| now - then);
        Ok(Self { events, seconds, times_ms, per_s: transactions.map(|some| some / seconds) })
    }
}

async fn transactions(url: &str) -> anyhow::Result<Option<f64>> {
    if sqlite_path(url).is_some() {
        return Ok(None);
    }
    // Sessions tell of theirs a second later.
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    let (client, _driver) = connect(url).await?;
    let row = client.query_one(TRANSACTIONS, &[]).await?;
    Ok(Some(row.get::<_, i64>(0) as f64))
}

/// One who watches over a connection.
struct Viewer {
    stream: TcpStream,
    text: String,
}

impl Viewer {
    async fn open(address: &str) -> anyhow::Result<Self> {
        let mut stream = TcpStream::connect(address).await?;
        let path = format!("/v1/stream?types={}", event_type(WORD));
        let request = format!("GET {path} HTTP/1.1\r\nhost: {address}\r\n\r\n");
        stream.write_all(request.as_bytes()).await?;
        let mut viewer = Self { stream, text: String::new() };
        viewer.message("start").await?;
        Ok(viewer)
    }

    async fn told(&mut self) -> anyhow::Result<()> {
        self.message("event").await
    }

    /// Reads until this message has come.
    async fn message(&mut self, word: &str) -> anyhow::Result<()> {
        let wanted = format!("\"message\":\"{word}\"");
        loop {
            while let Some(end) = self.text.find('\n') {
                let line: String = self.text.drain(..=end).collect();
                if line.contains(&wanted) {
                    return Ok(());
                }
            }
            let mut part = [0; 4_096];
            let read = self.stream.read(&mut part).await?;
            anyhow::ensure!(read > 0, "the stream ended");
            let part = std::str::from_utf8(&part[..read]).context("a stream is text")?;
            self.text.push_str(part);
        }
    }
}
