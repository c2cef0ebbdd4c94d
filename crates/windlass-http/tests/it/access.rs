//! Who may do what.

mod leaks;
mod reach;
mod tags;

use std::collections::BTreeMap;

use axum::body::Body;
use axum::http::{Method, StatusCode, header};
use serde_json::{Value, json};
use windlass::store::Now;
use windlass::token::{Grant, Scope};
use windlass_http::{Access, Caller, Secret};
use windlass_testkit::worker::worker;

use crate::fixture::{Answer, TestApi, TestDatabase, fence, on_both_stores, request};

on_both_stores! {
    /// S-02: every route asks who it is, and for the scope that the API document says.
    every_route_asks_for_its_scope;
    /// Bad input: a token that is wrong, expired, removed or sent in another form lets nobody in.
    a_wrong_token_lets_nobody_in;
    /// S-14: who is limited to a queue or a kind neither sees nor touches others, in a batch neither.
    a_limited_token_is_for_its_queues_and_kinds;
    /// S-14, T58: who is limited to a queue settles what a handler of another process has given away there, and nothing else.
    a_limited_token_settles_what_it_is_for;
    /// S-14: an operation of a limited token changes what it is for, and nobody else's is its own.
    an_operation_stays_within_its_token;
    /// S-14: a worker's token is for its own kinds, and another one's leases are nothing to it.
    a_limited_worker_works_for_itself;
    /// A token is made, shown once, listed and removed over HTTP.
    tokens_are_made_and_removed;
    /// S-04: what a page of another origin asks to be done is refused, whatever is let in.
    a_page_from_elsewhere_does_nothing;
    /// The program that the API is nested in says who asks.
    a_program_may_know_its_own_users;
}

/// What the document says that an operation needs; nothing where it asks for no scope.
fn permission(operation: &Value) -> Option<Scope> {
    let needs = operation["security"].as_array().expect("each says what it needs");
    let scope = needs.first()?["token"].as_array().expect("scopes").first()?;
    Some(scope.as_str().expect("a word").parse().expect("a scope"))
}

/// A token's secret, kept in the store.
async fn secret(api: &TestApi, name: &str, grant: Grant) -> String {
    let secret = Secret::new().expect("random");
    let token = secret.token(name, grant, None);
    let store = api.client();
    assert!(store.store().add_token(&token, Now::Database).await.expect("kept"));
    secret.as_str().to_owned()
}

async fn send(
    api: &TestApi,
    (method, path): (Method, &str),
    token: Option<&str>,
    body: &Value,
) -> Answer {
    let mut request = request(method, path).header(header::CONTENT_TYPE, "application/json");
    if let Some(token) = token {
        request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
    }
    api.send(request.body(Body::from(body.to_string())).expect("a request")).await
}

async fn post(api: &TestApi, path: &str, token: &str, body: &Value) -> Answer {
    send(api, (Method::POST, path), Some(token), body).await
}

async fn get(api: &TestApi, path: &str, token: &str) -> Answer {
    send(api, (Method::GET, path), Some(token), &Value::Null).await
}

async fn every_route_asks_for_its_scope(api: TestApi) {
    let api = api.asking(Access::tokens()).await;
    let mut secrets = BTreeMap::new();
    for scope in Scope::ALL {
        secrets.insert(scope, secret(&api, scope.word(), Grant::everywhere([scope])).await);
    }
    let document: Value = serde_json::from_str(&windlass_http::openapi()).expect("JSON");
    let mut asked = 0;
    for (template, operations) in document["paths"].as_object().expect("paths") {
        let path =
            template.replace("{id}", "job_00000000000000000000000000").replace(['{', '}'], "");
        for (method, operation) in operations.as_object().expect("operations") {
            // For these see `sessions`.
            let asks_nobody = ["/healthz", "/readyz", "/v1/session", "/v1/session/password"];
            let needed = permission(operation);
            assert_eq!(needed.is_none(), asks_nobody.contains(&template.as_str()), "{template}");
            let Some(needed) = needed else { continue };
            // A stream that is opened does not end: it is asked for what it refuses.
            let path = if path == "/v1/stream" { format!("{path}?from=x") } else { path.clone() };
            let verb: Method = method.to_uppercase().parse().expect("a method");
            for token in [None, Some("wlt_wrong")] {
                let answer = send(&api, (verb.clone(), &path), token, &Value::Null).await;
                assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{method} {path} {token:?}");
                assert_eq!(answer.headers[header::WWW_AUTHENTICATE], "Bearer");
            }
            for (scope, secret) in &secrets {
                let answer = send(&api, (verb.clone(), &path), Some(secret), &Value::Null).await;
                let is_refused = answer.status == StatusCode::FORBIDDEN;
                let expected = *scope != needed && *scope != Scope::Admin;
                assert_eq!(is_refused, expected, "{method} {path} with {scope}: {answer:?}");
                asked += 1;
            }
        }
    }
    assert!(asked > 300, "{asked}");
}

