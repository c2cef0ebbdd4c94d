//! Turns: the keys of a queue are served one after the other.

use std::collections::BTreeMap;

use windlass_core::job::{Batch, Fair, Limited};

use crate::draft::{Draft, job};
use crate::fixture::{SECOND, StoreFixture};
use crate::verdicts::complete;
use crate::worker::worker;

fn of(key: &str) -> Draft {
    job().fair(Fair::by(key))
}

fn keys(batch: &Batch) -> BTreeMap<String, usize> {
    let mut keys = BTreeMap::new();
    for job in &batch.jobs {
        let key = job.meta.fair.as_ref().expect("it has turns").key().to_owned();
        *keys.entry(key).or_default() += 1;
    }
    keys
}

/// O9: each key has its turn, however many jobs another has in front.
pub async fn keys_have_turns(fixture: StoreFixture) {
    let worker = fixture.worker().await;
    fixture.enqueue((0..50).map(|_| of("large"))).await;
    fixture.advance(SECOND);
    fixture.enqueue([of("small"), of("tiny")]).await;
    let batch = worker.claim(3).await;
    assert_eq!(keys(&batch), [("large".into(), 1), ("small".into(), 1), ("tiny".into(), 1)].into());
    let batch = worker.claim(10).await;
    assert_eq!(keys(&batch), [("large".into(), 10)].into(), "what the others leave");
}

/// O9: with one slot the keys come one after the other, and none twice before the others.
pub async fn turns_go_on_from_claim_to_claim(fixture: StoreFixture) {
    let worker = fixture.worker().await;
    let names = ["a", "b", "c", "d"];
    fixture.enqueue(names.iter().flat_map(|name| (0..3).map(|_| of(name)))).await;
    let mut served = Vec::new();
    for _ in 0..12 {
        let batch = worker.claim(1).await;
        served.extend(keys(&batch).into_keys());
        worker.settle_all(&batch, &complete()).await;
    }
    for lap in served.chunks(4) {
        let mut lap = lap.to_vec();
        lap.sort();
        assert_eq!(lap, names, "each once in each lap: {served:?}");
    }
}

/// O9: a key of a larger weight has more jobs in each turn.
pub async fn a_weight_is_jobs_in_each_turn(fixture: StoreFixture) {
    let worker = fixture.worker().await;
    let heavy = || job().fair(Fair::by("heavy").weight(3));
    fixture.enqueue((0..40).map(|_| heavy())).await;
    fixture.enqueue((0..40).map(|_| of("light"))).await;
    let batch = worker.claim(8).await;
    assert_eq!(keys(&batch), [("heavy".into(), 6), ("light".into(), 2)].into());
}

/// O9: a smaller priority goes before turns, and jobs of one key come in their order.
pub async fn priorities_go_before_turns(fixture: StoreFixture) {
    let worker = fixture.worker().await;
    let first = fixture.enqueue([of("a"), of("a")]).await;
    fixture.enqueue_one(of("b")).await;
    let urgent = fixture.enqueue_one(of("c").priority(-5)).await;
    let batch = worker.claim(1).await;
    assert_eq!(batch.jobs[0].id, urgent);
    let batch = worker.claim(3).await;
    let of_a: Vec<_> = batch.jobs.iter().filter(|job| first.contains(&job.id)).collect();
    assert_eq!(of_a.iter().map(|job| job.id).collect::<Vec<_>>(), first);
}

/// O9: jobs with turns and jobs without share a queue: neither keeps the other waiting.
pub async fn jobs_with_turns_and_without_share_a_queue(fixture: StoreFixture) {
    let worker = fixture.worker().await;
    fixture.enqueue((0..50).map(|_| job())).await;
    fixture.advance(SECOND);
    fixture.enqueue((0..50).map(|_| of("a"))).await;
    let batch = worker.claim(10).await;
    let turns = batch.jobs.iter().filter(|job| job.meta.fair.is_some()).count();
    assert_eq!((turns, batch.jobs.len()), (5, 10));
    let batch = worker.claim(100).await;
    assert_eq!(batch.jobs.len(), 90, "all that is left");
}

/// O9: claims of one job each serve both too, and of those the smaller priority first.
pub async fn claims_of_one_job_serve_both(fixture: StoreFixture) {
    let worker = fixture.worker().await;
    fixture.enqueue((0..40).map(|_| job())).await;
    fixture.enqueue((0..40).map(|_| of("a"))).await;
    let (mut turns, mut plain) = (0, 0);
    for _ in 0..40 {
        let batch = worker.claim(1).await;
        let has_turns = batch.jobs[0].meta.fair.is_some();
        *(if has_turns { &mut turns } else { &mut plain }) += 1;
    }
    assert!(turns > 0 && plain > 0, "by chance: {turns} and {plain}");
    let urgent = (0..8).map(|_| job().priority(-5)).chain([of("a").priority(-4)]);
    let urgent = fixture.enqueue(urgent).await;
    for id in urgent {
        assert_eq!(worker.claim(1).await.jobs[0].id, id, "the smaller priority, not by chance");
    }
}

/// O9: a queue gives no more than was asked of it, of both together.
pub async fn a_queue_gives_no_more_than_its_share(fixture: StoreFixture) {
    let worker = fixture.start(worker().serving(&["default", "mail"])).await;
    let both = || (0..20).flat_map(|_| [job(), of("a")]);
    fixture.enqueue(both().chain(both().map(|draft| draft.queue("mail")))).await;
    let mut request = worker.request(8);
    request.shares.iter_mut().for_each(|share| share.jobs = 4);
    let batch = worker.claim_by(&request).await;
    let mail = batch.jobs.iter().filter(|job| job.queue == "mail").count();
    assert_eq!((mail, batch.jobs.len()), (4, 8));
}

/// O9: a key of turns has no more of them for the keys of a limit that its jobs have.
pub async fn the_keys_of_a_limit_share_the_turns_of_their_jobs(fixture: StoreFixture) {
    let worker = fixture.worker().await;
    let limited = |key: usize| Limited::by(format!("account {key}")).running(4);
    fixture.enqueue((0..60).map(|nth| of("large").limited(limited(nth % 6)))).await;
    fixture.enqueue((0..10).map(|_| of("small").limited(limited(9)))).await;
    let batch = worker.claim(8).await;
    assert_eq!(keys(&batch), [("large".into(), 4), ("small".into(), 4)].into(), "in one claim");
    worker.settle_all(&batch, &complete()).await;
    let mut served = BTreeMap::new();
    for _ in 0..10 {
        let batch = worker.claim(1).await;
        keys(&batch).into_keys().for_each(|key| *served.entry(key).or_insert(0) += 1);
        worker.settle_all(&batch, &complete()).await;
    }
    assert_eq!(served, [("large".into(), 5), ("small".into(), 5)].into(), "from claim to claim");
}
