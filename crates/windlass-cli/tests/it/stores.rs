//! Commands and workers where `windlass.toml` names several stores.

use std::net::TcpListener;
use std::os::unix::net::UnixDatagram;
use std::process::{Command, Output, Stdio};
use std::sync::Arc;

use serde_json::Value;
use windlass_testkit::cluster::Cluster;
use windlass_testkit::database::{Database, PostgresDatabase, SqliteFile};

use crate::work_fixture::{Ended, PATIENCE, Work, WorkFixture, until};

/// Runs each behaviour, a `fn(TwoStores)`, as a test on SQLite and as one on PostgreSQL.
macro_rules! on_both_stores {
    ($($(#[$doc:meta])* $name:ident;)+) => {
        mod sqlite {
            $($(#[$doc])* #[test] fn $name() { super::$name(&super::TwoStores::sqlite()); })+
        }
        mod postgres {
            $($(#[$doc])* #[test] fn $name() { super::$name(&super::TwoStores::postgres()); })+
        }
    };
}

on_both_stores! {
    /// Jobs and events follow the routes of the file, and every other command is told which store it is about.
    commands_follow_the_routes_or_are_told_a_name;
    /// A worker draws from all stores that its file names, each in processes of its own.
    a_worker_draws_from_all_stores;
    /// What is due in all stores is run by one call, and a store that is away keeps only its own.
    one_call_drains_all_stores;
}

const HANDLERS: &str = "[[handler]]\nkind = \"k\"\nexec = [\"true\"]\n\
                        [[handler]]\nkind = \"e\"\nqueue = \"eu-mail\"\nexec = [\"true\"]\n\
                        [schedule.of-eu]\nevery = \"1h\"\nkind = \"e\"\nqueue = \"eu-mail\"\n\
                        [schedule.of-us]\nevery = \"1h\"\nkind = \"k\"\n";

/// A folder with a file that names two stores.
struct TwoStores {
    folder: tempfile::TempDir,
    /// Last, so that they outlive what uses them.
    _databases: Vec<Arc<dyn Database>>,
}

impl TwoStores {
    fn sqlite() -> Self {
        Self::of([Arc::new(SqliteFile::fresh()), Arc::new(SqliteFile::fresh())])
    }

    fn postgres() -> Self {
        Self::of([Arc::new(PostgresDatabase::fresh()), Arc::new(PostgresDatabase::fresh())])
    }

    fn of(databases: [Arc<dyn Database>; 2]) -> Self {
        let [eu, us] = databases.each_ref().map(|database| database.url());
        let two =
            Self { folder: tempfile::tempdir().expect("a folder"), _databases: databases.into() };
        two.write(&eu, &us);
        two
    }

    /// The URL of `us` stands in a file of its own.
    fn write(&self, eu: &str, us: &str) {
        let text = format!(
            "[store.eu]\nurl = \"{eu}\"\n[store.us]\nurl_file = \"us.url\"\n[stores]\notherwise = \"us\"\n\
             [[route]]\nqueue = \"eu-*\"\nstore = \"eu\"\n[[route]]\nevent = \"eu.*\"\nstore = \"eu\"\n{HANDLERS}"
        );
        std::fs::write(self.folder.path().join("windlass.toml"), text).expect("written");
        std::fs::write(self.folder.path().join("us.url"), us).expect("written");
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_windlass"));
        command.args(args).current_dir(self.folder.path()).stdin(Stdio::null());
        command.env_remove("WINDLASS_STORE").env_remove("WINDLASS_LOG");
        command
    }

    fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().expect("it runs")
    }

    /// What a command prints that is expected to succeed.
    fn ok(&self, args: &[&str]) -> String {
        let ran = self.run(args);
        assert!(ran.status.success(), "{args:?}: {}", String::from_utf8_lossy(&ran.stderr));
        String::from_utf8(ran.stdout).expect("UTF-8")
    }

    /// The one line that a command refuses with, and its exit code.
    fn refused(&self, args: &[&str]) -> (i32, String) {
        let ran = self.run(args);
        let said = String::from_utf8(ran.stderr).expect("UTF-8");
        assert_eq!(said.lines().count(), 1, "{args:?}: {said}");
        (ran.status.code().expect("it has ended"), said)
    }

    fn enqueue(&self, kind: &str, queue: &str) -> String {
        let line = self.ok(&["enqueue", kind, "--queue", queue, "-o", "plain"]);
        line.split('\t').next().expect("an id").to_owned()
    }

    fn state(&self, store: &str, job: &str) -> String {
        let shown = self.ok(&["job", "show", job, "--store", store, "--json"]);
        let shown: Value = serde_json::from_str(&shown).expect("JSON");
        shown["state"].as_str().expect("a state").to_owned()
    }

    fn work(&self) -> Work {
        WorkFixture::told(&mut self.command(&["work"]))
    }
}

fn commands_follow_the_routes_or_are_told_a_name(two: &TwoStores) {
    let (eu, us) = (two.enqueue("e", "eu-mail"), two.enqueue("k", "default"));
    assert_eq!(
        (two.state("eu", &eu), two.state("us", &us)),
        ("available".into(), "available".into())
    );
    assert_eq!(two.run(&["job", "show", &eu, "--store", "us"]).status.code(), Some(3));
    let shown = two.ok(&["enqueue", "e", "--queue", "eu-mail", "-o", "table"]);
    assert!(shown.contains("windlass job show") && shown.contains("--store eu"), "{shown}");
    let event = two.ok(&["publish", "eu.paid", "-o", "plain"]);
    let event = event.split('\t').next().expect("an id").to_owned();
    two.ok(&["event", "show", &event, "--store", "eu"]);

    for args in
        [&["status"][..], &["job", "list"], &["publish", "-"], &["signal", "a"], &["doctor"]]
    {
        let (code, said) = two.refused(args);
        assert_eq!(code, 2, "{args:?}: {said}");
        assert!(said.contains("say --store eu or --store us"), "{said}");
    }
    let (code, said) = two.refused(&["status", "--store", "asia"]);
    assert_eq!((code, said.contains("names eu, us")), (2, true), "{said}");
    let by_variable = two.command(&["queue", "list"]).env("WINDLASS_STORE", "eu").output();
    assert!(String::from_utf8_lossy(&by_variable.expect("run").stdout).contains("eu-mail"));

    std::fs::write(two.folder.path().join("us.url"), "mysql://me:secret@h/d").expect("written");
    let (code, said) = two.refused(&["enqueue", "k"]);
    assert_eq!((code, said.contains("windlass.toml:4: ")), (2, true), "{said}");
    assert!(!said.contains("secret"), "{said}");
}

fn a_worker_draws_from_all_stores(two: &TwoStores) {
    let work = two.work();
    let (eu, us) = (two.enqueue("e", "eu-mail"), two.enqueue("k", "default"));
    for (store, job) in [("eu", &eu), ("us", &us)] {
        until("it runs in its store", || two.state(store, job) == "completed");
    }
    work.signal(libc::SIGTERM);
    let Ended { status, events } = work.wait();
    assert_eq!(status.code(), Some(0));
    let started = events.iter().filter(|event| event["event"] == "worker-started");
    let mut stores: Vec<&str> = started.filter_map(|event| event["store_name"].as_str()).collect();
    stores.sort_unstable();
    assert_eq!(stores, ["eu", "us"]);
}

fn one_call_drains_all_stores(two: &TwoStores) {
    let (eu, us) = (two.enqueue("e", "eu-mail"), two.enqueue("k", "default"));
    two.ok(&["work", "--once"]);
    for (store, own, other) in [("eu", "of-eu", "of-us"), ("us", "of-us", "of-eu")] {
        let declared = two.ok(&["schedule", "list", "--store", store, "-o", "plain"]);
        assert!(declared.contains(own) && !declared.contains(other), "{store}: {declared}");
    }
    assert_eq!(
        (two.state("eu", &eu), two.state("us", &us)),
        ("completed".into(), "completed".into())
    );
    let us = two.enqueue("k", "default");
    let url = std::fs::read_to_string(two.folder.path().join("us.url")).expect("read");
    two.write("sqlite:/nowhere/at/all.db", &url);
    let ran = two.run(&["work", "--once"]);
    let said = String::from_utf8_lossy(&ran.stderr);
    assert_eq!(ran.status.code(), Some(10), "{said}");
    assert!(said.contains("store eu: sqlite:/nowhere/at/all.db"), "{said}");
    assert_eq!(two.state("us", &us), "completed");
}

/// F-13: a worker begins while one of its clusters is away: it says that it is ready, and works for the other, and for both once it
/// is there.
#[test]
fn a_worker_begins_while_a_store_is_away() {
    let (eu, us) = (Cluster::private(), Arc::new(Cluster::shared()));
    let (in_eu, us) = (eu.database(), PostgresDatabase::in_cluster(us));
    let (url, other) = (eu.url(&in_eu.name), us.url());
    eu.stop_at_once();
    let two = TwoStores::of([Arc::new(SqliteFile::fresh()), Arc::new(us)]);
    two.write(&url, &other);
    let notify = two.folder.path().join("notify");
    let heard = UnixDatagram::bind(&notify).expect("a socket");
    heard.set_read_timeout(Some(PATIENCE)).expect("set");
    let work = WorkFixture::told(two.command(&["work"]).env("NOTIFY_SOCKET", &notify));
    let mut bytes = [0; 4_096];
    let mut is_ready = || {
        let length = heard.recv(&mut bytes).expect("a message in time");
        String::from_utf8_lossy(&bytes[..length]).contains("READY=1")
    };
    while !is_ready() {}
    let job = two.enqueue("k", "default");
    until("the other half works", || two.state("us", &job) == "completed");
    let (code, said) = two.refused(&["enqueue", "e", "--queue", "eu-mail"]);
    assert_eq!(code, 6, "{said}");

    eu.start();
    let job = two.enqueue("e", "eu-mail");
    until("it is tried again", || two.state("eu", &job) == "completed");
    work.signal(libc::SIGTERM);
    assert_eq!(work.wait().status.code(), Some(0));
}

/// A store that cannot be used as its URL says does not end the workers of the other.
#[test]
fn a_store_that_cannot_be_used_does_not_end_the_others() {
    let (eu, us) = (PostgresDatabase::fresh(), SqliteFile::fresh());
    let (url, other) = (format!("{}?connections=1", eu.url()), us.url());
    let two = TwoStores::of([Arc::new(eu), Arc::new(us)]);
    two.write(&url, &other);
    let work = two.work();
    let again = work.event("worker-again");
    assert_eq!((&again["store_name"], &again["why"]), (&"eu".into(), &"has ended with 2".into()));
    let job = two.enqueue("k", "default");
    until("the other half works", || two.state("us", &job) == "completed");
    work.signal(libc::SIGTERM);
    assert_eq!(work.wait().status.code(), Some(0));
}

/// A server of several stores: one address, the whole API of each.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_serves_all_stores() {
    let two = TwoStores::sqlite();
    let address = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("bound");
    let mut command = two.command(&["serve", "--open", "--listen", &address.to_string()]);
    let mut server = command.stderr(Stdio::null()).spawn().expect("it starts");
    let get = async |path: &str| {
        let answer = bare::get(address, path).await?;
        serde_json::from_str::<Value>(&answer).ok()
    };
    let stores = async {
        loop {
            if let Some(stores) = get("/v1/stores").await {
                return stores;
            }
            tokio::task::yield_now().await;
        }
    };
    let stores = tokio::time::timeout(PATIENCE, stores).await;
    let stores = stores.expect("it serves");
    let names: Vec<&str> = stores["items"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|one| one["name"].as_str())
        .collect();
    assert_eq!(names, ["eu", "us"]);
    let job = two.enqueue("e", "eu-mail");
    let shown = get(&format!("/stores/eu/v1/jobs/{job}")).await.expect("an answer");
    assert_eq!(shown["queue"], "eu-mail");
    for store in ["eu", "us"] {
        let workers = two.ok(&["worker", "list", "--store", store, "-o", "plain"]);
        assert!(workers.contains("windlass serve"), "each has its maintenance: {workers}");
    }
    server.kill().expect("killed");
    server.wait().expect("waited");
}

/// A request without a client.
mod bare {
    use std::net::SocketAddr;

    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpStream;

    /// The body of an answer, where there is a server.
    pub(super) async fn get(address: SocketAddr, path: &str) -> Option<String> {
        let mut stream = TcpStream::connect(address).await.ok()?;
        let asked = format!("GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
        stream.write_all(asked.as_bytes()).await.ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.ok()?;
        answer.split_once("\r\n\r\n").map(|(_, body)| body.to_owned())
    }
}
