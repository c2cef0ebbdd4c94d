//! Places of a queue's limit that are reserved for kinds.

use windlass_core::job::{Batch, Fair, Limited};
use windlass_core::limit::{Limit, LimitOn, SetBy};

use super::set::{on_kind, set};
use crate::draft::{KIND, job};
use crate::fixture::{MINUTE, StoreFixture};
use crate::verdicts::{complete, die};
use crate::worker::{Worker, settlement, worker};

const QUEUE: &str = "mail";
const WELCOME: &str = "welcome";

fn mail() -> Limit {
    Limit::on(LimitOn::Queue(QUEUE.to_owned()))
}

async fn start(fixture: &StoreFixture) -> Worker<'_> {
    let kinds = [(KIND, 1), (WELCOME, 1), ("alert", 1)];
    fixture.start(worker().serving(&[QUEUE]).knowing(&kinds)).await
}

async fn enqueue(fixture: &StoreFixture, kind: &str, jobs: usize) {
    fixture.enqueue((0..jobs).map(|_| job().queue(QUEUE).kind(kind))).await;
}

/// How many there are of the slow kind, and of the one with places.
fn kinds(batch: &Batch) -> (usize, usize) {
    let of = |kind: &str| batch.jobs.iter().filter(|job| job.kind == kind).count();
    (of(KIND), of(WELCOME))
}

async fn settle_kind(worker: &Worker<'_>, batch: &Batch, kind: &str) {
    let of_kind = batch.jobs.iter().enumerate().filter(|(_, job)| job.kind == kind);
    let settled: Vec<_> = of_kind.map(|(nth, _)| settlement(batch, nth, complete())).collect();
    worker.send(&settled).await;
}

/// E13, O9: a slow kind takes no place that is reserved for another, whose jobs start at once when they come.
pub async fn reserved_places_stay_free_for_their_kind(fixture: StoreFixture) {
    let worker = start(&fixture).await;
    set(&fixture, &mail().running(4).reserve(WELCOME, 2)).await;
    enqueue(&fixture, KIND, 30).await;
    let slow = worker.claim(30).await;
    assert_eq!(kinds(&slow), (2, 0));
    assert_eq!(kinds(&worker.claim(30).await), (0, 0), "two places are kept");
    enqueue(&fixture, WELCOME, 1).await;
    assert_eq!(kinds(&worker.claim(30).await), (0, 1));
    assert_eq!(kinds(&worker.claim(30).await), (0, 0), "one is");
    enqueue(&fixture, WELCOME, 30).await;
    assert_eq!(kinds(&worker.claim(30).await), (0, 1), "all four run");
    worker.settle_all(&slow, &complete()).await;
    let both = worker.claim(30).await;
    assert_eq!(both.jobs.len(), 2, "the two others are for all");
}

/// E13, O9: a kind with reserved places may use the others too, and has none of its own beyond them.
pub async fn a_kind_may_use_more_than_its_places(fixture: StoreFixture) {
    let worker = start(&fixture).await;
    set(&fixture, &mail().running(4).reserve(WELCOME, 1)).await;
    enqueue(&fixture, WELCOME, 30).await;
    let batch = worker.claim(30).await;
    assert_eq!(kinds(&batch), (0, 4));
    enqueue(&fixture, KIND, 30).await;
    assert_eq!(worker.claim(30).await.jobs.len(), 0, "it is full");
    worker.settle(&batch, 0, complete()).await;
    worker.settle(&batch, 1, die()).await;
    assert_eq!(worker.claim(30).await.jobs.len(), 2, "its one place is taken");
}

/// E13, O9: places of several kinds are kept for each of them, whatever the priority of others.
pub async fn each_kind_has_places_of_its_own(fixture: StoreFixture) {
    let worker = start(&fixture).await;
    set(&fixture, &mail().running(5).reserve(WELCOME, 2).reserve("alert", 1)).await;
    fixture.enqueue((0..9).map(|_| job().queue(QUEUE).priority(-5))).await;
    enqueue(&fixture, WELCOME, 9).await;
    let batch = worker.claim(30).await;
    assert_eq!(kinds(&batch), (2, 2));
    assert_eq!(worker.claim(30).await.jobs.len(), 0, "one is kept for an alert");
    enqueue(&fixture, "alert", 9).await;
    assert_eq!(worker.claim(30).await.jobs.len(), 1);
}

/// E13, O9: all places can be reserved; then other kinds run only where no limit of the queue holds.
pub async fn all_places_can_be_reserved(fixture: StoreFixture) {
    let worker = start(&fixture).await;
    set(&fixture, &mail().running(2).reserve(WELCOME, 2)).await;
    enqueue(&fixture, KIND, 3).await;
    enqueue(&fixture, WELCOME, 1).await;
    assert_eq!(kinds(&worker.claim(9).await), (0, 1));
    assert_eq!(kinds(&worker.claim(9).await), (0, 0));
    assert!(fixture.store().remove_limit(&mail().on).await.expect("it reaches the store"));
    assert_eq!(kinds(&worker.claim(9).await), (3, 0));
}

