//! Lanes: one job at a time, in the order they were enqueued.

use std::sync::Arc;

use windlass_core::error::StoreError;
use windlass_core::id::JobId;
use windlass_core::job::{DuplicateAnswer, Enqueued, Lane, Outcome, Retried, State, Unique};

use crate::draft::{Draft, job};
use crate::fixture::{MINUTE, SECOND, StoreFixture};
use crate::verdicts::{cancelled, complete, die, hand_back, retry, snooze};
use crate::worker::{job_ids, worker};

fn in_lane(key: &str) -> Draft {
    job().lane(Lane::by(key))
}

/// C25, O9, I-O1: of one lane one job runs at a time, in the order they were enqueued; other lanes are not delayed.
pub async fn a_lane_has_one_job_at_a_time_in_order(fixture: StoreFixture) {
    let worker = fixture.worker().await;
    let a = fixture.enqueue((0..4).map(|_| in_lane("a"))).await;
    let b = fixture.enqueue_one(in_lane("b")).await;
    let first = worker.claim(9).await;
    assert_eq!(job_ids(&first), [a[0], b]);
    assert_eq!(job_ids(&worker.claim(9).await), [], "the lanes are taken");
    for next in &a[1..] {
        fixture.advance(SECOND);
        let before = worker.settle(&first, 0, complete()).await;
        let batch = worker.claim(9).await;
        assert_eq!(job_ids(&batch), [*next], "after {before:?}");
        worker.settle_all(&batch, &complete()).await;
    }
    fixture.check("running 1, completed 4").await;
}

/// C25, I-O1: the order is that of the enqueue, whatever the priority and whatever came in one call or in several.
pub async fn a_lanes_order_is_that_of_the_enqueue(fixture: StoreFixture) {
    let worker = fixture.worker().await;
    let mut expected = fixture.enqueue([in_lane("a").priority(9), in_lane("a").priority(0)]).await;
    fixture.advance(SECOND);
    expected.push(fixture.enqueue_one(in_lane("a").priority(-9)).await);
    let mut ran: Vec<JobId> = Vec::new();
    for _ in 0..3 {
        let batch = worker.claim(9).await;
        ran.extend(job_ids(&batch));
        worker.settle_all(&batch, &complete()).await;
    }
    assert_eq!(ran, expected);
}

/// C25, I-O1: a job that waits for its next attempt, was put off or handed back holds its lane, and goes first.
pub async fn a_retry_holds_the_lane(fixture: StoreFixture) {
    let jobs = fixture.enqueue([in_lane("a"), in_lane("a")]).await;
    for verdict in [retry(MINUTE), snooze(MINUTE)] {
        let worker = fixture.worker().await;
        let batch = worker.claim(9).await;
        assert_eq!(job_ids(&batch), [jobs[0]]);
        worker.settle_all(&batch, &verdict).await;
        assert_eq!(job_ids(&worker.claim(9).await), [], "the lane is held");
        fixture.advance(MINUTE);
        fixture.promote().await;
    }
    let worker = fixture.worker().await;
    let batch = worker.claim(9).await;
    assert_eq!(job_ids(&batch), [jobs[0]]);
    worker.settle_all(&batch, &hand_back()).await;
    let batch = worker.claim(9).await;
    assert_eq!(job_ids(&batch), [jobs[0]], "handed back, it goes first again");
    worker.settle_all(&batch, &complete()).await;
    assert_eq!(job_ids(&worker.claim(9).await), [jobs[1]]);
}

/// C25: a job that is due later takes its place in the lane when it is due.
pub async fn a_job_due_later_does_not_hold_the_lane(fixture: StoreFixture) {
    let worker = fixture.worker().await;
    let later = fixture.enqueue_one(in_lane("a").due_in(SECOND)).await;
    let now = fixture.enqueue_one(in_lane("a")).await;
    let batch = worker.claim(9).await;
    assert_eq!(job_ids(&batch), [now]);
    fixture.promote().await;
    assert_eq!(job_ids(&worker.claim(9).await), []);
    fixture.rescue().await;
    let worker = fixture.worker().await;
    let batch = worker.claim(9).await;
    assert_eq!(job_ids(&batch), [now], "what was lost goes first");
    worker.settle_all(&batch, &complete()).await;
    assert_eq!(job_ids(&worker.claim(9).await), [later]);
}

