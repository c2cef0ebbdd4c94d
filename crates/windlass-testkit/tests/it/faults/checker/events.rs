//! Logs with holes, events that are lost or come twice, subscriptions that miss some.

use std::num::NonZeroU32;
use std::time::Duration;

use windlass_core::event::{EventStore, Keep, NewEvent, claim};
use windlass_core::id::EventId;
use windlass_core::job::{JobRecord, State};
use windlass_core::json::Json;
use windlass_core::maintenance::MaintenanceStore;
use windlass_core::subscription::{
    Feed, Filter, Mode, Progress, Start, Subscription, SubscriptionStore, event_of,
};
use windlass_core::worker::Registration;
use windlass_testkit::database::{PostgresDatabase, SqliteFile, run};
use windlass_testkit::draft::KIND;
use windlass_testkit::fixture::{MINUTE, StoreFixture};
use windlass_testkit::history::History;
use windlass_testkit::history::record::{Event, Fate, Logged, Told, counter};
use windlass_testkit::history::sabotage::Sabotage;
use windlass_testkit::history::verdict::Verdict;
use windlass_testkit::worker::request;

use super::TwoWorkers;

/// Events of the short life, of which one was published twice.
const EVENTS: usize = 14;
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// What the slow subscription has credit for.
const CREDIT: u32 = 2;

/// I-E1–I-E5: a sound store passes, on both.
#[test]
fn a_sound_log_is_acquitted() {
    for history in [
        run(SqliteFile::fresh(), |fixture| live(fixture, None)),
        run(PostgresDatabase::fresh(), |fixture| live(fixture, None)),
    ] {
        let verdict = Verdict::on(&history);
        assert!(verdict.is_clean(), "{verdict}: {:?}", verdict.broken);
        assert_eq!((verdict.events, verdict.again, verdict.fed), (EVENTS, 1, 2 * EVENTS));
    }
}

/// I-E1–I-E5: each bug of a store is found under its invariant's name.
#[test]
fn every_sabotage_of_events_is_convicted() {
    let cases = [
        (Sabotage::HidesEvents, "I-E1"),
        (Sabotage::PublishesLate, "I-E1"),
        (Sabotage::ForgetsGivenEventIds, "I-E2"),
        (Sabotage::LosesEvents, "I-E3"),
        (Sabotage::FeedsTooLittle, "I-E4"),
        (Sabotage::ForgetsLanesOfEvents, "I-O1"),
        (Sabotage::ForgetsCredit, "I-E5"),
    ];
    for (sabotage, invariant) in cases {
        let history = run(SqliteFile::fresh(), |fixture| live(fixture, Some(sabotage)));
        let verdict = Verdict::on(&history);
        assert!(verdict.breaks(invariant), "{sabotage:?}: {:?}", verdict.broken);
    }
}

/// I-E4: an event that is in no job of several, or in two, is found.
#[test]
fn what_windows_lose_is_found() {
    for history in [
        run(SqliteFile::fresh(), |fixture| live_together(fixture, None)),
        run(PostgresDatabase::fresh(), |fixture| live_together(fixture, None)),
    ] {
        let verdict = Verdict::on(&history);
        assert!(verdict.is_clean(), "{verdict}: {:?}", verdict.broken);
        let mut twice = history;
        let mut again = of_event(&twice);
        again.args =
            Json::stored(again.args.as_str().replace("\"position\":1,", "\"position\":7,"));
        twice.ended.push(again);
        assert!(Verdict::on(&twice).breaks("I-E4"));
    }
    let sabotage = Some(Sabotage::ClosesTooFew);
    let lost = run(SqliteFile::fresh(), |fixture| live_together(fixture, sabotage));
    assert!(Verdict::on(&lost).breaks("I-E4"), "{:?}", Verdict::on(&lost).broken);
}

