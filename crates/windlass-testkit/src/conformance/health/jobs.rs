//! Jobs that wait, fail, run for too long or died.

use std::time::Duration;

use windlass_core::health::{Aspect, Problem, Thresholds};
use windlass_core::job::{Fair, Lane};
use windlass_core::queue::Pause;

use super::{aspects, found, found_by};
use crate::draft::{KIND, job, jobs};
use crate::fixture::{MINUTE, SECOND, StoreFixture};
use crate::verdicts::{complete, die, retry};
use crate::worker::{Worker, worker};

/// One job of the worker's queues fails so many times in a row, and waits for its next attempt then.
async fn fails(fixture: &StoreFixture, worker: &Worker<'_>, times: u32) {
    for nth in 0..times {
        if nth > 0 {
            fixture.advance(MINUTE);
            worker.beat().await;
            worker.sweep().await;
        }
        worker.run_one(retry(MINUTE)).await;
    }
}

/// C18: of 30 healthy jobs of a minute on one slot the latency is told from 15 minutes on, and nothing of failures.
pub async fn latency_is_not_failing(fixture: StoreFixture) {
    let worker = fixture.worker().await;
    fixture.enqueue(jobs(30)).await;
    let due_at = fixture.moment();
    for minute in 0..30 {
        let batch = worker.claim(1).await;
        let waiting = minute < 29;
        let late = Problem::Latency {
            queue: "default".to_owned(),
            kind: KIND.to_owned(),
            oldest_due_at: due_at,
        };
        let expected = if minute >= 15 && waiting { vec![late] } else { vec![] };
        assert_eq!(found(&fixture).await, expected, "in minute {minute}");
        fixture.advance(MINUTE);
        worker.beat().await;
        worker.settle_all(&batch, &complete()).await;
    }
    assert_eq!(found(&fixture).await, []);
}

/// C18: jobs with turns are as late as others; those behind another of their lane are not, and its first one is.
pub async fn latency_is_told_of_jobs_in_line(fixture: StoreFixture) {
    let worker = fixture.worker().await;
    fixture.enqueue([job().lane(Lane::by("a")), job().lane(Lane::by("a"))]).await;
    let batch = worker.claim(9).await;
    assert_eq!(batch.jobs.len(), 1);
    fixture.advance(16 * MINUTE);
    assert_eq!(aspects(&fixture).await, [], "the lane has a job that runs");
    worker.settle_all(&batch, &complete()).await;
    assert_eq!(aspects(&fixture).await, [Aspect::Latency], "the next one could");
    worker.run_one(complete()).await;
    fixture.enqueue_one(job().fair(Fair::by("ada"))).await;
    assert_eq!(aspects(&fixture).await, []);
    fixture.advance(16 * MINUTE);
    assert_eq!(aspects(&fixture).await, [Aspect::Latency]);
}

/// C18: what a person paused is not late; what is due later is not either.
pub async fn a_pause_is_not_latency(fixture: StoreFixture) {
    fixture.enqueue([job().queue("mail"), job().kind("sync"), job().due_in(60 * MINUTE)]).await;
    for pause in [Pause::queue("mail"), Pause::kind("sync")] {
        fixture.store().pause(&pause, fixture.now()).await.expect("it pauses");
    }
    fixture.advance(20 * MINUTE);
    assert_eq!(found(&fixture).await, []);
    fixture.enqueue_one(job().queue("other")).await;
    fixture.advance(15 * MINUTE);
    let late = found(&fixture).await;
    assert!(matches!(&late[..], [Problem::Latency { queue, .. }] if queue == "other"), "{late:?}");
}

/// C18: jobs that fail again and again are told by kind, and are not late, though nothing else happens.
pub async fn failing_is_not_latency(fixture: StoreFixture) {
    let worker = fixture.worker().await;
    let id = fixture.enqueue_one(job()).await;
    fails(&fixture, &worker, 2).await;
    assert_eq!(found(&fixture).await, [], "twice happens");
    fixture.advance(MINUTE);
    worker.sweep().await;
    worker.run_one(retry(60 * MINUTE)).await;
    fixture.advance(30 * MINUTE);
    let failing = found(&fixture).await;
    let [Problem::Failing { kind, jobs, failures: 3, job, .. }] = &failing[..] else {
        panic!("{failing:?}")
    };
    assert_eq!((kind.as_str(), jobs.jobs, jobs.or_more, *job), (KIND, 1, false, id));
    let patient = Thresholds { failures: 4, ..Thresholds::default() };
    assert_eq!(found_by(&fixture, &patient).await, []);
}

