//! One connection: made, set, driven.

use std::time::Duration;

use futures_util::future::poll_fn;
use tokio::sync::mpsc::UnboundedSender;
use tokio_postgres::{AsyncMessage, Client, Connection, Socket};
use windlass_core::error::StoreError;

use crate::connection::config::{Config, Path};
use crate::connection::io::Io;
#[cfg(feature = "tls")]
use crate::connection::tls;
use crate::error::{connect_error, store_error};

/// What a session of ours is set to. Plans are made once and never for a table that looked empty;
/// a session that hangs inside a transaction is ended by the server.
const SETTINGS: &str = "set jit = off; set plan_cache_mode = force_generic_plan; \
     set default_transaction_isolation = 'read committed'; \
     set idle_in_transaction_session_timeout = '10s'; set client_min_messages = warning; \
     set enable_seqscan = off; set enable_bitmapscan = off; \
     set max_parallel_workers_per_gather = 0";

/// A notification: the channel and what came with it.
pub(crate) type Note = (String, String);

/// Connects; notifications go to `notes`, which closes when the connection ends.
pub(crate) async fn connect(
    config: &Config,
    io: &Io,
    notes: Option<UnboundedSender<Note>>,
) -> Result<Client, StoreError> {
    let mut last = None;
    for server in config.servers() {
        match connect_to(&server, io, notes.clone()).await {
            Ok(client) => return Ok(client),
            Err(error) => last = Some(error),
        }
    }
    Err(last
        .unwrap_or_else(|| StoreError::Unavailable { reason: "the URL has no host".to_owned() }))
}

async fn connect_to(
    config: &Config,
    io: &Io,
    notes: Option<UnboundedSender<Note>>,
) -> Result<Client, StoreError> {
    let client = dial(config, io, notes).await?;
    if config.path == Path::Direct {
        let patience = config.patience();
        let settings = match config.statement_time {
            Some(most) => format!("{SETTINGS}; set statement_timeout = {}", most.as_millis()),
            None => SETTINGS.to_owned(),
        };
        let set = tokio::time::timeout(patience, client.batch_execute(&settings)).await;
        set.map_err(|_| silent(patience))?.map_err(store_error)?;
    }
    Ok(client)
}

fn silent(patience: Duration) -> StoreError {
    let seconds = patience.as_secs();
    StoreError::Unavailable { reason: format!("no server has let us in within {seconds} s") }
}

#[cfg(feature = "tls")]
async fn dial(
    config: &Config,
    io: &Io,
    notes: Option<UnboundedSender<Note>>,
) -> Result<Client, StoreError> {
    use tokio_postgres::config::SslMode;
    match config.driver.get_ssl_mode() {
        SslMode::Disable => dial_with(config, tokio_postgres::NoTls, io, notes).await,
        // "Prefer" promises nothing, so on this very machine it is not worth its cost.
        SslMode::Prefer if is_local(config) => {
            dial_with(config, tokio_postgres::NoTls, io, notes).await
        }
        SslMode::Prefer => dial_with(config, tls::unverified()?, io, notes).await,
        _ => dial_with(config, tls::verified()?, io, notes).await,
    }
}

#[cfg(feature = "tls")]
fn is_local(config: &Config) -> bool {
    use tokio_postgres::config::Host;
    config.driver.get_hosts().iter().all(|host| match host {
        Host::Unix(_) => true,
        Host::Tcp(name) => {
            name == "localhost" || name.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
        }
    })
}

#[cfg(not(feature = "tls"))]
async fn dial(
    config: &Config,
    io: &Io,
    notes: Option<UnboundedSender<Note>>,
) -> Result<Client, StoreError> {
    dial_with(config, tokio_postgres::NoTls, io, notes).await
}

/// Dials on the store's thread, where the socket then stays.
async fn dial_with<T>(
    config: &Config,
    tls: T,
    io: &Io,
    notes: Option<UnboundedSender<Note>>,
) -> Result<Client, StoreError>
where
    T: tokio_postgres::tls::MakeTlsConnect<Socket> + Send + 'static,
    T::Stream: Send + 'static,
    T::TlsConnect: Send,
    <T::TlsConnect as tokio_postgres::tls::TlsConnect<Socket>>::Future: Send,
{
    let (answer, answered) = tokio::sync::oneshot::channel();
    let (driver, patience) = (config.driver.clone(), config.patience());
    io.spawn(async move {
        match tokio::time::timeout(patience, driver.connect(tls)).await {
            Ok(Ok((client, connection))) => {
                // Nobody waiting any more drops the client, and that ends the connection.
                let _ = answer.send(Ok(client));
                drive(connection, notes).await;
            }
            Ok(Err(error)) => {
                let _ = answer.send(Err(connect_error(&error)));
            }
            Err(_) => {
                let _ = answer.send(Err(silent(patience)));
            }
        }
    });
    answered
        .await
        .map_err(|_| StoreError::Unavailable { reason: "the store is closed".to_owned() })?
}

async fn drive<S>(mut connection: Connection<Socket, S>, notes: Option<UnboundedSender<Note>>)
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
{
    while let Some(message) = poll_fn(|cx| connection.poll_message(cx)).await {
        match message {
            Ok(AsyncMessage::Notification(note)) => {
                if let Some(notes) = &notes {
                    // A watcher that is gone wants no notes.
                    let _ = notes.send((note.channel().to_owned(), note.payload().to_owned()));
                }
            }
            Ok(AsyncMessage::Notice(notice)) => {
                tracing::debug!(message = notice.message(), "notice")
            }
            Ok(_) => {}
            Err(error) => {
                tracing::debug!(%error, "a connection ended");
                return;
            }
        }
    }
}
