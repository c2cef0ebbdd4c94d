//! Fire: each due time once, however many look.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use windlass_core::job::{DuplicateAnswer, Fair, Lane, Limited, State, Unique};
use windlass_core::schedule::{
    Cause, FireRound, Firing, Missed, NextRun, Occurrence, Overlap, declare, fire_due,
};
use windlass_core::store::{Now, Store};
use windlass_core::time::Timestamp;

use super::{HOUR, by, declared, due_times, fire, jobs_of, read, start, with};
use crate::draft::job;
use crate::fixture::{MINUTE, SECOND, StoreFixture};
use crate::verdicts::{complete, die, retry};

/// T49: a job says which due time of which schedule it is for, and comes with what the schedule says.
pub async fn a_fired_job_names_its_schedule_and_its_due_time(fixture: StoreFixture) {
    let mut definition = by("0 * * * *");
    definition.priority = -3;
    start(&fixture, "hourly", definition).await;
    fixture.advance(HOUR);
    let due = read(&fixture, "hourly").await.next_at().expect("it is computed");
    assert_eq!(fire(&fixture).await.jobs, 1);
    let jobs = jobs_of(fixture.store(), "hourly").await;
    let (_, job) = &jobs[0];
    let occurrence =
        Occurrence { name: "hourly".to_owned(), due_at: due.as_micros(), cause: Cause::Due };
    assert_eq!((jobs.len(), job.meta.schedule.as_ref()), (1, Some(&occurrence)));
    assert_eq!((job.state, job.priority), (State::Available, -3));
    let record = read(&fixture, "hourly").await;
    assert_eq!((record.last_job, record.last_due_at), (Some(job.id), Some(due)));
    assert_eq!((record.fired, record.is_unfinished), (1, true));
}

/// O32, I-S1: three processes look at once, each hour of a day; each due time is fired once.
pub async fn each_due_time_is_fired_once_by_several_processes(fixture: StoreFixture) {
    let stores =
        [fixture.shared_store(), fixture.another_store().await, fixture.another_store().await];
    start(&fixture, "hourly", with("0 * * * *", Missed::One, Overlap::Allow)).await;
    for _ in 0..24 {
        fixture.advance(HOUR);
        let rounds = stores.iter().map(|store| fire_due(&**store, fixture.now()));
        let rounds = futures_util::future::try_join_all(rounds).await.expect("all are answered");
        assert_eq!(rounds.iter().map(|round| round.jobs).sum::<u64>(), 1);
    }
    let due = due_times(&fixture, "hourly").await;
    assert_eq!(due.len(), 24);
    assert!(due.windows(2).all(|pair| pair[1].since(pair[0]) == HOUR), "{due:?}");
}

/// O32, I-S1: what fires on the strength of an old look writes nothing: neither a job nor the next due time.
pub async fn a_firing_on_an_old_look_writes_nothing(fixture: StoreFixture) {
    start(&fixture, "hourly", with("0 * * * *", Missed::One, Overlap::Allow)).await;
    fixture.advance(HOUR);
    let seen = read(&fixture, "hourly").await;
    assert_eq!(fire(&fixture).await.jobs, 1);
    let after = read(&fixture, "hourly").await;
    let late = Firing {
        name: "hourly".to_owned(),
        seen: seen.revision,
        next: NextRun::At(fixture.moment()),
        queued_due_at: None,
        last_due_at: None,
        skipped: 7,
        missed: 7,
        error: None,
        jobs: vec![job().done()],
    };
    let fired = fixture.store().fire(&[late], fixture.now()).await.expect("it is answered");
    assert_eq!(fired.written, [false]);
    let now = read(&fixture, "hourly").await;
    assert_eq!((now.revision, now.next, now.skipped), (after.revision, after.next, 0));
    assert_eq!(fixture.find("").await.len(), 1);
}

