//! People sign in, or a proxy says who they are.

use std::net::SocketAddr;

use axum::body::Body;
use axum::http::{Method, header};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::task::JoinSet;
use windlass::store::Now;
use windlass::token::{Grant, Scope};
use windlass::user::{Role, User};
use windlass_http::{Access, Proxies, Secret, Server, hash_password};

use crate::fixture::{Answer, TestApi, exchanged, on_both_stores, request};

on_both_stores! {
    /// Who signs in is who they are, with what they may, until they sign out.
    a_session_lasts_until_its_end;
    /// S-11: a wrong name and a wrong password are told alike.
    a_wrong_password_lets_nobody_in;
    /// S-12: a session is dead at once when its user signs out, is changed or removed, or it idles.
    a_session_ends_with_what_it_was_for;
    /// S-12: a page that is left open keeps no session alive.
    what_a_page_asks_by_itself_is_no_use_of_a_session;
    /// S-12: a password is changed by who knows it, and every other session is over.
    a_user_changes_their_own_password;
    /// S-04: a browser's cookie does nothing for a page of another origin, nor where nothing says of which one.
    a_cookie_acts_for_its_own_page_alone;
    /// S-11: too many attempts from one address are refused, and the right password from elsewhere still works.
    attempts_are_counted;
    /// A believed proxy says who asks; what others say in its header is nothing.
    a_proxy_names_users;
    /// Behind a proxy of this machine a browser signs in by a name of others.
    a_proxy_passes_its_name_on;
    /// What signing in leaves in the audit has no password.
    the_audit_has_who_signed_in;
    /// Where nobody is asked, nobody signs in, and all can ask who they are.
    an_open_server_has_no_sessions;
}

const PASSWORD: &str = "correct horse battery";

async fn add(api: &TestApi, name: &str, role: Role) {
    let password = Some(hash_password(PASSWORD).expect("hashed"));
    let grant = Grant::everywhere(role.scopes());
    let user = User { name: name.to_owned(), password, grant };
    let client = api.client();
    assert!(client.store().add_user(&user, Now::Database).await.expect("kept"));
}

async fn sign_in(api: &TestApi, user: &str, password: &str) -> Answer {
    api.post("/v1/session", &json!({"user": user, "password": password})).await
}

/// The cookie as a browser sends it back.
fn cookie(answer: &Answer) -> String {
    let set = answer.headers[header::SET_COOKIE].to_str().expect("a text");
    set.split(';').next().expect("a pair").to_owned()
}

async fn signed_in(api: &TestApi, user: &str) -> String {
    let answer = sign_in(api, user, PASSWORD).await;
    assert_eq!(answer.status.as_u16(), 201, "{answer:?}");
    cookie(&answer)
}

/// Sends it as a page of the server's own does.
async fn send(api: &TestApi, (method, path): (Method, &str), cookie: &str, body: &Value) -> Answer {
    let request = request(method, path)
        .header(header::COOKIE, cookie.as_bytes())
        .header("sec-fetch-site", "same-origin")
        .header(header::CONTENT_TYPE, "application/json");
    api.send(request.body(Body::from(body.to_string())).expect("a request")).await
}

async fn get(api: &TestApi, path: &str, cookie: &str) -> Answer {
    send(api, (Method::GET, path), cookie, &Value::Null).await
}

async fn a_session_lasts_until_its_end(api: TestApi) {
    let api = api.asking(Access::tokens()).await;
    add(&api, "ana", Role::Operator).await;
    assert_eq!(api.get("/v1/session").await.code(), (401, "unauthorized"));
    let answer = sign_in(&api, "ana", PASSWORD).await;
    assert_eq!(answer.status.as_u16(), 201, "{answer:?}");
    let set = answer.headers[header::SET_COOKIE].to_str().expect("a text");
    assert!(set.contains("HttpOnly") && set.contains("SameSite=Lax"), "{set}");
    assert_eq!(answer.headers[header::CACHE_CONTROL], "no-store");
    let cookie = cookie(&answer);
    let shown = get(&api, "/v1/session", &cookie).await.ok();
    assert_eq!(
        (&shown["name"], &shown["by"], &shown["role"]),
        (&json!("ana"), &json!("session"), &json!("operator"))
    );
    assert!(shown["ends_at"].is_string(), "{shown}");
    let job = send(&api, (Method::POST, "/v1/jobs"), &cookie, &json!({"kind": "k"})).await;
    assert_eq!(job.status.as_u16(), 201, "{job:?}");
    assert_eq!(get(&api, "/v1/jobs", &cookie).await.ok()["items"][0]["origin"], "ana");
    assert_eq!(get(&api, "/v1/users", &cookie).await.code(), (403, "forbidden"));
    let out = send(&api, (Method::DELETE, "/v1/session"), &cookie, &Value::Null).await;
    assert!(out.headers[header::SET_COOKIE].to_str().expect("a text").contains("Max-Age=0"));
    assert_eq!(out.ok()["name"], "ana");
    assert_eq!(get(&api, "/v1/jobs", &cookie).await.code(), (401, "unauthorized"));
}

