//! What lasts is told once when it begins, and once when it is over.

use windlass_core::alert::Alerted;
use windlass_core::health::Thresholds;
use windlass_core::job::{Lane, State};
use windlass_core::subscription::{Filter, Start, Subscription};

use super::{PAGE, data, events, fails, feed, look, look_by, pair, subscribe, told};
use crate::conformance::limit::set::{on_kind, set};
use crate::draft::{KIND, job, jobs};
use crate::fixture::{MINUTE, SECOND, StoreFixture};
use crate::verdicts::{complete, die, retry};
use crate::worker::worker;

const FIRED: Alerted = Alerted { fired: 1, resolved: 0 };
const RESOLVED: Alerted = Alerted { fired: 0, resolved: 1 };
const NOTHING: Alerted = Alerted { fired: 0, resolved: 0 };

/// C17, I-A1: a job that fails again and again is told once after the fifth failure, not after the fourth, and not after those from
/// the sixth to the tenth, also where somebody looks while it runs; once it has succeeded that is told once, with the same key.
pub async fn a_failing_kind_is_told_once_and_so_is_its_end(fixture: StoreFixture) {
    subscribe(&fixture, "windlass.*").await;
    let worker = fixture.worker().await;
    let id = fixture.enqueue_one(job().max_attempts(100)).await;
    for _ in 0..4 {
        fails(&fixture, &worker).await;
        assert_eq!(look(&fixture).await, NOTHING);
    }
    fails(&fixture, &worker).await;
    assert_eq!(look(&fixture).await, FIRED);
    for _ in 6..=10 {
        fixture.advance(MINUTE);
        worker.beat().await;
        worker.sweep().await;
        assert_eq!(look(&fixture).await, NOTHING, "it is due");
        let batch = worker.claim(1).await;
        assert_eq!(look(&fixture).await, NOTHING, "it runs");
        worker.settle_all(&batch, &retry(MINUTE)).await;
        assert_eq!(look(&fixture).await, NOTHING, "it failed once more");
    }
    let key = format!("job.failing/{KIND}");
    assert_eq!(told(&fixture).await, [pair("job.failing", &key)]);
    let open = fixture.store().alerts().await.expect("read").open;
    assert_eq!((open.len(), open[0].key.as_str(), open[0].jobs.as_slice()), (1, &*key, &[id][..]));
    fixture.advance(MINUTE);
    worker.beat().await;
    worker.sweep().await;
    worker.run_one(complete()).await;
    assert_eq!(look(&fixture).await, RESOLVED);
    assert_eq!(look(&fixture).await, NOTHING);
    let expected = [pair("job.failing", &key), pair("job.failing.resolved", &key)];
    assert_eq!(told(&fixture).await, expected);
    let events = events(&fixture).await;
    let [began, ended] = &events[..] else { panic!("{events:?}") };
    assert_eq!(began.subject.as_deref(), Some(&*format!("kind/{KIND}")));
    assert_eq!(ended.subject, began.subject);
    assert_eq!(data(began)["failures"], 5);
    assert_eq!(data(began)["threshold"], 5);
    assert_eq!(data(began)["job"], id.to_string());
    assert_eq!(data(ended)["opened_by"], began.id.to_string());
    assert!(fixture.store().alerts().await.expect("read").open.is_empty());
    assert_eq!(feed(&fixture).await, 2, "a job for each");
}

/// I-A1: while one job of a kind keeps failing the end of another one ends nothing, also where the one that fails still runs.
pub async fn a_kind_fails_while_one_of_its_jobs_does(fixture: StoreFixture) {
    subscribe(&fixture, "windlass.job.*").await;
    let strict = Thresholds { failures: 1, ..Thresholds::alerting() };
    let worker = fixture.worker().await;
    fixture.enqueue(jobs(2)).await;
    worker.settle_all(&worker.claim(2).await, &retry(MINUTE)).await;
    assert_eq!(look_by(&fixture, &strict).await, FIRED);
    fixture.advance(MINUTE);
    worker.beat().await;
    worker.sweep().await;
    let both = worker.claim(2).await;
    worker.settle(&both, 0, complete()).await;
    assert_eq!(look_by(&fixture, &strict).await, NOTHING, "the other one runs");
    worker.settle(&both, 1, retry(MINUTE)).await;
    assert_eq!(look_by(&fixture, &strict).await, NOTHING);
    // A third one begins to fail, and is the last one that does.
    fixture.enqueue_one(job()).await;
    let third = worker.claim(1).await;
    worker.settle_all(&third, &retry(2 * MINUTE)).await;
    assert_eq!(look_by(&fixture, &strict).await, NOTHING);
    fixture.advance(MINUTE);
    worker.beat().await;
    worker.sweep().await;
    worker.run_one(complete()).await;
    fixture.advance(MINUTE);
    worker.beat().await;
    worker.sweep().await;
    let third = worker.claim(1).await;
    assert_eq!(look_by(&fixture, &strict).await, NOTHING, "it runs");
    worker.settle_all(&third, &complete()).await;
    assert_eq!(look_by(&fixture, &strict).await, RESOLVED);
}

