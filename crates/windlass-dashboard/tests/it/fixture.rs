//! The dashboard over a database of a test's own.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use http_body_util::BodyExt;
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde_json::Value;
use tower::ServiceExt;
use windlass::Outcome;
use windlass::job::{Batch, Verdict};
use windlass::stats::{Gather, Kept, fold};
use windlass::store::{Now, Store};
use windlass::token::{Grant, Scope};
use windlass::worker::{Registration, Renewal};
use windlass::{Client, Timestamp};
use windlass_dashboard::Commands;
use windlass_http::{Access, Api, Caller, RequestRate};
use windlass_testkit::database::Database;
use windlass_testkit::worker::{self as worker_of, Profile};

/// A name that does harm where it is not escaped: a tag, a mark of direction and one that is not seen.
pub(crate) const HOSTILE: &str = "<script>alert(1)</script>\u{202e}\u{200b}";

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

/// The pages, and the store below them.
pub(crate) struct TestPages {
    api: Api,
    commands: Commands,
    store: Arc<dyn Store>,
    // Dropped last.
    database: Arc<dyn Database>,
}

/// A page.
#[derive(Debug)]
pub(crate) struct Shown {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

/// What came of an answer, and why no more of it came.
#[derive(Debug)]
pub(crate) struct Broken {
    pub(crate) text: String,
    pub(crate) error: Option<String>,
}

impl Shown {
    /// Whether it has all of these texts, in this order.
    #[track_caller]
    pub(crate) fn has(&self, texts: &[&str]) -> &Self {
        let mut rest = self.text.as_str();
        for text in texts {
            let Some((_, after)) = rest.split_once(text) else {
                panic!("{text:?} is missing, or in another place: {}", self.text)
            };
            rest = after;
        }
        self
    }

    /// Whether it has all of these texts, wherever they stand.
    #[track_caller]
    pub(crate) fn mentions(&self, texts: &[&str]) -> &Self {
        for text in texts {
            assert!(self.text.contains(text), "{text:?} is missing: {}", self.text);
        }
        self
    }

    /// The same of a page that is there.
    #[track_caller]
    pub(crate) fn shows(&self, texts: &[&str]) -> &Self {
        assert_eq!(self.status, StatusCode::OK, "{}", self.text);
        self.mentions(texts)
    }

    #[track_caller]
    pub(crate) fn has_not(&self, texts: &[&str]) -> &Self {
        for text in texts {
            assert!(!self.text.contains(text), "{text:?} is there: {}", self.text);
        }
        self
    }

    /// The value of the first field with this name, as a browser sends it.
    #[track_caller]
    pub(crate) fn sends(&self, name: &str) -> String {
        self.field(name).replace("&quot;", "\"").replace("&amp;", "&")
    }

    /// The value of the first field with this name, as it is written.
    #[track_caller]
    pub(crate) fn field(&self, name: &str) -> &str {
        let start = format!("name=\"{name}\" value=\"");
        let from = self.text.find(&start).unwrap_or_else(|| panic!("no {name} in {}", self.text));
        self.text[from + start.len()..].split('"').next().unwrap_or_default()
    }

    /// Where it leads, and what the page there tells.
    #[track_caller]
    pub(crate) fn led(&self) -> (String, String) {
        assert_eq!(self.status, StatusCode::SEE_OTHER, "{}", self.text);
        let text = |name| self.headers.get(name).and_then(|value| value.to_str().ok());
        let told = text(header::SET_COOKIE).unwrap_or_default();
        let told = told.strip_prefix("windlass-told=").unwrap_or_default();
        let told = told.split(';').next().unwrap_or_default();
        let told = percent_decode_str(told).decode_utf8_lossy().into_owned();
        (text(header::LOCATION).unwrap_or_default().to_owned(), told)
    }
}

impl TestPages {
    pub(crate) async fn on(database: impl Database) -> Self {
        let store = database.open().await.expect("the store opens");
        Self::over(store, Access::open(), Arc::new(database))
    }

    fn over(store: Arc<dyn Store>, access: Access, database: Arc<dyn Database>) -> Self {
        let api = Api::new(Arc::clone(&store), access);
        Self { api, commands: Commands::default(), store, database }
    }

    /// The same pages for somebody who may read alone.
    pub(crate) fn for_reader(&self) -> Self {
        let access = Access::by(|_| Some(Caller::new("ana", Grant::everywhere([Scope::Read]))));
        self.asking(access)
    }

    /// The same pages for whom this lets in.
    pub(crate) fn asking(&self, access: Access) -> Self {
        Self::over(Arc::clone(&self.store), access, Arc::clone(&self.database))
    }

    fn open(&self) -> Self {
        self.asking(Access::open())
    }

