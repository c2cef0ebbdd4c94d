//! Keep: how long events stay, what keeps them longer, and what is told where they went too early.

use std::time::Duration;

use windlass_core::client::Client;
use windlass_core::event::Keep;
use windlass_core::id::JobId;
use windlass_core::job::{Outcome, Verdict};
use windlass_core::subscription::{Beside, GapRecord, Progress, Reach, Slice, Start, event_of};

use super::{feed, got, paid, progress, publish, subscribe};
use crate::fixture::StoreFixture;
use crate::worker::worker;

const DAY: Duration = Duration::from_secs(86_400);

async fn keep(fixture: &StoreFixture, keep: Keep) {
    fixture.store().keep_events(keep).await.expect("kept");
}

/// Tidies until nothing more goes; how many events went.
async fn forget(fixture: &StoreFixture) -> u64 {
    let mut gone = 0;
    // A walk that has come to the end begins again.
    let mut empty = 0;
    while empty < 2 {
        let forgotten = fixture.tidy().await.forgotten;
        empty = if forgotten == 0 { empty + 1 } else { 0 };
        gone += forgotten;
    }
    gone
}

async fn positions(fixture: &StoreFixture) -> Vec<u64> {
    let events = fixture.store().events(0, 10_000).await.expect("read");
    events.into_iter().filter_map(|event| event.position).collect()
}

async fn gaps(fixture: &StoreFixture) -> Vec<(u64, u64)> {
    let gaps = fixture.store().gaps().await.expect("read");
    gaps.iter().map(|gap: &GapRecord| (gap.from, gap.to)).collect()
}

async fn is_whole(fixture: &StoreFixture) -> bool {
    Client::new(fixture.shared_store()).verify_events().await.expect("looked at").is_whole()
}

/// Claims so many jobs of a kind and ends them so.
async fn end(fixture: &StoreFixture, kind: &str, jobs: usize, verdict: &Verdict) -> Vec<JobId> {
    let worker = fixture.start(worker().knowing(&[(kind, 1)])).await;
    let batch = worker.claim(jobs).await;
    worker.settle_all(&batch, verdict).await;
    batch.jobs.iter().map(|job| job.id).collect()
}

/// O39, I-E6: an event stays for its time, and longer while a job that came of it waits, runs or is dead; the others go, whatever
/// stays before them.
pub async fn events_go_when_their_time_is_over_and_nothing_needs_them(fixture: StoreFixture) {
    keep(&fixture, Keep::at_least(2 * DAY)).await;
    subscribe(&fixture, "mail", "order.*", Start::Now).await;
    publish(&fixture, (1..=1_500).map(paid)).await;
    feed(&fixture).await;
    end(&fixture, "on.mail", 1_490, &Verdict::Complete { output: None }).await;
    let (outcome, error, reason) = (Outcome::Error, "no".to_owned(), "no".to_owned());
    let dead = end(&fixture, "on.mail", 1, &Verdict::Die { outcome, error, reason }).await;
    let runs = fixture.start(worker().knowing(&[("on.mail", 1)])).await;
    let running = runs.claim(1).await;
    fixture.advance(DAY);
    assert_eq!(forget(&fixture).await, 0);
    fixture.advance(DAY + Duration::from_secs(1));
    assert_eq!(forget(&fixture).await, 1_490);
    assert_eq!(positions(&fixture).await, (1_491..=1_500).collect::<Vec<_>>());
    assert!(is_whole(&fixture).await);
    // The jobs that kept them end one after the other.
    runs.settle_all(&running, &Verdict::Complete { output: None }).await;
    assert_eq!(forget(&fixture).await, 1);
    end(&fixture, "on.mail", 100, &Verdict::Complete { output: None }).await;
    assert_eq!(forget(&fixture).await, 8);
    let (position, _) = event_of(dead[0]).expect("it came of an event");
    assert_eq!(positions(&fixture).await, [position]);
    let log = fixture.store().event_log().await.expect("read");
    assert_eq!((log.last, log.removed), (1_500, 1_499));
    publish(&fixture, [paid(1_501)]).await;
    feed(&fixture).await;
    assert_eq!(positions(&fixture).await, [position, 1_501]);
    assert!(is_whole(&fixture).await);
    fixture.retry(dead[0]).await;
    end(&fixture, "on.mail", 100, &Verdict::Complete { output: None }).await;
    assert_eq!(forget(&fixture).await, 1, "it was retried, and has completed");
}