/// I-A1: jobs that are known to keep failing stay known while they run, also where another one was seen meanwhile, and has ended.
pub async fn jobs_that_run_stay_known(fixture: StoreFixture) {
    subscribe(&fixture, "windlass.job.*").await;
    let strict = Thresholds { failures: 1, ..Thresholds::alerting() };
    let worker = fixture.worker().await;
    fixture.enqueue_one(job()).await;
    worker.run_one(retry(MINUTE)).await;
    assert_eq!(look_by(&fixture, &strict).await, FIRED);
    fixture.advance(MINUTE);
    worker.beat().await;
    worker.sweep().await;
    let first = worker.claim(1).await;
    fixture.enqueue_one(job()).await;
    worker.run_one(retry(MINUTE)).await;
    assert_eq!(look_by(&fixture, &strict).await, NOTHING, "it is the second one that is seen");
    fixture.advance(MINUTE);
    worker.beat().await;
    worker.sweep().await;
    worker.run_one(complete()).await;
    assert_eq!(look_by(&fixture, &strict).await, NOTHING, "the first one runs");
    worker.settle_all(&first, &complete()).await;
    assert_eq!(look_by(&fixture, &strict).await, RESOLVED);
}

/// O3: a job that dies of its last failure is not an alert of its kind any more, whose end is told.
pub async fn a_death_ends_the_failing(fixture: StoreFixture) {
    subscribe(&fixture, "windlass.job.failing").await;
    let worker = fixture.worker().await;
    fixture.enqueue_one(job()).await;
    for _ in 0..5 {
        fails(&fixture, &worker).await;
    }
    assert_eq!(look(&fixture).await, FIRED);
    fixture.advance(MINUTE);
    worker.beat().await;
    worker.sweep().await;
    worker.run_one(die()).await;
    assert_eq!(look(&fixture).await, RESOLVED);
}

/// C18: of 30 healthy jobs of a minute on one slot the queue is told to stand still after 15 minutes, and nothing of failures; that
/// is over when the jobs that wait have waited for half of that.
pub async fn a_queue_that_stands_still_is_told(fixture: StoreFixture) {
    subscribe(&fixture, "windlass.*").await;
    let worker = fixture.worker().await;
    fixture.enqueue(jobs(30)).await;
    for minute in 0..30 {
        let batch = worker.claim(1).await;
        let expected = match minute {
            15 => FIRED,
            29 => RESOLVED,
            _ => NOTHING,
        };
        assert_eq!(look(&fixture).await, expected, "in minute {minute}");
        fixture.advance(MINUTE);
        worker.beat().await;
        worker.settle_all(&batch, &complete()).await;
    }
    let key = "queue.stalled/default";
    let expected = [pair("queue.stalled", key), pair("queue.stalled.resolved", key)];
    assert_eq!(told(&fixture).await, expected);
}

/// I-A1: what is about at its limit does not come and go.
pub async fn what_is_about_at_its_limit_is_told_once(fixture: StoreFixture) {
    subscribe(&fixture, "windlass.queue.*").await;
    let worker = fixture.worker().await;
    fixture.enqueue_one(job()).await;
    fixture.advance(5 * MINUTE);
    worker.beat().await;
    fixture.enqueue_one(job()).await;
    fixture.advance(10 * MINUTE);
    worker.beat().await;
    assert_eq!(look(&fixture).await, FIRED);
    for _ in 0..5 {
        worker.run_one(complete()).await;
        assert_eq!(look(&fixture).await, NOTHING, "the next one has been due for ten minutes");
        fixture.enqueue_one(job()).await;
        fixture.advance(5 * MINUTE);
        worker.beat().await;
        assert_eq!(look(&fixture).await, NOTHING, "for a quarter of an hour");
        fixture.enqueue_one(job()).await;
        fixture.advance(5 * MINUTE);
        worker.beat().await;
        worker.run_one(complete()).await;
        fixture.advance(5 * MINUTE);
        worker.beat().await;
        assert_eq!(look(&fixture).await, NOTHING);
    }
    let rest = worker.claim(100).await;
    worker.settle_all(&rest, &complete()).await;
    assert_eq!(look(&fixture).await, RESOLVED);
}

