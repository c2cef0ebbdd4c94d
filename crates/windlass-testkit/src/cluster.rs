//! PostgreSQL clusters of our own, so that tests need no server, no port and no password.
//!
//! The shared cluster serves every test process of a user: the first one makes and starts
//! it, each test has a database in it alone, and a watchdog stops it when nobody has used it for a
//! minute; its files stay, so that the next run starts at once. A private cluster belongs to one
//! test, which may stop, kill and restart it.

mod account;
mod binaries;
mod pooler;
mod server;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::TempDir;

use account::Account;
use binaries::Binaries;
use server::Server;

pub use pooler::Pooler;

/// A running cluster.
#[derive(Debug)]
pub struct Cluster {
    server: Server,
    hold: Hold,
}

/// A database of one test. It is emptied and used again by a later one: dropping a database
/// costs two checkpoints, half a second where tests run side by side. Until then it can be
/// looked at.
#[derive(Debug)]
pub struct OwnDatabase {
    /// Its name.
    pub name: String,
    #[expect(dead_code, reason = "held, never read: the kernel lets go when the test ends")]
    slot: File,
}

/// Sessions of one application.
#[derive(Debug, Clone, Copy)]
pub struct Sessions {
    /// How many there are.
    pub number: u32,
    /// The age of the oldest transaction that is open, or zero.
    pub oldest_transaction: Duration,
}

/// Whether new sessions get into a database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Door {
    /// They do.
    Open,
    /// They are refused.
    Closed,
}

/// What keeps a cluster alive.
#[derive(Debug)]
enum Hold {
    /// The lock by which the watchdog knows that the shared cluster is in use.
    #[expect(dead_code, reason = "held, never read")]
    Shared(File),
    /// The folder of a private cluster, removed with it.
    #[expect(dead_code, reason = "held, never read")]
    Private(TempDir),
}

impl Cluster {
    /// The cluster all tests of this user share, started if it is down.
    ///
    /// # Panics
    /// When PostgreSQL is not installed or does not start; with its last log lines.
    #[must_use]
    pub fn shared() -> Self {
        let (binaries, account) = (Binaries::find(), Account::for_server());
        let folder = shared_folder(&binaries, &account);
        // In this order: while the watchdog stops the server it holds `users` alone.
        let users = locked(&folder.join("users.lock"), File::lock_shared);
        let starting = locked(&folder.join("start.lock"), File::lock);
        let server = Server::new(binaries, account, folder);
        if !server.is_up() {
            server.init();
            server.start();
            server.watch_for_idleness();
        }
        drop(starting);
        Self { server, hold: Hold::Shared(users) }
    }

    /// A cluster for one test alone.
    ///
    /// # Panics
    /// As [`Cluster::shared`].
    #[must_use]
    pub fn private() -> Self {
        let (binaries, account) = (Binaries::find(), Account::for_server());
        let folder = tempfile::Builder::new().prefix("windlass-pg-").tempdir();
        let folder = folder.expect("the temporary folder can be written");
        account.own(folder.path());
        let server = Server::new(binaries, account, folder.path().to_owned());
        server.init();
        server.start();
        Self { server, hold: Hold::Private(folder) }
    }

    /// A standby of this cluster, without whose word the primary acknowledges no commit.
    ///
    /// # Panics
    /// When this cluster is shared or down, or the standby does not come to stream.
    #[must_use]
    pub fn synchronous_standby(&self) -> Self {
        let standby = self.standby();
        self.server.wait_for_standby();
        standby
    }

    /// A standby of this cluster, for which nobody waits.
    ///
    /// # Panics
    /// When this cluster is shared or down.
    #[must_use]
    pub fn standby(&self) -> Self {
        self.must_be_private();
        let (binaries, account) = (Binaries::find(), Account::for_server());
        let folder = tempfile::Builder::new().prefix("windlass-pg-").tempdir();
        let folder = folder.expect("the temporary folder can be written");
        account.own(folder.path());
        let server = Server::new(binaries, account, folder.path().to_owned());
        server.copy(&self.server);
        server.start();
        Self { server, hold: Hold::Private(folder) }
    }

    /// Returns once this standby has replayed what its primary has written by now.
    ///
    /// # Panics
    /// When it does not in time.
    pub fn catch_up(&self, primary: &Self) {
        let written = primary.ask("postgres", "select pg_current_wal_flush_lsn()");
        let question = format!("select pg_last_wal_replay_lsn() >= '{}'", written.trim());
        self.server.wait_until(&question, "t");
    }

    /// Has this standby replay nothing until [`Cluster::resume_replay`].
    ///
    /// # Panics
    /// When it is none.
    pub fn pause_replay(&self) {
        self.must_be_private();
        self.server.ask("postgres", "select pg_wal_replay_pause()");
    }

    /// Has this standby replay again.
    ///
    /// # Panics
    /// When it is none.
    pub fn resume_replay(&self) {
        self.server.ask("postgres", "select pg_wal_replay_resume()");
    }

