//! Where a test works: a database of its own on one of the stores.

use std::sync::Arc;
use std::time::Duration;

use tempfile::TempDir;
use tokio::sync::broadcast::Receiver;
use windlass::store::Store;
use windlass::{Client, Event, JobId, JobRecord};
use windlass_testkit::database::{Database, PostgresDatabase};

/// Nothing awaited here takes longer unless it is broken.
pub(crate) const SOON: Duration = Duration::from_secs(20);

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

    pub(crate) fn url(&self) -> String {
        match &self.0 {
            Kind::Sqlite(folder) => format!("sqlite:{}", folder.path().join("app.db").display()),
            Kind::Postgres(database) => database.url(),
        }
    }

    pub(crate) const fn is_postgres(&self) -> bool {
        matches!(self.0, Kind::Postgres(_))
    }

    pub(crate) async fn open(&self) -> Arc<dyn Store> {
        windlass::open(&self.url()).await.expect("the store opens")
    }
}

/// What keeps a store's statements waiting.
pub(crate) enum Held {
    Sqlite(rusqlite::Connection),
    Postgres(Connection),
}

impl Held {
    pub(crate) async fn let_go(self) {
        match self {
            Self::Sqlite(connection) => connection.execute_batch("rollback").expect("let go"),
            Self::Postgres(connection) => {
                connection.client.batch_execute("rollback").await.expect("let go");
            }
        }
    }
}

/// Tables of the SQLite store, without their prefix.
const TABLES: [&str; 8] =
    ["pending", "lease", "finished", "job_count", "worker", "queue", "leader", "schema"];

impl TestDatabase {
    /// Moves all tables from one schema, or prefix, to another.
    pub(crate) async fn rename_tables(&self, from: &str, to: &str) {
        let renamed = match &self.0 {
            Kind::Postgres(_) => format!("alter schema {from} rename to {to}"),
            Kind::Sqlite(_) => TABLES
                .map(|table| format!("alter table {from}_{table} rename to {to}_{table};"))
                .concat(),
        };
        self.run(&renamed).await;
    }

    /// Gives one table another name.
    pub(crate) async fn rename_table(&self, from: &str, to: &str) {
        self.run(&match &self.0 {
            Kind::Postgres(_) => format!("alter table windlass.{from} rename to {to}"),
            Kind::Sqlite(_) => format!("alter table windlass_{from} rename to windlass_{to}"),
        })
        .await;
    }

    /// Has the database refuse each log line.
    pub(crate) async fn refuse_log_lines(&self) {
        let refuse = match &self.0 {
            Kind::Sqlite(_) => {
                "create trigger refuse before insert on windlass_log_line \
                 begin select raise(abort, 'no line'); end"
            }
            Kind::Postgres(_) => {
                "alter table windlass.log_line add constraint refuse check (false) not valid"
            }
        };
        self.run(refuse).await;
    }

    /// Takes the locks that every heartbeat waits for.
    pub(crate) async fn hold_heartbeats(&self) -> Held {
        match &self.0 {
            Kind::Sqlite(_) => {
                let connection = self.file();
                connection.execute_batch("begin immediate").expect("held");
                Held::Sqlite(connection)
            }
            Kind::Postgres(_) => {
                let connection = connect(self).await;
                let hold = "begin; lock table windlass.worker";
                connection.client.batch_execute(hold).await.expect("held");
                Held::Postgres(connection)
            }
        }
    }

    /// Runs statements on a connection of the application's own, all of them or none.
    async fn run(&self, statements: &str) {
        let whole = format!("begin; {statements}; commit");
        match &self.0 {
            Kind::Sqlite(_) => self.file().execute_batch(&whole).expect("run"),
            Kind::Postgres(_) => {
                connect(self).await.client.batch_execute(&whole).await.expect("run");
            }
        }
    }

    /// Whether a text stands anywhere in what the store keeps.
    pub(crate) async fn has_text(&self, text: &str) -> bool {
        match &self.0 {
            Kind::Sqlite(folder) => {
                let files = std::fs::read_dir(folder.path()).expect("listed");
                let has_it = |path: std::path::PathBuf| {
                    let bytes = std::fs::read(path).expect("read");
                    bytes.windows(text.len()).any(|part| part == text.as_bytes())
                };
                let mut paths = files.map(|file| file.expect("a file").path());
                paths.any(|path| path.is_file() && has_it(path))
            }
            Kind::Postgres(_) => {
                let connection = connect(self).await;
                let client = &connection.client;
                let tables = "select table_name::text from information_schema.tables where table_schema = 'windlass' and table_type = 'BASE TABLE'";
                for table in client.query(tables, &[]).await.expect("listed") {
                    let table: String = table.get(0);
                    let asked = format!(
                        "select count(*) from windlass.{table} t where strpos(t::text, $1) > 0"
                    );
                    let row = client.query_one(&asked, &[&text]).await.expect("searched");
                    if row.get::<_, i64>(0) > 0 {
                        return true;
                    }
                }
                false
            }
        }
    }

