//! Age: jobs that have waited for long go before more urgent ones, where their queue says so.

use std::time::Duration;

use windlass_core::id::JobId;
use windlass_core::job::{Explanation, Gate, Lane, Limited, Unique};
use windlass_core::limits::SWEEP_JOBS;
use windlass_core::queue::{Aging, Pause, Scope};

use crate::draft::job;
use crate::fixture::{MINUTE, SECOND, StoreFixture};
use crate::verdicts::{complete, hand_back, retry, snooze};
use crate::worker::{Worker, worker};

/// How much of waiting makes a priority smaller by one in these tests.
const EVERY: Duration = MINUTE;

/// I-O4: without aging a job never runs while more urgent ones come as fast as they run.
pub async fn without_aging_urgent_jobs_always_go_first(fixture: StoreFixture) {
    let old = fixture.enqueue_one(job().priority(5)).await;
    let worker = fixture.worker().await;
    assert_eq!(minutes_until(&fixture, &worker, old, 30).await, None);
    assert_eq!(fixture.job(old).await.meta.aged, None);
}

/// I-O4: with aging it runs once it counts as much as those that have just waited for a minute: it is the older one.
pub async fn with_aging_every_job_runs_in_time(fixture: StoreFixture) {
    let old = fixture.enqueue_one(job().priority(5)).await;
    age(&fixture, "default").await;
    let worker = fixture.worker().await;
    assert_eq!(minutes_until(&fixture, &worker, old, 30).await, Some(6));
    check(&fixture, old, "completed -1, was 5").await;
}

/// I-O4: urgent jobs that no look sees, since each one is written just before a slot is free, keep nobody back either.
pub async fn urgent_jobs_that_come_and_go_are_overtaken(fixture: StoreFixture) {
    let old = fixture.enqueue_one(job().priority(3)).await;
    age(&fixture, "default").await;
    let worker = fixture.worker().await;
    for minute in 0..=5 {
        worker.sweep().await;
        fixture.enqueue_one(job()).await;
        if worker.claim(1).await.jobs[0].id == old {
            assert_eq!(minute, 3);
            return;
        }
        fixture.advance(MINUTE);
    }
    panic!("it still waits");
}

/// I-O4: a step of priority is worth so much waiting: of two jobs the one that waited for more than their difference is first.
pub async fn an_aged_job_goes_behind_those_that_waited_longer(fixture: StoreFixture) {
    let first = fixture.enqueue_one(job().priority(1)).await;
    fixture.advance(MINUTE);
    let second = fixture.enqueue_one(job().priority(2)).await;
    age(&fixture, "default").await;
    let worker = fixture.worker().await;
    fixture.advance(MINUTE * 2);
    let urgent = fixture.enqueue_one(job()).await;
    fixture.advance(SECOND);
    worker.sweep().await;
    check(&fixture, first, "available -2, was 1").await;
    check(&fixture, second, "available 0, was 2").await;
    let claimed: Vec<_> = worker.claim(9).await.jobs.iter().map(|job| job.id).collect();
    assert_eq!(claimed, [first, second, urgent]);
}

/// I-O4: a failed or snoozed job waits again, from its next due time on and with the priority that it was written with.
pub async fn a_job_with_a_new_time_has_its_own_priority_again(fixture: StoreFixture) {
    for (place, again) in [retry(MINUTE), snooze(MINUTE)].into_iter().enumerate() {
        let (old, worker) = aged_job(&fixture, &format!("q{place}")).await;
        check(&fixture, old, "available 0, was 5").await;
        worker.run_one(again).await;
        assert_eq!(written(&fixture, old).await, (5, None));
        fixture.advance(MINUTE);
        worker.sweep().await;
        assert_eq!(written(&fixture, old).await, (5, None), "it waits no longer than that");
    }
}

/// I-O4: what is handed back, or taken back from a dead worker, keeps what it had gained.
pub async fn a_job_that_is_handed_back_keeps_what_it_gained(fixture: StoreFixture) {
    let (old, worker) = aged_job(&fixture, "default").await;
    worker.run_one(hand_back()).await;
    check(&fixture, old, "available 0, was 5").await;
    assert_eq!(worker.claim(9).await.jobs.len(), 2);
    fixture.rescue().await;
    check(&fixture, old, "available 0, was 5").await;
}

/// I-O4: in another queue, and when a person runs it again, a job begins with the priority that it was written with.
pub async fn a_moved_and_a_retried_job_have_their_own_priority_again(fixture: StoreFixture) {
    let (old, worker) = aged_job(&fixture, "default").await;
    fixture.move_to("other", &[old]).await;
    assert_eq!(written(&fixture, old).await, (5, None));
    fixture.move_to("default", &[old]).await;
    worker.sweep().await;
    check(&fixture, old, "available 0, was 5").await;
    worker.run_one(complete()).await;
    check(&fixture, old, "completed 0, was 5").await;
    fixture.retry(old).await;
    assert_eq!(written(&fixture, old).await, (5, None));
}

