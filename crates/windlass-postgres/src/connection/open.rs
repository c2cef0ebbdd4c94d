//! Opening a store.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use windlass_core::error::{StoreError, Unusable};

use crate::archive::moving;
use crate::condition::coalesce::SignalCoalescer;
use crate::connection::config::{CONNECTIONS, Config};
use crate::connection::io::Io;
use crate::connection::migrate;
use crate::connection::patience::Gate;
use crate::connection::transaction::Transactions;
use crate::connection::watch::Watch;
use crate::connection::{Connection, Shared};
use crate::job::claim_cursor::ClaimCursors;
use crate::job::coalesce::Coalescer;
use crate::job::turn::Turns;
use crate::maintenance::sweep::SeenStart;
use crate::maintenance::tidy::KeyWalk;
use crate::maintenance::walk::AllWalks;
use crate::store::PostgresStore;

/// Whether opening may change the schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Migration {
    /// Bring the schema up to date. The default.
    #[default]
    Apply,
    /// Refuse to open unless it is up to date.
    Check,
}

/// How long a statement on a standby may take: as long as the API waits for one.
const READ_TIME: Duration = Duration::from_secs(3);

impl PostgresStore {
    /// Opens `postgres://user@host/database`. Options besides the driver's: `schema=NAME`,
    /// `pooler=transaction`, `connections=N`. Migrating is safe when several processes do it at
    /// once.
    ///
    /// # Errors
    /// When the URL makes no sense, the server cannot be reached, is too old or a replica, or
    /// the schema is newer.
    pub async fn open(url: &str, migration: Migration) -> Result<Self, StoreError> {
        let shared = Arc::new(Shared::new(url.parse::<Config>()?, Io::start()?));
        let claims = Connection::new(Arc::clone(&shared));
        migrate::check_server(&claims).await?;
        match migration {
            Migration::Apply => migrate::migrate(&claims, &shared.config.schema).await.map(drop)?,
            Migration::Check => migrate::check(&claims).await?,
        }
        moving::refuse(&claims).await?;
        Ok(Self::over(shared, claims))
    }

    /// Opens a standby, to be read alone: nothing is written, and the schema is left as it is.
    pub(crate) async fn open_standby(url: &str) -> Result<Self, StoreError> {
        // What nobody waits for any more does not hold up what comes behind it on the same connection.
        let mut config: Config = url.parse()?;
        config.statement_time = Some(READ_TIME);
        let shared = Arc::new(Shared::of_standby(config, Io::start()?));
        let claims = Connection::new(Arc::clone(&shared));
        migrate::check_standby(&claims).await?;
        migrate::check_replayed(&claims).await?;
        moving::refuse(&claims).await?;
        Ok(Self::over(shared, claims))
    }

    fn over(shared: Arc<Shared>, claims: Connection) -> Self {
        let writes = Arc::new(Connection::new(Arc::clone(&shared)));
        let wakeups = Arc::default();
        let waiting: Arc<Gate> = Arc::default();
        Self {
            watch: Watch::start(Arc::clone(&shared), Arc::clone(&writes), &wakeups),
            coalescer: Coalescer::start(&shared.io, Arc::clone(&writes)),
            signals: SignalCoalescer::start(&shared.io, Arc::clone(&writes), Arc::clone(&waiting)),
            wakeups,
            transactions: Transactions::new(Arc::clone(&shared)),
            operations: Transactions::new(Arc::clone(&shared)),
            claims,
            writes,
            shared,
            cursors: ClaimCursors::default(),
            turns: Turns::default(),
            key_walk: KeyWalk::default(),
            walks: AllWalks::default(),
            seen_start: SeenStart::default(),
            waiting,
            workers: Mutex::new(HashMap::new()),
        }
    }

    /// Brings the schema of a database up to date; how many migrations that took.
    ///
    /// # Errors
    /// As [`PostgresStore::open`].
    pub async fn migrate(url: &str) -> Result<u32, StoreError> {
        let shared = Arc::new(Shared::new(url.parse::<Config>()?, Io::start()?));
        let connection = Connection::new(Arc::clone(&shared));
        migrate::check_server(&connection).await?;
        migrate::migrate(&connection, &shared.config.schema).await
    }

    /// Refuses to run a worker on fewer connections than it needs.
    pub(crate) fn check_connections(&self) -> Result<(), StoreError> {
        let allowed = self.shared.config.connections;
        if allowed < CONNECTIONS {
            return Err(StoreError::Unusable {
                reason: format!(
                    "a worker needs {CONNECTIONS} connections (claims, settlements, listening) and the URL allows {allowed}: say connections={CONNECTIONS}"
                ),
                kind: Unusable::Url,
            });
        }
        Ok(())
    }
}
