//! Overdue: a source whose feed should have been asked and is not.

use windlass_core::health::Problem;
use windlass_core::source::Said;

use super::{start, wish};
use crate::conformance::health::found;
use crate::fixture::{MINUTE, SECOND, StoreFixture};

/// O19: a source that nobody reads is a problem once it was to be read for a minute, and none while a worker holds it.
pub async fn a_source_that_nobody_reads_is_overdue(fixture: StoreFixture) {
    start(&fixture, "one").await;
    let went = async || {
        let wish = wish("one", Said::Went(SECOND));
        fixture.store().hold_source(&wish, fixture.now()).await.expect("answered");
    };
    went().await;
    fixture.advance(MINUTE);
    assert_eq!(found(&fixture).await, []);
    fixture.advance(MINUTE / 2);
    let problems = found(&fixture).await;
    let [Problem::SourceOverdue { source, holder: None, .. }] = &problems[..] else {
        panic!("{problems:?}")
    };
    assert_eq!(source, "feed");
    went().await;
    assert_eq!(found(&fixture).await, []);
}

/// O19: one that a worker holds and does not ask is told once a page would have come.
pub async fn a_source_that_is_held_and_not_read_is_overdue(fixture: StoreFixture) {
    start(&fixture, "one").await;
    let hold = async |said| {
        fixture.store().hold_source(&wish("one", said), fixture.now()).await.expect("answered");
    };
    hold(Said::Went(SECOND)).await;
    for minutes in 0..=5 {
        assert_eq!(found(&fixture).await, [], "{minutes} minutes");
        fixture.advance(MINUTE);
        hold(Said::Nothing).await;
    }
    let problems = found(&fixture).await;
    let [Problem::SourceOverdue { holder: Some(holder), .. }] = &problems[..] else {
        panic!("{problems:?}")
    };
    assert_eq!(holder, "one");
}