async fn a_wrong_password_lets_nobody_in(api: TestApi) {
    let api = api.asking(Access::tokens()).await;
    add(&api, "ana", Role::Admin).await;
    let no_password =
        User { name: "ben".to_owned(), password: None, grant: Grant::everywhere([Scope::Admin]) };
    let client = api.client();
    client.store().add_user(&no_password, Now::Database).await.expect("kept");
    let mut told = Vec::new();
    for (user, password) in [
        ("ana", "correct horse"),
        ("eve", PASSWORD),
        ("ben", ""),
        ("ana", ""),
        (&"x".repeat(200), "x"),
    ] {
        let refused = sign_in(&api, user, password).await;
        assert_eq!(refused.code(), (401, "unauthorized"), "{user}");
        assert!(!refused.headers.contains_key(header::SET_COOKIE));
        told.push(refused.text("detail").to_owned());
    }
    told.dedup();
    assert_eq!(told.len(), 1, "{told:?}");
    for cookie in ["windlass=", "windlass=wls_x", "windlass=\u{e9}", "session=x"] {
        assert_eq!(get(&api, "/v1/jobs", cookie).await.code(), (401, "unauthorized"), "{cookie}");
    }
    let nul = sign_in(&api, "a\0na", PASSWORD).await;
    assert_eq!(nul.code(), (401, "unauthorized"));
    let large = sign_in(&api, "ana", &"x".repeat(9_000)).await;
    assert_eq!(large.code(), (413, "too-large"), "anybody may send it");
    for body in [json!({"user": "ana"}), json!({"user": "ana", "password": 1}), json!([])] {
        assert_eq!(api.post("/v1/session", &body).await.code().0, 400, "{body}");
    }
}

async fn a_session_ends_with_what_it_was_for(api: TestApi) {
    let api = api.asking(Access::tokens()).await;
    let another = api.another().await.asking(Access::tokens()).await;
    add(&api, "root", Role::Admin).await;
    let root = signed_in(&api, "root").await;
    add(&api, "ana", Role::Operator).await;
    let over = async |cookie: &str, why: &str| {
        for server in [&api, &another] {
            assert_eq!(
                get(server, "/v1/jobs", cookie).await.code(),
                (401, "unauthorized"),
                "{why}"
            );
        }
    };
    let one = signed_in(&api, "ana").await;
    let two = signed_in(&another, "ana").await;
    assert_ne!(one, two, "nobody chooses their secret");
    send(&another, (Method::DELETE, "/v1/session"), &one, &Value::Null).await.ok();
    over(&one, "signed out elsewhere").await;
    assert_eq!(get(&api, "/v1/jobs", &two).await.status.as_u16(), 200, "another session");
    let viewer = json!({"role": "viewer"});
    send(&api, (Method::PUT, "/v1/users/ana"), &root, &viewer).await.ok();
    over(&two, "another role").await;
    let three = signed_in(&api, "ana").await;
    let refused = send(&api, (Method::POST, "/v1/jobs"), &three, &json!({"kind": "k"})).await;
    assert_eq!(refused.code(), (403, "forbidden"));
    send(&api, (Method::DELETE, "/v1/users/ana/sessions"), &root, &Value::Null).await.ok();
    over(&three, "signed out by an administrator").await;
    let four = signed_in(&api, "ana").await;
    api.by_sql("update {session} set used_at = used_at - 31 * 60000000 where person = 'ana'").await;
    over(&four, "idle for half an hour").await;
    let five = signed_in(&api, "ana").await;
    api.by_sql(
        "update {session} set created_at = created_at - 12 * 3600000000 where person = 'ana'",
    )
    .await;
    over(&five, "12 hours old").await;
    let six = signed_in(&api, "ana").await;
    api.by_sql("update {session} set used_at = used_at - 29 * 60000000 where person = 'ana'").await;
    get(&api, "/v1/jobs", &six).await.ok();
    api.by_sql("update {session} set used_at = used_at - 29 * 60000000 where person = 'ana'").await;
    get(&another, "/v1/jobs", &six).await.ok();
    send(&api, (Method::DELETE, "/v1/users/ana"), &root, &Value::Null).await.ok();
    over(&six, "removed").await;
}

