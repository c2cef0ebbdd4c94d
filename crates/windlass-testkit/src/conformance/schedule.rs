//! What is done with schedules.

pub mod fire;
pub mod list;
pub mod pause;
pub mod put;
pub mod remove;

use std::time::Duration;

use windlass_core::job::{Filter, JobRecord, Page};
use windlass_core::schedule::{
    Declared, Definition, FireRound, Missed, Overlap, Owner, Schedule, ScheduleRecord, declare,
    fire_due,
};
use windlass_core::store::Store;
use windlass_core::time::Timestamp;

use crate::draft::job;
use crate::fixture::StoreFixture;

const HOUR: Duration = Duration::from_secs(3_600);

/// A definition of [`job`]s by this rule.
fn by(rule: &str) -> Definition {
    let schedule = Schedule::rule(rule).expect("a test's rule is one");
    Definition::new(schedule, job().done()).expect("a test's job is one")
}

/// The same with these policies.
fn with(rule: &str, missed: Missed, overlap: Overlap) -> Definition {
    Definition { missed, overlap, ..by(rule) }
}

/// A declaration by a program.
fn declared(name: &str, definition: Definition, by: &str) -> Declared {
    Declared { name: name.to_owned(), definition, owner: Owner::Code, by: by.to_owned() }
}

/// Declares a schedule, and lets its first due time be computed.
async fn start(fixture: &StoreFixture, name: &str, definition: Definition) {
    let one = [declared(name, definition, "app")];
    declare(fixture.store(), &one, fixture.now()).await.expect("it is declared");
    assert_eq!(fire(fixture).await.jobs, 0, "nothing is due yet");
}

/// One round of firing.
async fn fire(fixture: &StoreFixture) -> FireRound {
    fire_due(fixture.store(), fixture.now()).await.expect("a round reaches the store")
}

async fn read(fixture: &StoreFixture, name: &str) -> ScheduleRecord {
    let found = fixture.store().schedule(name).await.expect("a schedule can be read");
    found.expect("the schedule is there")
}

/// The jobs that a schedule enqueued, by their due times.
async fn jobs_of(store: &dyn Store, name: &str) -> Vec<(Timestamp, JobRecord)> {
    let page = Page { before: None, limit: 100_000 };
    let found = store.jobs(&Filter::default(), page).await.expect("jobs can be listed");
    let mut jobs: Vec<_> = found
        .into_iter()
        .filter_map(|job| {
            let occurrence = job.meta.schedule.as_ref().filter(|one| one.name == name)?;
            Some((occurrence.due_at(), job))
        })
        .collect();
    jobs.sort_by_key(|(due, _)| *due);
    jobs
}

/// Their due times.
async fn due_times(fixture: &StoreFixture, name: &str) -> Vec<Timestamp> {
    jobs_of(fixture.store(), name).await.into_iter().map(|(due, _)| due).collect()
}
