//! Alerts.

pub mod last;
pub mod look;
pub mod mute;
pub mod source;
pub mod tell;

use serde_json::Value;
use windlass_core::alert::{Alerted, OWN_SOURCE, Watch};
use windlass_core::event::{EventRecord, Extension};
use windlass_core::health::Thresholds;
use windlass_core::subscription::{Feed, Filter, Start, Subscription};

use crate::fixture::StoreFixture;
use crate::verdicts::retry;
use crate::worker::Worker;

/// The kind of the jobs that come of alerts here.
const PAGE: &str = "ops.page";

/// A subscription to these types, whose jobs page somebody.
async fn subscribe(fixture: &StoreFixture, types: &str) {
    let filter = Filter::of_types([types]).build().expect("a filter");
    let definition = Subscription::new(filter, PAGE);
    let put = fixture.store().put_subscription(types, &definition, Start::Now, fixture.now());
    put.await.expect("put");
}

/// A look by the thresholds that workers have unless they are given others.
async fn look(fixture: &StoreFixture) -> Alerted {
    look_by(fixture, &Thresholds::alerting()).await
}

async fn look_by(fixture: &StoreFixture, thresholds: &Thresholds) -> Alerted {
    let mut watch = Watch::new(thresholds.clone());
    watch.round(fixture.store(), fixture.now()).await.expect("a look reaches the store")
}

/// The events of Windlass's own, in order.
async fn events(fixture: &StoreFixture) -> Vec<EventRecord> {
    fixture.store().sequence(10_000, fixture.now()).await.expect("sequenced");
    let events = fixture.store().events(0, 10_000).await.expect("read");
    events.into_iter().filter(|event| event.source == OWN_SOURCE).collect()
}

/// What has been told: without `windlass.`, and by the key that the data and the event have.
async fn told(fixture: &StoreFixture) -> Vec<(String, String)> {
    let told = |event: &EventRecord| {
        let name = event.event_type.strip_prefix("windlass.").expect("a type of its own");
        let key = data(event)["alert"].as_str().expect("a key").to_owned();
        assert_eq!(event.meta.extensions.get("alert"), Some(&Extension::Text(key.clone())));
        (name.to_owned(), key)
    };
    events(fixture).await.iter().map(told).collect()
}

fn pair(name: &str, key: &str) -> (String, String) {
    (name.to_owned(), key.to_owned())
}

fn data(event: &EventRecord) -> Value {
    serde_json::from_str(event.data.as_ref().expect("data").as_str()).expect("JSON")
}

/// Feeds until there is nothing more to do; how many jobs came of it.
async fn feed(fixture: &StoreFixture) -> u64 {
    let (mut feed, mut jobs) = (Feed::default(), 0);
    loop {
        let fed = feed.round(fixture.store(), fixture.now()).await.expect("fed");
        jobs += fed.jobs;
        if !fed.is_behind {
            return jobs;
        }
    }
}

/// The one job that is due fails once more, and is tried again after a minute.
async fn fails(fixture: &StoreFixture, worker: &Worker<'_>) {
    fixture.advance(crate::fixture::MINUTE);
    worker.beat().await;
    worker.sweep().await;
    worker.run_one(retry(crate::fixture::MINUTE)).await;
}
