//! Windows: events that become one job together, or of which only the last does.

use std::num::NonZeroU32;
use std::time::Duration;

use windlass_core::client::Client;
use windlass_core::event::{CloudEvent, Keep, LogRecord, NewEvent};
use windlass_core::job::Verdict;
use windlass_core::json::Json;
use windlass_core::limits::ROUTE_EVENTS;
use windlass_core::subscription::{
    Answer, Closed, Closing, EventWindow, Feed, Filter, Mode, Replay, Start, Subscription,
    Together, Verified,
};
use windlass_core::time::Timestamp;

use super::{all, feed, paid, publish};
use crate::fixture::StoreFixture;
use crate::worker::worker;

pub(super) const SECOND: Duration = Duration::from_secs(1);
pub(super) const HOUR: Duration = Duration::from_secs(3_600);

pub(super) fn batch(most: u32, within: Duration) -> Mode {
    Mode::batch(NonZeroU32::new(most).expect("it is not 0"), within)
}

/// Subscribes with this mode; with a lane by a member of the data where that is said.
pub(super) async fn subscribe(
    fixture: &StoreFixture,
    mode: Mode,
    lane: Option<&str>,
    start: Start,
) {
    put(
        fixture,
        Subscription { lane: lane.map(|lane| lane.parse().expect("a key")), ..of(mode) },
        start,
    )
    .await;
}

pub(super) fn of(mode: Mode) -> Subscription {
    let filter = Filter::of_types(["order.*"]).build().expect("a filter");
    Subscription::new(filter, "on.some").mode(mode)
}

pub(super) async fn put(fixture: &StoreFixture, subscription: Subscription, start: Start) {
    put_as(fixture, "some", subscription, start).await;
}

pub(super) async fn put_as(
    fixture: &StoreFixture,
    name: &str,
    subscription: Subscription,
    start: Start,
) {
    let put = fixture.store().put_subscription(name, &subscription, start, fixture.now());
    put.await.expect("put");
}

/// The positions of the events of each job, in the order of the jobs.
pub(super) async fn together(fixture: &StoreFixture) -> Vec<Vec<u64>> {
    let mut jobs = fixture.find("kind:on.some").await;
    jobs.reverse();
    let mut together = Vec::new();
    for job in jobs {
        let args = fixture.job(job).await.args;
        let events: Vec<CloudEvent> = args.read().expect("an array of events");
        together.push(events.into_iter().filter_map(|event| event.position).collect());
    }
    together
}

/// The positions of the events that jobs have come of alone.
pub(super) async fn alone(fixture: &StoreFixture) -> Vec<u64> {
    super::got(fixture, "some").await
}

