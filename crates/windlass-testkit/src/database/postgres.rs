//! A PostgreSQL database in the cluster that all tests share.

use std::sync::Arc;
use windlass_core::store::Store;
use windlass_postgres::{Migration, PostgresStore};

use super::{Database, Opening};
use crate::cluster::{Cluster, OwnDatabase};

/// A database, free for another test when this is dropped.
#[derive(Debug)]
pub struct PostgresDatabase {
    cluster: Arc<Cluster>,
    database: OwnDatabase,
}

impl PostgresDatabase {
    /// An empty database in the shared cluster.
    ///
    /// # Panics
    /// When PostgreSQL is not installed or cannot be started.
    #[must_use]
    pub fn fresh() -> Self {
        Self::in_cluster(Arc::new(Cluster::shared()))
    }

    /// An empty database in this cluster.
    ///
    /// # Panics
    /// When the cluster is down.
    #[must_use]
    pub fn in_cluster(cluster: Arc<Cluster>) -> Self {
        let database = cluster.database();
        Self { cluster, database }
    }

    /// Where it is found over the network.
    #[must_use]
    pub fn tcp_url(&self) -> String {
        self.cluster.tcp_url(&self.database.name)
    }

    /// Its name in the cluster.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.database.name
    }
}

impl Database for PostgresDatabase {
    fn open(&self) -> Opening<'_> {
        Box::pin(async move {
            let store = PostgresStore::open(&self.url(), Migration::Apply).await?;
            Ok(Arc::new(store) as Arc<dyn Store>)
        })
    }

    fn url(&self) -> String {
        self.cluster.url(&self.database.name)
    }
}