/// O9, T32: a lane is one across kinds and queues.
pub async fn a_lane_is_one_across_kinds_and_queues(fixture: StoreFixture) {
    let mail = fixture.start(worker().serving(&["mail"]).knowing(&[("send", 1)])).await;
    let both = worker().serving(&["default", "mail"]).knowing(&[("work", 1), ("send", 1)]);
    let both = fixture.start(both).await;
    let jobs = fixture
        .enqueue([in_lane("a"), in_lane("a").queue("mail").kind("send"), in_lane("a")])
        .await;
    assert_eq!(job_ids(&mail.claim(9).await), [], "the first is on another queue");
    let batch = both.claim(9).await;
    assert_eq!(job_ids(&batch), [jobs[0]]);
    both.settle_all(&batch, &complete()).await;
    let batch = mail.claim(9).await;
    assert_eq!(job_ids(&batch), [jobs[1]]);
    assert_eq!(job_ids(&both.claim(9).await), []);
    mail.settle_all(&batch, &complete()).await;
    assert_eq!(job_ids(&both.claim(9).await), [jobs[2]]);
}

/// C25: a dead job lets the next one begin, unless its lane was to be blocked; a retry or a person opens that.
pub async fn a_dead_job_blocks_its_lane_where_it_says_so(fixture: StoreFixture) {
    let worker = fixture.worker().await;
    let skipped = fixture.enqueue([in_lane("a"), in_lane("a")]).await;
    worker.run_one(die()).await;
    assert_eq!(job_ids(&worker.claim(9).await), [skipped[1]]);
    let strict = || job().lane(Lane::by("b").block_when_dead());
    let jobs = fixture.enqueue([strict(), strict(), strict()]).await;
    worker.run_one(die()).await;
    assert_eq!(job_ids(&worker.claim(9).await), [], "the dead one blocks");
    fixture.tidy().await;
    assert_eq!(job_ids(&worker.claim(9).await), [], "also after tidying");
    assert_eq!(fixture.retry(jobs[0]).await, Retried::Now);
    let batch = worker.claim(9).await;
    assert_eq!(job_ids(&batch), [jobs[0]], "a retry goes first");
    worker.settle_all(&batch, &die()).await;
    assert_eq!(fixture.store().open_lane("b").await.expect("it reaches the store"), Some(jobs[0]));
    assert_eq!(fixture.store().open_lane("b").await.expect("it reaches the store"), None);
    assert_eq!(job_ids(&worker.claim(9).await), [jobs[1]]);
    fixture.check("available 1, running 2, dead 2").await;
}

/// C25, X9, I-O1: a lane is free again by every road on which its job ends, and by none before.
pub async fn a_lane_is_free_again_by_every_road(fixture: StoreFixture) {
    let worker = fixture.worker().await;
    for end in [complete(), die(), cancelled(Outcome::Cancelled), cancelled(Outcome::Discarded)] {
        fixture.enqueue_one(in_lane("a")).await;
        worker.run_one(end).await;
    }
    let jobs = fixture.enqueue([in_lane("a"), in_lane("a"), in_lane("a")]).await;
    let batch = worker.claim(1).await;
    worker.settle_all(&batch, &retry(MINUTE)).await;
    fixture.cancel(jobs[0]).await;
    assert_eq!(job_ids(&worker.claim(9).await), [jobs[1]], "cancelled while it waited again");
    fixture.rescue().await;
    let worker = fixture.worker().await;
    let batch = worker.claim(9).await;
    assert_eq!(job_ids(&batch), [jobs[1]], "the worker was lost, not the place");
    fixture.cancel(jobs[1]).await;
    assert_eq!(job_ids(&worker.claim(9).await), [], "it still runs");
    worker.settle_all(&batch, &retry(MINUTE)).await;
    assert_eq!(job_ids(&worker.claim(9).await), [jobs[2]]);
}

