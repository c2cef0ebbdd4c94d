//! Pause and resume of schedules.

use windlass_core::schedule::{Missed, Overlap, declare};

use super::{HOUR, by, declared, due_times, fire, read, start, with};
use crate::fixture::{MINUTE, StoreFixture};

/// T49: a paused schedule fires nothing, a declaration does not end the pause, and what was due meanwhile has no run.
pub async fn a_paused_schedule_fires_nothing_until_it_is_resumed(fixture: StoreFixture) {
    let definition = with("0 * * * *", Missed::All, Overlap::Allow);
    start(&fixture, "hourly", definition.clone()).await;
    assert!(pause(&fixture, "hourly", Some("stocktaking")).await);
    fixture.advance(3 * HOUR + MINUTE);
    assert_eq!(fire(&fixture).await.jobs, 0);
    let changed = with("30 * * * *", Missed::All, Overlap::Allow);
    for definition in [changed, definition] {
        let one = [declared("hourly", definition, "app")];
        declare(fixture.store(), &one, fixture.now()).await.expect("it is declared");
        assert_eq!(fire(&fixture).await.jobs, 0);
    }
    let paused = read(&fixture, "hourly").await;
    assert_eq!(paused.note.as_deref(), Some("stocktaking"));
    assert!(paused.paused_at.is_some() && paused.next_at().is_none());
    assert!(resume(&fixture, "hourly").await);
    assert_eq!(fire(&fixture).await.jobs, 0);
    fixture.advance(HOUR);
    assert_eq!(fire(&fixture).await.jobs, 1);
    let record = read(&fixture, "hourly").await;
    assert_eq!((due_times(&fixture, "hourly").await.len(), record.missed), (1, 0));
}

/// T49: a pause says since when, also after it was paused again, and its note is kept without what no store can keep.
pub async fn a_paused_schedule_says_since_when_and_why(fixture: StoreFixture) {
    start(&fixture, "hourly", by("0 * * * *")).await;
    let since = fixture.moment();
    assert!(pause(&fixture, "hourly", None).await);
    fixture.advance(MINUTE);
    assert!(pause(&fixture, "hourly", Some("a\0b")).await);
    let record = read(&fixture, "hourly").await;
    assert_eq!(record.paused_at, Some(since));
    assert_eq!(record.note.as_deref(), Some("a\u{FFFD}b"));
}

/// Pausing and resuming say whether there was anything to pause or to resume.
pub async fn a_pause_says_whether_there_is_such_a_schedule(fixture: StoreFixture) {
    assert!(!pause(&fixture, "hourly", None).await);
    start(&fixture, "hourly", by("0 * * * *")).await;
    assert!(!resume(&fixture, "hourly").await);
    assert!(pause(&fixture, "hourly", None).await);
    assert!(resume(&fixture, "hourly").await);
    assert!(!resume(&fixture, "hourly").await);
}

/// A33: the run that waits behind a job is dropped by a pause, and counted.
pub async fn a_pause_drops_the_queued_run(fixture: StoreFixture) {
    start(&fixture, "queue", with("0 * * * *", Missed::One, Overlap::Queue)).await;
    for _ in 0..2 {
        fixture.advance(HOUR);
        fire(&fixture).await;
    }
    assert!(read(&fixture, "queue").await.queued_due_at.is_some());
    assert!(pause(&fixture, "queue", None).await);
    let record = read(&fixture, "queue").await;
    assert_eq!((record.queued_due_at, record.skipped), (None, 1));
}

async fn pause(fixture: &StoreFixture, name: &str, note: Option<&str>) -> bool {
    let paused = fixture.store().pause_schedule(name, note, fixture.now()).await;
    paused.expect("a pause reaches the store")
}

async fn resume(fixture: &StoreFixture, name: &str) -> bool {
    let resumed = fixture.store().resume_schedule(name, fixture.now()).await;
    resumed.expect("a resume reaches the store")
}
