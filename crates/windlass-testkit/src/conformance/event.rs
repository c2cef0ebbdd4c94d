//! Events.

pub mod heads;
pub mod publish;
pub mod sequence;
pub mod tree;

use windlass_core::event::{EventRecord, NewEvent, Published};
use windlass_core::json::Json;

use crate::fixture::StoreFixture;

/// An event with a number in its data.
fn paid(order: usize) -> NewEvent {
    let data = Json::args(format!(r#"{{"order":{order}}}"#)).expect("JSON");
    NewEvent::new("order.paid", data).subject(format!("order/{order}")).source("/shop")
}

async fn publish(fixture: &StoreFixture, events: &[NewEvent]) -> Vec<Published> {
    fixture.store().publish(events, fixture.now()).await.expect("published")
}

/// Everything that was published has its position.
async fn sequence(fixture: &StoreFixture) {
    while fixture.store().sequence(1_000, fixture.now()).await.expect("sequenced") > 0 {}
}

/// The whole log.
async fn log(fixture: &StoreFixture) -> Vec<EventRecord> {
    let mut events: Vec<EventRecord> = Vec::new();
    loop {
        let after = events.last().and_then(|event| event.position).unwrap_or_default();
        let next = fixture.store().events(after, 100).await.expect("read");
        if next.is_empty() {
            return events;
        }
        events.extend(next);
    }
}

/// Whether positions are dense from 1, and the log says how far they reach.
async fn check_dense(fixture: &StoreFixture, events: &[EventRecord]) {
    let positions: Vec<_> = events.iter().filter_map(|event| event.position).collect();
    assert_eq!(positions, (1..=events.len() as u64).collect::<Vec<_>>());
    let log = fixture.store().event_log().await.expect("read");
    assert_eq!(log.last, events.len() as u64);
}