/// I-O4: a job that gets the priority of another one with its unique key has waited for nothing yet.
pub async fn a_replaced_job_begins_to_age_again(fixture: StoreFixture) {
    let unique = || Unique::by("key").replace();
    age(&fixture, "default").await;
    let old = fixture.enqueue_one(job().priority(5).unique(unique())).await;
    let worker = fixture.worker().await;
    ripen(&fixture, "default").await;
    worker.sweep().await;
    check(&fixture, old, "available 0, was 5").await;
    fixture.try_enqueue(&[job().priority(7).unique(unique()).done()]).await.expect("replaced");
    assert_eq!(written(&fixture, old).await, (7, None));
}

/// I-O4: a round touches no other queue, and none once aging is taken away.
pub async fn only_the_jobs_of_the_queue_age(fixture: StoreFixture) {
    let other = fixture.enqueue_one(job().priority(5).queue("other")).await;
    ripen(&fixture, "other").await;
    let (old, worker) = aged_job(&fixture, "default").await;
    check(&fixture, old, "available 0, was 5").await;
    assert_eq!(written(&fixture, other).await, (5, None));
    assert!(fixture.store().stop_aging("default").await.expect("taken away"));
    fixture.advance(MINUTE * 60);
    assert_eq!(worker.sweep().await.aged, 0);
}

/// I-O4: while a queue is paused nothing of it is written; what its jobs have waited meanwhile counts afterwards.
pub async fn a_paused_queue_is_left_alone(fixture: StoreFixture) {
    let store = fixture.store();
    let old = fixture.enqueue_one(job().priority(5)).await;
    age(&fixture, "default").await;
    store.pause(&Pause::queue("default"), fixture.now()).await.expect("paused");
    ripen(&fixture, "default").await;
    let worker = fixture.worker().await;
    assert_eq!(worker.sweep().await.aged, 0);
    store.resume(&Scope::Queue("default".to_owned()), fixture.now()).await.expect("resumed");
    assert_eq!(worker.sweep().await.aged, 1);
    check(&fixture, old, "available 0, was 5").await;
}

/// I-O4, O39: a round is bounded, says that there is more to do at once, and raises those that have waited longest.
pub async fn many_jobs_age_in_bounded_rounds(fixture: StoreFixture) {
    let old = fixture.enqueue_one(job().priority(5)).await;
    fixture.advance(SECOND);
    fixture.enqueue((0..=SWEEP_JOBS).map(|_| job().priority(5))).await;
    age(&fixture, "default").await;
    ripen(&fixture, "default").await;
    let worker = fixture.worker().await;
    let swept = worker.sweep().await;
    assert_eq!((swept.aged, swept.next_due), (SWEEP_JOBS as u64, Some(Duration::ZERO)));
    assert_eq!(worker.claim(1).await.jobs[0].id, old);
    // A round goes on behind the priority at which the last one stopped.
    let rest = [worker.sweep().await.aged, worker.sweep().await.aged];
    assert_eq!(rest, [0, 2]);
}

/// I-O4: a job is not written for nothing: one with nobody before it that came later stays as it is, except the first ones
/// of its queue.
pub async fn no_job_is_written_in_vain(fixture: StoreFixture) {
    fixture.enqueue((0..50).map(|_| job().priority(5))).await;
    age(&fixture, "default").await;
    let worker = fixture.worker().await;
    assert_eq!(worker.sweep().await.aged, 0);
    fixture.advance(MINUTE * 3);
    assert_eq!(worker.sweep().await.aged, 10);
    assert_eq!(worker.sweep().await.aged, 0, "the others stay behind them anyway");
    fixture.enqueue_one(job().priority(3)).await;
    fixture.advance(SECOND);
    assert_eq!(worker.sweep().await.aged, 40);
    assert_eq!(worker.sweep().await.aged, 0);
}

/// I-O4: jobs that stand in line age like others.
pub async fn jobs_of_a_limit_age(fixture: StoreFixture) {
    let limited = |priority| job().priority(priority).limited(Limited::by("key").running(1));
    let old = fixture.enqueue_one(limited(5)).await;
    age(&fixture, "default").await;
    let worker = fixture.worker().await;
    for minute in 0..=6 {
        fixture.enqueue_one(limited(0)).await;
        worker.sweep().await;
        let batch = worker.claim(1).await;
        worker.settle(&batch, 0, complete()).await;
        if batch.jobs[0].id == old {
            assert_eq!(minute, 5);
            return check(&fixture, old, "completed 0, was 5").await;
        }
        fixture.advance(MINUTE);
    }
    panic!("it still waits");
}