async fn a_wrong_token_lets_nobody_in(api: TestApi) {
    let api = api.asking(Access::tokens()).await;
    let good = secret(&api, "good", Grant::everywhere([Scope::Read])).await;
    assert_eq!(get(&api, "/v1/jobs", &good).await.status, StatusCode::OK);
    let expired = Secret::new().expect("random");
    let past = windlass::Timestamp::from_micros(1);
    let token = expired.token("expired", Grant::everywhere([Scope::Read]), Some(past));
    api.client().store().add_token(&token, Now::Database).await.expect("kept");
    let digest = "0".repeat(64);
    for bad in
        [expired.as_str(), "", "wlt_", &good[..46], &format!("{good}A"), &digest, "wlt_\u{e9}"]
    {
        let answer = get(&api, "/v1/jobs", bad).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{bad}");
        assert!(bad.is_empty() || !answer.body.to_string().contains(bad), "{answer:?}");
    }
    for form in [format!("Basic {good}"), good.clone(), format!("Bearer{good}")] {
        let asked = request(Method::GET, "/v1/jobs").header(header::AUTHORIZATION, form);
        let answer = api.send(asked.body(Body::empty()).expect("a request")).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    }
    let twice = request(Method::GET, "/v1/jobs")
        .header(header::AUTHORIZATION, format!("Bearer {good}"))
        .header(header::AUTHORIZATION, "Bearer x");
    let twice = api.send(twice.body(Body::empty()).expect("a request")).await;
    assert_eq!(twice.status, StatusCode::UNAUTHORIZED);
    assert!(api.client().store().remove_token("good").await.expect("removed"));
    // A server that has just used it may know it for a second more; another one does not.
    let api = api.asking(Access::tokens()).await;
    assert_eq!(get(&api, "/v1/jobs", &good).await.status, StatusCode::UNAUTHORIZED);
}

async fn a_limited_token_is_for_its_queues_and_kinds(api: TestApi) {
    let api = api.asking(Access::tokens()).await;
    let all = [Scope::Read, Scope::Enqueue, Scope::Operate];
    let grant = Grant {
        scopes: all.to_vec(),
        queues: vec!["mail".to_owned(), "img-*".to_owned()],
        kinds: vec!["a.*".to_owned()],
        tags: Vec::new(),
    };
    let (limited, whole) =
        (secret(&api, "limited", grant).await, secret(&api, "whole", Grant::everywhere(all)).await);
    let own = json!({"kind": "a.x", "queue": "img-1"});
    let own = post(&api, "/v1/jobs", &limited, &own).await;
    assert_eq!(own.status, StatusCode::CREATED, "{own:?}");
    let foreign = [
        json!({"kind": "b", "queue": "mail"}),
        json!({"kind": "a.x", "queue": "other"}),
        json!({"kind": "a.x"}),
    ];
    for body in &foreign {
        let refused = post(&api, "/v1/jobs", &limited, body).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{body}");
        let mixed = json!({"jobs": [{"kind": "a.x", "queue": "mail"}, body]});
        assert_eq!(
            post(&api, "/v1/jobs/batch", &limited, &mixed).await.status,
            StatusCode::FORBIDDEN
        );
    }
    assert_eq!(
        api.client().counts().await.expect("counted").total(),
        1,
        "nothing of these was written"
    );
    let other = post(&api, "/v1/jobs", &whole, &foreign[1]).await.body["id"].clone();
    let (own, other) =
        (own.body["id"].as_str().expect("an id"), other.as_str().expect("an id").to_owned());
    let listed = get(&api, "/v1/jobs?filter=-kind:b", &limited).await;
    let ids: Vec<_> = listed.body["items"]
        .as_array()
        .expect("items")
        .iter()
        .map(|job| job["id"].clone())
        .collect();
    assert_eq!(ids, [json!(own)]);
    assert_eq!(get(&api, &format!("/v1/jobs/{own}"), &limited).await.status, StatusCode::OK);
    assert_eq!(
        get(&api, &format!("/v1/jobs/{other}"), &limited).await.status,
        StatusCode::NOT_FOUND
    );
    for verb in ["cancel", "retry", "move"] {
        let path = format!("/v1/jobs/{other}/{verb}");
        let body = if verb == "move" { json!({"queue": "mail"}) } else { json!({}) };
        assert_eq!(
            post(&api, &path, &limited, &body).await.status,
            StatusCode::NOT_FOUND,
            "{verb}"
        );
    }
    let away =
        post(&api, &format!("/v1/jobs/{own}/move"), &limited, &json!({"queue": "other"})).await;
    assert_eq!(away.status, StatusCode::FORBIDDEN);
    for path in ["/v1/events", "/v1/subscriptions"] {
        assert_eq!(
            get(&api, path, &limited).await.status,
            StatusCode::FORBIDDEN,
            "{path} is about all"
        );
        assert_eq!(get(&api, path, &whole).await.status, StatusCode::OK);
    }
    let record =
        api.client().job(other.parse().expect("an id")).await.expect("read").expect("there");
    assert_eq!(
        (record.state, record.queue.as_str(), record.origin.as_deref()),
        (windlass::State::Available, "other", Some("whole"))
    );
}

