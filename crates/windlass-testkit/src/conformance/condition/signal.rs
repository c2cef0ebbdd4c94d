//! Signals: kept, met, and told apart.

use std::sync::Arc;

use futures_util::future::join_all;
use windlass_core::condition::{
    ConditionRecord, ConditionState, Signal, SignalAnswer, Signalled, Waits,
};
use windlass_core::id::JobId;
use windlass_core::json::Json;
use windlass_core::store::Store;

use crate::draft::job;
use crate::fixture::StoreFixture;
use crate::verdicts::complete;

/// A job that waits for both signals of a number.
fn both(number: usize) -> Waits {
    Waits::all()
        .signal("status", format!("status:{number}"))
        .signal("wrap-up", format!("wrap-up:{number}"))
}

async fn signal(fixture: &StoreFixture, signal: Signal) -> Signalled {
    fixture.store().signal(&signal, fixture.now()).await.expect("a signal reaches the store")
}

async fn answer(fixture: &StoreFixture, key: &str) -> SignalAnswer {
    signal(fixture, Signal::new(key)).await.answer
}

async fn states(fixture: &StoreFixture, job: JobId) -> Vec<ConditionState> {
    conditions(fixture, job).await.into_iter().map(|one| one.state).collect()
}

async fn conditions(fixture: &StoreFixture, job: JobId) -> Vec<ConditionRecord> {
    fixture.store().conditions(job).await.expect("conditions can be read")
}

/// A1, A2: a job that waits for two signals is available as soon as the second one has come, in whatever order they
/// come, and is claimed by nobody before.
pub async fn the_last_of_two_signals_makes_the_job_available(fixture: StoreFixture) {
    let worker = fixture.worker().await;
    for (nth, keys) in [["status", "wrap-up"], ["wrap-up", "status"]].into_iter().enumerate() {
        let id = fixture.enqueue_one(job().waits(both(nth))).await;
        fixture.check_job(id, "waiting").await;
        let met = Signalled { answer: SignalAnswer::Met, conditions: 1 };
        assert_eq!(signal(&fixture, Signal::new(format!("{}:{nth}", keys[0]))).await, met);
        assert!(worker.claim(9).await.jobs.is_empty(), "one is missing");
        assert_eq!(signal(&fixture, Signal::new(format!("{}:{nth}", keys[1]))).await, met);
        let batch = worker.claim(9).await;
        assert_eq!(batch.jobs.iter().map(|job| job.id).collect::<Vec<_>>(), [id]);
        worker.settle_all(&batch, &complete()).await;
    }
    fixture.check("completed 2").await;
}

