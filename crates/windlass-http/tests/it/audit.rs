//! Who has done what.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};
use windlass::audit::EntriesWanted;
use windlass::token::{Grant, Scope};
use windlass_http::{Access, Caller};

use crate::fixture::{TestApi, on_both_stores, request};

on_both_stores! {
    /// What is done is entered: who, what, to what, and what it has changed. What was refused, and what only brings data, is not.
    what_is_done_is_entered;
    /// An object that is gone is in its entry as it was.
    what_is_removed_is_in_its_entry;
    /// Entries are found by who has done it and to what, page by page.
    acts_are_found_page_by_page;
    /// S-45: what applications fill is in no entry.
    what_is_confidential_is_in_no_entry;
    /// What is done is entered also where its caller went away meanwhile.
    what_nobody_waits_for_is_entered;
    /// A body that says `dry_run` where nothing can be tried hides nothing.
    a_try_where_nothing_can_be_tried_is_entered;
    /// S-53: entries that somebody has changed or removed are found.
    what_was_meddled_with_is_found;
}

async fn newest(api: &TestApi) -> Value {
    api.get("/v1/audit?limit=1").await.ok()["items"][0].clone()
}

async fn what_is_done_is_entered(api: TestApi) {
    let api = api
        .asking(Access::by(|parts| {
            let name =
                parts.headers.get("x-user").map_or("ana", |name| name.to_str().unwrap_or("ana"));
            Some(Caller::new(name.to_owned(), Grant::everywhere([Scope::Admin])))
        }))
        .await;
    api.post("/v1/jobs", &json!({"kind": "mail", "queue": "mail"})).await.ok();
    assert_eq!(newest(&api).await, Value::Null, "a job that is brought is not an act");
    api.post("/v1/queues/mail/pause", &json!({"note": "upgrade"})).await.ok();
    let paused = newest(&api).await;
    assert_eq!(
        (&paused["actor"], &paused["action"], &paused["target"], &paused["via"]),
        (&json!("ana"), &json!("queues.pause"), &json!("queues/mail"), &json!("api"))
    );
    assert_eq!(paused["asked"], json!({"note": "upgrade"}));
    assert_eq!(paused["before"], json!({"note": null, "paused_at": null}));
    assert_eq!(paused["after"]["note"], "upgrade");
    assert!(paused["after"]["paused_at"].is_string() && paused["after"].get("jobs").is_none());
    api.put("/v1/limits/queue:mail", &json!({"running": 3})).await.ok();
    api.put("/v1/limits/queue:mail", &json!({"running": 5})).await.ok();
    let changed = newest(&api).await;
    assert_eq!(
        (&changed["action"], &changed["target"]),
        (&json!("limits.set"), &json!("limits/queue:mail"))
    );
    assert_eq!(
        (&changed["before"]["running"], &changed["after"]["running"]),
        (&json!(3), &json!(5))
    );
    let refused = api.put("/v1/limits/queue:mail", &json!({"running": 0})).await;
    assert!(refused.status.is_client_error());
    let tried = json!({"action": "retry", "filter": "state:dead", "dry_run": true});
    api.post("/v1/operations", &tried).await.ok();
    let number = &newest(&api).await["number"];
    assert_eq!(number, &changed["number"], "neither a refusal nor a dry run is an act");
    api.post("/v1/operations", &json!({"action": "retry", "filter": "state:dead"})).await.ok();
    assert_eq!(newest(&api).await["action"], "operations.start");
}

async fn what_is_removed_is_in_its_entry(api: TestApi) {
    api.post("/v1/tokens", &json!({"name": "ci", "scopes": ["read"]})).await.ok();
    let made = newest(&api).await;
    assert_eq!((&made["action"], &made["target"]), (&json!("tokens.create"), &json!("tokens/ci")));
    assert_eq!(made["after"]["secret"], "…", "it is shown once");
    api.delete("/v1/tokens/ci").await.ok();
    let removed = newest(&api).await;
    assert_eq!(
        (&removed["action"], &removed["target"]),
        (&json!("tokens.remove"), &json!("tokens/ci"))
    );
    assert_eq!((&removed["before"]["scopes"], &removed["after"]), (&json!(["read"]), &Value::Null));
}

