//! Schedules.

use serde_json::json;
use windlass::schedule::{Declared, Definition, Owner};
use windlass::{NewJob, Schedule};
use windlass_testkit::verdicts::complete;
use windlass_testkit::worker::worker;

use crate::fixture::{TestApi, on_both_stores};

on_both_stores! {
    /// T49: a schedule is put as a whole, shown with all that it was given, listed and removed.
    a_schedule_is_put_shown_and_removed;
    a_schedule_is_paused_and_goes_on;
    /// O31: a run by hand is answered with its job, and refused while that has not ended.
    a_schedule_runs_now;
    /// T49: due times are shown by the clocks of the zone, of a schedule and of a rule that is tried.
    due_times_are_shown;
    /// T49: what is declared is shown beside what a person made of it, and stays removed.
    a_declared_schedule_stays_removed;
    /// Bad input: what cannot be a schedule names its place, and nothing is changed.
    what_cannot_be_a_schedule_is_refused;
}

async fn a_schedule_is_put_shown_and_removed(api: TestApi) {
    let body = json!({
        "rule": "30 2 * * *", "zone": "Europe/Berlin", "missed": "all", "overlap": "queue",
        "kind": "report.nightly", "args": {"to": "office"}, "version": 2, "queue": "reports",
        "priority": -4, "max_attempts": 3, "max_losses": 2, "timeout_ms": 60_000, "expires_ms": 90_000,
        "tags": ["billing"], "subjects": [{"type": "office", "id": "7"}], "cost": 5,
        "unique": {"key": "a", "until": "finished", "on_conflict": "keep"},
        "lane": {"key": "reports", "when_dead": "block"}, "limited": {"key": "k", "running": 2},
    });
    let put = api.put("/v1/schedules/nightly", &body).await.ok();
    assert_eq!((&put["schema"], &put["name"]), (&json!("schedule.v1"), &json!("nightly")));
    for (field, value) in body.as_object().expect("fields") {
        assert_eq!(put[field], *value, "{field}");
    }
    assert_eq!((&put["owner"], &put["changed_by"]), (&json!("person"), &json!("anybody")));
    assert!(put["next_at"].is_string() && put["declared"].is_null(), "{put}");
    assert_eq!(api.get("/v1/schedules/nightly").await.ok(), put);
    let other = json!({"rule": "every 15m", "kind": "crm.sync"});
    let other = api.put("/v1/schedules/nightly", &other).await.ok();
    assert_eq!((&other["zone"], &other["missed"]), (&json!("UTC"), &json!("one")));
    assert!(other["timeout_ms"].is_null() && other["lane"].is_null(), "{other}");
    assert_eq!((&other["tags"], &other["args"]), (&json!([]), &json!({})));
    let listed = api.get("/v1/schedules").await.ok();
    assert_eq!((&listed["items"], &listed["has_more"]), (&json!([other]), &json!(false)));
    let removed = api.delete("/v1/schedules/nightly").await;
    assert_eq!((removed.status.as_u16(), &removed.body), (204, &json!(null)));
    assert_eq!(api.delete("/v1/schedules/nightly").await.code(), (404, "not-found"));
    assert_eq!(api.get("/v1/schedules/nightly").await.code(), (404, "not-found"));
}

async fn a_schedule_is_paused_and_goes_on(api: TestApi) {
    for verb in ["pause", "resume", "run-now"] {
        let answer = api.act(&format!("/v1/schedules/sync/{verb}")).await;
        assert_eq!(answer.code(), (404, "not-found"), "{verb}");
    }
    api.put("/v1/schedules/sync", &json!({"rule": "every 1h", "kind": "k"})).await.ok();
    let note = json!({"note": "stocktaking, ana"});
    let paused = api.post("/v1/schedules/sync/pause", &note).await.ok();
    assert!(paused["paused_at"].is_string() && paused["next_at"].is_null(), "{paused}");
    assert_eq!(paused["note"], note["note"]);
    let again = api.act("/v1/schedules/sync/pause").await.ok();
    assert!(again["paused_at"].is_string() && again["note"].is_null(), "{again}");
    for _ in 0..2 {
        let resumed = api.act("/v1/schedules/sync/resume").await.ok();
        assert!(resumed["paused_at"].is_null() && resumed["next_at"].is_string(), "{resumed}");
    }
    let answer = api.post("/v1/schedules/sync/pause", &json!({"for_ms": 1})).await;
    assert_eq!((answer.code(), answer.place()), ((400, "invalid-request"), "/for_ms"));
}

