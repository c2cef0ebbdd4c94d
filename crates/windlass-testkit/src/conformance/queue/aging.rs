//! Aging: in which queues jobs age.

use windlass_core::queue::Aging;

use crate::fixture::{MINUTE, SECOND, StoreFixture};

/// I-O4: an aging is kept until another one or none is set, and listed.
pub async fn an_aging_is_set_changed_and_taken_away(fixture: StoreFixture) {
    let store = fixture.store();
    assert!(store.agings().await.expect("listed").is_empty());
    for every in [MINUTE, SECOND] {
        let aging = Aging::new("a", every);
        store.age(&aging).await.expect("set");
        assert_eq!(store.agings().await.expect("listed"), [aging]);
    }
    let other = Aging::new("b", MINUTE);
    store.age(&other).await.expect("set");
    assert!(store.stop_aging("a").await.expect("taken away"));
    assert!(!store.stop_aging("a").await.expect("asked"));
    assert_eq!(store.agings().await.expect("listed"), [other]);
}
