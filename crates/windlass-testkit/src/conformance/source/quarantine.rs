//! Quarantine: what could not be read stays, and is read again.

use futures_util::future::join_all;
use windlass_core::client::Client;
use windlass_core::event::NewEvent;
use windlass_core::json::Json;
use windlass_core::limits::QUARANTINE;
use windlass_core::source::{
    Page, Position, Read, Release, Reset, SourceOptions, Upstream, UpstreamError,
};

use super::{ids, log, read, start, take};
use crate::fixture::StoreFixture;

/// A reader after its upgrade.
struct Knows(&'static str);

impl Upstream for Knows {
    async fn page(&self, _after: &Position) -> Result<Page, UpstreamError> {
        Err(UpstreamError::new("it is not asked"))
    }

    fn reread(&self, body: &str) -> Result<Read, UpstreamError> {
        if body != self.0 {
            return Ok(Read::unreadable(None, body, format!("{body} is not known")));
        }
        Ok(Read::event(NewEvent::new("kind.new", Json::args_of(body)?)))
    }
}

/// Puts aside records from 1 on with these bodies.
async fn put_aside(fixture: &StoreFixture, bodies: &[&str]) {
    let mut held = start(fixture, "one").await;
    let numbered = (1..).zip(bodies);
    let reads = numbered.map(|(number, body)| Read::unreadable(Some(number), *body, "not known"));
    take(fixture, &mut held, &SourceOptions::default(), Page::new(reads)).await;
}

/// O22: after an upgrade what is known now is imported under the number that it had, the rest stays.
pub async fn what_is_known_later_is_imported(fixture: StoreFixture) {
    put_aside(&fixture, &["new", "strange", "new"]).await;
    let client = Client::new(fixture.shared_store());
    let done = client.reimport("feed", &Knows("new")).await.expect("read again");
    assert_eq!((done.imported, done.kept), (2, 1));
    assert_eq!(done.reason.as_deref(), Some("strange is not known"));
    assert_eq!(ids(&fixture).await, ["1", "3"]);
    let again = client.reimport("feed", &Knows("new")).await.expect("read again");
    assert_eq!((again.imported, again.kept), (0, 1));
    let left = client.quarantined("feed", 0, 10).await.expect("listed");
    assert_eq!(left.len(), 1);
    assert_eq!(client.discard_quarantined("feed", &[left[0].id, 99]).await.expect("done"), 1);
    assert_eq!(read(&fixture).await.quarantined, 0);
    assert_eq!(log(&fixture).await.len(), 2);
}

/// O22: of two who read it again at the same moment one publishes it, though it has no id.
pub async fn two_who_read_again_publish_once(fixture: StoreFixture) {
    put_aside(&fixture, &["new"; 20]).await;
    let aside = fixture.store().quarantined("feed", 0, 100).await.expect("listed");
    let event = || Some(NewEvent::bare("kind.new"));
    let released: Vec<_> = aside.iter().map(|one| Release { id: one.id, event: event() }).collect();
    let stores = [fixture.another_store().await, fixture.another_store().await];
    let releasing =
        (0..6).map(|nth| stores[nth % 2].release_quarantined("feed", &released, fixture.now()));
    let gone = join_all(releasing).await.into_iter().map(|gone| gone.expect("released"));
    assert_eq!(gone.flatten().filter(|gone| *gone).count(), 20);
    assert_eq!(log(&fixture).await.len(), 20);
}

/// O22: of what was put aside the newest stays, and how many are not kept any more is told.
pub async fn so_many_stay_and_the_rest_is_counted(fixture: StoreFixture) {
    let bodies = vec!["strange"; QUARANTINE + 7];
    put_aside(&fixture, &bodies).await;
    let shown = read(&fixture).await;
    assert_eq!((shown.quarantined, shown.dropped), (QUARANTINE as u64, 7));
    let oldest = fixture.store().quarantined("feed", 0, 1).await.expect("listed");
    assert_eq!(oldest[0].number, Some(8));
}

/// O22: a record that is read once more, as after a reset, is not put aside twice.
pub async fn a_record_is_put_aside_once(fixture: StoreFixture) {
    put_aside(&fixture, &["strange", "strange"]).await;
    fixture.store().reset_source("feed", Reset::Oldest, fixture.now()).await.expect("reset");
    put_aside(&fixture, &["strange", "strange", "other"]).await;
    let aside = fixture.store().quarantined("feed", 0, 10).await.expect("listed");
    let numbers: Vec<_> = aside.iter().filter_map(|one| one.number).collect();
    assert_eq!(numbers, [1, 2, 3]);
    // Without numbers the text is what there is to know them by, in one page and in the next.
    let mut held = start(&fixture, "one").await;
    for _ in 0..2 {
        let page = Page::new([(); 2].map(|()| Read::unreadable(None, "nameless", "not known")));
        take(&fixture, &mut held, &SourceOptions::default(), page).await;
    }
    assert_eq!(read(&fixture).await.quarantined, 4);
}

/// O22: of a body that is too long the beginning stays, and it is not imported for a whole.
pub async fn a_body_that_is_cut_is_not_imported(fixture: StoreFixture) {
    let long = "x".repeat(windlass_core::limits::QUARANTINE_BYTES + 1);
    put_aside(&fixture, &[&long, "with \0 in it"]).await;
    let aside = fixture.store().quarantined("feed", 0, 10).await.expect("listed");
    assert!(aside.iter().all(|one| one.is_cut));
    let client = Client::new(fixture.shared_store());
    let done = client.reimport("feed", &Knows("new")).await.expect("read again");
    let reason = Some("it was not kept as the feed gave it");
    assert_eq!((done.kept, done.reason.as_deref()), (2, reason));
}

/// O22: bytes that are not a text are shown as far as they are one, and no event is made of that.
pub async fn what_is_no_text_is_not_imported(fixture: StoreFixture) {
    let mut held = start(&fixture, "one").await;
    let page = Page::new([Read::no_text(b"a \xff b")]);
    take(&fixture, &mut held, &SourceOptions::default(), page).await;
    let aside = fixture.store().quarantined("feed", 0, 10).await.expect("listed");
    assert_eq!((aside[0].body.as_str(), aside[0].is_cut), ("a \u{FFFD} b", true));
    assert_eq!(aside[0].reason, "not UTF-8");
    let client = Client::new(fixture.shared_store());
    let done = client.reimport("feed", &Knows("a \u{FFFD} b")).await.expect("read again");
    assert_eq!((done.imported, done.kept), (0, 1));
    assert!(log(&fixture).await.is_empty());
}
