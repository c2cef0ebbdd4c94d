//! Sources.

use std::time::Duration;

use axum::http::StatusCode;
use windlass::Timestamp;
use windlass::event::NewEvent;
use windlass::source::{Asked, Ends, Hold, Holding, Page, Read, Said, SourceOptions, judge};
use windlass::store::Now;

use crate::fixture::{HOSTILE, TestPages, on_both_stores};

on_both_stores! {
    sources_are_listed_with_how_far_they_are;
    a_source_says_what_it_lacks_and_what_was_put_aside;
    a_source_stands_still_and_goes_on;
    /// One that nobody reads is told apart from one that is read, in the list, on its page and among the problems.
    a_source_that_nobody_reads_is_overdue;
    a_gap_is_closed;
    a_record_that_was_put_aside_is_thrown_away;
    a_source_is_reset_and_removed;
    /// Who may read alone sees no button, and each form is refused.
    a_reader_changes_nothing;
    a_source_that_is_not_there_is_not_found;
}

/// A feed that was read: an event of number 1, two records that could not be read, and a gap before number 100 of 120.
async fn feed(pages: &TestPages) {
    let client = pages.client();
    let store = client.store();
    store.declare_source("feed", r#"{"url":"/f"}"#, Now::Database).await.expect("declared");
    let lasts = Duration::from_secs(30);
    let hold = Hold { name: "feed".into(), holder: "one".into(), lasts, said: Said::Nothing };
    let held = store.hold_source(&hold, Now::Database).await.expect("asked");
    let Holding::Held(mut held) = held else { panic!("nobody else holds it: {held:?}") };
    let options = SourceOptions::default();
    let event = |number| Read::numbered(number, NewEvent::bare("counted"));
    let unreadable = (2..4).map(|number| Read::unreadable(Some(number), HOSTILE, "it has no type"));
    let mut later = Page::new([event(100)]);
    (later.oldest, later.head) = (Some(100), Some(120));
    for page in [Page::new([event(1)].into_iter().chain(unreadable)), later] {
        let asked = Asked {
            name: "feed",
            epoch: held.epoch,
            options: &options,
            position: &held.position,
            disowned: held.disowned,
            ends: Ends::Late,
        };
        for part in judge(asked, page).expect("it is ahead").imports {
            store.import(&part, Now::Database).await.expect("imported");
            (held.position, held.disowned) = (part.to, part.disowned);
        }
    }
}

const PAGE: &str = "/sources/feed";

async fn sources_are_listed_with_how_far_they_are(pages: TestPages) {
    pages.page("/sources").await.has(&["There are no sources yet", "[source.shop]"]);
    feed(&pages).await;
    let listed = pages.page("/sources").await;
    listed.has(&["running", "sources/feed", "\"behind\">20<", "\"imported\">3<"]);
    listed.has(&["\"open gaps\"", ">1</a>", "\"quarantined\"", ">2</a>", "sources/feed/pause"]);
}

async fn a_source_says_what_it_lacks_and_what_was_put_aside(pages: TestPages) {
    feed(&pages).await;
    let shown = pages.page(PAGE).await;
    shown.has(&[
        "20 records",
        "Gaps",
        "open",
        "events/evt_",
        "4 to 99",
        "Quarantined records",
        "2 records",
        "it has no type",
        "&lt;script&gt;",
        "Progress",
        "100 of 120",
        "Configuration",
        "/f",
    ]);
    shown.has_not(&["<script>alert"]);
}

async fn a_source_stands_still_and_goes_on(pages: TestPages) {
    feed(&pages).await;
    let fields = [("back", PAGE), ("note", "their migration, ana")];
    let paused = pages.press("/sources/feed/pause", &fields).await;
    assert_eq!(
        paused.led(),
        (PAGE.to_owned(), "Source feed is paused: nothing of it is read.".to_owned())
    );
    pages.page(PAGE).await.has(&["Resume", "paused", "their migration, ana"]);
    pages.page("/sources").await.has(&["paused", "their migration, ana", "sources/feed/resume"]);
    let resumed = pages.press("/sources/feed/resume", &[("back", PAGE)]).await;
    assert!(resumed.led().1.contains("is resumed"));
    pages.page(PAGE).await.has(&["why, and by whom"]).has_not(&["their migration"]);
}

async fn a_source_that_nobody_reads_is_overdue(pages: TestPages) {
    let client = pages.client();
    let (store, hour) = (client.store(), Duration::from_secs(3_600));
    let then = Timestamp::from_micros(
        Timestamp::wall_clock().as_micros() - i64::try_from(hour.as_micros()).expect("an hour"),
    );
    store.declare_source("feed", r#"{"url":"/f"}"#, Now::At(then)).await.expect("declared");
    let lasts = Duration::from_secs(30);
    let said = Said::Went(Duration::from_secs(10));
    let hold = Hold { name: "feed".into(), holder: "one".into(), lasts, said };
    store.hold_source(&hold, Now::At(then)).await.expect("held");
    let late = ["overdue", "no worker reads it"];
    pages.page("/sources").await.has(&late).has(&["overdue since ", "1h"]);
    pages.page(PAGE).await.has(&late);
    pages.page("/").await.has(&["problem problem", "href=\"sources/feed\"", "no worker reads it"]);
    store.hold_source(&hold, Now::Database).await.expect("held");
    for page in ["/sources", PAGE, "/"] {
        pages.page(page).await.has_not(&["no worker reads it"]);
    }
}

async fn a_gap_is_closed(pages: TestPages) {
    feed(&pages).await;
    let source = pages.api("/v1/sources/feed").await;
    let gap = source["gaps"][0]["event"].as_str().expect("a gap");
    let fields = [("back", PAGE), ("gap", gap)];
    let closed = pages.press("/sources/feed/close", &fields).await;
    assert_eq!(closed.led(), (PAGE.to_owned(), "1 gap of source feed closed.".to_owned()));
    pages.page(PAGE).await.has(&["closed", "4 to 99"]).has_not(&["sources/feed/close"]);
    assert_eq!(pages.press("/sources/feed/close", &fields).await.status, StatusCode::NOT_FOUND);
}

async fn a_record_that_was_put_aside_is_thrown_away(pages: TestPages) {
    feed(&pages).await;
    let aside = pages.api("/v1/sources/feed/quarantine").await;
    let id = aside["items"][0]["id"].to_string();
    let gone = pages.press("/sources/feed/discard", &[("back", PAGE), ("record", &id)]).await;
    assert_eq!(gone.led().1, "1 record of source feed discarded.");
    pages.page(PAGE).await.has(&["1 record", "that could not become events"]);
}

async fn a_source_is_reset_and_removed(pages: TestPages) {
    feed(&pages).await;
    pages.page(PAGE).await.has(&[
        "Reset",
        "Behind this cursor",
        "Reset feed",
        "Remove",
        "Remove feed",
    ]);
    let reset = pages.press("/sources/feed/reset", &[("back", PAGE), ("to", "12345")]).await;
    assert_eq!(reset.led(), (PAGE.to_owned(), "Source feed is read on behind 12345.".to_owned()));
    pages.page(PAGE).await.has(&["Read up to", "12345"]);
    let oldest = pages.press("/sources/feed/reset", &[("back", PAGE), ("to", " ")]).await;
    assert!(oldest.led().1.contains("from its oldest record on"));
    let removed = pages.press("/sources/feed/remove", &[]).await;
    assert_eq!(
        removed.led(),
        ("/sources".to_owned(), "Source feed is removed. Its events stay.".to_owned())
    );
    assert_eq!(pages.get(PAGE).await.status, StatusCode::NOT_FOUND);
}

async fn a_reader_changes_nothing(pages: TestPages) {
    feed(&pages).await;
    let reading = pages.for_reader();
    for page in ["/sources", PAGE] {
        reading
            .page(page)
            .await
            .has_not(&["feed/pause"])
            .has_not(&["feed/close"])
            .has_not(&["feed/discard"])
            .has_not(&["feed/reset"])
            .has_not(&["feed/remove"]);
    }
    for act in ["pause", "resume", "close", "discard", "reset", "remove"] {
        let refused = reading.press(&format!("/sources/feed/{act}"), &[("record", "1")]).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{act}: {}", refused.text);
    }
    pages.page(PAGE).await.has(&["running", "open", "2 records"]);
}

async fn a_source_that_is_not_there_is_not_found(pages: TestPages) {
    assert_eq!(pages.get("/sources/none").await.status, StatusCode::NOT_FOUND);
    for act in ["pause", "resume", "close", "reset", "remove"] {
        let pressed = pages.press(&format!("/sources/none/{act}"), &[]).await;
        assert_eq!(pressed.status, StatusCode::NOT_FOUND, "{act}");
    }
}
