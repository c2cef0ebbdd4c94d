//! The API over a database of a test's own; whatever it answers is held against its own document.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::LazyLock;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, Response, StatusCode, header};
use http_body_util::BodyExt;
use serde_json::{Map, Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpSocket;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;
use windlass::encryption::Keys;
use windlass::job::{Batch, Fence, Settled, Verdict};
use windlass::redact::Redaction;
use windlass::schedule::{Declared, declare};
use windlass::standby::Standby;
use windlass::store::{Now, Store};
use windlass::worker::Registration;
use windlass::{Client, Timestamp};
use windlass_http::{Access, Api, RequestRate};
use windlass_testkit::database::{Database, PostgresDatabase};
use windlass_testkit::fault::counted::CountedStore;
use windlass_testkit::fault::plan::Plan;
use windlass_testkit::fault::store::FaultStore;
use windlass_testkit::worker::{self as worker_of, Profile};

use crate::described::{undescribed, validator};

static DOCUMENT: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(&windlass_http::openapi()).expect("JSON"));

enum Kind {
    Sqlite(TempDir),
    Postgres(Box<PostgresDatabase>),
}

/// A database of one test.
pub(crate) struct TestDatabase(Kind);

impl TestDatabase {
    pub(crate) fn sqlite() -> Self {
        Self(Kind::Sqlite(tempfile::tempdir().expect("a folder")))
    }

    pub(crate) fn postgres() -> Self {
        Self(Kind::Postgres(Box::new(PostgresDatabase::fresh())))
    }

    pub(crate) fn of(database: PostgresDatabase) -> Self {
        Self(Kind::Postgres(Box::new(database)))
    }

    fn url(&self) -> String {
        match &self.0 {
            Kind::Sqlite(folder) => format!("sqlite:{}", folder.path().join("app.db").display()),
            Kind::Postgres(database) => database.url(),
        }
    }
}

/// A job that ends as it is told.
#[derive(serde::Serialize, serde::Deserialize)]
struct Work {
    #[serde(default)]
    dies: bool,
}

impl windlass::Job for Work {
    const KIND: &'static str = "work";
}

async fn work(job: Work, _: windlass::Context) -> Result<(), windlass::JobError> {
    if job.dies { Err(windlass::JobError::dead("it was told to")) } else { Ok(()) }
}

/// The API, and the store below it.
pub(crate) struct TestApi {
    api: Api,
    router: Router,
    store: Arc<dyn Store>,
    // Dropped last.
    database: Arc<TestDatabase>,
}

/// What it answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
}

impl Answer {
    /// Its status, and the code of the problem.
    pub(crate) fn code(&self) -> (u16, &str) {
        (self.status.as_u16(), self.body["code"].as_str().unwrap_or_default())
    }

    /// The first place that a problem names: a JSON pointer or a parameter.
    pub(crate) fn place(&self) -> &str {
        let misfit = &self.body["errors"][0];
        misfit["pointer"].as_str().or(misfit["parameter"].as_str()).unwrap_or_default()
    }

    /// The document, where nothing was refused.
    #[track_caller]
    pub(crate) fn ok(self) -> Value {
        assert!(self.status.is_success(), "{self:?}");
        self.body
    }

    /// A text of the document.
    pub(crate) fn text(&self, field: &str) -> &str {
        self.body[field].as_str().unwrap_or_else(|| panic!("no text {field}: {self:?}"))
    }
}

impl TestApi {
    pub(crate) async fn on(database: TestDatabase) -> Self {
        Self::with(Arc::new(database), Access::open()).await
    }

    /// Another server of the same database.
    pub(crate) async fn another(&self) -> Self {
        Self::with(Arc::clone(&self.database), Access::open()).await
    }

    /// A server of another database of the same kind.
    pub(crate) async fn other(&self) -> Self {
        let database = match &self.database.0 {
            Kind::Sqlite(_) => TestDatabase::sqlite(),
            Kind::Postgres(_) => TestDatabase::postgres(),
        };
        Self::on(database).await
    }

    /// Another server of the same database, whose store has a fault to come.
    pub(crate) async fn faulty(&self, plan: Plan) -> Self {
        let Self { store, database, .. } = self.another().await;
        let faulty = Arc::new(FaultStore::new(Arc::clone(&store), plan));
        Self::over(faulty, Access::open(), database)
    }

    /// The same database behind a server whose looks are counted.
    pub(crate) async fn counted(self, access: Access) -> (Self, Arc<CountedStore>) {
        let Self { store, database, .. } = self;
        let counted = Arc::new(CountedStore::new(store));
        (Self::over(Arc::clone(&counted) as Arc<dyn Store>, access, database), counted)
    }

