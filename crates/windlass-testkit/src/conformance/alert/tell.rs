//! What happens is told by the transaction that makes it true.

use std::time::Duration;

use windlass_core::client::Client;
use windlass_core::condition::{Overdue, Waits};
use windlass_core::event::Keep;
use windlass_core::job::{NewJob, Settled};
use windlass_core::json::Json;
use windlass_core::limits::{FORGET_EVENTS, LEADER_TTL, LEASE, MAX_LOSSES};
use windlass_core::schedule::{Declared, Owner};
use windlass_core::schedule::{Definition, Missed, Schedule, declare, fire_due};
use windlass_core::subscription::Replay;

use super::{PAGE, data, events, fails, feed, pair, subscribe, told};
use crate::draft::{KIND, job, jobs};
use crate::fixture::{MINUTE, SECOND, StoreFixture};
use crate::verdicts::{complete, die, retry};
use crate::worker::{settlement, worker};

const DEAD: &str = "windlass.job.dead";

/// O3, I-A2: a job that fails five times and dies has five errors, and is one event that says which it is and why.
pub async fn a_job_that_dies_is_told(fixture: StoreFixture) {
    subscribe(&fixture, DEAD).await;
    let worker = fixture.worker().await;
    let id = fixture.enqueue_one(job().max_attempts(5)).await;
    for _ in 0..4 {
        fails(&fixture, &worker).await;
    }
    assert_eq!(told(&fixture).await, []);
    fixture.advance(MINUTE);
    worker.beat().await;
    worker.sweep().await;
    worker.run_one(die()).await;
    let dead = fixture.job(id).await;
    assert_eq!(dead.history.iter().filter(|attempt| attempt.error.is_some()).count(), 5);
    let events = events(&fixture).await;
    let [event] = &events[..] else { panic!("{events:?}") };
    assert_eq!(
        (event.event_type.as_str(), event.subject.clone()),
        (DEAD, Some(format!("job/{id}")))
    );
    let expected = serde_json::json!({
        "alert": format!("job.dead/{KIND}"), "job": id, "kind": KIND, "queue": "default", "attempts": 5, "failures": 5,
        "reason": "beyond repair", "error": "it broke",
    });
    assert_eq!(data(event), expected);
    assert_eq!(feed(&fixture).await, 1);
    let page = fixture.job(fixture.find(&format!("kind:{PAGE}")).await[0]).await;
    assert_eq!(page.root.map(windlass_core::alert::is_own), Some(true));
    // Retried by a person, it may die once more.
    fixture.retry(id).await;
    worker.run_one(die()).await;
    assert_eq!(told(&fixture).await.len(), 2);
}

/// I-A2: whatever kills a job is told: its own failure, the loss of its workers, a deadline.
pub async fn every_road_to_a_dead_job_is_told(fixture: StoreFixture) {
    subscribe(&fixture, "windlass.job.*").await;
    let lost = fixture.enqueue_one(job()).await;
    for _ in 0..MAX_LOSSES {
        fixture.start(worker()).await.claim(1).await;
        fixture.rescue().await;
        fixture.advance(LEASE);
        fixture.promote().await;
    }
    let waits = Waits::all().signal("call", "a").deadline(MINUTE, Overdue::Die);
    let overdue = fixture.enqueue_one(job().waits(waits)).await;
    fixture.advance(MINUTE);
    fixture.promote().await;
    let dies = fixture.enqueue_one(job()).await;
    let another = fixture.worker().await;
    another.run_one(die()).await;
    let subjects: Vec<_> = events(&fixture).await.into_iter().filter_map(|e| e.subject).collect();
    assert_eq!(subjects, [lost, overdue, dies].map(|id| format!("job/{id}")));
    fixture.check("dead 3").await;
}

/// I-A2: a settlement that is refused tells nothing; nor does one that ends a job otherwise.
pub async fn what_did_not_happen_is_not_told(fixture: StoreFixture) {
    subscribe(&fixture, DEAD).await;
    let slow = fixture.worker().await;
    fixture.enqueue(jobs(2)).await;
    let batch = slow.claim(1).await;
    fixture.rescue().await;
    assert_eq!(slow.settle(&batch, 0, die()).await, Settled::Lost);
    let another = fixture.worker().await;
    let both = another.claim(2).await;
    let ends = [settlement(&both, 0, complete()), settlement(&both, 1, retry(MINUTE))];
    another.send(&ends).await;
    assert_eq!(told(&fixture).await, []);
    fixture.check("retryable 1, completed 1").await;
}

