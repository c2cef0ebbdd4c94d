//! The socket that systemd listened on before it started this process.

use std::io;
use std::net::TcpListener;
use std::os::fd::{FromRawFd as _, OwnedFd};

use crate::exit::Failure;

/// The listener that systemd hands over, where it does.
///
/// # Errors
/// When it is not one socket of TCP.
pub(crate) fn handed_over() -> Result<Option<TcpListener>, Failure> {
    let refused = |what: String| Failure::usage(format!("systemd hands over {what}"));
    let unreadable = |error: io::Error| refused(format!("what cannot be used: {error}"));
    let mut sockets = sd_notify::listen_fds().map_err(unreadable)?;
    let count = sockets.len();
    let Some(socket) = sockets.next() else { return Ok(None) };
    if count > 1 {
        let todo = "keep one ListenStream= in the unit of the socket";
        return Err(refused(format!("{count} sockets, and one is served; {todo}")));
    }
    // SAFETY: it was opened for this process, as LISTEN_PID says, and nothing else here takes it: this is called once.
    let listener = TcpListener::from(unsafe { OwnedFd::from_raw_fd(socket) });
    if listener.local_addr().is_err() {
        let todo = "write an address and a port into ListenStream=, such as 127.0.0.1:7700";
        return Err(refused(format!("a socket that is not one of TCP; {todo}")));
    }
    listener.set_nonblocking(true).map_err(unreadable)?;
    Ok(Some(listener))
}
