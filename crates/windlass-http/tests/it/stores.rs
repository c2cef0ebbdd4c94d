//! Several stores behind one server.

use axum::Router;
use axum::body::Body;
use axum::http::{Method, StatusCode, header};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tower::ServiceExt;
use windlass::audit::EntriesWanted;
use windlass::encryption::Keys;
use windlass::store::Now;
use windlass::stores::{Routes, Stores};
use windlass::token::{Grant, Scope};
use windlass_http::{Access, Api, Secret};

use crate::fixture::{TestApi, check, on_both_stores, request};

on_both_stores! {
    /// A job and an event that are posted are written to the store that the routes say, and each store has its whole API, which writes
    /// there whatever the routes say.
    each_store_has_its_api_and_what_belongs_there;
    /// Batches, workflows, schedules and signals that are posted to `/v1` go where their jobs belong, or are refused; none is in a
    /// store that its routes keep it out of.
    what_is_written_together_goes_where_it_belongs;
    /// Tokens of the default store count for all stores, and those of another for none.
    tokens_are_those_of_the_default_store;
    /// What is done in another store is entered in that store's audit, by whom the default store knows, whatever its name is.
    an_act_is_entered_where_it_is_done;
    /// A store that is away is named by the list, by readiness and by the problem of a request for it; the others go on.
    a_store_that_is_away_is_named;
    /// S-45: a server with keys encrypts what it is given for whichever store.
    what_is_posted_is_encrypted_in_whichever_store;
}

/// A server of two stores.
struct Served {
    router: Router,
    stores: Stores,
    /// The default one's own server, with its database.
    us: TestApi,
    eu: TestApi,
}

impl Served {
    async fn on(us: TestApi, access: Access) -> Self {
        let eu = us.other().await;
        let routes = Routes::otherwise("us").queue("eu-*", "eu").event("eu.*", "eu");
        let stores = Stores::of([("eu", eu.url()), ("us", us.url())], routes).expect("stores");
        Self { router: served(&us, &stores, access), stores, us, eu }
    }

    async fn send(
        &self,
        (method, path): (Method, &str),
        token: Option<&str>,
        body: &Value,
    ) -> (u16, Value) {
        send(&self.router, (method, path), token, body).await
    }

    async fn get(&self, path: &str) -> (u16, Value) {
        self.send((Method::GET, path), None, &Value::Null).await
    }

    async fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        self.send((Method::POST, path), None, body).await
    }
}

fn served(us: &TestApi, stores: &Stores, access: Access) -> Router {
    let store = us.client().store().clone();
    Api::new(store, access).with_stores(stores.clone()).router()
}

/// What a server answers, held against the document of its API, which is one for all stores.
async fn send(
    router: &Router,
    (method, path): (Method, &str),
    token: Option<&str>,
    body: &Value,
) -> (u16, Value) {
    let mut asked = request(method.clone(), path).header(header::CONTENT_TYPE, "application/json");
    if let Some(token) = token {
        asked = asked.header(header::AUTHORIZATION, format!("Bearer {token}"));
    }
    let body = if body.is_null() { Body::empty() } else { Body::from(body.to_string()) };
    let answer = router.clone().oneshot(asked.body(body).expect("a request")).await;
    let answer = answer.expect("an answer");
    let status = answer.status();
    let bytes = answer.into_body().collect().await.expect("a whole body").to_bytes();
    let body = serde_json::from_slice(&bytes).expect("a JSON body");
    let below =
        path.strip_prefix("/stores/").and_then(|below| below.find('/').map(|at| &below[at..]));
    let below = below.unwrap_or(path).split('?').next().unwrap_or_default();
    check(&method, below, status, &body);
    (status.as_u16(), body)
}

