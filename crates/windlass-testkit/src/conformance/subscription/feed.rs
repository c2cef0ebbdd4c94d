//! Feed: what was published becomes the jobs of those who want it.

use windlass_core::event::NewEvent;
use windlass_core::id::JobId;
use windlass_core::subscription::{Fed, Feed, Progress, Routed, Router, Slice, Start};

use super::{all, feed, got, paid, progress, publish, subscribe};
use crate::fixture::StoreFixture;

/// O10, O8: an event becomes one job for each subscription that wants it, with the event as its parent and with what it is
/// about; who does not want it never hears of it.
pub async fn an_event_becomes_a_job_for_each_who_wants_it(fixture: StoreFixture) {
    subscribe(&fixture, "mail", "order.*", Start::Now).await;
    subscribe(&fixture, "log", "*", Start::Now).await;
    subscribe(&fixture, "other", "invoice.sent", Start::Now).await;
    let event = paid(7).about("customer=42".parse().expect("a subject"));
    publish(&fixture, [event.clone(), NewEvent::bare("tick")]).await;
    let fed = feed(&fixture).await;
    assert_eq!(fed.jobs, 3);
    assert_eq!(got(&fixture, "mail").await, [1]);
    assert_eq!(got(&fixture, "log").await, [1, 2]);
    assert_eq!(got(&fixture, "other").await, [0; 0]);
    let own = JobId::from_uuid(event.id.as_uuid());
    let found = fixture.find("kind:on.mail subject:customer=42").await;
    let job = fixture.job(found[0]).await;
    assert_eq!((job.root, job.parent), (Some(own), Some(own)));
}

/// I-E4: of two processes that feed at the same moment one writes: each subscription gets each event once.
pub async fn two_who_feed_write_once(fixture: StoreFixture) {
    subscribe(&fixture, "one", "*", Start::Now).await;
    let stores = [fixture.shared_store(), fixture.another_store().await];
    for round in 0..10 {
        publish(&fixture, (0..20).map(|nth| paid(20 * round + nth))).await;
        let rounds = [0, 1, 0, 1].map(|store: usize| {
            let (store, now) = (stores[store].clone(), fixture.now());
            async move { Feed::default().round(&*store, now).await.expect("fed") }
        });
        futures_util::future::join_all(rounds).await;
    }
    feed(&fixture).await;
    assert_eq!(got(&fixture, "one").await, (1..=200).collect::<Vec<_>>());
}

/// I-E4: a slice of what somebody else has fed, or of subscriptions that were changed since, is refused whole.
pub async fn a_stale_slice_writes_nothing(fixture: StoreFixture) {
    let store = fixture.store();
    subscribe(&fixture, "one", "*", Start::Now).await;
    publish(&fixture, [paid(1), paid(2)]).await;
    store.sequence(10, fixture.now()).await.expect("sequenced");
    let slice = {
        let log = store.event_log().await.expect("read");
        let router = Router::new(store.subscriptions().await.expect("read"));
        router.route(&store.events(0, 10).await.expect("read"), &log).expect("there are events")
    };
    subscribe(&fixture, "two", "*", Start::Now).await;
    assert_eq!(store.route(&slice, fixture.now()).await.expect("answered"), Routed::Stale);
    assert_eq!(got(&fixture, "one").await, [0; 0]);
    let revision = store.event_log().await.expect("read").revision;
    let again = Slice { revision, ..slice };
    assert_eq!(store.route(&again, fixture.now()).await.expect("answered"), Routed::Done);
    assert_eq!(store.route(&again, fixture.now()).await.expect("answered"), Routed::Stale);
    assert_eq!(got(&fixture, "one").await, [1, 2]);
}

/// I-E4: one that catches up is handed over to those that are live while events come in each round: it misses none and gets none
/// twice.
pub async fn who_catches_up_is_handed_over(fixture: StoreFixture) {
    publish(&fixture, (1..=1_200).map(paid)).await;
    feed(&fixture).await;
    subscribe(&fixture, "late", "*", Start::After(0)).await;
    let mut catching = Feed::default();
    let mut number = 1_200;
    for _ in 0..6 {
        number += 1;
        publish(&fixture, [paid(number)]).await;
        catching.round(fixture.store(), fixture.now()).await.expect("fed");
    }
    assert_eq!(progress(&fixture, "late").await, Progress::Live);
    feed(&fixture).await;
    assert_eq!(got(&fixture, "late").await, (1..=number as u64).collect::<Vec<_>>());
}

/// O8: where nobody wants anything the log is passed over, and nothing is left to do.
pub async fn what_nobody_wants_is_passed_over(fixture: StoreFixture) {
    publish(&fixture, (1..=700).map(paid)).await;
    let fed = feed(&fixture).await;
    assert_eq!((fed.routed, fed.jobs), (700, 0));
    assert_eq!(feed(&fixture).await, Fed::default());
    assert_eq!(all(&fixture).await, []);
}
