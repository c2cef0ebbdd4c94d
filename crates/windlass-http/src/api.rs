//! The API as a whole: what its handlers share, and their router.

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::request::Parts;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::get;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower_http::catch_panic::CatchPanicLayer;
use windlass::Client;
use windlass::StoreError;
use windlass::redact::Redaction;
use windlass::standby::Standby;
use windlass::store::Store;
use windlass::stores::Stores;

use crate::access::{Access, Caller};
use crate::audit::watch::{Watch, watched};
use crate::limits::{BODY_BYTES, CALLER_TIME};
use crate::metrics::{self, Metrics};
use crate::problem::{Code, Problem};
use crate::rate::{Rates, RequestRate};
use crate::remote::Remotes;
use crate::standby::{Checked, Reading, reading};
use crate::stores::{Several, nested};
use crate::stream::Streams;
use crate::{conditional, exchange, foreign, idempotency, pages, rate, spec};

/// The HTTP API over one store.
#[derive(Debug, Clone)]
pub struct Api {
    shared: Arc<Shared>,
    redaction: Arc<Redaction>,
    /// Whether it is the API of one of several stores by its name.
    is_alone: bool,
}

struct Shared {
    client: Client,
    access: Access,
    /// The store whose tokens and users count, where it is another one.
    home: Option<Arc<dyn Store>>,
    /// Where there are several.
    several: Option<Several>,
    /// What answers reads while it is new enough.
    standby: Option<Arc<Standby>>,
    remotes: Remotes,
    metrics: Metrics,
    streams: Streams,
    rates: Option<Rates>,
    /// What runs on when its request is given up.
    tasks: TaskTracker,
    stopping: CancellationToken,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { client, access, several, rates, .. } = self;
        f.debug_struct("Shared")
            .field("client", client)
            .field("access", access)
            .field("several", several)
            .field("rates", rates)
            .finish_non_exhaustive()
    }
}

