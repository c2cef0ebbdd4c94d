//! Put and declare: who has a say in what a schedule is.

use windlass_core::client::Client;
use windlass_core::schedule::{
    Definition, Missed, Overlap, Owner, Schedule, SchedulePut, Timing, declare,
};

use super::{HOUR, by, declared, due_times, fire, read, start, with};
use crate::draft::job;
use crate::fixture::{MINUTE, StoreFixture};

/// T49: a schedule is read back as it was declared.
pub async fn a_schedule_is_read_back_as_it_was_declared(fixture: StoreFixture) {
    let schedule = Schedule::cron("*/10 8-18 * * MON-FRI").expect("a line");
    let schedule = schedule.zone("Europe/Berlin").expect("a zone");
    let schedule = schedule.missed(Missed::None).overlap(Overlap::Queue);
    let job = job().kind("report").version(3).queue("slow").priority(9).max_attempts(4);
    let job = job.args("{\"to\": \"böse\", \"n\": 1.50}").timeout(HOUR).done();
    let definition = Definition::new(schedule, job).expect("a definition");
    start(&fixture, "hourly", definition.clone()).await;
    let record = read(&fixture, "hourly").await;
    assert_eq!(record.definition, definition);
    assert_eq!((record.owner, record.changed_by.as_str()), (Owner::Code, "app"));
    assert_eq!((record.from_at, record.changed_at), (fixture.moment(), fixture.moment()));
    assert!(!record.differs_from_declaration());
    let told = record.declared.expect("it is declared");
    assert_eq!((told.by.as_str(), told.at), ("app", fixture.moment()));
}

/// O32: a program that starts again and declares the same moves no due time, and loses none.
pub async fn declaring_again_moves_no_due_time(fixture: StoreFixture) {
    start(&fixture, "often", by("every 1h")).await;
    let next = read(&fixture, "often").await.next_at();
    fixture.advance(HOUR - MINUTE);
    for definition in [by("every 1h"), with("every 1h", Missed::All, Overlap::Allow)] {
        let one = [declared("often", definition, "app")];
        declare(fixture.store(), &one, fixture.now()).await.expect("it is declared");
        assert_eq!(read(&fixture, "often").await.next_at(), next);
    }
    let record = read(&fixture, "often").await;
    assert_eq!(record.declared.map(|told| told.at), Some(fixture.moment()));
    fixture.advance(MINUTE);
    assert_eq!(fire(&fixture).await.jobs, 1);
}

/// A new rule counts from when it was declared: nothing that it would have been due for before is made up.
pub async fn a_new_rule_counts_from_its_declaration(fixture: StoreFixture) {
    start(&fixture, "hourly", with("0 * * * *", Missed::All, Overlap::Allow)).await;
    fixture.advance(3 * HOUR + MINUTE);
    let one = [declared("hourly", with("*/2 * * * *", Missed::All, Overlap::Allow), "app")];
    declare(fixture.store(), &one, fixture.now()).await.expect("it is declared");
    assert_eq!(fire(&fixture).await.jobs, 0);
    fixture.advance(2 * MINUTE);
    assert_eq!(fire(&fixture).await.jobs, 1);
    assert_eq!(due_times(&fixture, "hourly").await.len(), 1);
}

/// O31, I-S2: a run that waits for the last job to end is counted as skipped where a new rule, or a removal, gives it up.
pub async fn a_new_rule_counts_the_queued_run_as_skipped(fixture: StoreFixture) {
    start(&fixture, "hourly", with("every 1h", Missed::One, Overlap::Queue)).await;
    for rule in [Some("every 2h"), None] {
        let before = read(&fixture, "hourly").await;
        let due = before.next_at().expect("it is on");
        for due in [due, due.after(due.since(before.from_at))] {
            fixture.advance(due.since(fixture.moment()));
            fire(&fixture).await;
        }
        assert!(read(&fixture, "hourly").await.queued_due_at.is_some());
        if let Some(rule) = rule {
            let one = [declared("hourly", with(rule, Missed::One, Overlap::Queue), "app")];
            declare(fixture.store(), &one, fixture.now()).await.expect("it is declared");
        } else {
            let removed = fixture.store().remove_schedule("hourly", fixture.now()).await;
            assert!(removed.expect("it reaches the store"));
        }
        let record = read(&fixture, "hourly").await;
        assert_eq!(record.queued_due_at, None);
        let due = if rule.is_some() { 2 } else { 4 };
        assert_eq!(record.fired + record.skipped + record.missed, due);
        fire(&fixture).await;
    }
}

/// T49: what a person changed stays, whatever a program declares later; both are shown.
pub async fn a_declaration_does_not_overwrite_what_a_person_changed(fixture: StoreFixture) {
    start(&fixture, "nightly", by("0 2 * * *")).await;
    let client = Client::new(fixture.shared_store()).with_origin("ann");
    let later = Schedule::cron("0 5 * * *").expect("a line");
    client.put_schedule("nightly", later, job().done()).await.expect("it is put");
    for rule in ["0 2 * * *", "0 3 * * *"] {
        let one = [declared("nightly", by(rule), "app")];
        declare(fixture.store(), &one, fixture.now()).await.expect("it is declared");
        let record = read(&fixture, "nightly").await;
        assert_eq!((record.definition.rule.as_str(), record.owner), ("0 5 * * *", Owner::Person));
        assert_eq!(record.changed_by, "ann");
        assert!(record.differs_from_declaration());
        assert!(record.declared.expect("it is declared").text.contains(rule));
    }
    let agreed = Schedule::cron("0 3 * * *").expect("a line");
    client.put_schedule("nightly", agreed, job().done()).await.expect("it is put");
    let record = read(&fixture, "nightly").await;
    assert_eq!((record.owner, record.differs_from_declaration()), (Owner::Code, false));
}

