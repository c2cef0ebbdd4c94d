//! The dashboard over a database of a test's own, and what it answers.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use http_body_util::BodyExt;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;
use tempfile::TempDir;
use tower::ServiceExt;
use windlass::Client;
use windlass::job::Verdict;
use windlass::store::{Now, Store};
use windlass::token::{Grant, Scope};
use windlass::worker::Registration;
use windlass_http::{Access, Api, Caller};
use windlass_testkit::database::{Database, PostgresDatabase};
use windlass_testkit::worker::{self as worker_of, Profile};

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

    fn url(&self) -> String {
        match &self.0 {
            Kind::Sqlite(folder) => format!("sqlite:{}", folder.path().join("app.db").display()),
            Kind::Postgres(database) => database.url(),
        }
    }
}

/// The dashboard, and the store below it.
pub(crate) struct Dashboard {
    api: Api,
    store: Arc<dyn Store>,
    // Dropped last.
    _database: TestDatabase,
}

/// A page that it answered with.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    /// The page, which has all of these.
    #[track_caller]
    pub(crate) fn shows(&self, texts: &[&str]) {
        assert_eq!(self.status, StatusCode::OK, "{}", self.text);
        self.has(texts);
    }

    /// The same of a page with any status.
    #[track_caller]
    pub(crate) fn has(&self, texts: &[&str]) {
        for text in texts {
            assert!(self.text.contains(text), "{text} is not in {}", self.text);
        }
    }

    #[track_caller]
    pub(crate) fn has_not(&self, texts: &[&str]) {
        for text in texts {
            assert!(!self.text.contains(text), "{text} is in {}", self.text);
        }
    }

    /// What a button did: where it leads, and what the page there says.
    #[track_caller]
    pub(crate) fn told(&self) -> (String, String) {
        assert_eq!(self.status, StatusCode::SEE_OTHER, "{}", self.text);
        let header = |name| self.headers.get(name).and_then(|value| value.to_str().ok());
        let told = header(header::SET_COOKIE).unwrap_or_default();
        let told = told.trim_start_matches("windlass-told=").split(';').next().unwrap_or_default();
        let told = percent_encoding::percent_decode_str(told).decode_utf8_lossy().into_owned();
        (header(header::LOCATION).unwrap_or_default().to_owned(), told)
    }

    /// The value of the first field with this name.
    #[track_caller]
    pub(crate) fn field(&self, name: &str) -> &str {
        let start = format!("name=\"{name}\" value=\"");
        let from = self.text.find(&start).unwrap_or_else(|| panic!("no {name} in {}", self.text));
        self.text[from + start.len()..].split('"').next().unwrap_or_default()
    }
}

impl Dashboard {
    pub(crate) async fn on(database: TestDatabase) -> Self {
        let store = windlass::open(&database.url()).await.expect("the store opens");
        Self::over(database, store, Access::open())
    }

    fn over(database: TestDatabase, store: Arc<dyn Store>, access: Access) -> Self {
        Self { api: Api::new(Arc::clone(&store), access), store, _database: database }
    }

    /// The same, where everybody may only read.
    pub(crate) fn for_viewers(self) -> Self {
        self.asking(Access::by(|_| Some(Caller::new("vic", Grant::everywhere([Scope::Read])))))
    }

    pub(crate) fn asking(self, access: Access) -> Self {
        let Self { store, _database, .. } = self;
        Self::over(_database, store, access)
    }

    /// One that nobody has asked yet: what viewers share for a moment has tests of its own.
    fn router(&self) -> Router {
        windlass_dashboard::over(self.api.clone())
    }

    pub(crate) fn client(&self) -> Client {
        Client::new(Arc::clone(&self.store))
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(Request::get(path).body(Body::empty()).expect("a request")).await
    }

    /// Sends a form, as a button or a page with fields does.
    pub(crate) async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let encoded = |text| utf8_percent_encode(text, NON_ALPHANUMERIC);
        let fields =
            fields.iter().map(|(name, value)| format!("{}={}", encoded(name), encoded(value)));
        let body = fields.collect::<Vec<_>>().join("&");
        let request = Request::post(path)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Body::from(body));
        self.send(request.expect("a request")).await
    }

    /// Asks the API below, to set something up or to see what was done.
    pub(crate) async fn api(&self, method: Method, path: &str, body: &Value) -> Value {
        let request = Request::builder().method(method).uri(path);
        let request = match body {
            Value::Null => request.body(Body::empty()),
            body => {
                let request = request.header(header::CONTENT_TYPE, "application/json");
                request.body(Body::from(body.to_string()))
            }
        };
        let answer = self.send(request.expect("a request")).await;
        assert!(answer.status.is_success(), "{}", answer.text);
        serde_json::from_str(&answer.text).expect("JSON")
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router().oneshot(request).await.expect("an answer");
        let (status, headers) = (response.status(), response.headers().clone());
        let bytes = response.into_body().collect().await.expect("a whole body").to_bytes();
        Answer { status, headers, text: String::from_utf8(bytes.to_vec()).expect("a text") }
    }

    /// Registers a worker of the default queue that knows this kind.
    pub(crate) async fn worker(&self, profile: Profile) -> Registration {
        let registration = profile.registration();
        self.store.register(&registration, Now::Database).await.expect("registered");
        registration
    }

    /// Has a worker claim one job, and end its attempt so.
    pub(crate) async fn run_one(&self, worker: &Registration, verdict: Verdict) {
        let claimed = self.store.claim(&worker_of::request(worker, 1), Now::Database).await;
        let batch = claimed.expect("a claim reaches the store");
        let settled = [worker_of::settlement(&batch, 0, verdict)];
        self.store.settle(worker.worker, &settled, Now::Database).await.expect("settled");
    }

    /// Goes on with all operations until nothing is left to do.
    pub(crate) async fn go_on(&self) {
        let client = self.client();
        for one in client.operations(None, 100).await.expect("read") {
            client.run_operation(one.id).await.expect("it runs");
        }
    }
}

/// Runs each behaviour, an `async fn(Dashboard)`, as a test on SQLite and as one on PostgreSQL.
macro_rules! on_both_stores {
    ($($(#[$doc:meta])* $name:ident;)+) => {
        mod sqlite {
            use crate::control::fixture::{Dashboard, TestDatabase};
            $($(#[$doc])* #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() { super::$name(Dashboard::on(TestDatabase::sqlite()).await).await; })+
        }
        mod postgres {
            use crate::control::fixture::{Dashboard, TestDatabase};
            $($(#[$doc])* #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() { super::$name(Dashboard::on(TestDatabase::postgres()).await).await; })+
        }
    };
}
pub(crate) use on_both_stores;
