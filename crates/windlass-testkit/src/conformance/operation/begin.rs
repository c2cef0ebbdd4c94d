//! How operations begin: over the jobs that were counted, or not at all.

use std::collections::BTreeMap;

use windlass_core::error::{Refusal, StoreError};
use windlass_core::id::OperationId;
use windlass_core::job::{Field, Filter, State, Term};
use windlass_core::operation::{Action, NewOperation, OperationState};

use super::{begin, cancelling, dead, finish, moving, operation, read};
use crate::draft::{job, jobs};
use crate::fixture::{MINUTE, StoreFixture};

/// S-14: an operation that expects another number of jobs than match does not begin, and changes nothing.
pub async fn an_operation_begins_only_with_the_number_that_was_expected(fixture: StoreFixture) {
    dead(&fixture, 3).await;
    let new = operation(Action::Retry, "kind:work").expect(2);
    let refused = fixture.store().start_operation(&new, fixture.now()).await;
    let Err(StoreError::Conflict { what }) = refused else { panic!("it began: {refused:?}") };
    assert_eq!(what, "expected 2 jobs, found 3; nothing was changed");
    assert_eq!(fixture.store().operations(None, 9).await.expect("read"), []);
    let new = operation(Action::Retry, "kind:work").expect(3);
    let over = finish(&fixture, begin(&fixture, &new).await).await;
    assert_eq!((over.expect, over.matched, over.progress.done), (Some(3), Some(3), 3));
    fixture.check("available 3").await;
}

/// A preview says how many match, in which states, and shows some of them. Nothing is written.
pub async fn a_preview_counts_and_writes_nothing(fixture: StoreFixture) {
    let ids = dead(&fixture, 4).await;
    fixture.enqueue(jobs(3)).await;
    fixture.enqueue([job().due_in(MINUTE), job().kind("other").due_in(MINUTE)]).await;
    let preview = async |action, filter| {
        let new = operation(action, filter);
        fixture.store().preview_operation(&new, 2, fixture.now()).await.expect("previewed")
    };
    let dead = preview(Action::Retry, "kind:work").await;
    assert!(dead.exact);
    assert_eq!((dead.jobs, dead.states), (4, BTreeMap::from([(State::Dead, 4)])));
    let shown: Vec<_> = dead.samples.iter().map(|job| job.id).collect();
    assert_eq!(shown, ids[..2]);
    let waiting = preview(cancelling(), "kind:work").await;
    let states = BTreeMap::from([(State::Scheduled, 1), (State::Available, 3)]);
    assert_eq!((waiting.jobs, waiting.states), (4, states));
    assert_eq!(preview(Action::Delete, "kind:none").await.jobs, 0);
    assert_eq!(fixture.store().operations(None, 9).await.expect("read"), []);
    fixture.check("scheduled 2, available 3, dead 4").await;
}

/// A second call with an operation's id begins no second one, and says how the first one stands.
pub async fn a_second_call_begins_no_second_operation(fixture: StoreFixture) {
    dead(&fixture, 2).await;
    let new = operation(Action::Retry, "kind:work since:1d").expect(2).note("a fix is out");
    let id = begin(&fixture, &new).await;
    let over = finish(&fixture, id).await;
    let again = fixture.store().start_operation(&new, fixture.now()).await.expect("it is there");
    assert_eq!(again, over);
    assert_eq!((over.id, over.state), (new.id, OperationState::Done));
    assert_eq!(over.note.as_deref(), Some("a fix is out"));
    assert_eq!(fixture.store().operations(None, 9).await.expect("read"), [over]);
    assert_eq!(fixture.store().operation(OperationId::new()).await.expect("read"), None);
}

/// The newest operations come first, those before one on the next page.
pub async fn operations_are_listed_newest_first(fixture: StoreFixture) {
    let mut ids = Vec::new();
    for nth in 0..5 {
        ids.push(begin(&fixture, &operation(moving(&format!("q{nth}")), "kind:work")).await);
    }
    ids.reverse();
    let page = async |before, limit| {
        let found = fixture.store().operations(before, limit).await.expect("read");
        found.into_iter().map(|one| one.id).collect::<Vec<_>>()
    };
    assert_eq!(page(None, 3).await, ids[..3]);
    assert_eq!(page(Some(ids[2]), 9).await, ids[3..]);
    let found = read(&fixture, ids[0]).await;
    assert_eq!(found.action, moving("q4"));
    assert_eq!(found.filter.to_string(), "state:waiting,scheduled,available,retryable kind:work");
}

/// What cannot be done or kept is refused.
pub async fn what_no_operation_can_be_is_refused(fixture: StoreFixture) {
    let refused = async |new: NewOperation| {
        let begun = fixture.store().start_operation(&new, fixture.now()).await;
        match begun {
            Err(StoreError::Refused(refusal)) => refusal,
            other => panic!("not refused: {other:?}"),
        }
    };
    assert!(matches!(refused(operation(moving("a b"), "kind:work")).await, Refusal::Name(_)));
    let note = operation(Action::Retry, "kind:work").note("\0");
    assert!(matches!(refused(note).await, Refusal::Nul { .. }));
    let note = operation(Action::Retry, "kind:work").note("x".repeat(2_000));
    assert!(matches!(refused(note).await, Refusal::Key { .. }));
    let field = Field::Kind(vec!["x".repeat(20_000)]);
    let long = Filter { terms: vec![Term { negated: false, field }] };
    let long = refused(NewOperation::new(Action::Retry, long)).await;
    assert!(matches!(long, Refusal::OperationFilter { .. }), "{long:?}");
}
