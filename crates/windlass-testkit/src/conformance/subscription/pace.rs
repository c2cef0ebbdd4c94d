//! Pace: how fast what a subscription gets comes, and how fast it runs.

use std::num::NonZeroU32;
use std::time::Duration;

use windlass_core::client::Client;
use windlass_core::limit::{Limit, LimitOn};
use windlass_core::subscription::{Feed, Filter, Mode, Pace, Replay, Start, Subscription, Target};

use super::{all, feed, got, paid, publish, subscribe};
use crate::fixture::{SECOND, StoreFixture};
use crate::verdicts::complete;
use crate::worker::worker;

const KIND: &str = "on.again";

fn at(jobs: u32) -> Pace {
    Pace::per_second(NonZeroU32::new(jobs).expect("some"))
}

/// Begins a replay of 1,000 events at 100 a second.
async fn replay(fixture: &StoreFixture) {
    subscribe(fixture, "mail", "order.*", Start::Now).await;
    publish(fixture, (1..=1_000).map(paid)).await;
    feed(fixture).await;
    let (kind, pace) = (Some(KIND.to_owned()), Some(at(100)));
    let replay = Replay { kind, pace, ..Replay::between(0, 1_000) };
    let client = Client::new(fixture.shared_store());
    assert_eq!(client.replay("mail", &replay).await.expect("begun"), "mail/replay");
}

/// Rounds of one who feeds until there is nothing to do at this moment.
async fn rounds(feed: &mut Feed, fixture: &StoreFixture) -> u64 {
    let (mut jobs, mut is_held) = (0, false);
    loop {
        let fed = feed.round(fixture.store(), fixture.now()).await.expect("fed");
        jobs += fed.jobs;
        is_held |= fed.is_held;
        if !fed.is_behind {
            assert!(is_held || all(fixture).await.len() == 1, "it is told that there is more");
            return jobs;
        }
    }
}

/// E21: a replay writes no more jobs in a time than its pace says, however often it is looked at, and what is live goes on beside it.
pub async fn a_replay_keeps_its_pace(fixture: StoreFixture) {
    replay(&fixture).await;
    let mut feed = Feed::default();
    assert_eq!(rounds(&mut feed, &fixture).await, 100, "a second's worth");
    for _ in 0..5 {
        assert_eq!(rounds(&mut feed, &fixture).await, 0);
    }
    fixture.advance(SECOND / 2);
    publish(&fixture, [paid(1_001)]).await;
    assert_eq!(rounds(&mut feed, &fixture).await, 51, "and one for who is live");
    fixture.advance(SECOND / 20);
    assert_eq!(rounds(&mut feed, &fixture).await, 0, "five are too few to begin");
    fixture.advance(60 * SECOND);
    assert_eq!(rounds(&mut feed, &fixture).await, 100, "what was left out is not made up for");
    let mut seconds = 0;
    while all(&fixture).await.len() > 1 {
        fixture.advance(SECOND);
        assert!(rounds(&mut feed, &fixture).await <= 100);
        seconds += 1;
    }
    assert_eq!(seconds, 8, "750 were left");
    assert_eq!(got(&fixture, "again").await, (1..=1_000).collect::<Vec<_>>());
}

/// E21: who leads next begins with a second's worth at most, and the pace is that of what is stored.
pub async fn another_leader_keeps_the_pace(fixture: StoreFixture) {
    replay(&fixture).await;
    let mut jobs = 0;
    for _ in 0..3 {
        let mut feed = Feed::default();
        jobs += rounds(&mut feed, &fixture).await;
        assert_eq!(rounds(&mut feed, &fixture).await, 0);
    }
    assert_eq!(jobs, 300);
    let stored = all(&fixture).await.pop().expect("the replay");
    assert_eq!(stored.definition.pace, Some(at(100)));
    let mut slower = stored.definition.clone();
    slower.pace = Some("30/m".parse().expect("a pace"));
    let start = Start::Between(300, 1_000);
    let put = fixture.store().put_subscription("mail/replay", &slower, start, fixture.now());
    put.await.expect("changed");
    let mut feed = Feed::default();
    assert_eq!(rounds(&mut feed, &fixture).await, 1);
    fixture.advance(SECOND);
    assert_eq!(rounds(&mut feed, &fixture).await, 0);
    fixture.advance(SECOND);
    assert_eq!(rounds(&mut feed, &fixture).await, 1);
}

/// E21: without one it is fed what it has room for, and what makes no jobs has none.
pub async fn a_pace_is_of_jobs(fixture: StoreFixture) {
    replay(&fixture).await;
    let mut feed = Feed::without_pace();
    assert_eq!(rounds(&mut feed, &fixture).await, 1_000);
    let filter = || Filter::of_types(["order.*"]).build().expect("a filter");
    let signals = Subscription::to(filter(), Target::Signal("subject".parse().expect("a key")));
    let refused = signals.pace(at(1)).check().expect_err("refused");
    assert!(refused.to_string().contains("pace"), "{refused}");
}

/// E21: events that wait for others count, too, however few jobs come of them.
pub async fn a_pace_is_of_events_that_wait_for_others(fixture: StoreFixture) {
    publish(&fixture, (1..=400).map(paid)).await;
    fixture.store().sequence(1_000, fixture.now()).await.expect("given their positions");
    let filter = Filter::of_types(["order.*"]).build().expect("a filter");
    let batch = Mode::batch(NonZeroU32::new(1_000).expect("some"), 3_600 * SECOND);
    let some = Subscription::new(filter, KIND).mode(batch).pace(at(100));
    let start = Start::Between(0, 400);
    let put = fixture.store().put_subscription("some", &some, start, fixture.now());
    assert!(put.await.expect("put"));
    let mut feed = Feed::default();
    for waiting in [100, 200, 300] {
        assert_eq!(rounds(&mut feed, &fixture).await, 0);
        let windows = fixture.store().windows(all(&fixture).await[0].number).await.expect("read");
        assert_eq!(windows[0].positions.len(), waiting);
        fixture.advance(SECOND);
    }
}

/// X12: ten subscriptions want each event, and all their jobs are of one kind: its rate holds for the sum, over all workers.
pub async fn a_rate_holds_for_the_jobs_of_all_subscriptions(fixture: StoreFixture) {
    const MAIL: &str = "mail.send";
    let rate = Limit::on(LimitOn::Kind(MAIL.to_owned())).rate(10, SECOND);
    Client::new(fixture.shared_store()).set_limit(&rate).await.expect("set");
    for nth in 0..10 {
        let filter = Filter::of_types(["order.*"]).build().expect("a filter");
        let mail = Subscription::new(filter, MAIL);
        let name = format!("mail-{nth}");
        let put = fixture.store().put_subscription(&name, &mail, Start::Now, fixture.now());
        assert!(put.await.expect("put"));
    }
    publish(&fixture, (1..=40).map(paid)).await;
    feed(&fixture).await;
    assert_eq!(fixture.find(&format!("kind:{MAIL}")).await.len(), 400);
    let mut workers = Vec::new();
    for _ in 0..4 {
        workers.push(fixture.start(worker().knowing(&[(MAIL, 1)])).await);
    }
    let (mut started, mut elapsed) = (0, Duration::ZERO);
    while elapsed < 20 * SECOND {
        for worker in &workers {
            let batch = worker.claim(8).await;
            worker.settle_all(&batch, &complete()).await;
            started += batch.jobs.len();
        }
        elapsed += SECOND / 4;
        fixture.advance(SECOND / 4);
    }
    assert!((197..=210).contains(&started), "{started} in 20 s at 10 a second");
}
