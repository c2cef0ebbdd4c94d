//! Every gate that there is, held against its words.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use windlass::condition::{Awaited, ConditionRecord, ConditionState, Overdue};
use windlass::job::{
    Busy, Explanation, Gate, HeldBack, LaneFirst, LimitOf, Next, Passage, Standing, Step,
};
use windlass::limit::{LimitOn, SetBy};
use windlass::worker::MinimumBuild;
use windlass::{JobId, Outcome, State, Timestamp};

use super::words::Sight;
use super::{Words, document};
use crate::words::time::relative;

const NOW: Timestamp = Timestamp::from_micros(1_700_000_000_000_000);

fn text() -> String {
    "a text".to_owned()
}

fn gates() -> Vec<Gate> {
    [gates_of_time(), gates_of_workers(), gates_of_lines(), gates_of_attempts()].concat()
}

fn gates_of_time() -> Vec<Gate> {
    let awaits = Awaited::Signal { key: text() };
    let state = ConditionState::Open;
    let open = ConditionRecord { name: text(), awaits, state, since: None, data: None, note: None };
    vec![
        Gate::Expiry { at: NOW },
        Gate::Conditions {
            open: vec![open],
            needed: 1,
            until: Some(NOW),
            then: Some(Overdue::Cancel),
        },
        Gate::Conditions { open: Vec::new(), needed: 0, until: None, then: None },
        Gate::Due { at: NOW },
        Gate::Backoff { at: NOW, attempt: 2, error: None },
        Gate::Promotion { due_at: NOW },
        Gate::Leader { worker: None, until: None },
        Gate::Leader { worker: Some(text()), until: Some(NOW) },
        Gate::Pause { since: None, until: None, note: None },
        Gate::Pause { since: Some(NOW), until: Some(NOW), note: Some(text()) },
        Gate::KindPause { since: NOW, until: None, note: None },
    ]
}

fn gates_of_workers() -> Vec<Gate> {
    let minimum = MinimumBuild::new("shop 2.14.0").expect("a build");
    let held = HeldBack { worker: text(), build: "shop 1.0".to_owned(), minimum, note: None };
    vec![
        Gate::Workers { workers: Vec::new() },
        Gate::Handler { handler: text(), workers: Vec::new() },
        Gate::Handler { handler: text(), workers: vec![text()] },
        Gate::Parked { reason: None },
        Gate::Quiet { workers: vec![text()] },
        Gate::Build { workers: vec![held] },
        Gate::Slots { workers: vec![Busy { worker: text(), running: 1, slots: 1 }] },
    ]
}

fn gates_of_lines() -> Vec<Gate> {
    let on = LimitOn::Key(text());
    let limit = LimitOf { on, key: Some(text()), set_by: Some(SetBy::Person), note: Some(text()) };
    let first =
        |state| LaneFirst { job: JobId::new(), state, run_at: NOW, worker: None, reason: None };
    let lane = |first, ahead| Gate::Lane { key: text(), first, ahead, or_more: false };
    let breaker = |since, until, probe| Gate::Breaker { limit: limit.clone(), since, until, probe };
    let key = |holder, holds| Gate::Key { key: text(), holder, holds };
    let mut gates: Vec<Gate> = State::ALL.into_iter().map(|of| lane(Some(first(of)), 1)).collect();
    gates.extend([
        lane(None, 0),
        lane(None, 2),
        Gate::Places {
            limit: limit.clone(),
            most: 1,
            running: 1,
            holders: Vec::new(),
            reserved: BTreeMap::from([(text(), 1)]),
        },
        Gate::Rate { limit: limit.clone(), tokens: -1, burst: 1, cost: 1, at: Some(NOW) },
        breaker(None, None, None),
        breaker(Some(NOW), Some(NOW), None),
        breaker(Some(NOW), None, Some(JobId::new())),
        breaker(Some(NOW), None, None),
        Gate::Turn { key: None, ahead: 0, or_more: false, others: 0, sooner: 0 },
        Gate::Line { ahead: 0, or_more: false },
        Gate::Aging { every_ms: 1_000, own: 3, counts_as: 2, at: NOW },
        Gate::Suspect { losses: 2 },
        Gate::Locked { by: text() },
        key(None, false),
        key(Some(JobId::new()), false),
        key(None, true),
    ]);
    gates
}

