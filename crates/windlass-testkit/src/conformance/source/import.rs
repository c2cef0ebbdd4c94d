//! Import: a page and how far the source was read are one.

use futures_util::future::join_all;
use windlass_core::client::Client;
use windlass_core::error::StoreError;
use windlass_core::event::{EventRecord, Extension, NewEvent};
use windlass_core::json::Json;
use windlass_core::source::{
    Asked, Ends, Imported, Lack, OnGap, Page, Read, Reset, SourceOptions, SourceState, judge,
};
use windlass_core::subscription::{Filter, Start, Subscription};

use super::{asked, at, freeze, hold, ids, import, judged, log, part, read, records, start, take};
use crate::fixture::StoreFixture;

/// O17: a page's events and the position behind it are there together, the events in the order of their numbers.
pub async fn a_page_is_there_with_its_position(fixture: StoreFixture) {
    let held = start(&fixture, "one").await;
    let page = part(&held, records([3, 1, 2, 2]).cursor("after-3").head(9));
    assert_eq!(import(fixture.store(), &fixture, &page).await, Imported::Done { new: 3 });
    let events = log(&fixture).await;
    let given: Vec<_> = events.iter().filter_map(|event| event.given.as_deref()).collect();
    assert_eq!(given, ["1", "2", "3"]);
    assert_eq!(events[0].source, "/sources/feed");
    let shown = read(&fixture).await;
    assert_eq!(shown.position.cursor.as_deref(), Some("after-3"));
    assert_eq!(
        (shown.position.number, shown.head, shown.imported, shown.repeated),
        (Some(3), Some(9), 3, 1)
    );
    assert_eq!(hold(&fixture, "one").await.position, shown.position);
}

/// O17: a page that cannot be stored moves nothing, and leaves nothing.
pub async fn a_page_that_is_refused_moves_nothing(fixture: StoreFixture) {
    let held = start(&fixture, "one").await;
    let mut page = part(&held, records([1, 2]));
    page.events.push(NewEvent::bare("no such type"));
    let refused = fixture.store().import(&page, fixture.now()).await.expect_err("refused");
    assert!(matches!(refused, StoreError::Refused(_)), "{refused}");
    assert_eq!(read(&fixture).await.position.number, None);
    assert!(log(&fixture).await.is_empty());
}

/// O16: what one has read that was frozen for longer than it held the source is not written; numbers stay in order.
pub async fn who_was_replaced_writes_nothing(fixture: StoreFixture) {
    let frozen = start(&fixture, "frozen").await;
    let late = part(&frozen, records(1..=5));
    freeze(&fixture);
    let mut held = hold(&fixture, "other").await;
    // Where nothing was written since, the position is the same: the epoch tells them apart.
    assert_eq!(import(fixture.store(), &fixture, &late).await, Imported::Stale);
    take(&fixture, &mut held, &SourceOptions::default(), records(1..=3)).await;
    assert_eq!(import(fixture.store(), &fixture, &late).await, Imported::Stale);
    assert_eq!(ids(&fixture).await, ["1", "2", "3"]);
}

/// O17: a page whose answer was lost is not written once more: the source is behind it.
pub async fn a_page_is_written_once(fixture: StoreFixture) {
    let held = start(&fixture, "one").await;
    let page = part(&held, Page::new([Read::event(NewEvent::bare("tick"))]).cursor("a"));
    assert_eq!(import(fixture.store(), &fixture, &page).await, Imported::Done { new: 1 });
    assert_eq!(import(fixture.store(), &fixture, &page).await, Imported::Stale);
    assert_eq!(log(&fixture).await.len(), 1, "though it has neither an id nor a number");
}