async fn each_store_has_its_api_and_what_belongs_there(us: TestApi) {
    let served = Served::on(us, Access::open()).await;
    for (queue, store) in [("eu-mail", "eu"), ("mail", "us")] {
        let (status, job) = served.post("/v1/jobs", &json!({"kind": "k", "queue": queue})).await;
        assert_eq!((status, &job["store"]), (201, &json!(store)));
        let id = job["id"].as_str().expect("an id");
        let (status, shown) = served.get(&format!("/stores/{store}/v1/jobs/{id}")).await;
        assert_eq!((status, &shown["queue"]), (200, &json!(queue)));
        let other = if store == "eu" { "us" } else { "eu" };
        assert_eq!(served.get(&format!("/stores/{other}/v1/jobs/{id}")).await.0, 404);
        let at_home = served.get(&format!("/v1/jobs/{id}")).await.0;
        assert_eq!(at_home, if store == "us" { 200 } else { 404 });
    }
    for store in ["eu", "us"] {
        let path = format!("/stores/{store}/v1/jobs");
        let (_, job) = served.post(&path, &json!({"kind": "k", "queue": "eu-direct"})).await;
        let id = job["id"].as_str().expect("an id");
        assert_eq!(served.get(&format!("{path}/{id}")).await.0, 200, "{store}");
    }
    let (status, event) = served.post("/v1/events", &json!({"type": "eu.paid"})).await;
    assert_eq!((status, &event["store"]), (201, &json!("eu")));
    let (_, listed) = served.get("/stores/eu/v1/events").await;
    assert_eq!(listed["items"][0]["id"], event["id"]);

    let mixed = json!({"jobs": [{"kind": "k", "queue": "eu-a"}, {"kind": "k"}]});
    let (status, problem) = served.post("/v1/jobs/batch", &mixed).await;
    assert_eq!((status, &problem["code"]), (422, &json!("refused")));
    assert!(problem["detail"].as_str().expect("a text").contains("two stores, eu and us"));
    let both = json!({"jobs": [{"kind": "k", "queue": "eu-a"}, {"kind": "k", "queue": "eu-b"}]});
    let (status, written) = served.post("/v1/jobs/batch", &both).await;
    assert_eq!((status, &written["jobs"][1]["store"]), (200, &json!("eu")));

    let (_, stores) = served.get("/v1/stores").await;
    let (eu, us) = (&stores["items"][0], &stores["items"][1]);
    assert_eq!((&eu["name"], &us["name"]), (&json!("eu"), &json!("us")));
    assert_eq!((&eu["jobs"]["available"], &us["jobs"]["available"]), (&json!(4), &json!(2)));
    assert_eq!((&eu["is_default"], &us["is_default"]), (&json!(false), &json!(true)));
    assert_eq!((&eu["path"], &eu["error"]), (&json!("/stores/eu"), &Value::Null));
    assert_eq!(served.get("/readyz").await, (200, json!({"status": "ready"})));
    assert_eq!(served.get("/stores/asia/v1/jobs").await.0, 404);
    let alone = served.us.get("/v1/stores").await.ok();
    assert_eq!(alone["items"], json!([]), "a server of one store has no names");
    let alone = served.us.post("/v1/jobs", &json!({"kind": "k", "queue": "eu-a"})).await.ok();
    assert_eq!(alone.get("store"), None);
}

