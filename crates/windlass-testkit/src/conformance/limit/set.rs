//! Limits of jobs that run at once, set at run time.

use std::time::Duration;

use windlass_core::job::Limited;
use windlass_core::limit::{Limit, LimitOn, LimitSet, SetBy};

use crate::draft::{KIND, job, jobs};
use crate::fixture::{MINUTE, StoreFixture};
use crate::verdicts::{complete, retry};
use crate::worker::worker;

pub(in crate::conformance) fn on_kind(kind: &str) -> Limit {
    Limit::on(LimitOn::Kind(kind.to_owned()))
}

pub(in crate::conformance) async fn set(fixture: &StoreFixture, limit: &Limit) {
    let set = fixture.store().set_limit(limit, SetBy::Person, None, fixture.now()).await;
    assert_eq!(set.expect("it reaches the store"), LimitSet::Now);
}

/// O9, E13: a limit of a kind holds for jobs that were enqueued before it was set, and other kinds go on.
pub async fn a_kind_runs_so_often_at_once(fixture: StoreFixture) {
    let worker = fixture.start(worker().knowing(&[(KIND, 1), ("other", 1)])).await;
    fixture.enqueue(jobs(20)).await;
    fixture.enqueue((0..5).map(|_| job().kind("other"))).await;
    set(&fixture, &on_kind(KIND).running(2)).await;
    let batch = worker.claim(20).await;
    let limited = batch.jobs.iter().filter(|job| job.kind == KIND).count();
    assert_eq!((limited, batch.jobs.len()), (2, 7));
    assert_eq!(worker.claim(20).await.jobs.len(), 0);
    worker.settle_all(&batch, &complete()).await;
    assert_eq!(worker.claim(20).await.jobs.len(), 2);
}

/// O9: what runs when a limit is set counts at once.
pub async fn what_runs_already_counts(fixture: StoreFixture) {
    let worker = fixture.worker().await;
    fixture.enqueue(jobs(9)).await;
    let before = worker.claim(3).await;
    set(&fixture, &on_kind(KIND).running(4)).await;
    let after = worker.claim(9).await;
    assert_eq!(after.jobs.len(), 1);
    worker.settle_all(&before, &complete()).await;
    assert_eq!(worker.claim(9).await.jobs.len(), 3);
}

/// O9, I-O3: what runs counts at once also where it ran before under a limit, which was removed since.
pub async fn what_runs_again_counts_again(fixture: StoreFixture) {
    let limit = on_kind(KIND).running(1);
    set(&fixture, &limit).await;
    fixture.enqueue_one(job()).await;
    assert_eq!(fixture.worker().await.claim(9).await.jobs.len(), 1);
    fixture.rescue().await;
    assert!(fixture.store().remove_limit(&limit.on).await.expect("it reaches the store"));
    let worker = fixture.worker().await;
    assert_eq!(worker.claim(9).await.jobs.len(), 1, "the same job");
    set(&fixture, &limit).await;
    fixture.enqueue_one(job()).await;
    assert_eq!(worker.claim(9).await.jobs.len(), 0, "one runs");
}

/// O9: tidying takes no permit from a job that runs, and what ended before keeps none.
pub async fn what_runs_counts_after_tidying(fixture: StoreFixture) {
    let worker = fixture.worker().await;
    set(&fixture, &on_kind(KIND).running(2)).await;
    // Jobs that run are counted in again for a while after a limit is set: later than that.
    fixture.advance(MINUTE);
    fixture.enqueue(jobs(9)).await;
    worker.settle_all(&worker.claim(9).await, &complete()).await;
    let batch = worker.claim(9).await;
    assert_eq!(batch.jobs.len(), 2);
    fixture.tidy().await;
    assert_eq!(worker.claim(9).await.jobs.len(), 0);
    worker.settle_all(&batch, &complete()).await;
    assert_eq!(worker.claim(9).await.jobs.len(), 2);
}

/// O9: a queue's limit holds for all its kinds, and for no other queue.
pub async fn a_queue_runs_so_many_at_once(fixture: StoreFixture) {
    let worker = worker().serving(&["default", "mail"]).knowing(&[(KIND, 1), ("other", 1)]);
    let worker = fixture.start(worker).await;
    set(&fixture, &Limit::on(LimitOn::Queue("mail".to_owned())).running(3)).await;
    fixture
        .enqueue((0..4).flat_map(|_| [job().queue("mail"), job().queue("mail").kind("other")]))
        .await;
    fixture.enqueue(jobs(4)).await;
    let batch = worker.claim(20).await;
    let mail = batch.jobs.iter().filter(|job| job.queue == "mail").count();
    assert_eq!((mail, batch.jobs.len()), (3, 7));
}

/// O9: a limit of a name wins over what the jobs say, for each of its keys.
pub async fn a_limit_of_a_name_wins_over_the_jobs_own(fixture: StoreFixture) {
    let worker = fixture.worker().await;
    let of = |key: &str| job().limited(Limited::by(key).named("crm").running(1));
    fixture.enqueue((0..5).flat_map(|_| [of("a"), of("b")])).await;
    set(&fixture, &Limit::on(LimitOn::Key("crm".to_owned())).running(3)).await;
    assert_eq!(worker.claim(20).await.jobs.len(), 6);
}

