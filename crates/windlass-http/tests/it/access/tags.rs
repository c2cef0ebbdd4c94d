//! Who is limited to tags, as a tenant is.

use std::collections::BTreeMap;

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};
use windlass::job::Verdict;
use windlass::progress::{Level, NewLogLine, Progress, Report};
use windlass::step::{NewStep, Others, StepForm};
use windlass::store::Now;
use windlass::token::{Grant, Scope};
use windlass::{Json, Outcome, State};
use windlass_http::{Access, lease_text};
use windlass_testkit::verdicts::complete_with;
use windlass_testkit::worker::worker;

use super::{get, post, secret, send};
use crate::fixture::{TestApi, fence, hold_still, on_both_stores};

on_both_stores! {
    /// S-14: over all operations of the API document, somebody of a tenant neither sees nor touches another tenant's jobs.
    nobody_is_told_of_others_jobs;
    /// S-14: of a tenant's own jobs its token gets what one without limits gets, over all operations on one job.
    own_jobs_are_told_as_to_everybody;
    /// S-14: each job that a tenant writes bears its tag and no other tenant's, or nothing of the call is written.
    a_tenant_writes_jobs_of_its_own;
    /// S-14: an operation of a tenant changes its own jobs, and another tenant's operations are not there.
    an_operation_stays_within_its_tenant;
    /// S-14: a tenant registers no worker, and settles what a handler has given away of its own jobs alone.
    a_tenant_settles_its_own_jobs;
    /// S-14: a grant that says more than this program knows lets nobody in.
    a_grant_of_a_later_version_lets_nobody_in;
}

/// Everything of the other tenant's jobs that is not an id has this.
pub(super) const CANARY: &str = "canary-5e19";
pub(super) const OWN: &str = "tenant:acme";
pub(super) const OTHER: &str = "tenant:other";
pub(super) const SCOPES: [Scope; 5] =
    [Scope::Read, Scope::Enqueue, Scope::Publish, Scope::Work, Scope::Operate];

pub(super) fn tenant(tag: &str) -> Grant {
    Grant { tags: vec![tag.to_owned()], ..Grant::everywhere(SCOPES) }
}

/// A job of a tenant, with a word wherever there may be one.
pub(super) fn draft(tag: &str, word: &str, more: Value) -> Value {
    let mut body = json!({
        "kind": "work",
        "args": {"word": word},
        "tags": [tag, word],
        "subjects": [{"type": "order", "id": word}],
    });
    for (name, value) in more.as_object().into_iter().flatten() {
        body[name] = value.clone();
    }
    body
}

pub(super) async fn written(api: &TestApi, body: &Value) -> String {
    api.post("/v1/jobs", body).await.text("id").to_owned()
}

/// The same of a server that asks for a token.
pub(super) async fn written_by(api: &TestApi, token: &str, body: &Value) -> String {
    post(api, "/v1/jobs", token, body).await.text("id").to_owned()
}

/// Jobs of one tenant in each place that there is, and the leases of those that run.
struct Filled {
    done: String,
    dead: String,
    waiting: String,
    scheduled: String,
    /// It runs under a remote worker.
    remote: (String, String),
    /// It runs under a worker of another process.
    given: (String, String),
    worker: String,
}

impl Filled {
    fn ids(&self) -> [&String; 6] {
        [&self.done, &self.dead, &self.waiting, &self.scheduled, &self.remote.0, &self.given.0]
    }
}

