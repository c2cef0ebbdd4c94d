//! Explain: every gate between a job and a worker is told, with who holds it shut and what happens next.

use std::time::Duration;

use windlass_core::batch::Begins;
use windlass_core::condition::{Awaited, Ends, Overdue, Signal, Waits};
use windlass_core::id::{BatchId, JobId};
use windlass_core::job::{Explanation, Gate, HeldBack, Outcome, Standing, State, Step, Unique};
use windlass_core::limits::{KEEP_FINISHED, LEADER_TTL, LEASE, LINE};
use windlass_core::queue::Pause;
use windlass_core::worker::{MinimumBuild, Quiet};

use crate::draft::{job, jobs};
use crate::fixture::{MINUTE, SECOND, StoreFixture};
use crate::verdicts::{complete, die, retry};
use crate::worker::worker;

pub(super) async fn explain(fixture: &StoreFixture, id: JobId) -> Explanation {
    let look = fixture.store().look(id, fixture.now()).await.expect("it can be looked at");
    Explanation::of(&look.expect("the job exists"))
}

/// The gates that are shut, and the step that follows.
pub(super) async fn shut(fixture: &StoreFixture, id: JobId) -> (Vec<Gate>, Step) {
    let explained = explain(fixture, id).await;
    (explained.shut().cloned().collect(), explained.next.step)
}

/// The only gate that is shut, and the step that follows.
pub(super) async fn only(fixture: &StoreFixture, id: JobId) -> (Gate, Step) {
    let (mut gates, step) = shut(fixture, id).await;
    assert_eq!(gates.len(), 1, "{gates:?}");
    (gates.remove(0), step)
}

/// Whether a gate is among those that are good to know.
pub(super) async fn notes(fixture: &StoreFixture, id: JobId) -> Vec<Gate> {
    let explained = explain(fixture, id).await;
    let is_note = |standing| standing == Standing::Note;
    explained.gates.into_iter().filter(|p| is_note(p.standing)).map(|p| p.gate).collect()
}

/// O24: a job that nothing keeps back is taken next, and every gate that it has passed is named.
pub async fn a_job_that_nothing_keeps_back_is_taken_next(fixture: StoreFixture) {
    let worker = fixture.worker().await;
    let id = fixture.enqueue_one(job()).await;
    let explained = explain(&fixture, id).await;
    assert_eq!(explained.next.step, Step::Claim);
    assert!(explained.gates.iter().all(|passage| passage.standing == Standing::Open));
    let workers = vec![worker.label().to_owned()];
    assert!(explained.gates.iter().any(|p| p.gate == Gate::Workers { workers: workers.clone() }));
    assert!(explained.gates.len() >= 5, "{:?}", explained.gates);
    assert_eq!(explained.ahead, Some(0));
}

/// O24: the due time, and then the sweep that notices it.
pub async fn a_job_waits_for_its_time_and_for_the_sweep(fixture: StoreFixture) {
    let worker = fixture.worker().await;
    worker.sweep().await;
    let id = fixture.enqueue_one(job().due_in(MINUTE)).await;
    let at = fixture.moment().after(MINUTE);
    assert_eq!(only(&fixture, id).await, (Gate::Due { at }, Step::Promote));
    assert_eq!(explain(&fixture, id).await.next.at, Some(at));
    fixture.advance(MINUTE);
    worker.beat().await;
    let (gates, step) = shut(&fixture, id).await;
    assert_eq!((gates.first(), step), (Some(&Gate::Promotion { due_at: at }), Step::Promote));
    assert!(matches!(gates.get(1), Some(Gate::Leader { worker: None, .. })), "{gates:?}");
    worker.sweep().await;
    assert_eq!(shut(&fixture, id).await, (vec![], Step::Claim));
}

/// O24: who leads, until when, and that nobody does.
pub async fn it_is_told_whether_anybody_leads(fixture: StoreFixture) {
    let worker = fixture.worker().await;
    let id = fixture.enqueue_one(job().due_in(60 * MINUTE)).await;
    let leader = async || {
        let gates = explain(&fixture, id).await.gates.into_iter();
        let leader = gates.map(|p| p.gate).find(|gate| matches!(gate, Gate::Leader { .. }));
        leader.expect("it is told")
    };
    assert_eq!(leader().await, Gate::Leader { worker: None, until: None });
    worker.sweep().await;
    let until = Some(fixture.moment().after(LEADER_TTL));
    let label = Some(worker.label().to_owned());
    assert_eq!(leader().await, Gate::Leader { worker: label, until });
    fixture.advance(LEADER_TTL);
    assert_eq!(leader().await, Gate::Leader { worker: None, until });
}