/// O32, I-S2: a leader that died between its look and its write has changed nothing: the next one fires.
pub async fn a_look_without_a_write_loses_no_due_time(fixture: StoreFixture) {
    start(&fixture, "hourly", by("0 * * * *")).await;
    fixture.advance(HOUR);
    let looked = fixture.store().due_schedules(10, fixture.now()).await.expect("it is answered");
    assert_eq!(looked.schedules.len(), 1);
    fixture.advance(SECOND);
    assert_eq!(fire(&fixture).await.jobs, 1);
    assert_eq!(due_times(&fixture, "hourly").await.len(), 1);
}

/// O32: after five hours in which nothing ran, none, one or all of the missed runs happen.
pub async fn missed_runs_happen_as_the_policy_says(fixture: StoreFixture) {
    for (name, missed) in [("none", Missed::None), ("one", Missed::One), ("all", Missed::All)] {
        start(&fixture, name, with("0 * * * *", missed, Overlap::Skip)).await;
    }
    fixture.advance(5 * HOUR + HOUR / 2);
    assert_eq!(fire(&fixture).await.jobs, 6);
    for (name, runs, missed) in [("none", 0, 5), ("one", 1, 4), ("all", 5, 0)] {
        assert_eq!(due_times(&fixture, name).await.len(), runs, "{name}");
        let record = read(&fixture, name).await;
        assert_eq!((record.missed, record.skipped), (missed, 0), "{name}");
        assert!(record.next_at().is_some_and(|next| next > fixture.moment()));
    }
    let (_, made_up) = jobs_of(fixture.store(), "one").await.remove(0);
    assert_eq!(made_up.meta.schedule.as_ref().map(|one| one.cause), Some(Cause::Missed));
    assert_eq!(fire(&fixture).await.jobs, 0, "once");
}

/// O31, C22: a job that takes ten seconds, by a schedule of one: six runs in a minute, never two at a time, the others
/// skipped and counted.
pub async fn a_run_is_skipped_while_the_last_job_has_not_ended(fixture: StoreFixture) {
    start(&fixture, "busy", with("every 1s", Missed::One, Overlap::Skip)).await;
    let worker = fixture.worker().await;
    let mut running = None;
    for second in 0..60 {
        fixture.advance(SECOND);
        fire(&fixture).await;
        if running.is_none() {
            let batch = worker.claim(10).await;
            assert_eq!(batch.jobs.len(), 1, "never more than one waits");
            running = Some((batch, second + 10));
        }
        if let Some((batch, _)) = running.take_if(|(_, until)| *until == second + 1) {
            worker.settle(&batch, 0, complete()).await;
        }
    }
    let record = read(&fixture, "busy").await;
    assert_eq!((record.fired, record.skipped), (6, 54));
}

/// A33: one run waits for the end of the job before it, further ones are left out.
pub async fn one_run_is_queued_behind_the_last_job(fixture: StoreFixture) {
    start(&fixture, "queue", with("every 1s", Missed::One, Overlap::Queue)).await;
    let worker = fixture.worker().await;
    fixture.advance(SECOND);
    let first = fixture.moment();
    fire(&fixture).await;
    let batch = worker.claim(10).await;
    for _ in 0..10 {
        fixture.advance(SECOND);
        fire(&fixture).await;
    }
    let record = read(&fixture, "queue").await;
    assert_eq!((record.fired, record.skipped), (1, 9));
    assert_eq!(record.queued_due_at, Some(first.after(SECOND)));
    assert_eq!(worker.sweep().await.next_fire, Some(Duration::ZERO), "it is looked after");
    worker.settle(&batch, 0, complete()).await;
    assert_eq!(fire(&fixture).await.jobs, 1);
    let jobs = jobs_of(fixture.store(), "queue").await;
    assert_eq!(jobs.iter().map(|(due, _)| *due).collect::<Vec<_>>(), [first, first.after(SECOND)]);
    assert_eq!(jobs[1].1.meta.schedule.as_ref().map(|one| one.cause), Some(Cause::Queued));
}

