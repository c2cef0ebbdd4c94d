//! A program and the process group it leads.

use std::ffi::OsString;
use std::io;
use std::process::{ExitStatus, Stdio};

use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};
use windlass::process::{Group as Number, lead_group};

use crate::config::Executable;
use crate::handler::event;
use crate::service;

/// A running program. Dropping it kills the whole group.
#[derive(Debug)]
pub(super) struct Group {
    child: Child,
    /// `None` where the program had ended before it was asked for.
    number: Option<Number>,
}

impl Group {
    pub(super) fn spawn(
        executable: &Executable,
        environment: Vec<(&'static str, OsString)>,
    ) -> io::Result<Self> {
        let mut command = Command::new(&executable.program);
        // Who wants to hear of the worker does not want to hear of them.
        for name in service::VARIABLES {
            command.env_remove(name);
        }
        command
            .args(&executable.args)
            .current_dir(&executable.dir)
            // One of a worker that is itself a program of a job.
            .env_remove(event::VARIABLE)
            .env_remove("TRACEPARENT")
            .envs(executable.env.iter().map(|(name, value)| (name, value)))
            .envs(environment)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        // The thread that forks is one of the runtime's, and lives as long as the worker.
        lead_group(command.as_std_mut());
        let child = command.spawn()?;
        let number = child.id().and_then(Number::led_by);
        Ok(Self { child, number })
    }

    /// The three pipes; to be called once.
    pub(super) fn pipes(&mut self) -> (ChildStdin, ChildStdout, ChildStderr) {
        let piped = "all three were piped at the start";
        (
            self.child.stdin.take().expect(piped),
            self.child.stdout.take().expect(piped),
            self.child.stderr.take().expect(piped),
        )
    }

    /// Waits for the program itself, not for what it left behind.
    pub(super) async fn wait(&mut self) -> io::Result<ExitStatus> {
        self.child.wait().await
    }

    /// Asks the group to end.
    pub(super) fn terminate(&self) {
        if let Some(number) = self.number {
            number.terminate();
        }
    }

    /// Ends the group. Its number cannot have gone to another group meanwhile: as long as one
    /// member lives the kernel keeps it, and numbers are not used again at once.
    pub(super) fn kill(&mut self) {
        if let Some(number) = self.number {
            number.kill();
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        // A program that has ended by itself may have left something running on purpose.
        if matches!(self.child.try_wait(), Ok(None)) {
            self.kill();
        }
    }
}