/// A token's secret, kept in a store.
async fn what_is_written_together_goes_where_it_belongs(us: TestApi) {
    let served = Served::on(us, Access::open()).await;
    let job = |queue: &str| json!({"kind": "k", "queue": queue});
    let step = |queue: &str| json!({"name": queue, "job": job(queue)});
    for (path, body) in [
        ("/v1/batches", json!({"jobs": [job("eu-a")], "then": [job("eu-b")]})),
        ("/v1/workflows", json!({"name": "w", "steps": [step("eu-a"), step("eu-b")]})),
    ] {
        let (status, started) = served.post(path, &body).await;
        assert_eq!((status, &started["store"]), (201, &json!("eu")), "{path}");
        let id = started["id"].as_str().expect("an id");
        assert_eq!(served.get(&format!("/stores/eu{path}/{id}")).await.0, 200, "{path}");
        assert_eq!(served.get(&format!("{path}/{id}")).await.0, 404, "{path}");
    }
    let mixed = json!({"jobs": [job("eu-a")], "then": [job("mail")]});
    assert_eq!(served.post("/v1/batches", &mixed).await.1["code"], "refused");
    let (_, opened) = served.post("/v1/batches", &json!({"open": true, "key": "k"})).await;
    assert_eq!(opened["result"], "new");
    let added = json!({"jobs": [job("mail"), job("eu-a")]});
    let (status, problem) = served.post("/v1/batches/k/jobs", &added).await;
    assert_eq!((status, &problem["code"]), (409, &json!("conflict")));
    assert!(problem["detail"].as_str().expect("a text").contains("/stores/eu/v1"), "{problem}");

    let schedule = json!({"rule": "@hourly", "kind": "k", "queue": "eu-a"});
    let put = |path: &'static str| served.send((Method::PUT, path), None, &schedule);
    assert_eq!(put("/v1/schedules/s").await.1["code"], "conflict");
    assert_eq!(served.get("/v1/schedules/s").await.0, 404);
    for path in ["/stores/eu/v1/schedules/s", "/stores/us/v1/schedules/s"] {
        assert_eq!(put(path).await.0, 200, "{path}");
    }

    let waiting = json!({"kind": "k", "queue": "eu-a", "waits": {"signals": ["go"]}});
    let (_, job) = served.post("/v1/jobs", &waiting).await;
    let (_, told) = served.post("/v1/signals", &json!({"key": "go"})).await;
    assert_eq!((&told["answer"], &told["conditions"]), (&json!("met"), &json!(1)));
    let path = format!("/stores/eu/v1/jobs/{}", job["id"].as_str().expect("an id"));
    assert_eq!(served.get(&path).await.1["state"], "available");
    let (_, again) = served.post("/v1/signals", &json!({"key": "go"})).await;
    assert_eq!(again["answer"], "duplicate");
    let (_, kept) = served.post("/stores/us/v1/signals", &json!({"key": "here"})).await;
    assert_eq!(kept["answer"], "kept");
    let (_, kept) = served.post("/v1/signals", &json!({"key": "here"})).await;
    assert_eq!(kept["answer"], "kept", "the other store did not know it");
}

async fn secret(stores: &Stores, name: &str, scope: Scope) -> String {
    let secret = Secret::new().expect("random");
    let token = secret.token(name, Grant::everywhere([scope]), None);
    let store = stores.store(name).await.expect("open");
    assert!(store.add_token(&token, Now::Database).await.expect("kept"));
    secret.as_str().to_owned()
}

async fn tokens_are_those_of_the_default_store(us: TestApi) {
    let served = Served::on(us, Access::tokens()).await;
    let of_us = secret(&served.stores, "us", Scope::Read).await;
    let of_eu = secret(&served.stores, "eu", Scope::Admin).await;
    for path in ["/v1/queues", "/stores/us/v1/queues", "/stores/eu/v1/queues", "/v1/stores"] {
        let asked = async |token| served.send((Method::GET, path), token, &Value::Null).await.0;
        assert_eq!(asked(Some(&of_us)).await, 200, "{path}");
        assert_eq!(asked(Some(&of_eu)).await, 401, "{path}");
        assert_eq!(asked(None).await, 401, "{path}");
    }
    let paused = (Method::POST, "/stores/eu/v1/queues/a/pause");
    assert_eq!(served.send(paused, Some(&of_us), &Value::Null).await.0, 403);
    for path in ["/stores/eu/v1/tokens", "/stores/eu/v1/users", "/stores/eu/v1/session"] {
        let (status, problem) = served.send((Method::GET, path), Some(&of_us), &Value::Null).await;
        assert_eq!(status, 404, "{path}");
        assert!(problem["detail"].as_str().expect("a text").contains("in the store us"));
    }
}

async fn an_act_is_entered_where_it_is_done(us: TestApi) {
    let served = Served::on(us, Access::tokens()).await;
    let token = secret(&served.stores, "us", Scope::Admin).await;
    let paused = (Method::POST, "/stores/eu/v1/queues/mail/pause");
    assert_eq!(served.send(paused, Some(&token), &json!({})).await.0, 200);
    let wanted = EntriesWanted { before: None, actor: None, target: None, limit: 10 };
    assert_eq!(paused_in_v1(&served.us).await, 1);
    for (name, expected) in [("eu", 1), ("us", 0)] {
        let store = served.stores.store(name).await.expect("open");
        let acts = store.acts(&wanted).await.expect("read");
        assert_eq!(acts.len(), expected, "{name}");
        if let Some(entry) = acts.first() {
            let said = (entry.act.actor.as_str(), entry.act.target.as_str());
            assert_eq!(said, ("us", "queues/mail"));
            assert!(entry.act.after.is_some(), "the object is that of its store");
        }
    }
}