/// A33: runs beside each other, where that is allowed.
pub async fn runs_come_beside_each_other_where_that_is_allowed(fixture: StoreFixture) {
    start(&fixture, "allow", with("every 1s", Missed::One, Overlap::Allow)).await;
    for _ in 0..10 {
        fixture.advance(SECOND);
        fire(&fixture).await;
    }
    assert_eq!(due_times(&fixture, "allow").await.len(), 10);
    assert_eq!(read(&fixture, "allow").await.skipped, 0);
}

/// O31: whether the last job has ended is asked of the job: one that waits for its next attempt has not.
pub async fn a_job_that_is_tried_again_has_not_ended(fixture: StoreFixture) {
    start(&fixture, "hourly", by("0 * * * *")).await;
    fixture.advance(HOUR);
    fire(&fixture).await;
    let worker = fixture.worker().await;
    worker.run_one(retry(HOUR)).await;
    assert!(read(&fixture, "hourly").await.is_unfinished);
    fixture.advance(HOUR);
    assert_eq!(fire(&fixture).await.jobs, 0);
    fixture.promote().await;
    fixture.worker().await.run_one(die()).await;
    let record = read(&fixture, "hourly").await;
    assert_eq!((record.is_unfinished, record.skipped), (false, 1));
    fixture.advance(HOUR);
    assert_eq!(fire(&fixture).await.jobs, 1);
}

/// C22: a schedule's job that is unique and whose key is held is not written, and the one that holds the key is asked
/// whether it has ended; a job that is to be rejected stops no other schedule.
pub async fn a_unique_job_of_a_schedule_that_is_held_is_left_out(fixture: StoreFixture) {
    let unique = Unique::by("report");
    let held = fixture.enqueue_one(job().unique(unique.clone())).await;
    for (name, unique) in [("keeps", unique.clone()), ("rejects", unique.reject())] {
        let mut definition = by("0 * * * *");
        definition.meta.unique = Some(unique);
        start(&fixture, name, definition).await;
    }
    start(&fixture, "other", by("0 * * * *")).await;
    fixture.advance(HOUR);
    fire(&fixture).await;
    for name in ["keeps", "rejects"] {
        let record = read(&fixture, name).await;
        assert_eq!((record.last_job, record.is_unfinished), (Some(held), true), "{name}");
        assert_eq!(jobs_of(fixture.store(), name).await.len(), 0, "{name}");
    }
    assert_eq!(jobs_of(fixture.store(), "other").await.len(), 1);
    let said = fixture.store().duplicates(10).await.expect("they are noted");
    assert_eq!(said.newest.len(), 2);
}

/// C25, O9: the jobs of schedules stand in line as others do: in a lane, in turns and under the limit of a key.
pub async fn the_jobs_of_a_schedule_stand_in_line(fixture: StoreFixture) {
    let several = || with("every 1h", Missed::All, Overlap::Allow);
    let (mut lane, mut fair, mut limited) = (several(), several(), several());
    lane.meta.lane = Some(Lane::by("a"));
    fair.meta.fair = Some(Fair::by("t").weight(2));
    limited.meta.limited = Some(Limited::by("k").running(2));
    limited.meta.cost = Some(3);
    for (name, definition) in [("lane", lane), ("fair", fair), ("limited", limited)] {
        start(&fixture, name, definition).await;
    }
    fixture.advance(3 * HOUR);
    assert_eq!(fire(&fixture).await.jobs, 9);
    for name in ["lane", "fair", "limited"] {
        for (_, job) in jobs_of(fixture.store(), name).await {
            assert_eq!(job.meta.line, job.meta.line_of(&job.kind), "{name}");
        }
    }
    let worker = fixture.worker().await;
    let batch = worker.claim(99).await;
    let claimed = |name: &str| {
        let of = |one: &Occurrence| one.name == name;
        batch.jobs.iter().filter(|job| job.meta.schedule.as_ref().is_some_and(of)).count()
    };
    assert_eq!((claimed("lane"), claimed("fair"), claimed("limited")), (1, 3, 2));
}