impl Api {
    /// The API over this store, for whom `access` lets in.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, access: Access) -> Self {
        Self::with(Client::new(store), access, None)
    }

    /// The same, with so many requests for each caller: by token where somebody is known, by address otherwise.
    #[must_use]
    pub fn limited(store: Arc<dyn Store>, access: Access, rate: RequestRate) -> Self {
        Self::with(Client::new(store), access, Some(Rates::of(rate)))
    }

    /// The API of this client: what is enqueued over it passes the client's layers, and is encrypted where the client encrypts.
    #[must_use]
    pub fn of(client: Client, access: Access, rate: Option<RequestRate>) -> Self {
        Self::with(client, access, rate.map(Rates::of))
    }

    fn with(client: Client, access: Access, rates: Option<Rates>) -> Self {
        let shared = Shared {
            client,
            access,
            home: None,
            several: None,
            standby: None,
            remotes: Remotes::default(),
            metrics: Metrics::default(),
            streams: Streams::default(),
            rates,
            tasks: TaskTracker::new(),
            stopping: CancellationToken::new(),
        };
        Self { shared: Arc::new(shared), redaction: Arc::default(), is_alone: false }
    }

    /// The same, which shows nobody what this hides. What types of jobs and events mark is hidden without it.
    #[must_use]
    pub fn redacting(self, redaction: Redaction) -> Self {
        Self { redaction: Arc::new(redaction), ..self }
    }

    /// The same over several stores, of which this one is the default, as [`Routes::otherwise`](windlass::stores::Routes::otherwise)
    /// names it: its tokens and users count for all. What is written passes the layers of `stores`, and is encrypted with their keys.
    ///
    /// `/v1` is its API, and each has its own below `/stores/NAME/v1`; jobs and events that are posted to `/v1` are written where
    /// they belong. A store that is away is tried again whenever it is asked for.
    #[must_use]
    pub fn with_stores(self, stores: Stores) -> Self {
        let client = self.client().clone().with_pipeline(stores.pipeline().clone());
        let standby = self.shared.standby.clone();
        self.over((client, standby), None, Some(Several::of(stores)))
    }

    /// The same, whose lists, objects and metrics a standby answers while it is new enough; otherwise, and for all that writes or
    /// decides, the store is asked as before. Over several stores it is that of the default one.
    #[must_use]
    pub fn reading_from(self, standby: Standby) -> Self {
        let Shared { client, home, several, .. } = &*self.shared;
        let read = (client.clone(), Some(Arc::new(standby)));
        Self { is_alone: self.is_alone, ..self.over(read, home.clone(), several.clone()) }
    }

    /// The same over several stores, where a standby answers reads of this one of them: see [`Api::reading_from`]. It comes behind
    /// [`Api::with_stores`].
    ///
    /// # Errors
    /// [`StoreError::NotFound`] where there is no such store.
    pub fn reading_store_from(self, name: &str, standby: Standby) -> Result<Self, StoreError> {
        let none = || StoreError::NotFound { what: format!("the store {name}") };
        let several = self.shared.several.as_ref().filter(|several| several.has(name));
        let several = several.ok_or_else(none)?;
        if name == several.default_store() {
            return Ok(self.reading_from(standby));
        }
        let Shared { client, home, standby: own, .. } = &*self.shared;
        let several = several.clone().reading(name, standby);
        Ok(self.over((client.clone(), own.clone()), home.clone(), Some(several)))
    }

    /// The API over the default store alone: what is written to it stays there.
    pub(crate) fn alone(&self) -> Self {
        Self { is_alone: true, ..self.clone() }
    }

    /// The API over another store, for whom this one lets in, which stops with this one.
    pub(crate) fn beside(&self, store: Arc<dyn Store>, standby: Option<Arc<Standby>>) -> Self {
        let client = Client::new(store).with_pipeline(self.client().pipeline().clone());
        self.over((client, standby), Some(Arc::clone(self.client().store())), None)
    }

    /// The API over what the standby has.
    pub(crate) fn of_standby(&self, store: Arc<dyn Store>) -> Self {
        let Shared { client, home, standby, .. } = &*self.shared;
        let home = home.clone().unwrap_or_else(|| Arc::clone(client.store()));
        let client = Client::new(store).with_pipeline(client.pipeline().clone());
        self.over((client, standby.clone()), Some(home), None)
    }

    /// The same way in to something else.
    fn over(
        &self,
        (client, standby): (Client, Option<Arc<Standby>>),
        home: Option<Arc<dyn Store>>,
        several: Option<Several>,
    ) -> Self {
        let Shared { access, rates, tasks, stopping, .. } = &*self.shared;
        let shared = Shared {
            client,
            access: access.clone(),
            home,
            several,
            standby,
            remotes: Remotes::default(),
            metrics: Metrics::default(),
            streams: Streams::default(),
            rates: rates.clone(),
            tasks: tasks.clone(),
            stopping: stopping.clone(),
        };
        let redaction = Arc::clone(&self.redaction);
        Self { shared: Arc::new(shared), redaction, is_alone: false }
    }

    /// Is cancelled by who serves the API when that is to end, so that requests that wait are answered at once.
    #[must_use]
    pub fn stopping(&self) -> &CancellationToken {
        &self.shared.stopping
    }

    /// Returns once nothing runs any more for requests that were given up. For after the last request.
    pub async fn idle(&self) {
        self.shared.tasks.close();
        self.shared.tasks.wait().await;
        self.remotes().measures().write_all(self.store()).await;
    }

    /// Everything under `/v1`, with `/healthz`, `/readyz`, `/metrics` and the pages of `/docs`: to be served, or nested in another
    /// router.
    pub fn router(self) -> Router {
        match self.several().cloned() {
            Some(several) => nested(&self, &several, self.clone().own_router()),
            None => self.own_router(),
        }
    }

    fn own_router(self) -> Router {
        let (routes, document) = spec::routes();
        let watch = Watch::over(self.clone(), &document);
        let read = self.standby().map(|_| Reading::over(self.clone(), routes.clone()));
        let routes = routes
            .layer(from_fn_with_state(watch, watched))
            .layer(from_fn_with_state(self.clone(), idempotency::once))
            .layer(from_fn(conditional::conditional));
        let routes = match read {
            Some(read) => routes.layer(from_fn_with_state(read, reading)),
            None => routes,
        };
        routes
            .merge(spec::served(&document))
            .merge(pages::routes())
            .route("/metrics", get(metrics::show))
            .layer(from_fn_with_state(self.clone(), rate::limited))
            .layer(from_fn(foreign::no_foreign_acts))
            .layer(CatchPanicLayer::new())
            .layer(DefaultBodyLimit::max(BODY_BYTES))
            .layer(from_fn(exchange::around))
            .layer(from_fn_with_state(self.clone(), metrics::counted))
            .with_state(self)
    }

    pub(crate) fn redaction(&self) -> &Redaction {
        &self.redaction
    }

    /// Where there are several.
    pub(crate) fn several(&self) -> Option<&Several> {
        self.shared.several.as_ref().filter(|_| !self.is_alone)
    }

    /// Who sends this request.
    pub(crate) async fn caller(&self, request: &Parts) -> Result<Caller, Problem> {
        if let Some(Checked(caller)) = request.extensions.get() {
            return Ok(caller.clone());
        }
        let home = self.shared.home.as_ref().unwrap_or(self.shared.client.store());
        let asked = self.access().caller(request, &**home);
        let silent =
            |_| Err(Problem::new(Code::Unavailable, "the database does not say who you are"));
        tokio::time::timeout(CALLER_TIME, asked).await.unwrap_or_else(silent)
    }

    pub(crate) fn standby(&self) -> Option<&Arc<Standby>> {
        self.shared.standby.as_ref()
    }

    pub(crate) fn metrics(&self) -> &Metrics {
        &self.shared.metrics
    }

    pub(crate) fn remotes(&self) -> &Remotes {
        &self.shared.remotes
    }

    pub(crate) fn streams(&self) -> &Streams {
        &self.shared.streams
    }

    pub(crate) fn rates(&self) -> Option<&Rates> {
        self.shared.rates.as_ref()
    }

    pub(crate) fn tasks(&self) -> &TaskTracker {
        &self.shared.tasks
    }

    pub(crate) fn access(&self) -> &Access {
        &self.shared.access
    }

    pub(crate) fn client(&self) -> &Client {
        &self.shared.client
    }

    pub(crate) fn store(&self) -> &dyn Store {
        &**self.shared.client.store()
    }

    /// The client of somebody: what they enqueue says who it comes of.
    pub(crate) fn client_of(&self, caller: &Caller) -> Client {
        self.shared.client.clone().with_origin(caller.name())
    }
}