/// C19: a job that hangs without a timeout, of a kind that is expected to run for a minute, is told within 90 seconds, once; a
/// second run that hangs too is another alert.
pub async fn a_job_that_hangs_is_told(fixture: StoreFixture) {
    subscribe(&fixture, "windlass.job.overdue").await;
    subscribe(&fixture, "windlass.job.overdue.resolved").await;
    let worker = fixture.start(worker().expecting(KIND, MINUTE)).await;
    let id = fixture.enqueue_one(job()).await;
    let batch = worker.claim(1).await;
    fixture.advance(89 * SECOND);
    worker.beat().await;
    assert_eq!(look(&fixture).await, NOTHING);
    fixture.advance(SECOND);
    assert_eq!(look(&fixture).await, FIRED);
    fixture.advance(20 * SECOND);
    assert_eq!(look(&fixture).await, NOTHING);
    worker.settle_all(&batch, &retry(SECOND)).await;
    fixture.advance(SECOND);
    worker.beat().await;
    worker.sweep().await;
    let again = worker.claim(1).await;
    assert_eq!(look(&fixture).await, RESOLVED, "it runs, and not for long");
    fixture.advance(20 * SECOND);
    worker.beat().await;
    fixture.advance(25 * SECOND);
    worker.beat().await;
    fixture.advance(25 * SECOND);
    worker.beat().await;
    fixture.advance(20 * SECOND);
    assert_eq!(look(&fixture).await, FIRED);
    worker.settle_all(&again, &complete()).await;
    assert_eq!(look(&fixture).await, RESOLVED);
    let key = format!("job.overdue/{id}");
    let twice = [pair("job.overdue", &key), pair("job.overdue.resolved", &key)];
    assert_eq!(told(&fixture).await, [twice.clone(), twice].concat());
    assert_eq!(events(&fixture).await[0].subject, Some(format!("job/{id}")));
    assert_eq!(data(&events(&fixture).await[0])["threshold_ms"], 90_000);
}

/// C27, O37: a hundred jobs of a version that no worker knows are one alert after five minutes, whose end is told once a worker that
/// knows it has come.
pub async fn jobs_that_no_worker_knows_are_one_alert(fixture: StoreFixture) {
    subscribe(&fixture, "windlass.kind.*").await;
    let old = fixture.worker().await;
    fixture.enqueue((0..100).map(|_| job().kind("ghost").version(2))).await;
    fixture.tidy().await;
    fixture.check("waiting 100").await;
    fixture.advance(5 * MINUTE - SECOND);
    assert_eq!(look(&fixture).await, NOTHING);
    fixture.advance(SECOND);
    assert_eq!(look(&fixture).await, FIRED);
    assert_eq!(look(&fixture).await, NOTHING);
    let told = events(&fixture).await;
    assert_eq!(told[0].subject.as_deref(), Some("kind/ghost"));
    let data = data(&told[0]);
    assert_eq!((&data["alert"], &data["jobs"]), (&"kind.unhandled/ghost@2".into(), &100.into()));
    let new = fixture.start(worker().knowing(&[("ghost", 2)])).await;
    fixture.tidy().await;
    assert_eq!(look(&fixture).await, RESOLVED);
    let batch = new.claim(100).await;
    assert_eq!(new.settle_all(&batch, &complete()).await.len(), 100);
    assert_eq!(look(&fixture).await, NOTHING);
    drop(old);
}

/// A queue with due jobs that no live worker serves is told after five minutes, and that one does again.
pub async fn a_queue_that_nobody_serves_is_told(fixture: StoreFixture) {
    subscribe(&fixture, "windlass.queue.unserved").await;
    fixture.enqueue_one(job().queue("mail")).await;
    fixture.advance(5 * MINUTE);
    assert_eq!(look(&fixture).await, FIRED);
    let serving = fixture.start(worker().serving(&["mail"])).await;
    assert_eq!(look(&fixture).await, RESOLVED);
    serving.leave().await;
    assert_eq!(look(&fixture).await, FIRED);
}

/// O24: a lane that stands still is told with its dead job, and that it does not any more.
pub async fn a_lane_that_stands_still_is_told(fixture: StoreFixture) {
    subscribe(&fixture, "windlass.lane.blocked").await;
    let worker = fixture.worker().await;
    let strict = || job().lane(Lane::by("a").block_when_dead());
    fixture.enqueue((0..3).map(|_| strict())).await;
    worker.run_one(die()).await;
    assert_eq!(look(&fixture).await, FIRED);
    assert_eq!(told(&fixture).await, [pair("lane.blocked", "lane.blocked/a")]);
    assert!(fixture.store().open_lane("a").await.expect("it reaches the store").is_some());
    assert_eq!(look(&fixture).await, RESOLVED);
}