async fn fill(api: &TestApi, tag: &str, word: &str, key: &str) -> Filled {
    let job = async |more: Value| written(api, &draft(tag, word, more)).await;
    let (client, registration) = (api.client(), api.worker(worker()).await);
    let store = client.store();
    let done = job(json!({})).await;
    let batch = api.claim(&registration).await;
    let held = fence(&registration, &batch);
    let text = || word.to_owned();
    let line =
        NewLogLine { nth: 1, age: std::time::Duration::ZERO, level: Level::Info, text: text() };
    let report = Report {
        fence: held.clone(),
        checkpoint: Some(Json::args(json!(word).to_string()).expect("JSON")),
        progress: Some((Progress { note: Some(text()), ..Progress::default() }, 1)),
        lines: vec![line],
    };
    store.report(&[report], Now::Database).await.expect("reported");
    let output = Some(Json::output(json!(word).to_string()).expect("JSON"));
    let step = NewStep { nth: 1, name: text(), form: StepForm::Work, output, until: None };
    store.record_steps(&held, &[step], Others::Stay, Now::Database).await.expect("recorded");
    api.settle(&registration, &batch, complete_with(&json!(word).to_string())).await;
    let dead = job(json!({"unique": {"key": key, "until": "elapsed", "for_ms": 3_600_000}})).await;
    let die = Verdict::Die { outcome: Outcome::Error, error: text(), reason: text() };
    api.run_one(&registration, die).await;
    let given = job(json!({})).await;
    let lease = lease_text(&fence(&registration, &api.claim(&registration).await));
    let asked = json!({"slots": 1, "protocol": 1, "handlers": [{"kind": "work"}]});
    let remote_worker = api.post("/v1/workers", &asked).await.text("worker").to_owned();
    let remote = job(json!({})).await;
    let room = json!({"max": 1, "wait_ms": 0});
    let claimed = api.post(&format!("/v1/workers/{remote_worker}/claim"), &room).await;
    let remote_lease = claimed.body["jobs"][0]["lease"].as_str().expect("a lease").to_owned();
    let waiting = job(json!({"waits": {"signals": ["go"]}})).await;
    let scheduled = job(json!({"delay_ms": 900_000})).await;
    Filled {
        done,
        dead,
        waiting,
        scheduled,
        remote: (remote, remote_lease),
        given: (given, lease),
        worker: remote_worker,
    }
}

/// How jobs are now, with all that is kept of them.
async fn kept(api: &TestApi, world: &Filled) -> Vec<String> {
    let mut all = Vec::new();
    for id in world.ids() {
        let id = id.parse().expect("an id");
        let job = api.client().job(id).await.expect("read").expect("there");
        let conditions = api.client().conditions(id).await.expect("read");
        all.push(format!("{job:?} {conditions:?} {:?}", api.client().log(id, 9).await));
    }
    all
}

/// The operations of the document: method, template.
fn operations() -> Vec<(Method, String)> {
    let document: Value = serde_json::from_str(&windlass_http::openapi()).expect("JSON");
    let paths = document["paths"].as_object().expect("paths");
    let each = |(path, operations): (&String, &Value)| -> Vec<(Method, String)> {
        let methods = operations.as_object().expect("operations").keys();
        let method = |word: &String| word.to_uppercase().parse().expect("a method");
        methods.map(|word| (method(word), path.clone())).collect()
    };
    paths.iter().flat_map(each).collect()
}

/// Operations that answer somebody of a tenant, or refuse them for another reason: with what is theirs.
const THEIRS: [(&str, &str); 14] = [
    ("GET", "/healthz"),
    ("GET", "/readyz"),
    ("GET", "/v1/errors"),
    ("GET", "/v1/errors/{fingerprint}"),
    ("GET", "/v1/jobs"),
    ("POST", "/v1/jobs"),
    ("POST", "/v1/jobs/batch"),
    ("GET", "/v1/operations"),
    ("POST", "/v1/operations"),
    ("GET", "/v1/session"),
    ("POST", "/v1/session"),
    ("DELETE", "/v1/session"),
    ("PUT", "/v1/session/password"),
    ("GET", "/v1/stream"),
];

/// What is sent to an operation, so that nothing else than the limit stands in its way.
fn body_for(template: &str, world: &Filled, lease: &str, job: &str) -> Value {
    match template {
        "/v1/jobs" => json!({"kind": "work", "id": world.done, "tags": [OWN]}),
        "/v1/jobs/batch" => json!({"jobs": [{"kind": "work", "id": world.done, "tags": [OWN]}]}),
        "/v1/jobs/{id}/move" => json!({"queue": "other"}),
        "/v1/jobs/{id}/report" => json!({"lease": lease, "progress": {"percent": 1.0}}),
        "/v1/results" => json!({"results": [{"job": job, "lease": lease, "result": "complete"}]}),
        "/v1/operations" => {
            json!({"action": "cancel", "filter": "state:scheduled,waiting", "dry_run": true})
        }
        "/v1/workers" => json!({"slots": 1, "protocol": 1, "handlers": [{"kind": "work"}]}),
        "/v1/workers/{id}/claim" => json!({"max": 1, "wait_ms": 0}),
        "/v1/workers/{id}/heartbeat" => json!({"leases": [world.remote.1]}),
        _ => json!({}),
    }
}

