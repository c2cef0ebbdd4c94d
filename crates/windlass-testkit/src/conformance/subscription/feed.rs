//! Feed: what was published becomes the jobs of those who want it.

use std::num::NonZeroU32;

use windlass_core::client::Client;
use windlass_core::error::StoreError;
use windlass_core::event::NewEvent;
use windlass_core::id::JobId;
use windlass_core::job::Verdict;
use windlass_core::operation::{Control, Controlled, Which};
use windlass_core::subscription::{
    Fed, Feed, Filter, Progress, Replay, Routed, Router, Slice, Start, Subscription, event_of,
    undoing,
};

use super::{all, feed, got, paid, progress, publish, subscribe};
use crate::fixture::StoreFixture;
use crate::worker::{Worker, worker};

/// O10, O8: an event becomes one job for each subscription that wants it, with the event as its parent and with what it is
/// about; who does not want it never hears of it.
pub async fn an_event_becomes_a_job_for_each_who_wants_it(fixture: StoreFixture) {
    subscribe(&fixture, "mail", "order.*", Start::Now).await;
    subscribe(&fixture, "log", "*", Start::Now).await;
    subscribe(&fixture, "other", "invoice.sent", Start::Now).await;
    let event = paid(7).about("customer=42".parse().expect("a subject"));
    publish(&fixture, [event.clone(), NewEvent::bare("tick")]).await;
    let fed = feed(&fixture).await;
    assert_eq!(fed.jobs, 3);
    assert_eq!(got(&fixture, "mail").await, [1]);
    assert_eq!(got(&fixture, "log").await, [1, 2]);
    assert_eq!(got(&fixture, "other").await, [0; 0]);
    let own = JobId::from_uuid(event.id.as_uuid());
    let found = fixture.find("kind:on.mail subject:customer=42").await;
    let job = fixture.job(found[0]).await;
    assert_eq!((job.root, job.parent), (Some(own), Some(own)));
}

/// I-E4: of two processes that feed at the same moment one writes: each subscription gets each event once.
pub async fn two_who_feed_write_once(fixture: StoreFixture) {
    subscribe(&fixture, "one", "*", Start::Now).await;
    let stores = [fixture.shared_store(), fixture.another_store().await];
    for round in 0..10 {
        publish(&fixture, (0..20).map(|nth| paid(20 * round + nth))).await;
        let rounds = [0, 1, 0, 1].map(|store: usize| {
            let (store, now) = (stores[store].clone(), fixture.now());
            async move { Feed::default().round(&*store, now).await.expect("fed") }
        });
        futures_util::future::join_all(rounds).await;
    }
    feed(&fixture).await;
    assert_eq!(got(&fixture, "one").await, (1..=200).collect::<Vec<_>>());
}

/// I-E4: a slice of what somebody else has fed, or of subscriptions that were changed since, is refused whole.
pub async fn a_stale_slice_writes_nothing(fixture: StoreFixture) {
    let store = fixture.store();
    subscribe(&fixture, "one", "*", Start::Now).await;
    publish(&fixture, [paid(1), paid(2)]).await;
    store.sequence(10, fixture.now()).await.expect("sequenced");
    let slice = {
        let log = store.event_log().await.expect("read");
        let router = Router::new(store.subscriptions().await.expect("read"));
        router.route(&store.events(0, 10).await.expect("read"), &log).expect("there are events")
    };
    subscribe(&fixture, "two", "*", Start::Now).await;
    assert_eq!(store.route(&slice, fixture.now()).await.expect("answered"), Routed::Stale);
    assert_eq!(got(&fixture, "one").await, [0; 0]);
    let revision = store.event_log().await.expect("read").revision;
    let again = Slice { revision, ..slice };
    assert_eq!(store.route(&again, fixture.now()).await.expect("answered"), Routed::Done);
    assert_eq!(store.route(&again, fixture.now()).await.expect("answered"), Routed::Stale);
    assert_eq!(got(&fixture, "one").await, [1, 2]);
}

