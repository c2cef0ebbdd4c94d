//! Subscriptions.

pub mod ask;
pub mod backtest;
pub mod end;
pub mod feed;
pub mod keep;
pub mod late;
pub mod pace;
pub mod put;
pub mod target;
pub mod window;

use windlass_core::event::NewEvent;
use windlass_core::json::Json;
use windlass_core::subscription::{
    Fed, Feed, Filter, Progress, Start, Subscription, SubscriptionRecord, event_of,
};

use crate::fixture::StoreFixture;

fn paid(order: usize) -> NewEvent {
    let data = Json::args(format!(r#"{{"order":{order}}}"#)).expect("JSON");
    NewEvent::new("order.paid", data).subject(format!("order/{order}"))
}

async fn publish(fixture: &StoreFixture, events: impl IntoIterator<Item = NewEvent>) {
    let events: Vec<_> = events.into_iter().collect();
    fixture.store().publish(&events, fixture.now()).await.expect("published");
}

async fn subscribe(fixture: &StoreFixture, name: &str, types: &str, start: Start) -> bool {
    let filter = Filter::of_types([types]).build().expect("a filter");
    let definition = Subscription::new(filter, format!("on.{name}"));
    let put = fixture.store().put_subscription(name, &definition, start, fixture.now());
    put.await.expect("put")
}

async fn all(fixture: &StoreFixture) -> Vec<SubscriptionRecord> {
    fixture.store().subscriptions().await.expect("read").all
}

async fn progress(fixture: &StoreFixture, name: &str) -> Progress {
    let all = all(fixture).await;
    all.into_iter().find(|one| one.name == name).expect("it is there").progress
}

/// Rounds until there is nothing more to do.
async fn feed(fixture: &StoreFixture) -> Fed {
    let (mut feed, mut sum) = (Feed::default(), Fed::default());
    loop {
        let fed = feed.round(fixture.store(), fixture.now()).await.expect("fed");
        if !fed.is_behind {
            return sum;
        }
        sum.sequenced += fed.sequenced;
        sum.routed += fed.routed;
        sum.jobs += fed.jobs;
    }
}

/// The positions of the events that a subscription has got, in the order of its jobs.
async fn got(fixture: &StoreFixture, name: &str) -> Vec<u64> {
    let mut jobs = fixture.find(&format!("kind:on.{name}")).await;
    jobs.reverse();
    jobs.into_iter().filter_map(event_of).map(|(position, _)| position).collect()
}