/// T32, T21: the rules of a lane hold for a schedule's job: it cancels what it supersedes, and one that is refused is noted,
/// stops no other schedule and leaves its own to go on.
pub async fn a_schedules_job_keeps_the_rules_of_its_lane(fixture: StoreFixture) {
    let lane = || Lane::by("a");
    let waiting = fixture.enqueue_one(job().kind("old").lane(lane())).await;
    let held = fixture.enqueue_one(job().kind("strong").lane(lane())).await;
    let rules = [
        ("new", lane().supersedes("old")),
        ("weak", lane().refused_by("strong")),
        ("other", Lane::by("b").refused_by("strong")),
    ];
    for (name, lane) in rules {
        let mut definition = by("0 * * * *");
        definition.meta.lane = Some(lane);
        start(&fixture, name, definition).await;
    }
    fixture.advance(HOUR);
    fire(&fixture).await;
    let new = jobs_of(fixture.store(), "new").await.remove(0).1.id;
    let superseded = fixture.job(waiting).await;
    assert_eq!(superseded.state, State::Cancelled);
    assert_eq!(superseded.reason, Some(format!("superseded by work {}", new.as_uuid())));
    assert_eq!(jobs_of(fixture.store(), "weak").await.len(), 0);
    assert_eq!(jobs_of(fixture.store(), "other").await.len(), 1);
    let record = read(&fixture, "weak").await;
    assert_eq!((record.last_job, record.fired, record.is_unfinished), (Some(held), 0, true));
    let duplicates = fixture.store().duplicates(9).await.expect("they are noted");
    let refused = ("work".to_owned(), DuplicateAnswer::LaneRefused);
    assert_eq!(duplicates.counts.get(&refused), Some(&1));
    assert_eq!(duplicates.newest[0].job, held);
}

/// T49: the leader's sweep says when the next schedule is due; a follower's does not.
pub async fn a_sweep_of_the_leader_says_when_a_schedule_is_due(fixture: StoreFixture) {
    let (leader, follower) = (fixture.worker().await, fixture.worker().await);
    assert_eq!(leader.sweep().await.next_fire, None, "there are none");
    let one = [declared("often", by("every 10m"), "app")];
    declare(fixture.store(), &one, fixture.now()).await.expect("it is declared");
    assert_eq!(leader.sweep().await.next_fire, Some(Duration::ZERO), "it is to be computed");
    assert_eq!(fire(&fixture).await.next_due, Some(10 * MINUTE));
    fixture.advance(4 * SECOND);
    assert_eq!(leader.sweep().await.next_fire, Some(10 * MINUTE - 4 * SECOND));
    assert_eq!(follower.sweep().await.next_fire, None);
}

/// O32, I-S1, I-S2: a thousand schedules and four processes for an hour: each due time once, none left out.
pub async fn a_thousand_schedules_are_fired_once_each_by_four_processes(fixture: StoreFixture) {
    const SCHEDULES: usize = 1_000;
    let mut stores: Vec<Arc<dyn Store>> = vec![fixture.shared_store()];
    for _ in 1..4 {
        stores.push(fixture.another_store().await);
    }
    let rule = |nth: usize| if nth.is_multiple_of(2) { "*/20 * * * *" } else { "every 30m" };
    let all: Vec<_> = (0..SCHEDULES)
        .map(|nth| {
            declared(&format!("n{nth}"), with(rule(nth), Missed::All, Overlap::Allow), "app")
        })
        .collect();
    declare(fixture.store(), &all, fixture.now()).await.expect("they are declared");
    for _ in 0..13 {
        let rounds = stores.iter().map(|store| until_nothing_is_due(&**store, fixture.now()));
        futures_util::future::join_all(rounds).await;
        fixture.advance(5 * MINUTE);
    }
    let page = windlass_core::job::Page { before: None, limit: 100_000 };
    let jobs = fixture.store().jobs(&"".parse().expect("all"), page).await.expect("listed");
    let fired: BTreeSet<(String, i64)> = jobs
        .iter()
        .filter_map(|job| job.meta.schedule.as_ref().map(|one| (one.name.clone(), one.due_at)))
        .collect();
    assert_eq!((fired.len(), jobs.len()), (SCHEDULES / 2 * 3 + SCHEDULES / 2 * 2, fired.len()));
    let records = fixture.store().schedules().await.expect("they are listed");
    assert!(records.iter().all(|record| record.missed + record.skipped == 0));
}

