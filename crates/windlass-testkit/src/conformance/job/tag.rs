//! Tags and subjects: jobs are found by them, wherever they are.

use windlass_core::id::JobId;
use windlass_core::job::{Enqueued, Page, Unique};
use windlass_core::limits::{FEW_TAGGED, KEEP_FINISHED};

use crate::draft::{Draft, job};
use crate::fixture::{MINUTE, SECOND, StoreFixture};
use crate::verdicts::{complete, die, retry};

fn of_customer(id: u32) -> Draft {
    job().subject("customer", id)
}

/// T22: a job is found by its tags and its subjects in every state that it goes through.
pub async fn jobs_are_found_by_tag_and_subject_in_every_state(fixture: StoreFixture) {
    let worker = fixture.worker().await;
    let draft = of_customer(42).subject("order", "a7").tag("billing").due_in(SECOND);
    let id = fixture.enqueue_one(draft).await;
    fixture.enqueue([of_customer(420).tag("bill"), job()]).await;
    let check = async |state: &str| {
        for filter in [
            "tag:billing",
            "subject:customer=42",
            "subject:order=a7,order=b -tag:bill,x",
            "-tag:bill",
        ] {
            let filter = format!("state:{state} {filter}");
            let found = fixture.find(&filter).await;
            assert!(found.contains(&id), "{filter}: {found:?}");
        }
        for filter in ["tag:bill", "subject:customer=4", "-subject:order=a7", "tag:billing tag:x"] {
            let found = fixture.find(&format!("state:{state} {filter}")).await;
            assert!(!found.contains(&id), "{state} {filter}: {found:?}");
        }
        let all = fixture.find("subject:customer=42").await;
        assert_eq!(all, [id], "{state}");
    };
    check("scheduled").await;
    worker.claim(2).await;
    fixture.advance(SECOND);
    fixture.promote().await;
    check("available").await;
    let batch = worker.claim(1).await;
    check("running").await;
    worker.settle(&batch, 0, retry(MINUTE)).await;
    check("retryable").await;
    fixture.retry(id).await;
    worker.run_one(die()).await;
    check("dead").await;
    fixture.retry(id).await;
    worker.run_one(complete()).await;
    check("completed").await;
    fixture.retry(id).await;
    fixture.cancel(id).await;
    check("cancelled").await;
}

/// T22: what runs is asked of the job itself: after the death of its worker nothing is running that does not.
pub async fn what_runs_is_asked_of_the_job_itself(fixture: StoreFixture) {
    let worker = fixture.worker().await;
    let ids = fixture.enqueue((0..5).map(|_| of_customer(42))).await;
    let batch = worker.claim(3).await;
    worker.settle(&batch, 1, complete()).await;
    worker.settle(&batch, 2, die()).await;
    assert_eq!(fixture.find("subject:customer=42 state:running,dead").await, [ids[2], ids[0]]);
    fixture.rescue().await;
    assert_eq!(fixture.find("subject:customer=42 state:running,dead").await, [ids[2]]);
    let waiting = fixture.find("subject:customer=42 state:available").await;
    assert_eq!(waiting, [ids[4], ids[3], ids[0]]);
}

/// T22: a tag that many jobs have finds them newest first, together with what few have and alone.
pub async fn a_tag_that_many_have_is_found_too(fixture: StoreFixture) {
    let first = fixture.enqueue_one(of_customer(1).tag("bulk")).await;
    let ids = fixture.enqueue((0..=FEW_TAGGED).map(|_| job().tag("bulk"))).await;
    let last = fixture.enqueue_one(of_customer(1)).await;
    let page = Page { before: None, limit: 2 };
    let filter = "tag:bulk".parse().expect("a filter");
    let found = fixture.store().jobs(&filter, page).await.expect("listed");
    let newest: Vec<JobId> = ids.iter().rev().take(2).copied().collect();
    assert_eq!(found.iter().map(|job| job.id).collect::<Vec<_>>(), newest);
    assert_eq!(fixture.find("tag:bulk subject:customer=1").await, [first]);
    assert_eq!(fixture.find("-tag:bulk").await, [last]);
    assert_eq!(fixture.find("tag:bulk").await.len(), FEW_TAGGED + 2);
}

