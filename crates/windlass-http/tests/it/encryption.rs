//! Encrypted args over HTTP: who claims a job has them, who looks at it does not.

use serde_json::{Value, json};
use windlass::encryption::Keys;

use crate::fixture::{TestApi, on_both_stores};

on_both_stores! {
    /// S-45: a server with keys encrypts what it is given, hands it out in clear to workers, and shows it to nobody else.
    workers_alone_are_told;
    /// A server without the key hands out nothing: the attempt has failed, and the job says why.
    a_server_without_the_key_hands_out_nothing;
    /// What a worker enqueues as it completes is encrypted too.
    what_comes_of_a_job_is_encrypted;
}

const KEY: &str = "k:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
const CANARY: &str = "canary-4711";

/// A worker of the kind `k`, by its id.
async fn registered(api: &TestApi) -> String {
    let body = json!({
        "name": "py", "host": "h", "pid": 7, "build": "shop 2.0", "slots": 4, "protocol": 1,
        "handlers": [{"kind": "k"}],
    });
    api.post("/v1/workers", &body).await.text("worker").to_owned()
}

async fn claimed(api: &TestApi, worker: &str) -> Value {
    let path = format!("/v1/workers/{worker}/claim");
    let answer = api.post(&path, &json!({"max": 9, "wait_ms": 0})).await.ok();
    answer["jobs"][0].clone()
}

async fn enqueued(api: &TestApi) -> String {
    let body = json!({"kind": "k", "args": {"card": CANARY}, "unique": {"key": CANARY}});
    let answer = api.post("/v1/jobs", &body).await;
    answer.text("id").to_owned()
}

async fn settle(api: &TestApi, job: &Value, mut result: Value) {
    (result["job"], result["lease"]) = (job["id"].clone(), job["lease"].clone());
    let answer = api.post("/v1/results", &json!({"results": [result]})).await.ok();
    assert_eq!(answer["results"][0]["status"], "done", "{answer}");
}

async fn workers_alone_are_told(api: TestApi) {
    let api = api.encrypting(Keys::parse(KEY).expect("a key")).await;
    let id = enqueued(&api).await;
    let worker = registered(&api).await;
    for path in [format!("/v1/jobs/{id}"), "/v1/jobs".to_owned(), format!("/v1/traces/{id}")] {
        let shown = api.get(&path).await.ok().to_string();
        assert!(shown.contains(&id) && !shown.contains(CANARY), "{path}: {shown}");
    }
    let job = claimed(&api, &worker).await;
    assert_eq!(job["args"], json!({"card": CANARY}));
    // Also where it comes a second time.
    settle(&api, &job, json!({"result": "fail", "error": {"message": "not yet"}})).await;
    api.post(&format!("/v1/jobs/{id}/retry"), &json!({})).await.ok();
    let job = claimed(&api, &worker).await;
    assert_eq!((&job["attempt"], &job["args"]), (&json!(2), &json!({"card": CANARY})));
}

async fn a_server_without_the_key_hands_out_nothing(api: TestApi) {
    let keyless = api.another().await;
    let api = api.encrypting(Keys::parse(KEY).expect("a key")).await;
    let id = enqueued(&api).await;
    let worker = registered(&keyless).await;
    assert_eq!(claimed(&keyless, &worker).await, Value::Null);
    let job = keyless.get(&format!("/v1/jobs/{id}")).await.ok();
    assert_eq!(job["state"], "retryable");
    let told = job["attempts"][0]["error"].to_string();
    assert!(told.contains("the key k, which this program does not have"), "{job}");
    // It has the slot back.
    api.post(&format!("/v1/jobs/{id}/retry"), &json!({})).await.ok();
    assert_eq!(claimed(&api, &worker).await["args"], json!({"card": CANARY}));
}

async fn what_comes_of_a_job_is_encrypted(api: TestApi) {
    let api = api.encrypting(Keys::parse(KEY).expect("a key")).await;
    enqueued(&api).await;
    let worker = registered(&api).await;
    let job = claimed(&api, &worker).await;
    let child = json!({"kind": "child", "args": {"card": CANARY}});
    settle(&api, &job, json!({"result": "complete", "enqueue": [child]})).await;
    let children = api.get("/v1/jobs?filter=kind:child").await.ok();
    assert_eq!(children["items"][0]["args"]["windlass_encrypted"], "k", "{children}");
    assert!(!children.to_string().contains(CANARY));
}
