//! Workers whose wall clocks are wrong.

use std::time::Duration;
use windlass_core::job::State;
use windlass_testkit::database::PostgresDatabase;
use windlass_testkit::draft::{job, jobs};
use windlass_testkit::fault::clock;
use windlass_testkit::fault::process_fixture::ProcessFixture;
use windlass_testkit::fault::settings::Settings;
use windlass_testkit::history::record::{Event, Record};

/// How late a job may start on a busy machine.
const LATE: Duration = Duration::from_millis(1_500);

/// X2: of two workers one is an hour ahead and one an hour behind. Jobs start when the database says
/// that they are due, no lease is lost, and each takes the other for alive.
#[test]
fn workers_an_hour_apart_agree_on_due_times_and_leases() {
    super::with_probes(PostgresDatabase::fresh(), |fixture: ProcessFixture| async move {
        const HOUR: i64 = 3_600;
        let workers = [HOUR, -HOUR].map(|skew| Settings { skew, slots: 5, ..fixture.settings() });
        let workers = [fixture.ready(&workers[0]).await, fixture.ready(&workers[1]).await];
        assert!(apart(&fixture).await > Duration::from_secs(7_000), "the clocks are wrong indeed");
        let due = Duration::from_secs(2);
        let later = fixture.enqueue(jobs(5).map(|job| job.kind("ok").due_in(due))).await;
        fixture.enqueue(jobs(6).map(|job| job.kind("gate"))).await;
        fixture.enqueue([job().kind("ok")]).await;
        let began = clock::now();
        fixture.starts(7 + later.len()).await;
        for id in later {
            let record = fixture.job(id).await;
            let started = record.started_at.expect("it started");
            assert!(started >= record.run_at, "{started} is before {}", record.run_at);
            assert!(started.since(record.run_at) < LATE, "due {}, {started}", record.run_at);
        }
        let held = 3 * fixture.settings().lease;
        for worker in &workers {
            let is_late = |record: &Record| {
                let renewed = matches!(record.event, Event::Renewed { .. });
                let long = Duration::from_nanos(record.at.saturating_sub(began)) > held;
                (renewed && long && record.process == worker.pid()).then_some(())
            };
            fixture.record("three leases have passed", is_late).await;
        }
        fixture.open_gate();
        assert_eq!(fixture.drained().await.of(State::Completed), 12);
        assert_eq!(fixture.started().len(), 12, "nothing ran twice");
        let verdict = fixture.judge().await;
        assert_eq!((verdict.duplicate_starts, verdict.rescued), (0, 0));
        let is_renewal = |record: &&Record| matches!(record.event, Event::Renewed { .. });
        assert!(
            fixture.records().iter().filter(is_renewal).count() >= 2 * 9,
            "each renewed on time"
        );
    });
}

/// How far the workers' clocks are apart: their ids begin with the moment they were made at.
async fn apart(fixture: &ProcessFixture) -> Duration {
    let workers = fixture.store.workers().await.expect("workers can be listed");
    let made = workers.iter().map(|worker| (worker.id.as_uuid().as_u128() >> 80) as u64);
    let (first, last) = (made.clone().min(), made.max());
    Duration::from_millis(last.unwrap_or(0) - first.unwrap_or(0))
}
