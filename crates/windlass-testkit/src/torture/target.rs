//! What is tortured: a SQLite file, or a PostgreSQL server of the run's own.

use std::sync::Arc;
use std::time::Duration;

use fastrand::Rng;

use super::Fault;
use crate::cluster::Cluster;
use crate::database::{Database, PostgresDatabase, SqliteFile};

/// A database and the means to disturb it.
pub enum Target {
    /// A file that all processes share.
    Sqlite(Arc<SqliteFile>),
    /// A server that may crash.
    Postgres(Arc<Cluster>, Arc<PostgresDatabase>),
}

/// Faults of every store, and how likely each is.
const COMMON: [(Fault, usize); 14] = [
    (Fault::Kill, 4),
    (Fault::ShortFreeze, 3),
    (Fault::LongFreeze, 2),
    (Fault::TerminateTwice, 3),
    (Fault::HoldTables, 2),
    (Fault::Cancel, 4),
    (Fault::Move, 3),
    (Fault::Retry, 2),
    (Fault::Pause, 2),
    (Fault::Limit, 4),
    (Fault::Subscription, 6),
    (Fault::Tidy, 4),
    (Fault::KillReader, 3),
    (Fault::FreezeReader, 3),
];
/// Faults that need a server.
const SERVERS: [(Fault, usize); 2] = [(Fault::CrashServer, 1), (Fault::EndSessions, 3)];

impl Target {
    /// A fresh SQLite file.
    #[must_use]
    pub fn sqlite() -> Self {
        Self::Sqlite(Arc::new(SqliteFile::fresh()))
    }

    /// A fresh PostgreSQL server.
    #[must_use]
    pub fn postgres() -> Self {
        let cluster = Arc::new(Cluster::private());
        let database = Arc::new(PostgresDatabase::in_cluster(Arc::clone(&cluster)));
        Self::Postgres(cluster, database)
    }

    pub(super) fn database(&self) -> Arc<dyn Database> {
        match self {
            Self::Sqlite(file) => Arc::clone(file) as Arc<dyn Database>,
            Self::Postgres(_, database) => Arc::clone(database) as Arc<dyn Database>,
        }
    }

    /// A fault by chance, of those that this store can have.
    pub(super) fn choose(&self, random: &mut Rng) -> Fault {
        let servers: &[(Fault, usize)] = match self {
            Self::Sqlite(_) => &[],
            Self::Postgres(..) => &SERVERS,
        };
        let all = COMMON.iter().chain(servers);
        let faults: Vec<Fault> =
            all.flat_map(|(fault, weight)| std::iter::repeat_n(*fault, *weight)).collect();
        faults[random.usize(..faults.len())]
    }

    /// Stops the server, says when it is gone, and starts it again.
    pub(super) fn crash_server(&self, gone: impl FnOnce()) {
        if let Self::Postgres(cluster, _) = self {
            cluster.stop_at_once();
            gone();
            cluster.start();
        }
    }

    pub(super) fn end_sessions(&self) {
        if let Self::Postgres(cluster, database) = self {
            cluster.end_sessions(database.name());
        }
    }

    /// Keeps everybody else from writing for so long.
    pub(super) async fn hold_tables(&self, held: Duration) {
        match self {
            Self::Sqlite(file) => hold_file(&file.url(), held).await,
            Self::Postgres(cluster, database) => cluster.hold_tables(database.name(), held),
        }
    }
}

async fn hold_file(url: &str, held: Duration) {
    let path = url.trim_start_matches("sqlite:");
    let Ok(connection) = rusqlite::Connection::open(path) else { return };
    // Where somebody else writes all the time the lock may not be had: then they were not held.
    if connection.busy_timeout(held).is_ok() && connection.execute_batch("begin immediate").is_ok()
    {
        tokio::time::sleep(held).await;
        let _ = connection.execute_batch("commit");
    }
}
