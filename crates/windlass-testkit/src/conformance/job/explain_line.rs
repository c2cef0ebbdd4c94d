//! Explain: what keeps a job in line is told, with who has the lane or the places and when it opens.

use std::collections::BTreeMap;
use std::time::Duration;

use windlass_core::id::JobId;
use windlass_core::job::{Fair, Gate, Lane, LaneFirst, LimitOf, Limited, Standing, State, Step};
use windlass_core::limit::{Limit, LimitOn, SetBy};
use windlass_core::limits::PLACE_HOLDERS;
use windlass_core::name::DEFAULT_QUEUE;
use windlass_core::queue::Pause;

use super::explain::{explain, notes, only, shut};
use crate::draft::{Draft, KIND, job, jobs};
use crate::fixture::{MINUTE, SECOND, StoreFixture};
use crate::verdicts::{complete, die, retry};
use crate::worker::{job_ids, worker};

fn in_lane(key: &str) -> Draft {
    job().lane(Lane::by(key))
}

fn kind() -> LimitOn {
    LimitOn::Kind(KIND.to_owned())
}

async fn set(fixture: &StoreFixture, limit: &Limit) -> LimitOf {
    let (by, note) = (SetBy::Config, "the vendor says so");
    let set = fixture.store().set_limit(limit, by, Some(note), fixture.now()).await;
    set.expect("it is set");
    LimitOf { on: limit.on.clone(), key: None, set_by: Some(by), note: Some(note.to_owned()) }
}

/// The first of a lane as the only gate that is shut, how many are before the job, and the step that follows.
async fn held(fixture: &StoreFixture, id: JobId) -> (LaneFirst, u64, Step) {
    match only(fixture, id).await {
        (Gate::Lane { first: Some(first), ahead, or_more: false, .. }, step) => {
            (first, ahead, step)
        }
        other => panic!("{other:?}"),
    }
}

/// O24, C25: who has the lane: one that is due, one that runs and where, one that is tried again and when; how many are
/// before.
pub async fn the_first_of_a_lane_is_told(fixture: StoreFixture) {
    let worker = fixture.worker().await;
    worker.sweep().await;
    let ids = fixture.enqueue((0..4).map(|_| in_lane("a"))).await;
    fixture.enqueue_one(in_lane("b")).await;
    assert_eq!(shut(&fixture, ids[0]).await, (vec![], Step::Claim), "the first");
    let (first, ahead, step) = held(&fixture, ids[3]).await;
    assert_eq!((first.job, first.state, ahead, step), (ids[0], State::Available, 3, Step::Lane));
    assert_eq!(explain(&fixture, ids[3]).await.ahead, Some(3));

    let batch = worker.claim(1).await;
    let (first, ahead, step) = held(&fixture, ids[2]).await;
    assert_eq!((first.job, first.state, ahead, step), (ids[0], State::Running, 2, Step::Lane));
    assert_eq!(first.worker.as_deref(), Some(worker.label()));
    let has_lane =
        |gate: &Gate| matches!(gate, Gate::Lane { first: Some(f), .. } if f.job == ids[0]);
    assert!(notes(&fixture, ids[0]).await.iter().any(has_lane), "it keeps the lane");

    worker.settle(&batch, 0, retry(MINUTE)).await;
    let (first, ahead, _) = held(&fixture, ids[1]).await;
    assert_eq!((first.job, first.state, ahead), (ids[0], State::Retryable, 1));
    assert_eq!(first.run_at, fixture.moment().after(MINUTE));
    assert!(matches!(only(&fixture, ids[0]).await, (Gate::Backoff { .. }, Step::Promote)));
}

/// O24, C25: a dead job that blocks its lane, and one that was parked, keep it; a person decides about the first.
pub async fn a_lane_that_stands_still_is_told(fixture: StoreFixture) {
    let worker = fixture.worker().await;
    worker.sweep().await;
    let strict = || job().lane(Lane::by("a").block_when_dead());
    let ids = fixture.enqueue([strict(), strict()]).await;
    worker.run_one(die()).await;
    let (first, ahead, step) = held(&fixture, ids[1]).await;
    assert_eq!((first.job, first.state, ahead, step), (ids[0], State::Dead, 0, Step::Open));
    assert_eq!(first.reason.as_deref(), Some("beyond repair"));
    assert!(notes(&fixture, ids[0]).await.iter().any(|gate| matches!(gate, Gate::Lane { .. })));
    fixture.store().open_lane("a").await.expect("opened");
    assert_eq!(shut(&fixture, ids[1]).await, (vec![], Step::Claim));
    assert_eq!(notes(&fixture, ids[0]).await, [], "it blocks no more");

    let behind = fixture.enqueue([in_lane("b").kind("ghost"), in_lane("b")]).await;
    fixture.tidy().await;
    let (first, ..) = held(&fixture, behind[1]).await;
    assert_eq!((first.job, first.state), (behind[0], State::Waiting));
    assert_eq!(first.reason.as_deref(), Some("no live worker knows ghost@1"));
}

