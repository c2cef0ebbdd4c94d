//! Several stores behind one server: which there are, how each is, and the whole API of each below a path of its own.

mod document;
mod list;
mod nested;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use tokio::sync::OnceCell;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use windlass::batch::{IntoBatch, Started};
use windlass::condition::{Signal, SignalAnswer, Signalled};
use windlass::event::NewEvent;
use windlass::standby::Standby;
use windlass::stores::Stores;
use windlass::{Client, NewJob, Refusal, StoreError};

use crate::access::Caller;
use crate::api::Api;
use crate::problem::Problem;

pub(crate) use nested::nested;

/// How long one of several stores may take to say how it is, before it counts as away: who asks whether a server is ready waits a second.
const LOOK_TIME: Duration = Duration::from_millis(800);

/// Its route, below `/v1`.
pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(list::list))
}

/// The stores of an API that has several.
#[derive(Clone)]
pub(crate) struct Several {
    stores: Stores,
    /// The API of each other than the default one, once its store is open.
    others: Arc<BTreeMap<String, OnceCell<Other>>>,
    /// What answers reads of some of these.
    standbys: BTreeMap<String, Arc<Standby>>,
}

/// The API of another store than the default one.
#[derive(Clone)]
struct Other {
    api: Api,
    /// Made once: it has the whole document.
    router: Router,
}

impl std::fmt::Debug for Several {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.stores.fmt(f)
    }
}

impl Several {
    pub(crate) fn of(stores: Stores) -> Self {
        let default = stores.routes().default_store();
        let others = stores.names().filter(|name| *name != default);
        let others = others.map(|name| (name.to_owned(), OnceCell::new())).collect();
        Self { stores, others: Arc::new(others), standbys: BTreeMap::new() }
    }

    /// The same, where a standby answers reads of this one.
    pub(crate) fn reading(self, name: &str, standby: Standby) -> Self {
        let mut standbys = self.standbys;
        standbys.insert(name.to_owned(), Arc::new(standby));
        Self { standbys, others: Self::of(self.stores.clone()).others, stores: self.stores }
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.stores.names().any(|own| own == name)
    }

    /// How old an answer of any of their standbys may be.
    pub(crate) fn oldest_answer(&self) -> Option<Duration> {
        self.standbys.values().map(|standby| standby.max_age()).max()
    }

    pub(crate) fn default_store(&self) -> &str {
        self.stores.routes().default_store()
    }

    /// How many there are.
    pub(crate) fn number(&self) -> usize {
        self.stores.names().count()
    }

    /// The API of one of them, beside that of the default store, which says who may.
    async fn api(&self, home: &Api, name: &str) -> Result<Api, StoreError> {
        Ok(match self.other(home, name).await? {
            Some(other) => other.api,
            None => home.clone(),
        })
    }

    /// That of another than the default one; its store is opened when it is asked for first.
    async fn other(&self, home: &Api, name: &str) -> Result<Option<Other>, StoreError> {
        let Some(other) = self.others.get(name) else { return Ok(None) };
        let open = async || {
            let standby = self.standbys.get(name).cloned();
            let api = home.beside(self.stores.store(name).await?, standby);
            Ok(Other { router: api.clone().router(), api })
        };
        other.get_or_try_init(open).await.cloned().map(Some)
    }

    /// The names of those that do not answer, in time, that they can be used.
    pub(crate) async fn away(&self) -> Vec<&str> {
        let looks = self.stores.names().map(|name| async move {
            let look = async { self.stores.store(name).await?.facts().await };
            let facts = tokio::time::timeout(LOOK_TIME, look).await;
            let is_there = facts.is_ok_and(|facts| {
                facts.is_ok_and(|facts| facts.schema_version == facts.known_version)
            });
            (!is_there).then_some(name)
        });
        futures_util::future::join_all(looks).await.into_iter().flatten().collect()
    }
}

/// Where something is written, and the store's name where there are several.
pub(crate) struct Written {
    pub(crate) client: Client,
    pub(crate) store: Option<Arc<str>>,
}

impl Api {
    /// Where these jobs belong.
    pub(crate) async fn for_jobs(
        &self,
        caller: &Caller,
        jobs: &[NewJob],
    ) -> Result<Written, Problem> {
        self.written(caller, "jobs", |several| {
            jobs.iter().map(|job| several.stores.routes().of_job(job)).collect()
        })
        .await
    }

    /// Starts a batch or a workflow where its jobs belong, and says where that is.
    pub(crate) async fn start(
        &self,
        caller: &Caller,
        batch: impl IntoBatch,
    ) -> Result<(Started, Option<Arc<str>>), Problem> {
        let (id, jobs) = batch.into_batch()?;
        let Written { client, store } = self.for_jobs(caller, &jobs).await?;
        Ok((client.start((id, jobs)).await?, store))
    }

    /// Refuses jobs that belong to another store than this one, where they come to something that is here.
    pub(crate) fn check_here(&self, jobs: &[NewJob]) -> Result<(), Problem> {
        let Some(several) = self.several() else { return Ok(()) };
        let here = several.default_store();
        let mut names = jobs.iter().map(|job| several.stores.routes().of_job(job));
        let Some(other) = names.find(|name| *name != here) else { return Ok(()) };
        let detail = format!(
            "by the routes this belongs to the store {other}, and `/v1` is {here}: send it to /stores/{other}/v1, or to /stores/{here}/v1 where it is to be here in any case"
        );
        Err(Problem::conflict(detail))
    }

    /// Tells a signal, where there are several stores in each of them: who waits may be in any. What came of it in all together.
    pub(crate) async fn signal(
        &self,
        caller: &Caller,
        signal: &Signal,
    ) -> Result<Signalled, Problem> {
        let Some(several) = self.several() else {
            return Ok(self.client_of(caller).signal(signal.clone()).await?);
        };
        let told = several.stores.names().map(|name| async move {
            let api = several.api(self, name).await?;
            api.client_of(caller).signal(signal.clone()).await
        });
        let told = futures_util::future::join_all(told).await;
        Ok(together(told.into_iter().collect::<Result<_, StoreError>>()?))
    }

    /// Where these events belong.
    pub(crate) async fn for_events(
        &self,
        caller: &Caller,
        events: &[NewEvent],
    ) -> Result<Written, Problem> {
        self.written(caller, "events", |several| {
            events.iter().map(|event| several.stores.routes().of_event(event)).collect()
        })
        .await
    }

    async fn written<'a>(
        &'a self,
        caller: &Caller,
        what: &'static str,
        names: impl FnOnce(&'a Several) -> Vec<&'a str>,
    ) -> Result<Written, Problem> {
        let Some(several) = self.several() else {
            return Ok(Written { client: self.client_of(caller), store: None });
        };
        let names = names(several);
        let name = names.first().copied().unwrap_or(several.default_store());
        if let Some(other) = names.iter().find(|other| **other != name) {
            let (one, other) = (name.to_owned(), (*other).to_owned());
            return Err(StoreError::from(Refusal::TwoStores { what, one, other }).into());
        }
        let api = several.api(self, name).await?;
        Ok(Written { client: api.client_of(caller), store: Some(name.into()) })
    }
}

/// What came of a signal in several stores: the most that came of it in any.
fn together(told: Vec<Signalled>) -> Signalled {
    let conditions = told.iter().map(|one| one.conditions).sum();
    let answers = [SignalAnswer::Met, SignalAnswer::Kept, SignalAnswer::Late];
    let most = answers.into_iter().find(|answer| told.iter().any(|one| one.answer == *answer));
    Signalled { answer: most.unwrap_or(SignalAnswer::Duplicate), conditions }
}