/// T49: of two programs that declare one schedule differently the last to start has its way, and that they do is known.
pub async fn two_programs_that_declare_differently_are_known(fixture: StoreFixture) {
    for (rule, by_whom, is_contested) in
        [("0 2 * * *", "one", false), ("0 3 * * *", "other", false), ("0 2 * * *", "one", true)]
    {
        fixture.advance(MINUTE);
        let one = [declared("nightly", by(rule), by_whom)];
        declare(fixture.store(), &one, fixture.now()).await.expect("it is declared");
        let record = read(&fixture, "nightly").await;
        assert_eq!(record.definition.rule, rule);
        assert_eq!(record.contested_at, is_contested.then(|| fixture.moment()));
    }
    let record = read(&fixture, "nightly").await;
    assert_eq!(record.replaced.map(|told| told.by), Some("other".to_owned()));
}

/// Several programs that declare the same at once all succeed, and there is one schedule.
pub async fn programs_that_declare_at_once_make_one_schedule(fixture: StoreFixture) {
    let stores =
        [fixture.shared_store(), fixture.another_store().await, fixture.another_store().await];
    let one = [declared("hourly", by("0 * * * *"), "app")];
    let all = stores.iter().map(|store| declare(&**store, &one, fixture.now()));
    futures_util::future::try_join_all(all).await.expect("all are written");
    assert_eq!(fixture.store().schedules().await.expect("listed").len(), 1);
}

/// I-S3, T49: a schedule that could not be read is looked at again once it is declared or put again: the zones that are
/// known may be others then.
pub async fn a_schedule_that_could_not_be_read_gets_another_chance(fixture: StoreFixture) {
    let definition = Definition { zone: "Mars/Base".to_owned(), ..by("0 * * * *") };
    write_as_it_is(&fixture, "hourly", definition.clone()).await;
    fire(&fixture).await;
    let broken = read(&fixture, "hourly").await;
    assert!(broken.error.is_some());
    let mut again = put("hourly", definition, Some(broken.revision));
    for (zone, timing) in [("Mars/Base", Timing::Kept), ("UTC", Timing::FromNow)] {
        (again.definition.zone, again.timing) = (zone.to_owned(), timing);
        again.seen = Some(read(&fixture, "hourly").await.revision);
        let written = fixture.store().put_schedules(&[again.clone()], fixture.now()).await;
        assert_eq!(written.expect("it is answered"), [true]);
        fire(&fixture).await;
        assert_eq!(read(&fixture, "hourly").await.error.is_some(), zone != "UTC");
    }
    assert!(read(&fixture, "hourly").await.next_at().is_some());
}

/// O32: processes of a program that start together do not all write what they declare.
pub async fn what_was_just_declared_is_not_written_again(fixture: StoreFixture) {
    start(&fixture, "hourly", by("0 * * * *")).await;
    let one = [declared("hourly", by("0 * * * *"), "app")];
    let before = read(&fixture, "hourly").await.revision;
    for (wait, is_written) in [(MINUTE / 2, false), (MINUTE, true)] {
        fixture.advance(wait);
        declare(fixture.store(), &one, fixture.now()).await.expect("it is declared");
        assert_eq!(read(&fixture, "hourly").await.revision != before, is_written);
    }
}

/// A write on the strength of an old look, or of none, writes nothing.
pub async fn a_write_on_an_old_look_is_refused(fixture: StoreFixture) {
    start(&fixture, "hourly", by("0 * * * *")).await;
    let record = read(&fixture, "hourly").await;
    for seen in [None, Some(record.revision - 1)] {
        let one = put("hourly", by("0 5 * * *"), seen);
        let written = fixture.store().put_schedules(&[one], fixture.now()).await;
        assert_eq!(written.expect("it is answered"), [false]);
    }
    let one = put("other", by("0 5 * * *"), Some(1));
    let written = fixture.store().put_schedules(&[one], fixture.now()).await;
    assert_eq!(written.expect("it is answered"), [false], "there is none of the name");
    assert_eq!(read(&fixture, "hourly").await.revision, record.revision);
}

/// Writes a definition that nobody checked, as SQL may.
pub(super) async fn write_as_it_is(fixture: &StoreFixture, name: &str, definition: Definition) {
    let one = put(name, definition, None);
    let written = fixture.store().put_schedules(&[one], fixture.now()).await;
    assert_eq!(written.expect("it is answered"), [true]);
}

fn put(name: &str, definition: Definition, seen: Option<i64>) -> SchedulePut {
    SchedulePut {
        name: name.to_owned(),
        seen,
        definition,
        owner: Owner::Person,
        changed_by: Some("ann".to_owned()),
        declared: None,
        replaced: None,
        is_contested: false,
        timing: Timing::FromNow,
    }
}
