//! One reader for all who watch.

use std::collections::BTreeMap;

use axum::http::header;
use serde_json::json;
use windlass::event::NewEvent;
use windlass::token::{Grant, Scope};
use windlass_http::Access;

use super::rights::secret;
use super::watch::{SOON, Watch, lines, lines_for, publish, refused};
use crate::fixture::{TestApi, on_both_stores};

/// Streams that a server has open at once.
const VIEWERS: usize = 50;

on_both_stores! {
    /// However many watch, each page of the log is read once, and jobs and numbers by one question for all.
    fifty_viewers_cost_the_database_no_more_than_one;
    /// S-10: one more than there may be is refused, and let in once another one has gone.
    there_are_so_many_streams_and_no_more;
    /// S-10: one caller cannot hold all streams: who has fewer gets one of theirs, and they are told so.
    one_caller_cannot_hold_all_streams;
    /// S-10: who does not read costs nothing that grows, delays nobody, and is told what he has missed.
    who_does_not_read_is_reset;
    /// A stop ends all streams at once.
    a_stop_ends_all_streams;
    /// Where nobody watches, nothing reads.
    the_reader_ends_with_the_last_viewer;
}

async fn fifty_viewers_cost_the_database_no_more_than_one(api: TestApi) {
    let (api, store) = api.counted(Access::open()).await;
    let job = api.post("/v1/jobs", &json!({"kind": "k"})).await.ok();
    let query = format!("?types=*&counts=true&jobs={}", job["id"].as_str().expect("an id"));
    let mut all = Vec::new();
    for _ in 0..VIEWERS {
        all.push(Watch::open(&api, &query).await);
    }
    let before = store.calls();
    for (position, event_type) in (1..=5).zip(["a", "b", "c", "d", "e"]) {
        publish(&api, &[event_type]).await;
        for watch in &mut all {
            loop {
                let message = watch.next().await.expect("it goes on");
                if message["message"] == "event" {
                    assert_eq!(message["position"], position);
                    break;
                }
            }
        }
    }
    store.after("job_heads", 1).await;
    store.after("capped_counts", 1).await;
    let calls: BTreeMap<_, _> = store
        .calls()
        .into_iter()
        .map(|(verb, calls)| (verb, calls - before.get(verb).copied().unwrap_or_default()))
        .collect();
    assert_eq!(calls["pages"], 5, "each event is read once: {calls:?}");
    // Every 300 ms each, and the log once a second: one may be under way at either end.
    for verb in ["job_heads", "capped_counts"] {
        assert!(calls[verb] <= 4 * (calls["event_log"] + 2), "{verb}: {calls:?}");
    }
    assert!(calls["event_heads"] <= calls["sequence"] + 2, "{calls:?}");
}

async fn there_are_so_many_streams_and_no_more(api: TestApi) {
    let mut all = Vec::new();
    for _ in 0..VIEWERS {
        all.push(Watch::open(&api, "?counts=true").await);
    }
    let answer = refused(&api, "").await;
    assert_eq!(answer.code(), (503, "too-many-streams"));
    assert_eq!(answer.headers[header::RETRY_AFTER], "5");
    all.pop();
    Watch::open(&api, "").await;
    // One that was refused for another reason has taken no place.
    assert_eq!(refused(&api, "?from=x").await.code(), (400, "invalid-request"));
    Watch::open(&api, "").await;
}

async fn one_caller_cannot_hold_all_streams(api: TestApi) {
    let api = api.asking(Access::tokens()).await;
    let grant = || Grant::everywhere([Scope::Read]);
    let greedy = secret(&api, "greedy", grant()).await;
    let ana = secret(&api, "ana", grant()).await;
    let mut all = Vec::new();
    for _ in 0..VIEWERS {
        let mut watch = Watch::unread(&api, lines_for(&greedy, "")).await;
        watch.told("start").await;
        all.push(watch);
    }
    assert_eq!(api.send(lines_for(&greedy, "")).await.code(), (503, "too-many-streams"));
    let mut of_ana = Watch::unread(&api, lines_for(&ana, "")).await;
    of_ana.told("start").await;
    let mut newest = all.pop().expect("there are some");
    let end = newest.told("end").await;
    assert_eq!((&end["code"], newest.next().await), (&json!("too-many-streams"), None));
    assert_eq!(api.send(lines_for(&greedy, "")).await.code(), (503, "too-many-streams"));
    // The others go on.
    publish(&api, &["a"]).await;
    for watch in all.iter_mut().chain([&mut of_ana]) {
        assert_eq!(watch.positions(1).await, [1]);
    }
}

async fn who_does_not_read_is_reset(api: TestApi) {
    const EVENTS: usize = 11_000;
    let mut slow = Watch::unread(&api, lines("")).await;
    let mut quick = Watch::open(&api, "").await;
    let publish_all = async {
        for _ in 0..EVENTS / 1_000 {
            let events = (0..1_000).map(|_| NewEvent::bare("a"));
            api.client().publish_all(events).await.expect("published");
        }
    };
    let end = json!(EVENTS.to_string());
    let read = async { while quick.next().await.expect("it goes on")["cursor"] != end {} };
    tokio::join!(publish_all, read);
    assert_eq!(slow.told("start").await["cursor"], "0");
    let reset = slow.told("reset").await;
    assert_eq!((&reset["why"], &reset["cursor"]), (&json!("behind"), &end));
    publish(&api, &["b"]).await;
    assert_eq!(slow.positions(1).await, [EVENTS as u64 + 1]);
    let mut late = Watch::open(&api, "?from=1").await;
    assert_eq!(late.told("reset").await["why"], "behind");
}

async fn a_stop_ends_all_streams(api: TestApi) {
    let mut all = [Watch::open(&api, "").await, Watch::open(&api, "?counts=true").await];
    all[1].told("counts").await;
    api.stop();
    for watch in &mut all {
        assert_eq!(watch.told("end").await["code"], "unavailable");
        assert_eq!(watch.next().await, None);
    }
    tokio::time::timeout(SOON, api.idle()).await.expect("the reader has ended");
}

async fn the_reader_ends_with_the_last_viewer(api: TestApi) {
    let watches = [Watch::open(&api, "").await, Watch::open(&api, "?counts=true").await];
    drop(watches);
    tokio::time::timeout(SOON, api.idle()).await.expect("the reader has ended");
    // And another one begins with the next.
    publish(&api, &["a"]).await;
    assert_eq!(Watch::open(&api, "?from=0").await.positions(1).await, [1]);
}
