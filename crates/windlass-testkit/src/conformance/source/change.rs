//! Change: sources are paused, resumed, reset and removed.

use windlass_core::source::{Holding, Imported, Reset, SourceOptions, SourceState};

use super::{ask_for, at, hold, ids, import, part, read, records, start, take};
use crate::fixture::StoreFixture;

/// O15: a paused source imports nothing, not what was read before either, and goes on where it stood.
pub async fn a_paused_source_imports_nothing(fixture: StoreFixture) {
    let mut held = start(&fixture, "one").await;
    take(&fixture, &mut held, &SourceOptions::default(), records(1..=3)).await;
    let page = part(&held, records(4..=5));
    let store = fixture.store();
    assert!(store.pause_source("feed", Some("stocktaking"), fixture.now()).await.expect("paused"));
    assert_eq!(import(store, &fixture, &page).await, Imported::Stale);
    let shown = read(&fixture).await;
    assert_eq!((shown.state, shown.reason.as_deref()), (SourceState::Paused, Some("stocktaking")));
    assert_eq!(shown.changed_at, fixture.moment());
    assert!(store.resume_source("feed", fixture.now()).await.expect("resumed"));
    assert!(!store.resume_source("feed", fixture.now()).await.expect("asked"), "it was");
    assert_eq!(import(store, &fixture, &page).await, Imported::Done { new: 2 });
    assert!(!store.pause_source("other", None, fixture.now()).await.expect("asked"));
}

/// O16: of a reset and a page that is under way one comes first: the page is not written behind it.
pub async fn a_reset_source_goes_on_elsewhere(fixture: StoreFixture) {
    let mut held = start(&fixture, "one").await;
    let options = SourceOptions::default();
    take(&fixture, &mut held, &options, records(1..=3)).await;
    let page = part(&held, records(4..=5));
    let store = fixture.store();
    assert!(store.reset_source("feed", Reset::Behind("2"), fixture.now()).await.expect("reset"));
    assert_eq!(import(store, &fixture, &page).await, Imported::Stale);
    let again = hold(&fixture, "one").await;
    assert_eq!((again.epoch, again.position.cursor.as_deref()), (held.epoch + 1, Some("2")));
    assert_eq!(again.position.number, None);
    store.reset_source("feed", Reset::Oldest, fixture.now()).await.expect("reset");
    held = hold(&fixture, "one").await;
    assert_eq!(held.position, windlass_core::source::Position::default());
    take(&fixture, &mut held, &options, records(1..=5)).await;
    assert_eq!(ids(&fixture).await, ["1", "2", "3", "4", "5"], "none came twice");
    assert_eq!(read(&fixture).await.repeated, 3);
    assert!(!store.reset_source("other", Reset::Oldest, fixture.now()).await.expect("asked"));
}

/// O16: a source that is removed is gone with what was put aside; who held it writes nothing.
pub async fn a_removed_source_is_gone(fixture: StoreFixture) {
    let held = start(&fixture, "one").await;
    let page = part(&held, records([1]));
    let store = fixture.store();
    assert!(store.remove_source("feed").await.expect("removed"));
    assert!(!store.remove_source("feed").await.expect("asked"), "it was");
    assert_eq!(import(store, &fixture, &page).await, Imported::Stale);
    assert_eq!(ask_for(&fixture, "one").await, Holding::Missing);
    assert!(store.sources().await.expect("listed").is_empty());
}

/// O15: what a program says that it reads is shown, and changes nothing else.
pub async fn a_declaration_is_shown(fixture: StoreFixture) {
    let mut held = start(&fixture, "one").await;
    take(&fixture, &mut held, &SourceOptions::default(), records([7])).await;
    let about = r#"{"upstream":"https://example.org"}"#;
    fixture.store().declare_source("feed", about, fixture.now()).await.expect("declared");
    let shown = read(&fixture).await;
    assert_eq!((shown.about.as_str(), shown.position), (about, at(7)));
    assert_eq!(fixture.store().sources().await.expect("listed").len(), 1);
}