/// I-A2: of a burst of deaths each is told, however many there are in a call, and none twice.
pub async fn each_death_of_a_burst_is_told(fixture: StoreFixture) {
    subscribe(&fixture, DEAD).await;
    let worker = fixture.worker().await;
    let ids = fixture.enqueue(jobs(2_000)).await;
    loop {
        let batch = worker.claim(500).await;
        if batch.jobs.is_empty() {
            break;
        }
        worker.settle_all(&batch, &die()).await;
    }
    let mut subjects: Vec<_> =
        events(&fixture).await.into_iter().filter_map(|e| e.subject).collect();
    subjects.sort();
    let mut expected: Vec<_> = ids.iter().map(|id| format!("job/{id}")).collect();
    expected.sort();
    assert_eq!(subjects, expected);
}

/// Where nobody wants a type no event of it is published.
pub async fn what_nobody_wants_is_not_told(fixture: StoreFixture) {
    for types in ["order.*", "windlass.job.failing", "windlass.jo.*", "windlass.job.dead.*"] {
        subscribe(&fixture, types).await;
    }
    let worker = fixture.worker().await;
    fixture.enqueue(jobs(3)).await;
    worker.run_one(die()).await;
    assert_eq!(told(&fixture).await, []);
    subscribe(&fixture, "*").await;
    worker.run_one(die()).await;
    assert_eq!(told(&fixture).await.len(), 1);
    assert!(fixture.store().remove_subscription("*").await.expect("removed"));
    worker.run_one(die()).await;
    assert_eq!(told(&fixture).await.len(), 1);
}

/// I-A3: a job that comes of an alert and dies is not told, nor is one that it has enqueued, nor what comes of an event of its: or the
/// subscription to deaths would never come to an end.
pub async fn the_death_of_what_comes_of_an_alert_is_not_told(fixture: StoreFixture) {
    subscribe(&fixture, "windlass.*").await;
    let worker = fixture.start(worker().knowing(&[(KIND, 1), (PAGE, 1)])).await;
    fixture.enqueue_one(job()).await;
    worker.run_one(die()).await;
    assert_eq!((feed(&fixture).await, told(&fixture).await.len()), (1, 1));
    let page = worker.claim(1).await;
    let of_alert = &page.jobs[0];
    assert_eq!(of_alert.kind, PAGE);
    // As the client of its handler does it.
    let mut child = NewJob::new(KIND, Json::stored("null"));
    (child.root, child.parent) = (of_alert.root, Some(of_alert.id));
    fixture.try_enqueue(&[child]).await.expect("enqueued");
    worker.settle_all(&page, &die()).await;
    worker.run_one(die()).await;
    assert_eq!((feed(&fixture).await, told(&fixture).await.len()), (0, 1));
    // Lost with its worker, it tells nothing of that worker either: it may be why.
    fixture.enqueue_one(job()).await;
    worker.run_one(die()).await;
    assert_eq!(feed(&fixture).await, 1);
    assert_eq!(worker.claim(1).await.jobs[0].kind, PAGE);
    fixture.rescue().await;
    assert_eq!(told(&fixture).await.len(), 2);
}

/// O1: a worker that is gone is told once, with how many jobs it had; one that leaves is not.
pub async fn a_worker_that_is_lost_is_told(fixture: StoreFixture) {
    subscribe(&fixture, "windlass.worker.*").await;
    fixture.enqueue(jobs(2)).await;
    let gone = fixture.worker().await;
    gone.claim(2).await;
    fixture.worker().await.leave().await;
    assert_eq!(fixture.rescue().await.dead_workers, 1);
    fixture.advance(LEADER_TTL);
    let events = events(&fixture).await;
    let [event] = &events[..] else { panic!("{events:?}") };
    assert_eq!(event.subject, Some(format!("worker/{}", gone.label())));
    let data = data(event);
    assert_eq!(data["alert"], format!("worker.lost/{}", gone.label()));
    assert_eq!((&data["worker"], &data["jobs"]), (&gone.id().to_string().into(), &2.into()));
}