/// O24, O9: the places of a key, with the jobs that have them; the job itself says how many, until somebody sets it.
pub async fn the_places_of_a_key_are_told(fixture: StoreFixture) {
    let worker = fixture.worker().await;
    let of = |key: &str| job().limited(Limited::by(key).named("crm").running(2));
    let ids = fixture.enqueue((0..5).map(|_| of("a"))).await;
    let other = fixture.enqueue_one(of("b")).await;
    assert_eq!(shut(&fixture, ids[0]).await, (vec![], Step::Claim));
    worker.claim(9).await;
    let on = LimitOn::Key("crm".to_owned());
    let mut limit = LimitOf { on: on.clone(), key: Some("a".to_owned()), set_by: None, note: None };
    let places = |limit, most, running| {
        let holders = ids[..running].to_vec();
        let reserved = BTreeMap::new();
        Gate::Places { limit, most, running: running as u64, holders, reserved }
    };
    assert_eq!(only(&fixture, ids[2]).await, (places(limit.clone(), 2, 2), Step::Place));
    let turn = Gate::Turn { key: None, ahead: 2, or_more: false, others: 0, sooner: 0 };
    let expected = vec![places(limit.clone(), 2, 2), turn];
    assert_eq!(shut(&fixture, ids[4]).await, (expected, Step::Place));
    assert_eq!(explain(&fixture, other).await.state, State::Running);

    limit = LimitOf { key: limit.key, ..set(&fixture, &Limit::on(on).running(1)).await };
    assert_eq!(only(&fixture, ids[2]).await, (places(limit, 1, 2), Step::Place));
}

/// O24, O9: the places of a kind and of a queue, who set the limit and why; few of many jobs are named.
pub async fn the_places_of_a_kind_and_a_queue_are_told(fixture: StoreFixture) {
    let worker = fixture.start(worker().serving(&["default", "mail"])).await;
    let kind = set(&fixture, &Limit::on(kind()).running(8)).await;
    let mail = set(&fixture, &Limit::on(LimitOn::Queue("mail".to_owned())).running(1)).await;
    fixture.enqueue(jobs(6)).await;
    let letters = fixture.enqueue((0..3).map(|_| job().queue("mail"))).await;
    let running = worker.claim(20).await;
    assert_eq!(running.jobs.len(), 7);
    let mail = |running| Gate::Places {
        limit: mail.clone(),
        most: 1,
        running,
        holders: vec![letters[0]],
        reserved: BTreeMap::new(),
    };
    let before = |ahead| Gate::Turn { key: None, ahead, or_more: false, others: 0, sooner: 0 };
    assert_eq!(only(&fixture, letters[1]).await, (mail(1), Step::Place));
    assert_eq!(shut(&fixture, letters[2]).await, (vec![mail(1), before(1)], Step::Place));

    let more = fixture.enqueue(jobs(2)).await;
    let batch = worker.claim(20).await;
    assert_eq!(job_ids(&batch), [more[0]]);
    let (gate, step) = only(&fixture, more[1]).await;
    assert_eq!(step, Step::Place);
    let Gate::Places { limit, most: 8, running: 8, holders, .. } = gate else { panic!("{gate:?}") };
    assert_eq!((limit, holders.len()), (kind, PLACE_HOLDERS));
    let (gates, _) = shut(&fixture, letters[1]).await;
    assert_eq!(gates.len(), 2, "both limits keep it: {gates:?}");
}