    /// The same pages, whose commands are for the store at these places.
    pub(crate) fn offering(self, commands: Commands) -> Self {
        Self { commands, ..self }
    }

    /// The same pages, where this standby answers reads.
    pub(crate) fn reading_from(&self, standby: windlass::standby::Standby) -> Self {
        Self { api: self.api.clone().reading_from(standby), ..self.open() }
    }

    /// The same pages, where each caller may make so many requests.
    pub(crate) fn limited(&self, rate: RequestRate) -> Self {
        let api = Api::limited(Arc::clone(&self.store), Access::open(), rate);
        Self { api, ..self.open() }
    }

    /// One that nobody has asked yet: what viewers share for a moment has tests of its own.
    pub(crate) fn router(&self) -> Router {
        windlass_dashboard::over_with(self.api.clone(), self.commands.clone())
    }

    pub(crate) fn client(&self) -> Client {
        Client::new(Arc::clone(&self.store))
    }

    /// A page, which is there.
    #[track_caller]
    pub(crate) fn page(&self, path: &str) -> impl Future<Output = Shown> {
        let got = sent(self.router(), request(Method::GET, path, Body::empty()));
        async move {
            let shown = got.await;
            assert_eq!(shown.status, StatusCode::OK, "{}", shown.text);
            shown
        }
    }

    pub(crate) async fn get(&self, path: &str) -> Shown {
        sent(self.router(), request(Method::GET, path, Body::empty())).await
    }

    /// Sends a form.
    pub(crate) async fn press(&self, path: &str, fields: &[(&str, &str)]) -> Shown {
        sent(self.router(), form(path, fields)).await
    }

    /// The pages inside a program that lets in whom it knows by what it has put into the request.
    pub(crate) fn inside_a_program(&self, knows: bool) -> Router {
        let access = Access::by(|request| {
            request.extensions.get::<KnownUser>()?;
            Some(Caller::new("ana", Grant::everywhere([Scope::Admin])))
        });
        let pages = windlass_dashboard::router(self.client(), access);
        let app = Router::new().nest_service("/windlass", pages);
        if knows { app.layer(axum::Extension(KnownUser)) } else { app }
    }

    /// A document of the API that the pages are over.
    pub(crate) async fn api(&self, path: &str) -> Value {
        let shown = self.get(path).await;
        serde_json::from_str(&shown.text).expect("a JSON body")
    }

    /// Has the API do something, and returns its answer.
    pub(crate) async fn ask(&self, method: Method, path: &str, body: &Value) -> Value {
        let mut request = request(method, path, Body::empty());
        if !body.is_null() {
            let json = header::HeaderValue::from_static("application/json");
            request.headers_mut().insert(header::CONTENT_TYPE, json);
            *request.body_mut() = Body::from(body.to_string());
        }
        let shown = self.send(request).await;
        assert!(shown.status.is_success(), "{path}: {}", shown.text);
        serde_json::from_str(&shown.text).unwrap_or_default()
    }

    /// The URL of the database.
    pub(crate) fn url(&self) -> String {
        self.database.url()
    }

    /// An answer whose first part is read, then something happens, then the rest is read.
    pub(crate) async fn broken(&self, path: &str, between: impl FnOnce()) -> Broken {
        let request = request(Method::GET, path, Body::empty());
        let mut body = self.router().oneshot(request).await.expect("an answer").into_body();
        let mut broken = Broken { text: String::new(), error: None };
        let mut between = Some(between);
        while let Some(part) = body.frame().await {
            match part {
                Ok(part) => {
                    let bytes = part.into_data().unwrap_or_default();
                    broken.text.push_str(&String::from_utf8_lossy(&bytes));
                }
                Err(error) => {
                    broken.error = Some(error.to_string());
                    break;
                }
            }
            between.take().into_iter().for_each(|between| between());
        }
        broken
    }

