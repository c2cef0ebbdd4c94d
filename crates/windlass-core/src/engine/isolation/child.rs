//! A child of this process, and the threads that attend to it.
//!
//! It is started and waited for on a thread of its own, which lives as long as it does: the kernel ends a child with the thread
//! that started it, and a thread of the application's runtime may end before.

use std::io::{self, Read as _, Write as _};
use std::net::Shutdown;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt as _;
use std::process::{Command, ExitStatus};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use tokio::sync::oneshot;

use super::attempt::VARIABLE;
use super::wire::{REPLY_BYTES, Word};
use crate::process::{Group, lead_group};

/// A running child. Dropping it kills its whole process group.
pub(super) struct Child(Arc<Mutex<Life>>);

/// How a child ended, and what it said.
pub(super) struct ChildEnd {
    pub(super) status: ExitStatus,
    pub(super) reply: Vec<u8>,
}

/// What can be done to the child at this moment.
struct Life {
    /// Lines to it; `None` once it has ended.
    lines: Option<Sender<String>>,
    /// Its group, from its start to its end.
    group: Option<Group>,
    is_abandoned: bool,
}

impl Child {
    /// Starts this program once more, with the first line that it is told.
    pub(super) fn start(
        order: String,
    ) -> io::Result<(Self, oneshot::Receiver<io::Result<ChildEnd>>)> {
        let (lines, waiting) = mpsc::channel();
        // Its receiver is at hand.
        let _ = lines.send(order);
        let life = Life { lines: Some(lines), group: None, is_abandoned: false };
        let life = Arc::new(Mutex::new(life));
        let (end, ended) = oneshot::channel();
        let attended = Arc::clone(&life);
        thread::Builder::new().name("windlass-isolate".to_owned()).spawn(move || {
            let attended = attend(&attended, waiting);
            // Nobody waits for an abandoned one.
            let _ = end.send(attended);
        })?;
        Ok((Self(life), ended))
    }

    /// Tells it a word, where it still listens.
    pub(super) fn tell(&self, word: Word) {
        if let Some(lines) = &lock(&self.0).lines {
            let _ = lines.send(word.line());
        }
    }

    /// Asks it to end, by a signal.
    pub(super) fn terminate(&self) {
        if let Some(group) = lock(&self.0).group {
            group.terminate();
        }
    }

    /// Ends it.
    pub(super) fn kill(&self) {
        if let Some(group) = lock(&self.0).group {
            group.kill();
        }
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        lock(&self.0).is_abandoned = true;
        self.kill();
    }
}

/// Held for a moment each time: what is inside is as good after a panic as before.
fn lock(life: &Mutex<Life>) -> MutexGuard<'_, Life> {
    life.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Starts the child, talks to it and waits for its end.
fn attend(life: &Mutex<Life>, lines: Receiver<String>) -> io::Result<ChildEnd> {
    let (ours, theirs) = UnixStream::pair()?;
    let (reader, writer) = (ours.try_clone()?, ours.try_clone()?);
    // The command has the child's end of the socket: without it the child alone does.
    let mut process = command(theirs)?.spawn()?;
    let group = Group::led_by(process.id()).ok_or_else(|| io::Error::other("it has no id"))?;
    {
        let mut life = lock(life);
        life.group = Some(group);
        if life.is_abandoned {
            group.kill();
        }
    }
    thread::scope(|scope| {
        let reading = scope.spawn(move || read(reader));
        scope.spawn(move || write(writer, lines));
        let waited = group.wait_unreaped();
        // From here on its number may be another's.
        {
            let mut life = lock(life);
            (life.group, life.lines) = (None, None);
        }
        let status = waited.and_then(|()| process.wait());
        // A process that it left behind may hold its end of the socket.
        let _ = ours.shutdown(Shutdown::Both);
        let reply = reading.join().unwrap_or_default();
        Ok(ChildEnd { status: status?, reply })
    })
}

/// This very program with its arguments and environment.
fn command(theirs: UnixStream) -> io::Result<Command> {
    // The path may have another program by now; this is the one that runs.
    let program =
        if cfg!(target_os = "linux") { "/proc/self/exe".into() } else { std::env::current_exe()? };
    let mut args = std::env::args_os();
    let mut command = Command::new(program);
    if let Some(name) = args.next() {
        command.arg0(name);
    }
    command.args(args).env(VARIABLE, std::process::id().to_string()).stdin(OwnedFd::from(theirs));
    lead_group(&mut command);
    Ok(command)
}

fn read(from: UnixStream) -> Vec<u8> {
    let mut reply = Vec::new();
    // A socket that breaks has nothing more to say.
    let _ = from.take(REPLY_BYTES).read_to_end(&mut reply);
    reply
}

fn write(mut to: UnixStream, lines: Receiver<String>) {
    for line in lines {
        if to.write_all(line.as_bytes()).is_err() {
            return;
        }
    }
}
