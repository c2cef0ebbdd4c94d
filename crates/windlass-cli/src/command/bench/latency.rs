//! Latency: an idle worker, one job at a time, from the call of enqueue to the handler's start.

use std::time::{Duration, Instant};

use tokio::sync::mpsc;
use windlass::prelude::*;
use windlass::subscription::Start;

use super::eventful::{self, Beside, event, event_type, wanting};
use super::noop::{self, Noop, OnStart};
use super::{Finding, Measurement};

/// Samples, unless fewer jobs are asked for.
const SAMPLES: u64 = 200;

const WORD: &str = "paid";

/// Notes when handlers start.
pub(crate) struct Starts {
    clock: Instant,
    times_ms: mpsc::UnboundedSender<f64>,
}

impl Starts {
    pub(crate) fn new(clock: Instant) -> (Self, mpsc::UnboundedReceiver<f64>) {
        let (times_ms, started) = mpsc::unbounded_channel();
        (Self { clock, times_ms }, started)
    }
}

impl OnStart for Starts {
    fn started(&self, job: &Noop) {
        let now = self.clock.elapsed().as_micros() as f64;
        // The benchmark is over when nobody listens.
        let _ = self.times_ms.send((now - job.sent_us as f64) / 1e3);
    }
}

pub(crate) async fn pickup(bench: &Measurement) -> anyhow::Result<Finding> {
    let clock = Instant::now();
    let (starts, mut started) = Starts::new(clock);
    let worker = noop::worker(&bench.store, &noop::queue(), (bench.args.slots, 0), starts).await?;
    let client = Client::new(bench.store.clone());
    let samples = bench.args.jobs.min(SAMPLES);
    let mut times_ms = Vec::new();
    // The first job opens connections and is not counted.
    for sample in 0..=samples {
        tokio::time::sleep(Duration::from_millis(fastrand::u64(20..80))).await;
        let sent_us = u64::try_from(clock.elapsed().as_micros())?;
        client.enqueue(bench.payload.draft(sent_us)).await?;
        let Some(time_ms) = started.recv().await else { break };
        if sample > 0 {
            times_ms.push(time_ms);
        }
    }
    worker.stop_within(Duration::ZERO).await;
    Ok(Finding::new(samples, clock.elapsed().as_secs_f64(), times_ms))
}

/// Events, each between two plain jobs.
pub(crate) async fn pickup_of_events(bench: &Measurement, url: &str) -> anyhow::Result<Finding> {
    let clock = Instant::now();
    let (starts, mut started) = Starts::new(clock);
    let worker = noop::worker(&bench.store, &noop::queue(), (bench.args.slots, 0), starts).await?;
    let client = Client::new(bench.store.clone());
    client.subscribe(&event_type(WORD), &wanting(WORD, noop::queue())?, Start::Now).await?;
    let samples = bench.args.jobs.min(SAMPLES);
    let (mut jobs_ms, mut times_ms) = (Vec::new(), Vec::new());
    for sample in 0..=samples * 2 {
        // Who has fed subscriptions looks again for a while: then it is not idle.
        tokio::time::sleep(Duration::from_millis(fastrand::u64(100..160))).await;
        let sent_us = u64::try_from(clock.elapsed().as_micros())?;
        let times_ms = if sample % 2 == 0 {
            client.enqueue(bench.payload.draft(sent_us)).await?;
            &mut jobs_ms
        } else {
            client.publish(event(bench, WORD, sent_us)).await?;
            &mut times_ms
        };
        let Some(time_ms) = started.recv().await else { break };
        // The first job opens connections and is not counted.
        times_ms.extend(Some(time_ms).filter(|_| sample > 0));
    }
    worker.stop_within(Duration::ZERO).await;
    eventful::unsubscribe(url).await?;
    let beside = Beside { subscriptions: 1, times_ms: jobs_ms, ..Beside::default() };
    Ok(Finding { beside, ..Finding::new(samples, clock.elapsed().as_secs_f64(), times_ms) })
}
