//! A program and the process group it leads.

use std::ffi::OsString;
use std::io;
use std::process::{ExitStatus, Stdio};

use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};

use crate::config::Executable;

/// A running program. Dropping it kills the whole group.
#[derive(Debug)]
pub(super) struct Group {
    child: Child,
    /// The group's number, the program's own; `None` where the program had ended before it was asked for.
    number: Option<libc::pid_t>,
}

impl Group {
    pub(super) fn spawn(
        executable: &Executable,
        environment: Vec<(&'static str, OsString)>,
    ) -> io::Result<Self> {
        let mut command = Command::new(&executable.program);
        command
            .args(&executable.args)
            .current_dir(&executable.dir)
            .envs(executable.env.iter().map(|(name, value)| (name, value)))
            .envs(environment)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true);
        let worker = std::process::id();
        // SAFETY: the closure runs between fork and exec and makes only system calls that are
        // safe there; it allocates nothing and touches no lock.
        unsafe { command.pre_exec(move || prepare(worker)) };
        let child = command.spawn()?;
        let number = child.id().and_then(|id| libc::pid_t::try_from(id).ok());
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
        self.signal(libc::SIGTERM);
    }

    /// Ends the group. Its number cannot have gone to another group meanwhile: as long as one
    /// member lives the kernel keeps it, and numbers are not used again at once.
    pub(super) fn kill(&mut self) {
        self.signal(libc::SIGKILL);
    }

    fn signal(&self, signal: libc::c_int) {
        if let Some(number) = self.number {
            // SAFETY: kill takes plain numbers and touches no memory of ours. A group that is
            // gone answers ESRCH, which is as good.
            unsafe { libc::kill(-number, signal) };
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

/// Between fork and exec: the default signals, and death with the worker.
fn prepare(worker: u32) -> io::Result<()> {
    // SAFETY: plain system calls without pointers.
    unsafe {
        // The worker ignores it, and what is ignored is inherited.
        libc::signal(libc::SIGXFSZ, libc::SIG_DFL);
        #[cfg(target_os = "linux")]
        {
            // Tied to the thread that forks, which is one of the runtime's and lives as long as
            // the worker. Its own children are not reached.
            if libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) != 0 {
                return Err(io::Error::last_os_error());
            }
            // The worker may have died before that call.
            if u32::try_from(libc::getppid()) != Ok(worker) {
                libc::_exit(libc::EXIT_FAILURE);
            }
        }
    }
    #[cfg(not(target_os = "linux"))]
    let _ = worker;
    Ok(())
}
