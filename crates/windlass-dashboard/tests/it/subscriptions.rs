//! Subscriptions, replays and filters that are tried.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::fixture::{HOSTILE, TestPages, on_both_stores};

on_both_stores! {
    subscriptions_are_listed;
    a_subscription_says_what_it_gets_and_nearly_gets;
    a_subscription_says_what_it_was_not_fed;
    a_subscription_stands_still_and_goes_on;
    a_replay_is_shown_begun_and_undone;
    /// It begins only where as many events as were shown would be fed.
    a_replay_of_other_events_than_were_shown_does_not_begin;
    a_filter_is_tried_on_the_log;
    a_subscription_is_removed;
    /// Who may read alone sees no button, and each form is refused.
    a_reader_changes_nothing;
    a_subscription_that_is_not_there_is_not_found;
}

async fn put(pages: &TestPages, name: &str, body: &Value) {
    pages.ask(Method::PUT, &format!("/v1/subscriptions/{name}"), body).await;
}

async fn publish(pages: &TestPages, event_type: &str, data: Value) {
    pages.post("/v1/events", &json!({"type": event_type, "data": data})).await;
}

async fn receipts(pages: &TestPages) {
    let body = json!({"kind": "mail.receipt", "queue": "mail", "types": ["order.*"], "sql": "data.total >= 10"});
    put(pages, "receipts", &body).await;
    for total in [5, 20, 30] {
        publish(pages, "order.paid", json!({ "total": total })).await;
    }
    pages.feed().await;
}

async fn subscriptions_are_listed(pages: TestPages) {
    pages.page("/subscriptions").await.has(&["There are no subscriptions yet", "subscription add"]);
    receipts(&pages).await;
    put(&pages, "tell", &json!({"signal": "subject"})).await;
    put(&pages, "big", &json!({"event": "order.big", "types": ["order.paid"]})).await;
    let listed = pages.page("/subscriptions").await;
    listed.has(&[
        "live",
        "subscriptions/receipts",
        "order.* where data.total &gt;= 10",
        "mail.receipt",
    ]);
    listed.has(&["order.big"]).has(&["signal by", "subject"]);
    listed.has(&["action=\"subscriptions/receipts/pause\"", "Pause receipts"]);
}

async fn a_subscription_says_what_it_gets_and_nearly_gets(pages: TestPages) {
    receipts(&pages).await;
    publish(&pages, "order.sent", json!({"total": 40, "text": HOSTILE})).await;
    pages.feed().await;
    let shown = pages.page("/subscriptions/receipts").await;
    shown.has(&[
        "receipts",
        "It was fed up to position",
        "4",
        "the end of the log",
        "Events that match",
        "it wants 3",
        "order.sent",
        "became a job",
        "order.paid",
        "Near misses",
        "1 event",
        "order.paid",
        "not wanted",
        "Filter",
        "Definition",
        "mail.receipt",
        "at most 10 000 unfinished jobs",
    ]);
}

async fn a_subscription_says_what_it_was_not_fed(pages: TestPages) {
    put(&pages, "receipts", &json!({"kind": "mail.receipt"})).await;
    pages.press("/subscriptions/receipts/pause", &[]).await;
    pages.page("/subscriptions/receipts").await.has_not(&["It was not fed positions"]);
    publish(&pages, "order.paid", json!({})).await;
    pages.feed().await;
    pages.forget().await;
    let shown = pages.page("/subscriptions/receipts").await;
    shown.has(&["It was not fed positions 1 to 1, and never will be"]);
}

async fn a_subscription_stands_still_and_goes_on(pages: TestPages) {
    receipts(&pages).await;
    let back = [("back", "/subscriptions")];
    let paused = pages.press("/subscriptions/receipts/pause", &back).await;
    let (to, told) = paused.led();
    assert_eq!(
        (to.as_str(), told.contains("receipts is paused")),
        ("/subscriptions", true),
        "{told}"
    );
    let listed = pages.page("/subscriptions").await;
    listed.has(&["paused", "paused since", "subscriptions/receipts/resume"]);
    publish(&pages, "order.paid", json!({"total": 50})).await;
    pages.feed().await;
    let event = pages.page("/events/4").await;
    event.has(&["subscriptions/receipts", "paused before it"]);
    let resumed = pages.press("/subscriptions/receipts/resume", &back).await;
    assert!(resumed.led().1.contains("is resumed"));
    pages.page("/subscriptions/receipts").await.has(&["subscriptions/receipts/pause"]);
}