async fn a_schedule_runs_now(api: TestApi) {
    api.put("/v1/schedules/sync", &json!({"rule": "every 1h", "kind": "work"})).await.ok();
    let ran = api.act("/v1/schedules/sync/run-now").await;
    assert_eq!(ran.status.as_u16(), 201);
    let job = ran.ok();
    assert_eq!((&job["schema"], &job["state"]), (&json!("job.v1"), &json!("available")));
    assert_eq!(
        (&job["schedule"]["name"], &job["schedule"]["cause"]),
        (&json!("sync"), &json!("hand"))
    );
    let shown = api.get("/v1/schedules/sync").await.ok();
    assert_eq!((&shown["last_job"], &shown["last_job_has_ended"]), (&job["id"], &json!(false)));
    assert_eq!(api.act("/v1/schedules/sync/run-now").await.code(), (409, "conflict"));
    let worker = api.worker(worker()).await;
    api.run_one(&worker, complete()).await;
    assert_eq!(api.act("/v1/schedules/sync/run-now").await.status.as_u16(), 201);
}

async fn due_times_are_shown(api: TestApi) {
    let body = json!({"rule": "30 2 * * *", "zone": "Europe/Berlin", "kind": "k"});
    api.put("/v1/schedules/nightly", &body).await.ok();
    let path = "/v1/schedules/nightly/next?n=2&after=2190-03-27T12:00:00Z";
    let next = api.get(path).await.ok();
    assert_eq!((&next["schema"], &next["name"]), (&json!("preview.v1"), &json!("nightly")));
    assert_eq!(next["due"].as_array().map(Vec::len), Some(2));
    assert_eq!(
        api.get("/v1/schedules/nightly/next").await.ok()["due"][9]["at"].as_str().map(str::len),
        Some(24)
    );
    let tried = json!({"rule": "30 2 * * *", "zone": "Europe/Berlin", "n": 2, "after": "2026-03-28T12:00:00Z"});
    let tried = api.post("/v1/schedule-preview", &tried).await.ok();
    assert_eq!((&tried["name"], &tried["zone"]), (&json!(null), &json!("Europe/Berlin")));
    let first = json!({"at": "2026-03-29T01:00:00.000Z", "local": "2026-03-29T03:00:00+02:00[Europe/Berlin]"});
    assert_eq!((&tried["due"][0], tried["due"].as_array().map(Vec::len)), (&first, Some(2)));
    let rare = json!({"rule": "0 0 29 2 *", "n": 100});
    let rare = api.post("/v1/schedule-preview", &rare).await.ok();
    assert_eq!(rare["due"].as_array().map(Vec::len), Some(100));
    for (query, place) in
        [("n=0", "n"), ("n=101", "n"), ("n=x", "query"), ("m=1", "query"), ("after=now", "query")]
    {
        let answer = api.get(&format!("/v1/schedules/nightly/next?{query}")).await;
        assert_eq!((answer.code(), answer.place()), ((400, "invalid-request"), place), "{query}");
    }
    assert_eq!(api.get("/v1/schedules/nobody/next").await.code(), (404, "not-found"));
    for (body, place) in [
        (json!({"rule": "* * * *"}), "/rule"),
        (json!({"rule": "* * * * *", "n": 101}), "/n"),
        (json!({"rule": "* * * * *", "zone": "Europe/Atlantis"}), "/zone"),
    ] {
        let answer = api.post("/v1/schedule-preview", &body).await;
        assert_eq!((answer.code(), answer.place()), ((400, "invalid-request"), place), "{body}");
    }
}

