//! PgBouncer in transaction mode, between a test and its database.

use std::fs;
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::server::{Server, free_port};

/// Connections to the server that all clients share.
const SERVER_CONNECTIONS: u32 = 5;
/// How long a start may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// A running pooler, stopped when this is dropped.
#[derive(Debug)]
pub struct Pooler {
    child: Child,
    url: String,
    #[expect(dead_code, reason = "held, never read: its files go with it")]
    folder: TempDir,
}

impl Pooler {
    pub(super) fn start(server: &Server, database: &str) -> Self {
        let port = free_port();
        let folder = tempfile::Builder::new().prefix("windlass-pooler-").tempdir();
        let folder = folder.expect("the temporary folder can be written");
        let file = folder.path().join("pgbouncer.ini");
        let settings = format!(
            "[databases]\n{database} = {}\n[pgbouncer]\nlisten_addr = 127.0.0.1\n\
             listen_port = {port}\nunix_socket_dir =\nauth_type = any\npool_mode = transaction\n\
             default_pool_size = {SERVER_CONNECTIONS}\nmax_client_conn = 500\n",
            server.socket_keywords(database),
        );
        fs::write(&file, settings).expect("the temporary folder can be written");
        server.account().own(folder.path());
        let mut command = Command::new("pgbouncer");
        server.account().runs(command.arg("--quiet").arg(&file));
        let quiet = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let child = quiet.spawn();
        let child = child.expect("pgbouncer can be started: apt-get install pgbouncer");
        let url = format!("postgres://windlass@127.0.0.1:{port}/{database}?sslmode=disable");
        let pooler = Self { child, url, folder };
        pooler.wait_until_up(port);
        pooler
    }

    /// The URL of the database through the pooler, with an option already.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    fn wait_until_up(&self, port: u16) {
        let deadline = Instant::now() + PATIENCE;
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(Instant::now() < deadline, "pgbouncer does not listen");
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Pooler {
    fn drop(&mut self) {
        // One that is gone already needs no stopping.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