async fn an_operation_stays_within_its_token(api: TestApi) {
    let api = api.asking(Access::tokens()).await;
    let all = [Scope::Read, Scope::Enqueue, Scope::Operate];
    let grant = |queue: &str| Grant {
        scopes: all.to_vec(),
        queues: vec![queue.to_owned()],
        kinds: Vec::new(),
        tags: Vec::new(),
    };
    let mine = secret(&api, "mine", grant("mail")).await;
    let theirs = secret(&api, "theirs", grant("img-*")).await;
    let whole = secret(&api, "whole", Grant::everywhere(all)).await;
    for queue in ["mail", "img-1", "other"] {
        post(&api, "/v1/jobs", &whole, &json!({"kind": "k", "queue": queue})).await.ok();
    }
    let cancel = json!({"action": "cancel", "filter": "kind:k"});
    let mut tried = cancel.clone();
    tried["dry_run"] = json!(true);
    assert_eq!(post(&api, "/v1/operations", &mine, &tried).await.body["jobs"], 1);
    let begun = post(&api, "/v1/operations", &mine, &cancel).await;
    assert_eq!(begun.status, StatusCode::ACCEPTED, "{begun:?}");
    let id = begun.text("id").to_owned();
    let client = api.client();
    client.run_operation(id.parse().expect("an id")).await.expect("it runs");
    let counts = client.counts().await.expect("counted");
    assert_eq!(counts.of(windlass::State::Cancelled), 1, "{counts:?}");
    assert_eq!(counts.by_queue["mail"][&windlass::State::Cancelled], 1);
    let foreign = json!({"action": "cancel", "filter": "queue:other"});
    assert_eq!(post(&api, "/v1/operations", &mine, &foreign).await.body["matched"], 0);
    let away = json!({"action": "move", "filter": "kind:k", "queue": "other"});
    assert_eq!(post(&api, "/v1/operations", &mine, &away).await.code(), (403, "forbidden"));
    for (secret, status) in [(&mine, 200), (&whole, 200), (&theirs, 404)] {
        let shown = get(&api, &format!("/v1/operations/{id}"), secret).await;
        assert_eq!(shown.status.as_u16(), status);
    }
    for verb in ["pause", "resume", "stop", "undo"] {
        let path = format!("/v1/operations/{id}/{verb}");
        assert_eq!(post(&api, &path, &theirs, &Value::Null).await.code(), (404, "not-found"));
    }
    let mut same = cancel.clone();
    same["id"] = json!(id);
    assert_eq!(post(&api, "/v1/operations", &theirs, &same).await.code(), (409, "conflict"));
    let by_whole = post(&api, "/v1/operations", &whole, &cancel).await.text("id").to_owned();
    assert_eq!(
        get(&api, &format!("/v1/operations/{by_whole}"), &mine).await.code(),
        (404, "not-found")
    );
    let own: Vec<_> =
        get(&api, "/v1/operations", &theirs).await.body["items"].as_array().expect("items").clone();
    assert!(own.is_empty(), "{own:?}");
}

