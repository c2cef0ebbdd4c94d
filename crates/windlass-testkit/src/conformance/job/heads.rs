//! Heads: how jobs stand, many in one question.

use windlass_core::condition::Waits;
use windlass_core::id::JobId;
use windlass_core::job::{JobHead, State};
use windlass_core::progress::{Progress, Report};

use crate::draft::job;
use crate::fixture::StoreFixture;
use crate::verdicts::{complete, die};

async fn heads(fixture: &StoreFixture, jobs: &[JobId]) -> Vec<JobHead> {
    fixture.store().job_heads(jobs).await.expect("they can be read")
}

/// Wherever jobs are, each head says what the job itself says; what is not there is left out, and the order is that of the ids.
pub async fn heads_tell_how_jobs_stand(fixture: StoreFixture) {
    let worker = fixture.worker().await;
    let mut ids = Vec::new();
    for verdict in [complete(), die()] {
        ids.push(fixture.enqueue_one(job().tag("ended")).await);
        let batch = worker.claim(1).await;
        worker.settle(&batch, 0, verdict).await;
    }
    ids.push(fixture.enqueue_one(job().tag("tenant:acme").tag("bulk")).await);
    worker.claim(1).await;
    ids.push(fixture.enqueue_one(job().queue("other").waits(Waits::all().signal("s", "s"))).await);
    ids.push(fixture.enqueue_one(job()).await);
    let (written, mut ids) = (ids.clone(), ids);
    ids.sort_unstable();
    let mut asked: Vec<JobId> = ids.iter().rev().copied().collect();
    asked.extend([JobId::new(), ids[0]]);
    let found = heads(&fixture, &asked).await;
    assert_eq!(found.iter().map(|head| head.id).collect::<Vec<_>>(), ids);
    let state = |id: &JobId| found.iter().find(|head| head.id == *id).map(|head| head.state);
    let states: Vec<_> = written.iter().filter_map(state).collect();
    use State::{Available, Completed, Dead, Running, Waiting};
    assert_eq!(states, [Completed, Dead, Running, Waiting, Available]);
    for head in &found {
        let job = fixture.store().job(head.id).await.expect("read").expect("there");
        let (kind, queue) = (job.kind, job.queue);
        let (state, attempt) = (job.state, job.attempt);
        let (id, tags) = (job.id, job.meta.tags.clone());
        assert_eq!(*head, JobHead { id, kind, queue, state, attempt, tags, progress: None });
    }
    assert!(heads(&fixture, &[]).await.is_empty());
}

/// A head has the last progress of its job.
pub async fn a_head_has_the_progress_of_its_job(fixture: StoreFixture) {
    let id = fixture.enqueue_one(job()).await;
    let worker = fixture.worker().await;
    let batch = worker.claim(1).await;
    let said =
        Progress {
            percent: Some(12.5), note: Some("é".to_owned()), done: Some(1), total: Some(8)
        };
    let report = Report {
        fence: worker.fence(&batch, 0),
        checkpoint: None,
        progress: Some((said.clone(), 1)),
        lines: Vec::new(),
    };
    fixture.store().report(&[report], fixture.now()).await.expect("it reaches the store");
    let found = heads(&fixture, &[id]).await;
    assert_eq!(
        found.iter().map(|head| head.progress.clone()).collect::<Vec<_>>(),
        [Some(said.clone())]
    );
    worker.settle(&batch, 0, complete()).await;
    let found = heads(&fixture, &[id]).await;
    assert_eq!((found[0].state, found[0].progress.clone()), (State::Completed, Some(said)));
}
