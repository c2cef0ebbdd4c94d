//! The history checker sees what it is there to see.

use std::sync::Arc;

use windlass_core::id::JobId;
use windlass_core::store::{Settled, Store};
use windlass_testkit::bench::{Bench, MINUTE};
use windlass_testkit::database::{PostgresDatabase, SqliteFile, run};
use windlass_testkit::draft::{job, jobs};
use windlass_testkit::history::History;
use windlass_testkit::history::journal::Journal;
use windlass_testkit::history::recorded::RecordedStore;
use windlass_testkit::history::sabotage::{Sabotage, SabotagedStore};
use windlass_testkit::history::verdict::Verdict;
use windlass_testkit::verdicts::complete;
use windlass_testkit::worker::{request, settlement, worker};

/// A sound store passes, on both.
#[test]
fn a_sound_store_is_acquitted() {
    for verdict in [run(SqliteFile::fresh(), sound), run(PostgresDatabase::fresh(), sound)] {
        println!("{verdict}");
        assert!(verdict.is_clean(), "{:?}", verdict.broken);
        assert_eq!((verdict.stale_refused, verdict.starts, verdict.completed), (1, 0, 12));
    }
}

/// D1, D8, L1, L3, X3, W3: each sabotage is found under its invariant's name.
#[test]
fn every_sabotage_is_convicted() {
    let cases = [
        (Sabotage::DropsAnAcknowledgedJob, "D1"),
        (Sabotage::AnswersBeforeTheCommit, "D1"),
        (Sabotage::SplitsACall, "D8"),
        (Sabotage::AcceptsStaleEnds, "L3"),
        (Sabotage::RepeatsALease, "L1"),
        (Sabotage::ForgetsGivenIds, "X3"),
        (Sabotage::ForgetsPauses, "W3"),
    ];
    for (sabotage, invariant) in cases {
        let verdict = run(SqliteFile::fresh(), |bench| live(bench, Some(sabotage)));
        let verdict = Verdict::on(&verdict);
        assert!(verdict.breaks(invariant), "{sabotage:?}: {:?}", verdict.broken);
    }
}

/// D1, D3: a row that vanishes is missed, and one that nobody wanted is noticed.
#[test]
fn a_vanished_row_and_a_phantom_are_found() {
    let history = run(SqliteFile::fresh(), |bench| live(bench, None));
    for at in 0..history.ended.len() {
        let mut history = history.clone();
        history.ended.swap_remove(at);
        assert!(Verdict::on(&history).breaks("D1"));
    }
    let mut history = history;
    history.ended[0].id = JobId::new();
    let verdict = Verdict::on(&history);
    assert!(verdict.breaks("D1") && verdict.breaks("D3"), "{:?}", verdict.broken);
    assert_eq!((verdict.lost, verdict.phantom), (1, 1));
}

async fn sound(bench: Bench) -> Verdict {
    Verdict::on(&live(bench, None).await)
}

/// A short life in which every rule has something to look at.
async fn live(bench: Bench, sabotage: Option<Sabotage>) -> History {
    let folder = tempfile::tempdir().expect("the temporary folder can be written");
    let journal = Arc::new(Journal::open(folder.path()));
    let store = bench.shared_store();
    let store: Arc<dyn Store> = match sabotage {
        None => store,
        Some(sabotage) => Arc::new(SabotagedStore::new(store, sabotage)),
    };
    let store = RecordedStore::new(store, journal);
    let given = job().given(JobId::new()).done();
    for calls in [jobs(5).map(|job| job.done()).collect(), vec![given.clone()], vec![given]] {
        store.enqueue(&calls, bench.now()).await.expect("it reaches the store");
    }
    be_late(&bench, &store).await;
    store.pause("default", None, bench.now()).await.expect("it reaches the store");
    let more: Vec<_> = jobs(6).map(|job| job.done()).collect();
    store.enqueue(&more, bench.now()).await.expect("it reaches the store");
    work_off(&bench, &store).await;
    store.resume("default", bench.now()).await.expect("it reaches the store");
    work_off(&bench, &store).await;
    History::read(folder.path(), &store).await.expect("the store can be asked")
}

/// A worker claims a job, loses it to another, and then sends its end.
async fn be_late(bench: &Bench, store: &dyn Store) {
    let late = worker().registration();
    store.register(&late, bench.now()).await.expect("it reaches the store");
    let claim = request(&late, 1);
    let old = store.claim(&claim, bench.now()).await.expect("it reaches the store");
    bench.advance(MINUTE);
    bench.rescue().await;
    let next = worker().registration();
    store.register(&next, bench.now()).await.expect("it reaches the store");
    let claim = request(&next, 100);
    let new = store.claim(&claim, bench.now()).await.expect("it reaches the store");
    let stale = [settlement(&old, 0, complete())];
    let answers = store.settle(late.worker, &stale, bench.now()).await;
    assert!(matches!(answers.as_deref(), Ok([Settled::Lost | Settled::Done])), "{answers:?}");
    let ends: Vec<_> = (0..new.jobs.len()).map(|nth| settlement(&new, nth, complete())).collect();
    store.settle(next.worker, &ends, bench.now()).await.expect("it reaches the store");
}

/// A worker claims and completes all there is.
async fn work_off(bench: &Bench, store: &dyn Store) {
    let registration = worker().registration();
    store.register(&registration, bench.now()).await.expect("it reaches the store");
    let claim = request(&registration, 100);
    let batch = store.claim(&claim, bench.now()).await.expect("it reaches the store");
    let ends: Vec<_> =
        (0..batch.jobs.len()).map(|nth| settlement(&batch, nth, complete())).collect();
    store.settle(registration.worker, &ends, bench.now()).await.expect("it reaches the store");
}