/// I-E4: after a restored backup, which has another epoch, what was prepared for the log before is refused, and who fed it goes on from
/// what is stored, with nothing that it knew.
pub async fn another_log_is_fed_from_what_is_stored(fixture: StoreFixture) {
    let store = fixture.store();
    subscribe(&fixture, "one", "*", Start::Now).await;
    let mut feeding = Feed::default();
    publish(&fixture, [paid(1)]).await;
    while feeding.round(store, fixture.now()).await.expect("fed").is_behind {}
    publish(&fixture, [paid(2)]).await;
    store.sequence(10, fixture.now()).await.expect("sequenced");
    let before = store.event_log().await.expect("read");
    let slice = {
        let router = Router::new(store.subscriptions().await.expect("read"));
        router.route(&store.events(1, 10).await.expect("read"), &before).expect("there are events")
    };
    let seconds = fixture.moment().as_micros().unsigned_abs() / 1_000_000;
    assert_eq!(store.renew_log(fixture.now()).await.expect("renewed"), seconds);
    assert_eq!(store.event_log().await.expect("read").epoch, seconds);
    // The log that was lost may have been changed more often than the one that was restored.
    for seen in before.revision..before.revision + 10 {
        let slice = Slice { revision: seen, ..slice.clone() };
        let routed = store.route(&slice, fixture.now()).await.expect("answered");
        assert_eq!(routed, Routed::Stale, "{seen} of {}", before.revision);
    }
    while feeding.round(store, fixture.now()).await.expect("fed").is_behind {}
    assert_eq!(got(&fixture, "one").await, [1, 2]);
    let again = store.renew_log(fixture.now()).await.expect("renewed");
    assert_eq!(again, seconds + 1, "another one at the same moment");
    assert!(Client::new(fixture.shared_store()).verify_events().await.expect("read").is_whole());
}

/// I-E4: one that catches up is handed over to those that are live while events come in each round: it misses none and gets none
/// twice.
pub async fn who_catches_up_is_handed_over(fixture: StoreFixture) {
    publish(&fixture, (1..=1_200).map(paid)).await;
    feed(&fixture).await;
    subscribe(&fixture, "late", "*", Start::After(0)).await;
    let mut catching = Feed::default();
    let mut number = 1_200;
    for _ in 0..16 {
        number += 1;
        publish(&fixture, [paid(number)]).await;
        catching.round(fixture.store(), fixture.now()).await.expect("fed");
    }
    assert_eq!(progress(&fixture, "late").await, Progress::Live);
    feed(&fixture).await;
    assert_eq!(got(&fixture, "late").await, (1..=number as u64).collect::<Vec<_>>());
}

/// O8: where nobody wants anything the log is passed over, and nothing is left to do.
pub async fn what_nobody_wants_is_passed_over(fixture: StoreFixture) {
    publish(&fixture, (1..=700).map(paid)).await;
    let fed = feed(&fixture).await;
    assert_eq!((fed.routed, fed.jobs), (700, 0));
    assert_eq!(feed(&fixture).await, Fed::default());
    assert_eq!(all(&fixture).await, []);
}

/// Claims so many jobs, and completes them.
async fn completed(worker: &Worker<'_>, jobs: usize) -> Vec<JobId> {
    let batch = worker.claim(jobs).await;
    worker.settle_all(&batch, &Verdict::Complete { output: None }).await;
    batch.jobs.iter().map(|job| job.id).collect()
}

/// I-E5: no more jobs of a subscription are unfinished than it has credit for; what is beyond stays in the log, comes in order once
/// there is room, and keeps nobody else waiting.
pub async fn a_subscription_has_no_more_jobs_than_credit(fixture: StoreFixture) {
    let filter = Filter::of_types(["order.*"]).build().expect("a filter");
    let credit = NonZeroU32::new(7).expect("it is not 0");
    let slow = Subscription::new(filter, "on.slow").credit(credit);
    let put = fixture.store().put_subscription("slow", &slow, Start::Now, fixture.now());
    assert!(put.await.expect("put"));
    subscribe(&fixture, "fast", "order.*", Start::Now).await;
    let worker = fixture.start(worker().knowing(&[("on.slow", 1)])).await;
    let (mut done, mut published) = (Vec::new(), 0);
    for round in 0..12 {
        publish(&fixture, (0..3).map(|nth| paid(published + nth))).await;
        published += 3;
        feed(&fixture).await;
        let waiting = got(&fixture, "slow").await.len() - done.len();
        assert!(waiting <= 7, "{waiting} in round {round}");
        done.extend(completed(&worker, 2).await.into_iter().filter_map(event_of));
    }
    while done.len() < published {
        assert!(feed(&fixture).await.jobs <= 7);
        done.extend(completed(&worker, 5).await.into_iter().filter_map(event_of));
    }
    let positions: Vec<_> = done.into_iter().map(|(position, _)| position).collect();
    assert_eq!(positions, (1..=published as u64).collect::<Vec<_>>());
    assert_eq!(got(&fixture, "fast").await.len(), published);
    feed(&fixture).await;
    assert_eq!(progress(&fixture, "slow").await, Progress::Live);
}