/// O16, O17: of many who write the same page at the same moment one does.
pub async fn of_imports_at_once_one_is_written(fixture: StoreFixture) {
    let mut held = start(&fixture, "one").await;
    let stores = [fixture.another_store().await, fixture.another_store().await];
    for round in 0..5 {
        let page =
            part(&held, Page::new([Read::event(NewEvent::bare("tick"))]).cursor(round.to_string()));
        let writing = (0..8).map(|nth| import(&*stores[nth % 2], &fixture, &page));
        let written = join_all(writing).await;
        assert_eq!(written.iter().filter(|one| **one == Imported::Done { new: 1 }).count(), 1);
        held.position = page.to;
    }
    assert_eq!(log(&fixture).await.len(), 5);
}

/// O18: of 25,000 records that wait none is in a transaction with more than 1,000, and each is there once.
pub async fn a_backlog_is_imported_in_parts(fixture: StoreFixture) {
    let mut held = start(&fixture, "one").await;
    let options = SourceOptions::default();
    let judged = judged(&held, &options, records(1..=2_500));
    let sizes: Vec<_> = judged.imports.iter().map(|part| part.events.len()).collect();
    assert_eq!(sizes, [1_000, 1_000, 500]);
    // It is killed behind the first part, and asks for the page again.
    import(fixture.store(), &fixture, &judged.imports[0]).await;
    held.position = judged.imports[0].to.clone();
    assert_eq!(held.position, at(1_000));
    take(&fixture, &mut held, &options, records(1..=2_500)).await;
    assert_eq!(log(&fixture).await.len(), 2_500);
    assert_eq!(read(&fixture).await.imported, 2_500);
}

/// O19: of a feed that was read up to 100 and begins at 500 one gap is kept, one event tells of it, of which one job comes, and what
/// there is is imported.
pub async fn a_gap_is_kept_and_told(fixture: StoreFixture) {
    let filter = Filter::of_types(["windlass.source.gap"]).build().expect("a filter");
    let resync = Subscription::new(filter, "resync");
    let put = fixture.store().put_subscription("resync", &resync, Start::Now, fixture.now());
    put.await.expect("made");
    let mut held = start(&fixture, "one").await;
    let options = SourceOptions::default();
    take(&fixture, &mut held, &options, records(1..=100)).await;
    take(&fixture, &mut held, &options, records(500..=510).oldest(500)).await;
    let gaps = fixture.store().source_gaps("feed", 10).await.expect("read");
    assert_eq!(gaps.len(), 1);
    let gap = &gaps[0];
    assert_eq!((gap.why, gap.from, gap.to), (Lack::Gap, Some(101), Some(499)));
    assert_eq!((gap.answer, gap.closed_at), (OnGap::Resync, None));
    let events = log(&fixture).await;
    let told: Vec<_> =
        events.iter().filter(|one| one.event_type == "windlass.source.gap").collect();
    assert_eq!((told.len(), told[0].id, told[0].position), (1, gap.event, Some(101)));
    let data = told[0].data.as_ref().map(|data| data.as_str());
    assert_eq!(
        data,
        Some(
            r#"{"name":"feed","why":"gap","from":101,"to":499,"policy":"resync","alert":"source.gap/feed"}"#
        )
    );
    let key = told[0].meta.extensions.get("alert");
    assert_eq!(key, Some(&Extension::Text("source.gap/feed".to_owned())));
    assert_eq!((told[0].subject.as_deref(), events.len()), (Some("source/feed"), 112));
    let mut feed = windlass_core::subscription::Feed::default();
    while feed.round(fixture.store(), fixture.now()).await.expect("fed").is_behind {}
    assert_eq!(fixture.find("kind:resync").await.len(), 1);

    assert_eq!(read(&fixture).await.open_gaps, 1);
    let client = Client::new(fixture.shared_store());
    assert!(client.close_source_gap("feed", gap.event).await.expect("closed"));
    assert!(!client.close_source_gap("feed", gap.event).await.expect("asked"), "it was");
    assert_eq!(read(&fixture).await.open_gaps, 0);
}

