//! A meter between a store and PostgreSQL: which statements go by, and on which connections.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, copy};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// A statement that went by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passage {
    /// The connection, counted from 0 in the order in which they were made.
    pub connection: usize,
    /// Its text.
    pub sql: String,
}

/// A relay that writes down every statement. It ends when this is dropped.
#[derive(Debug)]
pub struct Meter {
    url: String,
    passages: Arc<Mutex<Vec<Passage>>>,
    #[expect(dead_code, reason = "held, never read: what it carries ends with it")]
    relay: JoinSet<()>,
}

impl Meter {
    /// A meter before the database of this URL, which must be one of the loopback interface.
    ///
    /// # Panics
    /// When the URL has no port, or no port is free.
    pub async fn before(url: &str) -> Self {
        let server = url.rsplit_once('@').and_then(|(_, rest)| rest.split_once('/'));
        let (server, _) = server.expect("the URL has a user, a host and a database");
        let upstream: SocketAddr = server.parse().expect("the host is an address with a port");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let own = listener.local_addr().expect("it is bound").to_string();
        let passages = Arc::default();
        let mut relay = JoinSet::new();
        relay.spawn(serve(listener, upstream, Arc::clone(&passages)));
        Self { url: url.replace(server, &own), passages, relay }
    }

    /// The URL of the database through the meter.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// What went by since this was asked last.
    #[must_use]
    pub fn take(&self) -> Vec<Passage> {
        std::mem::take(&mut *self.passages.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

async fn serve(listener: TcpListener, upstream: SocketAddr, passages: Arc<Mutex<Vec<Passage>>>) {
    let mut carried = JoinSet::new();
    for connection in 0.. {
        let Ok((client, _)) = listener.accept().await else { return };
        let passages = Arc::clone(&passages);
        carried.spawn(async move {
            let server = TcpStream::connect(upstream).await.expect("the server is up");
            let (mut from_client, mut to_client) = client.into_split();
            let (mut from_server, mut to_server) = server.into_split();
            let note = |sql: &str| {
                let mut passages = passages.lock().unwrap_or_else(PoisonError::into_inner);
                passages.push(Passage { connection, sql: sql.to_owned() });
            };
            // Either side that ends ends the other.
            tokio::select! {
                _ = carry(&mut from_client, &mut to_server, note) => {}
                _ = copy(&mut from_server, &mut to_client) => {}
            }
        });
    }
}

/// Hands messages on, and notes the text of each statement that is executed.
async fn carry(
    from: &mut (impl AsyncRead + Unpin),
    to: &mut (impl AsyncWrite + Unpin),
    note: impl Fn(&str),
) -> std::io::Result<()> {
    let mut known: Vec<(String, String)> = Vec::new();
    let mut bound = String::new();
    // The first message alone has no kind.
    let mut kind = None;
    loop {
        let length = from.read_u32().await?;
        let mut body = vec![0; (length as usize).saturating_sub(4)];
        from.read_exact(&mut body).await?;
        let mut texts = body.split(|byte| *byte == 0).map(String::from_utf8_lossy);
        let mut text = || texts.next().unwrap_or_default().into_owned();
        match kind {
            Some(b'Q') => note(&text()),
            Some(b'P') => {
                let (name, sql) = (text(), text());
                known.retain(|(other, _)| *other != name);
                known.push((name, sql));
            }
            Some(b'B') => {
                let (_portal, name) = (text(), text());
                let sql = known.iter().find(|(other, _)| *other == name);
                bound = sql.map(|(_, sql)| sql.clone()).unwrap_or_default();
            }
            Some(b'E') => note(&bound),
            _ => {}
        }
        if let Some(kind) = kind {
            to.write_u8(kind).await?;
        }
        to.write_u32(length).await?;
        to.write_all(&body).await?;
        kind = Some(from.read_u8().await?);
    }
}