/// Seven events, of which a subscription gets three in a job.
async fn live_together(fixture: StoreFixture, sabotage: Option<Sabotage>) -> History {
    let workers = TwoWorkers::new(fixture, sabotage);
    let mode = Mode::batch(NonZeroU32::new(3).expect("not 0"), MINUTE);
    let some = Subscription::new(Filter::default(), KIND).mode(mode);
    let now = || workers.fixture.now();
    let put = workers.store.put_subscription("some", &some, Start::After(0), now());
    assert!(put.await.expect("it reaches the store"));
    let events: Vec<NewEvent> = (1..=7).map(order).collect();
    workers.store.publish(&events, now()).await.expect("it reaches the store");
    let worker = workers.worker().await;
    let mut feed = Feed::default();
    for _ in 0..2 {
        while feed.round(&workers.store, now()).await.expect("fed").is_behind {}
        workers.handle_all(&worker).await;
        workers.fixture.advance(MINUTE);
    }
    workers.history().await
}

/// A history that is falsified, under which invariant that shows, and a word of the case.
type Falsified = (fn(&mut History), &'static str, &'static str);

/// I-E1–I-E4, I-E7: what no store of ours can be made to do is found in a history that says so.
#[test]
fn what_is_falsified_is_found() {
    const CASES: [Falsified; 15] = [
        (|history| drop(history.log.remove(4)), "I-E1", "the log reaches"),
        (|history| history.log.swap(3, 4), "I-E1", "comes after"),
        (|history| history.log[4].id = history.log[3].id, "I-E1", "is at 4 and at 5"),
        (tear_a_page, "I-E1", "somebody saw"),
        (|history| turn(history, (0, EVENTS - 1)), "I-E1", "was published"),
        (|history| turn(history, (0, 1)), "I-E1", "which the call has first"),
        (name_another, "I-E2", "it was told"),
        (|history| end_all(history, Fate::Refused), "I-E3", "was rolled back"),
        (lose_half, "I-E3", "events of a call are there"),
        (|history| history.log[2].id = EventId::new(), "I-E3", "nobody published"),
        (|history| history.ended.push(of_event(history)), "I-E4", "got"),
        (|history| history.log[2].event_type = "tick".to_owned(), "I-E4", "does not want it"),
        (tell_of_another, "I-E4", "was told of"),
        (begin_in_reverse, "I-E4", "began before"),
        (repeat_a_record, "I-E7", "record 7 at 4 comes after 7"),
    ];
    let sound = run(SqliteFile::fresh(), |fixture| live(fixture, None));
    for (falsify, invariant, word) in CASES {
        let mut history = sound.clone();
        falsify(&mut history);
        let broken = Verdict::on(&history).broken;
        let is_found = |case: &String| case.starts_with(invariant) && case.contains(word);
        assert!(broken.iter().any(is_found), "{word}: {broken:?}");
    }
}

/// A record of a feed is there twice.
fn repeat_a_record(history: &mut History) {
    for event in &mut history.log[2..4] {
        event.source = "/sources/feed".to_owned();
        event.given = Some("7".to_owned());
    }
}

/// I-E6: events that are removed before their time, or that a job still needs, are found.
#[test]
fn what_is_removed_too_early_is_found() {
    let kept = run(SqliteFile::fresh(), |fixture| forget(fixture, None));
    let verdict = Verdict::on(&kept);
    assert!(verdict.is_clean(), "{verdict}: {:?}", verdict.broken);
    assert_eq!((verdict.events, verdict.removed), (EVENTS, 0));
    let sabotage = Some(Sabotage::KeepsTooShort);
    let mut history = run(SqliteFile::fresh(), |fixture| forget(fixture, sabotage));
    assert!(Verdict::on(&history).breaks("I-E6"));
    // They may have gone by then.
    history.read_at = history.read_at.map(|at| at.after(100 * 365 * DAY));
    let verdict = Verdict::on(&history);
    assert!(verdict.is_clean(), "{verdict}: {:?}", verdict.broken);
    assert_eq!(verdict.removed, EVENTS);
    let job = of_event(&history).id;
    for state in [State::Dead, State::Waiting] {
        let ended = history.ended.iter_mut().filter(|ended| ended.id == job);
        ended.for_each(|ended| ended.state = state);
        assert!(Verdict::on(&history).breaks("I-E6"), "{state}");
    }
    history.records.retain(|record| !matches!(record.event, Event::LogRead { .. }));
    assert!(!Verdict::on(&history).breaks("I-E3"), "nobody has written down what went");
}

