//! Pause, resume, stop and undo, where the state of an operation allows it.

use windlass_core::id::OperationId;
use windlass_core::limits::{OPERATION_KEEP, OPERATION_UNDO};
use windlass_core::operation::{Action, Control, Controlled, OperationState};

use super::{begin, control, dead, finish, operation, read, round, undo};
use crate::fixture::{SECOND, StoreFixture};

/// A paused operation goes no further until it is resumed, a stopped one not at all.
pub async fn a_paused_operation_goes_on_when_it_is_resumed(fixture: StoreFixture) {
    dead(&fixture, 30).await;
    let id = begin(&fixture, &operation(Action::Retry, "kind:work")).await;
    round(&fixture, 10).await;
    let paused = control(&fixture, id, Control::Pause).await;
    assert!(matches!(&paused, Controlled::Done(one) if one.state == OperationState::Paused));
    let idle = round(&fixture, 10).await;
    assert_eq!((idle.jobs, idle.next), (0, None));
    assert_eq!(control(&fixture, id, Control::Pause).await, paused, "it is so already");
    fixture.check("available 10, dead 20").await;
    control(&fixture, id, Control::Resume).await;
    assert_eq!(round(&fixture, 10).await.jobs, 10);
    let stopped = control(&fixture, id, Control::Stop).await;
    let Controlled::Done(stopped) = stopped else { panic!("{stopped:?}") };
    assert_eq!((stopped.state, stopped.progress.done), (OperationState::Stopped, 20));
    assert_eq!(stopped.ended_at, Some(fixture.moment()));
    assert_eq!(round(&fixture, 10).await.jobs, 0);
    let resumed = control(&fixture, id, Control::Resume).await;
    assert!(matches!(resumed, Controlled::Unfit(_)), "{resumed:?}");
    fixture.check("available 20, dead 10").await;
    assert_eq!(undo(&fixture, id).await.progress.undone, 20);
    fixture.check("dead 30").await;
}

/// One that goes on is undone from where it is; what is undone or does not exist allows nothing more.
pub async fn an_operation_that_goes_on_can_be_undone(fixture: StoreFixture) {
    dead(&fixture, 30).await;
    let id = begin(&fixture, &operation(Action::Retry, "kind:work")).await;
    round(&fixture, 10).await;
    let over = undo(&fixture, id).await;
    assert_eq!((over.progress.done, over.progress.undone), (10, 10));
    assert_eq!(over.undo_until, None);
    for further in [Control::Pause, Control::Resume, Control::Stop, Control::Undo] {
        assert_eq!(control(&fixture, id, further).await, Controlled::Unfit(over.clone()));
        let missing = control(&fixture, OperationId::new(), further).await;
        assert_eq!(missing, Controlled::Missing);
    }
    fixture.check("dead 30").await;
}

/// After its time an operation cannot be undone: what was noted is gone, and later the operation is.
pub async fn after_its_time_nothing_is_undone(fixture: StoreFixture) {
    dead(&fixture, 3).await;
    let id = begin(&fixture, &operation(Action::Retry, "kind:work")).await;
    let over = finish(&fixture, id).await;
    assert_eq!(over.undo_until, Some(fixture.moment().after(OPERATION_UNDO)));
    fixture.advance(OPERATION_UNDO - SECOND);
    fixture.tidy().await;
    assert!(matches!(control(&fixture, id, Control::Undo).await, Controlled::Done(_)));
    let over = finish(&fixture, id).await;
    assert_eq!(over.progress.undone, 3);
    fixture.advance(SECOND);
    let id = begin(&fixture, &operation(Action::Retry, "kind:work")).await;
    let over = finish(&fixture, id).await;
    fixture.advance(OPERATION_UNDO);
    assert_eq!(control(&fixture, id, Control::Undo).await, Controlled::Unfit(over.clone()));
    fixture.tidy().await;
    assert_eq!(read(&fixture, id).await, over, "it is still listed");
    fixture.advance(OPERATION_KEEP);
    fixture.tidy().await;
    assert_eq!(fixture.store().operations(None, 9).await.expect("read"), []);
}
