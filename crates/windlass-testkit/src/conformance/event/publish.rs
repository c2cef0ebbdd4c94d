//! Publish: what is stored of an event, and how often.

use futures_util::future::join_all;
use windlass_core::event::{EventMeta, NewEvent, Published};
use windlass_core::id::{EventId, JobId};
use windlass_core::json::Json;
use windlass_core::time::Timestamp;

use super::{check_dense, log, paid, publish, sequence};
use crate::fixture::StoreFixture;

/// I-E3: an event is stored with all that it was published with, and can be asked for at once.
pub async fn an_event_has_all_it_was_published_with(fixture: StoreFixture) {
    let root = JobId::new();
    let mut full = paid(7)
        .given("7-paid")
        .time(Timestamp::from_micros(1_700_000_000_000_000))
        .extension("partitionkey", "7")
        .extension("retries", 3)
        .extension("urgent", true)
        .about("customer=42".parse().expect("a subject"));
    full.meta.version = Some(2);
    full.meta.traceparent =
        Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".to_owned());
    (full.root, full.parent) = (Some(root), Some(root));
    let bare = NewEvent::bare("tick");
    publish(&fixture, &[full.clone(), bare.clone()]).await;
    for is_sequenced in [false, true] {
        if is_sequenced {
            sequence(&fixture).await;
        }
        let event = fixture.store().event(full.id).await.expect("read").expect("it is there");
        assert_eq!((&*event.source, &*event.event_type), ("/shop", "order.paid"));
        assert_eq!(
            (event.subject.as_deref(), event.given.as_deref()),
            (Some("order/7"), Some("7-paid"))
        );
        assert_eq!(event.time, full.time.expect("given"));
        assert_eq!(event.data.as_ref().map(Json::as_str), Some(r#"{"order":7}"#));
        assert_eq!((event.root, event.parent), (Some(root), Some(root)));
        assert_eq!(event.meta, full.meta);
        assert_eq!(event.cloud_id(), "7-paid");
        let event = fixture.store().event(bare.id).await.expect("read").expect("it is there");
        assert_eq!((event.data, event.subject, event.given), (None, None, None));
        assert_eq!(event.meta, EventMeta::default());
        assert_eq!(event.time, fixture.moment());
    }
    let none = fixture.store().event(EventId::new()).await.expect("read");
    assert_eq!(none, None);
}

/// I-E2: of events with one source and one given id there is one, in one call and in later ones, before and after it has its
/// position; another source may have the same id.
pub async fn a_given_id_is_published_once(fixture: StoreFixture) {
    let first = paid(1).given("1");
    let answers = publish(&fixture, &[first.clone(), paid(2).given("1"), paid(3)]).await;
    assert_eq!(answers[..2], [Published::New(first.id), Published::Existing(first.id)]);
    for is_sequenced in [false, true] {
        if is_sequenced {
            sequence(&fixture).await;
        }
        let again = publish(&fixture, &[paid(4).given("1")]).await;
        assert_eq!(again, [Published::Existing(first.id)]);
    }
    let other = paid(5).given("1").source("/other");
    assert_eq!(publish(&fixture, std::slice::from_ref(&other)).await, [Published::New(other.id)]);
    sequence(&fixture).await;
    let events = log(&fixture).await;
    assert_eq!(events.len(), 3);
    check_dense(&fixture, &events).await;
}

/// I-E2: an event that somebody publishes twice, with its own id, is one, and stops no other one's position.
pub async fn an_event_that_is_published_twice_is_one(fixture: StoreFixture) {
    let event = paid(1);
    let twice = [event.clone(), event.clone(), paid(2)];
    assert_eq!(publish(&fixture, &twice).await[..2], [Published::New(event.id); 2]);
    publish(&fixture, std::slice::from_ref(&event)).await;
    sequence(&fixture).await;
    assert_eq!(publish(&fixture, &[event, paid(3)]).await.len(), 2);
    sequence(&fixture).await;
    let events = log(&fixture).await;
    assert_eq!(events.len(), 3);
    check_dense(&fixture, &events).await;
}

/// I-E2: of many that publish one given id at the same moment, while positions are given, one does.
pub async fn a_given_id_at_the_same_moment_is_published_once(fixture: StoreFixture) {
    const KEYS: usize = 12;
    let stores = [fixture.shared_store(), fixture.another_store().await];
    let calls = (0..6 * KEYS).map(|call| {
        let (store, now) = (stores[call % 2].clone(), fixture.now());
        // In one order and in the other.
        let keys = if call % 3 == 0 {
            [call % KEYS, (call + 5) % KEYS]
        } else {
            [(call + 5) % KEYS, call % KEYS]
        };
        let events = keys.map(|key| paid(call).given(format!("key {key}")));
        async move {
            let published = store.publish(&events, now).await.expect("published");
            store.sequence(7, now).await.expect("sequenced");
            published.into_iter().filter(|one| matches!(one, Published::New(_))).count()
        }
    });
    let written: usize = join_all(calls).await.into_iter().sum();
    sequence(&fixture).await;
    let events = log(&fixture).await;
    assert_eq!((written, events.len()), (KEYS, KEYS));
    check_dense(&fixture, &events).await;
}

/// I-E3: what cannot be stored is refused, and nothing of its call is written.
pub async fn what_cannot_be_published_is_refused(fixture: StoreFixture) {
    let long = "x".repeat(257);
    let events = [
        NewEvent::bare(""),
        NewEvent::bare("with space"),
        NewEvent::bare("nul\0"),
        paid(1).source(""),
        paid(1).source(&long),
        paid(1).given(""),
        paid(1).given("nul\0"),
        paid(1).subject(&long),
        paid(1).extension("Upper", 1),
        paid(1).extension("type", "mine"),
        paid(1).extension("", 1),
        paid(1).extension("note", "x".repeat(1_025)),
        paid(1).extension("note", "nul\0"),
        (0..33).fold(paid(1), |event, nth| event.extension(format!("e{nth}"), nth)),
    ];
    for event in events {
        let published = fixture.store().publish(&[paid(2), event.clone()], fixture.now()).await;
        published.expect_err(&format!("{event:?}"));
    }
    sequence(&fixture).await;
    assert_eq!(log(&fixture).await, []);
    assert_eq!(publish(&fixture, &[]).await, []);
}

/// A18: what a call has acknowledged is committed: it is there for everybody at once, in whatever process.
pub async fn what_was_acknowledged_is_there_for_everybody(fixture: StoreFixture) {
    let other = fixture.another_store().await;
    for nth in 0..50 {
        let events = [paid(2 * nth), paid(2 * nth + 1).given(nth.to_string())];
        publish(&fixture, &events).await;
        for event in events {
            let there = other.event(event.id).await.expect("read").expect("it is there");
            assert_eq!(there.subject, event.subject);
        }
    }
    let (sequenced, log) = (sequence(&fixture).await, log(&fixture).await);
    assert_eq!(log.len(), 100, "{sequenced:?}");
}