/// O19: a source that is to stop at gaps imports nothing more, until a person has it go on behind that.
pub async fn a_source_stops_at_a_gap_until_it_is_resumed(fixture: StoreFixture) {
    let mut held = start(&fixture, "one").await;
    let options = SourceOptions::default().on_gap(OnGap::Stop);
    take(&fixture, &mut held, &options, records(1..=100)).await;
    take(&fixture, &mut held, &options, records(500..=510).oldest(500).cursor("510")).await;
    let shown = read(&fixture).await;
    assert_eq!((shown.state, shown.position), (SourceState::Stopped, at(100)));
    assert_eq!(shown.reason.as_deref(), Some("the feed does not have records 101 to 499 any more"));
    let more = part(&held, records(500..=510));
    assert_eq!(import(fixture.store(), &fixture, &more).await, Imported::Stale);
    assert!(fixture.store().resume_source("feed", fixture.now()).await.expect("resumed"));
    let shown = read(&fixture).await;
    assert_eq!((shown.state, shown.reason, shown.open_gaps), (SourceState::Running, None, 0));
    held = hold(&fixture, "one").await;
    assert_eq!(held.position, at(499));
    take(&fixture, &mut held, &options, records(500..=510).oldest(500)).await;
    assert_eq!(ids(&fixture).await.len(), 111);
    assert_eq!(fixture.store().source_gaps("feed", 10).await.expect("read").len(), 1);
}

/// O21: a feed that ends before what was read counts as reset once it stays so; nothing is passed over in silence, and what
/// it has now is something else under the same numbers.
pub async fn a_feed_that_was_reset_is_told(fixture: StoreFixture) {
    let mut held = start(&fixture, "one").await;
    let options = SourceOptions::default().on_gap(OnGap::Skip);
    take(&fixture, &mut held, &options, records(1..=1_000)).await;
    let page = || records([]).head(10);
    judge(asked(&held, &options), page()).expect_err("it may be a moment's");
    let reset = Asked { ends: Ends::Reset, ..asked(&held, &options) };
    let judged = judge(reset, page()).expect("it was reset");
    assert!(judged.has_more, "it is asked again at once");
    import(fixture.store(), &fixture, &judged.imports[0]).await;
    let gaps = fixture.store().source_gaps("feed", 10).await.expect("read");
    assert_eq!((gaps[0].why, gaps[0].from, gaps[0].to), (Lack::Reset, Some(1_000), Some(10)));
    assert!(gaps[0].closed_at.is_some(), "it was skipped");
    held = hold(&fixture, "one").await;
    assert_eq!((held.position.number, held.position.generation), (None, 1));
    take(&fixture, &mut held, &options, records(1..=10).head(10)).await;
    let ids = ids(&fixture).await;
    assert_eq!((ids.len(), ids.last().map(String::as_str)), (1_010, Some("10~1")));
}

/// O21: of a feed that was reset the number up to which it was read is known to the next one that holds the source: what has it, and lies above the
/// feed's end, is put aside, until the feed has got that far, or a person resets the source.
pub async fn a_number_that_a_feed_did_not_have_is_remembered(fixture: StoreFixture) {
    let mut held = start(&fixture, "one").await;
    let options = SourceOptions::default();
    take(&fixture, &mut held, &options, records([1, 2, 9_000]).head(2)).await;
    let reset = Asked { ends: Ends::Reset, ..asked(&held, &options) };
    let judged = judge(reset, records([]).head(2)).expect("it was reset");
    import(fixture.store(), &fixture, &judged.imports[0]).await;
    freeze(&fixture);
    held = hold(&fixture, "other").await;
    assert_eq!((held.position.generation, held.disowned), (1, Some(9_000)));
    take(&fixture, &mut held, &options, records([1, 2, 9_000, 3]).head(3)).await;
    let aside = fixture.store().quarantined("feed", 0, 10).await.expect("read");
    assert_eq!(aside.iter().map(|one| one.number).collect::<Vec<_>>(), [Some(9_000)]);
    assert_eq!(hold(&fixture, "other").await, held);
    assert_eq!((held.position.number, held.disowned), (Some(3), Some(9_000)));
    take(&fixture, &mut held, &options, records([9_000]).head(9_000)).await;
    assert_eq!(hold(&fixture, "other").await.disowned, None, "it has got that far");
    assert_eq!(ids(&fixture).await[3..], ["1~1", "2~1", "3~1", "9000~1"]);
    let again = Asked { ends: Ends::Reset, ..asked(&held, &options) };
    let judged = judge(again, records([]).head(2)).expect("it was reset");
    import(fixture.store(), &fixture, &judged.imports[0]).await;
    assert_eq!(hold(&fixture, "other").await.disowned, Some(9_000));
    fixture.store().reset_source("feed", Reset::Oldest, fixture.now()).await.expect("reset");
    assert_eq!(hold(&fixture, "other").await.disowned, None);
}