    /// What is answered to a request that is made by hand.
    pub(crate) async fn send(&self, request: Request<Body>) -> Shown {
        sent(self.router(), request).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Value {
        self.ask(Method::POST, path, body).await
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
        let second = Duration::from_secs(1);
        let keep = windlass::event::Keep::at_least(second).at_most(second);
        self.store.keep_events(keep).await.expect("kept");
        let now = self.store.facts().await.expect("asked").now;
        let later = Now::At(Timestamp::from_micros(now.as_micros() + 86_400_000_000));
        for _ in 0..4 {
            self.store.tidy(later).await.expect("tidied");
        }
    }

    /// Has the store do what a leader has it do from time to time: jobs that no worker knows are parked.
    pub(crate) async fn tidy(&self) {
        self.store.tidy(Now::Database).await.expect("tidied");
    }

    /// Registers a worker.
    pub(crate) async fn worker(&self, profile: Profile) -> Registration {
        let registration = profile.registration();
        self.register(&registration).await;
        registration
    }

    pub(crate) async fn register(&self, registration: &Registration) {
        self.store.register(registration, Now::Database).await.expect("registered");
    }

    /// Registers a worker that lives since then, and has claimed nothing so far.
    pub(crate) async fn worker_since(&self, profile: Profile, ago: Duration) -> Registration {
        let registration = profile.registration();
        let then = Timestamp::from_micros(
            Timestamp::wall_clock().as_micros()
                - i64::try_from(ago.as_micros()).expect("not so long"),
        );
        self.store.register(&registration, Now::At(then)).await.expect("registered");
        self.beat(&registration, None).await;
        registration
    }

    /// Renews a worker's lease, which has claimed so long ago.
    pub(crate) async fn beat(&self, worker: &Registration, claimed: Option<Duration>) {
        let renewal = Renewal { lease: worker.lease, claimed };
        let beat = self.store.heartbeat(worker.worker, renewal, Now::Database).await;
        beat.expect("a heartbeat reaches the store");
    }

    /// Has a worker claim so many jobs, which it runs from now on.
    pub(crate) async fn claim(&self, worker: &Registration, jobs: usize) -> Batch {
        let claimed = self.store.claim(&worker_of::request(worker, jobs), Now::Database).await;
        claimed.expect("a claim reaches the store")
    }

    /// Counts that jobs of this batch have run for so long, as workers do.
    pub(crate) async fn count_ends(&self, batch: &Batch, ran: Duration) {
        let (mut gather, now) = (Gather::default(), Timestamp::wall_clock());
        let end = ((Outcome::Ok, false), Some(ran));
        batch.jobs.iter().for_each(|job| gather.ended(job, now, end));
        let part = gather.take().expect("something was counted");
        self.store.put_stats_part(&part, Now::Database).await.expect("kept");
        fold(&*self.store, Kept::default(), Now::Database).await.expect("folded");
    }

    /// Has a worker claim one job, and end its attempt so.
    pub(crate) async fn run_one(&self, worker: &Registration, verdict: Verdict) {
        let batch = self.claim(worker, 1).await;
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

    /// What was published by now becomes what subscriptions make of it.
    pub(crate) async fn feed(&self) {
        let mut feed = windlass::subscription::Feed::default();
        while feed.round(&*self.store, Now::Database).await.expect("fed").is_behind {}
    }
}

/// Whom a program knows.
#[derive(Debug, Clone)]
struct KnownUser;

/// A page of a router, whatever it answers.
pub(crate) async fn got(router: Router, path: &str) -> Shown {
    sent(router, request(Method::GET, path, Body::empty())).await
}

/// A text as part of a path or a query.
pub(crate) fn encoded(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

/// Sends a form to a router.
pub(crate) async fn pressed(router: Router, path: &str, fields: &[(&str, &str)]) -> Shown {
    sent(router, form(path, fields)).await
}

fn form(path: &str, fields: &[(&str, &str)]) -> Request<Body> {
    let form = fields.iter().map(|(name, value)| format!("{name}={}", encoded(value)));
    let form = form.collect::<Vec<_>>().join("&");
    let mut request = request(Method::POST, path, Body::from(form));
    let form = header::HeaderValue::from_static("application/x-www-form-urlencoded");
    request.headers_mut().insert(header::CONTENT_TYPE, form);
    request
}

fn request(method: Method, path: &str, body: Body) -> Request<Body> {
    Request::builder().method(method).uri(path).body(body).expect("a request")
}

async fn sent(router: Router, request: Request<Body>) -> Shown {
    let response = router.oneshot(request).await.expect("an answer");
    let (status, headers) = (response.status(), response.headers().clone());
    let bytes = response.into_body().collect().await.expect("a whole body").to_bytes();
    Shown { status, headers, text: String::from_utf8_lossy(&bytes).into_owned() }
}

/// Runs each behaviour, an `async fn(TestPages)`, as a test on SQLite and as one on PostgreSQL.
macro_rules! on_both_stores {
    ($($(#[$doc:meta])* $name:ident;)+) => {
        mod sqlite {
            use crate::fixture::TestPages;
            use windlass_testkit::database::SqliteFile;
            $($(#[$doc])* #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() { super::$name(TestPages::on(SqliteFile::fresh()).await).await; })+
        }
        mod postgres {
            use crate::fixture::TestPages;
            use windlass_testkit::database::PostgresDatabase;
            $($(#[$doc])* #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() { super::$name(TestPages::on(PostgresDatabase::fresh()).await).await; })+
        }
    };
}
pub(crate) use on_both_stores;