/// O9: a limit that is raised, lowered or removed holds for the next claim; what runs goes on.
pub async fn a_limit_is_changed_at_run_time(fixture: StoreFixture) {
    let worker = fixture.worker().await;
    fixture.enqueue(jobs(30)).await;
    set(&fixture, &on_kind(KIND).running(2)).await;
    assert_eq!(worker.claim(30).await.jobs.len(), 2);
    set(&fixture, &on_kind(KIND).running(5)).await;
    let batch = worker.claim(30).await;
    assert_eq!(batch.jobs.len(), 3);
    set(&fixture, &on_kind(KIND).running(1)).await;
    assert_eq!(worker.claim(30).await.jobs.len(), 0);
    worker.settle_all(&batch, &retry(MINUTE)).await;
    assert_eq!(worker.claim(30).await.jobs.len(), 0, "two run, one may");
    let on = on_kind(KIND).on;
    assert!(fixture.store().remove_limit(&on).await.expect("it reaches the store"));
    assert!(!fixture.store().remove_limit(&on).await.expect("it reaches the store"));
    assert_eq!(worker.claim(30).await.jobs.len(), 25);
}

/// O9: code and a file do not overwrite what a person set.
pub async fn what_a_person_set_stays(fixture: StoreFixture) {
    let set_by = async |by, running| {
        let limit = on_kind(KIND).running(running);
        fixture.store().set_limit(&limit, by, None, fixture.now()).await.expect("it is set")
    };
    assert_eq!(set_by(SetBy::Code, 1).await, LimitSet::Now);
    assert_eq!(set_by(SetBy::Config, 2).await, LimitSet::Now);
    assert_eq!(set_by(SetBy::Person, 3).await, LimitSet::Now);
    assert_eq!(set_by(SetBy::Code, 4).await, LimitSet::Kept);
    assert_eq!(set_by(SetBy::Config, 5).await, LimitSet::Kept);
    assert_eq!(set_by(SetBy::Person, 6).await, LimitSet::Now);
    let limits = fixture.store().limits(fixture.now()).await.expect("listed");
    assert_eq!(limits[0].limit.running, Some(6));
}

/// O9: a limit that makes no sense is refused, and changes nothing.
pub async fn a_limit_of_none_is_refused(fixture: StoreFixture) {
    for limit in [on_kind(KIND), on_kind(KIND).running(0), on_kind(KIND).rate(0, Duration::ZERO)] {
        let refused = fixture.store().set_limit(&limit, SetBy::Person, None, fixture.now()).await;
        refused.expect_err("it is refused");
    }
    assert!(fixture.store().limits(fixture.now()).await.expect("listed").is_empty());
}

/// I-O2, O9: a job that its kind's limit keeps takes no place of the key that it shares with another kind.
pub async fn a_job_that_is_kept_takes_no_place(fixture: StoreFixture) {
    let worker = fixture.start(worker().knowing(&[(KIND, 1), ("send", 1)])).await;
    let of =
        |kind: &str, key: &str| job().kind(kind).limited(Limited::by(key).named("crm").running(1));
    set(&fixture, &on_kind("send").running(1)).await;
    fixture.enqueue_one(of("send", "other")).await;
    assert_eq!(worker.claim(9).await.jobs.len(), 1, "the kind has its one");
    fixture.enqueue_one(of("send", "shared")).await;
    let free = fixture.enqueue_one(of(KIND, "shared")).await;
    let batch = worker.claim(9).await;
    assert_eq!(batch.jobs.iter().map(|job| job.id).collect::<Vec<_>>(), [free]);
}

/// O9, E13: jobs of a limited kind behind thousands of others get their place from the sweep.
pub async fn jobs_behind_thousands_of_others_are_found(fixture: StoreFixture) {
    let worker = fixture.worker().await;
    let _other = fixture.start(crate::worker::worker().knowing(&[("other", 1)])).await;
    for _ in 0..3 {
        fixture.enqueue((0..1_000).map(|_| job().kind("other"))).await;
    }
    fixture.enqueue(jobs(3)).await;
    set(&fixture, &on_kind(KIND).running(2)).await;
    worker.sweep().await;
    assert_eq!(worker.claim(9).await.jobs.len(), 2);
}

/// I-O3: what ran when a limit was set counts, also where no claim came for long after.
pub async fn what_ran_counts_when_a_claim_comes_late(fixture: StoreFixture) {
    let worker = fixture.worker().await;
    fixture.enqueue(jobs(9)).await;
    assert_eq!(worker.claim(3).await.jobs.len(), 3);
    set(&fixture, &on_kind(KIND).running(4)).await;
    fixture.advance(MINUTE);
    assert_eq!(worker.claim(9).await.jobs.len(), 1);
    fixture.advance(MINUTE);
    assert_eq!(worker.claim(9).await.jobs.len(), 0);
}
