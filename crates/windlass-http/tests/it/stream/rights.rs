//! Who may watch what.

use serde_json::{Value, json};
use windlass::store::Now;
use windlass::token::{Grant, Scope};
use windlass_http::{Access, Secret};
use windlass_testkit::draft::KIND;
use windlass_testkit::verdicts::complete;
use windlass_testkit::worker::worker;

use super::watch::{Watch, lines_for};
use crate::fixture::{TestApi, on_both_stores};

on_both_stores! {
    /// S-02: who loses the right to watch is told nothing more.
    a_removed_token_ends_its_stream;
    /// S-14: who is limited to a queue watches jobs of it, and learns nothing of others, nor of events and numbers.
    a_limited_token_watches_its_own_jobs;
    /// S-14: the same of who is limited to a tag.
    a_tenants_token_watches_its_own_jobs;
}

pub(super) async fn secret(api: &TestApi, name: &str, grant: Grant) -> String {
    let secret = Secret::new().expect("random");
    let token = secret.token(name, grant, None);
    assert!(api.client().store().add_token(&token, Now::Database).await.expect("kept"));
    secret.as_str().to_owned()
}

async fn a_removed_token_ends_its_stream(api: TestApi) {
    let api = api.asking(Access::tokens()).await;
    let grant = || Grant::everywhere([Scope::Read]);
    let (gone, stays) = (secret(&api, "gone", grant()).await, secret(&api, "stays", grant()).await);
    let mut ends = Watch::unread(&api, lines_for(&gone, "")).await;
    let mut goes_on = Watch::unread(&api, lines_for(&stays, "")).await;
    ends.told("start").await;
    goes_on.told("start").await;
    assert!(api.client().store().remove_token("gone").await.expect("removed"));
    let end = ends.told("end").await;
    assert_eq!((&end["code"], ends.next().await), (&json!("unauthorized"), None));
    super::watch::publish(&api, &["a"]).await;
    assert_eq!(goes_on.positions(1).await, [1]);
}

async fn a_limited_token_watches_its_own_jobs(api: TestApi) {
    let queues = vec!["default".to_owned()];
    let grant = Grant { queues, ..Grant::everywhere([Scope::Read]) };
    let job = |queue: &str| json!({"kind": KIND, "queue": queue});
    watches_its_own(api, grant, [job("default"), job("other")]).await;
}

async fn a_tenants_token_watches_its_own_jobs(api: TestApi) {
    let tags = vec!["tenant:acme".to_owned()];
    let grant = Grant { tags, ..Grant::everywhere([Scope::Read]) };
    let own = json!({"kind": KIND, "tags": ["tenant:acme"]});
    let other = json!({"kind": KIND, "tags": ["tenant:other"], "delay_ms": 900_000});
    watches_its_own(api, grant, [own, other]).await;
}

/// Of two jobs that are watched the first one is theirs.
async fn watches_its_own(api: TestApi, grant: Grant, jobs: [Value; 2]) {
    let [own, other] = jobs;
    let (own, other) = (api.post("/v1/jobs", &own).await, api.post("/v1/jobs", &other).await);
    let (own, other) = (own.text("id").to_owned(), other.text("id").to_owned());
    let api = api.asking(Access::tokens()).await;
    let limited = secret(&api, "limited", grant).await;
    for query in ["", "?types=*", "?from=0", "?counts=true", &format!("?jobs={own}&types=*")] {
        let answer = api.send(lines_for(&limited, query)).await;
        assert_eq!(answer.code(), (403, "forbidden"), "{query}");
    }
    let query = format!("?jobs={own},{other}");
    let mut watch = Watch::unread(&api, lines_for(&limited, &query)).await;
    watch.told("start").await;
    let first = watch.told("jobs").await;
    let states: Vec<_> = first["jobs"]
        .as_array()
        .expect("jobs")
        .iter()
        .map(|job| (&job["id"], &job["state"]))
        .collect();
    assert_eq!(states, [(&json!(own), &json!("available")), (&json!(other), &Value::Null)]);
    // The other one changes, and then its own: it is told of its own alone.
    let ids = [other.parse().expect("an id")];
    api.client().store().cancel(&ids, "", Now::Database).await.expect("cancelled");
    let registration = api.worker(worker()).await;
    api.run_one(&registration, complete()).await;
    loop {
        let message = watch.told("jobs").await;
        let jobs = message["jobs"].as_array().expect("jobs");
        assert!(jobs.iter().all(|job| job["id"] == own), "{message}");
        if jobs[0]["state"] == "completed" {
            break;
        }
    }
}