/// E13, O24: free places that are reserved for other kinds keep a job back, and are told; a job of such a kind is next.
pub async fn reserved_places_are_told(fixture: StoreFixture) {
    let knows = worker().serving(&["mail"]).knowing(&[(KIND, 1), ("welcome", 1), ("alert", 1)]);
    let worker = fixture.start(knows).await;
    let limit = Limit::on(LimitOn::Queue("mail".to_owned())).running(4).reserve("welcome", 2);
    set(&fixture, &limit.reserve("alert", 1)).await;
    let ids = fixture.enqueue((0..2).map(|_| job().queue("mail"))).await;
    let welcome = fixture.enqueue_one(job().queue("mail").kind("welcome")).await;
    let alert = fixture.enqueue_one(job().queue("mail").kind("alert")).await;
    assert_eq!(shut(&fixture, ids[0]).await, (vec![], Step::Claim));
    assert_eq!(job_ids(&worker.claim(1).await).len(), 1);
    worker.claim(1).await;
    fixture.rescue().await;
    let worker = fixture
        .start(self::worker().serving(&["mail"]).knowing(&[(KIND, 1), ("welcome", 1)]))
        .await;
    let running = job_ids(&worker.claim(9).await);
    assert!(running.contains(&ids[0]) && running.contains(&welcome) && running.len() == 2);
    let (gate, step) = only(&fixture, ids[1]).await;
    let Gate::Places { most: 4, running: 2, reserved, .. } = gate else { panic!("{gate:?}") };
    assert_eq!(step, Step::Place);
    let expected = [("alert".to_owned(), 1), ("welcome".to_owned(), 1)];
    assert_eq!(reserved, BTreeMap::from(expected));
    let (gates, _) = shut(&fixture, alert).await;
    assert!(!gates.iter().any(|gate| matches!(gate, Gate::Places { .. })), "{gates:?}");
    let more = fixture.enqueue_one(job().queue("mail").kind("welcome")).await;
    assert_eq!(shut(&fixture, more).await, (vec![], Step::Claim));
}

/// O24, O9: tokens that are there, what the job costs, and when they have come.
pub async fn the_tokens_of_a_rate_are_told(fixture: StoreFixture) {
    let worker = fixture.worker().await;
    let limit = set(&fixture, &Limit::on(kind()).rate(10, MINUTE)).await;
    fixture.enqueue((0..2).map(|_| job().cost(4))).await;
    assert_eq!(worker.claim(9).await.jobs.len(), 2);
    let id = fixture.enqueue_one(job().cost(4)).await;
    let rate = |tokens, cost, at| Gate::Rate { limit: limit.clone(), tokens, burst: 10, cost, at };
    let at = fixture.moment().after(12 * SECOND);
    assert_eq!(only(&fixture, id).await, (rate(2, 4, Some(at)), Step::Tokens));
    assert_eq!(explain(&fixture, id).await.next.at, Some(at));
    fixture.advance(6 * SECOND);
    assert_eq!(only(&fixture, id).await, (rate(3, 4, Some(at)), Step::Tokens));
    fixture.advance(6 * SECOND);
    let explained = explain(&fixture, id).await;
    assert!(explained.gates.iter().any(|passage| passage.gate == rate(4, 4, None)));
    assert_eq!(explained.next.step, Step::Claim);
    assert_eq!(job_ids(&worker.claim(9).await), [id]);

    let large = fixture.enqueue_one(job().cost(25)).await;
    let full = fixture.moment().after(MINUTE);
    assert_eq!(only(&fixture, large).await, (rate(0, 25, Some(full)), Step::Tokens));
}

/// O24, C38: since when a breaker is open and until when, the job that probes, and what follows.
pub async fn a_breaker_is_told_with_its_probe(fixture: StoreFixture) {
    let worker = fixture.worker().await;
    let limit = set(&fixture, &Limit::on(kind()).break_after(2, MINUTE, 10 * SECOND)).await;
    let ids = fixture.enqueue(jobs(5)).await;
    let last = ids[4];
    let breaker = |since, until, probe| Gate::Breaker { limit: limit.clone(), since, until, probe };
    let standing = async || {
        let mut gates = explain(&fixture, last).await.gates.into_iter();
        gates.find(|p| matches!(p.gate, Gate::Breaker { .. })).expect("it is told")
    };
    assert_eq!(standing().await.gate, breaker(None, None, None));
    for _ in 0..2 {
        worker.run_one(retry(60 * MINUTE)).await;
    }
    let since = Some(fixture.moment());
    let until = Some(fixture.moment().after(10 * SECOND));
    assert_eq!(standing().await.gate, breaker(since, until, None), "before a claim has noticed");
    assert_eq!(worker.claim(9).await.jobs.len(), 0);
    fixture.advance(SECOND);
    assert_eq!(standing().await.gate, breaker(since, until, None));
    assert_eq!(standing().await.standing, Standing::Shut);
    let explained = explain(&fixture, ids[2]).await;
    assert_eq!((explained.next.step, explained.next.at), (Step::Probe, until));

    fixture.advance(9 * SECOND);
    assert_eq!(shut(&fixture, ids[2]).await, (vec![], Step::Claim), "one may probe");
    let batch = worker.claim(9).await;
    let probe = Some(batch.jobs[0].id);
    assert_eq!(standing().await.gate, breaker(since, None, probe));
    assert_eq!(shut(&fixture, ids[3]).await.1, Step::Probe);
    worker.settle(&batch, 0, complete()).await;
    assert_eq!(standing().await.gate, breaker(None, None, None), "it goes on");
    assert_eq!(standing().await.standing, Standing::Open);
}