/// C38: an open breaker is one alert, however often its probe fails, and over once a job has ended well.
pub async fn an_open_breaker_is_one_alert(fixture: StoreFixture) {
    subscribe(&fixture, "windlass.breaker.*").await;
    let worker = fixture.worker().await;
    set(&fixture, &on_kind(KIND).break_after(2, MINUTE, 10 * SECOND)).await;
    fixture.enqueue(jobs(5)).await;
    for _ in 0..2 {
        worker.run_one(retry(60 * MINUTE)).await;
    }
    assert_eq!(worker.claim(9).await.jobs.len(), 0);
    assert_eq!(look(&fixture).await, FIRED);
    fixture.advance(10 * SECOND);
    let probe = worker.claim(9).await;
    assert_eq!((probe.jobs.len(), look(&fixture).await), (1, NOTHING), "a job probes");
    worker.settle_all(&probe, &retry(60 * MINUTE)).await;
    assert_eq!(worker.claim(9).await.jobs.len(), 0);
    assert_eq!(look(&fixture).await, NOTHING, "it is open again");
    fixture.advance(10 * SECOND);
    worker.run_one(complete()).await;
    worker.claim(1).await;
    assert_eq!(look(&fixture).await, RESOLVED);
    let key = format!("breaker.open/kind:{KIND}");
    let expected = [pair("breaker.open", &key), pair("breaker.open.resolved", &key)];
    assert_eq!(told(&fixture).await, expected);
}

/// I-A3: jobs that come of alerts are not told when they fail, hang or stand in the way, so that alerts never go round; those of others
/// of their kind are.
pub async fn what_comes_of_alerts_is_no_alert(fixture: StoreFixture) {
    subscribe(&fixture, "windlass.*").await;
    let strict = Thresholds { failures: 1, ..Thresholds::alerting() };
    let worker =
        fixture.start(worker().knowing(&[(KIND, 1), (PAGE, 1)]).expecting(PAGE, MINUTE)).await;
    fixture.enqueue_one(job()).await;
    worker.run_one(retry(60 * MINUTE)).await;
    assert_eq!(look_by(&fixture, &strict).await, FIRED);
    assert_eq!(feed(&fixture).await, 1);
    let page = worker.claim(1).await;
    assert_eq!(page.jobs[0].kind, PAGE);
    for _ in 0..4 {
        fixture.advance(25 * SECOND);
        worker.beat().await;
    }
    assert_eq!(look_by(&fixture, &strict).await, NOTHING, "it hangs");
    worker.settle_all(&page, &retry(60 * MINUTE)).await;
    assert_eq!(look_by(&fixture, &strict).await, NOTHING, "it has failed");
    fixture.enqueue_one(job().kind(PAGE)).await;
    worker.run_one(retry(60 * MINUTE)).await;
    assert_eq!(look_by(&fixture, &strict).await, FIRED, "one that was asked for has failed");
}

/// Where nobody wants what lasts nothing is looked for, told or kept; what was told of types that nobody wants any more is forgotten.
pub async fn what_nobody_wants_is_not_looked_for(fixture: StoreFixture) {
    let worker = fixture.worker().await;
    fixture.enqueue_one(job().queue("mail")).await;
    fixture.advance(20 * MINUTE);
    worker.beat().await;
    assert!(!worker.sweep().await.alerts);
    subscribe(&fixture, "order.*").await;
    assert!(!worker.sweep().await.alerts);
    assert_eq!(look(&fixture).await, NOTHING);
    subscribe(&fixture, "windlass.queue.stalled").await;
    assert!(worker.sweep().await.alerts);
    assert_eq!(look(&fixture).await, FIRED, "and nothing of a queue that nobody serves");
    assert!(fixture.store().remove_subscription("windlass.queue.stalled").await.expect("removed"));
    assert!(worker.sweep().await.alerts, "it is to be forgotten");
    assert_eq!(look(&fixture).await, NOTHING);
    assert!(fixture.store().alerts().await.expect("read").open.is_empty());
    assert!(!worker.sweep().await.alerts);
    let all = Subscription::new(Filter::default(), "audit");
    let put = fixture.store().put_subscription("all", &all, Start::Now, fixture.now());
    put.await.expect("put");
    assert!(worker.sweep().await.alerts, "who wants all events wants these");
    assert_eq!(fixture.job(fixture.find("queue:mail").await[0]).await.state, State::Available);
}
