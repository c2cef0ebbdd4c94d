//! The connection of a supervisor and its child: the child's stdin, a socket that both ends read and write.
//!
//! The child says when it is ready and that it is alive. What the supervisor says is its end, in whatever way it comes: then the
//! socket is closed, and the child stops in order.

use std::io;
use std::os::fd::AsFd as _;
use std::os::unix::net::UnixStream as StdUnixStream;
use std::time::Duration;

use tokio::io::AsyncReadExt as _;
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};

/// Marks a child of a supervisor; its value is the time in ms within which the supervisor wants to hear that it is alive.
pub(crate) const VARIABLE: &str = "WINDLASS_SUPERVISED";

/// What a child says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Said {
    /// It is registered and takes work.
    Ready,
    /// Its loop goes on.
    Alive,
}

impl Said {
    const fn byte(self) -> u8 {
        match self {
            Self::Ready => b'r',
            Self::Alive => b'a',
        }
    }

    /// What a byte says; `None` for one of a later version.
    pub(crate) const fn of(byte: u8) -> Option<Self> {
        match byte {
            b'r' => Some(Self::Ready),
            b'a' => Some(Self::Alive),
            _ => None,
        }
    }
}

/// The child's side: what it says.
#[derive(Debug)]
pub(crate) struct Link {
    to: OwnedWriteHalf,
    watchdog: Duration,
}

/// The child's side: what ends when its supervisor does.
#[derive(Debug)]
pub(crate) struct Lifeline(OwnedReadHalf);

impl Link {
    pub(super) fn say(&self, said: Said) {
        // A supervisor that is gone, or does not read, needs nothing more.
        let _ = self.to.try_write(&[said.byte()]);
    }

    pub(super) const fn watchdog(&self) -> Duration {
        self.watchdog
    }
}

impl Lifeline {
    /// Waits for the supervisor's end.
    pub(crate) async fn ended(&mut self) {
        let mut nothing = [0; 16];
        while self.0.read(&mut nothing).await.is_ok_and(|read| read > 0) {}
    }
}

/// The link to the supervisor that started this process.
pub(super) fn of_environment() -> Option<(Link, Lifeline)> {
    let within = std::env::var(VARIABLE).ok()?.parse().ok().map(Duration::from_millis)?;
    // One that has only inherited the variable has another stdin.
    let stream = StdUnixStream::from(io::stdin().as_fd().try_clone_to_owned().ok()?);
    stream.peer_addr().ok()?;
    stream.set_nonblocking(true).ok()?;
    let (from, to) = UnixStream::from_std(stream).ok()?.into_split();
    Some((Link { to, watchdog: within }, Lifeline(from)))
}

/// A link and the end that a supervisor has of it.
#[cfg(test)]
pub(super) fn pair(watchdog: Duration) -> (Link, StdUnixStream) {
    let (theirs, ours) = StdUnixStream::pair().expect("a pair");
    theirs.set_nonblocking(true).expect("set");
    let (_, to) = UnixStream::from_std(theirs).expect("a stream").into_split();
    (Link { to, watchdog }, ours)
}