/// O32: runs of a schedule that were missed are told with their number, those that were not are not.
pub async fn missed_runs_are_told(fixture: StoreFixture) {
    subscribe(&fixture, "windlass.schedule.missed").await;
    let schedule = Schedule::rule("0 * * * *").expect("a rule");
    let definition = Definition::new(schedule, job().done()).expect("a job");
    let definition = Definition { missed: Missed::One, ..definition };
    let declared = Declared {
        name: "nightly".to_owned(),
        definition,
        owner: Owner::Code,
        by: "test".to_owned(),
    };
    declare(fixture.store(), &[declared], fixture.now()).await.expect("declared");
    fire_due(fixture.store(), fixture.now()).await.expect("computed");
    for hours in [1, 5] {
        fixture.advance(hours * 60 * MINUTE);
        fire_due(fixture.store(), fixture.now()).await.expect("fired");
    }
    let key = "schedule.missed/nightly";
    assert_eq!(told(&fixture).await, [pair("schedule.missed", key)]);
    let expected =
        serde_json::json!({ "alert": key, "schedule": "nightly", "kind": KIND, "runs": 4 });
    assert_eq!(data(&events(&fixture).await[0]), expected);
}

/// I-E6: a gap that becomes longer is told again each time, by what is new of it; that of a replay ends with it.
pub async fn a_gap_that_grows_is_told_each_time(fixture: StoreFixture) {
    subscribe(&fixture, "windlass.subscription.gap").await;
    subscribe(&fixture, "order.paid").await;
    let keep = Keep::at_least(SECOND).at_most(SECOND);
    fixture.store().keep_events(keep).await.expect("kept");
    let client = Client::new(fixture.shared_store());
    let orders = 2 * FORGET_EVENTS as u64;
    client.replay("order.paid", &Replay::between(0, 5)).await.expect("begun");
    for name in ["order.paid", "order.paid/replay"] {
        assert!(fixture.store().pause_subscription(name, fixture.now()).await.expect("paused"));
    }
    let order = || windlass_core::event::NewEvent::bare("order.paid");
    let all: Vec<_> = (0..orders).map(|_| order()).collect();
    fixture.store().publish(&all, fixture.now()).await.expect("published");
    feed(&fixture).await;
    fixture.advance(2 * SECOND);
    for _ in 0..4 {
        fixture.tidy().await;
    }
    let told: Vec<_> = events(&fixture).await.iter().map(data).collect();
    let span = |told: &&serde_json::Value| (told["from"].as_u64(), told["to"].as_u64());
    let of_name = |name: &str| -> Vec<_> {
        told.iter().filter(|told| told["subscription"] == name).map(|told| span(&told)).collect()
    };
    let half = orders / 2;
    let parts = [(Some(1), Some(half)), (Some(half + 1), Some(orders))];
    assert_eq!(of_name("order.paid"), parts);
    assert_eq!(of_name("order.paid/replay"), [(Some(1), Some(5))]);
    let gaps = fixture.store().gaps().await.expect("read");
    assert_eq!(
        gaps.iter().map(|gap| (gap.from, gap.to)).collect::<Vec<_>>(),
        [(1, orders), (1, 5)]
    );
}

/// I-E6: a subscription that was not fed what has gone is told of the gap, by an event that the gap does not take away.
pub async fn a_gap_is_told(fixture: StoreFixture) {
    const DAY: Duration = Duration::from_secs(86_400);
    subscribe(&fixture, "windlass.subscription.gap").await;
    subscribe(&fixture, "order.*").await;
    let keep = Keep::at_least(DAY).at_most(DAY);
    fixture.store().keep_events(keep).await.expect("kept");
    assert!(fixture.store().pause_subscription("order.*", fixture.now()).await.expect("paused"));
    let event = windlass_core::event::NewEvent::bare("order.paid");
    fixture.store().publish(&[event], fixture.now()).await.expect("published");
    feed(&fixture).await;
    fixture.advance(DAY + SECOND);
    for _ in 0..3 {
        fixture.tidy().await;
    }
    let events = events(&fixture).await;
    let [event] = &events[..] else { panic!("{events:?}") };
    let expected = serde_json::json!({
        "alert": "subscription.gap/order.*", "subscription": "order.*", "from": 1, "to": 1,
        "reason": "events are kept for at most 1 days",
    });
    assert_eq!(data(event), expected);
    assert_eq!(feed(&fixture).await, 1);
}