async fn until_nothing_is_due(store: &dyn Store, now: Now) {
    while fire_due(store, now).await.expect("a round reaches the store").next_due
        == Some(Duration::ZERO)
    {}
}

/// T49, I-S3: what SQL wrote and nobody can read is an error of its schedule, and the others go on.
pub async fn a_rule_that_cannot_be_read_is_an_error_of_its_schedule(fixture: StoreFixture) {
    for (name, rule, zone) in [
        ("words", "at noon", "UTC"),
        ("never", "0 0 30 2 *", "UTC"),
        ("nowhere", "0 * * * *", "Mars/Base"),
    ] {
        let definition = windlass_core::schedule::Definition {
            rule: rule.to_owned(),
            zone: zone.to_owned(),
            ..by("0 * * * *")
        };
        super::put::write_as_it_is(&fixture, name, definition).await;
    }
    start(&fixture, "good", by("0 * * * *")).await;
    fixture.advance(HOUR);
    assert_eq!(fire(&fixture).await.jobs, 1);
    for (name, told) in [("words", "at noon"), ("never", "no date fits"), ("nowhere", "Mars/Base")]
    {
        let record = read(&fixture, name).await;
        assert!(record.error.as_ref().is_some_and(|error| error.contains(told)), "{record:?}");
        assert_eq!((record.next, record.next_at()), (NextRun::Never, None));
    }
    assert_eq!(fire(&fixture).await, FireRound::default(), "they are not looked at again");
}

/// I-W2: the jobs of a schedule wake their queue as others do.
pub async fn a_fired_job_wakes_its_queue(fixture: StoreFixture) {
    start(&fixture, "hourly", by("0 * * * *")).await;
    let worker = fixture.worker().await;
    let wake = fixture.store().wakeups().add(worker.id(), vec!["default".to_owned()]);
    assert!(worker.claim(1).await.jobs.is_empty());
    fixture.advance(HOUR);
    fire(&fixture).await;
    let woken = tokio::time::timeout(10 * SECOND, wake.work()).await;
    assert!(woken.is_ok(), "it was not woken");
}

/// T49: by Berlin's clocks half past two is due once each local day, over both changes.
pub async fn half_past_two_is_fired_once_each_local_day(fixture: StoreFixture) {
    let mut definition = by("30 2 * * *");
    definition.zone = "Europe/Berlin".to_owned();
    definition.overlap = Overlap::Allow;
    let timetable = definition.timetable().expect("it is read");
    start(&fixture, "nightly", definition).await;
    let mut days: Vec<String> = Vec::new();
    for _ in 0..366 {
        let next = read(&fixture, "nightly").await.next_at().expect("it goes on");
        fixture.advance(next.since(fixture.moment()));
        assert_eq!(fire(&fixture).await.jobs, 1);
        days.push(timetable.local(next)[..10].to_owned());
    }
    let number = days.len();
    days.dedup();
    assert_eq!(days.len(), number);
    let first: Timestamp = format!("{}T00:00:00Z", days[0]).parse().expect("a day");
    let last: Timestamp = format!("{}T00:00:00Z", days[number - 1]).parse().expect("a day");
    assert_eq!(last.since(first), 24 * HOUR * (number as u32 - 1), "no day is left out");
}
