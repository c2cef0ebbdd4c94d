//! Sources.

pub mod change;
pub mod hold;
pub mod import;
pub mod overdue;
pub mod quarantine;

use std::time::Duration;

use windlass_core::event::{EventRecord, NewEvent};
use windlass_core::source::{
    Asked, Ends, Held, Hold, Holding, ImportPage, Imported, Judged, Page, Position, Read, Said,
    SourceOptions, SourceRecord, judge,
};
use windlass_core::store::Store;

use crate::fixture::{SECOND, StoreFixture};

const HOLD: Duration = Duration::from_secs(30);

pub(super) fn wish(holder: &str, said: Said) -> Hold {
    Hold { name: "feed".to_owned(), holder: holder.to_owned(), lasts: HOLD, said }
}

/// Makes the source, and holds it as this one.
pub(super) async fn start(fixture: &StoreFixture, holder: &str) -> Held {
    let declared = fixture.store().declare_source("feed", "{}", fixture.now());
    declared.await.expect("declared");
    hold(fixture, holder).await
}

async fn ask_for(fixture: &StoreFixture, holder: &str) -> Holding {
    let wish = wish(holder, Said::Nothing);
    fixture.store().hold_source(&wish, fixture.now()).await.expect("answered")
}

pub(super) async fn hold(fixture: &StoreFixture, holder: &str) -> Held {
    match ask_for(fixture, holder).await {
        Holding::Held(held) => held,
        other => panic!("{holder} holds the source: {other:?}"),
    }
}

/// Records with these numbers.
pub(super) fn records(numbers: impl IntoIterator<Item = u64>) -> Page {
    Page::new(numbers.into_iter().map(|number| Read::numbered(number, NewEvent::bare("counted"))))
}

/// What a page means for who holds the source so.
fn judged(held: &Held, options: &SourceOptions, page: Page) -> Judged {
    judge(asked(held, options), page).expect("it is ahead")
}

/// Who holds the source so, as a page is judged.
fn asked<'a>(held: &'a Held, options: &'a SourceOptions) -> Asked<'a> {
    let Held { epoch, ref position, disowned, .. } = *held;
    Asked { name: "feed", epoch, options, position, disowned, ends: Ends::Late }
}

/// The only part of a page.
fn part(held: &Held, page: Page) -> ImportPage {
    let mut judged = judged(held, &SourceOptions::default(), page);
    assert_eq!(judged.imports.len(), 1);
    judged.imports.remove(0)
}

async fn import(store: &dyn Store, fixture: &StoreFixture, page: &ImportPage) -> Imported {
    store.import(page, fixture.now()).await.expect("answered")
}

/// Imports a page; the source is held where it is then.
pub(super) async fn take(
    fixture: &StoreFixture,
    held: &mut Held,
    options: &SourceOptions,
    page: Page,
) {
    for part in judged(held, options, page).imports {
        let imported = import(fixture.store(), fixture, &part).await;
        assert!(matches!(imported, Imported::Done { .. }), "{part:?}");
        (held.position, held.disowned) = (part.to, part.disowned);
    }
}

async fn read(fixture: &StoreFixture) -> SourceRecord {
    fixture.store().source("feed").await.expect("read").expect("there is the source")
}

/// The events that were published, in their order.
async fn log(fixture: &StoreFixture) -> Vec<EventRecord> {
    while fixture.store().sequence(1_000, fixture.now()).await.expect("sequenced") > 0 {}
    fixture.store().events(0, 100_000).await.expect("read")
}

/// The ids that the source gave them.
async fn ids(fixture: &StoreFixture) -> Vec<String> {
    log(fixture).await.into_iter().filter_map(|event| event.given).collect()
}

fn at(number: u64) -> Position {
    Position { number: Some(number), ..Position::default() }
}

/// Lets the time pass for which a source is held.
fn freeze(fixture: &StoreFixture) {
    fixture.advance(HOLD + SECOND);
}