/// I-O1, I-O4: a lane does not wait forever behind more urgent lanes, and its own order stays.
pub async fn lanes_age_and_keep_their_order(fixture: StoreFixture) {
    let in_lane = |lane: &str, priority| job().priority(priority).lane(Lane::by(lane.to_owned()));
    let first = fixture.enqueue_one(in_lane("a", 2)).await;
    fixture.advance(SECOND);
    let second = fixture.enqueue_one(in_lane("a", 1)).await;
    age(&fixture, "default").await;
    let worker = fixture.worker().await;
    let mut ran = Vec::new();
    for place in 0..8 {
        fixture.enqueue_one(in_lane(&format!("b{place}"), 0)).await;
        worker.sweep().await;
        let batch = worker.claim(1).await;
        worker.settle(&batch, 0, complete()).await;
        ran.push(batch.jobs[0].id);
        fixture.advance(MINUTE);
    }
    let places = [first, second].map(|one| ran.iter().position(|id| *id == one));
    assert!(matches!(places, [Some(one), Some(other)] if one < other), "{places:?}");
}

/// I-O4: an explanation says as which priority a job counts by now, and when it counts as the next one.
pub async fn an_age_is_explained(fixture: StoreFixture) {
    let old = fixture.enqueue_one(job().priority(5)).await;
    let began = fixture.moment();
    fixture.advance(MINUTE * 2 + SECOND);
    assert!(explained(&fixture, old).await.is_none());
    age(&fixture, "default").await;
    let expected =
        Gate::Aging { every_ms: 60_000, own: 5, counts_as: 3, at: began.after(MINUTE * 3) };
    assert_eq!(explained(&fixture, old).await, Some(expected.clone()));
    fixture.worker().await.sweep().await;
    assert_eq!(explained(&fixture, old).await, Some(expected));
}

/// I-O4: the smallest priority there is, is the end.
pub async fn a_job_does_not_rise_beyond_the_smallest_priority(fixture: StoreFixture) {
    let old = fixture.enqueue_one(job().priority(i16::MIN + 2)).await;
    age(&fixture, "default").await;
    let worker = fixture.worker().await;
    fixture.advance(EVERY * 100_000);
    worker.sweep().await;
    check(&fixture, old, "available -32768, was -32766").await;
    assert_eq!(worker.sweep().await.aged, 0);
}

async fn age(fixture: &StoreFixture, queue: &str) {
    fixture.store().age(&Aging::new(queue, EVERY)).await.expect("an aging reaches the store");
}

/// Five minutes pass, and then comes a job that is more urgent by five.
async fn ripen(fixture: &StoreFixture, queue: &str) {
    fixture.advance(MINUTE * 5);
    fixture.enqueue_one(job().queue(queue)).await;
}

/// A job of priority 5 that has just waited long enough to go before another one, and a worker of its queue that leads.
async fn aged_job<'f>(fixture: &'f StoreFixture, queue: &str) -> (JobId, Worker<'f>) {
    let old = fixture.enqueue_one(job().priority(5).queue(queue)).await;
    age(fixture, queue).await;
    ripen(fixture, queue).await;
    let worker = fixture.start(worker().serving(&[queue])).await;
    assert_ne!(worker.sweep().await.aged, 0);
    (old, worker)
}

/// How many minutes pass until a job runs, where each minute an urgent job runs and another one comes, before it is over.
async fn minutes_until(
    fixture: &StoreFixture,
    worker: &Worker<'_>,
    job: JobId,
    most: usize,
) -> Option<usize> {
    fixture.enqueue_one(self::job()).await;
    for minute in 0..most {
        fixture.enqueue_one(self::job()).await;
        worker.sweep().await;
        let batch = worker.claim(1).await;
        worker.settle(&batch, 0, complete()).await;
        if batch.jobs[0].id == job {
            return Some(minute);
        }
        fixture.advance(MINUTE);
        worker.beat().await;
    }
    None
}

/// The state of a job with its priority, and the one it was written with.
async fn check(fixture: &StoreFixture, id: JobId, expected: &str) {
    let job = fixture.job(id).await;
    let was = job.meta.aged.map_or_else(String::new, |own| format!(", was {own}"));
    assert_eq!(format!("{} {}{was}", job.state.word(), job.priority), expected);
}

async fn written(fixture: &StoreFixture, id: JobId) -> (i16, Option<i16>) {
    let job = fixture.job(id).await;
    (job.priority, job.meta.aged)
}

async fn explained(fixture: &StoreFixture, id: JobId) -> Option<Gate> {
    let look = fixture.store().look(id, fixture.now()).await.expect("asked")?;
    let gates = Explanation::of(&look).gates.into_iter().map(|passage| passage.gate);
    gates.into_iter().find(|gate| matches!(gate, Gate::Aging { .. }))
}
