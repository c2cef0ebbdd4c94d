//! What batches say of themselves.

use windlass_core::batch::{BatchFilter, BatchState, Begins, Membership};
use windlass_core::condition::{Awaited, ConditionState, Waits};
use windlass_core::id::{BatchId, JobId};
use windlass_core::job::{Page, State};
use windlass_core::limits::FEW_TAGGED;

use super::{record, started};
use crate::draft::{job, jobs};
use crate::fixture::StoreFixture;
use crate::verdicts::{complete, die};

/// B, T27: how many jobs have ended in which way is read from the jobs; who waits says for which batch and how that stands.
pub async fn a_batch_says_where_its_jobs_are(fixture: StoreFixture) {
    let written = started(&fixture, jobs(3).collect()).await;
    let worker = fixture.worker().await;
    worker.run_one(complete()).await;
    let claimed = worker.claim(1).await;
    fixture.cancel(written.jobs[2]).await;
    let batch = record(&fixture, written.batch).await;
    assert_eq!((batch.state, batch.ended_at), (BatchState::Running, None));
    let counts = (batch.jobs.open, batch.jobs.completed, batch.jobs.cancelled);
    assert_eq!((counts, batch.created_at), ((1, 1, 1), fixture.moment()));
    worker.settle(&claimed, 0, complete()).await;
    let conditions = fixture.store().conditions(written.then).await.expect("read");
    let Awaited::Batch { batch, ended, .. } = conditions[0].awaits else { panic!("a batch") };
    assert_eq!((batch, ended), (written.batch, Some(State::Dead)));
    assert_eq!(conditions[0].state, ConditionState::Met);
    let own = fixture.job(written.jobs[1]).await.meta.member.clone();
    assert_eq!(own, Some(Membership::of(written.batch)));
}

/// T26: a batch whose open jobs all wait, while one is dead, is blocked; a retry lets it go on.
pub async fn a_batch_is_blocked_by_what_failed(fixture: StoreFixture) {
    let id = BatchId::new();
    let first = job().begins(id, Begins::default()).done();
    let first_id = first.id;
    let second = job().waits(Waits::all().job("first", first_id)).member_of(id).done();
    fixture.try_enqueue(&[first, second]).await.expect("written");
    let worker = fixture.worker().await;
    assert_eq!(record(&fixture, id).await.state, BatchState::Running);
    worker.run_one(die()).await;
    assert_eq!(record(&fixture, id).await.state, BatchState::Blocked);
    fixture.retry(first_id).await;
    assert_eq!(record(&fixture, id).await.state, BatchState::Running);
    worker.run_one(complete()).await;
    worker.run_one(complete()).await;
    assert_eq!(record(&fixture, id).await.state, BatchState::Completed);
}

/// Batches are found by name, key and whether they have ended, newest first.
pub async fn batches_are_listed(fixture: StoreFixture) {
    let begins = |name: &str, key: Option<&str>| Begins {
        name: Some(name.to_owned()),
        key: key.map(str::to_owned),
        undoes: None,
    };
    let ids = [BatchId::new(), BatchId::new(), BatchId::new()];
    let all = [begins("import", None), begins("import", Some("b")), begins("export", None)];
    for (id, begins) in ids.into_iter().zip(all) {
        fixture.enqueue_one(job().begins(id, begins)).await;
    }
    fixture.worker().await.run_one(complete()).await;
    let named = |name: &str| BatchFilter { name: Some(name.to_owned()), ..BatchFilter::default() };
    let with_key = BatchFilter { key: Some("b".to_owned()), ..BatchFilter::default() };
    let live = |is_live| BatchFilter { is_live: Some(is_live), ..BatchFilter::default() };
    let older = BatchFilter { before: Some(ids[1]), ..BatchFilter::default() };
    let workflows = BatchFilter { is_workflow: Some(true), ..BatchFilter::default() };
    let [first, second, third] = ids;
    for (filter, expected) in [
        (BatchFilter::default(), vec![third, second, first]),
        (named("import"), vec![second, first]),
        (with_key, vec![second]),
        (live(true), vec![third, second]),
        (live(false), vec![first]),
        (older, vec![first]),
        (workflows, vec![]),
    ] {
        let found = fixture.store().batches(&filter, 9).await.expect("listed");
        let found: Vec<BatchId> = found.iter().map(|one| one.id).collect();
        assert_eq!(found, expected, "{filter:?}");
    }
    let newest = fixture.store().batches(&BatchFilter::default(), 1).await.expect("listed");
    assert_eq!(newest.len(), 1);
}

/// The jobs of a batch come in the order of their ids, in parts.
pub async fn the_jobs_of_a_batch_are_listed_in_parts(fixture: StoreFixture) {
    let mut written = started(&fixture, jobs(5).collect()).await;
    written.jobs.sort_unstable();
    let mut seen = Vec::new();
    loop {
        let part = fixture.store().members(written.batch, seen.last().copied(), 2);
        let part = part.await.expect("listed");
        if part.is_empty() {
            break;
        }
        seen.extend(part.iter().map(|one| one.job));
    }
    assert_eq!(seen, written.jobs);
}

/// T22: the jobs of a batch are found among all, together with other terms, and told from those of other batches.
pub async fn the_jobs_of_a_batch_are_found(fixture: StoreFixture) {
    let one = started(&fixture, jobs(3).collect()).await;
    let other = started(&fixture, jobs(1).map(|job| job.tag("a")).collect()).await;
    let alone = fixture.enqueue_one(job().tag("a")).await;
    let worker = fixture.worker().await;
    worker.run_one(die()).await;
    let claimed = worker.claim(1).await;
    let (first, second) = (one.batch, other.batch);
    let newest = [one.jobs[2], one.jobs[1], one.jobs[0]];
    assert_eq!(fixture.find(&format!("batch:{first}")).await, newest);
    assert_eq!(fixture.find(&format!("batch:{first} state:dead")).await, [one.jobs[0]]);
    assert_eq!(fixture.find(&format!("batch:{first} state:running")).await, [one.jobs[1]]);
    let both = [&other.jobs[..], &newest[..]].concat();
    assert_eq!(fixture.find(&format!("batch:{first},{second}")).await, both);
    assert_eq!(fixture.find(&format!("batch:{second} tag:a")).await, other.jobs);
    assert_eq!(fixture.find(&format!("-batch:{second} tag:a")).await, [alone]);
    assert_eq!(fixture.find(&format!("batch:{}", BatchId::new())).await, []);
    worker.settle(&claimed, 0, complete()).await;
}

/// T22: those of a batch that has many are found newest first.
pub async fn the_jobs_of_a_large_batch_are_found(fixture: StoreFixture) {
    let large = started(&fixture, jobs(FEW_TAGGED + 1).collect()).await;
    let small = started(&fixture, jobs(1).collect()).await;
    let page = Page { before: None, limit: 2 };
    let filter = format!("batch:{}", large.batch).parse().expect("a filter");
    let found = fixture.store().jobs(&filter, page).await.expect("listed");
    let newest: Vec<JobId> = large.jobs.iter().rev().take(2).copied().collect();
    assert_eq!(found.iter().map(|job| job.id).collect::<Vec<_>>(), newest);
    let others = fixture.find(&format!("-batch:{}", large.batch)).await;
    assert_eq!(others, [small.then, small.jobs[0], large.then]);
}