/// O9, C25, I-O1: of claims that race for lanes none gets two jobs of one.
pub async fn racing_claims_never_share_a_lane(fixture: StoreFixture) {
    fixture.enqueue((0..40).map(|n| in_lane(&format!("lane {}", n % 8)))).await;
    let stores =
        [fixture.shared_store(), fixture.another_store().await, fixture.another_store().await];
    let workers = [fixture.worker().await, fixture.worker().await, fixture.worker().await];
    let mut ended = 0;
    while ended < 40 {
        let claims = stores.iter().zip(&workers).map(|(store, worker)| {
            let (store, request, now) = (Arc::clone(store), worker.request(3), fixture.now());
            async move { store.claim(&request, now).await.expect("a claim reaches the store") }
        });
        let batches = futures_util::future::join_all(claims).await;
        let mut lanes: Vec<_> = batches
            .iter()
            .flat_map(|batch| &batch.jobs)
            .map(|job| job.meta.lane.clone().expect("it has one"))
            .map(|lane| lane.key().to_owned())
            .collect();
        let taken = lanes.len();
        lanes.sort();
        lanes.dedup();
        assert_eq!(lanes.len(), taken, "two of one lane");
        for (worker, batch) in workers.iter().zip(&batches) {
            ended += worker.settle_all(batch, &complete()).await.len();
        }
    }
}

/// C25: a head that no live worker knows keeps its lane, parked or not.
pub async fn a_parked_head_holds_the_lane(fixture: StoreFixture) {
    let worker = fixture.worker().await;
    fixture.enqueue([in_lane("a").kind("unknown"), in_lane("a")]).await;
    assert_eq!(job_ids(&worker.claim(9).await), []);
    assert_eq!(fixture.tidy().await.parked, 1);
    assert_eq!(job_ids(&worker.claim(9).await), []);
    fixture.check("waiting 1, available 1").await;
}

/// O9: jobs without a lane are claimed beside one that is taken, however many wait in it.
pub async fn a_hot_lane_delays_no_other_job(fixture: StoreFixture) {
    let worker = fixture.worker().await;
    let lane = fixture.enqueue((0..300).map(|_| in_lane("hot"))).await;
    fixture.advance(SECOND);
    let free = fixture.enqueue((0..20).map(|_| job())).await;
    let batch = worker.claim(30).await;
    assert_eq!(batch.jobs.len(), 21);
    assert!(job_ids(&batch).contains(&lane[0]));
    assert!(free.iter().all(|id| job_ids(&batch).contains(id)));
}

fn provision(server: u32) -> Draft {
    job().kind("provision").lane(Lane::by(server.to_string()).refused_by("terminate"))
}

fn terminate(server: u32) -> Draft {
    job().kind("terminate").lane(Lane::by(server.to_string()).supersedes("provision"))
}

/// T32, T33: a teardown cancels a setup that waits, with the reason, and follows one that runs.
pub async fn a_job_supersedes_what_waits_in_its_lane(fixture: StoreFixture) {
    let worker = fixture.start(worker().knowing(&[("provision", 1), ("terminate", 1)])).await;
    let waiting = fixture.enqueue_one(provision(1)).await;
    let elsewhere = fixture.enqueue_one(provision(2)).await;
    let first = fixture.enqueue_one(terminate(1)).await;
    let superseded = fixture.job(waiting).await;
    assert_eq!(superseded.state, State::Cancelled);
    let reason = superseded.reason.expect("it has one");
    assert!(reason.starts_with("superseded by terminate"), "{reason}");
    let batch = worker.claim(9).await;
    assert_eq!(job_ids(&batch), [first, elsewhere]);
    let second = fixture.enqueue_one(terminate(2)).await;
    assert_eq!(job_ids(&worker.claim(9).await), [], "what runs is not superseded");
    worker.settle_all(&batch, &complete()).await;
    assert_eq!(job_ids(&worker.claim(9).await), [second]);
    fixture.check("running 1, completed 2, cancelled 1").await;
}

/// T32, T33, T21: a setup is refused while a teardown waits or runs; the call writes nothing, and it is counted.
pub async fn a_job_is_refused_by_what_is_in_its_lane(fixture: StoreFixture) {
    let worker = fixture.start(worker().knowing(&[("terminate", 1)])).await;
    let open = fixture.enqueue_one(terminate(1)).await;
    for _ in 0..2 {
        let refused = fixture.try_enqueue(&[job().done(), provision(1).done()]).await;
        let Err(StoreError::LaneRefused { kind, lane, other, job }) = refused else {
            panic!("it is refused: {refused:?}")
        };
        assert_eq!((kind.as_str(), lane.as_str(), other.as_str()), ("provision", "1", "terminate"));
        assert_eq!(job, open);
        worker.claim(9).await;
    }
    fixture.check("running 1").await;
    let duplicates = fixture.store().duplicates(9).await.expect("listed");
    let counted = duplicates.counts.get(&("provision".to_owned(), DuplicateAnswer::LaneRefused));
    assert_eq!(counted, Some(&2));
    assert_eq!(duplicates.newest[0].job, open);
    fixture.enqueue_one(provision(2)).await;
}

