//! Windows of subscriptions that are behind, or have no room: what is fed late becomes what it would have become.

use std::num::NonZeroU32;
use std::time::Duration;

use windlass_core::event::NewEvent;
use windlass_core::job::Verdict;
use windlass_core::subscription::{Feed, Filter, Mode, Start, Subscription};

use super::window::{
    HOUR, SECOND, alone, batch, large, of, of_customer, put, put_as, subscribe, together, verified,
    windows,
};
use super::{feed, paid, publish};
use crate::fixture::StoreFixture;
use crate::worker::worker;

/// E20: a window is not closed before all of its events were fed, in however many parts: neither by one that catches up, nor where
/// those that are live are fed late.
pub async fn what_is_fed_late_in_parts_becomes_whole_windows(fixture: StoreFixture) {
    const A_DAY: usize = 400;
    let digest = of(Mode::digest("0 8 * * *", "UTC"));
    put(&fixture, digest.clone(), Start::Now).await;
    for day in 0..3 {
        publish(&fixture, (0..A_DAY).map(|nth| paid(day * A_DAY + nth))).await;
        fixture.store().sequence(1_000, fixture.now()).await.expect("given their positions");
        fixture.advance(24 * HOUR);
    }
    feed(&fixture).await;
    let days: Vec<_> =
        (0..3).map(|day| (day * 400 + 1..=(day + 1) * 400).collect::<Vec<u64>>()).collect();
    assert_eq!(together(&fixture).await, days);
    put_as(&fixture, "again", digest, Start::After(0)).await;
    feed(&fixture).await;
    let again = together(&fixture).await;
    assert_eq!(again.len(), 6);
    assert!(days.iter().all(|day| again.iter().filter(|one| *one == day).count() == 2));
    assert!(verified(&fixture).await.is_whole());
}

/// I-E5: what there was no room for waits its time, as if there had been room.
pub async fn what_is_left_for_lack_of_room_waits_its_time(fixture: StoreFixture) {
    let credit = NonZeroU32::new(1).expect("it is not 0");
    put(&fixture, of(batch(2, HOUR)).credit(credit), Start::Now).await;
    publish(&fixture, (1..=3).map(paid)).await;
    feed(&fixture).await;
    assert_eq!(together(&fixture).await, [[1, 2]]);
    let worker = fixture.start(worker().knowing(&[("on.some", 1)])).await;
    let done = worker.claim(1).await;
    worker.settle_all(&done, &Verdict::Complete { output: None }).await;
    fixture.advance(HOUR - SECOND);
    feed(&fixture).await;
    assert_eq!(windows(&fixture).await[0].positions, [3]);
    fixture.advance(SECOND);
    feed(&fixture).await;
    assert_eq!(together(&fixture).await, [vec![1, 2], vec![3]]);
}

/// I-E5: where a change ends the waiting and there is no room for all of it, the rest waits for room and for nothing else.
pub async fn what_a_change_has_no_room_for_waits_for_room_alone(fixture: StoreFixture) {
    let credit = NonZeroU32::new(1).expect("it is not 0");
    put(&fixture, of(batch(10, HOUR)).credit(credit), Start::Now).await;
    publish(&fixture, [100, 100, 100].map(large)).await;
    feed(&fixture).await;
    put(&fixture, of(batch(20, HOUR)).credit(credit), Start::Now).await;
    feed(&fixture).await;
    assert_eq!(together(&fixture).await, [[1, 2]]);
    let worker = fixture.start(worker().knowing(&[("on.some", 1)])).await;
    let done = worker.claim(1).await;
    worker.settle_all(&done, &Verdict::Complete { output: None }).await;
    feed(&fixture).await;
    assert_eq!(together(&fixture).await, [vec![1, 2], vec![3]]);
}

/// E20: what a full batch leaves was there when it came, however late it is fed: it waits from then on, and no longer.
pub async fn what_a_full_batch_leaves_waits_from_its_own_moment(fixture: StoreFixture) {
    const MINUTE: Duration = Duration::from_secs(60);
    put(&fixture, of(batch(2, HOUR)), Start::Now).await;
    publish(&fixture, [paid(1), paid(2)]).await;
    fixture.store().sequence(10, fixture.now()).await.expect("given their positions");
    fixture.advance(10 * MINUTE);
    publish(&fixture, [paid(3)]).await;
    fixture.store().sequence(10, fixture.now()).await.expect("given its position");
    let came_at = fixture.moment();
    fixture.advance(30 * MINUTE);
    feed(&fixture).await;
    assert_eq!(together(&fixture).await, [[1, 2]]);
    let rest = windows(&fixture).await.remove(0);
    assert_eq!((rest.opened_at, rest.due_at), (came_at, came_at.after(HOUR)));
    fixture.advance(30 * MINUTE);
    feed(&fixture).await;
    assert_eq!(together(&fixture).await, [vec![1, 2], vec![3]]);
}

