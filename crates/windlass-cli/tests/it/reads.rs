//! `windlass serve` with a standby that answers reads.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use windlass_testkit::cluster::Cluster;

use crate::work_fixture::until;

fn serve(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_windlass"));
    command.current_dir(folder).env_remove("WINDLASS_STORE").env_remove("WINDLASS_READ_URL");
    command.args(["serve", "--open", "--listen"]);
    command
}

/// A process that is killed when it is dropped.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        // One that has ended already needs nothing.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The whole answer, where somebody listens.
fn get(address: &str, path: &str) -> Option<String> {
    let mut stream = TcpStream::connect(address).ok()?;
    write!(stream, "GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n").ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    Some(answer.to_ascii_lowercase())
}

/// C36: the standby that a file, an option or the environment names answers reads; what is none keeps the server from starting.
#[test]
fn serve_reads_from_the_standby_that_it_is_told() {
    let primary = Cluster::private();
    let database = primary.database();
    let store = primary.url(&database.name);
    let folder = tempfile::tempdir().expect("a folder");
    let windlass = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_windlass"));
        let ended = command.args(arguments).current_dir(folder.path()).output().expect("it runs");
        assert!(ended.status.success(), "{ended:?}");
    };
    windlass(&["migrate", "--store", &store]);
    let standby = primary.standby();
    standby.catch_up(&primary);
    let read_url = standby.url(&database.name);
    let free = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = free.local_addr().expect("bound").to_string();
    drop(free);
    for (wrong, expected) in [
        (store.as_str(), "is not a standby"),
        ("sqlite:app.db", "SQLite has none"),
        ("nothing", "is not a store"),
    ] {
        let mut command = serve(folder.path());
        command.args([&address, "--store", &store, "--read-url", wrong]).stdin(Stdio::null());
        let Output { status, stderr, .. } = command.output().expect("it ends");
        let stderr = String::from_utf8_lossy(&stderr);
        assert!(!status.success() && stderr.contains(expected), "{wrong}: {status}: {stderr}");
    }
    std::fs::write(folder.path().join("standby.url"), &read_url).expect("written");
    let file = "[server]\nread_url_file = \"standby.url\"\nread_max_age = \"1h\"\n";
    std::fs::write(folder.path().join("windlass.toml"), file).expect("written");
    let mut command = serve(folder.path());
    let _server = Process(command.args([&address, "--store", &store]).spawn().expect("it starts"));
    until("the standby answers", || {
        get(&address, "/v1/jobs").is_some_and(|answer| {
            answer.starts_with("http/1.1 200") && answer.contains("windlass-read: standby")
        })
    });
    // One file for one of several stores.
    let file = format!("[store.only]\nurl = \"{store}\"\nread_url = \"{read_url}\"\n");
    std::fs::write(folder.path().join("windlass.toml"), file).expect("written");
    let other = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = other.local_addr().expect("bound").to_string();
    drop(other);
    let mut command = serve(folder.path());
    let _server = Process(command.arg(&address).spawn().expect("it starts"));
    until("the standby of the store answers", || {
        get(&address, "/v1/jobs").is_some_and(|answer| answer.contains("windlass-read: standby"))
    });
}
