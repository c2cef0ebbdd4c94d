//! Users over HTTP.

use serde_json::json;

use crate::fixture::{TestApi, on_both_stores};

on_both_stores! {
    /// A user is added, shown, changed and removed, and nobody is shown their password.
    users_are_added_changed_and_removed;
    /// Bad input: a user who makes no sense is refused at the place that is wrong.
    a_user_that_makes_no_sense_is_refused;
    /// Who is added, changed and removed is in the audit, without their password.
    the_audit_has_users_without_passwords;
}

const PASSWORD: &str = "correct horse battery";

async fn users_are_added_changed_and_removed(api: TestApi) {
    let ana = json!({"name": "ana", "password": PASSWORD, "role": "operator", "queues": ["mail"]});
    let added = api.post("/v1/users", &ana).await;
    assert_eq!(added.status.as_u16(), 201, "{added:?}");
    assert_eq!(added.body["scopes"], json!(["read", "enqueue", "publish", "operate"]));
    assert_eq!(added.body["role"], "operator");
    assert_eq!(api.post("/v1/users", &ana).await.code(), (409, "conflict"));
    let ben = json!({"name": "ben", "scopes": ["read", "work"]});
    let ben = api.post("/v1/users", &ben).await.ok();
    assert_eq!((&ben["has_password"], &ben["role"]), (&json!(false), &json!(null)));
    let listed = api.get("/v1/users").await.ok();
    assert_eq!(listed["items"][0], added.body);
    assert_eq!(listed["items"][1], ben);
    assert!(!listed.to_string().contains("argon2"), "{listed}");
    let limited = api.put("/v1/users/ana", &json!({"role": "viewer", "kinds": ["k"]})).await.ok();
    let limits = (&limited["role"], &limited["queues"], &limited["kinds"]);
    assert_eq!(limits, (&json!("viewer"), &json!(["mail"]), &json!(["k"])), "limits stay");
    let wider = json!({"queues": [], "kinds": []});
    let changed = api.put("/v1/users/ana", &wider).await.ok();
    assert_eq!((&changed["role"], &changed["queues"]), (&json!("viewer"), &json!([])));
    let kept = api.put("/v1/users/ana", &json!({"password": "another password"})).await.ok();
    assert_eq!(kept, changed, "what is not given stays");
    assert_eq!(api.get("/v1/users/ana").await.ok(), changed);
    assert_eq!(api.delete("/v1/users/ana/sessions").await.ok()["sessions"], 0);
    assert_eq!(api.delete("/v1/users/ana").await.ok()["name"], "ana");
    for (path, verb) in [("/v1/users/ana", "get"), ("/v1/users/ana/sessions", "delete")] {
        let gone = if verb == "get" { api.get(path).await } else { api.delete(path).await };
        assert_eq!(gone.code(), (404, "not-found"), "{path}");
    }
    assert_eq!(api.delete("/v1/users/ana").await.code(), (404, "not-found"));
    let nobody = api.put("/v1/users/ana", &json!({"role": "admin"})).await;
    assert_eq!(nobody.code(), (404, "not-found"));
}

async fn a_user_that_makes_no_sense_is_refused(api: TestApi) {
    for (field, value, place) in [
        ("role", json!("operater"), "/role"),
        ("role", json!(null), "/role"),
        ("scopes", json!(["read"]), "/scopes"),
        ("password", json!("too short"), "/password"),
        ("password", json!("x".repeat(1_025)), "/password"),
        ("email", json!("a@b"), "/email"),
    ] {
        let mut bad = json!({"name": "bad", "role": "viewer"});
        bad[field] = value;
        let refused = api.post("/v1/users", &bad).await;
        assert_eq!((refused.code().0, refused.place()), (400, place), "{bad} {refused:?}");
    }
    for (field, value) in [
        ("name", json!("")),
        ("name", json!("a\nb")),
        ("queues", json!([""])),
        ("kinds", json!(vec!["k"; 101])),
    ] {
        let mut bad = json!({"name": "bad", "role": "viewer"});
        bad[field] = value;
        let refused = api.post("/v1/users", &bad).await;
        assert_eq!(refused.code(), (422, "refused"), "{bad}");
    }
    assert_eq!(api.get("/v1/users").await.ok()["items"], json!([]));
    let lonely = api.post("/v1/users", &json!({"name": "ana", "queues": ["mail"]})).await;
    assert_eq!((lonely.code().0, lonely.place()), (400, "/role"), "a limit of nothing");
}

async fn the_audit_has_users_without_passwords(api: TestApi) {
    let ana = json!({"name": "ana", "password": PASSWORD, "role": "viewer"});
    api.post("/v1/users", &ana).await.ok();
    let other = "another password";
    api.put("/v1/users/ana", &json!({"password": other, "role": "admin"})).await.ok();
    api.delete("/v1/users/ana/sessions").await.ok();
    api.delete("/v1/users/ana").await.ok();
    let acts = api.get("/v1/audit").await.ok();
    let told: Vec<_> = acts["items"]
        .as_array()
        .expect("items")
        .iter()
        .map(|act| {
            (act["action"].as_str().expect("a text"), act["target"].as_str().expect("a text"))
        })
        .collect();
    let expected = ["users.remove", "users.end_sessions", "users.change", "users.create"];
    assert_eq!(told, expected.map(|action| (action, "users/ana")));
    let text = acts.to_string();
    assert!(
        !text.contains(PASSWORD) && !text.contains(other) && !text.contains("argon2"),
        "{text}"
    );
    assert!(text.contains("viewer"), "what changed is told: {text}");
}
