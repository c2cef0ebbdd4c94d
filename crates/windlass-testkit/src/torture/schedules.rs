//! Schedules that are due each second or so while faults come, of every overlap policy.

use std::time::Duration;

use windlass_core::schedule::{self, Declared, Definition, Missed, Overlap, Owner, Schedule};
use windlass_core::store::{Now, Store};

use crate::draft::{Draft, job};
use crate::fault::patience::eventually;

/// Declares them.
pub(super) async fn declare(store: &dyn Store) {
    let declared = all();
    let declare = || async { schedule::declare(store, &declared, Now::Database).await.ok() };
    eventually("schedules to be declared", declare).await;
}

/// Lets them fire no more, so that what is left can end.
pub(super) async fn pause(store: &dyn Store) {
    for one in all() {
        let pause = || async { store.pause_schedule(&one.name, None, Now::Database).await.ok() };
        eventually("a schedule to be paused", pause).await;
    }
}

fn all() -> Vec<Declared> {
    let sleep = |millis: u32| job().kind("sleep").args(&millis.to_string());
    let second = || Schedule::every(Duration::from_secs(1));
    let cron = Schedule::cron("*/2 * * * * *").expect("a line");
    vec![
        declared(
            "allow",
            second().missed(Missed::All).overlap(Overlap::Allow),
            job().kind("ledger"),
        ),
        declared(
            "allow by cron",
            cron.missed(Missed::All).overlap(Overlap::Allow),
            job().kind("ok"),
        ),
        declared("skip", second(), sleep(1_500)),
        declared("queue", second().missed(Missed::None).overlap(Overlap::Queue), sleep(1_200)),
        declared("fails", second(), job().kind("fail").args("1")),
    ]
}

fn declared(name: &str, schedule: Schedule, job: Draft) -> Declared {
    let definition = Definition::new(schedule, job.done()).expect("a definition");
    let (name, by) = (name.replace(' ', "-"), "torture".to_owned());
    Declared { name, definition, owner: Owner::Code, by }
}