    /// Has this standby follow another server than before.
    ///
    /// # Panics
    /// When it is none, or the other is down.
    pub fn follow(&self, primary: &Self) {
        self.must_be_private();
        let from = primary.server.socket_keywords("postgres");
        self.set("primary_conninfo", &from);
    }

    /// Changes a setting of the server that needs no new start.
    ///
    /// # Panics
    /// When the cluster is shared or down.
    pub fn set(&self, setting: &str, value: &str) {
        self.must_be_private();
        self.server.ask("postgres", &format!("alter system set {setting} = '{value}'"));
        self.server.ask("postgres", "select pg_reload_conf()");
        self.server.wait_until(&format!("show {setting}"), value);
    }

    /// The rows that answer a question, or what came of a statement; columns with a bar between them.
    ///
    /// # Panics
    /// When the cluster is down, or refuses.
    #[must_use]
    pub fn ask(&self, database: &str, question: &str) -> String {
        self.server.ask(database, question)
    }

    /// Makes a standby a primary.
    ///
    /// # Panics
    /// When it is none.
    pub fn promote(&self) {
        self.must_be_private();
        self.server.promote();
    }

    /// The URL of a database on whichever of the two takes writes.
    #[must_use]
    pub fn url_of_either(&self, other: &Self, database: &str) -> String {
        let (first, second) = (self.url(database), other.url(database));
        let place = |url: &str| {
            url.split('@').nth(1).and_then(|rest| rest.split('/').next().map(str::to_owned))
        };
        let place = |url: &str| place(url).expect("a URL has a host");
        let head = first.split('@').next().unwrap_or_default();
        let (first, second) = (place(&first), place(&second));
        format!("{head}@{first},{second}/{database}?target_session_attrs=read-write")
    }

    /// An empty database, this value's alone for as long as it lives.
    ///
    /// # Panics
    /// When the cluster is down.
    #[must_use]
    pub fn database(&self) -> OwnDatabase {
        let free = |number: u32| {
            let slot = open_lock(&self.server.folder().join(format!("slot-{number}.lock")));
            slot.try_lock().ok().map(|()| (number, slot))
        };
        let (number, slot) = (0..).find_map(free).expect("there are more numbers than tests");
        let name = format!("test_{number}");
        self.server.empty_database(&name);
        OwnDatabase { name, slot }
    }