    fn over(store: Arc<dyn Store>, access: Access, database: Arc<TestDatabase>) -> Self {
        let api = Api::new(Arc::clone(&store), access);
        Self { router: api.clone().router(), api, store, database }
    }

    /// The same database behind a server that lets each caller make so many requests.
    pub(crate) async fn limited(self, access: Access, rate: RequestRate) -> Self {
        let Self { store, database, .. } = self;
        let api = Api::limited(Arc::clone(&store), access, rate);
        Self { router: api.clone().router(), api, store, database }
    }

    /// The same database behind a server that hides this.
    pub(crate) fn redacting(self, redaction: Redaction) -> Self {
        let Self { api, store, database, .. } = self;
        let api = api.redacting(redaction);
        Self { router: api.clone().router(), api, store, database }
    }

    /// The same database behind a server whose reads a standby answers.
    pub(crate) fn reading_from(self, standby: Standby) -> Self {
        let Self { api, store, database, .. } = self;
        let api = api.reading_from(standby);
        Self { router: api.clone().router(), api, store, database }
    }

    /// The same database behind a server with keys.
    pub(crate) async fn encrypting(self, keys: Keys) -> Self {
        let Self { store, database, .. } = self;
        let client = Client::new(Arc::clone(&store)).encrypting(keys);
        let api = Api::of(client, Access::open(), None);
        Self { router: api.clone().router(), api, store, database }
    }

    /// The same database behind a server with another way to find out who asks.
    pub(crate) async fn asking(self, access: Access) -> Self {
        Self::with(self.database, access).await
    }

    async fn with(database: Arc<TestDatabase>, access: Access) -> Self {
        let store = windlass::open(&database.url()).await.expect("the store opens");
        Self::over(store, access, database)
    }

    pub(crate) fn router(&self) -> Router {
        self.router.clone()
    }

    pub(crate) fn stopping(&self) -> CancellationToken {
        self.api.stopping().clone()
    }

    /// Tells all that wait and watch that the server stops.
    pub(crate) fn stop(&self) {
        self.api.stopping().cancel();
    }

    /// Returns once nothing runs any more for requests that were given up.
    pub(crate) async fn idle(&self) {
        self.api.idle().await;
    }

    /// The same database behind another server.
    pub(crate) async fn restarted(self) -> Self {
        let Self { api, router, store, database } = self;
        drop((api, router, store));
        Self::with(database, Access::open()).await
    }

    /// Registers a worker of the default queue that knows this kind, whose build is `testkit`.
    pub(crate) async fn worker(&self, profile: Profile) -> Registration {
        let registration = profile.registration();
        self.register(&registration).await;
        registration
    }

    /// Registers a worker as it is.
    pub(crate) async fn register(&self, registration: &Registration) {
        self.store.register(registration, Now::Database).await.expect("registered");
    }

    /// Has a worker claim at most one job.
    pub(crate) async fn claim(&self, worker: &Registration) -> Batch {
        let claimed = self.store.claim(&worker_of::request(worker, 1), Now::Database).await;
        claimed.expect("a claim reaches the store")
    }

    /// Has a worker claim one job, and end its attempt so.
    pub(crate) async fn run_one(&self, worker: &Registration, verdict: Verdict) {
        let batch = self.claim(worker).await;
        self.settle(worker, &batch, verdict).await;
    }

    /// Has a worker end the attempt of the one job that it has claimed.
    pub(crate) async fn settle(&self, worker: &Registration, batch: &Batch, verdict: Verdict) {
        let settled = [worker_of::settlement(batch, 0, verdict)];
        let settled = self.store.settle(worker.worker, &settled, Now::Database).await;
        assert_eq!(settled.expect("settled"), [Settled::Done]);
    }

    /// Declares a schedule as a program does when it starts.
    pub(crate) async fn declare(&self, declared: Declared) {
        declare(&*self.store, &[declared], Now::Database).await.expect("declared");
    }

    pub(crate) fn client(&self) -> Client {
        Client::new(Arc::clone(&self.store))
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(request(Method::GET, path).body(Body::empty()).expect("a request")).await
    }

