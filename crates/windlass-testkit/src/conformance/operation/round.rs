//! Rounds: bounded, one after the other, over what was there when the operation began.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use uuid::Uuid;
use windlass_core::id::{BatchId, JobId};
use windlass_core::job::{State, Unique};
use windlass_core::operation::{Action, OperationState, Round, Which, Why};

use super::{begin, cancelling, dead, dead_of, finish, kill, moving, operation, read, round, run};
use crate::draft::{job, jobs};
use crate::fixture::{MINUTE, SECOND, StoreFixture};
use crate::verdicts::{complete, die};
use crate::worker::worker;

/// What comes or ends after an operation began is none of its jobs, nor is one of them twice: it ends though its own jobs
/// fail again.
pub async fn the_jobs_are_those_of_the_beginning(fixture: StoreFixture) {
    dead(&fixture, 30).await;
    let later = fixture.enqueue(jobs(10)).await;
    fixture.advance(SECOND);
    let id = begin(&fixture, &operation(Action::Retry, "kind:work")).await;
    fixture.advance(SECOND);
    assert_eq!(round(&fixture, 20).await.jobs, 20);
    fixture.enqueue(jobs(5)).await;
    // Those that were retried, those that were there, and new ones die.
    kill(&fixture, 35).await;
    let over = finish(&fixture, id).await;
    assert_eq!(
        (over.matched, over.progress.done, over.progress.skipped.total()),
        (Some(30), 30, 0)
    );
    fixture.check("available 10, dead 35").await;
    assert_eq!(fixture.job(later[0]).await.state, State::Dead);
}

/// A job that ends later than the operation began does not take the place of one that was counted.
pub async fn no_more_jobs_are_changed_than_were_counted(fixture: StoreFixture) {
    let ids = fixture.enqueue((0..6).map(|nth| job().queue(if nth < 3 { "b" } else { "a" }))).await;
    fixture.advance(SECOND);
    let id = begin(&fixture, &operation(moving("c"), "queue:b")).await;
    assert_eq!(round(&fixture, 1).await.jobs, 1);
    fixture.move_to("b", &ids[3..]).await;
    let over = finish(&fixture, id).await;
    assert_eq!((over.matched, over.progress.looked()), (Some(3), 3));
    assert_eq!(fixture.find("queue:b").await.len() + fixture.find("queue:c").await.len(), 6);
    assert_eq!(fixture.find("queue:c").await.len(), 3);
}

/// A job that comes later has no place among those that were counted, whatever its id.
pub async fn a_later_job_takes_nobodys_place(fixture: StoreFixture) {
    let ids = fixture.enqueue(jobs(3)).await;
    fixture.advance(SECOND);
    let id = begin(&fixture, &operation(moving("c"), "kind:work")).await;
    assert_eq!(round(&fixture, 1).await.jobs, 1);
    fixture.advance(SECOND);
    // It stands between those that were there: its caller has chosen its id.
    let between = JobId::from_uuid(Uuid::from_u128(ids[0].as_uuid().as_u128() + 1));
    fixture.enqueue_one(job().given(between)).await;
    let over = finish(&fixture, id).await;
    assert_eq!((over.matched, over.progress.done), (Some(3), 3));
    assert_eq!(fixture.find("queue:default").await, [between]);
}

/// A round is at most so many jobs, and between two of them jobs are claimed as ever.
pub async fn rounds_are_bounded_and_claims_go_on_between_them(fixture: StoreFixture) {
    dead_of(&fixture, jobs(20_000)).await;
    fixture.enqueue(jobs(100).map(|job| job.queue("other"))).await;
    let other = fixture.start(worker().serving(&["other"])).await;
    fixture.advance(SECOND);
    let id = begin(&fixture, &operation(Action::Retry, "queue:default")).await;
    let mut rounds = 0;
    loop {
        let Round { jobs, next, .. } = round(&fixture, usize::MAX).await;
        assert!(jobs <= 500, "{jobs} jobs in one transaction");
        if rounds < 100 {
            other.run_one(complete()).await;
        }
        rounds += 1;
        let Some(next) = next else { break };
        fixture.advance(next);
    }
    assert!(rounds >= 40, "{rounds} rounds");
    assert_eq!(read(&fixture, id).await.progress.done, 20_000);
    let left = 100_usize.saturating_sub(rounds);
    fixture.check(&format!("available {}, completed {}", 20_000 + left, 100 - left)).await;
}

