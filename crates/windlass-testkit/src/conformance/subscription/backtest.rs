//! Back-test: what a filter would have done, and what there is to filter.

use windlass_core::client::Client;
use windlass_core::event::NewEvent;
use windlass_core::limits::BACKTEST_SAMPLES;
use windlass_core::subscription::{Filter, Span, Start};
use windlass_core::time::Timestamp;

use super::{paid, publish, subscribe};
use crate::fixture::{MINUTE, StoreFixture};

/// Publishes events, which have their positions at this moment.
async fn publish_now(fixture: &StoreFixture, events: impl IntoIterator<Item = NewEvent>) {
    publish(fixture, events).await;
    fixture.store().sequence(10_000, fixture.now()).await.expect("sequenced");
}

/// E21: the first event of a moment or later is found by it, also between two moments, before the first and behind the last.
pub async fn a_moment_is_a_place_in_the_log(fixture: StoreFixture) {
    let client = Client::new(fixture.shared_store());
    let begin = fixture.moment();
    assert_eq!(client.position_before(begin).await.expect("read"), 0);
    let mut ends = vec![0];
    for events in [1, 4, 2, 5] {
        publish_now(&fixture, (0..events).map(paid)).await;
        ends.push(ends[ends.len() - 1] + events as u64);
        fixture.advance(MINUTE);
    }
    for (minutes, position) in ends.into_iter().enumerate() {
        let moment = begin.after(MINUTE * u32::try_from(minutes).expect("few"));
        let earlier = Timestamp::from_micros(moment.as_micros() - 1);
        for moment in [moment, earlier] {
            assert_eq!(client.position_before(moment).await.expect("read"), position, "{minutes}");
        }
    }
}

/// E21: a filter is tried on the last events, or on those since a moment: how many it wants, by type, and the last of them.
pub async fn a_filter_is_tried_on_a_part_of_the_log(fixture: StoreFixture) {
    publish_now(&fixture, (1..=700).map(paid)).await;
    fixture.advance(MINUTE);
    let since = fixture.moment();
    let ticks = (0..30).flat_map(|nth| [paid(nth), NewEvent::bare("tick")]);
    publish_now(&fixture, ticks).await;

    let client = Client::new(fixture.shared_store());
    let filter = Filter::of_types(["order.*", "tick"]).build().expect("a filter");
    let all = client.backtest(&filter, Span::Last(u64::MAX)).await.expect("read");
    assert_eq!((all.after, all.to, all.left_out), (0, 760, 0));
    assert_eq!((all.events, all.fired), (760, 760));
    let last = client.backtest(&filter, Span::Since(since)).await.expect("read");
    assert_eq!((last.after, last.events, last.fired), (700, 60, 60));
    let types: Vec<_> = last.types.into_iter().collect();
    assert_eq!(types, [("order.paid".to_owned(), 30), ("tick".to_owned(), 30)]);
    let positions: Vec<_> = last.samples.iter().filter_map(|event| event.position).collect();
    assert_eq!(positions, (751..=760).collect::<Vec<_>>());
    assert_eq!(positions.len(), BACKTEST_SAMPLES);
    let few = Filter::builder().sql("data.order >= 28").build().expect("a filter");
    let few = client.backtest(&few, Span::Last(60)).await.expect("read");
    assert_eq!((few.events, few.fired), (60, 2));
    let none = client.backtest(&filter, Span::Last(0)).await.expect("read");
    assert_eq!((none.after, none.events), (760, 0));
}

/// O4: the types of the log are listed with how many events there are, the last of them, and who takes them; one that nobody
/// takes is among them.
pub async fn types_are_listed_with_who_takes_them(fixture: StoreFixture) {
    subscribe(&fixture, "mail", "order.*", Start::Now).await;
    subscribe(&fixture, "paid", "order.paid", Start::Now).await;
    publish_now(&fixture, [paid(1), NewEvent::bare("tick"), paid(2)]).await;
    let client = Client::new(fixture.shared_store());
    let seen = client.event_types().await.expect("read");
    assert_eq!((seen.after, seen.to), (0, 3));
    let lines: Vec<_> = seen
        .types
        .iter()
        .map(|one| (one.event_type.as_str(), one.events, one.last, one.taken_by.join(" ")))
        .collect();
    assert_eq!(
        lines,
        [("order.paid", 2, 3, "mail paid".to_owned()), ("tick", 1, 2, String::new())]
    );
    assert_eq!(seen.types[0].last_at, Some(fixture.moment()));
}