/// O24: the next attempt, when it comes and what went wrong.
pub async fn a_failed_job_waits_for_its_next_attempt(fixture: StoreFixture) {
    let worker = fixture.worker().await;
    worker.sweep().await;
    let id = fixture.enqueue_one(job()).await;
    worker.run_one(retry(MINUTE)).await;
    let at = fixture.moment().after(MINUTE);
    let error = Some("it broke".to_owned());
    let expected = Gate::Backoff { at, attempt: 2, error };
    assert_eq!(only(&fixture, id).await, (expected, Step::Promote));
}

/// O24, I-W3: a pause, since when and why.
pub async fn a_pause_is_told_with_its_note(fixture: StoreFixture) {
    let _worker = fixture.worker().await;
    let id = fixture.enqueue_one(job()).await;
    let since = Some(fixture.moment());
    pause(&fixture, Pause::queue("default").note("a deploy")).await;
    let expected = Gate::Pause { since, until: None, note: Some("a deploy".to_owned()) };
    assert_eq!(only(&fixture, id).await, (expected, Step::Resume));
}

/// O24: a pause of a kind, with its end, also once its jobs were moved out of the way.
pub async fn a_pause_of_a_kind_is_told_with_its_end(fixture: StoreFixture) {
    let worker = fixture.worker().await;
    worker.sweep().await;
    let id = fixture.enqueue_one(job()).await;
    let (since, until) = (fixture.moment(), Some(fixture.moment().after(MINUTE)));
    pause(&fixture, Pause::kind("work").lasting(MINUTE)).await;
    let expected = Gate::KindPause { since, until, note: None };
    assert_eq!(only(&fixture, id).await, (expected.clone(), Step::Resume));
    assert_eq!(explain(&fixture, id).await.next.at, until);
    worker.sweep().await;
    let reason = Some("work is paused".to_owned());
    assert_eq!(shut(&fixture, id).await, (vec![expected, Gate::Parked { reason }], Step::Resume));
    fixture.advance(MINUTE);
    worker.beat().await;
    assert_eq!(shut(&fixture, id).await.1, Step::Unpark);
}

async fn pause(fixture: &StoreFixture, pause: Pause) {
    fixture.store().pause(&pause, fixture.now()).await.expect("paused");
}

/// O24, C27: nobody serves the queue; nobody there knows the kind, or its version; somebody elsewhere does.
pub async fn a_job_without_a_worker_says_what_is_missing(fixture: StoreFixture) {
    let id = fixture.enqueue_one(job()).await;
    let (gates, step) = shut(&fixture, id).await;
    let handler = || "work@1".to_owned();
    let nobody =
        [Gate::Workers { workers: vec![] }, Gate::Handler { handler: handler(), workers: vec![] }];
    assert_eq!((gates.as_slice(), step), (&nobody[..], Step::Worker));

    let elsewhere = fixture.start(worker().serving(&["other"])).await;
    assert_eq!(only(&fixture, id).await, (Gate::Workers { workers: vec![] }, Step::Worker));

    fixture.start(worker().knowing(&[("work", 2)])).await;
    let workers = vec![elsewhere.label().to_owned()];
    let unknown = Gate::Handler { handler: handler(), workers };
    assert_eq!(only(&fixture, id).await, (unknown, Step::Worker));

    fixture.advance(LEASE);
    let (gates, _) = shut(&fixture, id).await;
    assert_eq!(gates, nobody, "whose lease is over does not count");
}

/// O24, C26: a parked job says why, and what brings it back.
pub async fn a_parked_job_says_what_brings_it_back(fixture: StoreFixture) {
    let worker = fixture.worker().await;
    worker.sweep().await;
    let id = fixture.enqueue_one(job().kind("ghost")).await;
    fixture.tidy().await;
    let (gates, step) = shut(&fixture, id).await;
    let reason = Some("no live worker knows ghost@1".to_owned());
    assert!(gates.contains(&Gate::Parked { reason }), "{gates:?}");
    assert_eq!(step, Step::Worker);
}