async fn a_replay_is_shown_begun_and_undone(pages: TestPages) {
    receipts(&pages).await;
    pages.page("/subscriptions/receipts/replay").await.has(&["Show what it would feed"]);
    let shown = pages.page("/subscriptions/receipts/replay?from=beginning&kind=dry").await;
    shown.has(&[
        "It would feed 2 events",
        "Behind position 0, up to 3",
        "name=\"kind\" value=\"dry\"",
        "name=\"expect\" value=\"2\"",
        "Replay 2 events to receipts",
    ]);
    assert_eq!(pages.api("/v1/jobs?filter=kind:dry").await["items"], json!([]), "it is only shown");
    let fields = [("from", "beginning"), ("kind", "dry"), ("expect", "2"), ("to", "")];
    let begun = pages.press("/subscriptions/receipts/replay", &fields).await;
    let (to, told) = begun.led();
    assert_eq!(to, "/subscriptions/receipts");
    assert!(told.contains("A replay of 2 events to receipts has begun"), "{told}");
    pages.page("/subscriptions/receipts%2Freplay").await.has(&["replaying", "It is a replay"]);
    pages.feed().await;
    let jobs = pages.api("/v1/jobs?filter=kind:dry").await;
    assert_eq!(jobs["items"].as_array().map(Vec::len), Some(2));
    let asked = pages.page("/subscriptions/receipts/undo").await;
    asked.has(&["2 jobs", "would be cancelled", "Undo the replays of receipts", "dry"]);
    let undone = pages.press("/subscriptions/receipts/undo", &[]).await;
    let (to, told) = undone.led();
    assert!(to.starts_with("/operations/op_") && told.contains("are undone"), "{to}: {told}");
}

async fn a_replay_of_other_events_than_were_shown_does_not_begin(pages: TestPages) {
    receipts(&pages).await;
    let fields = [("from", "beginning"), ("expect", "1")];
    let refused = pages.press("/subscriptions/receipts/replay", &fields).await;
    assert_eq!(refused.status, StatusCode::CONFLICT, "{}", refused.text);
    refused.has(&["expected 1 event"]);
    for (query, says) in [
        ("from=soon", "expected now, beginning"),
        ("from=3", "nothing to replay"),
        ("from=0&credit=x", "credit"),
    ] {
        let shown = pages.page(&format!("/subscriptions/receipts/replay?{query}")).await;
        shown.has(&["role=\"alert\"", says]);
    }
}

async fn a_filter_is_tried_on_the_log(pages: TestPages) {
    receipts(&pages).await;
    pages.page("/backtest").await.has(&["Try a filter", "Nothing is made"]);
    let tried = pages.page("/backtest?types=order.*&sql=data.total%20%3E%3D%2020&last=3").await;
    tried.has(&[
        "value=\"data.total &gt;= 20\"",
        "It would have fired 2 times",
        "order.paid",
        "The last of them",
    ]);
    let own = pages.page("/backtest?subscription=receipts&last=1").await;
    own.has(&["It would have fired once"]);
    pages.page("/backtest?sql=data.").await.has(&["role=\"alert\""]);
    assert_eq!(pages.get("/backtest?subscription=none").await.status, StatusCode::NOT_FOUND);
}

async fn a_subscription_is_removed(pages: TestPages) {
    receipts(&pages).await;
    pages.page("/subscriptions/receipts").await.has(&[
        "Remove",
        "Subscription receipts goes",
        "Remove receipts",
    ]);
    let removed = pages.press("/subscriptions/receipts/remove", &[]).await;
    assert_eq!(
        removed.led(),
        ("/subscriptions".to_owned(), "Subscription receipts is removed.".to_owned())
    );
    assert_eq!(pages.get("/subscriptions/receipts").await.status, StatusCode::NOT_FOUND);
}

async fn a_reader_changes_nothing(pages: TestPages) {
    receipts(&pages).await;
    let reading = pages.for_reader();
    for page in ["/subscriptions", "/subscriptions/receipts"] {
        reading
            .page(page)
            .await
            .has_not(&["receipts/pause"])
            .has_not(&["receipts/remove"])
            .has_not(&["/replay"]);
    }
    for act in ["pause", "resume", "remove", "replay", "undo"] {
        let path = format!("/subscriptions/receipts/{act}");
        let refused = reading.press(&path, &[("from", "0")]).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{act}: {}", refused.text);
    }
    pages.page("/subscriptions/receipts").await.has(&["live"]);
}

async fn a_subscription_that_is_not_there_is_not_found(pages: TestPages) {
    for path in ["/subscriptions/none", "/subscriptions/none/replay", "/subscriptions/none/undo"] {
        let shown = pages.get(path).await;
        assert_eq!(shown.status, StatusCode::NOT_FOUND, "{path}: {}", shown.text);
    }
    let pressed = pages.press("/subscriptions/none/pause", &[]).await;
    assert_eq!(pressed.status, StatusCode::NOT_FOUND);
}