async fn nobody_is_told_of_others_jobs(api: TestApi) {
    let world = fill(&api, OTHER, CANARY, "key of other").await;
    let begun = json!({"action": "delete", "filter": format!("tag:{CANARY} state:cancelled"), "note": CANARY});
    let begun = api.post("/v1/operations", &begun).await.text("id").to_owned();
    let batch = json!({"jobs": [draft(OTHER, CANARY, json!({"delay_ms": 900_000}))]});
    let batch = api.post("/v1/batches", &batch).await.text("id").to_owned();
    let api = api.asking(Access::tokens()).await;
    let admin = Grant { scopes: vec![Scope::Admin], ..tenant(OWN) };
    let secrets = [secret(&api, "acme", tenant(OWN)).await, secret(&api, "boss", admin).await];
    let before = kept(&api, &world).await;
    let mut asked = 0;
    for (method, template) in operations() {
        let ids: Vec<&String> = match template.split('/').nth(2) {
            Some("operations") => vec![&begun],
            Some("batches" | "workflows") => vec![&batch],
            Some("workers") => vec![&world.worker],
            _ if template.contains("{id}") => world.ids().to_vec(),
            _ => vec![&world.done],
        };
        for (id, token) in ids.into_iter().flat_map(|id| secrets.iter().map(move |one| (id, one))) {
            let path = template.replace("{id}", id).replace("{name}", "go").replace(['{', '}'], "");
            let path = if path == "/v1/stream" { format!("{path}?from=x") } else { path };
            let (job, lease) = if *id == world.remote.0 { &world.remote } else { &world.given };
            let body = body_for(&template, &world, lease, job);
            let answer = send(&api, (method.clone(), &path), Some(token), &body).await;
            assert!(!answer.body.to_string().contains(CANARY), "{method} {path}: {answer:?}");
            let is_theirs = THEIRS.contains(&(method.as_str(), template.as_str()));
            let is_refused = matches!(answer.status, StatusCode::FORBIDDEN | StatusCode::NOT_FOUND);
            assert!(is_refused || is_theirs, "{method} {path}: {answer:?}");
            asked += 1;
        }
    }
    assert!(asked > 300, "{asked}");
    assert_eq!(kept(&api, &world).await, before);
    for token in &secrets {
        for query in
            ["", "?filter=tag:tenant:other", "?filter=state:dead", "?filter=-tag:tenant:acme"]
        {
            let query = if query.is_empty() { "?" } else { query }.to_owned() + "&count=exact";
            let listed = get(&api, &format!("/v1/jobs{}", query.replace("?&", "?")), token).await;
            assert_eq!(
                (&listed.body["items"], &listed.body["count"]["value"]),
                (&json!([]), &json!(0)),
                "{listed:?}"
            );
        }
        assert_eq!(get(&api, "/v1/operations", token).await.ok()["items"], json!([]));
    }
    assert_eq!(get(&api, "/metrics", &secrets[0]).await.status, StatusCode::FORBIDDEN);
}

/// What of a document is not the same for two jobs that are.
const OF_ONE: [&str; 15] = [
    "now",
    "id",
    "job",
    "root",
    "created_at",
    "run_at",
    "started_at",
    "finished_at",
    "ended_at",
    "at",
    "since",
    "reason",
    "origin",
    "worker",
    "key",
];

fn alike(body: &Value) -> Value {
    match body {
        Value::Object(fields) => {
            let kept = fields.iter().filter(|(name, _)| !OF_ONE.contains(&name.as_str()));
            kept.map(|(name, value)| (name.clone(), alike(value))).collect()
        }
        Value::Array(items) => items.iter().map(alike).collect(),
        other => other.clone(),
    }
}

