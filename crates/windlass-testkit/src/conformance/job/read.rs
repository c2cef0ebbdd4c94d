//! Read: what people and tools are told of jobs agrees with what is.

use std::collections::BTreeMap;

use windlass_core::id::JobId;
use windlass_core::job::{Page, State};

use crate::draft::{job, jobs};
use crate::fixture::{MINUTE, StoreFixture};
use crate::verdicts::{complete, die, retry};
use crate::worker::worker;

/// One job in each of the eight states, on queues `q.waiting`, `q.scheduled` and so on.
pub(super) async fn one_job_in_each_state(fixture: &StoreFixture) -> BTreeMap<State, JobId> {
    let mut ids = BTreeMap::new();
    let draft = |state: State| job().queue(&format!("q.{state}")).kind(&format!("k.{state}"));
    for state in [State::Retryable, State::Running, State::Completed, State::Dead] {
        ids.insert(state, fixture.enqueue_one(draft(state)).await);
        let kind = format!("k.{state}");
        let one = worker().serving(&[&format!("q.{state}")]).knowing(&[(&kind, 1)]);
        let one = fixture.start(one).await;
        match state {
            State::Retryable => one.run_one(retry(MINUTE)).await,
            State::Completed => one.run_one(complete()).await,
            State::Dead => one.run_one(die()).await,
            _ => drop(one.claim(1).await),
        }
    }
    ids.insert(State::Waiting, fixture.enqueue_one(draft(State::Waiting)).await);
    fixture.tidy().await;
    ids.insert(State::Available, fixture.enqueue_one(draft(State::Available)).await);
    ids.insert(State::Scheduled, fixture.enqueue_one(draft(State::Scheduled).due_in(MINUTE)).await);
    ids.insert(State::Cancelled, fixture.enqueue_one(draft(State::Cancelled)).await);
    fixture.cancel(ids[&State::Cancelled]).await;
    ids
}

/// O30, S1: one call counts the jobs of each state and queue; every job is in one state.
pub async fn counts_agree_in_every_state(fixture: StoreFixture) {
    let ids = one_job_in_each_state(&fixture).await;
    let each = "waiting 1, scheduled 1, available 1, retryable 1, running 1, completed 1, \
                cancelled 1, dead 1";
    fixture.check(each).await;
    let counts = fixture.store().counts().await.expect("jobs can be counted");
    for (state, id) in ids {
        assert_eq!(counts.by_queue[&format!("q.{state}")], BTreeMap::from([(state, 1)]));
        assert_eq!(fixture.job(id).await.state, state);
    }
}

/// S1: counts follow a job through its life, back from the end too.
pub async fn counts_follow_a_job(fixture: StoreFixture) {
    fixture.check("nothing").await;
    let id = fixture.enqueue_one(job()).await;
    let worker = fixture.worker().await;
    for _ in 0..2 {
        fixture.check("available 1").await;
        worker.run_one(die()).await;
        fixture.check("dead 1").await;
        fixture.retry(id).await;
    }
    worker.run_one(complete()).await;
    fixture.check("completed 1").await;
}

/// T9, T22: jobs are found by state, queue and kind, with commas, stars and negation.
pub async fn jobs_are_found_by_state_queue_and_kind(fixture: StoreFixture) {
    let ids = one_job_in_each_state(&fixture).await;
    let filters: [(&str, &[State]); 10] = [
        ("state:dead", &[State::Dead]),
        ("state:running,waiting", &[State::Waiting, State::Running]),
        ("queue:q.scheduled", &[State::Scheduled]),
        ("kind:k.available,k.retryable", &[State::Available, State::Retryable]),
        ("kind:k.c*", &[State::Completed, State::Cancelled]),
        ("queue:*able -kind:k.a*", &[State::Retryable]),
        ("queue:q.*d -state:cancelled,completed", &[State::Scheduled, State::Dead]),
        ("kind:K.dead", &[]),
        ("queue:q.?ead", &[]),
        (
            "-state:waiting,scheduled,available,retryable,completed -queue:q.dead",
            &[State::Running, State::Cancelled],
        ),
    ];
    for (filter, expected) in filters {
        let mut expected: Vec<JobId> = expected.iter().map(|state| ids[state]).collect();
        expected.sort_by(|a, b| b.cmp(a));
        assert_eq!(fixture.find(filter).await, expected, "{filter}");
    }
    assert_eq!(fixture.find("").await.len(), 8);
}

/// T22: signs that mean something to a database mean nothing in a filter.
pub async fn a_filters_text_is_only_text(fixture: StoreFixture) {
    let plain = fixture.enqueue_one(job().queue("a_b").kind("a-b")).await;
    fixture.enqueue_one(job().queue("axb").kind("ab")).await;
    for (filter, expected) in [
        ("queue:a_b", vec![plain]),
        ("queue:a_*", vec![plain]),
        ("queue:a%b", vec![]),
        ("queue:a%*", vec![]),
        ("queue:a[x]*", vec![]),
        ("kind:a-*", vec![plain]),
        ("kind:'", vec![]),
        ("kind:\\*", vec![]),
        ("kind:a?*", vec![]),
    ] {
        assert_eq!(fixture.find(filter).await, expected, "{filter}");
    }
}

/// T22: pages are newest first and neither repeat nor skip a job, wherever it is stored.
pub async fn pages_neither_repeat_nor_skip_a_job(fixture: StoreFixture) {
    let mut enqueued = fixture.enqueue(jobs(25)).await;
    let worker = fixture.worker().await;
    let batch = worker.claim(12).await;
    for nth in (0..12).step_by(2) {
        worker.settle(&batch, nth, complete()).await;
    }
    let filter = "kind:work".parse().expect("a filter");
    let (mut listed, mut before) = (Vec::new(), None);
    loop {
        let page = Page { before, limit: 4 };
        let jobs = fixture.store().jobs(&filter, page).await.expect("jobs can be listed");
        let Some(last) = jobs.last() else { break };
        assert!(jobs.len() <= 4, "a page has its limit");
        before = Some(last.id);
        listed.extend(jobs.into_iter().map(|job| job.id));
    }
    enqueued.reverse();
    assert_eq!(listed, enqueued);
}

/// A job that was never enqueued is not there.
pub async fn a_job_that_does_not_exist_is_not_found(fixture: StoreFixture) {
    let found = fixture.store().job(JobId::new()).await.expect("it can be asked for");
    assert!(found.is_none());
}