    /// How many rows a table has.
    pub(crate) async fn count(&self, table: &str) -> i64 {
        match &self.0 {
            Kind::Sqlite(_) => {
                let sql = format!("select count(*) from windlass_{table}");
                self.file().query_row(&sql, [], |row| row.get(0)).expect("counted")
            }
            Kind::Postgres(_) => {
                let sql = format!("select count(*) from windlass.{table}");
                let connection = connect(self).await;
                connection.client.query_one(&sql, &[]).await.expect("counted").get(0)
            }
        }
    }

    /// Returns once who feeds the subscriptions waits to be told.
    pub(crate) async fn sleeping_feed(&self) {
        let Kind::Postgres(_) = &self.0 else { return };
        let connection = connect(self).await;
        let sleeper = "select sleeper is not null from windlass.log";
        while !connection.client.query_one(sleeper, &[]).await.expect("read").get::<_, bool>(0) {}
    }

    /// Runs a statement on a connection of the application's own: one for SQLite, one for PostgreSQL.
    pub(crate) async fn sql(&self, statement: &str) -> Result<(), String> {
        if !self.is_postgres() {
            let connection = rusqlite::Connection::open(self.url().trim_start_matches("sqlite:"));
            let connection = connection.expect("opened");
            connection.busy_timeout(SOON).expect("set");
            return connection.execute(statement, []).map(drop).map_err(|error| error.to_string());
        }
        let done = connect(self).await.client.batch_execute(statement).await;
        done.map_err(|error| {
            error.as_db_error().map_or_else(String::new, |error| error.message().to_owned())
        })
    }

    pub(crate) fn file(&self) -> rusqlite::Connection {
        let url = self.url();
        let connection = rusqlite::Connection::open(url.trim_start_matches("sqlite:"));
        let connection = connection.expect("the file can be opened");
        connection.busy_timeout(SOON).expect("set");
        connection
    }
}

/// Runs each behaviour, an `async fn(TestDatabase)`, as a test on SQLite and as one on PostgreSQL.
macro_rules! on_both_stores {
    ($($(#[$doc:meta])* $name:ident;)+) => {
        mod sqlite {
            $($(#[$doc])* #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() { super::$name(crate::test_database::TestDatabase::sqlite()).await; })+
        }
        mod postgres {
            $($(#[$doc])* #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() { super::$name(crate::test_database::TestDatabase::postgres()).await; })+
        }
    };
}
pub(crate) use on_both_stores;

/// The record of a job that has ended.
pub(crate) async fn ended(client: &Client, id: JobId) -> JobRecord {
    tokio::time::timeout(SOON, client.ended(id))
        .await
        .expect("it ends soon")
        .expect("it can be read")
}

/// Waits for the first event that fits.
pub(crate) async fn event(events: &mut Receiver<Event>, fits: impl Fn(&Event) -> bool) -> Event {
    let wait = async {
        loop {
            let event = events.recv().await.expect("the worker lives");
            if fits(&event) {
                return event;
            }
        }
    };
    tokio::time::timeout(SOON, wait).await.expect("the event comes soon")
}

/// Waits for so many heartbeats of the only worker.
pub(crate) async fn heartbeats(store: &Arc<dyn Store>, number: usize) {
    let seen_at = async || store.workers().await.expect("read")[0].seen_at;
    for _ in 0..number {
        let before = seen_at().await;
        let renewed = async { while seen_at().await == before {} };
        tokio::time::timeout(SOON, renewed).await.expect("it renews its lease");
    }
}

/// A connection of the application's own, and what drives it.
pub(crate) struct Connection {
    pub(crate) client: tokio_postgres::Client,
    _driver: tokio::task::JoinSet<Result<(), tokio_postgres::Error>>,
}

pub(crate) async fn connect(database: &TestDatabase) -> Connection {
    connect_to(&database.url()).await
}

pub(crate) async fn connect_to(url: &str) -> Connection {
    let (client, connection) =
        tokio_postgres::connect(url, tokio_postgres::NoTls).await.expect("connected");
    let mut driver = tokio::task::JoinSet::new();
    driver.spawn(connection);
    Connection { client, _driver: driver }
}
