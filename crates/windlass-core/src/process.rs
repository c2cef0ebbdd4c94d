//! Processes that a worker starts for single attempts: each leads a group of its own and dies with the worker.

use std::io;
use std::os::unix::process::CommandExt as _;
use std::process::Command;

/// Lets a program lead a process group of its own, with the default signals, and die with this process.
pub fn lead_group(command: &mut Command) {
    let worker = std::process::id();
    command.process_group(0);
    // SAFETY: the closure runs between fork and exec and makes only system calls that are
    // safe there; it allocates nothing and touches no lock.
    unsafe { command.pre_exec(move || prepare(worker)) };
}

/// Between fork and exec: the default signals, and death with the worker.
fn prepare(worker: u32) -> io::Result<()> {
    // SAFETY: plain system calls without pointers.
    unsafe {
        // The worker may ignore it, and what is ignored is inherited.
        libc::signal(libc::SIGXFSZ, libc::SIG_DFL);
        #[cfg(target_os = "linux")]
        {
            // Tied to the thread that forks, which must live as long as the worker or the program. The program's own children
            // are not reached.
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

/// A process group, by its number: the id of the program that leads it.
///
/// The number cannot have gone to another group while a member lives or the leader is not waited for: the kernel keeps it.
#[derive(Debug, Clone, Copy)]
pub struct Group(libc::pid_t);

impl Group {
    /// The group that this program leads.
    #[must_use]
    pub fn led_by(id: u32) -> Option<Self> {
        libc::pid_t::try_from(id).ok().map(Self)
    }

    /// Asks the group to end.
    pub fn terminate(self) {
        self.signal(libc::SIGTERM);
    }

    /// Ends the group.
    pub fn kill(self) {
        self.signal(libc::SIGKILL);
    }

    /// Waits until the program that leads it has ended, and leaves its id taken.
    ///
    /// # Errors
    /// When it cannot be waited for.
    pub fn wait_unreaped(self) -> io::Result<()> {
        let id = libc::id_t::try_from(self.0).map_err(io::Error::other)?;
        loop {
            // SAFETY: an all-zero `siginfo_t` is a valid one, which the call fills.
            let waited = unsafe {
                let mut info: libc::siginfo_t = std::mem::zeroed();
                libc::waitid(libc::P_PID, id, &raw mut info, libc::WEXITED | libc::WNOWAIT)
            };
            if waited == 0 {
                return Ok(());
            }
            let error = io::Error::last_os_error();
            if error.kind() != io::ErrorKind::Interrupted {
                return Err(error);
            }
        }
    }

    fn signal(self, signal: libc::c_int) {
        // SAFETY: kill takes plain numbers and touches no memory of ours. A group that is
        // gone answers ESRCH, which is as good.
        unsafe { libc::kill(-self.0, signal) };
    }
}

/// The name of a signal that ends programs; empty for others.
#[must_use]
pub fn signal_name(signal: i32) -> &'static str {
    match signal {
        libc::SIGHUP => "SIGHUP",
        libc::SIGINT => "SIGINT",
        libc::SIGQUIT => "SIGQUIT",
        libc::SIGILL => "SIGILL",
        libc::SIGTRAP => "SIGTRAP",
        libc::SIGABRT => "SIGABRT",
        libc::SIGBUS => "SIGBUS",
        libc::SIGFPE => "SIGFPE",
        libc::SIGKILL => "SIGKILL",
        libc::SIGSEGV => "SIGSEGV",
        libc::SIGPIPE => "SIGPIPE",
        libc::SIGTERM => "SIGTERM",
        libc::SIGXCPU => "SIGXCPU",
        libc::SIGXFSZ => "SIGXFSZ",
        libc::SIGSYS => "SIGSYS",
        _ => "",
    }
}
