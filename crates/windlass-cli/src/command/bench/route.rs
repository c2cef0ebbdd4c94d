//! Route and fan-out: events that lie in the log become jobs of subscriptions.

use std::time::Instant;

use windlass::prelude::*;
use windlass::store::Now;
use windlass::subscription::{Fed, Feed};

use super::eventful::{self, Beside, event};
use super::plain::{Plain, ROWS};
use super::{Finding, Measurement};

/// How often it is routed and plain rows are written in turns.
const TURNS: u64 = 4;
/// Subscriptions that want each event.
const WANTING: u64 = 3;
const WORD: &str = "paid";

pub(super) async fn prepare(bench: &Measurement, url: &str) -> anyhow::Result<()> {
    eventful::feed_all(bench, &mut Feed::default()).await?;
    eventful::subscribe(url, WORD, WANTING).await?;
    eventful::subscribe_others(url, bench.args.subscriptions()).await?;
    eventful::publish(bench, WORD, bench.args.jobs).await
}

pub(super) async fn prepare_fan_out(bench: &Measurement, url: &str) -> anyhow::Result<()> {
    eventful::feed_all(bench, &mut Feed::default()).await?;
    eventful::subscribe(url, WORD, bench.args.subscriptions()).await
}

/// The events that lie there, each for three subscriptions; the rows of as many in plain tables in turns with it.
pub(super) async fn all(bench: &Measurement, url: &str) -> anyhow::Result<Finding> {
    let mut plain = Plain::create(url).await?;
    let mut routing = Routing::default();
    let mut seconds = 0.0;
    for turn in 1..=TURNS {
        let (done, upto) = (routing.routed, bench.args.jobs * turn / TURNS);
        routing.feed(bench, upto).await?;
        let events = (done..routing.routed).map(|_| event(bench, WORD, 0)).collect::<Vec<_>>();
        let began = Instant::now();
        let mut after = done;
        for events in events.chunks(ROWS) {
            plain.write(after, events, WANTING as usize).await?;
            after += events.len() as u64;
        }
        seconds += began.elapsed().as_secs_f64();
    }
    plain.remove().await?;
    eventful::unsubscribe(url).await?;
    let subscriptions = WANTING + bench.args.subscriptions();
    let beside = Beside {
        subscriptions,
        written: Some(routing.jobs),
        seconds: Some(seconds),
        ..Beside::default()
    };
    Ok(Finding { beside, ..Finding::new(routing.routed, routing.seconds, routing.rounds_ms) })
}

/// One event for many subscriptions, from the call of publish. They have been seen before, as by one who feeds all the time.
pub(super) async fn fan_out(bench: &Measurement, url: &str) -> anyhow::Result<Finding> {
    let mut routing = Routing::default();
    eventful::feed_all(bench, &mut routing.feed).await?;
    let began = Instant::now();
    Client::new(bench.store.clone()).publish(event(bench, WORD, 0)).await?;
    routing.feed(bench, 1).await?;
    let seconds = began.elapsed().as_secs_f64();
    eventful::unsubscribe(url).await?;
    let subscriptions = bench.args.subscriptions();
    let written = Some(routing.jobs);
    anyhow::ensure!(routing.jobs == subscriptions, "{} jobs were written", routing.jobs);
    let beside = Beside { subscriptions, written, ..Beside::default() };
    Ok(Finding { beside, ..Finding::new(1, seconds, routing.rounds_ms) })
}

/// What was fed, and how long it took.
#[derive(Default)]
struct Routing {
    feed: Feed,
    routed: u64,
    jobs: u64,
    seconds: f64,
    /// Each round: a transaction gives events their positions, and another one routes.
    rounds_ms: Vec<f64>,
}

impl Routing {
    /// Feeds so many events, all together.
    async fn feed(&mut self, bench: &Measurement, events: u64) -> anyhow::Result<()> {
        let began = Instant::now();
        while self.routed < events {
            let called = Instant::now();
            let Fed { routed, jobs, is_behind, .. } =
                self.feed.round(&*bench.store, Now::Database).await?;
            self.rounds_ms.push(called.elapsed().as_secs_f64() * 1e3);
            self.routed += routed;
            self.jobs += jobs;
            anyhow::ensure!(is_behind || self.routed >= events, "an event was not routed");
        }
        self.seconds += began.elapsed().as_secs_f64();
        Ok(())
    }
}
