//! Losses: how many deaths of its workers a job survives, and how many failures, is for it or its kind to say.

use windlass_core::id::JobId;
use windlass_core::job::State;
use windlass_core::limits::{LEASE, MAX_ATTEMPTS, MAX_LOSSES};
use windlass_core::worker::Registration;

use crate::draft::{KIND, job};
use crate::fixture::{SECOND, StoreFixture};
use crate::verdicts::retry;
use crate::worker::{Profile, job_ids, worker};

/// C13: a job that brought a limit of 6 survives five losses and dies of the sixth.
pub async fn a_job_has_the_limit_of_losses_that_it_brought(fixture: StoreFixture) {
    let id = fixture.enqueue_one(job().max_losses(6)).await;
    lose(&fixture, &worker(), 5).await;
    check_alive(&fixture, id, 5).await;
    lose(&fixture, &worker(), 1).await;
    check_dead(&fixture, id, "lost 6 times").await;
}

/// C13: 0 sets no limit.
pub async fn a_job_with_no_limit_of_losses_never_dies_of_one(fixture: StoreFixture) {
    let id = fixture.enqueue_one(job().max_losses(0)).await;
    lose(&fixture, &worker(), 12).await;
    check_alive(&fixture, id, 12).await;
}

/// C13: the limit that the dead worker had for the kind holds, although neither the process that wrote
/// the job nor the one that takes it back knows the kind.
pub async fn the_kinds_limit_holds_for_a_job_that_brought_none(fixture: StoreFixture) {
    let id = fixture.enqueue_one(job()).await;
    let patient = worker().losing(KIND, 5);
    lose(&fixture, &patient, 4).await;
    check_alive(&fixture, id, 4).await;
    lose(&fixture, &patient, 1).await;
    check_dead(&fixture, id, "lost 5 times").await;
}

/// C13: what the job brought is nearer than what its kind declares.
pub async fn the_jobs_own_limit_wins_over_its_kinds(fixture: StoreFixture) {
    let id = fixture.enqueue_one(job().max_losses(1)).await;
    lose(&fixture, &worker().losing(KIND, 5), 1).await;
    check_dead(&fixture, id, "lost once").await;
}

/// C13: the limit of one kind says nothing about another of the same worker.
pub async fn one_kinds_limit_is_none_of_another(fixture: StoreFixture) {
    let id = fixture.enqueue_one(job()).await;
    let patient = worker().losing("other", 9);
    lose(&fixture, &patient, u32::from(MAX_LOSSES)).await;
    check_dead(&fixture, id, "lost 3 times").await;
}

/// C13, I-D2: a job that is taken back after its worker's row was removed still has its kind's
/// limit: one sweep takes back a bounded number of leases.
pub async fn the_kinds_limit_outlives_the_leader_that_removed_the_worker(fixture: StoreFixture) {
    let ids = fixture.enqueue((0..20).map(|_| job())).await;
    let fragile = fixture.start(worker().losing(KIND, 1)).await;
    for _ in &ids {
        fragile.claim(1).await;
    }
    let mut rescued = 0;
    while rescued < 20 {
        let some = fixture.rescue().await.rescued;
        assert_ne!(some, 0, "{rescued} were taken back");
        rescued += some;
        fixture.tidy().await;
    }
    for id in ids {
        check_dead(&fixture, id, "lost once").await;
    }
}

/// C13: once the worker is gone and nothing is left of its leases, its limits are forgotten: a worker
/// of the same id has its own.
pub async fn the_kinds_limit_goes_with_the_last_lease(fixture: StoreFixture) {
    let [first, second] = fixture.enqueue([job(), job()]).await[..] else { panic!("two jobs") };
    let fragile = fixture.start(worker().losing(KIND, 1)).await;
    fragile.claim(1).await;
    fixture.rescue().await;
    check_dead(&fixture, first, "lost once").await;
    fixture.tidy().await;
    let registration = Registration { worker: fragile.id(), ..worker().registration() };
    fixture.store().register(&registration, fixture.now()).await.expect("registered");
    fragile.claim(1).await;
    fixture.rescue().await;
    check_alive(&fixture, second, 1).await;
}