/// A1: a signal that nobody waits for yet is kept for those who will, with what it brings.
pub async fn an_early_signal_is_kept(fixture: StoreFixture) {
    let data = Json::args(r#"{"saved":7}"#).expect("JSON");
    let early = Signal::new("status:1").with(data.clone());
    let kept = Signalled { answer: SignalAnswer::Kept, conditions: 0 };
    assert_eq!(signal(&fixture, early).await, kept);
    let id = fixture.enqueue_one(job().waits(both(1))).await;
    assert_eq!(states(&fixture, id).await, [ConditionState::Met, ConditionState::Open]);
    assert_eq!(answer(&fixture, "wrap-up:1").await, SignalAnswer::Met);
    fixture.check("available 1").await;
    assert_eq!(conditions(&fixture, id).await[0].data, Some(data));
    let ready = fixture.enqueue_one(job().waits(both(1))).await;
    fixture.check_job(ready, "available").await;
}

/// A3: of the signals with one key the first one counts, with what it brings; the job runs once.
pub async fn a_signal_that_comes_again_changes_nothing(fixture: StoreFixture) {
    let worker = fixture.worker().await;
    let id = fixture.enqueue_one(job().waits(both(1))).await;
    let first = Signal::new("status:1").with(Json::args("1").expect("JSON"));
    let second = Signal::new("status:1").with(Json::args("2").expect("JSON"));
    assert_eq!(signal(&fixture, first).await.answer, SignalAnswer::Met);
    for _ in 0..2 {
        let again = signal(&fixture, second.clone()).await;
        assert_eq!(again, Signalled { answer: SignalAnswer::Duplicate, conditions: 0 });
    }
    fixture.check_job(id, "waiting").await;
    for expected in [SignalAnswer::Met, SignalAnswer::Duplicate, SignalAnswer::Duplicate] {
        assert_eq!(answer(&fixture, "wrap-up:1").await, expected);
    }
    worker.run_one(complete()).await;
    assert_eq!(answer(&fixture, "status:1").await, SignalAnswer::Duplicate);
    assert!(worker.claim(9).await.jobs.is_empty());
    let later = fixture.enqueue_one(job().waits(both(1))).await;
    for id in [id, later] {
        assert_eq!(conditions(&fixture, id).await[0].data, Json::args("1").ok());
    }
    fixture.check("available 1, completed 1").await;
}

/// A6: a signal whose job does not wait any more is told to be late.
pub async fn a_signal_after_the_wait_is_late(fixture: StoreFixture) {
    let id = fixture.enqueue_one(job().waits(both(1))).await;
    assert_eq!(answer(&fixture, "status:1").await, SignalAnswer::Met);
    fixture.cancel(id).await;
    assert_eq!(answer(&fixture, "wrap-up:1").await, SignalAnswer::Late);
    assert_eq!(states(&fixture, id).await, [ConditionState::Met, ConditionState::Open]);
    fixture.check("cancelled 1").await;
}

/// A4: a signal that will not come is not waited for; what remains makes the job available.
pub async fn a_withdrawn_signal_is_not_waited_for(fixture: StoreFixture) {
    let id = fixture.enqueue_one(job().waits(both(1))).await;
    assert_eq!(answer(&fixture, "status:1").await, SignalAnswer::Met);
    let withdrawn = signal(&fixture, Signal::withdrawn("wrap-up:1")).await;
    assert_eq!(withdrawn, Signalled { answer: SignalAnswer::Met, conditions: 1 });
    fixture.check_job(id, "available").await;
    assert_eq!(states(&fixture, id).await, [ConditionState::Met, ConditionState::Withdrawn]);
    assert_eq!(answer(&fixture, "wrap-up:1").await, SignalAnswer::Duplicate, "it is too late");
    let later = fixture.enqueue_one(job().waits(both(1))).await;
    assert_eq!(states(&fixture, later).await, [ConditionState::Met, ConditionState::Withdrawn]);
    let early = signal(&fixture, Signal::withdrawn("wrap-up:2")).await;
    assert_eq!(early.answer, SignalAnswer::Kept);
    let other = fixture.enqueue_one(job().waits(both(2))).await;
    assert_eq!(states(&fixture, other).await, [ConditionState::Open, ConditionState::Withdrawn]);
    assert_eq!(answer(&fixture, "status:2").await, SignalAnswer::Met);
    fixture.check("available 3").await;
}

/// A2: so many of several conditions suffice, where the job says so.
pub async fn some_of_several_conditions_suffice(fixture: StoreFixture) {
    let three = |waits: Waits, at: &str| {
        ["a", "b", "c"]
            .into_iter()
            .fold(waits, |waits, key| waits.signal(key, format!("{key}{at}")))
    };
    let any = fixture.enqueue_one(job().waits(three(Waits::any(), "1"))).await;
    let two = fixture.enqueue_one(job().waits(three(Waits::at_least(2), "2"))).await;
    answer(&fixture, "b1").await;
    answer(&fixture, "c2").await;
    fixture.check_job(any, "available").await;
    fixture.check_job(two, "waiting").await;
    answer(&fixture, "a2").await;
    fixture.check_job(two, "available").await;
    assert_eq!(answer(&fixture, "b2").await, SignalAnswer::Late);
    // Nothing else can come.
    let left = fixture.enqueue_one(job().waits(three(Waits::at_least(2), "3"))).await;
    answer(&fixture, "a3").await;
    signal(&fixture, Signal::withdrawn("b3")).await;
    fixture.check_job(left, "waiting").await;
    signal(&fixture, Signal::withdrawn("c3")).await;
    fixture.check_job(left, "available").await;
}

/// A2, A14: both signals of many jobs at the same moment, each twice, from several processes, while the jobs are written:
/// each job runs once.
pub async fn both_signals_at_the_same_moment_run_the_job_once(fixture: StoreFixture) {
    const PAIRS: usize = 60;
    let stores = [fixture.shared_store(), fixture.another_store().await];
    let drafts: Vec<_> = (0..PAIRS).map(|nth| job().waits(both(nth)).done()).collect();
    let written = drafts.chunks(10).map(|jobs| async {
        let store: &Arc<dyn Store> = &stores[0];
        store.enqueue(jobs, fixture.now()).await.expect("they are written");
    });
    let keys = (0..PAIRS).flat_map(|nth| {
        ["status", "wrap-up", "status", "wrap-up"].map(|word| format!("{word}:{nth}"))
    });
    let signals = keys.enumerate().map(|(nth, key)| {
        let (store, now) = (Arc::clone(&stores[nth % 2]), fixture.now());
        async move { store.signal(&Signal::new(key), now).await.expect("it is told") }
    });
    let (_, answers) = tokio::join!(join_all(written), join_all(signals));
    let again = answers.iter().filter(|one| one.answer == SignalAnswer::Duplicate).count();
    assert_eq!(again, 2 * PAIRS, "{answers:?}");
    let counts = fixture.store().counts().await.expect("counted");
    assert_eq!(counts.total(), PAIRS as u64);
    let worker = fixture.worker().await;
    assert_eq!(worker.claim(500).await.jobs.len(), PAIRS, "each is available, and once");
}

/// A1–A3: of many signals at the same moment each is told what came of it, and brings its own data to those who wait for it.
pub async fn signals_at_the_same_moment_are_told_apart(fixture: StoreFixture) {
    const KEYS: usize = 20;
    let one = |key: String| Waits::all().signal("a", key);
    let twice = (0..2 * KEYS).map(|nth| job().waits(one(format!("met:{}", nth % KEYS))));
    let waiting = fixture.enqueue(twice).await;
    let over = fixture.enqueue((0..KEYS).map(|nth| job().waits(one(format!("late:{nth}"))))).await;
    for id in over {
        fixture.cancel(id).await;
    }
    let words = ["met", "late", "kept", "met"];
    let keys = (0..KEYS).flat_map(|nth| words.map(|word| (word, format!("{word}:{nth}"))));
    let calls = keys.map(|(word, key)| {
        let (store, now) = (fixture.shared_store(), fixture.now());
        let data = Json::args(format!(r#"{{"from":"{key}"}}"#)).expect("JSON");
        async move {
            let told = store.signal(&Signal::new(key).with(data), now).await.expect("it is told");
            format!("{word}: {:?} {}", told.answer, told.conditions)
        }
    });
    let mut answers = join_all(calls).await;
    answers.sort();
    let each = ["kept: Kept 0", "late: Late 0", "met: Duplicate 0", "met: Met 2"];
    assert_eq!(answers, each.map(|answer| vec![answer; KEYS]).concat());
    for (nth, id) in waiting.into_iter().enumerate() {
        fixture.check_job(id, "available").await;
        let [condition] = &conditions(&fixture, id).await[..] else { panic!("it has one") };
        let data = condition.data.as_ref().expect("it has come");
        assert_eq!(data.as_str(), format!(r#"{{"from":"met:{}"}}"#, nth % KEYS));
    }
}

/// A4: a signal and its withdrawal at the same moment: one of them counts, and the job runs once.
pub async fn a_signal_and_its_withdrawal_do_not_both_win(fixture: StoreFixture) {
    const JOBS: usize = 60;
    let stores = [fixture.shared_store(), fixture.another_store().await];
    let one = |nth: usize| Waits::all().signal("a", format!("a:{nth}"));
    let ids = fixture.enqueue((0..JOBS).map(|nth| job().waits(one(nth)))).await;
    let calls = (0..2 * JOBS).map(|call| {
        let (store, now, nth) = (Arc::clone(&stores[call % 2]), fixture.now(), call / 2);
        let key = format!("a:{nth}");
        let signal = if (call + nth) % 2 == 0 { Signal::new(key) } else { Signal::withdrawn(key) };
        async move { store.signal(&signal, now).await.expect("it is told").answer }
    });
    let answers = join_all(calls).await;
    for pair in answers.chunks(2) {
        let met = pair.iter().filter(|answer| **answer == SignalAnswer::Met).count();
        let again = pair.iter().filter(|answer| **answer == SignalAnswer::Duplicate).count();
        assert_eq!((met, again), (1, 1), "{pair:?}");
    }
    for id in ids {
        fixture.check_job(id, "available").await;
    }
}

/// A signal's key that no store can keep is refused.
pub async fn a_key_that_cannot_be_kept_is_refused(fixture: StoreFixture) {
    for key in [String::new(), "a\0b".to_owned(), "x".repeat(257)] {
        let signal = Signal::new(key);
        let told = fixture.store().signal(&signal, fixture.now()).await;
        told.expect_err("it is refused");
    }
}