/// O24, T20: workers that were asked to take no new work.
pub async fn quiet_workers_are_named(fixture: StoreFixture) {
    let worker = fixture.worker().await;
    let id = fixture.enqueue_one(job()).await;
    let asked = fixture.store().quiet(worker.id(), Quiet::On, fixture.now()).await;
    assert!(asked.expect("asked"));
    let workers = vec![worker.label().to_owned()];
    assert_eq!(only(&fixture, id).await, (Gate::Quiet { workers }, Step::Worker));
    fixture.worker().await;
    assert_eq!(shut(&fixture, id).await, (vec![], Step::Claim));
}

/// O24, T55: so are those that were asked to stop.
pub async fn workers_that_stop_are_named(fixture: StoreFixture) {
    let worker = fixture.worker().await;
    let id = fixture.enqueue_one(job()).await;
    let asked = fixture.store().stop_worker(worker.id(), fixture.now()).await;
    assert!(asked.expect("asked"));
    let workers = vec![worker.label().to_owned()];
    assert_eq!(only(&fixture, id).await, (Gate::Quiet { workers }, Step::Worker));
}

/// O24, T46: workers that would run it if their build were not below the minimum of their program.
pub async fn workers_that_are_held_back_by_their_build_are_named(fixture: StoreFixture) {
    let old = fixture.start(worker().built("shop 2.13.9")).await;
    let id = fixture.enqueue_one(job()).await;
    let minimum = MinimumBuild::new("shop 2.14").expect("a minimum").note("new columns");
    fixture.store().require_build(&minimum, fixture.now()).await.expect("set");
    let (worker, note) = (old.label().to_owned(), minimum.note.clone());
    let held = HeldBack { worker, build: "shop 2.13.9".to_owned(), minimum, note };
    let gate = Gate::Build { workers: vec![held] };
    assert_eq!(only(&fixture, id).await, (gate.clone(), Step::Worker));
    // Beside one that a person has asked to be quiet, both stand in the way.
    let other = fixture.worker().await;
    fixture.store().quiet(other.id(), Quiet::On, fixture.now()).await.expect("asked");
    assert_eq!(shut(&fixture, id).await.0.last(), Some(&gate));
    fixture.start(crate::worker::worker().built("shop 2.14")).await;
    assert_eq!(shut(&fixture, id).await, (vec![], Step::Claim));
}

/// O24: who has the slots, and how many are in front.
pub async fn taken_slots_and_the_line_are_told(fixture: StoreFixture) {
    let worker = fixture.worker().await;
    fixture.enqueue(jobs(13)).await;
    let urgent = fixture.enqueue_one(job().priority(-1)).await;
    let last = fixture.enqueue_one(job()).await;
    assert_eq!(explain(&fixture, urgent).await.ahead, Some(0));
    assert_eq!(only(&fixture, last).await, (Gate::Line { ahead: 14, or_more: false }, Step::Turn));
    worker.claim(10).await;
    let (gates, step) = shut(&fixture, last).await;
    assert_eq!(step, Step::Slot);
    let Some(Gate::Slots { workers }) = gates.first() else { panic!("{gates:?}") };
    assert_eq!((workers[0].running, workers[0].slots), (10, 10));
    assert_eq!(workers[0].worker, worker.label());
    assert_eq!(gates[1], Gate::Line { ahead: 4, or_more: false });
    fixture.enqueue((0..LINE).map(|_| job().priority(-5))).await;
    assert_eq!(explain(&fixture, last).await.ahead, Some(LINE));
    let (gates, _) = shut(&fixture, last).await;
    assert_eq!(gates[1], Gate::Line { ahead: LINE, or_more: true });
}

/// O24: a job that was lost twice waits for its turn alone.
pub async fn a_suspect_is_told(fixture: StoreFixture) {
    let id = fixture.enqueue_one(job()).await;
    for _ in 0..2 {
        let doomed = fixture.worker().await;
        assert_eq!(doomed.claim(1).await.jobs.len(), 1);
        fixture.rescue().await;
        fixture.advance(60 * MINUTE);
        fixture.promote().await;
    }
    let told = notes(&fixture, id).await;
    assert!(told.contains(&Gate::Suspect { losses: 2 }), "{told:?}");
}