    /// Runs a statement on a connection of its own; `{name}` stands for a table of ours.
    pub(crate) async fn by_sql(&self, statement: &str) {
        match &self.database.0 {
            Kind::Sqlite(folder) => {
                let file = folder.path().join("app.db");
                let statement = statement.replace('{', "windlass_").replace('}', "");
                let connection = rusqlite::Connection::open(file).expect("opened");
                connection.execute_batch(&statement).expect("done");
            }
            Kind::Postgres(database) => {
                let statement = statement.replace('{', "windlass.").replace('}', "");
                let url = database.url();
                let (client, connection) =
                    tokio_postgres::connect(&url, tokio_postgres::NoTls).await.expect("connected");
                let asked = async {
                    client.batch_execute(&statement).await.expect("done");
                    drop(client);
                };
                let (served, ()) = tokio::join!(connection, asked);
                served.expect("served");
            }
        }
    }

    /// The database itself, for a connection of a test's own.
    pub(crate) fn url(&self) -> String {
        self.database.url()
    }

    /// Sends a request whose answer has no end: that is not held against the document here.
    pub(crate) async fn open(&self, request: Request<Body>) -> Response<Body> {
        self.router.clone().oneshot(request).await.expect("an answer")
    }

    /// Asks for a subscription by SQL, on a connection of its own.
    pub(crate) async fn ask_by_sql(&self, name: &str, definition: &str) {
        let kind = &self.database.0;
        match kind {
            Kind::Sqlite(folder) => {
                let file = folder.path().join("app.db");
                let statement =
                    "insert into windlass_put_subscription (name, definition) values (?1, ?2)";
                let connection = rusqlite::Connection::open(file).expect("opened");
                connection.execute(statement, [name, definition]).expect("asked");
            }
            Kind::Postgres(database) => {
                let url = database.url();
                let (client, connection) =
                    tokio_postgres::connect(&url, tokio_postgres::NoTls).await.expect("connected");
                let statement =
                    format!("select windlass.put_subscription('{name}', '{definition}')");
                let asked = async {
                    client.batch_execute(&statement).await.expect("asked");
                    drop(client);
                };
                let (served, ()) = tokio::join!(connection, asked);
                served.expect("served");
            }
        }
    }

    /// Runs the jobs of the kind `work` that are available, and those behind them.
    pub(crate) async fn work(&self) {
        let worker = windlass::Worker::new(Arc::clone(&self.store), ()).handle_fn(work);
        let worker = worker.inline().await.expect("a worker");
        while !worker.run_next().await.expect("ran").is_empty() {}
        worker.leave().await.expect("gone");
    }

    /// A day after events were published they go, also what was not fed.
    pub(crate) async fn forget(&self) {
        let second = std::time::Duration::from_secs(1);
        let keep = windlass::event::Keep::at_least(second).at_most(second);
        self.store.keep_events(keep).await.expect("kept");
        let now = self.store.facts().await.expect("asked").now;
        let later = Now::At(Timestamp::from_micros(now.as_micros() + 86_400_000_000));
        for _ in 0..4 {
            self.store.tidy(later).await.expect("tidied");
        }
    }

    /// What was published by now becomes what subscriptions make of it.
    pub(crate) async fn feed(&self) {
        let mut feed = windlass::subscription::Feed::default();
        while feed.round(&*self.store, Now::Database).await.expect("fed").is_behind {}
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send_json(Method::POST, path, body).await
    }

    pub(crate) async fn put(&self, path: &str, body: &Value) -> Answer {
        self.send_json(Method::PUT, path, body).await
    }

    async fn send_json(&self, method: Method, path: &str, body: &Value) -> Answer {
        let request = request(method, path).header(header::CONTENT_TYPE, "application/json");
        self.send(request.body(Body::from(body.to_string())).expect("a request")).await
    }

    /// Posts no body, and so no type of one.
    pub(crate) async fn act(&self, path: &str) -> Answer {
        self.send(request(Method::POST, path).body(Body::empty()).expect("a request")).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.send(request(Method::DELETE, path).body(Body::empty()).expect("a request")).await
    }

    /// Sends a request as it is; the answer is one that the document allows.
    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        let response = self.router.clone().oneshot(request).await.expect("an answer");
        let (status, headers) = (response.status(), response.headers().clone());
        let bytes = response.into_body().collect().await.expect("a whole body").to_bytes();
        let body = match bytes.len() {
            0 => Value::Null,
            _ => serde_json::from_slice(&bytes).expect("a JSON body"),
        };
        check(&method, &path, status, &body);
        Answer { status, headers, body }
    }
}

/// What fences the writes of the one job that a worker has claimed.
pub(crate) fn fence(worker: &Registration, batch: &Batch) -> Fence {
    Fence {
        lease: batch.lease,
        job: Arc::clone(&batch.jobs[0]),
        worker: worker.worker,
        label: worker.label.as_str().into(),
    }
}