async fn what_a_page_asks_by_itself_is_no_use_of_a_session(api: TestApi) {
    let api = api.asking(Access::tokens()).await;
    add(&api, "ana", Role::Operator).await;
    let mine = signed_in(&api, "ana").await;
    let idles = "update {session} set used_at = used_at - 20 * 60000000 where person = 'ana'";
    let ends_at = async || get(&api, "/v1/session", &mine).await.ok()["ends_at"].clone();
    api.by_sql(idles).await;
    let asked = |path: &str| request(Method::GET, path).header(header::COOKIE, mine.as_bytes());
    let shown = asked("/v1/jobs").header("hx-request", "true");
    api.send(shown.body(Body::empty()).expect("a request")).await.ok();
    let told = api.open(asked("/v1/stream?counts=true").body(Body::empty()).expect("a request"));
    assert_eq!(told.await.status().as_u16(), 200);
    let before = asked("/v1/session").header("hx-request", "true");
    let before =
        api.send(before.body(Body::empty()).expect("a request")).await.ok()["ends_at"].clone();
    ends_at().await;
    let after = ends_at().await;
    assert!(before.as_str() < after.as_str(), "{before} is not before {after}");
}

async fn a_user_changes_their_own_password(api: TestApi) {
    let api = api.asking(Access::tokens()).await;
    add(&api, "ana", Role::Viewer).await;
    let (own, other) = (signed_in(&api, "ana").await, signed_in(&api, "ana").await);
    let path = (Method::PUT, "/v1/session/password");
    let asked = |old: &str, new: &str| json!({"password": old, "new_password": new});
    let wrong = send(&api, path.clone(), &own, &asked("wrong", "another password")).await;
    assert_eq!(wrong.code(), (401, "unauthorized"));
    let short = send(&api, path.clone(), &own, &asked(PASSWORD, "short")).await;
    assert_eq!((short.code().0, short.place()), (400, "/new_password"));
    assert_eq!(get(&api, "/v1/session", &other).await.status.as_u16(), 200);
    let changed = send(&api, path, &own, &asked(PASSWORD, "another password")).await;
    assert_eq!(changed.status.as_u16(), 200, "{changed:?}");
    for old in [&own, &other] {
        assert_eq!(get(&api, "/v1/session", old).await.code(), (401, "unauthorized"));
    }
    assert_eq!(get(&api, "/v1/session", &cookie(&changed)).await.ok()["name"], "ana");
    assert_eq!(sign_in(&api, "ana", PASSWORD).await.code(), (401, "unauthorized"));
    assert_eq!(sign_in(&api, "ana", "another password").await.status.as_u16(), 201);
}

async fn a_cookie_acts_for_its_own_page_alone(api: TestApi) {
    let api = api.asking(Access::tokens()).await;
    add(&api, "ana", Role::Admin).await;
    let cookie = signed_in(&api, "ana").await;
    let asked = |headers: &[(&str, &str)], body: &str| {
        let mut request = request(Method::POST, "/v1/jobs")
            .header(header::COOKIE, &cookie)
            .header(header::HOST, "127.0.0.1:7700");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(Body::from(body.to_owned())).expect("a request")
    };
    let (json, job) = (("content-type", "application/json"), "{\"kind\":\"k\"}");
    for foreign in [
        vec![json],
        vec![json, ("origin", "http://evil.example")],
        vec![json, ("origin", "null")],
        vec![json, ("sec-fetch-site", "cross-site")],
        vec![json, ("sec-fetch-site", "same-site")],
        vec![json, ("sec-fetch-site", "same-origin"), ("origin", "http://evil.example")],
    ] {
        assert_eq!(api.send(asked(&foreign, job)).await.code(), (403, "forbidden"), "{foreign:?}");
    }
    let own = ("origin", "http://127.0.0.1:7700");
    for of_a_form in ["application/x-www-form-urlencoded", "text/plain", "multipart/form-data"] {
        let refused = api.send(asked(&[("content-type", of_a_form), own], job)).await;
        assert_eq!(refused.code().0, 415, "{of_a_form}");
    }
    assert_eq!(api.client().counts().await.expect("counted").total(), 0);
    for fine in [own, ("sec-fetch-site", "same-origin"), ("sec-fetch-site", "none")] {
        assert_eq!(api.send(asked(&[json, fine], job)).await.status.as_u16(), 201, "{fine:?}");
    }
}

