//! Bounds: whether a queue is full.

use windlass_core::queue::{QueueBound, WhenFull};

use crate::draft::{job, jobs};
use crate::fixture::{MINUTE, StoreFixture};

/// T42: available jobs count; those that are due later, run, or are on another queue do not.
pub async fn a_queue_is_full_with_so_many_available_jobs(fixture: StoreFixture) {
    let bound = QueueBound::new("default", 3);
    fixture.enqueue(jobs(2)).await;
    fixture.enqueue([job().due_in(MINUTE), job().queue("other")]).await;
    assert!(!is_full(&fixture, &bound).await);
    fixture.enqueue_one(job()).await;
    assert!(is_full(&fixture, &bound).await);
    fixture.worker().await.claim(1).await;
    assert!(!is_full(&fixture, &bound).await);
}

/// T42: a bound is kept until another one or none is set, and listed.
pub async fn a_bound_is_set_changed_and_taken_away(fixture: StoreFixture) {
    let store = fixture.store();
    assert!(store.bounds().await.expect("listed").is_empty());
    for bound in [QueueBound::new("a", 5), QueueBound::new("a", 7).waiting()] {
        store.bound(&bound).await.expect("set");
        assert_eq!(store.bounds().await.expect("listed"), [bound]);
    }
    let other = QueueBound { queue: "b".to_owned(), jobs: 1, when_full: WhenFull::Error };
    store.bound(&other).await.expect("set");
    assert!(store.unbound("a").await.expect("taken away"));
    assert!(!store.unbound("a").await.expect("asked"));
    assert_eq!(store.bounds().await.expect("listed"), [other]);
}

async fn is_full(fixture: &StoreFixture, bound: &QueueBound) -> bool {
    fixture.store().is_full(bound).await.expect("it can be asked")
}