/// O17: a page of records that have neither ids nor numbers is written in parts. Behind a kill between two of them it is read again from its
/// beginning, also where it is not the same any more, and each record is there once.
pub async fn a_large_page_without_ids_is_there_once(fixture: StoreFixture) {
    let mut held = start(&fixture, "one").await;
    let options = SourceOptions::default();
    take(&fixture, &mut held, &options, ticks(0..3).cursor("a")).await;
    let first = judged(&held, &options, ticks(0..2_500).cursor("b"));
    assert_eq!(first.imports.len(), 3);
    import(fixture.store(), &fixture, &first.imports[0]).await;
    import(fixture.store(), &fixture, &first.imports[1]).await;
    freeze(&fixture);
    held = hold(&fixture, "other").await;
    assert_eq!(held.position.cursor.as_deref(), Some("a"));
    // The feed has dropped the first ones, and has got others.
    take(&fixture, &mut held, &options, ticks(10..2_600).cursor("b")).await;
    let data = |event: &EventRecord| event.data.as_ref().map(|data| data.as_str().to_owned());
    let log: Vec<_> = log(&fixture).await.iter().filter_map(data).collect();
    let expected: Vec<_> = (0..3).chain(0..2_600).map(|nth: u32| nth.to_string()).collect();
    assert_eq!(log, expected);
    assert_eq!(
        (read(&fixture).await.repeated, held.position.cursor.as_deref()),
        (1_990, Some("b"))
    );
}

/// Records that have only data.
fn ticks(data: impl IntoIterator<Item = u32>) -> Page {
    let tick = |data: u32| {
        let data = Json::args(data.to_string()).expect("JSON");
        Read::event(NewEvent::new("tick", data))
    };
    Page::new(data.into_iter().map(tick))
}

/// O22: a record that is not an event is put aside, one that cannot be stored too, and the source goes on.
pub async fn what_is_no_event_is_put_aside(fixture: StoreFixture) {
    let mut held = start(&fixture, "one").await;
    let unknown = Read::unreadable(Some(2), r#"{"kind":"new"}"#, "kind new is not known");
    let strange = Read::numbered(3, NewEvent::bare("not a type"));
    let page = Page::new([1, 4].map(|number| Read::numbered(number, NewEvent::bare("counted"))));
    let page =
        Page { records: page.records.into_iter().chain([unknown, strange]).collect(), ..page };
    take(&fixture, &mut held, &SourceOptions::default(), page).await;
    assert_eq!(ids(&fixture).await, ["1", "4"]);
    let aside = fixture.store().quarantined("feed", 0, 10).await.expect("read");
    assert_eq!(aside.iter().map(|one| one.number).collect::<Vec<_>>(), [Some(2), Some(3)]);
    assert_eq!((aside[0].body.as_str(), aside[0].is_cut), (r#"{"kind":"new"}"#, false));
    assert_eq!(aside[0].reason, "kind new is not known");
    assert!(aside[1].reason.contains("not a type"), "{}", aside[1].reason);
    let shown = read(&fixture).await;
    assert_eq!((shown.quarantined, shown.position), (2, at(4)));
}