/// O24, O9: of several that open at a known time the first is told as what comes next.
pub async fn what_opens_first_is_what_comes_next(fixture: StoreFixture) {
    let worker = fixture.worker().await;
    let limit = Limit::on(kind()).rate(6, MINUTE).burst(2).break_after(2, MINUTE, 25 * SECOND);
    set(&fixture, &limit).await;
    let ids = fixture.enqueue(jobs(3)).await;
    for _ in 0..2 {
        worker.run_one(retry(60 * MINUTE)).await;
    }
    let explained = explain(&fixture, ids[2]).await;
    let shut: Vec<&Gate> = explained.shut().collect();
    assert!(matches!(shut[..], [Gate::Rate { .. }, Gate::Breaker { .. }]), "{shut:?}");
    let tokens = Some(fixture.moment().after(10 * SECOND));
    assert_eq!((explained.next.step, explained.next.at), (Step::Tokens, tokens));

    fixture.advance(8 * SECOND);
    assert_eq!(worker.claim(9).await.jobs.len(), 0, "the breaker is noticed");
    set(&fixture, &limit.rate(6, 10 * MINUTE)).await;
    let explained = explain(&fixture, ids[2]).await;
    let until = Some(fixture.moment().after(25 * SECOND));
    assert_eq!((explained.next.step, explained.next.at), (Step::Probe, until));
}

/// O24, O9: whose turns a job waits for, its place in its own line, the other lines, and those of a smaller priority.
pub async fn the_place_in_a_line_with_turns_is_told(fixture: StoreFixture) {
    let worker = fixture.worker().await;
    let of = |key: &str| job().fair(Fair::by(key));
    let large = fixture.enqueue((0..9).map(|_| of("large"))).await;
    fixture.enqueue(["a", "b", "c"].map(of)).await;
    fixture.enqueue((0..2).map(|_| of("urgent").priority(-5))).await;
    let plain = fixture.enqueue(jobs(2)).await;
    let turn = |ahead| {
        let key = Some("large".to_owned());
        Gate::Turn { key, ahead, or_more: false, others: 3, sooner: 2 }
    };
    let explained = explain(&fixture, large[0]).await;
    assert!(explained.gates.iter().any(|p| p.gate == turn(0) && p.standing == Standing::Open));
    assert_eq!(explained.next.step, Step::Claim);
    assert_eq!(only(&fixture, large[8]).await, (turn(8), Step::Turn));
    assert_eq!(explain(&fixture, large[8]).await.ahead, Some(8));
    let line = Gate::Line { ahead: 1, or_more: false };
    assert_eq!(only(&fixture, plain[1]).await, (line, Step::Turn), "behind plain jobs alone");
    assert!(!worker.claim(1).await.jobs.is_empty());
}

/// O24: a job that is not due, or whose queue is paused, waits for that, whatever limits keep it then.
pub async fn what_keeps_it_before_its_limits_is_what_comes_next(fixture: StoreFixture) {
    let worker = fixture.worker().await;
    set(&fixture, &Limit::on(kind()).rate(1, MINUTE)).await;
    let ids = fixture.enqueue([job(), job(), job().due_in(60 * MINUTE)]).await;
    assert_eq!(worker.claim(9).await.jobs.len(), 1, "the token is gone");
    assert_eq!(explain(&fixture, ids[1]).await.next.step, Step::Tokens);
    let due = Some(fixture.moment().after(60 * MINUTE));
    let explained = explain(&fixture, ids[2]).await;
    assert_eq!((explained.next.step, explained.next.at), (Step::Promote, due));
    let pause = Pause::queue(DEFAULT_QUEUE);
    fixture.store().pause(&pause, fixture.now()).await.expect("it reaches the store");
    assert_eq!(explain(&fixture, ids[1]).await.next.step, Step::Resume);
}

