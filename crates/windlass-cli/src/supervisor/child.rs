//! One child: its start, what it says and prints, the signals it gets, its end.

use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream as StdUnixStream;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::io::AsyncReadExt as _;
use tokio::net::UnixStream;
use tokio::process::{Child, ChildStderr, ChildStdout, Command};
use tokio::sync::mpsc;

use super::command::ChildCommand;
use super::lines::{Lines, To};
use super::pool::ChildId;
use crate::service;
use crate::service::link::{self, Said};

/// After a child has ended its output may be held open by a process it left behind; what comes later is not waited for.
const LAST_OUTPUT: Duration = Duration::from_millis(250);

/// What the supervisor has of a child that runs.
#[derive(Debug)]
pub(super) struct Handle {
    pub(super) pid: u32,
    /// Bounded by who sends them: people, and the supervisor's few wishes.
    signals: mpsc::UnboundedSender<libc::c_int>,
}

impl Handle {
    /// Sends it a signal, unless it has ended.
    pub(super) fn signal(&self, signal: libc::c_int) {
        let _ = self.signals.send(signal);
    }
}

/// A child that was started, for whom waits for it.
pub(super) struct Running {
    id: ChildId,
    child: Child,
    stdout: ChildStdout,
    stderr: ChildStderr,
    link: UnixStream,
    signals: mpsc::UnboundedReceiver<libc::c_int>,
}

/// Starts a child that wants to be heard of within this time; for the store at this URL, where it is for another one than this
/// process.
///
/// # Errors
/// When it cannot be started.
pub(super) fn start(
    command: &ChildCommand,
    (id, within): (ChildId, Duration),
    store: Option<&str>,
) -> io::Result<(Handle, Running)> {
    let (ours, theirs) = StdUnixStream::pair()?;
    ours.set_nonblocking(true)?;
    let mut started = Command::new(&command.program);
    for name in service::VARIABLES {
        started.env_remove(name);
    }
    if let Some(url) = store {
        // Not an argument: others see these, and a URL may have a password.
        started.env("WINDLASS_STORE", url);
    }
    let mut child = started
        .args(&command.args)
        .env(link::VARIABLE, within.as_millis().to_string())
        .stdin(Stdio::from(OwnedFd::from(theirs)))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        // What a terminal sends to its group comes from the supervisor, once.
        .process_group(0)
        .spawn()?;
    let piped = || io::Error::other("its output is not a pipe");
    let stdout = child.stdout.take().ok_or_else(piped)?;
    let stderr = child.stderr.take().ok_or_else(piped)?;
    let (signals, told) = mpsc::unbounded_channel();
    let handle = Handle { pid: child.id().unwrap_or_default(), signals };
    let link = UnixStream::from_std(ours)?;
    Ok((handle, Running { id, child, stdout, stderr, link, signals: told }))
}

impl Running {
    /// Prints what it prints, passes on what it says, until it has ended.
    pub(super) async fn run(
        mut self,
        said: mpsc::Sender<(ChildId, Said)>,
        lines: Lines,
    ) -> (ChildId, io::Result<ExitStatus>) {
        let print = async {
            let (out, err) = (lines.clone(), lines);
            tokio::join!(out.pass_on(self.stdout, To::Stdout), err.pass_on(self.stderr, To::Stderr))
        };
        let id = self.id;
        let live = async {
            tokio::select! {
                status = ended(&mut self.child, &mut self.signals) => status,
                never = listen(id, &mut self.link, said) => match never {},
            }
        };
        let mut print = std::pin::pin!(print);
        let mut live = std::pin::pin!(live);
        let status = tokio::select! {
            status = &mut live => {
                // Whatever is still open then belongs to a process left behind.
                let _ = tokio::time::timeout(LAST_OUTPUT, print).await;
                status
            }
            _ = &mut print => live.await,
        };
        (id, status)
    }
}

/// Waits for its end. It has its id until then, so that no signal reaches another process.
async fn ended(
    child: &mut Child,
    signals: &mut mpsc::UnboundedReceiver<libc::c_int>,
) -> io::Result<ExitStatus> {
    loop {
        tokio::select! {
            status = child.wait() => return status,
            Some(signal) = signals.recv() => {
                if let Some(pid) = child.id().and_then(|id| libc::pid_t::try_from(id).ok()) {
                    // SAFETY: plain numbers, and a child that is not waited for yet.
                    unsafe { libc::kill(pid, signal) };
                }
            }
        }
    }
}

async fn listen(
    id: ChildId,
    link: &mut UnixStream,
    said: mpsc::Sender<(ChildId, Said)>,
) -> std::convert::Infallible {
    let mut bytes = [0; 16];
    loop {
        let read = link.read(&mut bytes).await.unwrap_or(0);
        for said_now in bytes[..read].iter().filter_map(|byte| Said::of(*byte)) {
            // A supervisor that has ended listens to nobody.
            let _ = said.send((id, said_now)).await;
        }
        if read == 0 {
            std::future::pending::<()>().await;
        }
    }
}