fn gates_of_attempts() -> Vec<Gate> {
    vec![
        Gate::Running { worker: text(), since: NOW, attempt: 1 },
        Gate::Lease { worker: text(), until: None },
        Gate::Lease { worker: text(), until: Some(NOW) },
        Gate::CancelRequested { reason: text() },
        Gate::Timeout { at: NOW },
        Gate::Ended { at: NOW, outcome: Outcome::Ok, reason: None },
        Gate::Clock { ahead_us: -2_000_000 },
    ]
}

fn explained(state: State, step: Step, gates: Vec<Passage>) -> Explanation {
    Explanation {
        job: JobId::new(),
        kind: text(),
        version: 1,
        queue: text(),
        state,
        now: NOW,
        since: Timestamp::from_micros(NOW.as_micros() - 252_000_000),
        gates,
        ahead: None,
        next: Next { step, at: None },
    }
}

/// The gates that the API document knows.
fn documented() -> BTreeSet<String> {
    let document: Value = serde_json::from_str(&crate::openapi()).expect("JSON");
    let gates = document["components"]["schemas"]["Gate"]["oneOf"].as_array().expect("gates");
    // A gate that shares its fields with others is made of parts, one of which has its name.
    let name = |gate: &Value| {
        let parts = gate["allOf"].as_array().into_iter().flatten().chain([gate]);
        let mut names = parts.filter_map(|part| part["properties"]["gate"]["enum"][0].as_str());
        names.next().expect("a name").to_owned()
    };
    gates.iter().map(name).collect()
}

/// O24: no gate is without words, however it stands and whatever its reader may see; a gate that is new to the API
/// document has to be listed here.
#[test]
fn every_gate_says_something() {
    let gates = gates();
    let named = |gate: &Gate| serde_json::to_value(gate).expect("JSON")["gate"].clone();
    let known: BTreeSet<String> =
        gates.iter().filter_map(|gate| named(gate).as_str().map(str::to_owned)).collect();
    assert_eq!(known, documented());
    let moment = |at| relative(at, NOW);
    for state in State::ALL {
        let explained = explained(state, Step::Claim, Vec::new());
        for sight in [Sight::All, Sight::Some] {
            let words = Words::of(&explained, &moment).seen_by(sight);
            for standing in [Standing::Open, Standing::Shut, Standing::Note] {
                for gate in &gates {
                    let says = words.gate(&Passage { standing, gate: gate.clone() });
                    assert!(!says.trim().is_empty(), "{gate:?} as {standing:?} says nothing");
                }
            }
        }
    }
}

/// O24, S-14: who was not told which job is first of a lane, probes or holds a key is not told that none does.
#[test]
fn what_was_left_out_is_not_denied() {
    let explained = explained(State::Available, Step::Lane, Vec::new());
    let moment = |at| relative(at, NOW);
    let words = Words::of(&explained, &moment).seen_by(Sight::Some);
    let limit = LimitOf { on: LimitOn::Queue(text()), key: None, set_by: None, note: None };
    let says = |standing, gate| words.gate(&Passage { standing, gate });
    let lane = |ahead| Gate::Lane { key: text(), first: None, ahead, or_more: false };
    assert_eq!(says(Standing::Shut, lane(2)), "lane a text: 2 jobs of it before this one");
    assert_eq!(says(Standing::Shut, lane(0)), "lane a text: another job has it");
    assert_eq!(says(Standing::Open, lane(0)), "first of lane a text");
    let probed = Gate::Breaker { limit, since: Some(NOW), until: None, probe: None };
    let probed = says(Standing::Shut, probed);
    assert!(probed.contains("and another job probes"), "{probed}");
    let key = says(Standing::Note, Gate::Key { key: text(), holder: None, holds: false });
    assert_eq!(key, "no job that you may see holds its unique key a text");
}

/// O24: the document says where the job stands and what comes next, with what to type.
#[test]
fn a_document_says_it_in_one_sentence() {
    let pause = Gate::Pause { since: Some(NOW), until: None, note: None };
    let passage = Passage { standing: Standing::Shut, gate: pause };
    let explained = explained(State::Available, Step::Resume, vec![passage]);
    let document = document(&explained, vec![text()], Sight::All);
    let document = serde_json::to_value(document).expect("JSON");
    assert_eq!(document["says"], "available, 4m 12s; next: nothing, until it is resumed");
    assert_eq!(document["gates"][0]["says"], "queue a text is paused since now");
    assert_eq!(document["commands"], json!(["windlass queue resume a text"]));
    assert_eq!(document["notes"], json!(["a text"]));
}
