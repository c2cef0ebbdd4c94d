//! Put: subscriptions are made, changed, paused and removed.

use windlass_core::subscription::{Progress, Start};

use super::{all, feed, got, paid, progress, publish, subscribe};
use crate::fixture::{MINUTE, StoreFixture};

/// E21: a subscription begins now, behind a position, or at the beginning of the log, and gets each event from there on once.
pub async fn a_subscription_begins_where_it_says(fixture: StoreFixture) {
    publish(&fixture, (1..=3).map(paid)).await;
    feed(&fixture).await;
    assert!(subscribe(&fixture, "now", "*", Start::Now).await);
    assert!(subscribe(&fixture, "behind", "*", Start::After(2)).await);
    assert!(subscribe(&fixture, "all", "*", Start::After(0)).await);
    assert_eq!(progress(&fixture, "now").await, Progress::Live);
    assert_eq!(progress(&fixture, "all").await, Progress::CatchingUp { position: 0 });
    publish(&fixture, (4..=5).map(paid)).await;
    feed(&fixture).await;
    assert_eq!(got(&fixture, "now").await, [4, 5]);
    assert_eq!(got(&fixture, "behind").await, [3, 4, 5]);
    assert_eq!(got(&fixture, "all").await, [1, 2, 3, 4, 5]);
    for name in ["now", "behind", "all"] {
        assert_eq!(progress(&fixture, name).await, Progress::Live);
    }
}

/// E21: an event that was published before, and has its position but was fed to nobody yet, is none of those from now on.
pub async fn what_has_its_position_is_not_from_now_on(fixture: StoreFixture) {
    publish(&fixture, [paid(1)]).await;
    fixture.store().sequence(10, fixture.now()).await.expect("sequenced");
    subscribe(&fixture, "now", "*", Start::Now).await;
    publish(&fixture, [paid(2)]).await;
    feed(&fixture).await;
    assert_eq!(got(&fixture, "now").await, [2]);
}

/// O8: one that is changed goes on where it is, with what it wants now; its number and its beginning stay.
pub async fn a_changed_subscription_goes_on_where_it_is(fixture: StoreFixture) {
    subscribe(&fixture, "one", "order.*", Start::Now).await;
    publish(&fixture, [paid(1)]).await;
    feed(&fixture).await;
    let before = all(&fixture).await;
    assert!(!subscribe(&fixture, "one", "invoice.*", Start::After(0)).await);
    publish(&fixture, [paid(2)]).await;
    feed(&fixture).await;
    let after = all(&fixture).await;
    assert_eq!((after[0].number, after[0].after), (before[0].number, before[0].after));
    assert_ne!(after[0].definition, before[0].definition);
    assert_eq!(got(&fixture, "one").await, [1]);
}

/// O8: what a subscription is already changes nothing, the revision neither: those who declare it again and again have nobody
/// read all of them again.
pub async fn an_unchanged_subscription_is_not_revised(fixture: StoreFixture) {
    let revision = || async { fixture.store().event_log().await.expect("read").revision };
    assert!(subscribe(&fixture, "one", "order.*", Start::Now).await);
    let (made, first) = (all(&fixture).await, revision().await);
    fixture.advance(MINUTE);
    assert!(!subscribe(&fixture, "one", "order.*", Start::After(0)).await);
    assert_eq!((all(&fixture).await, revision().await), (made, first));
    assert!(!subscribe(&fixture, "one", "invoice.*", Start::Now).await);
    assert_ne!(revision().await, first);
}

/// I-E4: one that is paused stands still while the others go on, and gets what it has missed when it goes on.
pub async fn a_paused_subscription_misses_nothing(fixture: StoreFixture) {
    let store = fixture.store();
    subscribe(&fixture, "one", "*", Start::Now).await;
    subscribe(&fixture, "other", "*", Start::Now).await;
    publish(&fixture, [paid(1)]).await;
    feed(&fixture).await;
    assert!(store.pause_subscription("one", fixture.now()).await.expect("paused"));
    publish(&fixture, [paid(2), paid(3)]).await;
    feed(&fixture).await;
    assert_eq!(
        (got(&fixture, "one").await, got(&fixture, "other").await),
        (vec![1], vec![1, 2, 3])
    );
    assert_eq!(all(&fixture).await[0].paused_at, Some(fixture.moment()));
    assert!(store.resume_subscription("one").await.expect("resumed"));
    publish(&fixture, [paid(4)]).await;
    feed(&fixture).await;
    assert_eq!(got(&fixture, "one").await, [1, 2, 3, 4]);
    assert_eq!(progress(&fixture, "one").await, Progress::Live);
    assert!(!store.pause_subscription("none", fixture.now()).await.expect("answered"));
    assert!(!store.resume_subscription("none").await.expect("answered"));
}

/// O8: one that is removed gets nothing more; its jobs stay. One of the same name is another one.
pub async fn a_removed_subscription_gets_nothing_more(fixture: StoreFixture) {
    let store = fixture.store();
    subscribe(&fixture, "one", "*", Start::Now).await;
    publish(&fixture, [paid(1)]).await;
    feed(&fixture).await;
    let first = all(&fixture).await[0].number;
    assert!(store.remove_subscription("one").await.expect("removed"));
    assert!(!store.remove_subscription("one").await.expect("answered"));
    publish(&fixture, [paid(2)]).await;
    feed(&fixture).await;
    assert_eq!(got(&fixture, "one").await, [1]);
    subscribe(&fixture, "one", "*", Start::Now).await;
    assert_ne!(all(&fixture).await[0].number, first);
}
