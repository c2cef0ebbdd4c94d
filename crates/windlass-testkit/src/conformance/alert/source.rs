//! Sources that are not read are told.

use windlass_core::alert::Alerted;
use windlass_core::health::{Aspect, Problem};
use windlass_core::source::{OnGap, Said, SourceOptions};

use super::{data, events, look, pair, subscribe, told};
use crate::conformance::health::found;
use crate::conformance::source::{hold, records, start, take, wish};
use crate::fixture::{SECOND, StoreFixture};

const FIRED: Alerted = Alerted { fired: 1, resolved: 0 };
const RESOLVED: Alerted = Alerted { fired: 0, resolved: 1 };

async fn says(fixture: &StoreFixture, said: Said) {
    let wish = wish("one", said);
    fixture.store().hold_source(&wish, fixture.now()).await.expect("answered");
}

async fn fails(fixture: &StoreFixture, failures: u32) {
    let error = "the feed answered 500".to_owned();
    says(fixture, Said::Failed { error, failures, again: 4 * SECOND }).await;
}

/// I-A1, O20: a source whose feed fails again and again is told once after the fifth time, and once when it is read again.
pub async fn a_source_that_fails_is_told_once_and_so_is_its_end(fixture: StoreFixture) {
    subscribe(&fixture, "windlass.*").await;
    start(&fixture, "one").await;
    fails(&fixture, 4).await;
    assert_eq!(look(&fixture).await, Alerted::default());
    let problems = found(&fixture).await;
    let [Problem::SourceFailing { source, failures, error, .. }] = &problems[..] else {
        panic!("{problems:?}")
    };
    assert_eq!((&**source, *failures, &**error), ("feed", 4, "the feed answered 500"));
    fails(&fixture, 5).await;
    assert_eq!(look(&fixture).await, FIRED);
    for failures in 6..9 {
        fails(&fixture, failures).await;
        assert_eq!(look(&fixture).await, Alerted::default());
    }
    says(&fixture, Said::Went(SECOND)).await;
    assert_eq!(look(&fixture).await, RESOLVED);
    assert_eq!(look(&fixture).await, Alerted::default());
    let key = "source.failing/feed";
    let expected = [pair("source.failing", key), pair("source.failing.resolved", key)];
    assert_eq!(told(&fixture).await, expected);
    let events = events(&fixture).await;
    assert_eq!(events[0].subject.as_deref(), Some("source/feed"));
    let told = data(&events[0]);
    assert_eq!((&told["error"], &told["failures"]), (&"the feed answered 500".into(), &5.into()));
}

/// I-A1, O19: a source that has stopped at a gap is told once, beside the gap, and once when a person has it go on.
pub async fn a_source_that_stopped_is_told_once_and_so_is_its_end(fixture: StoreFixture) {
    subscribe(&fixture, "windlass.source.*").await;
    let mut held = start(&fixture, "one").await;
    let options = SourceOptions::default().on_gap(OnGap::Stop);
    take(&fixture, &mut held, &options, records(1..=3)).await;
    take(&fixture, &mut held, &options, records(9..=10).oldest(9)).await;
    assert_eq!(look(&fixture).await, FIRED);
    assert_eq!(look(&fixture).await, Alerted::default());
    assert_eq!(
        found(&fixture).await.iter().map(Problem::aspect).collect::<Vec<_>>(),
        [Aspect::Sources]
    );
    fixture.store().resume_source("feed", fixture.now()).await.expect("resumed");
    assert_eq!(look(&fixture).await, RESOLVED);
    hold(&fixture, "one").await;
    let key = "source.stopped/feed";
    let expected = [
        pair("source.gap", "source.gap/feed"),
        pair("source.stopped", key),
        pair("source.stopped.resolved", key),
    ];
    assert_eq!(told(&fixture).await, expected);
}