/// O24: jobs without a line are counted past those that a limit of their kind makes stand in one.
pub async fn a_plain_job_is_not_behind_those_of_a_limited_kind(fixture: StoreFixture) {
    let worker = fixture.start(worker().knowing(&[(KIND, 1), ("other", 1)])).await;
    let limited = fixture.enqueue(jobs(5)).await;
    let plain = fixture.enqueue((0..2).map(|_| job().kind("other"))).await;
    set(&fixture, &Limit::on(kind()).running(1)).await;
    assert_eq!(explain(&fixture, plain[0]).await.ahead, Some(0));
    assert_eq!(explain(&fixture, plain[1]).await.ahead, Some(1));
    assert_eq!(explain(&fixture, limited[4]).await.ahead, Some(4), "before it has a place");
    assert_eq!(worker.claim(2).await.jobs.len(), 2, "one of each");
    assert_eq!(explain(&fixture, plain[1]).await.ahead, Some(0));
    let ahead = explain(&fixture, limited[4]).await.ahead.expect("it waits");
    assert!((3..=4).contains(&ahead), "{ahead}");
}

/// A job with what chance gives it of a lane, a limit and a turn. All jobs cost the same.
fn some_job(random: &mut fastrand::Rng) -> Draft {
    let key = ["a", "b"][random.usize(..2)];
    let draft = job().queue(["default", "mail"][random.usize(..2)]).priority(random.i16(0..2));
    let draft = draft.kind([KIND, "send"][random.usize(..2)]);
    match random.usize(..6) {
        0 => draft.lane(Lane::by(key)),
        1 => draft.lane(Lane::by(key).block_when_dead()),
        2 => draft.limited(Limited::by(key).named("crm").running(2)),
        3 => draft.fair(Fair::by(key)),
        4 => draft.lane(Lane::by(key)).limited(Limited::by(key).running(1)),
        _ => draft,
    }
}

/// A limit by chance.
fn some_limit(random: &mut fastrand::Rng) -> Limit {
    let on = [
        LimitOn::Queue("mail".to_owned()),
        LimitOn::Kind("send".to_owned()),
        LimitOn::Key("crm".to_owned()),
    ];
    let limit = Limit::on(on[random.usize(..3)].clone());
    match random.usize(..3) {
        0 => limit.running(random.u32(1..4)),
        1 => limit.rate(random.u32(1..4), Duration::from_secs(4)),
        _ => limit.break_after(random.u32(1..3), MINUTE, 3 * SECOND),
    }
}

/// O24, O9: what a claim takes had no gate shut but its place behind others, and where a claim takes nothing every job has a
/// gate that is shut: whatever lanes, limits and turns there are.
pub async fn what_is_told_is_what_a_claim_does(fixture: StoreFixture) {
    for seed in 0..4 {
        let mut random = fastrand::Rng::with_seed(seed);
        let knows = worker().serving(&["default", "mail"]).knowing(&[(KIND, 1), ("send", 1)]);
        let worker = fixture.start(knows).await;
        for _ in 0..15 {
            let new = (0..random.usize(..4)).map(|_| some_job(&mut random)).collect::<Vec<_>>();
            fixture.enqueue(new).await;
            if random.usize(..4) == 0 {
                set(&fixture, &some_limit(&mut random)).await;
            }
            fixture.advance(SECOND * random.u32(..3));
            worker.beat().await;
            worker.sweep().await;
            let waiting = fixture.find("state:available").await;
            let mut told = Vec::new();
            for id in waiting {
                told.push((id, shut(&fixture, id).await.0));
            }
            let batch = worker.claim(random.usize(1..5)).await;
            check_told(&told, &job_ids(&batch), seed);
            for nth in 0..batch.jobs.len() {
                let verdicts = [Some(complete()), Some(die()), Some(retry(2 * SECOND)), None];
                if let Some(verdict) = &verdicts[random.usize(..4)] {
                    worker.settle(&batch, nth, verdict.clone()).await;
                }
            }
        }
        fixture.rescue().await;
    }
}

fn check_told(told: &[(JobId, Vec<Gate>)], claimed: &[JobId], seed: u64) {
    let is_place = |gate: &Gate| matches!(gate, Gate::Turn { .. } | Gate::Line { .. });
    for (id, gates) in told {
        // The claims here ask for no free slot.
        let gates: Vec<_> = gates.iter().filter(|g| !matches!(g, Gate::Slots { .. })).collect();
        if claimed.contains(id) {
            let shut: Vec<_> = gates.iter().filter(|gate| !is_place(gate)).collect();
            assert!(shut.is_empty(), "{id} was claimed, seed {seed}: {shut:?}");
        } else if claimed.is_empty() {
            assert!(!gates.is_empty(), "{id} was not claimed, seed {seed}");
        }
    }
}
