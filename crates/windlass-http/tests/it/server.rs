//! The listener, as connections see it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use windlass::Client;
use windlass_http::{Access, Api, Probe, Server};

/// Nothing awaited here takes longer unless it is broken.
const SOON: Duration = Duration::from_secs(20);

/// Connections that do nothing. Each has a file at both ends.
const IDLE: usize = 2_000;

/// A server on a port of its own.
struct Served {
    api: Api,
    client: Client,
    address: SocketAddr,
    running: JoinSet<()>,
    probe: Probe,
    _folder: TempDir,
}

impl Served {
    async fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let url = format!("sqlite:{}", folder.path().join("app.db").display());
        let store = windlass::open(&url).await.expect("the store opens");
        let api = Api::new(Arc::clone(&store), Access::open());
        let server = Server::bind("127.0.0.1:0".parse().expect("an address")).await.expect("bound");
        let address = server.address().expect("known");
        let (mut running, probe) = (JoinSet::new(), server.probe());
        running.spawn(server.serve(api.clone().router(), api.stopping().clone()));
        Self { api, client: Client::new(store), address, running, probe, _folder: folder }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.expect("connected")
    }

    /// Sends this text, and reads all that comes until the connection ends.
    async fn send(&self, text: &str) -> String {
        let mut stream = self.connect().await;
        // A server that has had enough need not read the rest.
        let _ = stream.write_all(text.as_bytes()).await;
        let mut answer = Vec::new();
        let read =
            tokio::time::timeout(SOON, stream.read_to_end(&mut answer)).await.expect("an end");
        drop(read);
        String::from_utf8_lossy(&answer).into_owned()
    }

    async fn ask(&self, path: &str, headers: &str) -> String {
        self.send(&format!("GET {path} HTTP/1.1\r\nconnection: close\r\n{headers}\r\n")).await
    }

    async fn is_well(&self) -> bool {
        let answer = self.ask("/healthz", &format!("host: {}\r\n", self.address)).await;
        answer.starts_with("HTTP/1.1 200")
    }
}

/// S-03: a server that only this machine reaches answers to its own names alone, whatever name leads here.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_answers_to_its_own_names_alone() {
    let served = Served::new().await;
    let port = served.address.port();
    assert!(served.is_well().await);
    let local = served.ask("/healthz", &format!("host: localhost:{port}\r\n")).await;
    assert!(local.starts_with("HTTP/1.1 200"), "{local}");
    for headers in [
        format!("host: evil.example:{port}\r\n"),
        "host: 127.0.0.1:1\r\n".to_owned(),
        format!("host: 127.0.0.1:{port}\r\nhost: evil.example\r\n"),
        "host:\r\n".to_owned(),
        String::new(),
    ] {
        let answer = served.ask("/v1/jobs", &headers).await;
        let refused = answer.starts_with("HTTP/1.1 403") || answer.starts_with("HTTP/1.1 400");
        assert!(refused, "{headers:?}: {answer}");
        assert!(!answer.contains("items"), "{headers:?}: {answer}");
    }
    let target = format!("http://evil.example:{port}/v1/jobs");
    let answer = served.ask(&target, &format!("host: 127.0.0.1:{port}\r\n")).await;
    assert!(
        answer.starts_with("HTTP/1.1 403") && answer.contains("application/problem+json"),
        "{answer}"
    );
}

/// Bad input: a head without measure, or what is not HTTP, ends its connection and nothing else.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_a_request_ends_its_connection() {
    let served = Served::new().await;
    let long = "x".repeat(1 << 20);
    for text in [
        format!("GET /healthz HTTP/1.1\r\nx-long: {long}\r\n\r\n"),
        format!("GET /{long} HTTP/1.1\r\n\r\n"),
        "NONSENSE\r\n\r\n".to_owned(),
        "GET /healthz HTTP/1.1\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n".to_owned(),
    ] {
        let answer = served.send(&text).await;
        assert!(!answer.starts_with("HTTP/1.1 200"), "{answer}");
        assert!(served.is_well().await);
    }
}

/// Bad input: idle connections, and bodies that do not come, delay nobody.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_idle_delay_nobody() {
    let served = Served::new().await;
    let mut idle = Vec::new();
    for nth in 0..IDLE {
        let mut stream = served.connect().await;
        let head = format!("POST /v1/jobs HTTP/1.1\r\nhost: {}\r\n", served.address);
        let rest = "content-type: application/json\r\ncontent-length: 100\r\n\r\n{\"kind\"";
        let said = if nth % 2 == 0 { head } else { format!("{head}{rest}") };
        stream.write_all(said.as_bytes()).await.expect("sent");
        idle.push(stream);
    }
    assert!(served.is_well().await);
    assert_eq!(served.client.counts().await.expect("counted").total(), 0);
}

/// Who watches a server hears whether it goes on accepting connections.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_responds_while_it_accepts() {
    let mut served = Served::new().await;
    assert!(served.probe.responds().await);
    served.api.stopping().cancel();
    let ended = tokio::time::timeout(SOON, served.running.join_next()).await;
    assert!(ended.expect("in time").is_some_and(|ended| ended.is_ok()));
    assert!(!served.probe.responds().await);
}

/// A stop answers requests that wait, and ends.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stop_answers_what_waits() {
    let mut served = Served::new().await;
    let job = windlass::NewJob::new("k", windlass::Json::args("1").expect("args"));
    let id = served.client.enqueue(job).await.expect("written").id();
    let mut stream = served.connect().await;
    let text = format!("GET /v1/jobs/{id}/wait HTTP/1.1\r\nhost: {}\r\n\r\n", served.address);
    stream.write_all(text.as_bytes()).await.expect("sent");
    // Answered after it, so that the request before has been read too.
    assert!(served.is_well().await);
    served.api.stopping().cancel();
    let mut answer = Vec::new();
    let read =
        tokio::time::timeout(SOON, stream.read_to_end(&mut answer)).await.expect("an answer");
    read.expect("whole");
    let answer = String::from_utf8_lossy(&answer);
    assert!(answer.is_empty() || answer.contains("\"available\""), "{answer}");
    tokio::time::timeout(SOON, served.running.join_next())
        .await
        .expect("it ends")
        .expect("there")
        .expect("well");
    served.api.idle().await;
}