/// O24, C9: a job that runs says where, since when and until when its worker's lease lasts; a worker that is gone is told.
pub async fn a_running_job_says_where_it_is(fixture: StoreFixture) {
    let worker = fixture.worker().await;
    let id = fixture.enqueue_one(job().timeout(MINUTE)).await;
    worker.claim(1).await;
    let since = fixture.moment();
    let label = || worker.label().to_owned();
    fixture.advance(SECOND);
    let explained = explain(&fixture, id).await;
    let gates: Vec<Gate> = explained.gates.into_iter().map(|passage| passage.gate).collect();
    let until = Some(since.after(LEASE));
    let expected = [
        Gate::Running { worker: label(), since, attempt: 1 },
        Gate::Lease { worker: label(), until },
        Gate::Timeout { at: since.after(MINUTE) },
    ];
    assert_eq!((gates.as_slice(), explained.next.step), (&expected[..], Step::Settle));
    fixture.cancel(id).await;
    let told = notes(&fixture, id).await;
    assert!(told.contains(&Gate::CancelRequested { reason: "not wanted".to_owned() }), "{told:?}");
    assert_eq!(shut(&fixture, id).await, (vec![], Step::Cancel));
    fixture.advance(LEASE);
    let (gates, step) = shut(&fixture, id).await;
    assert_eq!(
        (gates.first(), step),
        (Some(&Gate::Lease { worker: label(), until }), Step::TakeBack)
    );
    assert!(matches!(gates.get(1), Some(Gate::Leader { worker: None, .. })), "{gates:?}");
}

/// O24: until when it may start, and that it may not any more.
pub async fn an_expiry_is_told(fixture: StoreFixture) {
    let _worker = fixture.worker().await;
    let id = fixture.enqueue_one(job().expires_in(SECOND * 5)).await;
    let at = fixture.moment().after(SECOND * 5);
    let gates = explain(&fixture, id).await.gates;
    assert_eq!((gates[0].standing, &gates[0].gate), (Standing::Open, &Gate::Expiry { at }));
    fixture.advance(SECOND * 5);
    let (gates, step) = shut(&fixture, id).await;
    assert_eq!((gates.first(), step), (Some(&Gate::Expiry { at }), Step::Expire));
}

/// O24, T45: what would come after its expiry is not promised.
pub async fn a_job_that_expires_before_its_time_comes_is_told_so(fixture: StoreFixture) {
    let worker = fixture.worker().await;
    let id = fixture.enqueue_one(job().expires_in(SECOND * 5)).await;
    let at = fixture.moment().after(SECOND * 5);
    worker.run_one(retry(MINUTE)).await;
    let explained = explain(&fixture, id).await;
    assert_eq!((explained.next.step, explained.next.at), (Step::Expire, Some(at)));
}

/// O24, I-U2: the unique key that a job holds, that another holds, and that is free.
pub async fn a_unique_key_is_told_with_its_holder(fixture: StoreFixture) {
    let worker = fixture.worker().await;
    let unique = || job().unique(Unique::by("a"));
    let first = fixture.enqueue_one(unique()).await;
    let key = |holder, holds| Gate::Key { key: "a".to_owned(), holder, holds };
    assert!(notes(&fixture, first).await.contains(&key(Some(first), true)));
    let batch = worker.claim(1).await;
    assert!(notes(&fixture, first).await.contains(&key(Some(first), true)), "while it runs");
    worker.settle(&batch, 0, die()).await;
    assert!(notes(&fixture, first).await.contains(&key(None, false)));
    let second = fixture.enqueue_one(unique()).await;
    assert!(notes(&fixture, first).await.contains(&key(Some(second), false)));
}

/// O24: how a job ended, why, and until when it is kept.
pub async fn an_ended_job_says_how_and_how_long_it_is_kept(fixture: StoreFixture) {
    let worker = fixture.worker().await;
    let ids = fixture.enqueue(jobs(3)).await;
    fixture.cancel(ids[2]).await;
    worker.run_one(complete()).await;
    worker.run_one(die()).await;
    let at = fixture.moment();
    let expected = [
        (Outcome::Ok, None, Step::Remove),
        (Outcome::Error, Some("beyond repair".to_owned()), Step::Keep),
        (Outcome::Cancelled, Some("not wanted".to_owned()), Step::Remove),
    ];
    for (id, (outcome, reason, step)) in ids.into_iter().zip(expected) {
        assert_eq!(only(&fixture, id).await, (Gate::Ended { at, outcome, reason }, step));
        let kept_until = (step == Step::Remove).then(|| at.after(KEEP_FINISHED));
        assert_eq!(explain(&fixture, id).await.next.at, kept_until);
    }
}

