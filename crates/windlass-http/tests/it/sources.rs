//! Sources.

use std::time::Duration;

use axum::http::StatusCode;
use serde_json::{Value, json};
use windlass::event::NewEvent;
use windlass::source::{Asked, Ends, Hold, Holding, Page, Read, Said, SourceOptions, judge};
use windlass::store::Now;

use crate::fixture::{TestApi, on_both_stores};

on_both_stores! {
    a_source_is_shown_with_what_it_lacks;
    a_source_stands_still_and_goes_on_elsewhere;
    what_was_put_aside_is_listed_and_thrown_away;
    gaps_are_closed_one_by_one_or_all;
    an_unknown_source_is_not_found;
}

/// A feed that was read: an event of number 1, then five that could not be read, and a gap before number 100.
async fn feed(api: &TestApi) {
    let client = api.client();
    let store = client.store();
    store.declare_source("feed", r#"{"url":"/f"}"#, Now::Database).await.expect("declared");
    let lasts = Duration::from_secs(30);
    let hold = Hold { name: "feed".into(), holder: "one".into(), lasts, said: Said::Nothing };
    let held = store.hold_source(&hold, Now::Database).await.expect("asked");
    let Holding::Held(mut held) = held else { panic!("nobody else holds it: {held:?}") };
    let options = SourceOptions::default();
    let event = |number| Read::numbered(number, NewEvent::bare("counted"));
    let unreadable = (2..7).map(|number| Read::unreadable(Some(number), "{}", "it has no type"));
    let mut later = Page::new([event(100)]);
    later.oldest = Some(100);
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

async fn a_source_is_shown_with_what_it_lacks(api: TestApi) {
    assert_eq!(api.get("/v1/sources").await.body["items"], json!([]));
    feed(&api).await;
    let shown = api.get("/v1/sources/feed").await;
    assert_eq!((shown.text("state"), &shown.body["about"]), ("running", &json!({"url": "/f"})));
    assert_eq!((&shown.body["number"], &shown.body["quarantined"]), (&json!(100), &json!(5)));
    let gap = &shown.body["gaps"][0];
    assert_eq!((&gap["why"], &gap["from"], &gap["to"]), (&json!("gap"), &json!(7), &json!(99)));
    let listed = api.get("/v1/sources").await;
    assert_eq!(
        (&listed.body["items"][0]["open_gaps"], &listed.body["has_more"]),
        (&json!(1), &json!(false))
    );
    let gaps = api.get("/v1/sources/feed/gaps?limit=5").await;
    assert_eq!(gaps.body["items"], json!([gap]));
    assert_eq!(api.get("/v1/sources/feed/gaps?limit=0").await.place(), "limit");
}

async fn a_source_stands_still_and_goes_on_elsewhere(api: TestApi) {
    feed(&api).await;
    let paused = api.post("/v1/sources/feed/pause", &json!({"note": "their migration"})).await;
    assert_eq!((paused.text("state"), paused.text("reason")), ("paused", "their migration"));
    assert_eq!(api.act("/v1/sources/feed/pause").await.text("state"), "paused");
    for _ in 0..2 {
        let resumed = api.act("/v1/sources/feed/resume").await;
        assert_eq!((resumed.status, resumed.text("state")), (StatusCode::OK, "running"));
    }
    let behind = api.post("/v1/sources/feed/reset", &json!({"to": "12345"})).await;
    assert_eq!(behind.text("cursor"), "12345");
    assert_eq!(api.act("/v1/sources/feed/reset").await.body["cursor"], Value::Null);
    for (verb, body, pointer) in [
        ("pause", json!({"note": "x".repeat(1_025)}), "/note"),
        ("pause", json!({"note": "a\u{0}"}), "/note"),
        ("reset", json!({"to": "x".repeat(4_097)}), "/to"),
        ("reset", json!({"too": "x"}), "/too"),
    ] {
        let answer = api.post(&format!("/v1/sources/feed/{verb}"), &body).await;
        assert_eq!((answer.code(), answer.place()), ((400, "invalid-request"), pointer));
    }
    let removed = api.delete("/v1/sources/feed").await;
    assert_eq!((removed.status, removed.text("name")), (StatusCode::OK, "feed"));
    assert_eq!(api.delete("/v1/sources/feed").await.code(), (404, "not-found"));
}

async fn what_was_put_aside_is_listed_and_thrown_away(api: TestApi) {
    feed(&api).await;
    let (mut ids, mut cursor) = (Vec::new(), String::new());
    for has_more in [true, true, false] {
        let page = api.get(&format!("/v1/sources/feed/quarantine?limit=2{cursor}")).await;
        assert_eq!(page.body["has_more"], has_more, "{page:?}");
        let items = page.body["items"].as_array().expect("items").iter();
        ids.extend(items.map(|record| record["id"].clone()));
        cursor = format!("&cursor={}", page.body["next"].as_str().unwrap_or_default());
    }
    assert_eq!(ids.len(), 5);
    let path = "/v1/sources/feed/quarantine/discard";
    let body = json!({"ids": ids[..3]});
    assert_eq!(api.post(path, &body).await.body["discarded"], 3);
    assert_eq!(api.post(path, &body).await.body["discarded"], 0);
    assert_eq!(api.get("/v1/sources/feed").await.body["quarantined"], 2);
    for (body, pointer) in [
        (json!({"ids": vec![1; 501]}), "/ids"),
        (json!({"ids": [1, u64::MAX]}), "/ids/1"),
        (json!({"ids": [-1]}), "/ids/0"),
    ] {
        let answer = api.post(path, &body).await;
        assert_eq!((answer.code(), answer.place()), ((400, "invalid-request"), pointer));
    }
}

async fn gaps_are_closed_one_by_one_or_all(api: TestApi) {
    feed(&api).await;
    let shown = api.get("/v1/sources/feed").await;
    let one = json!({"gap": shown.body["gaps"][0]["event"]});
    assert_eq!(api.post("/v1/sources/feed/close", &one).await.body["closed"], 1);
    assert_eq!(api.post("/v1/sources/feed/close", &one).await.code(), (404, "not-found"));
    assert_eq!(api.act("/v1/sources/feed/close").await.body["closed"], 0);
    assert_eq!(api.get("/v1/sources/feed").await.body["open_gaps"], 0);
}

async fn an_unknown_source_is_not_found(api: TestApi) {
    let path = "/v1/sources/nothing";
    for verb in ["", "/gaps", "/quarantine"] {
        assert_eq!(api.get(&format!("{path}{verb}")).await.code(), (404, "not-found"), "{verb}");
    }
    for verb in ["pause", "resume", "reset", "close"] {
        assert_eq!(api.act(&format!("{path}/{verb}")).await.code(), (404, "not-found"), "{verb}");
    }
    let discard = api.post(&format!("{path}/quarantine/discard"), &json!({"ids": []})).await;
    assert_eq!(discard.code(), (404, "not-found"));
    assert_eq!(api.get("/v1/sources/a%00b").await.code(), (400, "invalid-request"));
}