    /// The URL of a database through the Unix socket.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        self.server.socket_url(database)
    }

    /// The URL of a database through the loopback interface, with a password.
    #[must_use]
    pub fn tcp_url(&self, database: &str) -> String {
        self.server.tcp_url(database)
    }

    /// A pooler in transaction mode in front of a database.
    ///
    /// # Panics
    /// When PgBouncer is not installed or does not start.
    #[must_use]
    pub fn pooler(&self, database: &str) -> Pooler {
        Pooler::start(&self.server, database)
    }

    /// Moves an unused database into a folder, which may be on a small disk.
    ///
    /// # Panics
    /// When the cluster is shared, or the server refuses.
    pub fn move_to(&self, database: &str, folder: &Path) {
        self.must_be_private();
        self.server.account().own(folder);
        let made = format!("create tablespace small location '{}'", folder.display());
        self.server.ask("postgres", &made);
        self.server.ask("postgres", &format!("alter database {database} set tablespace small"));
    }

    /// What the sessions of one application in a database look like now.
    ///
    /// # Panics
    /// When the cluster is down.
    #[must_use]
    pub fn sessions(&self, database: &str, application: &str) -> Sessions {
        let question = format!(
            "select count(*), coalesce(max(extract(epoch from clock_timestamp() - xact_start)), 0) \
             from pg_stat_activity where datname = '{database}' and application_name = '{application}'"
        );
        let answer = self.server.ask("postgres", &question);
        let read = || {
            let (number, oldest) = answer.trim().split_once('|')?;
            let oldest_transaction = Duration::try_from_secs_f64(oldest.parse().ok()?).ok()?;
            Some(Sessions { number: number.parse().ok()?, oldest_transaction })
        };
        read().unwrap_or_else(|| panic!("unexpected answer: {answer}"))
    }

    /// The process behind the session that holds the locks of a database's workers, if there is one. These have one number as
    /// their key; that of a turn has two.
    ///
    /// # Panics
    /// When the cluster is down, or several hold one.
    #[must_use]
    pub fn listener(&self, database: &str) -> Option<u32> {
        let question = format!(
            "select distinct l.pid from pg_locks l join pg_database d on d.oid = l.database \
             where d.datname = '{database}' and l.locktype = 'advisory' and l.objsubid = 1 and l.granted"
        );
        let answer = self.server.ask("postgres", &question);
        let pid = Some(answer.trim()).filter(|pid| !pid.is_empty());
        pid.map(|pid| pid.parse().expect("one process"))
    }

    /// How many session locks are held in a database: one for each worker that is guarded.
    ///
    /// # Panics
    /// When the cluster is down.
    #[must_use]
    pub fn locks(&self, database: &str) -> usize {
        let question = format!(
            "select count(*) from pg_locks l join pg_database d on d.oid = l.database \
             where d.datname = '{database}' and l.locktype = 'advisory' and l.objsubid = 1 and l.granted"
        );
        self.server.ask("postgres", &question).trim().parse().expect("a number")
    }

    /// Ends every session in a database, as an administrator may.
    ///
    /// # Panics
    /// When the cluster is down.
    pub fn end_sessions(&self, database: &str) {
        let end = format!(
            "select pg_terminate_backend(pid) from pg_stat_activity where datname = '{database}'"
        );
        self.server.ask("postgres", &end);
    }

    /// Keeps everybody else away from a store's tables for so long. Each table is held by a session
    /// of its own: one that held both would be in a deadlock with a claim that takes them the other
    /// way round.
    ///
    /// # Panics
    /// When the cluster is down.
    pub fn hold_tables(&self, database: &str, held: Duration) {
        std::thread::scope(|scope| {
            for table in ["windlass.pending", "windlass.lease"] {
                scope.spawn(move || {
                    let hold = format!(
                        "begin; lock table {table} in access exclusive mode; \
                         select pg_sleep({}); commit",
                        held.as_secs_f64()
                    );
                    self.server.ask(database, &hold);
                });
            }
        });
    }

    /// What the server does by itself from time to time, now.
    ///
    /// # Panics
    /// When the cluster is down.
    pub fn vacuum(&self, database: &str) {
        self.server.ask(database, "vacuum analyze");
    }

    /// Bytes of a database's own tables and indexes.
    ///
    /// # Panics
    /// When the cluster is down.
    #[must_use]
    pub fn bytes(&self, database: &str) -> u64 {
        const BYTES: &str = "select coalesce(sum(pg_total_relation_size(c.oid)), 0)::int8 from pg_class c \
             join pg_namespace n on n.oid = c.relnamespace where c.relkind = 'r' and n.nspname = 'windlass'";
        self.server.ask(database, BYTES).trim().parse().expect("a number")
    }

    /// Ends a session.
    ///
    /// # Panics
    /// When the cluster is down.
    pub fn end_session(&self, pid: u32) {
        self.server.ask("postgres", &format!("select pg_terminate_backend({pid})"));
    }

    /// Stops the process behind a session, so that it answers nothing and nothing is closed.
    ///
    /// # Panics
    /// When the cluster is shared, or there is no such process.
    pub fn freeze_session(&self, pid: u32) {
        self.must_be_private();
        self.server.signal(pid, "STOP");
    }

    /// Lets it go on.
    ///
    /// # Panics
    /// As [`Cluster::freeze_session`].
    pub fn thaw_session(&self, pid: u32) {
        self.must_be_private();
        self.server.signal(pid, "CONT");
    }

    /// Lets no new session into a database, or lets them in again. Those that are there stay.
    ///
    /// # Panics
    /// When the cluster is shared or down.
    pub fn set_door(&self, database: &str, door: Door) {
        self.must_be_private();
        let open = door == Door::Open;
        self.server.ask("postgres", &format!("alter database {database} allow_connections {open}"));
    }

    /// Stops as a service manager does: connections are ended, nothing needs recovery.
    ///
    /// # Panics
    /// When the cluster is shared, or does not stop.
    pub fn stop(&self) {
        self.must_be_private();
        self.server.stop("fast");
    }

    /// Stops without a checkpoint, so that the next start recovers from the log.
    ///
    /// # Panics
    /// As [`Cluster::stop`].
    pub fn stop_at_once(&self) {
        self.must_be_private();
        self.server.stop("immediate");
    }

    /// Kills the server with SIGKILL, as the kernel does when memory runs out.
    ///
    /// # Panics
    /// As [`Cluster::stop`].
    pub fn kill(&self) {
        self.must_be_private();
        self.server.kill();
    }

    /// Starts again after a stop or a kill, on the same port if it is still free.
    ///
    /// # Panics
    /// When it does not start.
    pub fn start(&self) {
        self.must_be_private();
        self.server.start();
    }

    fn must_be_private(&self) {
        assert!(matches!(self.hold, Hold::Private(_)), "other tests use the shared cluster");
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if matches!(self.hold, Hold::Private(_)) && self.server.is_up() {
            self.server.stop("immediate");
        }
    }
}

/// The folder of the shared cluster. Not below `target`: a socket's path has at most 107 bytes,
/// and the server's own user must be able to reach it.
fn shared_folder(binaries: &Binaries, account: &Account) -> PathBuf {
    let name = format!("windlass-pg{}-{}", binaries.major, account::our_uid());
    let folder = std::env::temp_dir().join(name);
    account.make_own_folder(&folder);
    folder
}

fn open_lock(path: &Path) -> File {
    let file = File::options().create(true).append(true).open(path);
    file.unwrap_or_else(|error| panic!("{} cannot be opened: {error}", path.display()))
}

fn locked(path: &Path, lock: impl FnOnce(&File) -> std::io::Result<()>) -> File {
    let file = open_lock(path);
    lock(&file).unwrap_or_else(|error| panic!("{} cannot be locked: {error}", path.display()));
    file
}
