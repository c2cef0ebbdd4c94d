//! What the measurements of events share: the events of this run, and subscriptions that want them.

use anyhow::Context as _;
use tokio::task::JoinSet;
use tokio_postgres::NoTls;
use windlass::event::NewEvent;
use windlass::prelude::*;
use windlass::store::Now;
use windlass::subscription::{Feed, Filter, JobTarget, Subscription, Target};

use super::noop::{self, Noop};
use super::{Args, Measurement};
use crate::store::sqlite_path;

/// Events of one call while preparing.
const CALL: usize = 1_000;
/// In a definition, the number of the subscription.
const NTH: &str = "NTH";

const SUBSCRIBE_POSTGRES: &str = "with here as (update windlass.log set revision = revision + 1 returning last) \
     insert into windlass.subscription (name, definition, after, since, created_at) \
     select $1 || n, replace($2, 'NTH', n::text), last, last, windlass.now_us() from here, generate_series(1, $3::int8) as n";
const SUBSCRIBE_SQLITE: &str = "with recursive nth(n) as (select 1 union all select n + 1 from nth where n < ?3) \
     insert into windlass_subscription (name, definition, after, since, created_at) \
     select ?1 || n, replace(?2, 'NTH', n), last, last, 0 from windlass_log, nth";
const UNSUBSCRIBE_POSTGRES: &str = "with here as (update windlass.log set revision = revision + 1) \
     delete from windlass.subscription where starts_with(name, $1)";
const UNSUBSCRIBE_SQLITE: &str =
    "delete from windlass_subscription where substr(name, 1, length(?1)) = ?1";
const REVISE_SQLITE: &str = "update windlass_log set revision = revision + 1";

/// What goes with events alone.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct Eventful {
    /// With `route`, those that want none of the events, 0; with `fanout`, those that want it, 100,000
    #[arg(long)]
    pub(crate) subscriptions: Option<u64>,
    /// With `publish`: three subscriptions are fed meanwhile, in this process
    #[arg(long)]
    pub(crate) feed: bool,
    /// With `latency`: from the call of publish, beside jobs that are enqueued, in turns
    #[arg(long)]
    pub(crate) events: bool,
    /// With `replay`: live events a second
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) rate: u32,
}

/// What a measurement of events found besides.
#[derive(Debug, Default)]
pub(crate) struct Beside {
    pub(crate) subscriptions: u64,
    /// Jobs that came of the events.
    pub(crate) written: Option<u64>,
    /// What the same took that it is compared with, and how long each.
    pub(crate) seconds: Option<f64>,
    pub(crate) ratio: Option<f64>,
    /// The same of what a job cost the database's processes.
    pub(crate) store_cpu_ratio: Option<f64>,
    pub(crate) times_ms: Vec<f64>,
}

impl Args {
    /// Subscriptions that want none of the events, or, with `fanout`, the one event.
    pub(super) fn subscriptions(&self) -> u64 {
        let unless_given = if self.mode == super::Mode::Fanout { 100_000 } else { 0 };
        self.eventful.subscriptions.unwrap_or(unless_given)
    }
}

/// The type of this run's events, and what the names of its subscriptions begin with.
pub(super) fn event_type(word: &str) -> String {
    format!("{}.{word}", noop::queue())
}

/// An event whose data are a job's args.
pub(super) fn event(bench: &Measurement, word: &str, sent_us: u64) -> NewEvent {
    NewEvent::new(event_type(word), bench.payload.args(sent_us)).source("/bench")
}

pub(super) async fn publish(bench: &Measurement, word: &str, events: u64) -> anyhow::Result<()> {
    let client = Client::new(bench.store.clone());
    let mut events = (0..events).map(|_| event(bench, word, 0));
    loop {
        let call: Vec<_> = events.by_ref().take(CALL).collect();
        if call.is_empty() {
            return Ok(());
        }
        client.publish_all(call).await?;
    }
}

/// A subscription that wants events of this type, whose jobs go there; as many of them as there are may be unfinished.
pub(super) fn wanting(word: &str, queue: String) -> anyhow::Result<Subscription> {
    let filter = Filter::of_types([event_type(word)]).build()?;
    let kind = Noop::KIND.to_owned();
    let target = Target::Job(JobTarget { kind, queue, version: 1, max_attempts: None });
    Ok(Subscription::to(filter, target).credit(u32::MAX.try_into()?))
}

/// Makes so many subscriptions at once that want events of this type. Through a client each would be a commit.
pub(super) async fn subscribe(url: &str, word: &str, many: u64) -> anyhow::Result<()> {
    if many == 0 {
        return Ok(());
    }
    let definition = serde_json::to_string(&wanting(word, noop::queue())?)?;
    let name = event_type(&format!("{word}."));
    let many = i64::try_from(many)?;
    if let Some(path) = sqlite_path(url) {
        let connection = rusqlite::Connection::open(path)?;
        connection.execute(REVISE_SQLITE, [])?;
        connection.execute(SUBSCRIBE_SQLITE, rusqlite::params![name, definition, many])?;
        return Ok(());
    }
    let (client, _driver) = connect(url).await?;
    client.execute(SUBSCRIBE_POSTGRES, &[&name, &definition, &many]).await?;
    Ok(())
}

/// Likewise so many of which each wants events of another type, of which there are none.
pub(super) async fn subscribe_others(url: &str, many: u64) -> anyhow::Result<()> {
    subscribe(url, NTH, many).await
}

/// Removes the subscriptions of this run.
pub(super) async fn unsubscribe(url: &str) -> anyhow::Result<()> {
    let name = event_type("");
    if let Some(path) = sqlite_path(url) {
        let connection = rusqlite::Connection::open(path)?;
        connection.execute(REVISE_SQLITE, [])?;
        connection.execute(UNSUBSCRIBE_SQLITE, [name])?;
        return Ok(());
    }
    let (client, _driver) = connect(url).await?;
    client.execute(UNSUBSCRIBE_POSTGRES, &[&name]).await?;
    Ok(())
}

pub(super) type Driver = JoinSet<Result<(), tokio_postgres::Error>>;

/// A connection of the benchmark's own, which lasts as long as its driver.
pub(super) async fn connect(url: &str) -> anyhow::Result<(tokio_postgres::Client, Driver)> {
    let plain = url.split('?').next().unwrap_or(url);
    let (client, connection) =
        tokio_postgres::connect(plain, NoTls).await.context("a connection of its own")?;
    let mut driver = JoinSet::new();
    driver.spawn(connection);
    Ok((client, driver))
}

/// Feeds the subscriptions until there is nothing to do.
pub(super) async fn feed_all(bench: &Measurement, feed: &mut Feed) -> anyhow::Result<()> {
    while feed.round(&*bench.store, Now::Database).await?.is_behind {}
    Ok(())
}
