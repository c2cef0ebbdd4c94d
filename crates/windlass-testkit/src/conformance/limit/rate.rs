//! Rates: so many tokens in a time.

use windlass_core::job::Limited;
use windlass_core::limit::{Limit, LimitOn};

use super::set::{on_kind, set};
use crate::draft::{KIND, job, jobs};
use crate::fixture::{MINUTE, SECOND, StoreFixture};
use crate::verdicts::complete;

/// O9: so many start at once, and then as many as tokens have come.
pub async fn tokens_come_evenly(fixture: StoreFixture) {
    let worker = fixture.worker().await;
    fixture.enqueue(jobs(100)).await;
    set(&fixture, &on_kind(KIND).rate(60, MINUTE).burst(10)).await;
    let batch = worker.claim(50).await;
    assert_eq!(batch.jobs.len(), 10, "the burst");
    worker.settle_all(&batch, &complete()).await;
    assert_eq!(worker.claim(50).await.jobs.len(), 0, "tokens are spent, whatever has ended");
    for _ in 0..5 {
        fixture.advance(3 * SECOND);
        assert_eq!(worker.claim(50).await.jobs.len(), 3);
    }
    fixture.advance(20 * SECOND);
    assert_eq!(worker.claim(50).await.jobs.len(), 10, "no more than the burst");
}

/// O9: a job may cost several tokens; one that costs more than there ever are starts when the bucket is full.
pub async fn a_job_takes_what_it_costs(fixture: StoreFixture) {
    let worker = fixture.worker().await;
    set(&fixture, &on_kind(KIND).rate(10, MINUTE)).await;
    fixture.enqueue((0..4).map(|_| job().cost(4))).await;
    assert_eq!(worker.claim(9).await.jobs.len(), 2, "eight of ten");
    fixture.advance(6 * SECOND);
    assert_eq!(worker.claim(9).await.jobs.len(), 0, "three are there");
    fixture.advance(6 * SECOND);
    assert_eq!(worker.claim(9).await.jobs.len(), 1);
    fixture.advance(24 * SECOND);
    assert_eq!(worker.claim(9).await.jobs.len(), 1);
    fixture.enqueue_one(job().cost(25)).await;
    fixture.advance(54 * SECOND);
    assert_eq!(worker.claim(9).await.jobs.len(), 0, "not full");
    let worker = fixture.worker().await;
    fixture.advance(6 * SECOND);
    assert_eq!(worker.claim(9).await.jobs.len(), 1);
    fixture.enqueue_one(job()).await;
    let worker = fixture.worker().await;
    fixture.advance(90 * SECOND);
    assert_eq!(worker.claim(9).await.jobs.len(), 0, "fifteen are owed");
    fixture.advance(6 * SECOND);
    assert_eq!(worker.claim(9).await.jobs.len(), 1);
}

/// O9: each key of a name has a bucket of its own, and a queue has one for all.
pub async fn each_key_has_tokens_of_its_own(fixture: StoreFixture) {
    let worker = fixture.worker().await;
    set(&fixture, &Limit::on(LimitOn::Key("crm".to_owned())).rate(2, MINUTE)).await;
    let of = |key: &str| job().limited(Limited::by(key).named("crm"));
    fixture.enqueue((0..5).flat_map(|_| [of("a"), of("b")])).await;
    assert_eq!(worker.claim(20).await.jobs.len(), 4);
    set(&fixture, &Limit::on(LimitOn::Queue("default".to_owned())).rate(3, MINUTE)).await;
    fixture.advance(MINUTE);
    let worker = fixture.worker().await;
    assert_eq!(worker.claim(20).await.jobs.len(), 3);
}

/// X12: ten a second for each host, whatever the workers: of two hosts with a backlog each has its own ten, over four workers
/// that ask ten times a second; the burst is a second's, once.
pub async fn a_rate_of_a_host_holds_over_all_workers(fixture: StoreFixture) {
    const SECONDS: usize = 20;
    set(&fixture, &Limit::on(LimitOn::Key("smtp".to_owned())).rate(10, SECOND)).await;
    let to = |host: &str| job().limited(Limited::by(host).named("smtp"));
    fixture.enqueue((0..300).flat_map(|_| [to("a.example"), to("b.example")])).await;
    let workers = [
        fixture.worker().await,
        fixture.worker().await,
        fixture.worker().await,
        fixture.worker().await,
    ];
    let mut sent = std::collections::BTreeMap::new();
    for turn in 0..10 * SECONDS {
        let worker = &workers[turn % workers.len()];
        let batch = worker.claim(50).await;
        for job in &batch.jobs {
            let host = job.meta.limited.as_ref().map(|limited| limited.key().to_owned());
            *sent.entry(host.expect("it has one")).or_insert(0) += 1;
        }
        worker.settle_all(&batch, &complete()).await;
        fixture.advance(SECOND / 10);
    }
    for (host, sent) in sent {
        let (least, most) = (9 * SECONDS, 11 * SECONDS + 10);
        assert!((least..=most).contains(&sent), "{sent} to {host} in {SECONDS} s");
    }
}

/// O9: a clock that is set back gives no tokens and takes none.
pub async fn a_clock_set_back_takes_no_tokens(fixture: StoreFixture) {
    use windlass_core::store::Now;
    let worker = fixture.worker().await;
    fixture.enqueue(jobs(20)).await;
    set(&fixture, &on_kind(KIND).rate(4, MINUTE)).await;
    assert_eq!(worker.claim(2).await.jobs.len(), 2);
    let earlier =
        windlass_core::time::Timestamp::from_micros(fixture.moment().as_micros() - 3_600_000_000);
    let claimed = fixture.store().claim(&worker.request(9), Now::At(earlier)).await;
    assert_eq!(claimed.expect("claimed").jobs.len(), 2);
}

/// O9: where the clock is set back by an hour, tokens come from then on, and not only when the hour has passed again.
pub async fn a_clock_set_back_holds_no_tokens_up(fixture: StoreFixture) {
    use windlass_core::store::Now;
    let worker = fixture.worker().await;
    fixture.enqueue(jobs(20)).await;
    set(&fixture, &on_kind(KIND).rate(4, MINUTE)).await;
    assert_eq!(worker.claim(9).await.jobs.len(), 4, "all there are");
    let earlier = |seconds: i64| {
        let micros = fixture.moment().as_micros() - 3_600_000_000 + seconds * 1_000_000;
        Now::At(windlass_core::time::Timestamp::from_micros(micros))
    };
    for (seconds, jobs) in [(0, 0), (30, 2), (45, 1)] {
        let claimed = fixture.store().claim(&worker.request(9), earlier(seconds)).await;
        assert_eq!(claimed.expect("claimed").jobs.len(), jobs, "{seconds} s later");
    }
}

/// O9: what was spent of a slow rate is remembered for as long as it takes to come back.
pub async fn a_slow_rate_is_remembered(fixture: StoreFixture) {
    let day = 24 * 60 * MINUTE;
    fixture.enqueue(jobs(20)).await;
    set(&fixture, &on_kind(KIND).rate(1, day).burst(5)).await;
    assert_eq!(fixture.worker().await.claim(9).await.jobs.len(), 5, "the burst");
    fixture.advance(3 * day);
    fixture.tidy().await;
    assert_eq!(fixture.worker().await.claim(9).await.jobs.len(), 3);
}
