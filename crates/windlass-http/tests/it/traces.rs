//! Traces.

use serde_json::json;

use crate::fixture::{TestApi, on_both_stores};

on_both_stores! {
    /// Whichever member is named, the whole tree is shown.
    a_tree_is_shown_from_each_of_its_members;
    an_unknown_member_is_not_found;
}

async fn a_tree_is_shown_from_each_of_its_members(api: TestApi) {
    let subscription = json!({"kind": "k"});
    api.put("/v1/subscriptions/s", &subscription).await;
    let published = api.post("/v1/events", &json!({"type": "a", "subject": "order/42"})).await;
    let event = published.text("id").to_owned();
    api.feed().await;
    let trace = api.get(&format!("/v1/traces/{event}")).await;
    let [first, second] = [0, 1].map(|nth| trace.body["members"][nth].clone());
    assert_eq!(
        (&first["id"], &first["name"], &first["parent"]),
        (&json!(event), &json!("a"), &json!(null))
    );
    assert_eq!((&second["name"], &second["parent"]), (&json!("k"), &json!(event)));
    assert_eq!((&second["level"], &trace.body["is_cut"]), (&json!(1), &json!(false)));
    let job = second["id"].as_str().expect("an id");
    for member in ["1", job] {
        assert_eq!(api.get(&format!("/v1/traces/{member}")).await.body, trace.body, "{member}");
    }
}

async fn an_unknown_member_is_not_found(api: TestApi) {
    for (id, expected) in [
        ("job_00000000000000000000000000", (404, "not-found")),
        ("evt_00000000000000000000000000", (404, "not-found")),
        ("7", (404, "not-found")),
        ("job_zzz", (400, "invalid-request")),
        ("zzz", (400, "invalid-request")),
    ] {
        assert_eq!(api.get(&format!("/v1/traces/{id}")).await.code(), expected, "{id}");
    }
}