/// All of it is written down and handled, and then removed where its time is over.
async fn forget(fixture: StoreFixture, sabotage: Option<Sabotage>) -> History {
    let workers = live_of(fixture, sabotage).await;
    workers.store.keep_events(Keep::at_least(DAY)).await.expect("it reaches the store");
    let page = workers.store.events(0, 100).await.expect("it reaches the store");
    let events = page.iter().filter_map(Logged::of).collect();
    workers.journal.note(Event::LogRead { events });
    for _ in 0..2 {
        workers.fixture.advance(MINUTE);
        workers.store.tidy(workers.fixture.now()).await.expect("it reaches the store");
    }
    workers.history().await
}

/// I-E4: a subscription that stands still for no reason is found, and so is one that is gone before its end; a paused one may stand,
/// and one that was removed got what came before.
#[test]
fn one_that_is_left_behind_is_found() {
    let sound = run(SqliteFile::fresh(), |fixture| live(fixture, None));
    let mut behind = sound.clone();
    behind.subscriptions[0].progress = Progress::CatchingUp { position: 3 };
    assert!(Verdict::on(&behind).breaks("I-E4"));
    behind.subscriptions[0].paused_at = behind.read_at;
    let verdict = Verdict::on(&behind);
    assert!(verdict.is_clean(), "{:?}", verdict.broken);
    let mut gone = sound;
    gone.subscriptions.clear();
    let last = |history: &History| history.ended.iter().map(|job| job.id).max();
    let newest = last(&gone).expect("there are jobs");
    gone.ended.retain(|job| job.id != newest);
    assert!(Verdict::on(&gone).breaks("I-E4"));
    let mut removed = gone.records[0].clone();
    for name in ["all", "slow"] {
        removed.event = Event::Unsubscribed { name: name.to_owned() };
        gone.records.push(removed.clone());
    }
    assert!(!Verdict::on(&gone).breaks("I-E4"), "{:?}", Verdict::on(&gone).broken);
    let first = gone.ended.iter().map(|job| job.id).min().expect("there are jobs");
    gone.ended.retain(|job| job.id != first);
    assert!(Verdict::on(&gone).breaks("I-E4"), "it got others behind that one");
}

/// I-W1: a part of the log that nobody wants gives no work that an idle worker would have to notice.
#[test]
fn what_nobody_wants_is_not_waited_for() {
    let verdict = run(SqliteFile::fresh(), async |fixture| {
        let workers = TwoWorkers::new(fixture, None);
        workers.worker().await;
        let events = [order(1), order(2)];
        let published = workers.store.publish(&events, workers.fixture.now()).await;
        published.expect("it reaches the store");
        let mut feed = Feed::default();
        while feed.round(&workers.store, workers.fixture.now()).await.expect("fed").is_behind {}
        Verdict::on(&workers.history().await)
    });
    assert!(verdict.is_clean() && verdict.events == 2, "{verdict}: {:?}", verdict.broken);
}

/// Three calls that publish before there is a subscription, and three behind that; two subscriptions, of which one has little
/// credit and the other a lane; all of it is handled.
async fn live(fixture: StoreFixture, sabotage: Option<Sabotage>) -> History {
    live_of(fixture, sabotage).await.history().await
}

