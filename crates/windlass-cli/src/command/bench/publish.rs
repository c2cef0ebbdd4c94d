//! Publish: each event in a transaction of its own, in turns with plain inserts of the same rows by as many writers.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::task::JoinSet;
use windlass::prelude::*;
use windlass::store::Now;
use windlass::subscription::Feed;

use super::enqueue::take;
use super::eventful::{self, Beside, Driver, connect, event};
use super::plain::{self, Plain};
use super::{Finding, Measurement};
use crate::store::sqlite_path;

/// How often it is published and inserted in turns.
const TURNS: u64 = 4;
/// How long who feeds waits where there was nothing.
const LOOK: Duration = Duration::from_millis(2);
const WORD: &str = "paid";

pub(super) async fn one_by_one(bench: &Measurement, url: &str) -> anyhow::Result<Finding> {
    let plain = Plain::create(url).await?;
    if bench.args.eventful.feed {
        eventful::subscribe(url, WORD, 3).await?;
    }
    let mut callers = Callers::connect(bench, url).await?;
    let (mut ours, mut theirs) = (Side::default(), Side::default());
    for turn in 0..TURNS {
        let events = bench.args.jobs * (turn + 1) / TURNS - bench.args.jobs * turn / TURNS;
        let feeding = bench.args.eventful.feed.then(|| feed(bench));
        let began = Instant::now();
        ours.times_ms.extend(callers.publish(bench, events).await?);
        ours.seconds += began.elapsed().as_secs_f64();
        drop(feeding);
        if bench.args.eventful.feed {
            eventful::feed_all(bench, &mut Feed::default()).await?;
        }
        let began = Instant::now();
        theirs.times_ms.extend(callers.insert(bench, events).await?);
        theirs.seconds += began.elapsed().as_secs_f64();
    }
    plain.remove().await?;
    eventful::unsubscribe(url).await?;
    let beside = Beside {
        subscriptions: if bench.args.eventful.feed { 3 } else { 0 },
        seconds: Some(theirs.seconds),
        times_ms: theirs.times_ms,
        ..Beside::default()
    };
    Ok(Finding { beside, ..Finding::new(bench.args.jobs, ours.seconds, ours.times_ms) })
}

#[derive(Default)]
struct Side {
    seconds: f64,
    times_ms: Vec<f64>,
}

/// Feeds the subscriptions until it is dropped.
fn feed(bench: &Measurement) -> JoinSet<Result<(), windlass::StoreError>> {
    let store = Arc::clone(&bench.store);
    let mut feeding = JoinSet::new();
    feeding.spawn(async move {
        let mut feed = Feed::default();
        loop {
            if !feed.round(&*store, Now::Database).await?.is_behind {
                tokio::time::sleep(LOOK).await;
            }
        }
    });
    feeding
}

/// The writers: on PostgreSQL each has a connection of its own, on SQLite one for the plain inserts.
struct Callers {
    clients: Vec<Option<(tokio_postgres::Client, Driver)>>,
    path: Option<std::path::PathBuf>,
    written: Arc<AtomicU64>,
}

impl Callers {
    async fn connect(bench: &Measurement, url: &str) -> anyhow::Result<Self> {
        let path = sqlite_path(url);
        let mut clients = Vec::new();
        for _ in 0..bench.args.clients() {
            clients.push(if path.is_some() { None } else { Some(connect(url).await?) });
        }
        Ok(Self { clients, path, written: Arc::default() })
    }

    /// How long each call took.
    async fn publish(&mut self, bench: &Measurement, events: u64) -> anyhow::Result<Vec<f64>> {
        let left = Arc::new(AtomicU64::new(events));
        let mut callers = JoinSet::new();
        for mut connection in self.clients.drain(..) {
            let (left, bench) = (Arc::clone(&left), bench.clone());
            callers.spawn(async move {
                let jobs = Client::new(Arc::clone(&bench.store));
                let prepared = match &connection {
                    Some((client, _)) => Some(windlass::PreparedEnqueue::new(client).await?),
                    None => None,
                };
                let mut times_ms = Vec::new();
                while take(&left, 1).is_some() {
                    let event = event(&bench, WORD, 0);
                    let called = Instant::now();
                    if let Some(((client, _), prepared)) =
                        connection.as_mut().zip(prepared.as_ref())
                    {
                        let tx = client.transaction().await?;
                        jobs.within((&tx, prepared)).publish(event).await?;
                        tx.commit().await?;
                    } else {
                        jobs.publish(event).await?;
                    }
                    times_ms.push(called.elapsed().as_secs_f64() * 1e3);
                }
                anyhow::Ok((connection, times_ms))
            });
        }
        self.join(callers).await
    }

    /// The same by plain inserts.
    async fn insert(&mut self, bench: &Measurement, events: u64) -> anyhow::Result<Vec<f64>> {
        let left = Arc::new(AtomicU64::new(events));
        let mut callers = JoinSet::new();
        for connection in self.clients.drain(..) {
            let (left, bench) = (Arc::clone(&left), bench.clone());
            let (written, path) = (Arc::clone(&self.written), self.path.clone());
            match connection {
                Some(client) => callers.spawn(insert(bench, client, left, written)),
                None => callers.spawn_blocking(move || {
                    let times_ms = insert_into(&path.unwrap_or_default(), &bench, &left, &written)?;
                    Ok((None, times_ms))
                }),
            };
        }
        self.join(callers).await
    }

    async fn join(
        &mut self,
        mut callers: JoinSet<anyhow::Result<Called>>,
    ) -> anyhow::Result<Vec<f64>> {
        let mut times_ms = Vec::new();
        while let Some(done) = callers.join_next().await {
            let (client, took) = done??;
            self.clients.push(client);
            times_ms.extend(took);
        }
        Ok(times_ms)
    }
}

/// A caller's connection, where it has one, and how long each of its calls took.
type Called = (Option<(tokio_postgres::Client, Driver)>, Vec<f64>);

async fn insert(
    bench: Measurement,
    (mut client, driver): (tokio_postgres::Client, Driver),
    left: Arc<AtomicU64>,
    written: Arc<AtomicU64>,
) -> anyhow::Result<Called> {
    let statement = client.prepare(plain::EVENT_POSTGRES).await?;
    let mut times_ms = Vec::new();
    while take(&left, 1).is_some() {
        let event = event(&bench, WORD, 0);
        let position = i64::try_from(written.fetch_add(1, Ordering::Relaxed))?;
        let data = event.data.as_ref().map(windlass::Json::as_str);
        let called = Instant::now();
        let tx = client.transaction().await?;
        tx.execute(
            &statement,
            &[&position, &event.id.as_uuid(), &event.source, &event.event_type, &position, &data],
        )
        .await?;
        tx.commit().await?;
        times_ms.push(called.elapsed().as_secs_f64() * 1e3);
    }
    Ok((Some((client, driver)), times_ms))
}

fn insert_into(
    path: &std::path::Path,
    bench: &Measurement,
    left: &AtomicU64,
    written: &AtomicU64,
) -> anyhow::Result<Vec<f64>> {
    let connection = plain::open(path)?;
    let mut times_ms = Vec::new();
    while take(left, 1).is_some() {
        let event = event(bench, WORD, 0);
        let position = i64::try_from(written.fetch_add(1, Ordering::Relaxed))?;
        let called = Instant::now();
        // A statement alone is a transaction.
        plain::write_event(&connection, position, &event)?;
        times_ms.push(called.elapsed().as_secs_f64() * 1e3);
    }
    Ok(times_ms)
}
