//! Alerts.

use serde_json::json;

use crate::fixture::{TestApi, on_both_stores};

on_both_stores! {
    /// C20: what is muted is listed with its note and its end, until it is unmuted.
    alerts_are_muted_listed_and_unmuted;
    /// Bad input: what makes no sense names its place, and nothing is changed.
    what_makes_no_sense_of_an_alert_is_refused;
}

async fn alerts_are_muted_listed_and_unmuted(api: TestApi) {
    let none = api.get("/v1/alerts").await.ok();
    let expected = json!({"schema": "alerts.v1", "looked_for": false, "alerts": [], "muted": []});
    assert_eq!(none, expected);
    let body = json!({"name": "windlass.job.failing/crm.push", "note": "ana", "for_ms": 60_000});
    let muted = api.post("/v1/alerts/mute", &body).await.ok();
    assert_eq!((&muted["schema"], &muted["note"]), (&json!("alert_muted.v1"), &json!("ana")));
    assert_eq!(muted["name"], "job.failing/crm.push");
    let again = json!({"name": "job.failing/crm.push", "until": "2190-01-01T00:00:00Z"});
    let again = api.post("/v1/alerts/mute", &again).await.ok();
    assert_eq!(
        (&again["until"], &again["note"]),
        (&json!("2190-01-01T00:00:00.000Z"), &json!(null))
    );
    api.post("/v1/alerts/mute", &json!({"name": "kind/report.nightly"})).await.ok();
    let listed = api.get("/v1/alerts").await.ok();
    let mutes = listed["muted"].as_array().expect("mutes");
    assert_eq!(mutes.len(), 2, "{listed}");
    assert_eq!((&mutes[0]["name"], &mutes[0]["is_declared"]), (&muted["name"], &json!(false)));
    for was_muted in [true, false] {
        let body = json!({"name": "job.failing/crm.push"});
        let unmuted = api.post("/v1/alerts/unmute", &body).await.ok();
        assert_eq!(
            (&unmuted["was_muted"], &unmuted["is_muted"]),
            (&json!(was_muted), &json!(false))
        );
    }
    assert_eq!(api.get("/v1/alerts").await.ok()["muted"].as_array().map(Vec::len), Some(1));
}

async fn what_makes_no_sense_of_an_alert_is_refused(api: TestApi) {
    for (body, place) in [
        (json!({}), ""),
        (json!({"name": "job.failling/mail"}), "/name"),
        (json!({"name": "kind/a b"}), "/name"),
        (json!({"name": format!("job.failing/{}", "x".repeat(512))}), "/name"),
        (json!({"name": "job.failing", "until": "2020-01-01T00:00:00Z"}), "/until"),
        (json!({"name": "job.failing", "for_ms": 0}), "/for_ms"),
        (json!({"name": "job.failing", "note": "a\u{0}"}), "/note"),
        (json!({"name": "job.failing", "kind": "a"}), "/kind"),
    ] {
        let answer = api.post("/v1/alerts/mute", &body).await;
        assert_eq!((answer.code(), answer.place()), ((400, "invalid-request"), place), "{body}");
    }
    let answer = api.post("/v1/alerts/unmute", &json!({"name": "nothing"})).await;
    assert_eq!((answer.code(), answer.place()), ((400, "invalid-request"), "/name"));
    assert_eq!(api.get("/v1/alerts").await.ok()["muted"], json!([]));
}