/// An event of a customer.
pub(super) fn of_customer(customer: &str, order: usize) -> NewEvent {
    let data = format!(r#"{{"customer":"{customer}","order":{order}}}"#);
    NewEvent::new("order.paid", Json::args(data).expect("JSON"))
}

/// An event with so many KiB of data.
pub(super) fn large(kib: usize) -> NewEvent {
    let data = Json::args(format!("{:?}", "x".repeat(kib * 1_024))).expect("JSON");
    NewEvent::new("order.paid", data)
}

pub(super) async fn verified(fixture: &StoreFixture) -> Verified {
    Client::new(fixture.shared_store()).verify_events().await.expect("looked at")
}

pub(super) async fn windows(fixture: &StoreFixture) -> Vec<EventWindow> {
    let number = all(fixture).await[0].number;
    fixture.store().windows(number).await.expect("read")
}

/// E20: so many events become one job as soon as there are as many; the others wait, and no longer than the first of them may.
pub async fn a_batch_is_made_when_there_are_enough_or_it_has_waited(fixture: StoreFixture) {
    subscribe(&fixture, batch(3, HOUR), None, Start::Now).await;
    publish(&fixture, (1..=7).map(paid)).await;
    feed(&fixture).await;
    assert_eq!(together(&fixture).await, [vec![1, 2, 3], vec![4, 5, 6]]);
    fixture.advance(HOUR - SECOND);
    publish(&fixture, [paid(8)]).await;
    feed(&fixture).await;
    assert_eq!(together(&fixture).await.len(), 2);
    let waits = &verified(&fixture).await.subscriptions[0];
    assert_eq!((waits.wanted, waits.found, waits.gathered, waits.missed), (8, 6, 2, 0));
    fixture.advance(SECOND);
    feed(&fixture).await;
    assert_eq!(together(&fixture).await, [vec![1, 2, 3], vec![4, 5, 6], vec![7, 8]]);
    let whole = verified(&fixture).await;
    assert!(whole.is_whole() && whole.subscriptions[0].found == 8, "{whole:?}");
    assert_eq!(windows(&fixture).await, []);
}

/// E20: who feeds knows when the next one has waited long enough.
pub async fn who_feeds_knows_when_a_window_is_due(fixture: StoreFixture) {
    subscribe(&fixture, batch(3, HOUR), None, Start::Now).await;
    publish(&fixture, [paid(1)]).await;
    feed(&fixture).await;
    fixture.advance(SECOND);
    let fed = Feed::default().round(fixture.store(), fixture.now()).await.expect("fed");
    assert_eq!((fed.is_behind, fed.due_in), (false, Some(HOUR - SECOND)));
    fixture.advance(HOUR);
    let fed = Feed::default().round(fixture.store(), fixture.now()).await.expect("fed");
    assert_eq!((fed.jobs, fed.is_behind, fed.due_in), (1, true, None));
}

/// E20: events with one key become jobs together, whatever comes between them, and these run one after the other; those that have
/// no key are together too.
pub async fn each_key_has_a_window_of_its_own(fixture: StoreFixture) {
    subscribe(&fixture, batch(2, HOUR), Some("data.customer"), Start::Now).await;
    let events = ["a", "b", "a", "c", "a", "a", "b"];
    publish(&fixture, events.iter().enumerate().map(|(nth, one)| of_customer(one, nth))).await;
    publish(&fixture, [paid(1), paid(2)]).await;
    feed(&fixture).await;
    assert_eq!(together(&fixture).await, [vec![1, 3], vec![5, 6], vec![2, 7], vec![8, 9]]);
    let open = windows(&fixture).await;
    assert_eq!((open.len(), &*open[0].key, &open[0].positions[..]), (1, "some:c", &[4][..]));
    let worker = fixture.start(worker().knowing(&[("on.some", 1)])).await;
    assert_eq!(worker.claim(10).await.jobs.len(), 3, "the second one of a waits for the first");
}

/// E20: a digest has what has come by its time, by the clock of its zone; what comes at that moment is of the next one, also where all is
/// fed later.
pub async fn a_digest_is_made_at_its_time(fixture: StoreFixture) {
    let midnight: Timestamp = "2040-01-01T00:00:00Z".parse().expect("a moment");
    assert_eq!(fixture.moment(), midnight);
    for hour in 0..50 {
        publish(&fixture, [paid(hour)]).await;
        fixture.store().sequence(10, fixture.now()).await.expect("given its position");
        fixture.advance(HOUR);
    }
    let digest = Mode::digest("0 8 * * *", "Europe/Berlin");
    subscribe(&fixture, digest, None, Start::After(0)).await;
    feed(&fixture).await;
    let days = [(1..=7).collect::<Vec<_>>(), (8..=31).collect()];
    assert_eq!(together(&fixture).await, days);
    assert_eq!(windows(&fixture).await[0].positions, (32..=50).collect::<Vec<_>>());
    fixture.advance(5 * HOUR);
    feed(&fixture).await;
    assert_eq!(together(&fixture).await.len(), 3);
}

/// A21: of many updates of each subject only some become jobs, and the last one of each always does; it is like a job of that event
/// alone.
pub async fn only_the_latest_of_a_window_becomes_a_job(fixture: StoreFixture) {
    let mode = Mode::latest(Duration::from_millis(33));
    subscribe(&fixture, mode, Some("data.customer"), Start::Now).await;
    for nth in 0..200 {
        publish(&fixture, ["a", "b"].map(|customer| of_customer(customer, nth))).await;
        feed(&fixture).await;
        fixture.advance(Duration::from_millis(5));
    }
    fixture.advance(SECOND);
    feed(&fixture).await;
    let got = alone(&fixture).await;
    assert!(got.len() <= 2 * 31, "{} jobs of 400 updates in a second", got.len());
    assert_eq!(got[got.len() - 2..], [399, 400]);
    let last = fixture.find("kind:on.some").await[0];
    assert_eq!(fixture.job(last).await.args.as_str(), "null");
    let whole = verified(&fixture).await;
    assert!(whole.is_whole() && whole.subscriptions[0].found == 400, "{whole:?}");
}

/// I-E4: of two who feed at the same moment one writes: each event is in one job.
pub async fn two_who_close_write_once(fixture: StoreFixture) {
    subscribe(&fixture, batch(7, HOUR), Some("data.customer"), Start::Now).await;
    let stores = [fixture.shared_store(), fixture.another_store().await];
    let mut feeds = [Feed::default(), Feed::default()];
    for round in 0..15 {
        let events = (0..20).map(|nth| of_customer(["a", "b", "c"][nth % 3], 20 * round + nth));
        publish(&fixture, events).await;
        let now = fixture.now();
        let [one, two] = &mut feeds;
        let (one, two) =
            futures_util::future::join(one.round(&*stores[0], now), two.round(&*stores[1], now))
                .await;
        one.and(two).expect("fed");
    }
    fixture.advance(2 * HOUR);
    feed(&fixture).await;
    let mut all = together(&fixture).await.concat();
    all.sort_unstable();
    assert_eq!(all, (1..=300).collect::<Vec<_>>());
    assert!(verified(&fixture).await.is_whole());
}

/// I-E4: a window to which something was added since, or whose subscription has changed, is not closed; nothing is written then.
pub async fn a_window_that_is_not_as_it_was_stays(fixture: StoreFixture) {
    let store = fixture.store();
    subscribe(&fixture, batch(10, HOUR), None, Start::Now).await;
    publish(&fixture, [paid(1)]).await;
    feed(&fixture).await;
    let before = windows(&fixture).await.remove(0);
    let LogRecord { revision, last, .. } = store.event_log().await.expect("read");
    publish(&fixture, [paid(2)]).await;
    feed(&fixture).await;
    let closed = vec![Closed { before, rest: None }];
    let grown = Closing { revision, last: last + 1, closed, jobs: Vec::new() };
    assert!(!store.close_windows(&grown, fixture.now()).await.expect("answered"));
    let before = windows(&fixture).await.remove(0);
    assert_eq!(before.positions, [1, 2]);
    let closing = Closing { closed: vec![Closed { before, rest: None }], ..grown };
    let stale = Closing { revision: revision + 1, ..closing.clone() };
    assert!(!store.close_windows(&stale, fixture.now()).await.expect("answered"));
    // An event got its position since, before the window is over.
    let late = Closing { last, ..closing.clone() };
    assert!(!store.close_windows(&late, fixture.now()).await.expect("answered"));
    assert_eq!(windows(&fixture).await.len(), 1);
    // One that loses them is found.
    assert!(store.close_windows(&closing, fixture.now()).await.expect("answered"));
    let lost = verified(&fixture).await;
    assert_eq!(
        (lost.subscriptions[0].missed, &lost.subscriptions[0].missed_at[..]),
        (2, &[1, 2][..])
    );
    publish(&fixture, [paid(3)]).await;
    feed(&fixture).await;
    fixture.advance(HOUR);
    feed(&fixture).await;
    let lost = verified(&fixture).await;
    assert_eq!(lost.subscriptions[0].missed, 2, "a later job is not theirs");
}

/// I-E5: what waits for others becomes no more jobs than there is credit for, and nothing more is gathered meanwhile; a paused one
/// stands still.
pub async fn windows_wait_for_credit_and_pauses(fixture: StoreFixture) {
    let credit = NonZeroU32::new(2).expect("it is not 0");
    put(&fixture, of(batch(2, HOUR)).credit(credit), Start::Now).await;
    publish(&fixture, (1..=9).map(paid)).await;
    feed(&fixture).await;
    assert_eq!(together(&fixture).await, [[1, 2], [3, 4]]);
    publish(&fixture, (10..=1_200).map(paid)).await;
    feed(&fixture).await;
    let waiting: usize = windows(&fixture).await.iter().map(|one| one.positions.len()).sum();
    assert_eq!(waiting, 5, "the rest stays in the log");
    let worker = fixture.start(worker().knowing(&[("on.some", 1)])).await;
    assert!(fixture.store().pause_subscription("some", fixture.now()).await.expect("paused"));
    let done = worker.claim(2).await;
    worker.settle_all(&done, &Verdict::Complete { output: None }).await;
    feed(&fixture).await;
    assert_eq!(together(&fixture).await.len(), 2);
    assert!(fixture.store().resume_subscription("some").await.expect("resumed"));
    let mut jobs = 2;
    while jobs < 600 {
        feed(&fixture).await;
        let batch = worker.claim(10).await;
        assert!((1..=2).contains(&batch.jobs.len()), "{} unfinished", batch.jobs.len());
        jobs += batch.jobs.len();
        worker.settle_all(&batch, &Verdict::Complete { output: None }).await;
    }
    assert!(verified(&fixture).await.is_whole());
}

/// I-E6: an event that waits for others stays in the log, however long events are kept at most.
pub async fn what_waits_for_others_is_kept(fixture: StoreFixture) {
    fixture.store().keep_events(Keep::at_least(SECOND).at_most(2 * SECOND)).await.expect("kept");
    subscribe(&fixture, batch(10, HOUR), None, Start::Now).await;
    publish(&fixture, [paid(1), NewEvent::bare("tick"), paid(2)]).await;
    feed(&fixture).await;
    fixture.advance(HOUR - SECOND);
    for _ in 0..3 {
        fixture.tidy().await;
    }
    let kept = fixture.store().events(0, 10).await.expect("read");
    assert_eq!(kept.iter().filter_map(|event| event.position).collect::<Vec<_>>(), [1, 3]);
    fixture.advance(SECOND);
    feed(&fixture).await;
    assert_eq!(together(&fixture).await, [[1, 3]]);
}

/// What has waited for others waits no longer where the subscription is changed, and becomes what it makes now; where it is removed
/// it goes with it.
pub async fn a_change_ends_the_waiting(fixture: StoreFixture) {
    subscribe(&fixture, batch(10, HOUR), None, Start::Now).await;
    publish(&fixture, [paid(1), paid(2)]).await;
    feed(&fixture).await;
    subscribe(&fixture, batch(20, HOUR), None, Start::Now).await;
    feed(&fixture).await;
    assert_eq!(together(&fixture).await, [[1, 2]]);
    publish(&fixture, [paid(3), paid(4)]).await;
    feed(&fixture).await;
    subscribe(&fixture, Mode::Each, None, Start::Now).await;
    feed(&fixture).await;
    assert_eq!(alone(&fixture).await, [2, 3, 4]);
    subscribe(&fixture, batch(10, HOUR), None, Start::Now).await;
    publish(&fixture, [paid(5)]).await;
    feed(&fixture).await;
    let number = all(&fixture).await[0].number;
    assert!(fixture.store().remove_subscription("some").await.expect("removed"));
    assert_eq!(fixture.store().windows(number).await.expect("read"), []);
    fixture.advance(HOUR);
    feed(&fixture).await;
    assert_eq!(alone(&fixture).await, [2, 3, 4]);
}

/// A replay goes once the last of its windows has closed.
pub async fn a_replay_goes_with_its_last_window(fixture: StoreFixture) {
    subscribe(&fixture, batch(2, HOUR), None, Start::Now).await;
    publish(&fixture, (1..=3).map(paid)).await;
    publish(&fixture, [NewEvent::bare("tick")]).await;
    feed(&fixture).await;
    let client = Client::new(fixture.shared_store());
    client.replay("some", &Replay::between(0, 3)).await.expect("begun");
    feed(&fixture).await;
    assert_eq!(together(&fixture).await, [[1, 2], [1, 2]]);
    assert_eq!(all(&fixture).await.len(), 2, "it waits for its last window");
    fixture.advance(HOUR);
    feed(&fixture).await;
    assert_eq!(together(&fixture).await.len(), 4);
    assert_eq!(all(&fixture).await.len(), 1);
}

/// I-E4: also where it wants nothing of the last parts that it is fed: what has waited since earlier ones is not lost with it.
pub async fn a_replay_that_ends_with_nothing_keeps_its_windows(fixture: StoreFixture) {
    subscribe(&fixture, batch(10, HOUR), None, Start::Now).await;
    publish(&fixture, (1..=3).map(paid)).await;
    publish(&fixture, (0..2 * ROUTE_EVENTS).map(|_| NewEvent::bare("tick"))).await;
    feed(&fixture).await;
    let client = Client::new(fixture.shared_store());
    client.replay("some", &Replay::between(0, 2 * ROUTE_EVENTS as u64)).await.expect("begun");
    feed(&fixture).await;
    assert_eq!(all(&fixture).await.len(), 2, "it waits for its last window");
    fixture.advance(HOUR);
    feed(&fixture).await;
    assert_eq!(together(&fixture).await, [[1, 2, 3], [1, 2, 3]]);
    assert_eq!(all(&fixture).await.len(), 1);
}

/// O4: what waits says until when, and each event of a job finds it.
pub async fn who_asks_finds_the_job_of_each_event(fixture: StoreFixture) {
    subscribe(&fixture, batch(2, HOUR), Some("data.customer"), Start::Now).await;
    let events = ["a", "b", "a", "b", "b"].map(|customer| of_customer(customer, 0));
    publish(&fixture, events.clone()).await;
    feed(&fixture).await;
    let client = Client::new(fixture.shared_store());
    let jobs = fixture.find("kind:on.some").await;
    let due = windows(&fixture).await[0].due_at;
    let expected = [
        Answer::Fed(jobs[1]),
        Answer::Fed(jobs[0]),
        Answer::Fed(jobs[1]),
        Answer::Fed(jobs[0]),
        Answer::Gathered(due),
    ];
    for (event, expected) in events.iter().zip(expected) {
        let explained = client.explain_event(event.id).await.expect("read").expect("it is there");
        let decision = &explained.decisions[0];
        assert_eq!(decision.answer, expected);
        assert_eq!(decision.state.is_some(), expected.job().is_some());
        let others = expected.job().map(|_| Together::With(1));
        assert_eq!(decision.together, others, "the last one waits alone");
    }
    let of_all = client.explain_subscription("some").await.expect("read").expect("it is there");
    let answers: Vec<_> = of_all.matches.iter().map(|one| one.answer).collect();
    assert_eq!(answers, expected);
}

/// O4: who asks is told how many others wait with an event, and which later one has replaced it, before there is a job and then.
pub async fn who_asks_is_told_what_an_event_is_together_with(fixture: StoreFixture) {
    subscribe(&fixture, Mode::latest(HOUR), Some("data.customer"), Start::Now).await;
    put_as(&fixture, "batch", of(batch(7, HOUR)), Start::Now).await;
    let events = ["a", "b", "a", "a", "b"].map(|customer| of_customer(customer, 0));
    publish(&fixture, events.clone()).await;
    feed(&fixture).await;
    let replaced = [4, 5, 4].map(Together::ReplacedBy).map(Some).into_iter().chain([None, None]);
    let client = Client::new(fixture.shared_store());
    for round in ["waits", "fed"] {
        for (event, replaced) in events.iter().zip(replaced.clone()) {
            let explained = client.explain_event(event.id).await.expect("read").expect("there");
            let [latest, batch] = &explained.decisions[..] else { panic!("two: {explained:?}") };
            assert_eq!((latest.together, batch.together), (replaced, Some(Together::With(4))));
            let has_jobs = [latest, batch].map(|one| one.state.is_some());
            assert_eq!(has_jobs, [round == "fed"; 2]);
        }
        fixture.advance(HOUR);
        feed(&fixture).await;
    }
}

/// Events that are too large for one job together become several.
pub async fn large_events_become_several_jobs(fixture: StoreFixture) {
    subscribe(&fixture, batch(10, HOUR), None, Start::Now).await;
    publish(&fixture, [100, 100, 100, 255, 10].map(large)).await;
    feed(&fixture).await;
    fixture.advance(HOUR);
    feed(&fixture).await;
    assert_eq!(together(&fixture).await, [vec![1, 2], vec![3], vec![4], vec![5]]);
}

/// What comes after the end of a window is of the next one, also where so many are due that they close one after the other.
pub async fn what_comes_while_windows_close_is_of_the_next_one(fixture: StoreFixture) {
    const CUSTOMERS: usize = 450;
    let digest = Mode::digest("every 10s", "UTC");
    subscribe(&fixture, digest, Some("data.customer"), Start::Now).await;
    let one_each =
        |order: usize| (0..CUSTOMERS).map(move |nth| of_customer(&nth.to_string(), order));
    publish(&fixture, one_each(1)).await;
    feed(&fixture).await;
    fixture.advance(11 * SECOND);
    publish(&fixture, one_each(2)).await;
    feed(&fixture).await;
    fixture.advance(11 * SECOND);
    feed(&fixture).await;
    let jobs = together(&fixture).await;
    assert_eq!(jobs.len(), 2 * CUSTOMERS);
    assert!(jobs.iter().all(|job| job.len() == 1), "{jobs:?}");
}

/// I-E6: where the event that names a job of several was removed before the others, nobody takes these for missed.
pub async fn what_is_left_of_a_removed_window_is_not_missed(fixture: StoreFixture) {
    fixture.store().keep_events(Keep::at_least(SECOND)).await.expect("kept");
    subscribe(&fixture, batch(2, HOUR), None, Start::Now).await;
    publish(&fixture, [paid(1)]).await;
    feed(&fixture).await;
    super::subscribe(&fixture, "dead", "order.*", Start::After(0)).await;
    feed(&fixture).await;
    assert!(fixture.store().remove_subscription("dead").await.expect("removed"));
    publish(&fixture, [paid(2)]).await;
    feed(&fixture).await;
    assert_eq!(together(&fixture).await, [[1, 2]]);
    let worker = fixture.start(worker().knowing(&[("on.some", 1)])).await;
    let done = worker.claim(1).await;
    worker.settle_all(&done, &Verdict::Complete { output: None }).await;
    fixture.advance(2 * SECOND);
    for _ in 0..3 {
        fixture.tidy().await;
    }
    let kept = fixture.store().events(0, 10).await.expect("read");
    assert_eq!(kept.iter().filter_map(|event| event.position).collect::<Vec<_>>(), [1]);
    let whole = verified(&fixture).await;
    assert!(whole.is_whole() && whole.subscriptions[0].ended == 1, "{whole:?}");
}

/// O4: an event that a later one has replaced waits with it, and nobody takes it for missed.
pub async fn a_replaced_event_waits_with_the_latest(fixture: StoreFixture) {
    subscribe(&fixture, Mode::latest(HOUR), None, Start::Now).await;
    let events = [paid(1), paid(2)];
    for event in &events {
        publish(&fixture, [event.clone()]).await;
        feed(&fixture).await;
    }
    let whole = verified(&fixture).await;
    assert!(whole.is_whole() && whole.subscriptions[0].gathered == 2, "{whole:?}");
    let client = Client::new(fixture.shared_store());
    let due = windows(&fixture).await[0].due_at;
    let explained = client.explain_event(events[0].id).await.expect("read").expect("it is there");
    assert_eq!(explained.decisions[0].answer, Answer::Gathered(due));
    let signal = Subscription::signal(Filter::default(), "subject".parse().expect("a key"));
    // Also of one that was changed and has had no room since.
    let paused = fixture.store().pause_subscription("some", fixture.now());
    assert!(paused.await.expect("paused"));
    put(&fixture, of(Mode::Each), Start::Now).await;
    let refused = client.subscribe("some", &signal, Start::Now).await.expect_err("it waits");
    assert!(refused.to_string().contains("wait to become a job together"), "{refused}");
}
