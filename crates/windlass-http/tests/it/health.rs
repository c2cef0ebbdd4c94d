//! How the store is.

use serde_json::{Value, json};
use windlass::health::Thresholds;
use windlass_testkit::verdicts::die;
use windlass_testkit::worker::worker;

use crate::fixture::{TestApi, on_both_stores};

on_both_stores! {
    /// O24: the status has the numbers of jobs, queues, workers and lines, and does not tell the database's address.
    the_status_has_all_numbers;
    /// C18: problems are told, each by a sign of its own, with the thresholds.
    problems_are_told;
    /// C18: names and commands stand apart from words, and the parts of a line are the line.
    a_line_is_told_in_parts;
    /// S-16: who asks without credentials whether the server is ready hears no words of the database.
    a_store_that_is_away_is_not_described;
}

async fn a_store_that_is_away_is_not_described(api: TestApi) {
    assert_eq!(api.get("/readyz").await.ok()["status"], "ready");
    for (sql, detail) in [
        (
            "drop table if exists {schema}; drop table if exists {schema_version}",
            "the schema of the database is older than this program, or not there",
        ),
        (
            "create table {schema} (x int); create table {schema_version} (x int)",
            "the database does not answer",
        ),
    ] {
        api.by_sql(sql).await;
        let away = api.get("/readyz").await;
        assert_eq!((away.code(), away.text("detail")), ((503, "unavailable"), detail));
    }
}

async fn the_status_has_all_numbers(api: TestApi) {
    let empty = api.get("/v1/status").await.ok();
    assert_eq!((&empty["schema"], &empty["store"]), (&json!("status.v1"), &json!(null)));
    assert_eq!((&empty["workers"]["alive"], &empty["queues"]), (&json!(0), &json!([])));
    for queue in ["default", "mail"] {
        api.post("/v1/jobs", &json!({"kind": "work", "queue": queue})).await.ok();
    }
    api.put("/v1/limits/kind:work", &json!({"running": 1})).await.ok();
    api.put("/v1/queues/mail/bound", &json!({"jobs": 9})).await.ok();
    api.act("/v1/kinds/mail.send/pause").await.ok();
    api.worker(worker()).await;
    let status = api.get("/v1/status").await.ok();
    assert_eq!((&status["jobs"]["available"], &status["lines"]["limits"]), (&json!(2), &json!(1)));
    assert_eq!((&status["workers"]["alive"], &status["workers"]["slots"]), (&json!(1), &json!(10)));
    let queues = status["queues"].as_array().expect("queues");
    assert!(
        queues.iter().any(|queue| queue["name"] == "mail" && queue["max_jobs"] == 9),
        "{status}"
    );
    assert_eq!(status["unserved"][0]["queue"], "mail", "{status}");
    assert_eq!(status["paused_kinds"][0]["kind"], "mail.send");
    assert!(status["oldest_due_at"].is_string());
}

async fn problems_are_told(api: TestApi) {
    let none = api.get("/v1/problems").await.ok();
    assert_eq!((&none["schema"], &none["problems"]), (&json!("doctor.v1"), &json!(0)));
    assert_eq!((&none["store"], &none["warnings"]), (&json!(null), &json!(1)), "no worker: {none}");
    let thresholds = serde_json::to_value(Thresholds::default()).expect("JSON");
    assert_eq!(none["thresholds"], thresholds);
    api.put("/v1/limits/kind:wrk", &json!({"running": 1})).await.ok();
    let blocking = json!({"kind": "work", "lane": {"key": "l", "when_dead": "block"}});
    api.post("/v1/jobs", &blocking).await.ok();
    let worker = api.worker(worker()).await;
    api.run_one(&worker, die()).await;
    api.act("/v1/queues/default/pause").await.ok();
    let told = api.get("/v1/problems").await.ok();
    assert_eq!(told["problems"], 1, "{told:#}");
    let check = |name: &str| {
        let checks = told["checks"].as_array().expect("checks").iter();
        let found = checks.filter(|check| check["check"] == name).collect::<Vec<_>>();
        found.first().map_or_else(|| panic!("no check {name}: {told:#}"), |check| (*check).clone())
    };
    let lanes = check("lanes");
    assert_eq!(
        (&lanes["status"], &lanes["about"][0]["problem"]),
        (&json!("problem"), &json!("lane_blocked"))
    );
    assert!(
        lanes["fix"].as_str().is_some_and(|fix| fix.contains("windlass lane open l")),
        "{lanes}"
    );
    assert_eq!(check("limits")["about"][0]["problem"], "limit_unused");
    assert_eq!(check("dying")["about"][0]["problem"], "dying");
    assert_eq!(check("pauses")["fix"], "windlass queue resume default");
    assert_eq!(check("schema")["status"], "ok");
}

async fn a_line_is_told_in_parts(api: TestApi) {
    api.post("/v1/jobs", &json!({"kind": "work"})).await.ok();
    let worker = api.worker(worker()).await;
    api.run_one(&worker, die()).await;
    for kind in ["crm.push", "crm.pull", "crm.sync", "crm.wipe"] {
        api.post("/v1/jobs", &json!({"kind": kind, "queue": "crm"})).await.ok();
    }
    api.act("/v1/queues/mail/pause").await.ok();
    let told = api.get("/v1/problems").await.ok();
    let checks = told["checks"].as_array().expect("checks");
    for check in checks {
        for (text, parts) in [("detail", "detail_parts"), ("fix", "fix_parts")] {
            let lines = check[parts].as_array().expect("lines").iter();
            let line = |line: &Value| {
                let parts = line.as_array().expect("parts").iter();
                parts.map(|part| part["text"].as_str().expect("a text")).collect::<String>()
            };
            let lines = lines.map(line).collect::<Vec<_>>().join("\n");
            assert_eq!(lines, check[text].as_str().unwrap_or_default(), "{check:#}");
        }
    }
    let check = |name: &str| checks.iter().find(|check| check["check"] == name).expect("a check");
    let queue = &check("queues")["detail_parts"][1];
    assert_eq!(queue[0], json!({"text": "crm", "is": "queue"}));
    assert_eq!(queue[2], json!({"text": "crm.pull", "is": "kind"}));
    let detail = check("queues")["detail"].as_str().expect("a text");
    assert!(detail.contains("crm: 4 jobs of crm.pull, crm.push, crm.sync and 1 more kind, oldest"));
    let dead = &check("dead")["fix_parts"][0];
    assert_eq!(dead[1], json!({"text": "windlass job list state:dead", "is": "command"}));
    assert_eq!(dead[2], json!({"text": ", then "}));
    let pause = json!([[{"text": "windlass queue resume mail", "is": "command"}]]);
    assert_eq!(check("pauses")["fix_parts"], pause);
}