async fn a_limited_token_settles_what_it_is_for(api: TestApi) {
    let api = api.asking(Access::tokens()).await;
    let grant = |queue: &str| Grant {
        scopes: vec![Scope::Work],
        queues: vec![queue.to_owned()],
        kinds: Vec::new(),
        tags: Vec::new(),
    };
    let (mine, theirs) =
        (secret(&api, "mine", grant("default")).await, secret(&api, "theirs", grant("b")).await);
    let worker = api.worker(worker()).await;
    let draft = windlass::NewJob::new("work", windlass::Json::args("1").expect("args"));
    let id = api.client().enqueue(draft).await.expect("written").id();
    let lease = windlass_http::lease_text(&fence(&worker, &api.claim(&worker).await));
    let results = json!({"results": [{"job": id, "lease": lease, "result": "complete"}]});
    let report = json!({"lease": lease, "progress": {"percent": 1.0}});
    let path = format!("/v1/jobs/{id}/report");
    assert_eq!(post(&api, "/v1/results", &theirs, &results).await.code(), (403, "forbidden"));
    assert_eq!(post(&api, &path, &theirs, &report).await.code(), (403, "forbidden"));
    assert_eq!(post(&api, &path, &mine, &report).await.status, StatusCode::OK);
    let settled = post(&api, "/v1/results", &mine, &results).await;
    assert_eq!(settled.body["results"][0]["status"], "done", "{settled:?}");
}

async fn a_limited_worker_works_for_itself(api: TestApi) {
    let api = api.asking(Access::tokens()).await;
    let grant = |queue: &str| Grant {
        scopes: vec![Scope::Work],
        queues: vec![queue.to_owned()],
        kinds: Vec::new(),
        tags: Vec::new(),
    };
    let (mine, theirs) =
        (secret(&api, "mine", grant("a")).await, secret(&api, "theirs", grant("b")).await);
    let worker = |queue: &str| json!({"slots": 1, "protocol": 1, "handlers": [{"kind": "k", "queue": queue}]});
    assert_eq!(post(&api, "/v1/workers", &mine, &worker("b")).await.status, StatusCode::FORBIDDEN);
    let me = post(&api, "/v1/workers", &mine, &worker("a")).await.body["worker"].clone();
    let me = me.as_str().expect("an id");
    let client = api.client();
    let draft = |queue: &str| windlass::NewJob {
        queue: queue.to_owned(),
        ..windlass::NewJob::new("k", windlass::Json::args("1").expect("args"))
    };
    client.enqueue_all([draft("a"), draft("b")]).await.expect("written");
    let room = json!({"max": 9, "wait_ms": 0});
    assert_eq!(
        post(&api, &format!("/v1/workers/{me}/claim"), &theirs, &room).await.status,
        StatusCode::FORBIDDEN
    );
    let claimed = post(&api, &format!("/v1/workers/{me}/claim"), &mine, &room).await;
    let jobs = claimed.body["jobs"].as_array().expect("jobs");
    assert_eq!((jobs.len(), &jobs[0]["queue"]), (1, &json!("a")));
    let result = json!({"job": jobs[0]["id"], "lease": jobs[0]["lease"], "result": "complete"});
    let results = json!({"results": [result]});
    assert_eq!(post(&api, "/v1/results", &theirs, &results).await.status, StatusCode::FORBIDDEN);
    let beat = json!({"leases": [jobs[0]["lease"]]});
    assert_eq!(
        post(&api, &format!("/v1/workers/{me}/heartbeat"), &theirs, &beat).await.status,
        StatusCode::FORBIDDEN
    );
    let gone =
        send(&api, (Method::DELETE, &format!("/v1/workers/{me}")), Some(&theirs), &Value::Null)
            .await;
    assert_eq!(gone.status, StatusCode::FORBIDDEN);
    let mut beyond = results.clone();
    beyond["results"][0]["enqueue"] = json!([{"kind": "k", "queue": "b"}]);
    let refused = post(&api, "/v1/results", &mine, &beyond).await;
    assert_eq!(refused.body["results"][0]["code"], "forbidden", "{refused:?}");
    let mut events = results.clone();
    events["results"][0]["publish"] = json!([{"type": "order.paid"}]);
    let refused = post(&api, "/v1/results", &mine, &events).await;
    assert_eq!(
        refused.body["results"][0]["code"], "forbidden",
        "events are everybody's: {refused:?}"
    );
    let done = post(&api, "/v1/results", &mine, &results).await;
    assert_eq!(done.body["results"][0]["status"], "done", "{done:?}");
}