async fn acts_are_found_page_by_page(api: TestApi) {
    for queue in ["a", "b", "a", "c"] {
        api.act(&format!("/v1/queues/{queue}/pause")).await.ok();
    }
    let first = api.get("/v1/audit?limit=3").await.ok();
    let next = first["next"].as_str().expect("another page");
    let rest = api.get(&format!("/v1/audit?limit=3&cursor={next}")).await.ok();
    let numbers = |page: &Value| -> Vec<u64> {
        let items = page["items"].as_array().expect("a list").iter();
        items.filter_map(|item| item["number"].as_u64()).collect()
    };
    assert_eq!((numbers(&first), numbers(&rest)), (vec![4, 3, 2], vec![1]));
    let of_a = api.get("/v1/audit?target=queues/a").await.ok();
    assert_eq!(numbers(&of_a), [3, 1]);
    assert!(numbers(&api.get("/v1/audit?actor=nobody").await.ok()).is_empty());
    let long = api.get(&format!("/v1/audit?actor={}", "x".repeat(601))).await;
    assert_eq!((long.code(), long.place()), ((400, "invalid-request"), "actor"));
}

async fn what_is_confidential_is_in_no_entry(api: TestApi) {
    let definition = json!({"rule": "0 2 * * *", "kind": "report", "args": {"pin": "canary-8251"}});
    api.put("/v1/schedules/nightly", &definition).await.ok();
    api.delete("/v1/schedules/nightly").await.ok();
    let entries = api.get("/v1/audit").await.ok();
    assert_eq!(entries["items"].as_array().map(Vec::len), Some(2));
    assert!(!entries.to_string().contains("canary-8251"), "{entries:#}");
}

async fn what_nobody_waits_for_is_entered(api: TestApi) {
    let client = api.client();
    let is_paused = async |queue: &str| loop {
        let queues = client.queues().await.expect("listed");
        if queues.iter().any(|one| one.name == queue && one.paused_at.is_some()) {
            return;
        }
    };
    for nth in 0..100 {
        let queue = format!("q{nth}");
        let path = format!("/v1/queues/{queue}/pause");
        let asked = request(Method::POST, &path).body(axum::body::Body::empty());
        let answered = tokio::select! {
            biased;
            () = is_paused(&queue) => false,
            _ = api.open(asked.expect("a request")) => true,
        };
        if !answered {
            api.idle().await;
            assert_eq!(newest(&api).await["target"], format!("queues/{queue}"));
            return;
        }
    }
    panic!("each was answered before anybody could go away");
}

async fn a_try_where_nothing_can_be_tried_is_entered(api: TestApi) {
    api.post("/v1/users", &json!({"name": "ana", "role": "viewer"})).await.ok();
    let remove = request(Method::DELETE, "/v1/users/ana")
        .header("content-type", "application/json")
        .body(axum::body::Body::from("{\"dry_run\":true}"));
    api.send(remove.expect("a request")).await.ok();
    assert_eq!(newest(&api).await["action"], "users.remove");
    let tried = json!({"action": "retry", "filter": "kind:k", "dry_run": true});
    api.post("/v1/operations", &tried).await.ok();
    assert_eq!(newest(&api).await["action"], "users.remove", "that one was only tried");
}

async fn what_was_meddled_with_is_found(api: TestApi) {
    for queue in ["a", "b", "c", "d"] {
        api.act(&format!("/v1/queues/{queue}/pause")).await.ok();
    }
    let whole = api.get("/v1/audit/verify").await.ok();
    assert_eq!(
        (&whole["whole"], &whole["entries"], &whole["last"]),
        (&json!(true), &json!(4), &json!(4))
    );
    let wanted = EntriesWanted { limit: 1, ..EntriesWanted::default() };
    let last = api.client().store().acts(&wanted).await.expect("read");
    assert_eq!(whole["digest"], last[0].digest.to_string());
    api.by_sql("update {audit} set actor = 'bob' where number = 2").await;
    api.by_sql("delete from {audit} where number = 3").await;
    let broken = api.get("/v1/audit/verify").await.ok();
    assert_eq!(broken["whole"], false);
    assert_eq!(
        broken["broken"],
        json!(["entry 2 was changed after it was written", "entries 3 to 3 are missing"])
    );
    // No method but GET is there.
    let changed =
        api.send(request(Method::DELETE, "/v1/audit").body("".into()).expect("one")).await;
    assert_eq!(changed.status, StatusCode::METHOD_NOT_ALLOWED);
}