/// T22: `since` and `until` mean when a job ended, or else was claimed, or else was written.
pub async fn jobs_are_found_by_the_moment_of_their_last_step(fixture: StoreFixture) {
    let worker = fixture.worker().await;
    let begin = fixture.moment();
    let [ended, running, waiting] =
        fixture.enqueue([of_customer(7), of_customer(7), of_customer(7)]).await[..]
    else {
        panic!("three were written")
    };
    fixture.advance(MINUTE);
    worker.beat().await;
    worker.claim(1).await;
    let batch = worker.claim(1).await;
    fixture.advance(MINUTE);
    worker.settle(&batch, 0, die()).await;
    let at = |minutes: u32| begin.after(MINUTE * minutes);
    let (ended, running) = (running, ended);
    let cases: [(String, &[JobId]); 6] = [
        (format!("since:{}", at(0)), &[waiting, ended, running]),
        (format!("since:{}", at(1)), &[ended, running]),
        (format!("since:{}", at(2)), &[ended]),
        (format!("until:{}", at(2)), &[waiting, running]),
        (format!("since:{} until:{}", at(1), at(2)), &[running]),
        (format!("since:{}", at(3)), &[]),
    ];
    for (term, expected) in cases {
        for filter in [format!("subject:customer=7 {term}"), term] {
            assert_eq!(fixture.find(&filter).await, expected, "{filter}");
        }
    }
}

/// I-X3: a job that comes again with its id and with other tags keeps those it was written with.
pub async fn a_given_id_keeps_its_own_tags(fixture: StoreFixture) {
    let id = JobId::new();
    let worker = fixture.worker().await;
    fixture.enqueue_one(job().given(id).tag("first")).await;
    let again = || [job().given(id).tag("second").done()];
    for _ in 0..3 {
        let answers = fixture.try_enqueue(&again()).await.expect("asked");
        assert_eq!(answers, [Enqueued::Existing(id)]);
        assert_eq!(fixture.find("tag:second").await, []);
        assert_eq!(fixture.find("tag:first").await, [id]);
        if fixture.job(id).await.finished_at.is_none() {
            worker.run_one(complete()).await;
        }
    }
}

/// I-U1, T22: a job that is not written since its unique key is held is found nowhere, and one that is written is.
pub async fn a_job_that_is_kept_out_leaves_no_tags(fixture: StoreFixture) {
    let unique = |tag: &str| job().unique(Unique::by("a")).tag(tag);
    let first = fixture.enqueue_one(unique("first")).await;
    let kept = fixture.try_enqueue(&[unique("second").done()]).await.expect("asked");
    assert_eq!(kept, [Enqueued::Kept(first)]);
    let refused = [job().tag("beside").done(), {
        let rejected = job().unique(Unique::by("a").reject()).tag("third");
        rejected.done()
    }];
    fixture.try_enqueue(&refused).await.expect_err("refused");
    assert_eq!(fixture.find("tag:second,third,beside").await, []);
    assert_eq!(fixture.find("tag:first,second").await, [first]);
}

/// T22, T23: tidying forgets the tags of jobs that are gone, and no others, however old they are.
pub async fn tags_survive_tidying_while_their_job_does(fixture: StoreFixture) {
    let worker = fixture.worker().await;
    let ids = fixture.enqueue((0..6).map(|_| of_customer(42).tag("a"))).await;
    let batch = worker.claim(4).await;
    worker.settle(&batch, 0, complete()).await;
    worker.settle(&batch, 1, die()).await;
    fixture.cancel(ids[5]).await;
    fixture.advance(KEEP_FINISHED - SECOND);
    fixture.tidy().await;
    assert_eq!(fixture.find("subject:customer=42").await.len(), 6);
    fixture.advance(MINUTE);
    // What was pruned on the way is forgotten by the round after.
    for _ in 0..2 {
        fixture.tidy().await;
    }
    let left: Vec<JobId> = [4, 3, 2, 1].map(|nth| ids[nth]).to_vec();
    assert_eq!(fixture.find("subject:customer=42 tag:a").await, left);
}

/// T22: pages of what one subject has are newest first and neither repeat nor skip a job.
pub async fn pages_of_a_subject_neither_repeat_nor_skip(fixture: StoreFixture) {
    let worker = fixture.worker().await;
    let mut ids = fixture.enqueue((0..9).map(|_| of_customer(42))).await;
    let batch = worker.claim(5).await;
    worker.settle(&batch, 0, complete()).await;
    let filter = "subject:customer=42".parse().expect("a filter");
    let (mut listed, mut before) = (Vec::new(), None);
    loop {
        let page = Page { before, limit: 2 };
        let found = fixture.store().jobs(&filter, page).await.expect("listed");
        let Some(last) = found.last() else { break };
        before = Some(last.id);
        listed.extend(found.into_iter().map(|job| job.id));
    }
    ids.reverse();
    assert_eq!(listed, ids);
}