/// C18: jobs that died lately are told by kind, for as long as that is news.
pub async fn dying_is_told_while_it_is_news(fixture: StoreFixture) {
    let worker = fixture.worker().await;
    fixture.enqueue(jobs(3)).await;
    worker.settle_all(&worker.claim(2).await, &die()).await;
    fixture.advance(30 * MINUTE);
    worker.run_one(die()).await;
    let counted = async || match &found(&fixture).await[..] {
        [Problem::Dying { kind, jobs, last_at, .. }] => {
            assert_eq!(kind, KIND);
            (jobs.jobs, Some(*last_at))
        }
        [] => (0, None),
        other => panic!("{other:?}"),
    };
    let last_at = fixture.moment();
    assert_eq!(counted().await, (3, Some(last_at)));
    fixture.advance(31 * MINUTE);
    assert_eq!(counted().await, (1, Some(last_at)), "two of them are old news");
    fixture.advance(30 * MINUTE);
    assert_eq!(counted().await, (0, None));
}

/// C19: a job without a timeout that hangs, of a kind that is expected to run for a minute, is told after a minute and a half;
/// a kind that expects nothing is not.
pub async fn a_job_that_runs_too_long_is_told(fixture: StoreFixture) {
    let kinds = worker().knowing(&[(KIND, 1), ("other", 1)]);
    let worker = fixture.start(kinds.expecting(KIND, MINUTE)).await;
    let ids = fixture.enqueue([job(), job().kind("other")]).await;
    let since = fixture.moment();
    let batch = worker.claim(9).await;
    assert_eq!(batch.jobs.len(), 2);
    fixture.advance(89 * SECOND);
    assert_eq!(found(&fixture).await, []);
    fixture.advance(SECOND);
    let told = |id, kind: &str, expected: Option<Duration>| Problem::RunningLong {
        job: id,
        kind: kind.to_owned(),
        queue: "default".to_owned(),
        worker: worker.label().to_owned(),
        since,
        expected,
    };
    assert_eq!(found(&fixture).await, [told(ids[0], KIND, Some(MINUTE))]);
    let strict = Thresholds { running: 90 * SECOND, ..Thresholds::default() };
    assert_eq!(
        found_by(&fixture, &strict).await,
        [told(ids[0], KIND, Some(MINUTE)), told(ids[1], "other", None)]
    );
    worker.settle_all(&batch, &complete()).await;
    assert_eq!(found_by(&fixture, &strict).await, [], "it has ended");
}

/// C19: tidying keeps how long a worker's kinds are expected to run while the worker holds jobs.
pub async fn what_is_expected_is_kept_with_the_leases(fixture: StoreFixture) {
    let worker = fixture.start(worker().expecting(KIND, MINUTE)).await;
    fixture.enqueue(jobs(1)).await;
    let batch = worker.claim(1).await;
    fixture.tidy().await;
    fixture.advance(2 * MINUTE);
    assert_eq!(aspects(&fixture).await, [Aspect::Running]);
    worker.settle_all(&batch, &complete()).await;
    worker.leave().await;
    fixture.tidy().await;
    assert_eq!(aspects(&fixture).await, []);
}

/// C20: nothing is told of a muted kind, whatever happens to its jobs, and of another kind all is.
pub async fn a_muted_kind_is_left_out(fixture: StoreFixture) {
    let knows = worker().knowing(&[("z", 1)]);
    let worker = fixture.start(knows.serving(&["z"]).expecting("z", MINUTE)).await;
    let z = || job().kind("z").queue("z");
    fixture.enqueue_one(z()).await;
    fails(&fixture, &worker, 3).await;
    fixture.enqueue([z(), z().lane(Lane::by("z").block_when_dead())]).await;
    worker.settle_all(&worker.claim(2).await, &die()).await;
    fixture.enqueue([z(), z()]).await;
    let hangs = worker.claim(1).await;
    assert_eq!(hangs.jobs.len(), 1);
    fixture.advance(20 * MINUTE);
    let all = [Aspect::Latency, Aspect::Failing, Aspect::Running, Aspect::Dying, Aspect::Lanes];
    assert_eq!(aspects(&fixture).await, all);
    let muted = Thresholds { mute: vec!["z".to_owned()], ..Thresholds::default() };
    assert_eq!(found_by(&fixture, &muted).await, []);

    fixture.enqueue_one(job().queue("z")).await;
    fixture.advance(20 * MINUTE);
    let late = found_by(&fixture, &muted).await;
    assert!(
        matches!(&late[..], [Problem::Latency { kind, .. }] if kind == KIND),
        "another kind of the same queue: {late:?}"
    );
}

/// C20: a muted kind in front of a queue does not hide another that is as late behind it.
pub async fn a_muted_kind_hides_no_other(fixture: StoreFixture) {
    fixture.enqueue((0..1_500).map(|_| job().kind("z"))).await;
    fixture.advance(SECOND);
    fixture.enqueue_one(job()).await;
    fixture.advance(15 * MINUTE);
    let muted = Thresholds { mute: vec!["z".to_owned()], ..Thresholds::default() };
    let late = found_by(&fixture, &muted).await;
    assert!(matches!(&late[..], [Problem::Latency { kind, .. }] if kind == KIND), "{late:?}");
}
