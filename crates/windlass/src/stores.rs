//! Several stores behind one client: where one database is not enough, or is not to be the only one.
//!
//! ```no_run
//! use serde::{Deserialize, Serialize};
//! use windlass::prelude::*;
//! use windlass::stores::{Routes, Stores};
//!
//! #[derive(Serialize, Deserialize, Job)]
//! #[job(kind = "mail.welcome", queue = "eu-mail")]
//! struct Welcome {
//!     user_id: i64,
//! }
//!
//! async fn welcome(job: Welcome, _cx: Context) -> Result<(), JobError> {
//!     println!("welcome, {}", job.user_id);
//!     Ok(())
//! }
//!
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let routes = Routes::otherwise("us").queue("eu-*", "eu").tag("tenant:acme", "eu");
//! let urls = [("eu", "postgres://app@eu.db/app"), ("us", "postgres://app@us.db/app")];
//! let stores = Stores::of(urls, routes)?;
//! stores.enqueue(Welcome { user_id: 42 }).await?; // into the store `eu`
//!
//! let workers = stores.worker(|_, store| Worker::without_app(store).handle_fn(welcome)).await?;
//! workers.stop().await;
//! # Ok(())
//! # }
//! ```
//!
//! Each store is one of its own: it has its leader, its workers' rows, its tokens, its log of events. **Nothing crosses stores**: no
//! transaction, no batch, no workflow, no condition, no signal, no subscription, no limit and no unique key. What a handler enqueues
//! through its context is written to the store that its own job is from.

mod each;
mod error;
mod route;
mod running;
mod seat;
mod slot;
mod write;

use std::sync::Arc;
use std::time::Duration;

use windlass_core::client::{Client, EnqueueLayer, EnqueuePipeline};
use windlass_core::error::StoreError;
use windlass_core::job::Cipher;
use windlass_core::limits::ROOM_WAIT;
use windlass_core::store::Store;

pub use each::OfStore;
pub use error::StoresError;
pub use route::{On, Routes};
pub use running::{RunningWorkers, StoreWorker};
use slot::Slot;

/// Several stores, and the rules by which jobs and events get to one of them. Cheap to clone.
///
/// A store is opened when it is needed first, and tried again with the next call where that fails, so that a program starts and goes
/// on while one of them is away.
#[derive(Clone)]
pub struct Stores {
    slots: Arc<[Slot]>,
    routes: Arc<Routes>,
    pipeline: EnqueuePipeline,
    room_wait: Duration,
}

impl std::fmt::Debug for Stores {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names: Vec<&str> = self.names().collect();
        f.debug_struct("Stores").field("names", &names).field("routes", &self.routes).finish()
    }
}

/// Making them.
impl Stores {
    /// Stores by their names and URLs, none of which is opened yet.
    ///
    /// # Errors
    /// When there is none, a name cannot be used or is there twice, two names have one URL, a URL is not one of a store, or a rule
    /// names a store that is not there.
    pub fn of<N: Into<String>, U: Into<String>>(
        urls: impl IntoIterator<Item = (N, U)>,
        routes: Routes,
    ) -> Result<Self, StoresError> {
        let urls: Vec<(String, String)> =
            urls.into_iter().map(|(name, url)| (name.into(), url.into())).collect();
        error::check(&urls, &routes)?;
        let slots = urls.into_iter().map(|(name, url)| Slot::new(name, url)).collect();
        let (routes, pipeline) = (Arc::new(routes), EnqueuePipeline::default());
        Ok(Self { slots, routes, pipeline, room_wait: ROOM_WAIT })
    }

    /// Says in the record of each job and event who wrote it, as [`Client::with_origin`].
    #[must_use]
    pub fn with_origin(mut self, origin: impl Into<Arc<str>>) -> Self {
        self.pipeline = self.pipeline.with_origin(origin);
        self
    }

    /// Adds a layer that sees every job and event before it is written, and before its store is chosen: what it changes counts for
    /// that. Layers run in the order added.
    #[must_use]
    pub fn with_layer(mut self, layer: impl EnqueueLayer) -> Self {
        self.pipeline = self.pipeline.with_layer(Arc::new(layer));
        self
    }

    /// Encrypts the args of jobs, as [`Client::encrypting`], in whichever store. Workers are given the keys as they are described:
    /// [`Worker::encrypting`](crate::Worker::encrypting).
    #[must_use]
    pub fn encrypting(mut self, cipher: impl Cipher) -> Self {
        self.pipeline = self.pipeline.with_cipher(Arc::new(cipher));
        self
    }

    /// How long an enqueue waits for room, as [`Client::waiting_for_room`].
    #[must_use]
    pub fn waiting_for_room(mut self, patience: Duration) -> Self {
        self.room_wait = patience;
        self
    }
}

/// Which there are.
impl Stores {
    /// Their names, in the order in which they were given.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.slots.iter().map(Slot::name)
    }

    /// The rules.
    #[must_use]
    pub fn routes(&self) -> &Routes {
        &self.routes
    }

    /// What every job and event passes before its store is chosen.
    #[must_use]
    pub fn pipeline(&self) -> &EnqueuePipeline {
        &self.pipeline
    }

    /// A client of one of them, with the origin and the layers of all. What it does stays in that store.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] where there is none with this name, [`StoreError::Unavailable`] while it cannot be reached, and what
    /// else [`open`](crate::open) says; each names the store.
    pub async fn client(&self, name: &str) -> Result<Client, StoreError> {
        let client = self.plain(name).await?;
        Ok(client.with_pipeline(self.pipeline.clone()))
    }

    /// One of them itself, for a worker or an API over it alone.
    ///
    /// # Errors
    /// As [`Stores::client`].
    pub async fn store(&self, name: &str) -> Result<Arc<dyn Store>, StoreError> {
        Ok(Arc::clone(self.plain(name).await?.store()))
    }

    /// A client without layers: for what has passed them.
    async fn plain(&self, name: &str) -> Result<Client, StoreError> {
        let client = self.slot(name)?.client().await?;
        Ok(client.waiting_for_room(self.room_wait))
    }

    fn slot(&self, name: &str) -> Result<&Slot, StoreError> {
        let found = self.slots.iter().find(|slot| slot.name() == name);
        found.ok_or_else(|| {
            let names: Vec<&str> = self.names().collect();
            let what = format!("store {name} (there are {})", names.join(", "));
            StoreError::NotFound { what }
        })
    }
}