/// O39, I-E6: an event stays while a subscription has not been fed it: paused, or with as many jobs as it has credit for.
pub async fn what_somebody_waits_for_stays(fixture: StoreFixture) {
    keep(&fixture, Keep::at_least(DAY)).await;
    subscribe(&fixture, "slow", "order.*", Start::Now).await;
    publish(&fixture, (1..=10).map(paid)).await;
    fixture.store().sequence(100, fixture.now()).await.expect("sequenced");
    fixture.advance(2 * DAY);
    assert_eq!(forget(&fixture).await, 0, "nobody was fed");
    assert!(fixture.store().pause_subscription("slow", fixture.now()).await.expect("paused"));
    feed(&fixture).await;
    assert_eq!(forget(&fixture).await, 0);
    assert!(fixture.store().resume_subscription("slow").await.expect("resumed"));
    feed(&fixture).await;
    assert_eq!(got(&fixture, "slow").await, (1..=10).collect::<Vec<_>>());
    end(&fixture, "on.slow", 100, &Verdict::Complete { output: None }).await;
    assert_eq!(forget(&fixture).await, 10);
    assert_eq!(gaps(&fixture).await, []);
}

/// I-E6: what goes though a subscription was not fed it is told as a gap, which grows, and the subscription goes on behind it.
pub async fn what_goes_too_early_is_a_gap(fixture: StoreFixture) {
    keep(&fixture, Keep::at_least(DAY).at_most(3 * DAY)).await;
    subscribe(&fixture, "late", "order.*", Start::Now).await;
    subscribe(&fixture, "fine", "invoice.*", Start::Now).await;
    publish(&fixture, (1..=3).map(paid)).await;
    feed(&fixture).await;
    assert!(fixture.store().pause_subscription("late", fixture.now()).await.expect("paused"));
    end(&fixture, "on.late", 100, &Verdict::Complete { output: None }).await;
    for day in 0..4 {
        publish(&fixture, (0..10).map(|nth| paid(10 * day + nth))).await;
        feed(&fixture).await;
        fixture.advance(DAY);
    }
    fixture.advance(Duration::from_secs(1));
    assert_eq!(forget(&fixture).await, 23);
    assert_eq!(gaps(&fixture).await, [(4, 23)]);
    assert_eq!(progress(&fixture, "late").await, Progress::CatchingUp { position: 23 });
    fixture.advance(DAY);
    assert_eq!(forget(&fixture).await, 10);
    assert_eq!(gaps(&fixture).await, [(4, 33)]);
    assert!(fixture.store().resume_subscription("late").await.expect("resumed"));
    feed(&fixture).await;
    assert_eq!(got(&fixture, "late").await[3..], (34..=43).collect::<Vec<_>>());
    assert!(is_whole(&fixture).await, "a gap is told, and not missed");
    assert!(fixture.store().remove_subscription("late").await.expect("removed"));
    assert_eq!(gaps(&fixture).await, []);
}

/// I-E4, I-E6: who looks at the whole log finds what a subscription was not fed, and nothing else; what was fed under another filter is
/// not judged by the one of today.
pub async fn what_a_subscription_has_missed_is_found(fixture: StoreFixture) {
    let client = Client::new(fixture.shared_store());
    subscribe(&fixture, "one", "order.*", Start::Now).await;
    publish(&fixture, (1..=5).map(paid)).await;
    feed(&fixture).await;
    let verified = client.verify_events().await.expect("looked at");
    assert!(verified.is_whole());
    let one = &verified.subscriptions[0];
    assert_eq!((verified.counted, one.wanted, one.found), (5, 5, 5));
    subscribe(&fixture, "one", "*", Start::Now).await;
    publish(&fixture, [paid(6), paid(7)]).await;
    fixture.store().sequence(10, fixture.now()).await.expect("sequenced");
    let log = fixture.store().event_log().await.expect("read");
    let (from, to) = (Reach::whole(5), Reach::whole(7));
    let empty = Slice {
        beside: Beside::default(),
        revision: log.revision,
        number: None,
        from,
        to,
        jobs: Vec::new(),
        gathered: Vec::new(),
        waiting: 0,
        full: Vec::new(),
    };
    fixture.store().route(&empty, fixture.now()).await.expect("written");
    let verified = client.verify_events().await.expect("looked at");
    let one = &verified.subscriptions[0];
    assert_eq!((one.wanted, one.missed, &one.missed_at[..]), (2, 2, &[6, 7][..]));
    assert!(!verified.is_whole());
}