/// In a store that is named as the first part of every path.
async fn paused_in_v1(us: &TestApi) -> usize {
    let v1 = us.other().await;
    let urls = [("v1", v1.url()), ("us", us.url())];
    let stores = Stores::of(urls, Routes::otherwise("us")).expect("stores");
    let router = served(us, &stores, Access::open());
    let asked = (Method::POST, "/stores/v1/v1/queues/mail/pause");
    assert_eq!(send(&router, asked, None, &json!({})).await.0, 200);
    let wanted = EntriesWanted { before: None, actor: None, target: None, limit: 10 };
    stores.store("v1").await.expect("open").acts(&wanted).await.expect("read").len()
}

async fn a_store_that_is_away_is_named(us: TestApi) {
    let folder = tempfile::tempdir().expect("a folder");
    let later = folder.path().join("later");
    let eu = format!("sqlite:{}", later.join("app.db").display());
    let routes = Routes::otherwise("us").queue("eu-*", "eu");
    let stores = Stores::of([("eu", eu), ("us", us.url())], routes).expect("stores");
    let router = served(&us, &stores, Access::tokens());
    let token = secret(&stores, "us", Scope::Admin).await;
    let asked =
        async |asked: (Method, &str), body: &Value| send(&router, asked, Some(&token), body).await;
    let get = async |path: &str| asked((Method::GET, path), &Value::Null).await;

    let in_eu = json!({"kind": "k", "queue": "eu-a"});
    for refused in [
        get("/stores/eu/v1/jobs").await,
        asked((Method::POST, "/v1/jobs"), &in_eu).await,
        asked((Method::POST, "/stores/eu/v1/jobs"), &in_eu).await,
    ] {
        assert_eq!((refused.0, &refused.1["code"]), (503, &json!("unavailable")));
        assert!(
            refused.1["detail"].as_str().expect("a text").contains("store eu: "),
            "{}",
            refused.1
        );
    }
    let nobody = send(&router, (Method::GET, "/stores/eu/v1/jobs"), None, &Value::Null).await;
    assert_eq!(nobody.0, StatusCode::UNAUTHORIZED.as_u16(), "what is wrong is not for everybody");
    assert_eq!(get("/v1/jobs").await.0, 200);
    assert_eq!(asked((Method::POST, "/v1/jobs"), &json!({"kind": "k"})).await.1["store"], "us");
    assert_eq!(get("/readyz").await, (200, json!({"status": "ready", "away": ["eu"]})));
    let (_, listed) = get("/v1/stores").await;
    assert_eq!(listed["items"][0]["is_reachable"], false);
    assert!(listed["items"][0]["error"].as_str().expect("a text").contains("store eu: "));
    assert_eq!(listed["items"][1]["is_reachable"], true);

    std::fs::create_dir(&later).expect("made");
    let back = async { while get("/stores/eu/v1/jobs").await.0 != 200 {} };
    tokio::time::timeout(std::time::Duration::from_secs(20), back)
        .await
        .expect("it is tried again");
    assert_eq!(asked((Method::POST, "/v1/jobs"), &in_eu).await.1["store"], "eu");
    assert_eq!(get("/readyz").await, (200, json!({"status": "ready"})));
}

async fn what_is_posted_is_encrypted_in_whichever_store(us: TestApi) {
    let Served { stores, us, eu, .. } = Served::on(us, Access::open()).await;
    let keys = Keys::parse("k:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=").expect("a key");
    let store = us.client().store().clone();
    let api = Api::new(store, Access::open()).with_stores(stores.encrypting(keys));
    let router = api.router();
    let job = json!({"kind": "k", "queue": "eu-a", "args": {"card": "canary-4711"}});
    for (path, is_of) in
        [("/v1/jobs", &eu), ("/stores/eu/v1/jobs", &eu), ("/stores/us/v1/jobs", &us)]
    {
        let (_, written) = send(&router, (Method::POST, path), None, &job).await;
        let id = written["id"].as_str().expect("an id");
        let shown = is_of.get(&format!("/v1/jobs/{id}")).await.ok().to_string();
        assert!(shown.contains(id) && !shown.contains("canary"), "{shown}");
    }
}
