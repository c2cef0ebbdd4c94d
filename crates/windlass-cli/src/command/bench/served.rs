//! The HTTP API in this process, and connections to it.

use anyhow::Context as _;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use windlass_http::{Access, Api, Server};

use super::Measurement;

/// The API over the store of a measurement. Dropping it cuts it off.
pub(super) struct Served {
    pub(super) address: String,
    api: Api,
    serving: JoinSet<()>,
}

impl Served {
    pub(super) async fn start(bench: &Measurement) -> anyhow::Result<Self> {
        let api = Api::new(bench.store.clone(), Access::open());
        let server = Server::bind("127.0.0.1:0".parse()?).await?;
        let address = server.address()?.to_string();
        let mut serving = JoinSet::new();
        serving.spawn(server.serve(api.clone().router(), api.stopping().clone()));
        Ok(Self { address, api, serving })
    }

    pub(super) async fn stop(mut self) {
        self.api.stopping().cancel();
        while self.serving.join_next().await.is_some() {}
    }
}

/// A connection that is kept: a request, then its answer. As little of a client as there can be, so that the server is measured.
pub(super) struct Connection {
    stream: BufReader<TcpStream>,
    address: String,
}

impl Connection {
    pub(super) async fn open(address: &str) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream: BufReader::new(stream), address: address.to_owned() })
    }

    /// Posts JSON and reads the answer.
    ///
    /// # Errors
    /// When the server refuses: its own words.
    pub(super) async fn post(&mut self, path: &str, body: &str) -> anyhow::Result<Vec<u8>> {
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: {}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
            self.address,
            body.len()
        );
        self.stream.write_all(&[head.as_bytes(), body.as_bytes()].concat()).await?;
        let (status, length) = self.head().await?;
        let mut answer = vec![0; length];
        self.stream.read_exact(&mut answer).await?;
        let told = || format!("{path}: {status}: {}", String::from_utf8_lossy(&answer));
        anyhow::ensure!(status.starts_with('2'), told());
        Ok(answer)
    }

    /// The status of an answer, and how long its body is.
    async fn head(&mut self) -> anyhow::Result<(String, usize)> {
        let (mut status, mut length) = (None, None);
        loop {
            let mut line = String::new();
            let read = self.stream.read_line(&mut line).await?;
            anyhow::ensure!(read > 0, "the server has closed the connection");
            match line.trim_end().split_once(':') {
                None if line.trim_end().is_empty() => break,
                None => status = line.split(' ').nth(1).map(str::to_owned),
                Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                    length = Some(value.trim().parse()?);
                }
                Some(_) => {}
            }
        }
        status.zip(length).context("an answer has a status and a length")
    }
}
