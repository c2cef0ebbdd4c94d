//! Unserved: jobs that wait for a worker that does not exist.

use windlass_core::job::Lane;
use windlass_core::limits::{COUNTED, LEASE};
use windlass_core::queue::Unserved;

use crate::draft::{job, jobs};
use crate::fixture::{MINUTE, SECOND, StoreFixture};
use crate::verdicts::complete;
use crate::worker::worker;

/// C27, O4, O24: jobs that are due and that nobody could run are listed by queue, kind and version,
/// parked or not, and say whether the queue at least is served.
pub async fn jobs_that_nobody_could_run_are_listed(fixture: StoreFixture) {
    let worker = fixture.worker().await;
    fixture.enqueue(jobs(10).map(|job| job.kind("ghost"))).await;
    let expected = [("default", "ghost", 1, 10, true)];
    assert_eq!(unserved(&fixture).await, expected);
    fixture.tidy().await;
    assert_eq!(unserved(&fixture).await, expected);
    fixture.advance(MINUTE);
    worker.beat().await;
    fixture.enqueue([job().queue("reports").version(2), job(), job()]).await;
    let nobody = ("reports", "work", 2, 1, false);
    assert_eq!(unserved(&fixture).await, [expected[0], nobody]);
    let oldest = groups(&fixture).await[0].oldest_due_at;
    assert_eq!(fixture.moment().since(oldest), MINUTE);
}

/// O24: knowing the kind is not enough, the queue must be served by the same worker.
pub async fn a_worker_must_serve_the_queue_and_know_the_kind(fixture: StoreFixture) {
    let _knower = fixture.start(worker().serving(&["other"])).await;
    let _server = fixture.start(worker().knowing(&[("other", 1)])).await;
    fixture.enqueue_one(job()).await;
    assert_eq!(unserved(&fixture).await, [("default", "work", 1, 1, true)]);
    let both = fixture.worker().await;
    assert_eq!(unserved(&fixture).await, []);
    both.leave().await;
    assert_eq!(unserved(&fixture).await.len(), 1);
}

/// O24, T12: a worker whose lease ran out serves nobody, also where nobody is left to sweep.
pub async fn a_dead_worker_serves_nobody(fixture: StoreFixture) {
    let _dead = fixture.worker().await;
    fixture.enqueue_one(job()).await;
    fixture.advance(LEASE + SECOND);
    assert_eq!(unserved(&fixture).await, [("default", "work", 1, 1, false)]);
}

/// O24: what is due later, runs or has ended waits for nobody.
pub async fn only_due_jobs_can_be_unserved(fixture: StoreFixture) {
    let worker = fixture.worker().await;
    fixture.enqueue(jobs(2)).await;
    worker.claim(1).await;
    worker.run_one(complete()).await;
    let ended = worker.id();
    fixture.enqueue_one(job().kind("ghost").due_in(MINUTE)).await;
    assert_eq!(unserved(&fixture).await, [], "while {ended} lives");
}

/// C18: a long queue is looked at as far as the bound goes, and it is told that there may be more.
pub async fn a_long_queue_is_looked_at_up_to_a_bound(fixture: StoreFixture) {
    fixture.enqueue(jobs(COUNTED + 5).map(|job| job.queue("bulk"))).await;
    fixture.enqueue([job().queue("lined").lane(Lane::by("a")), job().queue("lined")]).await;
    let told = groups(&fixture).await;
    let told: Vec<_> =
        told.iter().map(|group| (group.queue.as_str(), group.jobs, group.or_more)).collect();
    assert_eq!(told, [("bulk", COUNTED as u64, true), ("lined", 2, false)]);
}

async fn groups(fixture: &StoreFixture) -> Vec<Unserved> {
    fixture.store().unserved(fixture.now()).await.expect("it can be asked")
}

/// Queue, kind, version, number of jobs, and whether the queue is served.
async fn unserved(fixture: &StoreFixture) -> Vec<(&'static str, &'static str, u16, u64, bool)> {
    let known = |name: &str| {
        let names = ["default", "reports", "ghost", "work"];
        names.into_iter().find(|known| *known == name).expect("a name of these tests")
    };
    groups(fixture)
        .await
        .iter()
        .map(|group| {
            let (queue, kind) = (known(&group.queue), known(&group.kind));
            (queue, kind, group.version, group.jobs, group.queue_served)
        })
        .collect()
}