/// Rounds of several programs at once change each job once, and what one leaves undone when it dies another goes on with.
pub async fn rounds_at_once_change_each_job_once(fixture: StoreFixture) {
    dead(&fixture, 300).await;
    let id = begin(&fixture, &operation(Action::Retry, "kind:work")).await;
    let mut stores = vec![fixture.another_store().await, fixture.another_store().await];
    stores.push(fixture.shared_store());
    let now = fixture.now();
    for _ in 0..100 {
        let rounds = stores.iter().map(|store| {
            let store = Arc::clone(store);
            async move { store.operation_round(Which::Of(id), 7, now).await.expect("a round") }
        });
        let rounds = join_all(rounds).await;
        if rounds.iter().all(|round| round.next.is_none()) {
            break;
        }
        if stores.len() > 1 && read(&fixture, id).await.progress.done > 100 {
            stores.remove(0);
        }
    }
    let over = read(&fixture, id).await;
    assert_eq!((over.state, over.progress.done), (OperationState::Done, 300));
    assert_eq!(over.progress.skipped.total(), 0);
    fixture.check("available 300").await;
}

/// An operation goes no quicker than its pace.
pub async fn rounds_keep_their_pace(fixture: StoreFixture) {
    dead(&fixture, 100).await;
    let new = operation(Action::Retry, "kind:work").pace("50/s".parse().expect("a pace"));
    let id = begin(&fixture, &new).await;
    let began = fixture.moment();
    let first = round(&fixture, 500).await;
    assert_eq!((first.jobs, first.next), (5, Some(Duration::from_millis(100))));
    let early = round(&fixture, 500).await;
    assert_eq!((early.operation, early.jobs), (None, 0), "its time has not come");
    let over = finish(&fixture, id).await;
    assert_eq!(over.progress.done, 100);
    let took = fixture.moment().since(began);
    assert!(took >= Duration::from_millis(1_900) && took <= 3 * SECOND, "{took:?}");
}

/// Operations have their turns: one of many jobs keeps no other waiting.
pub async fn operations_have_their_turns(fixture: StoreFixture) {
    dead(&fixture, 50).await;
    dead_of(&fixture, jobs(3).map(|job| job.tag("few"))).await;
    let many = begin(&fixture, &operation(Action::Retry, "-tag:few")).await;
    let few = begin(&fixture, &operation(Action::Retry, "tag:few")).await;
    for _ in 0..4 {
        fixture.advance(SECOND);
        round(&fixture, 3).await;
    }
    assert_eq!(read(&fixture, few).await.progress.done, 3);
    assert!(read(&fixture, many).await.progress.done < 10);
}

/// Jobs that the verb leaves as they are are counted by the reason.
pub async fn what_is_left_as_it_is_says_why(fixture: StoreFixture) {
    let held = dead_of(&fixture, [job().unique(Unique::by("a"))]).await[0];
    fixture.enqueue([job().unique(Unique::by("a")).queue("b"), job().queue("b")]).await;
    let busy = fixture.start(worker().serving(&["b"])).await;
    let batch = busy.claim(1).await;
    fixture.advance(SECOND);
    let all = "state:dead,available,running,scheduled";
    let over = run(&fixture, &operation(Action::Retry, all)).await;
    let counts = BTreeMap::from([(Why::Unneeded, 1), (Why::Running, 1), (Why::KeyHeld, 1)]);
    assert_eq!(over.progress.skipped.counts, counts);
    assert!(over.progress.skipped.samples.contains(&(held, Why::KeyHeld)));
    fixture.advance(SECOND);
    let over = run(&fixture, &operation(moving("b"), "-tag:x state:dead,available,running")).await;
    let counts = BTreeMap::from([(Why::Unneeded, 2), (Why::Ended, 1)]);
    assert_eq!(over.progress.skipped.counts, counts);
    let over = run(&fixture, &operation(Action::Delete, "queue:b state:available,running")).await;
    assert_eq!(over.progress.skipped.counts, BTreeMap::from([(Why::Unended, 2)]));
    assert_eq!(busy.settle(&batch, 0, die()).await, windlass_core::job::Settled::Done);
    fixture.advance(SECOND);
    let over = run(&fixture, &operation(cancelling(), "state:dead,available")).await;
    assert_eq!(over.progress.skipped.counts, BTreeMap::from([(Why::Ended, 2)]));
    fixture.check("cancelled 1, dead 2").await;
}