/// The windows of one that catches up, of which some are whole in each round, keep nobody else's open.
pub async fn windows_of_one_that_catches_up_keep_no_others_open(fixture: StoreFixture) {
    for nth in 0..60 {
        publish(&fixture, (10 * nth..10 * nth + 10).map(paid)).await;
        fixture.store().sequence(10, fixture.now()).await.expect("given their positions");
        fixture.advance(Duration::from_millis(40));
    }
    feed(&fixture).await;
    fixture.advance(HOUR);
    let lane = Some("data.order".parse().expect("a key"));
    put(&fixture, Subscription { lane, ..of(batch(9, SECOND)) }, Start::After(0)).await;
    let filter = Filter::of_types(["tick"]).build().expect("a filter");
    let other = Subscription::new(filter, "on.other").mode(batch(2, SECOND));
    put_as(&fixture, "other", other, Start::Now).await;
    publish(&fixture, [NewEvent::bare("tick")]).await;
    let mut feed = Feed::default();
    for _ in 0..4 {
        feed.round(fixture.store(), fixture.now()).await.expect("fed");
    }
    fixture.advance(SECOND);
    assert!(windows(&fixture).await.len() > 200);
    feed.round(fixture.store(), fixture.now()).await.expect("fed");
    assert_eq!(fixture.find("kind:on.other").await.len(), 1);
}

/// A21: of what is fed late fewer may become jobs, and the last one always does.
pub async fn of_what_is_fed_late_the_latest_becomes_a_job(fixture: StoreFixture) {
    let latest = Mode::latest(Duration::from_millis(5));
    subscribe(&fixture, latest, Some("data.customer"), Start::Now).await;
    for nth in 0..200 {
        publish(&fixture, ["a", "b"].map(|customer| of_customer(customer, nth))).await;
        fixture.store().sequence(10, fixture.now()).await.expect("given their positions");
        fixture.advance(Duration::from_millis(5));
    }
    feed(&fixture).await;
    let got = alone(&fixture).await;
    assert_eq!(got[got.len() - 2..], [399, 400]);
    let whole = verified(&fixture).await;
    assert!(whole.is_whole() && whole.subscriptions[0].found == 400, "{whole:?}");
}

/// What waits for the rest of its window keeps nobody else's open.
pub async fn windows_that_are_not_whole_keep_no_others_open(fixture: StoreFixture) {
    let lane = || Some("data.order".parse().expect("a key"));
    let digest = Subscription { lane: lane(), ..of(Mode::digest("0 8 * * *", "UTC")) };
    publish(&fixture, (0..400).map(paid)).await;
    super::feed(&fixture).await;
    fixture.advance(24 * HOUR);
    put(&fixture, digest.pace("50/s".parse().expect("a pace")), Start::After(0)).await;
    let mut feed = Feed::default();
    for _ in 0..5 {
        feed.round(fixture.store(), fixture.now()).await.expect("fed");
        fixture.advance(SECOND);
    }
    assert_eq!(windows(&fixture).await.len(), 250);
    put_as(&fixture, "other", of(batch(2, SECOND)), Start::Now).await;
    publish(&fixture, [paid(1_000)]).await;
    for _ in 0..3 {
        feed.round(fixture.store(), fixture.now()).await.expect("fed");
        fixture.advance(SECOND);
    }
    let all = together(&fixture).await;
    assert_eq!(all, [[401]], "{} windows wait", windows(&fixture).await.len());
}

/// I-E5: the windows of one that was changed and has no room keep nobody else's open.
pub async fn windows_without_room_keep_no_others_open(fixture: StoreFixture) {
    let credit = NonZeroU32::new(1).expect("it is not 0");
    let lane = || Some("data.order".parse().expect("a key"));
    let full = Subscription { lane: lane(), ..of(batch(2, HOUR)).credit(credit) };
    put(&fixture, full.clone(), Start::Now).await;
    publish(&fixture, (0..300).map(paid)).await;
    feed(&fixture).await;
    let changed = Subscription { mode: Mode::Each, ..full };
    put(&fixture, changed, Start::Now).await;
    feed(&fixture).await;
    let filter = Filter::of_types(["order.*"]).build().expect("a filter");
    let other = Subscription::new(filter, "on.other").mode(batch(2, SECOND));
    let made = fixture.store().put_subscription("other", &other, Start::Now, fixture.now());
    assert!(made.await.expect("put"));
    publish(&fixture, [paid(1_000)]).await;
    feed(&fixture).await;
    fixture.advance(2 * SECOND);
    feed(&fixture).await;
    assert_eq!(fixture.find("kind:on.other").await.len(), 1);
    assert_eq!(fixture.find("kind:on.some").await.len(), 1);
}

/// I-E4: what is fed late and live is in the window of its moment too: none is lost or there twice, whatever comes between.
pub async fn a_digest_that_is_fed_late_and_live_is_whole(fixture: StoreFixture) {
    let digest = Mode::digest("every 10s", "UTC");
    subscribe(&fixture, digest, Some("data.customer"), Start::Now).await;
    super::subscribe(&fixture, "each", "*", Start::Now).await;
    for customer in ["a", "b"].repeat(12) {
        publish(&fixture, [of_customer(customer, 1), NewEvent::bare("tick")]).await;
        fixture.store().sequence(10, fixture.now()).await.expect("given its position");
        fixture.advance(4 * SECOND);
    }
    feed(&fixture).await;
    fixture.advance(HOUR);
    feed(&fixture).await;
    let jobs = together(&fixture).await;
    // Of each customer every 8 seconds one comes: two are within ten seconds of the first.
    assert!(jobs.iter().all(|job| job.len() == 2), "{jobs:?}");
    let mut all = jobs.concat();
    all.sort_unstable();
    assert_eq!(all, (1..=48).step_by(2).collect::<Vec<_>>());
    assert_eq!(super::got(&fixture, "each").await, (1..=48).collect::<Vec<_>>());
    assert!(verified(&fixture).await.is_whole());
}
