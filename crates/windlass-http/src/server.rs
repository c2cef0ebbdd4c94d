//! The listener: connections, within their limits, and a stop that lets answers end.

mod patience;

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::middleware::from_fn_with_state;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tower_http::add_extension::AddExtension;

use self::patience::Patient;
use crate::audit::watch::Peer;
use crate::foreign::{Hosts, only_own_hosts};
use crate::limits::{CONNECTIONS, HEADER_BYTES, HEADER_TIME, STOP_TIME};

/// How long after an error nothing is accepted: where files are used up, some are given back meanwhile.
const AFTER_ERROR: Duration = Duration::from_millis(50);

/// A router on an address.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    connections: JoinSet<()>,
    graceful: Graceful,
    has_any_name: bool,
    probe: Probe,
    probed: mpsc::Receiver<oneshot::Sender<()>>,
}

/// Asks a server whether it goes on accepting connections, without one.
#[derive(Debug, Clone)]
pub struct Probe(mpsc::Sender<oneshot::Sender<()>>);

impl Probe {
    /// Resolves when the server's loop comes by, at once as a rule; `false` where it has stopped accepting.
    pub async fn responds(&self) -> bool {
        let (done, answer) = oneshot::channel();
        self.0.send(done).await.is_ok() && answer.await.is_ok()
    }
}

struct Graceful(GracefulShutdown);

impl std::fmt::Debug for Graceful {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Graceful")
    }
}

impl Server {
    /// Listens on this address; port 0 takes a free one.
    ///
    /// # Errors
    /// When the address cannot be had.
    pub async fn bind(address: SocketAddr) -> io::Result<Self> {
        Ok(Self::on(TcpListener::bind(address).await?))
    }

    /// Serves a listener that is there already.
    #[must_use]
    pub fn on(listener: TcpListener) -> Self {
        let graceful = Graceful(GracefulShutdown::new());
        // Who asks waits for the answer.
        let (probe, probed) = mpsc::channel(1);
        let (connections, probe) = (JoinSet::new(), Probe(probe));
        Self { listener, connections, graceful, has_any_name: false, probe, probed }
    }

    /// A proxy stands before it that others reach by a name of theirs, and passes that name on in `Host`. Otherwise a server on an
    /// address of this machine answers to the names of this machine alone.
    #[must_use]
    pub fn behind_proxy(self) -> Self {
        Self { has_any_name: true, ..self }
    }

    /// Where it listens.
    ///
    /// # Errors
    /// When the system does not say.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// What asks it, while it serves, whether it still does.
    #[must_use]
    pub fn probe(&self) -> Probe {
        self.probe.clone()
    }

    /// Serves until it is told to stop; then nothing new is accepted, and what is under way has 10 s to end.
    pub async fn serve(mut self, router: Router, stop: CancellationToken) {
        let router = self.for_own_hosts(router);
        loop {
            let has_room = self.connections.len() < CONNECTIONS;
            tokio::select! {
                () = stop.cancelled() => break,
                Some(_) = self.connections.join_next() => {}
                Some(done) = self.probed.recv() => {
                    // A caller that stopped waiting does not want the answer.
                    let _ = done.send(());
                }
                accepted = self.listener.accept(), if has_room => match accepted {
                    Ok((stream, peer)) => self.begin(stream, Peer(peer), router.clone()),
                    Err(error) => {
                        tracing::warn!(%error, "a connection could not be accepted");
                        tokio::time::sleep(AFTER_ERROR).await;
                    }
                },
            }
        }
        self.end().await;
    }

    /// A name that leads here is not a way in: only this machine's are, where only it reaches the address.
    fn for_own_hosts(&self, router: Router) -> Router {
        match self.address().ok().filter(|_| !self.has_any_name).and_then(Hosts::of) {
            Some(hosts) => router.layer(from_fn_with_state(hosts, only_own_hosts)),
            None => router,
        }
    }

    fn begin(&mut self, stream: TcpStream, peer: Peer, router: Router) {
        let service = AddExtension::new(router, peer);
        // Answers are small, and nothing follows that they could be sent with.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "a connection is gone already");
        }
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEADER_TIME)
            .max_buf_size(HEADER_BYTES)
            .serve_connection(
                TokioIo::new(Patient::new(stream)),
                TowerToHyperService::new(service),
            );
        let connection = self.graceful.0.watch(connection);
        self.connections.spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection ended");
            }
        });
    }

    async fn end(self) {
        let Self { listener, mut connections, graceful, probed, .. } = self;
        drop((listener, probed));
        let ended = tokio::time::timeout(STOP_TIME, graceful.0.shutdown()).await;
        if ended.is_err() {
            tracing::warn!("what was under way did not end in time, and is cut off");
        }
        connections.shutdown().await;
    }
}
