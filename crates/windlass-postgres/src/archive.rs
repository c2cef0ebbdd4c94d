//! [`Archive`] for PostgreSQL: the tables of a schema, read in one snapshot and written in one transaction.

mod binary;
pub(crate) mod layout;
mod look;
pub(crate) mod moving;
mod read;
mod write;

use std::sync::Arc;

use tokio_postgres::Client;
use windlass_core::archive::{Archive, Onto, Reached, ReadArchive, Standing, Table, WriteArchive};
use windlass_core::error::StoreError;
use windlass_core::store::Reply;

use crate::connection::connect::connect;
use crate::connection::io::Io;
use crate::connection::open::Migration;
use crate::connection::{Connection, Shared, migrate};
use crate::error::store_error;

/// The rows of a schema.
#[derive(Debug)]
pub struct PostgresArchive {
    shared: Arc<Shared>,
}

impl PostgresArchive {
    /// Opens `postgres://user@host/database`, as [`PostgresStore::open`](crate::PostgresStore::open) does.
    ///
    /// # Errors
    /// As there.
    pub async fn open(url: &str, migration: Migration) -> Result<Self, StoreError> {
        let shared = Arc::new(Shared::new(url.parse()?, Io::start()?));
        let connection = Connection::new(Arc::clone(&shared));
        migrate::check_server(&connection).await?;
        match migration {
            Migration::Apply => {
                migrate::migrate(&connection, &shared.config.schema).await.map(drop)?
            }
            Migration::Check => migrate::check(&connection).await?,
        }
        Ok(Self { shared })
    }

    /// A session inside a transaction, which nobody ends for being idle: the other end of a walk may be slow.
    async fn begin(&self, how: &str) -> Result<Session, StoreError> {
        let client = connect(&self.shared.config, &self.shared.io, None).await?;
        let session = Session { client, shared: Arc::clone(&self.shared) };
        session.begin(how).await?;
        Ok(session)
    }
}

/// How long others' open transactions are waited for.
const PATIENCE: &str = "10s";
/// How a transaction that writes begins.
const USUAL: &str = "isolation level read committed";

/// A session of its own. Its transaction is rolled back when it is dropped.
pub(crate) struct Session {
    client: Client,
    /// The thread that drives it, and the schema's name.
    shared: Arc<Shared>,
}

impl Session {
    async fn begin(&self, how: &str) -> Result<(), StoreError> {
        self.batch(&format!(
            "begin {how}; set local idle_in_transaction_session_timeout = 0; set local enable_seqscan = on; \
             set local synchronize_seqscans = off; set local lock_timeout = '{PATIENCE}'"
        ))
        .await
    }

    /// A text in the chosen schema.
    fn text(&self, sql: &str) -> String {
        crate::connection::in_schema(sql, &self.shared.config.schema).into_owned()
    }

    async fn batch(&self, sql: &str) -> Result<(), StoreError> {
        self.client.batch_execute(&self.text(sql)).await.map_err(store_error)
    }
}

impl Archive for PostgresArchive {
    fn look(&self) -> Reply<'_, Standing> {
        Box::pin(async move { look::look(&self.begin("read only").await?).await })
    }

    fn read(&self, tables: &'static [Table]) -> Reply<'_, Box<dyn ReadArchive>> {
        Box::pin(async move {
            let session = self.begin("isolation level repeatable read read only").await?;
            Ok(Box::new(read::Rows::start(session, tables).await?) as Box<dyn ReadArchive>)
        })
    }

    fn write(&self, onto: Onto) -> Reply<'_, Box<dyn WriteArchive>> {
        Box::pin(async move {
            let session = self.begin(USUAL).await?;
            Ok(Box::new(write::Writing::start(session, onto).await?) as Box<dyn WriteArchive>)
        })
    }

    fn leave<'a>(&'a self, to: &'a str) -> Reply<'a, bool> {
        Box::pin(async move { moving::leave(self.begin(USUAL).await?, to).await })
    }

    fn has_left(&self) -> Reply<'_, ()> {
        Box::pin(async move { moving::has_left(self.begin(USUAL).await?).await })
    }

    fn arrive<'a>(&'a self, from: &'a str) -> Reply<'a, (Reached, Box<dyn WriteArchive>)> {
        Box::pin(async move {
            let (place, session) = moving::arrive(self.begin(USUAL).await?, from).await?;
            let writing = write::Writing::go_on(session).await?;
            Ok((place, Box::new(writing) as Box<dyn WriteArchive>))
        })
    }

    fn stay(&self) -> Reply<'_, bool> {
        Box::pin(async move { moving::stay(self.begin(USUAL).await?).await })
    }
}