async fn own_jobs_are_told_as_to_everybody(api: TestApi) {
    let (own, twin) = (fill(&api, OWN, "plain", "a").await, fill(&api, OWN, "plain", "b").await);
    let api = api.asking(Access::tokens()).await;
    let limited = secret(&api, "acme", tenant(OWN)).await;
    let whole = secret(&api, "whole", Grant::everywhere(SCOPES)).await;
    let mut acts: BTreeMap<&str, [(&str, &str); 2]> = BTreeMap::new();
    for (nth, world) in [&own, &twin].into_iter().enumerate() {
        for (template, job, lease) in [
            ("/v1/jobs/{id}/move", world.scheduled.as_str(), ""),
            ("/v1/jobs/{id}/cancel", &world.scheduled, ""),
            ("/v1/jobs/{id}/retry", &world.dead, ""),
            ("/v1/jobs/{id}/conditions/{name}/waive", &world.waiting, ""),
            ("/v1/jobs/{id}/report", &world.remote.0, &world.remote.1),
        ] {
            acts.entry(template).or_default()[nth] = (job, lease);
        }
    }
    for (method, template) in operations() {
        if !template.starts_with("/v1/jobs/{id}") || method != Method::GET {
            continue;
        }
        for id in own.ids() {
            let path = template.replace("{id}", id);
            let path = if path.ends_with("/wait") { format!("{path}?timeout_ms=1") } else { path };
            let (mine, all) =
                (get(&api, &path, &limited).await.ok(), get(&api, &path, &whole).await.ok());
            let sorted = |mut body: Value| {
                hold_still(body.as_object_mut().expect("a document"));
                body
            };
            assert_eq!(sorted(mine), sorted(all), "{path}");
        }
    }
    // A move comes before a cancel, which ends the job.
    let posts = operations().into_iter().filter(|(method, _)| *method == Method::POST);
    let mut posts: Vec<_> = posts.filter(|(_, path)| path.starts_with("/v1/jobs/{id}")).collect();
    posts.sort_by_key(|(_, path)| !path.ends_with("/move"));
    for (_, template) in posts {
        let [mine, all] = acts[template.as_str()];
        let act = async |token: &str, (job, lease): (&str, &str)| {
            let path = template.replace("{id}", job).replace("{name}", "go");
            alike(&post(&api, &path, token, &body_for(&template, &own, lease, job)).await.ok())
        };
        assert_eq!(act(&limited, mine).await, act(&whole, all).await, "{template}");
    }
    for (token, world) in [(&limited, &own), (&whole, &twin)] {
        for (job, lease) in [&world.remote, &world.given] {
            let results = body_for("/v1/results", world, lease, job);
            let settled = post(&api, "/v1/results", token, &results).await;
            assert_eq!(settled.body["results"][0]["status"], "done", "{settled:?}");
            let again = post(&api, "/v1/results", token, &results).await;
            assert_eq!(again.body["results"][0]["status"], "already", "{again:?}");
        }
    }
    let other = secret(&api, "other", tenant(OTHER)).await;
    let (job, lease) = &own.remote;
    let late = post(&api, "/v1/results", &other, &body_for("/v1/results", &own, lease, job)).await;
    assert_eq!(
        late.body["results"][0]["status"], "lost",
        "another tenant learns nothing: {late:?}"
    );
    let listed = get(&api, "/v1/jobs?count=exact&filter=tag:plain", &limited).await;
    assert_eq!(listed.body["count"]["value"], 12, "{listed:?}");
}

