//! Limits that are full, too small or of nothing, and breakers that are open.

use windlass_core::health::{Aspect, Counted, Problem};
use windlass_core::job::Limited;
use windlass_core::limit::{Limit, LimitOn};
use windlass_core::limits::COUNTED;

use super::{aspects, found};
use crate::conformance::limit::set::{on_kind, set};
use crate::draft::{KIND, job, jobs};
use crate::fixture::{MINUTE, SECOND, StoreFixture};
use crate::verdicts::{complete, retry};

/// Those about limits and breakers.
async fn of_limits(fixture: &StoreFixture) -> Vec<Problem> {
    let is_one = |one: &Problem| matches!(one.aspect(), Aspect::Limits | Aspect::Breakers);
    found(fixture).await.into_iter().filter(is_one).collect()
}

/// O24, O9: a limit that is full is told when a job that it concerns has waited for long, of a kind, a queue and a key.
pub async fn a_full_limit_is_told_while_jobs_wait_for_long(fixture: StoreFixture) {
    let worker = fixture.worker().await;
    let key = LimitOn::Key("crm".to_owned());
    let queue = LimitOn::Queue("default".to_owned());
    set(&fixture, &on_kind(KIND).running(2)).await;
    set(&fixture, &Limit::on(queue.clone()).running(3)).await;
    set(&fixture, &Limit::on(key.clone()).running(1)).await;
    let of = |key: &str| job().limited(Limited::by(key).named("crm"));
    fixture.enqueue([of("a"), of("a"), of("b"), job()]).await;
    let due_at = fixture.moment();
    let batch = worker.claim(9).await;
    assert_eq!(batch.jobs.len(), 2);
    assert_eq!(of_limits(&fixture).await, [], "full, and nobody waits for long");
    fixture.advance(15 * MINUTE);
    worker.beat().await;
    let full = |on: LimitOn, most, full_keys| Problem::LimitFull {
        on,
        most,
        full_keys,
        oldest_due_at: due_at,
    };
    let told = of_limits(&fixture).await;
    assert!(told.contains(&full(on_kind(KIND).on, 2, None)), "{told:?}");
    let keys = batch.jobs.iter().filter(|job| job.meta.limited.is_some()).count() as u64;
    assert!(told.contains(&full(key, 1, Some(keys))), "{told:?}");
    assert_eq!(told.len(), 2, "two of three run in the queue: {told:?}");
    worker.settle_all(&batch, &complete()).await;
    assert_eq!(of_limits(&fixture).await, []);
}

/// O24, O9: a limit of a name that nothing has is told, with what may have been meant; one that is used is not.
pub async fn a_limit_of_nothing_is_told(fixture: StoreFixture) {
    let _worker = fixture.worker().await;
    set(&fixture, &on_kind(KIND).running(2)).await;
    set(&fixture, &on_kind("wrok").running(2)).await;
    set(&fixture, &Limit::on(LimitOn::Queue("defualt".to_owned())).running(2)).await;
    set(&fixture, &Limit::on(LimitOn::Queue("default".to_owned())).running(2)).await;
    set(&fixture, &Limit::on(LimitOn::Key("vendor".to_owned())).running(2)).await;
    set(&fixture, &Limit::on(LimitOn::Key("vednor2".to_owned())).running(2)).await;
    fixture.enqueue_one(job().limited(Limited::by("a").named("vendor2"))).await;
    let unused = |on: &str, nearest: &str| Problem::LimitUnused {
        on: on.parse().expect("it is one"),
        nearest: Some(nearest.to_owned()),
    };
    let mut told = of_limits(&fixture).await;
    told.retain(|one| *one != unused("key:vendor", "vendor2"));
    assert_eq!(
        told,
        [
            unused("queue:defualt", "default"),
            unused("kind:wrok", KIND),
            unused("key:vednor2", "vendor2")
        ]
    );
}

/// O24, O9: a rate at which what waits takes more than a day is told, with how long.
pub async fn a_rate_too_small_for_its_backlog_is_told(fixture: StoreFixture) {
    let _worker = fixture.worker().await;
    set(&fixture, &on_kind(KIND).rate(1, 60 * MINUTE)).await;
    fixture.enqueue(jobs(24)).await;
    assert_eq!(of_limits(&fixture).await, [], "a day");
    fixture.enqueue(jobs(1)).await;
    let slow = Problem::RateSlow {
        on: on_kind(KIND).on,
        waiting: Counted { jobs: 25, or_more: false },
        takes: 25 * 60 * MINUTE,
    };
    assert_eq!(of_limits(&fixture).await, [slow]);
}

/// O24, O9: also of a queue that is too long to be counted it is found out whether its jobs take more than a day.
pub async fn a_rate_too_small_for_a_long_queue_is_told(fixture: StoreFixture) {
    let _worker = fixture.worker().await;
    let a_day = u32::try_from(COUNTED + 2_000).expect("a number");
    let limit = Limit::on(LimitOn::Queue("default".to_owned())).rate(a_day, 24 * 60 * MINUTE);
    set(&fixture, &limit).await;
    fixture.enqueue(jobs(COUNTED + 2_000)).await;
    assert_eq!(of_limits(&fixture).await, [], "a day");
    fixture.enqueue(jobs(1)).await;
    let jobs = u64::from(a_day) + 1;
    let waiting = Counted { jobs, or_more: true };
    let told = of_limits(&fixture).await;
    assert!(
        matches!(&told[..], [Problem::RateSlow { on, waiting: told, takes }]
            if *on == limit.on && *told == waiting && *takes > 24 * 60 * MINUTE),
        "{told:?}"
    );
}

/// O24, C38: an open breaker is told, since when and until when.
pub async fn an_open_breaker_is_told(fixture: StoreFixture) {
    let worker = fixture.worker().await;
    set(&fixture, &on_kind(KIND).break_after(2, MINUTE, 10 * SECOND)).await;
    fixture.enqueue(jobs(5)).await;
    for _ in 0..2 {
        worker.run_one(retry(60 * MINUTE)).await;
    }
    assert_eq!(worker.claim(9).await.jobs.len(), 0);
    let since = fixture.moment();
    let until = since.after(10 * SECOND);
    fixture.advance(SECOND);
    let open = Problem::BreakerOpen { on: on_kind(KIND).on, since, until };
    assert_eq!(found(&fixture).await, [open], "and nothing else");
    fixture.advance(9 * SECOND);
    worker.run_one(complete()).await;
    worker.claim(1).await;
    assert_eq!(aspects(&fixture).await, []);
}