/// A request to this path.
pub(crate) fn request(method: Method, path: &str) -> axum::http::request::Builder {
    Request::builder().method(method).uri(path)
}

/// Holds an answer against the schema that the document has for it.
pub(crate) fn check(method: &Method, path: &str, status: StatusCode, body: &Value) {
    let Some(operation) = operation(method, path) else {
        return check_schema(&json!({"$ref": "#/components/schemas/Problem"}), body, path);
    };
    let responses = &operation["responses"];
    let said = match &responses[status.as_str()] {
        Value::Null => {
            assert!(
                !status.is_success(),
                "{method} {path} answers {status}, which it does not say"
            );
            &responses["default"]["content"]["application/problem+json"]
        }
        response if status.is_client_error() => &response["content"]["application/problem+json"],
        response => &response["content"]["application/json"],
    };
    check_schema(&said["schema"], body, path);
}

/// The operation of the document that a request is for.
fn operation(method: &Method, path: &str) -> Option<&'static Value> {
    let paths = DOCUMENT["paths"].as_object().expect("paths");
    let parts: Vec<&str> = path.split('/').collect();
    let fits = |template: &str| {
        let wanted: Vec<&str> = template.split('/').collect();
        let same = |(want, part): (&&str, &&str)| want.starts_with('{') || want == part;
        wanted.len() == parts.len() && wanted.iter().zip(&parts).all(same)
    };
    // A path without parameters goes before one with some.
    let mut found: Vec<_> = paths.iter().filter(|(template, _)| fits(template)).collect();
    found.sort_by_key(|(template, _)| template.contains('{'));
    found.first()?.1.get(method.as_str().to_lowercase())
}

/// Holds a message of a stream against the schema that the document has for it.
pub(crate) fn check_message(message: &Value) {
    let content = &DOCUMENT["paths"]["/v1/stream"]["get"]["responses"]["200"]["content"];
    for form in ["text/event-stream", "application/x-ndjson"] {
        check_schema(&content[form]["schema"], message, "/v1/stream");
    }
}

fn check_schema(schema: &Value, body: &Value, path: &str) {
    if let Err(error) = validator(&DOCUMENT, schema).validate(body) {
        panic!(
            "{path} answers what its schema denies: {error} at {}: {body:#}",
            error.instance_path()
        );
    }
    if let Some(at) = undescribed(&DOCUMENT, schema, body) {
        panic!("{path} answers what its schema does not name: {at}: {body:#}");
    }
}

/// Runs each behaviour, an `async fn(TestApi)`, as a test on SQLite and as one on PostgreSQL.
macro_rules! on_both_stores {
    ($($(#[$doc:meta])* $name:ident;)+) => {
        mod sqlite {
            use crate::fixture::{TestApi, TestDatabase};
            $($(#[$doc])* #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() { super::$name(TestApi::on(TestDatabase::sqlite()).await).await; })+
        }
        mod postgres {
            use crate::fixture::{TestApi, TestDatabase};
            $($(#[$doc])* #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() { super::$name(TestApi::on(TestDatabase::postgres()).await).await; })+
        }
    };
}
pub(crate) use on_both_stores;

/// What a client at this address of this machine gets: the status and the rest.
pub(crate) async fn exchanged(
    server: SocketAddr,
    from: &str,
    asked: &str,
    headers: &str,
    body: &str,
) -> (u16, String) {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.bind(SocketAddr::new(from.parse().expect("an address"), 0)).expect("bound");
    let mut stream = socket.connect(server).await.expect("connected");
    let length = body.len();
    let fixed = format!("host: {server}\r\nconnection: close\r\ncontent-length: {length}\r\n");
    let text = format!("{asked} HTTP/1.1\r\n{fixed}{headers}\r\n{body}");
    stream.write_all(text.as_bytes()).await.expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("an answer");
    (answer[9..12].parse().expect("a status"), answer)
}

/// Takes out of an explanation what moves while nothing happens: the moment of it, and the words that tell times from there.
pub(crate) fn hold_still(explained: &mut Map<String, Value>) {
    explained.retain(|name, _| !matches!(name.as_str(), "now" | "says"));
    let gates = explained.get_mut("gates").and_then(Value::as_array_mut);
    let gates = gates.into_iter().flatten().filter_map(Value::as_object_mut);
    gates.for_each(|gate| drop(gate.remove("says")));
}