async fn a_tenant_writes_jobs_of_its_own(api: TestApi) {
    let api = api.asking(Access::tokens()).await;
    let token = secret(&api, "acme", tenant(OWN)).await;
    let own = json!({"kind": "k", "tags": ["bulk", OWN]});
    for foreign in [
        json!({"kind": "k"}),
        json!({"kind": "k", "tags": ["bulk"]}),
        json!({"kind": "k", "tags": [OTHER]}),
        json!({"kind": "k", "tags": [OWN, OTHER]}),
        json!({"kind": "k", "tags": ["tenant:acm", "tenant:acmes"]}),
        json!({"kind": "k", "tags": [OWN], "waits": {"signals": ["go"]}}),
        json!({"kind": "k", "tags": [OWN], "waits": {"batches": ["bat_01KAHT5V3X5W9GNQ6D4R3ZCE7M"]}}),
        json!({"kind": "k", "tags": [OWN], "batch": "bat_01KAHT5V3X5W9GNQ6D4R3ZCE7M"}),
        json!({"kind": "k", "tags": [OWN], "unique": {"key": "x", "on_conflict": "replace"}}),
        json!({"kind": "k", "tags": [OWN], "lane": {"key": "x", "supersedes": ["k"]}}),
    ] {
        let refused = post(&api, "/v1/jobs", &token, &foreign).await;
        assert_eq!(refused.code(), (403, "forbidden"), "{foreign}");
        assert!(refused.text("detail").ends_with("nothing was written"), "{refused:?}");
        for mixed in [json!({"jobs": [own, foreign]}), json!({"jobs": [foreign, own, own]})] {
            let refused = post(&api, "/v1/jobs/batch", &token, &mixed).await;
            assert_eq!(refused.code(), (403, "forbidden"), "{mixed}");
        }
    }
    assert_eq!(api.client().counts().await.expect("counted").total(), 0, "nothing was written");
    assert_eq!(post(&api, "/v1/jobs", &token, &own).await.status, StatusCode::CREATED);
    let two = json!({"jobs": [own, {"kind": "k", "tags": [OWN], "unique": {"key": "x"}}]});
    assert_eq!(post(&api, "/v1/jobs/batch", &token, &two).await.status, StatusCode::OK);
    assert_eq!(get(&api, "/v1/jobs", &token).await.body["items"].as_array().map(Vec::len), Some(3));
}

async fn an_operation_stays_within_its_tenant(api: TestApi) {
    let later = |tag: &str| draft(tag, CANARY, json!({"delay_ms": 900_000}));
    let (own, other) = (written(&api, &later(OWN)).await, written(&api, &later(OTHER)).await);
    let api = api.asking(Access::tokens()).await;
    let mine = secret(&api, "acme", tenant(OWN)).await;
    let theirs = secret(&api, "other", tenant(OTHER)).await;
    let cancel = |filter: &str| json!({"action": "cancel", "filter": filter});
    let mut tried = cancel("state:scheduled");
    tried["dry_run"] = json!(true);
    let found = post(&api, "/v1/operations", &mine, &tried).await.ok();
    assert_eq!((&found["jobs"], found.to_string().contains(&other)), (&json!(1), false), "{found}");
    let begun = post(&api, "/v1/operations", &mine, &cancel("state:scheduled")).await;
    assert_eq!(begun.status, StatusCode::ACCEPTED, "{begun:?}");
    let id = begun.text("id").to_owned();
    api.client().run_operation(id.parse().expect("an id")).await.expect("it runs");
    let state = async |job: &str| {
        api.client().job(job.parse().expect("an id")).await.expect("read").map(|job| job.state)
    };
    assert_eq!(
        (state(&own).await, state(&other).await),
        (Some(State::Cancelled), Some(State::Scheduled))
    );
    // Each of them would be among the operations of the other tenant too.
    for filter in ["tag:tenant:other", "tag:tenant:other,tenant:acme state:scheduled"] {
        let foreign = post(&api, "/v1/operations", &mine, &cancel(filter)).await;
        assert_eq!(foreign.code(), (403, "forbidden"), "{filter}");
    }
    let none = post(&api, "/v1/operations", &mine, &cancel("-tag:tenant:acme")).await;
    assert_eq!(none.body["matched"], 0, "{none:?}");
    let path = format!("/v1/operations/{id}");
    assert_eq!(get(&api, &path, &mine).await.status, StatusCode::OK);
    assert_eq!(get(&api, &path, &theirs).await.code(), (404, "not-found"));
    for verb in ["pause", "resume", "stop", "undo"] {
        let refused = post(&api, &format!("{path}/{verb}"), &theirs, &Value::Null).await;
        assert_eq!(refused.code(), (404, "not-found"), "{verb}");
    }
    assert_eq!(get(&api, "/v1/operations", &theirs).await.body["items"], json!([]));
    let mut same = cancel("state:scheduled");
    same["id"] = json!(id);
    assert_eq!(post(&api, "/v1/operations", &theirs, &same).await.code(), (409, "conflict"));
}

