//! Hold: one reads a source at a time.

use std::time::Duration;

use futures_util::future::join_all;
use windlass_core::source::{Holding, Said};
use windlass_core::store::Now;
use windlass_core::time::{Timestamp, micros};

use super::{HOLD, ask_for, freeze, hold, read, start, wish};
use crate::fixture::{MINUTE, SECOND, StoreFixture};

/// O16: one holds a source, as long as it says so in time; the next one finds another epoch.
pub async fn one_holds_a_source_until_its_time_is_over(fixture: StoreFixture) {
    assert_eq!(ask_for(&fixture, "one").await, Holding::Missing);
    let held = start(&fixture, "one").await;
    assert_eq!(ask_for(&fixture, "other").await, Holding::Other);
    fixture.advance(20 * SECOND);
    assert_eq!(hold(&fixture, "one").await, held, "it goes on");
    fixture.advance(20 * SECOND);
    assert_eq!(ask_for(&fixture, "other").await, Holding::Other, "it was renewed");
    freeze(&fixture);
    let other = hold(&fixture, "other").await;
    assert_eq!((held.epoch, other.epoch), (1, 2));
    assert_eq!(ask_for(&fixture, "one").await, Holding::Other);
    assert_eq!(read(&fixture).await.holder.as_deref(), Some("other"));
}

/// O16: one that was late and that nobody has replaced goes on in its epoch.
pub async fn who_is_late_and_not_replaced_goes_on(fixture: StoreFixture) {
    let held = start(&fixture, "one").await;
    freeze(&fixture);
    assert_eq!(hold(&fixture, "one").await, held);
    assert_eq!(ask_for(&fixture, "other").await, Holding::Other);
}

/// O16: who ends gives the source back at once; one that was replaced gives nothing back.
pub async fn who_lets_go_makes_room(fixture: StoreFixture) {
    let held = start(&fixture, "one").await;
    fixture.store().let_go_of_source("feed", held.epoch).await.expect("let go");
    let other = hold(&fixture, "other").await;
    assert_eq!(other.epoch, held.epoch + 1);
    fixture.store().let_go_of_source("feed", held.epoch).await.expect("answered");
    assert_eq!(ask_for(&fixture, "third").await, Holding::Other, "it was somebody else's");
}

/// O16: of many who wish it at the same moment one holds the source.
pub async fn of_many_who_wish_at_once_one_holds(fixture: StoreFixture) {
    let first = start(&fixture, "before").await;
    let stores = [fixture.another_store().await, fixture.another_store().await];
    for round in 1..=5 {
        freeze(&fixture);
        let wishes: Vec<_> =
            (0..16).map(|nth| wish(&format!("{round}/{nth}"), Said::Nothing)).collect();
        let asking = wishes.iter().enumerate();
        let asking = asking.map(|(nth, wish)| stores[nth % 2].hold_source(wish, fixture.now()));
        let answers = join_all(asking).await;
        let held: Vec<_> = answers
            .into_iter()
            .filter_map(|answer| match answer.expect("answered") {
                Holding::Held(held) => Some(held.epoch),
                _ => None,
            })
            .collect();
        assert_eq!(held, [first.epoch + round]);
    }
}

/// O16: a clock that is set back keeps nobody out for longer than a hold lasts twice; who holds the source and lives says so meanwhile.
pub async fn a_clock_that_is_set_back_keeps_nobody_out(fixture: StoreFixture) {
    let held = start(&fixture, "one").await;
    let moment = fixture.moment();
    let back = |by: Duration| Now::At(Timestamp::from_micros(moment.as_micros() - micros(by)));
    let ask = async |holder: &str, now: Now| {
        let wish = wish(holder, Said::Nothing);
        fixture.store().hold_source(&wish, now).await.expect("answered")
    };
    assert_eq!(ask("other", back(HOLD)).await, Holding::Other, "it is over in twice its time");
    assert_eq!(ask("one", back(60 * MINUTE)).await, Holding::Held(held.clone()));
    assert_eq!(ask("other", back(60 * MINUTE)).await, Holding::Other, "it said so by the new time");
    let other = ask("other", back(120 * MINUTE)).await;
    assert!(matches!(&other, Holding::Held(other) if other.epoch == held.epoch + 1), "{other:?}");
    assert_eq!(ask("one", back(120 * MINUTE)).await, Holding::Other);
}

/// O20: a source's row says when its feed was asked last, when next, and why it could not be.
pub async fn how_asking_went_is_shown(fixture: StoreFixture) {
    start(&fixture, "one").await;
    let error = "the feed answered 500".to_owned();
    let failed = Said::Failed { error: error.clone(), failures: 3, again: 4 * SECOND };
    for said in [failed, Said::Nothing] {
        let asked_at = fixture.moment();
        fixture.store().hold_source(&wish("one", said), fixture.now()).await.expect("answered");
        let shown = read(&fixture).await;
        assert_eq!((shown.error, shown.failures), (Some(error.clone()), 3));
        assert_eq!(shown.error_at, Some(asked_at));
        assert_eq!(
            (shown.polled_at, shown.next_at),
            (Some(asked_at), Some(asked_at.after(4 * SECOND)))
        );
    }
    fixture.advance(SECOND);
    let went = wish("one", Said::Went(10 * SECOND));
    fixture.store().hold_source(&went, fixture.now()).await.expect("answered");
    let shown = read(&fixture).await;
    assert_eq!((shown.error, shown.failures), (None, 0));
    assert_eq!(shown.next_at, Some(fixture.moment().after(10 * SECOND)));
}
