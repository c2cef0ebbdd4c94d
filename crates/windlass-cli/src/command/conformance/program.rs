//! The worker's command: started, told to stop, killed.

use std::ffi::OsString;
use std::io;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::process::{Child, Command};
use windlass::process::{Group, lead_group};

/// The token that it is given, and is to send.
pub(super) const TOKEN: &str = "conformance";

/// A command, and its process while it runs.
#[derive(Debug)]
pub(super) struct Program {
    words: Vec<OsString>,
    url: String,
    child: Option<Child>,
}

impl Program {
    /// The command, to be started with this URL; `None` where there is none.
    pub(super) fn of(words: &[OsString], url: &str) -> Option<Self> {
        let program = Self { words: words.to_vec(), url: url.to_owned(), child: None };
        (!words.is_empty()).then_some(program)
    }

    /// Starts it, where it does not run.
    pub(super) fn start(&mut self) -> anyhow::Result<()> {
        if self.is_running() {
            return Ok(());
        }
        let mut command = Command::new(&self.words[0]);
        command.args(&self.words[1..]).env("WINDLASS_URL", &self.url).env("WINDLASS_TOKEN", TOKEN);
        // What it prints is not the report.
        command.stdin(Stdio::null()).stdout(Stdio::null()).kill_on_drop(true);
        lead_group(command.as_std_mut());
        let named = |error| format!("{}: {error}", self.words[0].to_string_lossy());
        let child = command.spawn().map_err(|error| crate::exit::Failure::usage(named(error)))?;
        self.child = Some(child);
        Ok(())
    }

    pub(super) fn is_running(&mut self) -> bool {
        let child = self.child.as_mut();
        child.is_some_and(|child| matches!(child.try_wait(), Ok(None)))
    }

    /// Asks it to stop.
    pub(super) fn ask_to_stop(&self) {
        if let Some(pid) =
            self.child.as_ref().and_then(Child::id).and_then(|pid| i32::try_from(pid).ok())
        {
            // SAFETY: plain numbers; the child has not been waited for, so that the id is its own.
            unsafe { libc::kill(pid, libc::SIGTERM) };
        }
    }

    /// The group that it leads, while it has not been waited for.
    fn group(&self) -> Option<Group> {
        self.child.as_ref().and_then(Child::id).and_then(Group::led_by)
    }

    /// Waits until it has ended; `None` where it has not in time.
    pub(super) async fn ended(&mut self, patience: Duration) -> io::Result<Option<ExitStatus>> {
        let Some(child) = self.child.as_mut() else { return Ok(None) };
        tokio::time::timeout(patience, child.wait()).await.ok().transpose()
    }

    /// Ends it at once.
    pub(super) async fn kill(&mut self) -> io::Result<()> {
        if let Some(group) = self.group() {
            group.kill();
        }
        match self.child.take() {
            Some(mut child) => child.wait().await.map(drop),
            None => Ok(()),
        }
    }
}