async fn live_of(fixture: StoreFixture, sabotage: Option<Sabotage>) -> TwoWorkers {
    let workers = TwoWorkers::new(fixture, sabotage);
    let mut events = (1..).map(order);
    let mut publish = async |first: Option<NewEvent>| {
        let events: Vec<NewEvent> = first.into_iter().chain(events.by_ref().take(2)).collect();
        let now = workers.fixture.now();
        workers.store.publish(&events, now).await.expect("it reaches the store");
    };
    publish(None).await;
    publish(Some(order(100).given("once"))).await;
    let filter = Filter::of_types(["order.*"]).build().expect("a filter");
    let all = Subscription::new(Filter::default(), KIND).lane("subject".parse().expect("a key"));
    let slow = Subscription::new(filter, KIND).credit(NonZeroU32::new(CREDIT).expect("not 0"));
    for (name, subscription) in [("all", all), ("slow", slow)] {
        let put = workers.store.put_subscription(
            name,
            &subscription,
            Start::After(0),
            workers.fixture.now(),
        );
        assert!(put.await.expect("it reaches the store"));
    }
    publish(Some(order(100).given("once"))).await;
    for _ in 0..2 {
        publish(None).await;
    }
    publish(Some(order(101))).await;
    let worker = workers.worker().await;
    let mut feed = Feed::default();
    for _ in 0..3 * EVENTS {
        while feed.round(&workers.store, workers.fixture.now()).await.expect("fed").is_behind {}
        workers.handle_all(&worker).await;
    }
    workers
}

fn order(counter: u64) -> NewEvent {
    let data = Json::args(format!(r#"{{"counter":{counter}}}"#)).expect("JSON");
    NewEvent::new("order.paid", data).source("/shop").subject(format!("key/{}", counter % 2))
}

impl TwoWorkers {
    /// Claims and completes what there is, as an engine does.
    async fn handle_all(&self, worker: &Registration) {
        let batch = claim(&self.store, &request(worker, 100), self.fixture.now()).await;
        let batch = batch.expect("it reaches the store");
        for job in &batch.jobs {
            let (id, attempt, label) = (job.id, job.attempt, worker.label.clone());
            self.journal.note(Event::Start { job: id, attempt, lease: batch.lease, worker: label });
            let event = job.event.as_ref().map(|event| Told {
                event: event.id,
                position: event.position,
                key: event.subject.clone(),
                counter: event.data.as_ref().and_then(counter),
            });
            self.journal.note(Event::Handled { job: id, event });
        }
        self.end(worker, &batch).await;
    }
}

fn tear_a_page(history: &mut History) {
    let pages = history.records.iter_mut().filter_map(|record| match &mut record.event {
        Event::LogSeen { events, .. } if *events > 1 => Some(events),
        _ => None,
    });
    *pages.last().expect("somebody has read") -= 1;
}

/// What was published last comes first.
fn turn(history: &mut History, (one, other): (usize, usize)) {
    let first = history.log[one].id;
    history.log[one].id = history.log[other].id;
    history.log[other].id = first;
}

fn end_all(history: &mut History, with: Fate) {
    for record in &mut history.records {
        if let Event::Published { fate, .. } = &mut record.event {
            *fate = with;
        }
    }
}

fn lose_half(history: &mut History) {
    end_all(history, Fate::Unknown);
    history.log.remove(0);
}

fn name_another(history: &mut History) {
    for record in &mut history.records {
        if let Event::Published { existing, .. } = &mut record.event {
            existing.iter_mut().for_each(|(_, there)| *there = EventId::new());
        }
    }
}

fn of_event(history: &History) -> JobRecord {
    let of_event = |job: &&JobRecord| event_of(job.id).is_some();
    history.ended.iter().find(of_event).expect("there are jobs of events").clone()
}

fn tell_of_another(history: &mut History) {
    let told = history.records.iter_mut().filter_map(|record| match &mut record.event {
        Event::Handled { event: Some(told), .. } => Some(told),
        _ => None,
    });
    told.last().expect("handlers ran").counter = Some(77);
}

/// The handlers of all jobs begin in the reverse of their order.
fn begin_in_reverse(history: &mut History) {
    let starts: Vec<usize> = (0..history.records.len())
        .filter(|nth| matches!(history.records[*nth].event, Event::Start { .. }))
        .collect();
    let mut moments: Vec<u64> = starts.iter().map(|nth| history.records[*nth].at).collect();
    moments.reverse();
    for (nth, at) in starts.into_iter().zip(moments) {
        history.records[nth].at = at;
    }
}
