//! Heads: the log without the data of its events.

use windlass_core::event::{EventHead, NewEvent};
use windlass_core::json::Json;

use super::{log, publish, sequence};
use crate::fixture::StoreFixture;

async fn heads(fixture: &StoreFixture, after: u64, most: usize) -> Vec<EventHead> {
    fixture.store().event_heads(after, most).await.expect("they can be read")
}

/// A head says of an event what the log says, except its data, in the order of the log and in pages.
pub async fn a_head_tells_of_an_event_without_its_data(fixture: StoreFixture) {
    let mut versioned = NewEvent::bare("order.sent").source("/shop");
    versioned.meta.version = Some(3);
    let events = [
        NewEvent::new("order.paid", Json::stored("{\"order\":42}")).subject("order/42"),
        versioned,
        NewEvent::bare("order.lost"),
    ];
    publish(&fixture, &events).await;
    sequence(&fixture).await;
    let all = heads(&fixture, 0, 10).await;
    let told = all.iter().map(|head| {
        let EventHead { position, id, event_type, version, source, subject, time } = head.clone();
        (Some(position), id, event_type, version, source, subject, time)
    });
    let logged = log(&fixture).await.into_iter().map(|event| {
        let version = event.meta.version.unwrap_or(1);
        let (subject, time) = (event.subject, event.time);
        (event.position, event.id, event.event_type, version, event.source, subject, time)
    });
    assert_eq!(told.collect::<Vec<_>>(), logged.collect::<Vec<_>>());
    assert_eq!(all.iter().map(|head| head.version).collect::<Vec<_>>(), [1, 3, 1]);
    let page = heads(&fixture, 1, 1).await;
    assert_eq!(page.iter().map(|head| head.position).collect::<Vec<_>>(), [2]);
    assert!(heads(&fixture, 3, 10).await.is_empty());
}

/// What has no position yet has no head.
pub async fn what_has_no_position_has_no_head(fixture: StoreFixture) {
    publish(&fixture, &[NewEvent::bare("order.paid")]).await;
    let before = heads(&fixture, 0, 10).await.len();
    let sequenced = fixture.store().sequence(10, fixture.now()).await.expect("sequenced");
    assert_eq!(before as u64 + sequenced, 1);
    assert_eq!(heads(&fixture, 0, 10).await.len(), 1);
}