async fn a_tenant_settles_its_own_jobs(api: TestApi) {
    let (own, other) = (
        fill(&api, OWN, "plain", "own key").await,
        fill(&api, OTHER, CANARY, "key of other").await,
    );
    let api = api.asking(Access::tokens()).await;
    let token = secret(&api, "acme", tenant(OWN)).await;
    let asked = json!({"slots": 1, "protocol": 1, "handlers": [{"kind": "work"}]});
    let refused = post(&api, "/v1/workers", &token, &asked).await;
    assert_eq!(refused.code(), (403, "forbidden"));
    assert!(refused.text("detail").contains("whatever their tags"), "{refused:?}");
    for (job, lease) in [&other.remote, &other.given] {
        let foreign = body_for("/v1/results", &other, lease, job);
        assert_eq!(post(&api, "/v1/results", &token, &foreign).await.code(), (403, "forbidden"));
        // Nor in a request with some of its own: then nothing is written.
        let mut mixed = body_for("/v1/results", &own, &own.given.1, &own.given.0);
        let more = foreign["results"][0].clone();
        mixed["results"].as_array_mut().expect("results").push(more);
        let refused = post(&api, "/v1/results", &token, &mixed).await;
        assert_eq!(refused.code(), (403, "forbidden"));
        assert!(!refused.body.to_string().contains(CANARY), "{refused:?}");
    }
    for beyond in [json!([{"kind": "work"}]), json!([{"kind": "work", "tags": [OTHER]}])] {
        let mut results = body_for("/v1/results", &own, &own.remote.1, &own.remote.0);
        results["results"][0]["enqueue"] = beyond;
        let refused = post(&api, "/v1/results", &token, &results).await;
        assert_eq!(refused.body["results"][0]["code"], "forbidden", "{refused:?}");
    }
    let mut waits = body_for("/v1/results", &own, &own.remote.1, &own.remote.0);
    waits["results"][0]["enqueue"] =
        json!([{"kind": "work", "tags": [OWN], "waits": {"jobs": [other.done]}}]);
    let refused = post(&api, "/v1/results", &token, &waits).await;
    assert_eq!(refused.body["results"][0]["code"], "not-found", "{refused:?}");
    let mut key = body_for("/v1/results", &own, &own.remote.1, &own.remote.0);
    key["results"][0]["enqueue"] = json!([{"kind": "work", "tags": [OWN], "unique": {"key": "key of other", "on_conflict": "reject"}}]);
    let refused = post(&api, "/v1/results", &token, &key).await;
    assert_eq!(refused.body["results"][0]["code"], "duplicate", "{refused:?}");
    assert!(!refused.body.to_string().contains(&other.dead), "{refused:?}");
    let mut follows = body_for("/v1/results", &own, &own.remote.1, &own.remote.0);
    follows["results"][0]["enqueue"] = json!([{"kind": "work", "tags": [OWN, "next"]}]);
    let done = post(&api, "/v1/results", &token, &follows).await;
    assert_eq!(done.body["results"][0]["status"], "done", "{done:?}");
    let next = get(&api, "/v1/jobs?filter=tag:next", &token).await;
    assert_eq!(next.body["items"][0]["parent"], json!(own.remote.0), "{next:?}");
}

async fn a_grant_of_a_later_version_lets_nobody_in(api: TestApi) {
    let api = api.asking(Access::tokens()).await;
    let token = secret(&api, "acme", tenant(OWN)).await;
    let known = get(&api, "/v1/jobs", &token).await;
    assert_eq!(known.status, StatusCode::OK);
    let more = r#"replace(grants, '"scopes"', '"regions":["eu"],"scopes"')"#;
    api.by_sql(&format!("update {{token}} set grants = {more}")).await;
    // A server that has just used it may know it for a second more; another one does not.
    let api = api.asking(Access::tokens()).await;
    let refused = get(&api, "/v1/jobs", &token).await;
    assert!(!refused.status.is_success() && refused.body.get("items").is_none(), "{refused:?}");
}