/// I-E5: the unfinished jobs of each subscription are counted alone, those that wait and those that run.
pub async fn each_subscription_has_its_own_unfinished_jobs(fixture: StoreFixture) {
    for name in ["a", "b", "c"] {
        subscribe(&fixture, name, "order.*", Start::Now).await;
    }
    publish(&fixture, (1..=5).map(paid)).await;
    feed(&fixture).await;
    let worker = fixture.start(worker().knowing(&[("on.b", 1)])).await;
    completed(&worker, 2).await;
    assert_eq!(worker.claim(2).await.jobs.len(), 2);
    let counted: Vec<_> = all(&fixture).await.iter().map(|one| (one.number, 9)).collect();
    assert_eq!(fixture.store().unfinished(&counted).await.expect("counted"), [5, 3, 5]);
}

/// I-E5: also where two feed in turn, as when who leads changes: neither knows how many jobs the other has written.
pub async fn two_who_feed_in_turn_stay_within_credit(fixture: StoreFixture) {
    let filter = Filter::of_types(["order.*"]).build().expect("a filter");
    let slow = Subscription::new(filter, "on.slow").credit(NonZeroU32::new(7).expect("not 0"));
    let put = fixture.store().put_subscription("slow", &slow, Start::Now, fixture.now());
    assert!(put.await.expect("put"));
    let mut feeds = [Feed::default(), Feed::default()];
    for nth in 0..8 {
        publish(&fixture, [1, 2].map(|order| paid(2 * nth + order))).await;
        let feed = &mut feeds[nth % 2];
        while feed.round(fixture.store(), fixture.now()).await.expect("fed").is_behind {}
        let jobs = got(&fixture, "slow").await.len();
        assert_eq!(jobs, (2 * nth + 2).min(7), "after {} events", 2 * nth + 2);
    }
}

/// O27: one event for more subscriptions than one transaction feeds: each gets it once, also those that are paused, resumed and made
/// while it is half-way.
pub async fn one_event_goes_to_many_in_parts(fixture: StoreFixture) {
    const MANY: usize = 2_500;
    for number in 0..MANY {
        subscribe(&fixture, &format!("s{number}"), "order.*", Start::Now).await;
    }
    publish(&fixture, [paid(1), paid(2)]).await;
    let (store, mut feeding) = (fixture.store(), Feed::default());
    let fed = feeding.round(store, fixture.now()).await.expect("fed");
    assert_eq!((fed.routed, fed.jobs, fed.is_behind), (0, 1_000, true));
    // One that has got it and one that has not.
    for name in ["s3", "s2400"] {
        assert!(store.pause_subscription(name, fixture.now()).await.expect("paused"));
    }
    subscribe(&fixture, "late", "order.*", Start::Now).await;
    feeding.round(store, fixture.now()).await.expect("fed");
    for name in ["s3", "s2400"] {
        assert!(store.resume_subscription(name).await.expect("resumed"));
    }
    while feeding.round(store, fixture.now()).await.expect("fed").is_behind {}
    for name in ["s0", "s3", "s999", "s1000", "s2400", "s2499"] {
        assert_eq!(got(&fixture, name).await, [1, 2], "{name}");
    }
    assert_eq!(got(&fixture, "late").await, [0; 0]);
    let log = store.event_log().await.expect("read");
    assert_eq!((log.routed, log.part), (2, 0));
}

/// E21: jobs of events that have the same key run one after the other, in the order of the log; others beside them.
pub async fn events_with_one_key_are_handled_in_order(fixture: StoreFixture) {
    let filter = Filter::of_types(["order.*"]).build().expect("a filter");
    let definition =
        Subscription::new(filter, "on.lane").lane("data.order".parse().expect("a key"));
    let put = fixture.store().put_subscription("lane", &definition, Start::Now, fixture.now());
    assert!(put.await.expect("put"));
    publish(&fixture, [1, 2, 1, 2, 1].map(paid)).await;
    feed(&fixture).await;
    let worker = fixture.start(worker().knowing(&[("on.lane", 1)])).await;
    for expected in [vec![1, 2], vec![3, 4], vec![5]] {
        let done = completed(&worker, 10).await.into_iter().filter_map(event_of);
        let mut positions: Vec<_> = done.map(|(position, _)| position).collect();
        positions.sort_unstable();
        assert_eq!(positions, expected);
    }
}