/// C13: a kind can have no limit.
pub async fn a_kind_without_a_limit_of_losses_never_dies_of_one(fixture: StoreFixture) {
    let id = fixture.enqueue_one(job()).await;
    lose(&fixture, &worker().losing(KIND, 0), 7).await;
    check_alive(&fixture, id, 7).await;
}

/// I-L8: a loss that is the last failure a kind allows is the job's end, although neither the process that wrote
/// the job nor the one that takes it back knows the kind.
pub async fn a_loss_is_the_last_failure_that_the_kind_allows(fixture: StoreFixture) {
    let id = fixture.enqueue_one(job()).await;
    let brief = worker().giving_up(KIND, 2).losing("other", 9);
    fixture.start(brief.clone()).await.run_one(retry(SECOND)).await;
    fixture.promote().await;
    lose(&fixture, &brief, 1).await;
    check_dead(&fixture, id, "gave up after 2 failed attempts, the last one lost").await;
}

/// I-L8: so is one that is the last by default, where neither the job nor its kind says another number.
pub async fn a_loss_is_the_last_failure_by_default(fixture: StoreFixture) {
    let id = fixture.enqueue_one(job().max_losses(0)).await;
    lose(&fixture, &worker(), u32::from(MAX_ATTEMPTS) - 1).await;
    check_alive(&fixture, id, MAX_ATTEMPTS - 1).await;
    lose(&fixture, &worker(), 1).await;
    check_dead(&fixture, id, "gave up after 25 failed attempts, the last one lost").await;
}

/// I-L8: a kind that never gives up does not do so at a loss, and what a job brought is nearer.
pub async fn a_kind_that_never_gives_up_survives_every_loss(fixture: StoreFixture) {
    let patient = worker().giving_up(KIND, 0).losing(KIND, 0);
    let id = fixture.enqueue_one(job()).await;
    lose(&fixture, &patient, u32::from(MAX_ATTEMPTS) + 1).await;
    check_alive(&fixture, id, MAX_ATTEMPTS + 1).await;
    fixture.store().cancel(&[id], "out of the way", fixture.now()).await.expect("cancelled");
    let id = fixture.enqueue_one(job().max_attempts(1)).await;
    lose(&fixture, &patient, 1).await;
    check_dead(&fixture, id, "gave up: the only attempt was lost").await;
}

/// A23: of 20 jobs that run where a machine goes, those of a kind that may be tried again start elsewhere, once its lease has
/// ended, and those of a kind that may not are dead, as lost.
pub async fn what_a_lost_machine_ran_goes_by_its_kind(fixture: StoreFixture) {
    let known = worker().knowing(&[(KIND, 1), ("once", 1)]).giving_up("once", 1);
    let [again, once] = [KIND, "once"].map(|kind| (0..10).map(move |_| job().kind(kind)));
    let (again, once) = (fixture.enqueue(again).await, fixture.enqueue(once).await);
    assert_eq!(fixture.start(known.clone()).await.claim(99).await.jobs.len(), 20);
    fixture.advance(LEASE + SECOND);
    let other = fixture.start(known).await;
    other.sweep().await;
    let batch = other.claim(99).await;
    let mut started = job_ids(&batch);
    started.sort_unstable();
    assert_eq!(started, again, "they start elsewhere");
    for id in once {
        check_dead(&fixture, id, "gave up: the only attempt was lost").await;
    }
}

/// Lets workers die with the one job, so many times, and others take it back.
async fn lose(fixture: &StoreFixture, profile: &Profile, times: u32) {
    for _ in 0..times {
        let doomed = fixture.start(profile.clone()).await;
        assert_eq!(doomed.claim(1).await.jobs.len(), 1, "there is a job to lose");
        fixture.advance(LEASE + SECOND);
        let stranger = worker().serving(&["elsewhere"]).knowing(&[("strange", 1)]);
        assert_eq!(fixture.start(stranger).await.sweep().await.rescued, 1);
        fixture.promote().await;
    }
}

async fn check_alive(fixture: &StoreFixture, id: JobId, losses: u16) {
    let record = fixture.job(id).await;
    assert_eq!((record.state, record.losses), (State::Available, losses), "{record:?}");
}

async fn check_dead(fixture: &StoreFixture, id: JobId, reason: &str) {
    let record = fixture.job(id).await;
    assert_eq!((record.state, record.reason.as_deref()), (State::Dead, Some(reason)), "{record:?}");
}
