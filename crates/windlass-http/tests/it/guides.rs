//! The examples of docs/security.md, docs/http.md and docs/reads.md, line by line: `scripts/tidy` compares them.

use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{Method, Request};
use serde_json::Value;
use tower::ServiceExt;
use windlass::store::Now;
use windlass::token::{Grant, Scope};
use windlass::user::Role;
use windlass_http::{Access, Api, Caller, Proxies, Secret};

use crate::fixture::{TestApi, TestDatabase, request};

#[derive(Clone)]
struct User {
    name: String,
    is_operator: bool,
}

/// docs/security.md: a program that nests the router says who asks.
#[tokio::test]
async fn a_program_says_who_asks() {
    let api = TestApi::on(TestDatabase::sqlite()).await;
    let store = api.client().store().clone();
    let access = Access::by(|request| {
        let user = request.extensions.get::<User>()?; // put there by your own layer
        let scopes =
            if user.is_operator { vec![Scope::Read, Scope::Operate] } else { vec![Scope::Read] };
        Some(Caller::new(user.name.as_str(), Grant::everywhere(scopes)))
    });
    let app: Router = Router::new().nest("/windlass", Api::new(store, access).router());
    let ask = async |user: Option<User>| {
        let mut asked: Request<Body> = request(Method::POST, "/windlass/v1/queues/mail/pause")
            .body(Body::empty())
            .expect("one");
        user.into_iter().for_each(|user| drop(asked.extensions_mut().insert(user)));
        app.clone().oneshot(asked).await.expect("an answer").status().as_u16()
    };
    let user = |is_operator| Some(User { name: "ana".to_owned(), is_operator });
    assert_eq!((ask(None).await, ask(user(false)).await, ask(user(true)).await), (401, 403, 200));
    let entered: Value = api.get("/v1/audit").await.ok();
    assert_eq!(
        (&entered["items"][0]["actor"], &entered["items"][0]["target"]),
        (&"ana".into(), &"queues/mail".into())
    );
}

/// docs/reads.md: a standby answers reads; one that is away is not waited for.
#[tokio::test]
async fn a_program_reads_from_a_standby() -> Result<(), Box<dyn std::error::Error>> {
    let api = TestApi::on(TestDatabase::sqlite()).await;
    let (store, access) = (api.client().store().clone(), Access::open());
    let (read_url, url) = ("postgres://app@db2/app", "postgres://app@db1/app");
    let standby = windlass::open_standby(read_url, url).await?;
    let standby = standby.with_max_age(Duration::from_secs(10));
    let api = Api::new(store, access).reading_from(standby);
    let asked = request(Method::GET, "/v1/jobs").body(Body::empty())?;
    let answer = api.router().oneshot(asked).await?;
    assert_eq!((answer.status().as_u16(), answer.headers().get("age")), (200, None));
    Ok(())
}

/// docs/security.md: a proxy says who asks.
#[tokio::test]
async fn a_proxy_says_who_asks() -> Result<(), Box<dyn std::error::Error>> {
    let api = TestApi::on(TestDatabase::sqlite()).await;
    let store = api.client().store().clone();
    let proxies = Proxies::at(["10.0.0.7/32".parse()?])
        .naming_users_in("x-forwarded-user".parse()?)
        .with_others(Grant::everywhere(Role::Viewer.scopes()));
    let api = Api::new(store, Access::tokens().behind(proxies));
    // Where nothing says that it comes from the proxy, the header is nothing.
    let asked = request(Method::GET, "/v1/jobs").header("x-forwarded-user", "ana");
    let answer = api.router().oneshot(asked.body(Body::empty())?).await?;
    assert_eq!(answer.status().as_u16(), 401);
    Ok(())
}

/// docs/security.md: a tenant gets a token of its own.
#[tokio::test]
async fn a_tenant_gets_a_token() -> Result<(), Box<dyn std::error::Error>> {
    let api = TestApi::on(TestDatabase::sqlite()).await;
    let client = api.client();
    let secret = Secret::new()?;
    let grant = Grant {
        tags: vec!["tenant:acme".to_owned()],
        ..Grant::everywhere([Scope::Read, Scope::Enqueue])
    };
    client.store().add_token(&secret.token("acme", grant, None), Now::Database).await?;
    println!("{}", secret.as_str()); // for acme, shown this once
    let api = api.asking(Access::tokens()).await;
    let write = async |tag: &str| {
        let job = serde_json::json!({"kind": "k", "tags": [tag]}).to_string();
        let asked = request(Method::POST, "/v1/jobs").header("content-type", "application/json");
        let asked = asked.header("authorization", format!("Bearer {}", secret.as_str()));
        api.send(asked.body(job.into()).expect("a request")).await.status.as_u16()
    };
    assert_eq!((write("tenant:acme").await, write("tenant:other").await), (201, 403));
    Ok(())
}

/// docs/http.md: the problem of the page is the one that is answered.
#[tokio::test]
async fn the_problem_of_the_page_is_answered() {
    let api = TestApi::on(TestDatabase::sqlite()).await;
    let page = include_str!("../../../../docs/http.md");
    let said = page.split("```json\n").nth(1).and_then(|rest| rest.split("```").next());
    let mut said: Value = serde_json::from_str(said.expect("the page has one")).expect("JSON");
    let body = serde_json::json!({"kind": "mail", "priority": "high"});
    let mut found = api.post("/v1/jobs", &body).await.body;
    for one in [&mut said, &mut found] {
        one["request_id"] = Value::Null;
        // Where in the text it stands is not of the page.
        for detail in ["/detail", "/errors/0/detail"] {
            let text = one.pointer_mut(detail).expect("a detail");
            let short = text.as_str().expect("a text").split(" at line").next().map(str::to_owned);
            *text = short.into();
        }
    }
    assert_eq!(said, found);
}
