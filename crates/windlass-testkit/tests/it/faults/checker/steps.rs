//! Steps that are done again.

use windlass_core::job::{Batch, Fence};
use windlass_core::json::Json;
use windlass_core::maintenance::MaintenanceStore;
use windlass_core::step::{NewStep, Others, StepForm, StepStore};
use windlass_core::worker::Registration;
use windlass_testkit::database::{PostgresDatabase, SqliteFile, run};
use windlass_testkit::draft::job;
use windlass_testkit::fixture::{SECOND, StoreFixture};
use windlass_testkit::history::History;
use windlass_testkit::history::record::Event;
use windlass_testkit::history::sabotage::Sabotage;
use windlass_testkit::history::verdict::Verdict;
use windlass_testkit::verdicts::retry;

use super::TwoWorkers;

/// I-T1: a step that is done again although an attempt before had recorded it is found; one that was not recorded may be.
#[test]
fn a_step_that_is_done_again_is_found() {
    for history in [
        run(SqliteFile::fresh(), |fixture| in_two_attempts(fixture, None)),
        run(PostgresDatabase::fresh(), |fixture| in_two_attempts(fixture, None)),
    ] {
        let verdict = Verdict::on(&history);
        assert!(verdict.is_clean(), "{:?}", verdict.broken);
        assert_eq!((verdict.steps, verdict.repeated_steps), (4, 0));
    }
    let sabotage = Some(Sabotage::ForgetsSteps);
    let mut history = run(SqliteFile::fresh(), |fixture| in_two_attempts(fixture, sabotage));
    let verdict = Verdict::on(&history);
    assert!(verdict.breaks("I-T1") && verdict.repeated_steps == 2, "{:?}", verdict.broken);
    history.records.retain(|record| !matches!(record.event, Event::StepsKept { .. }));
    assert!(!Verdict::on(&history).breaks("I-T1"), "nobody was told that they are recorded");
}

/// Two steps are done before an attempt fails, and four by the next one.
async fn in_two_attempts(fixture: StoreFixture, sabotage: Option<Sabotage>) -> History {
    let workers = TwoWorkers::new(fixture, sabotage);
    workers.enqueue(vec![job().done()]).await;
    let worker = workers.worker().await;
    let batch = workers.start(&worker, 1).await;
    workers.do_steps(&worker, &batch, 2).await;
    workers.note_ends(&batch);
    workers.settle_with(&worker, &batch, &retry(SECOND)).await.expect("it reaches the store");
    workers.fixture.advance(SECOND);
    let swept = workers.store.sweep(worker.worker, workers.fixture.now()).await;
    assert_eq!(swept.expect("it reaches the store").promoted, 1);
    let batch = workers.start(&worker, 1).await;
    workers.do_steps(&worker, &batch, 4).await;
    workers.end(&worker, &batch).await;
    workers.history().await
}

impl TwoWorkers {
    /// Does so many steps, except those that are recorded, as a handler does.
    async fn do_steps(&self, worker: &Registration, batch: &Batch, number: u32) {
        let job = &batch.jobs[0];
        let (lease, label) = (batch.lease, worker.label.as_str().into());
        let fence = Fence { lease, job: job.clone(), worker: worker.worker, label };
        let now = self.fixture.now();
        let recalled = self.store.recall(&fence, now).await.expect("steps can be read").steps;
        for nth in 1..=number {
            let name = format!("step {nth}");
            if recalled.iter().any(|step| step.name == name) {
                continue;
            }
            let (id, attempt, step) = (job.id, job.attempt, name.clone());
            self.journal.note(Event::StepDone { job: id, attempt, step });
            let output = Some(Json::stored("null"));
            let step = NewStep { nth, name, form: StepForm::Work, output, until: None };
            let written = self.store.record_steps(&fence, &[step], Others::Stay, now).await;
            written.expect("it reaches the store");
        }
    }
}