/// E21: a replay begins only with as many events as were expected, and is taken back: what has not begun of it is cancelled, and
/// back again where that was wrong.
pub async fn a_replay_is_expected_and_undone(fixture: StoreFixture) {
    let client = Client::new(fixture.shared_store());
    subscribe(&fixture, "mail", "order.*", Start::Now).await;
    publish(&fixture, (1..=30).map(paid)).await;
    feed(&fixture).await;
    let kind = Some("on.again".to_owned());
    let credit = NonZeroU32::new(10);
    let replay = Replay { kind, credit, ..Replay::between(10, 30) };
    let preview = client.preview_replay("mail", &replay).await.expect("looked");
    let last: Vec<_> = preview.samples.iter().map(|event| event.position).collect();
    assert_eq!((preview.events, last.last()), (20, Some(&Some(30))));
    let other = client.replay("mail", &replay.clone().expect(19)).await;
    assert!(matches!(&other, Err(StoreError::Conflict { what }) if what.contains("found 20")));
    assert_eq!(all(&fixture).await.len(), 1, "nothing was written");
    client.replay("mail", &replay.expect(20)).await.expect("begun");
    feed(&fixture).await;
    assert_eq!(got(&fixture, "again").await, (11..=20).collect::<Vec<_>>());
    let worker = fixture.start(worker().knowing(&[("on.again", 1)])).await;
    completed(&worker, 4).await;

    assert!(client.unsubscribe("mail/replay").await.expect("removed"));
    let store = fixture.store();
    let begun = store.start_operation(&undoing("mail"), fixture.now()).await.expect("begun");
    assert_eq!(begun.matched, Some(6), "what has ended stays");
    let which = Which::Of(begun.id);
    let round = store.operation_round(which, 100, fixture.now()).await.expect("done");
    assert_eq!((round.jobs, all(&fixture).await.len()), (6, 1));
    feed(&fixture).await;
    assert_eq!(fixture.find("tag:replay:mail").await.len(), 10, "no more come");
    assert_eq!(fixture.find("tag:replay:mail state:cancelled").await.len(), 6);
    assert_eq!(fixture.find("kind:on.mail state:available").await.len(), 30, "its own stay");
    let undo = store.control_operation(begun.id, Control::Undo, fixture.now());
    assert!(matches!(undo.await.expect("asked"), Controlled::Done(_)));
    store.operation_round(which, 100, fixture.now()).await.expect("done");
    assert_eq!(fixture.find("tag:replay:mail state:available").await.len(), 6);
}

/// E21, I-E4: a part of the log is fed once more, beside what comes: new jobs of its own, within its credit, and then it is over.
pub async fn a_part_of_the_log_is_replayed(fixture: StoreFixture) {
    let client = Client::new(fixture.shared_store());
    subscribe(&fixture, "mail", "order.*", Start::Now).await;
    publish(&fixture, (1..=1_300).map(paid)).await;
    feed(&fixture).await;
    let credit = NonZeroU32::new(800);
    let replay =
        Replay { kind: Some("on.again".to_owned()), credit, ..Replay::between(100, 1_200) };
    assert_eq!(client.replay("mail", &replay).await.expect("begun"), "mail/replay");
    assert!(matches!(client.replay("mail", &replay).await, Err(StoreError::Conflict { .. })));
    assert!(matches!(client.replay("none", &replay).await, Err(StoreError::NotFound { .. })));
    publish(&fixture, [paid(1_301)]).await;
    feed(&fixture).await;
    assert_eq!(got(&fixture, "again").await, (101..=900).collect::<Vec<_>>());
    let worker = fixture.start(worker().knowing(&[("on.again", 1)])).await;
    completed(&worker, 700).await;
    feed(&fixture).await;
    assert_eq!(got(&fixture, "again").await, (101..=1_200).collect::<Vec<_>>());
    let names: Vec<_> = all(&fixture).await.into_iter().map(|one| one.name).collect();
    assert_eq!(names, ["mail"], "it is over");
    assert_eq!(got(&fixture, "mail").await, (1..=1_301).collect::<Vec<_>>());
    assert_eq!(fixture.find("tag:replay").await.len(), 1_100);
    assert_eq!(fixture.find("tag:replay:mail").await.len(), 1_100);
    // One of what nobody wants, and of what is there no more.
    client.replay("mail", &Replay::between(1_301, 1_301)).await.expect("begun");
    feed(&fixture).await;
    assert_eq!(all(&fixture).await.len(), 1);
}
