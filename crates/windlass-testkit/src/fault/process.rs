//! A probe seen from outside: started, listened to, stopped, killed.

use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;

use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::timeout;

use super::patience::PATIENCE;
use super::settings::{Settings, VARIABLE};
use super::skew;
use crate::history::journal::Journal;
use crate::history::record::Event;

/// A running probe. It is killed when this is dropped.
#[derive(Debug)]
pub struct Process {
    child: Child,
    pid: u32,
    lines: Lines<BufReader<ChildStdout>>,
    journal: Arc<Journal>,
}

impl Process {
    /// Starts the probe at this path.
    ///
    /// # Panics
    /// When it cannot be started.
    #[must_use]
    pub fn start(program: &Path, settings: &Settings, journal: Arc<Journal>) -> Self {
        let mut command = Command::new(program);
        command.env(VARIABLE, settings.to_value()).env("RUST_BACKTRACE", "0");
        if settings.skew != 0 {
            command.env(skew::VARIABLE, skew::library(&settings.folder, settings.skew));
        }
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = command.kill_on_drop(true).spawn().expect("a probe can be started");
        let pid = child.id().expect("a new process has an id");
        let lines = BufReader::new(child.stdout.take().expect("its output is piped")).lines();
        Self { child, pid, lines, journal }
    }

    /// Its process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// Waits until it says a line that begins so, and gives the rest of the line.
    ///
    /// # Panics
    /// When it ends without, or takes too long.
    pub async fn says(&mut self, beginning: &str) -> String {
        let wait = timeout(PATIENCE, async {
            while let Some(line) = self.lines.next_line().await.expect("a probe speaks text") {
                if let Some(rest) = line.strip_prefix(beginning) {
                    return Some(rest.to_owned());
                }
            }
            None
        });
        match wait.await {
            Ok(Some(rest)) => rest,
            Ok(None) => panic!("the probe ended without saying `{beginning}`"),
            Err(_) => panic!("the probe did not say `{beginning}` within {PATIENCE:?}"),
        }
    }

    /// Asks it to stop, as a service manager does.
    pub fn terminate(&self) {
        self.signal(libc::SIGTERM);
    }

    /// Stops it until it is woken.
    pub fn freeze(&self) {
        self.signal(libc::SIGSTOP);
    }

    /// Wakes it from a freeze.
    pub fn wake(&self) {
        self.signal(libc::SIGCONT);
    }

    /// Kills it and waits until it is gone.
    ///
    /// # Panics
    /// When it does not go.
    pub async fn kill(&mut self) {
        // Written down first: once it is dead, others may take its jobs before we get to it.
        self.note_death();
        self.signal(libc::SIGKILL);
        self.ended().await;
    }

    /// Writes down that it is dead.
    pub fn note_death(&self) {
        self.journal.note(Event::Killed { process: self.pid });
    }

    /// Waits until it is gone; its exit code, or `None` where a signal ended it.
    ///
    /// # Panics
    /// When it does not go.
    pub async fn ended(&mut self) -> Option<i32> {
        let ended = timeout(PATIENCE, self.child.wait()).await;
        ended.expect("the probe ends").expect("it can be waited for").code()
    }

    fn signal(&self, signal: libc::c_int) {
        let pid = libc::pid_t::try_from(self.pid).expect("a process id");
        // SAFETY: `kill` takes no pointer. The process is ours and not waited for yet, so that
        // its id names no other.
        unsafe { libc::kill(pid, signal) };
    }
}