/// A server of the API on an address of its own.
async fn serving(api: &TestApi) -> (SocketAddr, JoinSet<()>) {
    let server = Server::bind("127.0.0.1:0".parse().expect("an address")).await.expect("bound");
    let address = server.address().expect("known");
    let mut running = JoinSet::new();
    running.spawn(server.serve(api.router(), api.stopping()));
    (address, running)
}

async fn attempts_are_counted(api: TestApi) {
    let api = api.asking(Access::tokens()).await;
    add(&api, "ana", Role::Viewer).await;
    let (server, running) = serving(&api).await;
    let json = "content-type: application/json\r\n";
    let attempt = async |from: &str, password: &str| {
        let body = json!({"user": "ana", "password": password}).to_string();
        exchanged(server, from, "POST /v1/session", json, &body).await
    };
    for _ in 0..10 {
        assert_eq!(attempt("127.0.0.1", "wrong").await.0, 401);
    }
    let (status, answer) = attempt("127.0.0.1", PASSWORD).await;
    assert_eq!(status, 429, "{answer}");
    assert!(answer.to_lowercase().contains("retry-after: "), "{answer}");
    assert_eq!(attempt("127.0.0.2", PASSWORD).await.0, 201, "from elsewhere");
    api.stop();
    running.join_all().await;
}

async fn a_proxy_names_users(api: TestApi) {
    let proxies =
        Proxies::at(["127.0.0.2".parse::<std::net::IpAddr>().expect("an address").into()])
            .naming_users_in("x-forwarded-user".parse().expect("a name"));
    let others = proxies.clone().with_others(Grant::everywhere([Scope::Read]));
    let api = api.asking(Access::tokens().behind(proxies)).await;
    add(&api, "ana", Role::Admin).await;
    let secret = Secret::new().expect("random");
    let token = secret.token("ci", Grant::everywhere([Scope::Read]), None);
    api.client().store().add_token(&token, Now::Database).await.expect("kept");
    let (server, running) = serving(&api).await;
    let asked = async |from: &str, headers: &str| {
        exchanged(server, from, "GET /v1/session", headers, "").await
    };
    let (status, answer) = asked("127.0.0.2", "X-Forwarded-User: ana\r\n").await;
    assert!(status == 200 && answer.contains("\"by\":\"proxy\""), "{answer}");
    for (from, headers) in [
        ("127.0.0.1", "X-Forwarded-User: ana\r\n"),
        ("127.0.0.2", "X-Forwarded-User: eve\r\n"),
        ("127.0.0.2", "X-Forwarded-User: ana\r\nX-Forwarded-User: ana\r\n"),
        ("127.0.0.2", "X-Forwarded-User: \r\n"),
        ("127.0.0.2", ""),
    ] {
        assert_eq!(asked(from, headers).await.0, 401, "{from} {headers}");
    }
    let both = format!("X-Forwarded-User: ana\r\nAuthorization: Bearer {}\r\n", secret.as_str());
    let (_, answer) = asked("127.0.0.2", &both).await;
    assert!(answer.contains("\"name\":\"ci\""), "a token is what a program means: {answer}");
    let write = async |headers: &str| {
        let headers =
            format!("X-Forwarded-User: ana\r\ncontent-type: application/json\r\n{headers}");
        exchanged(server, "127.0.0.2", "POST /v1/jobs", &headers, "{\"kind\":\"k\"}").await.0
    };
    assert_eq!(write("").await, 403, "a browser sends a proxy's sign-in by itself");
    assert_eq!(write("Sec-Fetch-Site: cross-site\r\n").await, 403);
    assert_eq!(write("Sec-Fetch-Site: same-origin\r\n").await, 201);
    let json = "content-type: application/json\r\n";
    let body = json!({"user": "ana", "password": PASSWORD}).to_string();
    let (_, answer) = exchanged(server, "127.0.0.2", "POST /v1/session", json, &body).await;
    assert!(answer.contains("__Host-windlass=") && answer.contains("; Secure"), "{answer}");
    api.stop();
    running.join_all().await;
    let api = api.asking(Access::tokens().behind(others)).await;
    let (server, running) = serving(&api).await;
    let headers = "X-Forwarded-User: eve\r\n";
    let (_, answer) = exchanged(server, "127.0.0.2", "GET /v1/session", headers, "").await;
    assert!(answer.contains("\"role\":\"viewer\""), "{answer}");
    api.stop();
    running.join_all().await;
}