async fn a_declared_schedule_stays_removed(api: TestApi) {
    let job = NewJob::new("report.nightly", windlass::Json::args("{\"to\":1}").expect("JSON"));
    let schedule = Schedule::cron("30 2 * * *").expect("a rule");
    let definition = Definition::new(schedule, job).expect("a definition");
    let declared = Declared {
        name: "nightly".to_owned(),
        definition,
        owner: Owner::Code,
        by: "shop 2.14".to_owned(),
    };
    api.declare(declared).await;
    let shown = api.get("/v1/schedules/nightly").await.ok();
    assert_eq!((&shown["owner"], &shown["declared"]["by"]), (&json!("code"), &json!("shop 2.14")));
    assert_eq!(shown["declared"]["definition"]["args"], json!({"to": 1}));
    assert_eq!(shown["differs_from_declaration"], false);
    let other = json!({"rule": "0 3 * * *", "kind": "report.nightly", "timeout_ms": 5});
    let other = api.put("/v1/schedules/nightly", &other).await.ok();
    assert_eq!((&other["owner"], &other["rule"]), (&json!("person"), &json!("0 3 * * *")));
    assert_eq!(other["declared"]["definition"]["rule"], "30 2 * * *");
    assert_eq!(other["differs_from_declaration"], true);
    let removed = api.delete("/v1/schedules/nightly").await;
    assert_eq!(removed.status.as_u16(), 200);
    assert!(removed.ok()["removed_at"].is_string());
    assert_eq!(api.act("/v1/schedules/nightly/run-now").await.code(), (404, "not-found"));
    assert_eq!(api.delete("/v1/schedules/nightly").await.status.as_u16(), 204);
}

async fn what_cannot_be_a_schedule_is_refused(api: TestApi) {
    let with = |field: &str, value: serde_json::Value| {
        let mut body = json!({"rule": "* * * * *", "kind": "k"});
        body[field] = value;
        body
    };
    for (body, place) in [
        (json!({"kind": "k"}), ""),
        (json!({"rule": "* * * * *"}), ""),
        (with("rule", json!("0 0 30 2 *")), "/rule"),
        (with("rule", json!("every 10ms")), "/rule"),
        (with("rule", json!("*".repeat(300))), "/rule"),
        (with("zone", json!("Europe/Atlantis")), "/zone"),
        (with("zone", json!("x".repeat(2 << 20))), "/zone"),
        (with("missed", json!("some")), "/missed"),
        (with("overlap", json!("wait")), "/overlap"),
        (with("run_at", json!("2190-01-01T00:00:00Z")), "/run_at"),
        (with("unique", json!({"key": "a", "for_ms": 1})), "/unique/for_ms"),
        (with("subjects", json!([{"type": "a"}])), "/subjects/0"),
        (with("args", json!("a\u{0}b")), "/args"),
    ] {
        let answer = api.put("/v1/schedules/nightly", &body).await;
        assert_eq!((answer.code(), answer.place()), ((400, "invalid-request"), place), "{body}");
    }
    for body in [
        with("kind", json!("wo rk")),
        with("queue", json!("")),
        with("max_attempts", json!(40_000)),
        with("expires_ms", json!(0)),
        with("version", json!(40_000)),
    ] {
        let answer = api.put("/v1/schedules/nightly", &body).await;
        assert_eq!(answer.code(), (422, "refused"), "{body}");
    }
    let answer = api.put("/v1/schedules/a%20b", &with("priority", json!(1))).await;
    assert_eq!((answer.code(), answer.place()), ((400, "invalid-request"), "path"));
    assert_eq!(api.get("/v1/schedules").await.ok()["items"], json!([]));
}
