//! Replay: events go on being published at a steady rate while another subscription catches up on the log. The jobs that come of
//! the catching up are left where they are, so that only feeding is in the way of the live ones.

use std::time::{Duration, Instant};

use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};
use tokio::time::MissedTickBehavior;
use windlass::prelude::*;
use windlass::subscription::{Feed, Progress, Start};

use super::eventful::{self, Beside, event, event_type, wanting};
use super::noop::{self, Noop, OnStart};
use super::{Finding, Measurement};

/// Live events beforehand, for comparison: so many seconds of them, and not more than there are in the log.
const ALONE: u64 = 5;
/// After so many live events it is asked whether the other one has caught up.
const ASK: u64 = 20;
const OLD: &str = "old";
const LIVE: &str = "live";

pub(super) async fn prepare(bench: &Measurement) -> anyhow::Result<()> {
    eventful::publish(bench, OLD, bench.args.jobs).await?;
    eventful::feed_all(bench, &mut Feed::default()).await
}

pub(super) async fn beside_live(bench: &Measurement, url: &str) -> anyhow::Result<Finding> {
    let clock = Instant::now();
    let (told, started) = mpsc::unbounded_channel();
    let starts = Starts { clock, told };
    let worker = noop::worker(&bench.store, &noop::queue(), (bench.args.slots, 0), starts).await?;
    let client = Client::new(bench.store.clone());
    client.subscribe(&event_type(LIVE), &wanting(LIVE, noop::queue())?, Start::Now).await?;
    let mut live = Live { bench, client: client.clone(), clock, started };
    live.publish(ASK).await?;
    let alone = ALONE * u64::from(bench.args.eventful.rate);
    let alone = live.publish(alone.min(bench.args.jobs)).await?;
    let (old, name) = (wanting(OLD, format!("{}.{OLD}", noop::queue()))?, event_type(OLD));
    let behind = client.event_log().await?.last;
    let began = Instant::now();
    client.subscribe(&name, &old, Start::After(0)).await?;
    let mut times_ms = Vec::new();
    loop {
        times_ms.extend(live.publish(ASK).await?);
        let record = client.subscription(&name).await?;
        if record.is_none_or(|record| record.progress == Progress::Live) {
            break;
        }
    }
    let seconds = began.elapsed().as_secs_f64();
    worker.stop_within(Duration::ZERO).await;
    eventful::unsubscribe(url).await?;
    let beside = Beside {
        subscriptions: 2,
        written: Some(bench.args.jobs),
        times_ms: alone,
        ..Beside::default()
    };
    Ok(Finding { beside, ..Finding::new(behind, seconds, times_ms) })
}

/// Live events, and when their handlers start.
struct Live<'a> {
    bench: &'a Measurement,
    client: Client,
    clock: Instant,
    started: UnboundedReceiver<f64>,
}

impl Live<'_> {
    /// Publishes so many at the steady rate. How long it took until the handler of each started.
    async fn publish(&mut self, events: u64) -> anyhow::Result<Vec<f64>> {
        let rate = f64::from(self.bench.args.eventful.rate);
        let mut ticks = tokio::time::interval(Duration::from_secs_f64(1.0 / rate));
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        for _ in 0..events {
            ticks.tick().await;
            let sent_us = u64::try_from(self.clock.elapsed().as_micros())?;
            self.client.publish(event(self.bench, LIVE, sent_us)).await?;
        }
        let mut times_ms = Vec::new();
        for _ in 0..events {
            times_ms.extend(self.started.recv().await);
        }
        Ok(times_ms)
    }
}

struct Starts {
    clock: Instant,
    told: UnboundedSender<f64>,
}

impl OnStart for Starts {
    fn started(&self, job: &Noop) {
        let now = self.clock.elapsed().as_micros() as f64;
        // The benchmark is over when nobody listens.
        let _ = self.told.send((now - job.sent_us as f64) / 1e3);
    }
}
