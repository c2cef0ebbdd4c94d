//! Schedules that fire twice, and that nobody looks after.

use windlass_core::schedule::{self, Declared, Definition, Overlap, Owner, Schedule};
use windlass_testkit::database::{SqliteFile, run};
use windlass_testkit::draft::job;
use windlass_testkit::fixture::{MINUTE, StoreFixture};
use windlass_testkit::history::History;
use windlass_testkit::history::sabotage::Sabotage;
use windlass_testkit::history::verdict::Verdict;

use super::TwoWorkers;

/// I-S1, I-S2: a schedule that fired twice for a due time, or for none, is found, and so is one that nobody looked after.
#[test]
fn a_schedule_that_fires_twice_or_never_is_found() {
    let sound = run(SqliteFile::fresh(), |fixture| schedules(fixture, None));
    let verdict = Verdict::on(&sound);
    assert!(!verdict.breaks("I-S1") && !verdict.breaks("I-S2"), "{:?}", verdict.broken);
    assert_eq!(sound.ended.len(), 5);
    for (sabotage, invariant) in [(Sabotage::FiresTwice, "I-S1"), (Sabotage::ForgetsToFire, "I-S2")]
    {
        let history = run(SqliteFile::fresh(), |fixture| schedules(fixture, Some(sabotage)));
        let verdict = Verdict::on(&history);
        assert!(verdict.breaks(invariant), "{sabotage:?}: {:?}", verdict.broken);
    }
    let mut left_alone = sound;
    left_alone.read_at =
        left_alone.read_at.map(|_| left_alone.schedules[0].from_at.after(10 * MINUTE));
    assert!(Verdict::on(&left_alone).breaks("I-S2"));
}

/// Five minutes of a schedule that is due each minute.
async fn schedules(fixture: StoreFixture, sabotage: Option<Sabotage>) -> History {
    let workers = TwoWorkers::new(fixture, sabotage);
    let minutely = Schedule::cron("* * * * *").expect("a line").overlap(Overlap::Allow);
    let definition = Definition::new(minutely, job().done()).expect("a definition");
    let (name, owner, by) = ("minutely".to_owned(), Owner::Code, "app".to_owned());
    let declared = [Declared { name, definition, owner, by }];
    let now = workers.fixture.now();
    schedule::declare(&workers.store, &declared, now).await.expect("it reaches the store");
    for _ in 0..6 {
        schedule::fire_due(&workers.store, workers.fixture.now())
            .await
            .expect("it reaches the store");
        workers.fixture.advance(MINUTE);
    }
    workers.history().await
}
