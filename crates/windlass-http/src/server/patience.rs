//! Patience with who does not read: a connection that takes nothing of its answer for long ends.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

use crate::limits::WRITE_TIME;

/// A connection whose writes fail once nothing was taken for [`WRITE_TIME`].
#[derive(Debug)]
pub(super) struct Patient<T> {
    io: T,
    /// Runs while nothing is taken.
    patience: Option<Pin<Box<Sleep>>>,
}

impl<T> Patient<T> {
    pub(super) const fn new(io: T) -> Self {
        Self { io, patience: None }
    }

    /// The answer to a write, or an error where it has been pending for too long.
    fn judge<A>(
        &mut self,
        cx: &mut Context<'_>,
        written: Poll<io::Result<A>>,
    ) -> Poll<io::Result<A>> {
        if written.is_ready() {
            self.patience = None;
            return written;
        }
        let patience = self.patience.get_or_insert_with(|| Box::pin(sleep(WRITE_TIME)));
        ready!(patience.as_mut().poll(cx));
        Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "nobody reads the answer")))
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Patient<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(cx, buffer)
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Patient<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.io).poll_write(cx, bytes);
        self.judge(cx, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.io).poll_write_vectored(cx, parts);
        self.judge(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.io).poll_flush(cx);
        self.judge(cx, flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use axum::Router;
    use axum::body::{Body, Bytes};
    use axum::routing::get;
    use futures_util::stream::repeat;
    use hyper::server::conn::http1;
    use hyper_util::rt::TokioIo;
    use hyper_util::service::TowerToHyperService;
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
    use tokio::time::advance;

    use super::*;

    /// S-10: a client that reads nothing of an answer without end is cut off.
    #[tokio::test(start_paused = true)]
    async fn who_reads_nothing_is_cut_off() {
        let endless = async || {
            Body::from_stream(repeat(Ok::<_, Infallible>(Bytes::from_static(&[0; 1_000]))))
        };
        let router = Router::new().route("/", get(endless));
        let (mut client, server) = duplex(64);
        client.write_all(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n").await.expect("written");
        let service = TowerToHyperService::new(router);
        let connection =
            http1::Builder::new().serve_connection(TokioIo::new(Patient::new(server)), service);
        let error = connection.await.expect_err("it does not wait for ever");
        assert!(format!("{error:?}").contains("TimedOut"), "{error:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn who_reads_slowly_is_not() {
        let (mut client, server) = duplex(64);
        let mut server = Patient::new(server);
        let read = async {
            let mut read = Vec::new();
            while read.len() < 320 {
                advance(WRITE_TIME / 2).await;
                let mut part = [0; 32];
                client.read_exact(&mut part).await.expect("there is more");
                read.extend(part);
            }
        };
        let (written, ()) = tokio::join!(server.write_all(&[7; 320]), read);
        written.expect("somebody reads");
    }
}
