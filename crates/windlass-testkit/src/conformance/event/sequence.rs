//! Sequence: positions, in the order in which events could be seen.

use futures_util::future::join_all;

use super::{check_dense, log, paid, publish, sequence};
use crate::fixture::StoreFixture;

/// I-E1: events of one caller keep their order, and positions have no holes.
pub async fn events_of_one_caller_keep_their_order(fixture: StoreFixture) {
    for call in 0..5 {
        let events: Vec<_> = (0..40).map(|nth| paid(40 * call + nth)).collect();
        publish(&fixture, &events).await;
        fixture.store().sequence(30, fixture.now()).await.expect("sequenced");
    }
    sequence(&fixture).await;
    let events = log(&fixture).await;
    let orders: Vec<_> = events.iter().filter_map(|event| event.subject.clone()).collect();
    assert_eq!(orders, (0..200).map(|order| format!("order/{order}")).collect::<Vec<_>>());
    check_dense(&fixture, &events).await;
}

/// I-E1: of many callers at the same moment, while two processes give positions, each event has one, those of one caller are in
/// its order, and there are no holes.
pub async fn positions_are_dense_beside_each_other(fixture: StoreFixture) {
    const CALLERS: usize = 8;
    const EVENTS: usize = 25;
    let stores = [fixture.shared_store(), fixture.another_store().await];
    let callers = (0..CALLERS).map(|caller| {
        let (store, now) = (stores[caller % 2].clone(), fixture.now());
        async move {
            for nth in 0..EVENTS {
                let event = paid(nth).source(format!("/caller/{caller}"));
                store.publish(&[event], now).await.expect("published");
                store.sequence(5, now).await.expect("sequenced");
            }
        }
    });
    join_all(callers).await;
    sequence(&fixture).await;
    let events = log(&fixture).await;
    check_dense(&fixture, &events).await;
    for caller in 0..CALLERS {
        let source = format!("/caller/{caller}");
        let own = events.iter().filter(|event| event.source == source);
        let orders: Vec<_> = own.filter_map(|event| event.subject.clone()).collect();
        assert_eq!(orders, (0..EVENTS).map(|nth| format!("order/{nth}")).collect::<Vec<_>>());
    }
}