async fn a_proxy_passes_its_name_on(api: TestApi) {
    let own = ["127.0.0.1".parse::<std::net::IpAddr>().expect("an address").into()];
    let api = api.asking(Access::tokens().behind(Proxies::at(own))).await;
    add(&api, "ana", Role::Viewer).await;
    let body = json!({"user": "ana", "password": PASSWORD}).to_string();
    for (is_behind, expected) in [(false, 403), (true, 201)] {
        let address = "127.0.0.1:0".parse().expect("an address");
        let server = Server::bind(address).await.expect("bound");
        let server = if is_behind { server.behind_proxy() } else { server };
        let address = server.address().expect("known");
        let stop = tokio_util::sync::CancellationToken::new();
        let mut running = JoinSet::new();
        running.spawn(server.serve(api.router(), stop.clone()));
        let origin = "origin: https://jobs.example.com\r\ncontent-type: application/json\r\n";
        let asked = named("jobs.example.com", origin, &body);
        assert_eq!(exchange_raw(address, &asked).await, expected, "{is_behind}");
        stop.cancel();
        running.join_all().await;
    }
}

/// A request to sign in at a host of this name.
fn named(host: &str, headers: &str, body: &str) -> String {
    let length = body.len();
    let fixed = format!("host: {host}\r\nconnection: close\r\ncontent-length: {length}\r\n");
    format!("POST /v1/session HTTP/1.1\r\n{fixed}{headers}\r\n{body}")
}

async fn exchange_raw(server: SocketAddr, text: &str) -> u16 {
    let mut stream = tokio::net::TcpStream::connect(server).await.expect("connected");
    stream.write_all(text.as_bytes()).await.expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("an answer");
    answer[9..12].parse().expect("a status")
}

async fn the_audit_has_who_signed_in(api: TestApi) {
    let api = api.asking(Access::tokens()).await;
    add(&api, "ana", Role::Admin).await;
    sign_in(&api, "ana", "wrong wrong wrong").await;
    let cookie = signed_in(&api, "ana").await;
    let asked = json!({"password": PASSWORD, "new_password": "another password"});
    let changed = send(&api, (Method::PUT, "/v1/session/password"), &cookie, &asked).await;
    let cookie = self::cookie(&changed);
    let listed = get(&api, "/v1/audit", &cookie).await.ok();
    let told: Vec<_> = listed["items"]
        .as_array()
        .expect("items")
        .iter()
        .map(|act| (act["action"].clone(), act["actor"].clone(), act["target"].clone()))
        .collect();
    let of = |action: &str| (json!(action), json!("ana"), json!("session/ana"));
    assert_eq!(told, [of("session.change_password"), of("session.start")]);
    let text = listed.to_string();
    for secret in [PASSWORD, "wrong wrong", "another password", &cookie] {
        assert!(!text.contains(secret), "{text}");
    }
}

async fn an_open_server_has_no_sessions(api: TestApi) {
    add(&api, "ana", Role::Viewer).await;
    assert_eq!(sign_in(&api, "ana", PASSWORD).await.code(), (409, "conflict"));
    assert_eq!(api.get("/v1/session").await.ok()["by"], "nothing");
    assert_eq!(api.delete("/v1/session").await.code(), (409, "conflict"));
    let api = api.asking(Access::tokens()).await;
    let secret = Secret::new().expect("random");
    let token = secret.token("ci", Grant::everywhere([Scope::Work]), None);
    api.client().store().add_token(&token, Now::Database).await.expect("kept");
    let asked = request(Method::GET, "/v1/session")
        .header(header::AUTHORIZATION, format!("Bearer {}", secret.as_str()));
    let shown = api.send(asked.body(Body::empty()).expect("a request")).await.ok();
    assert_eq!((&shown["by"], &shown["scopes"]), (&json!("token"), &json!(["work"])));
}
