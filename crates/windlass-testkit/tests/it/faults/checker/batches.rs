//! Batches whose end is told too early, wrongly or never.

use windlass_core::batch::{Batch, BatchStore, Begins, IntoBatch};
use windlass_core::condition::Waits;
use windlass_core::id::{BatchId, JobId};
use windlass_core::job::NewJob;
use windlass_testkit::database::{SqliteFile, run};
use windlass_testkit::draft::{Draft, job, jobs};
use windlass_testkit::fixture::{MINUTE, StoreFixture};
use windlass_testkit::history::History;
use windlass_testkit::history::record::{Counted, Event};
use windlass_testkit::history::sabotage::Sabotage;
use windlass_testkit::history::verdict::Verdict;
use windlass_testkit::verdicts::{complete, die};
use windlass_testkit::worker::RAN;

use super::TwoWorkers;

/// I-B1, I-B3: what runs after a batch and starts before its end is found, and so is what was told a wrong number.
#[test]
fn a_batch_whose_end_is_told_early_or_wrongly_is_found() {
    let sound = run(SqliteFile::fresh(), |fixture| three_and_then(fixture, None));
    let verdict = Verdict::on(&sound);
    assert!(verdict.is_clean() && verdict.batches == 1, "{verdict}: {:?}", verdict.broken);
    for (sabotage, invariant) in [
        (Sabotage::LosesMembers, "I-B1"),
        (Sabotage::ForgetsConditions, "I-B1"),
        (Sabotage::LosesMembers, "I-B3"),
        (Sabotage::Miscounts, "I-B3"),
    ] {
        let history = run(SqliteFile::fresh(), |fixture| three_and_then(fixture, Some(sabotage)));
        let verdict = Verdict::on(&history);
        assert!(verdict.breaks(invariant), "{sabotage:?}: {:?}", verdict.broken);
    }
}

/// I-B1: what waits for the success of a batch, and runs after its failure, is found.
#[test]
fn what_runs_after_another_end_than_it_waits_for_is_found() {
    let mut history = run(SqliteFile::fresh(), |fixture| three_and_then(fixture, None));
    for record in &mut history.records {
        if let Event::Enqueue { jobs, .. } = &mut record.event {
            let waits = jobs.iter_mut().flat_map(|wanted| &mut wanted.after_batches);
            waits.for_each(|(_, ends)| *ends = windlass_core::condition::Ends::COMPLETED);
        }
    }
    let verdict = Verdict::on(&history);
    assert!(verdict.breaks("I-B1"), "{:?}", verdict.broken);
}

/// I-B3: a batch that is gone, or says at the end what is not so, is found; what a handler was told is not judged where
/// somebody ran a job of the batch again.
#[test]
fn a_batch_that_says_what_is_not_so_is_found() {
    let sound = run(SqliteFile::fresh(), |fixture| three_and_then(fixture, None));
    let (mut gone, mut wrong, mut told) = (sound.clone(), sound.clone(), sound);
    gone.batches.clear();
    wrong.batches[0].jobs.completed += 1;
    for record in &mut told.records {
        if let Event::Counted { counted, .. } = &mut record.event {
            *counted = Counted { completed: 3, ..Counted::default() };
        }
    }
    for history in [&gone, &wrong, &told] {
        assert!(Verdict::on(history).breaks("I-B3"), "{:?}", Verdict::on(history).broken);
    }
    let mut again = told.records[0].clone();
    again.event = Event::Revived { job: dead(&told), asked: again.at };
    told.records.push(again);
    assert!(!Verdict::on(&told).breaks("I-B3"), "{:?}", Verdict::on(&told).broken);
}

fn dead(history: &History) -> JobId {
    let dead = history.ended.iter().find(|job| job.state == windlass_core::job::State::Dead);
    dead.expect("one is dead").id
}

/// Three jobs, of which the second dies, and a more urgent one that runs after them.
async fn three_and_then(fixture: StoreFixture, sabotage: Option<Sabotage>) -> History {
    let workers = TwoWorkers::new(fixture, sabotage);
    let members: Vec<NewJob> = jobs(3).map(Draft::done).collect();
    let dies = members[1].id;
    let batch = Batch::new().jobs(members).then(job().priority(-1).done());
    workers.enqueue(batch.into_batch().expect("a batch").1).await;
    workers.run_all(&[dies]).await;
    workers.history().await
}

/// I-B2, I-Q2: a batch that stands open although it is sealed and all of its jobs ended long ago is found, and who waits for it.
#[test]
fn a_batch_that_never_ends_is_found() {
    for (sabotage, is_broken) in [(None, false), (Some(Sabotage::KeepsBatchesOpen), true)] {
        let mut history = run(SqliteFile::fresh(), |fixture| sealed(fixture, sabotage));
        let last = history.ended.iter().filter_map(|job| job.finished_at).max();
        history.read_at = last;
        assert!(!Verdict::on(&history).breaks("I-B2"), "a sweep may tell it yet");
        history.read_at = last.map(|last| last.after(MINUTE));
        let verdict = Verdict::on(&history);
        for rule in ["I-B2", "I-Q2"] {
            assert_eq!(verdict.breaks(rule), is_broken, "{rule}: {:?}", verdict.broken);
        }
        history.records.retain(|record| !matches!(record.event, Event::Sealed { .. }));
        assert!(!Verdict::on(&history).breaks("I-B2"), "nobody knows that it is sealed");
    }
}

/// A batch that comes in parts.
async fn sealed(fixture: StoreFixture, sabotage: Option<Sabotage>) -> History {
    let workers = TwoWorkers::new(fixture, sabotage);
    let (id, now) = (BatchId::new(), workers.fixture.now());
    workers.store.open_batch(id, &Begins::default(), now).await.expect("it reaches the store");
    workers.enqueue(vec![job().waits(Waits::all().batch("batch", id)).done()]).await;
    workers.enqueue(jobs(2).map(|draft| draft.member_of(id).done()).collect()).await;
    workers.run_all(&[]).await;
    workers.store.seal_batch(id, now).await.expect("it reaches the store");
    workers.run_all(&[]).await;
    workers.history().await
}

impl TwoWorkers {
    /// Runs one job after the other; these die. What runs after a batch asks how that has ended.
    pub(super) async fn run_all(&self, die_here: &[JobId]) {
        let worker = self.worker().await;
        loop {
            let batch = self.start(&worker, 1).await;
            let Some(job) = batch.jobs.first() else { return };
            let before = job.meta.waits.as_ref().and_then(|waits| waits.batches().next());
            if let Some(before) = before {
                self.count(job.id, before).await;
            }
            // As long as its settlement says that it ran.
            self.fixture.advance(RAN);
            self.note_ends(&batch);
            let end = if die_here.contains(&job.id) { die() } else { complete() };
            self.settle_with(&worker, &batch, &end).await.expect("it reaches the store");
        }
    }

    async fn count(&self, job: JobId, batch: BatchId) {
        let record = self.store.batch(batch).await.expect("it can be asked");
        let Some(jobs) = record.map(|record| record.jobs) else { return };
        let (open, completed) = (jobs.open, jobs.completed);
        let counted = Counted { open, completed, cancelled: jobs.cancelled, dead: jobs.dead };
        self.journal.note(Event::Counted { job, batch, counted });
    }
}