/// Jobs are found by their tags, batches, kinds and moments, among many others.
pub async fn jobs_are_found_by_what_the_filter_says(fixture: StoreFixture) {
    let batch = BatchId::new();
    fixture.enqueue([job().begins(batch, windlass_core::batch::Begins::default())]).await;
    fixture.enqueue(jobs(2).map(|job| job.member_of(batch))).await;
    fixture.enqueue(jobs(4).map(|job| job.tag("red").subject("customer", 42))).await;
    fixture.enqueue(jobs(40).map(|job| job.kind("img.thumb"))).await;
    fixture.advance(MINUTE);
    fixture.enqueue(jobs(5).map(|job| job.kind("img.crop").due_in(MINUTE))).await;
    fixture.advance(SECOND);
    let bounds = format!("until:{} kind:img.*", fixture.moment());
    for (filter, found) in [
        (format!("batch:{batch}"), 3),
        ("tag:red -kind:img.*".to_owned(), 4),
        ("subject:customer=42 -tag:red".to_owned(), 0),
        ("kind:img.*".to_owned(), 45),
        ("kind:img.* state:scheduled".to_owned(), 5),
        (format!("{bounds} -kind:img.crop"), 40),
    ] {
        let over = run(&fixture, &operation(moving("elsewhere"), &filter)).await;
        assert_eq!((over.matched, over.progress.looked()), (Some(found), found), "{filter}");
        let back = fixture.find("queue:elsewhere").await;
        fixture.move_to("default", &back).await;
        fixture.advance(SECOND);
    }
}

/// Args, errors and workers are looked at job by job: also among many others, and where one round ends between two that match.
pub async fn what_no_column_tells_is_looked_at(fixture: StoreFixture) {
    let args = |n: u32| format!("{{\"n\":{n},\"odd\":{}}}", n % 2 == 1);
    fixture.enqueue((0..1_200).map(|n| job().args(&args(n)))).await;
    let new = operation(moving("elsewhere"), "args.odd:true -args.n:7");
    let preview = fixture.store().preview_operation(&new, 3, fixture.now()).await;
    let preview = preview.expect("previewed");
    assert_eq!((preview.jobs, preview.exact, preview.samples.len()), (599, true, 3));
    let id = begin(&fixture, &new).await;
    assert_eq!(round(&fixture, 100).await.jobs, 100);
    let over = finish(&fixture, id).await;
    assert_eq!((over.matched, over.progress.done), (Some(599), 599));
    assert_eq!(fixture.find("queue:elsewhere args.odd:true").await.len(), 599);
    assert_eq!(fixture.find("queue:elsewhere").await.len(), 599);
    let broken = dead(&fixture, 3).await;
    let over = run(&fixture, &operation(Action::Retry, "error:\"IT BROKE\"")).await;
    assert_eq!(over.progress.done, 3);
    let over = run(&fixture, &operation(Action::Retry, "state:dead error:nothing")).await;
    assert_eq!((over.matched, over.progress.looked()), (Some(0), 0));
    fixture.advance(SECOND);
    let busy = fixture.worker().await;
    let batch = busy.claim(1).await;
    fixture.advance(SECOND);
    let of_worker = format!("worker:{}", busy.id());
    let over = run(&fixture, &operation(cancelling(), &of_worker)).await;
    assert_eq!((over.matched, over.progress.requested), (Some(1), 1));
    assert!(batch.jobs.len() == 1 && broken.len() == 3);
}

/// The leader's sweep says when an operation has a round.
pub async fn a_sweep_says_when_an_operation_has_a_round(fixture: StoreFixture) {
    dead(&fixture, 20).await;
    let worker = fixture.worker().await;
    assert_eq!(worker.sweep().await.operates, None);
    let new = operation(Action::Retry, "kind:work").pace("10/s".parse().expect("a pace"));
    let id = begin(&fixture, &new).await;
    assert_eq!(worker.sweep().await.operates, Some(Duration::ZERO));
    round(&fixture, 500).await;
    assert_eq!(worker.sweep().await.operates, Some(Duration::from_millis(100)));
    finish(&fixture, id).await;
    assert_eq!(worker.sweep().await.operates, None);
}