/// E13, O9: reserved places hold beside turns and limits by key, and a line that is kept back takes no part of a claim.
pub async fn lines_that_are_kept_take_no_part_of_a_claim(fixture: StoreFixture) {
    let worker = start(&fixture).await;
    set(&fixture, &mail().running(6).reserve(WELCOME, 4)).await;
    let of = |n: usize| job().queue(QUEUE).fair(Fair::by(format!("tenant {n}")));
    fixture.enqueue((0..20).map(of)).await;
    let keyed = |_| job().queue(QUEUE).limited(Limited::by("account").running(9));
    fixture.enqueue((0..9).map(keyed)).await;
    assert_eq!(kinds(&worker.claim(9).await), (2, 0));
    enqueue(&fixture, WELCOME, 9).await;
    assert_eq!(kinds(&worker.claim(9).await), (0, 4));
}

/// E13, I-O3: what runs when places are reserved is counted in, whether it was limited before or not, and again where it was
/// lost and runs once more.
pub async fn what_runs_already_has_its_places(fixture: StoreFixture) {
    let worker = start(&fixture).await;
    enqueue(&fixture, WELCOME, 2).await;
    let first = worker.claim(1).await;
    set(&fixture, &mail().running(4).reserve(WELCOME, 2)).await;
    enqueue(&fixture, KIND, 30).await;
    let batch = worker.claim(1).await;
    assert_eq!(batch.jobs.len(), 1);
    let rest = worker.claim(30).await;
    assert_eq!(
        batch.jobs.len() + rest.jobs.len() + first.jobs.len(),
        4,
        "both of the kind run, or one place is kept"
    );
    fixture.rescue().await;
    let worker = start(&fixture).await;
    let again = worker.claim(30).await;
    assert_eq!((kinds(&again), again.jobs.len()), ((2, 2), 4));
}

/// E13, I-O3: tidying takes no reserved place from a job that runs, and what ended before keeps none.
pub async fn reserved_places_are_counted_after_tidying(fixture: StoreFixture) {
    let worker = start(&fixture).await;
    set(&fixture, &mail().running(3).reserve(WELCOME, 1)).await;
    // Jobs that run are counted in again for a while after a limit is set: later than that.
    fixture.advance(MINUTE);
    enqueue(&fixture, WELCOME, 1).await;
    enqueue(&fixture, KIND, 30).await;
    let batch = worker.claim(30).await;
    assert_eq!(kinds(&batch), (2, 1));
    fixture.tidy().await;
    settle_kind(&worker, &batch, KIND).await;
    let more = worker.claim(30).await;
    assert_eq!(kinds(&more), (2, 0), "the welcome that runs has its place");
    settle_kind(&worker, &batch, WELCOME).await;
    fixture.tidy().await;
    assert_eq!(kinds(&worker.claim(30).await), (0, 0), "its place is kept again");
}

/// E13, O9: reserved places are given, changed and taken away at run time.
pub async fn reserved_places_are_changed_at_run_time(fixture: StoreFixture) {
    let worker = start(&fixture).await;
    enqueue(&fixture, KIND, 30).await;
    set(&fixture, &mail().running(6).reserve(WELCOME, 3)).await;
    assert_eq!(kinds(&worker.claim(30).await), (3, 0));
    set(&fixture, &mail().running(6).reserve(WELCOME, 2)).await;
    assert_eq!(kinds(&worker.claim(30).await), (1, 0));
    set(&fixture, &mail().running(6).reserve(WELCOME, 6)).await;
    assert_eq!(kinds(&worker.claim(30).await), (0, 0));
    enqueue(&fixture, WELCOME, 1).await;
    assert_eq!(kinds(&worker.claim(30).await), (0, 1), "never more than the limit itself");
    set(&fixture, &mail().running(6)).await;
    assert_eq!(kinds(&worker.claim(30).await), (1, 0));
    let limits = fixture.store().limits(fixture.now()).await.expect("listed");
    assert_eq!((&limits[0].limit, limits[0].running_now), (&mail().running(6), Some(6)));
}

/// E13: reserved places are listed; such as there are not are refused, and change nothing.
pub async fn reserved_places_that_make_no_sense_are_refused(fixture: StoreFixture) {
    let limit = mail().running(4).reserve(WELCOME, 2).reserve("alert", 1);
    set(&fixture, &limit).await;
    for wrong in [
        on_kind(KIND).running(4).reserve(WELCOME, 1),
        mail().running(4).reserve(WELCOME, 0),
        mail().running(4).reserve(WELCOME, 5),
        mail().running(4).reserve("no kind", 1),
        Limit { running: None, ..limit.clone() }.rate(1, MINUTE),
    ] {
        let refused = fixture.store().set_limit(&wrong, SetBy::Person, None, fixture.now()).await;
        refused.expect_err("it is refused");
    }
    let limits = fixture.store().limits(fixture.now()).await.expect("listed");
    assert_eq!(limits.iter().map(|record| &record.limit).collect::<Vec<_>>(), [&limit]);
}

/// E13, O9: a breaker's probe may be of any kind where a place is free that is kept for none.
pub async fn a_probe_may_be_of_any_kind(fixture: StoreFixture) {
    let worker = start(&fixture).await;
    set(&fixture, &mail().running(4).reserve(WELCOME, 2).break_after(1, MINUTE, MINUTE)).await;
    enqueue(&fixture, KIND, 9).await;
    worker.run_one(die()).await;
    assert_eq!(worker.claim(9).await.jobs.len(), 0, "it is open");
    fixture.advance(MINUTE);
    let probe = worker.claim(9).await;
    assert_eq!(kinds(&probe), (1, 0));
    worker.settle_all(&probe, &complete()).await;
    assert_eq!(kinds(&worker.claim(9).await), (2, 0));
}