/// T32, C22: a job that its unique key keeps out supersedes nothing and is not refused: the answer is who holds the key.
pub async fn a_duplicate_does_nothing_in_its_lane(fixture: StoreFixture) {
    let strong = || terminate(1).unique(Unique::by("1"));
    let careful = || provision(1).kind("careful").unique(Unique::by("1"));
    let (careful_one, first) =
        (fixture.enqueue_one(careful()).await, fixture.enqueue_one(strong()).await);
    let setup = fixture.enqueue_one(job().kind("provision").lane(Lane::by("1"))).await;
    for (again, holder) in [(strong(), first), (careful(), careful_one)] {
        let answer = fixture.try_enqueue(&[again.done()]).await.expect("it is kept");
        assert_eq!(answer, [Enqueued::Kept(holder)]);
    }
    assert_eq!(fixture.job(setup).await.state, State::Available);
    fixture.cancel(first).await;
    let second = fixture.enqueue_one(strong()).await;
    let superseded = fixture.job(setup).await.reason;
    assert_eq!(superseded, Some(format!("superseded by terminate {}", second.as_uuid())));
    fixture.check("available 2, cancelled 2").await;
}

/// T32: jobs of one call keep each other's rules in the order of the call, whatever their kinds and keys.
pub async fn the_rules_of_a_lane_hold_in_the_order_of_a_call(fixture: StoreFixture) {
    for unique in [false, true] {
        let setup = |server: u32| match unique {
            true => provision(server).unique(Unique::by("a")),
            false => provision(server),
        };
        let server = 10 + u32::from(unique);
        let jobs = fixture.enqueue([setup(server), terminate(server)]).await;
        assert_eq!(fixture.job(jobs[0]).await.state, State::Cancelled, "{unique}");
        let both = [terminate(server + 10).done(), setup(server + 10).done()];
        let refused = fixture.try_enqueue(&both).await;
        assert!(matches!(refused, Err(StoreError::LaneRefused { .. })), "{refused:?}");
    }
    fixture.check("available 2, cancelled 2").await;
}

/// T32: of setups and teardowns that come at the same moment the teardown is last, on every server.
pub async fn a_teardown_is_last_whatever_comes_at_once(fixture: StoreFixture) {
    let stores =
        [fixture.shared_store(), fixture.another_store().await, fixture.another_store().await];
    let now = fixture.now();
    let calls = (0..120u32).map(|nth| {
        let store = Arc::clone(&stores[nth as usize % stores.len()]);
        let server = nth / 2;
        let draft = if nth % 2 == 0 { provision(server) } else { terminate(server) };
        async move { store.enqueue(&[draft.done()], now).await }
    });
    let answers = futures_util::future::join_all(calls).await;
    for (nth, answer) in answers.iter().enumerate() {
        match answer {
            Ok(answers) => assert!(matches!(answers[0], Enqueued::New(_)), "{answers:?}"),
            Err(StoreError::LaneRefused { .. }) => assert_eq!(nth % 2, 0, "a teardown is refused"),
            Err(error) => panic!("{error}"),
        }
    }
    let waiting = fixture.find("state:available").await;
    assert_eq!(waiting.len(), 60, "one of each server");
    let terminates = fixture.find("state:available kind:terminate").await;
    assert_eq!(terminates.len(), 60);
}

/// O9, I-W1: a lane that is free behind hundreds that wait for their next attempt is found at once.
pub async fn a_free_lane_behind_kept_ones_is_found(fixture: StoreFixture) {
    let worker = fixture.worker().await;
    let of = |key: String| job().lane(Lane::by(key));
    let lane = |nth: usize| of(format!("{nth:04}"));
    fixture.enqueue((0..400).map(lane)).await;
    let batch = worker.claim(400).await;
    assert_eq!(batch.jobs.len(), 400);
    worker.settle_all(&batch, &retry(MINUTE)).await;
    fixture.enqueue((0..400).map(lane)).await;
    // The walk begins behind the last lane that had its turn, and comes here in the end.
    let free = fixture.enqueue_one(of("0398, free".to_owned())).await;
    let batch = worker.claim(1).await;
    assert_eq!(batch.jobs.iter().map(|job| job.id).collect::<Vec<_>>(), [free]);
}