async fn tokens_are_made_and_removed(api: TestApi) {
    let body = json!({"name": "ci", "scopes": ["enqueue"], "queues": ["mail"], "tags": ["vip"], "expires_ms": 60_000});
    let made = api.post("/v1/tokens", &body).await;
    assert_eq!(made.status, StatusCode::CREATED, "{made:?}");
    let secret = made.body["secret"].as_str().expect("a secret").to_owned();
    assert_eq!(api.post("/v1/tokens", &body).await.status, StatusCode::CONFLICT);
    let listed = api.get("/v1/tokens").await;
    assert!(!listed.body.to_string().contains(&secret), "the secret is shown once");
    assert_eq!(listed.body["items"][0]["hint"], secret[secret.len() - 4..]);
    assert_eq!(api.get("/v1/tokens/ci").await.ok(), listed.body["items"][0]);
    assert_eq!(listed.body["items"][0]["tags"], json!(["vip"]));
    assert_eq!(api.get("/v1/tokens/other").await.code(), (404, "not-found"));
    for (field, value) in [
        ("scopes", json!([])),
        ("scopes", json!(["opperate"])),
        ("name", json!("")),
        ("expires_ms", json!(0)),
        ("scope", json!("read")),
        ("tags", json!(["tenant:*"])),
        ("tags", json!([""])),
    ] {
        let mut bad = json!({"name": "bad", "scopes": ["read"]});
        bad[field] = value;
        let answer = api.post("/v1/tokens", &bad).await;
        assert!(answer.status.is_client_error(), "{bad} {answer:?}");
    }
    let api = api.asking(Access::tokens()).await;
    let mut job = json!({"kind": "k", "queue": "mail"});
    assert_eq!(post(&api, "/v1/jobs", &secret, &job).await.code(), (403, "forbidden"));
    job["tags"] = json!(["vip"]);
    assert_eq!(post(&api, "/v1/jobs", &secret, &job).await.status, StatusCode::CREATED);
    let api = api.asking(Access::open()).await;
    assert_eq!(api.delete("/v1/tokens/ci").await.status, StatusCode::OK);
    assert_eq!(api.delete("/v1/tokens/ci").await.status, StatusCode::NOT_FOUND);
}

async fn a_page_from_elsewhere_does_nothing(api: TestApi) {
    let id = api.post("/v1/jobs", &json!({"kind": "k"})).await.text("id").to_owned();
    let asked = |name: &str, value: &str, method: Method, path: &str| {
        let request =
            request(method, path).header(header::HOST, "127.0.0.1:7700").header(name, value);
        request.body(Body::empty()).expect("a request")
    };
    let cancel = format!("/v1/jobs/{id}/cancel");
    for (name, value) in [
        ("origin", "http://evil.example"),
        ("origin", "null"),
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
    ] {
        let refused = api.send(asked(name, value, Method::POST, &cancel)).await;
        assert_eq!(refused.code(), (403, "forbidden"), "{name}: {value}");
        let read = api.send(asked(name, value, Method::GET, "/v1/jobs")).await;
        assert_eq!(read.status, StatusCode::OK, "a page cannot read what it is not let");
    }
    let state =
        api.client().job(id.parse().expect("an id")).await.expect("read").expect("there").state;
    assert_eq!(state, windlass::State::Available);
    let own = api.send(asked("origin", "http://127.0.0.1:7700", Method::POST, &cancel)).await;
    assert_eq!(own.status, StatusCode::OK);
}

async fn a_program_may_know_its_own_users(api: TestApi) {
    let access = Access::by(|request| {
        let user = request.headers.get("x-user")?.to_str().ok()?;
        Some(Caller::new(user, Grant::everywhere([Scope::Read])))
    });
    let api = api.asking(access).await;
    assert_eq!(api.get("/v1/jobs").await.status, StatusCode::UNAUTHORIZED);
    let ana = |method, path: &str| {
        let request = request(method, path).header("x-user", "ana");
        request
            .header(header::CONTENT_TYPE, "application/json")
            .body(Body::from("{\"kind\":\"k\"}"))
            .expect("a request")
    };
    assert_eq!(api.send(ana(Method::GET, "/v1/jobs")).await.status, StatusCode::OK);
    let refused = api.send(ana(Method::POST, "/v1/jobs")).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    assert!(refused.text("detail").contains("ana"), "{refused:?}");
}

/// Faults: a database that does not say who somebody is is given up, and the request with it.
#[tokio::test]
async fn a_database_that_says_nothing_is_given_up() {
    let api = TestApi::on(TestDatabase::postgres()).await.asking(Access::tokens()).await;
    let token = secret(&api, "ana", Grant::everywhere([Scope::Read])).await;
    let connected = tokio_postgres::connect(&api.url(), tokio_postgres::NoTls).await;
    let (holder, connection) = connected.expect("connected");
    let mut driver = tokio::task::JoinSet::new();
    driver.spawn(connection);
    holder.batch_execute("begin; lock table windlass.token").await.expect("locked");
    // Nothing else moves here: the clock goes on to what is waited for.
    tokio::time::pause();
    let answer = get(&api, "/v1/jobs", &token).await;
    assert_eq!(answer.code(), (503, "unavailable"), "{answer:?}");
}