/// O24: a caller's clock that is off is pointed out; one that is a little off is not.
pub async fn a_clock_that_is_off_is_told(fixture: StoreFixture) {
    let _worker = fixture.worker().await;
    let id = fixture.enqueue_one(job()).await;
    let beside = async |clock| explain(&fixture, id).await.beside(clock).gates.pop().expect("some");
    let ahead = beside(fixture.moment().after(MINUTE)).await.gate;
    assert_eq!(ahead, Gate::Clock { ahead_us: 60_000_000 });
    let near = beside(fixture.moment().after(Duration::from_millis(900))).await.gate;
    assert!(!matches!(near, Gate::Clock { .. }), "{near:?}");
}

/// O24: a job that is not there has nothing to explain.
pub async fn a_job_that_is_not_there_is_not_explained(fixture: StoreFixture) {
    let look = fixture.store().look(JobId::new(), fixture.now()).await.expect("looked");
    assert!(look.is_none());
}

/// O24, T27: what a job waits for is told, with where the job stands that it waits for, and what can be done.
pub async fn what_a_job_waits_for_is_told(fixture: StoreFixture) {
    let worker = fixture.worker().await;
    worker.sweep().await;
    let other = fixture.enqueue_one(job()).await;
    let waits = Waits::all().job("other", other).signal("go", "go").signal("came", "came");
    let id = fixture.enqueue_one(job().waits(waits)).await;
    fixture.store().signal(&Signal::new("came"), fixture.now()).await.expect("told");
    let told = |gate: Gate| {
        let Gate::Conditions { open, needed, .. } = gate else { panic!("{gate:?}") };
        let states = open.iter().map(|one| match one.awaits {
            Awaited::Job { job_state, .. } => job_state,
            _ => None,
        });
        (
            open.iter().map(|one| one.name.clone()).collect::<Vec<_>>(),
            states.collect::<Vec<_>>(),
            needed,
        )
    };
    let (gate, step) = only(&fixture, id).await;
    let names = vec!["other".to_owned(), "go".to_owned()];
    assert_eq!(told(gate), (names.clone(), vec![Some(State::Available), None], 2));
    assert_eq!(step, Step::Meet);
    worker.run_one(die()).await;
    let (gate, step) = only(&fixture, id).await;
    assert_eq!(told(gate), (names, vec![Some(State::Dead), None], 2));
    assert_eq!(step, Step::Decide);
    let moment = fixture.moment().after(MINUTE);
    let noon = fixture.enqueue_one(job().waits(Waits::all().moment("noon", moment))).await;
    let next = explain(&fixture, noon).await.next;
    assert_eq!((next.step, next.at), (Step::Meet, Some(moment)));
}

/// O24, T27: a job that waits for a batch which has ended in another way waits for ever, and is told so: until the batch lives again,
/// or its own deadline passes.
pub async fn a_wait_for_a_batch_that_failed_is_told(fixture: StoreFixture) {
    let worker = fixture.worker().await;
    worker.sweep().await;
    let batch = BatchId::new();
    let member = fixture.enqueue_one(job().begins(batch, Begins::default())).await;
    let then = |ends| Waits::all().batch_ended("rows", batch, ends);
    let completed = fixture.enqueue_one(job().waits(then(Ends::COMPLETED))).await;
    let soon = then(Ends::COMPLETED).deadline(MINUTE, Overdue::Die);
    let soon = fixture.enqueue_one(job().waits(soon)).await;
    assert_eq!(only(&fixture, completed).await.1, Step::Meet);
    worker.run_one(die()).await;
    assert_eq!(only(&fixture, completed).await.1, Step::Decide);
    let conditions = fixture.store().conditions(completed).await.expect("read");
    assert!(conditions[0].is_lost(), "{conditions:?}");
    let (gate, step) = only(&fixture, soon).await;
    let Gate::Conditions { until, then: overdue, .. } = gate else { panic!("{gate:?}") };
    let expected = (Some(fixture.moment().after(MINUTE)), Some(Overdue::Die));
    assert_eq!(((until, overdue), step), (expected, Step::Overdue));
    fixture.retry(member).await;
    assert_eq!(only(&fixture, completed).await.1, Step::Meet);
    let failed = fixture.enqueue_one(job().waits(then(Ends::DEAD))).await;
    worker.run_one(complete()).await;
    assert_eq!(only(&fixture, failed).await.1, Step::Decide);
}
