//! A program from its start to its end: what it is fed, what it prints and reports, and how it is told to end.

use std::ffi::OsString;
use std::io;
use std::pin::pin;
use std::process::ExitStatus;
use std::time::Duration;

use tokio::io::AsyncWriteExt as _;
use tokio::process::ChildStdin;
use tokio::sync::Notify;
use windlass::JobError;

use super::Setup;
use super::child::Group;
use super::logs::{Log, Tail, Whom};
use super::report::{Heeds, ReportPipe};

/// After the program has ended its output may be held open by a process it left behind; what
/// comes later than this is not waited for.
pub(super) const LAST_OUTPUT: Duration = Duration::from_millis(250);
/// When a program is tried again that the machine had no room for.
const ROOM_AGAIN: Duration = Duration::from_secs(2);
/// The grace between SIGTERM and SIGKILL once a stopping worker has no time left.
const HURRIED_GRACE: Duration = Duration::from_secs(2);

/// A program that is to run.
pub(super) struct Program<'a> {
    pub(super) setup: &'a Setup,
    pub(super) whom: Whom,
    pub(super) report: &'a ReportPipe,
    /// Where the end of what it writes to stderr is kept.
    pub(super) tail: &'a mut Tail,
}

/// How a program ended.
#[derive(Debug, Clone, Copy)]
pub(super) struct End {
    pub(super) status: ExitStatus,
    /// Whether it had been told to.
    pub(super) told: bool,
}

impl Program<'_> {
    /// Starts it, feeds it, reads what it prints and reports, and sees it end; that is brought about once `cancelled` is ready.
    pub(super) async fn run(
        mut self,
        environment: Vec<(&'static str, OsString)>,
        input: &str,
        heeds: &mut impl Heeds,
        cancelled: impl Future<Output = ()>,
    ) -> Result<End, JobError> {
        let executable = &self.setup.executable;
        let mut group = Group::spawn(executable, environment).map_err(|error| {
            let what = format!("{} did not start", executable.program.display());
            not_begun(&self.whom, &what, &error)
        })?;
        let report = self.report;
        let ended = Notify::new();
        let watch = async {
            let end = self.talk(&mut group, input, cancelled).await;
            ended.notify_one();
            end
        };
        let (end, ()) = tokio::join!(watch, report.follow(heeds, ended.notified()));
        end.map_err(|error| JobError::retry(format_args!("its end could not be seen: {error}")))
    }

    /// Feeds it and reads what it prints, until its end.
    async fn talk(
        &mut self,
        group: &mut Group,
        input: &str,
        cancelled: impl Future<Output = ()>,
    ) -> io::Result<End> {
        let (stdin, stdout, stderr) = group.pipes();
        let tail = &mut *self.tail;
        let talk = async {
            tokio::join!(
                feed(stdin, input),
                Log::new(&self.whom, "stdout").read(stdout, |_| {}),
                Log::new(&self.whom, "stderr").read(stderr, |bytes| tail.push(bytes)),
            )
        };
        let (mut talk, mut end) =
            (pin!(talk), pin!(end_of(self.setup, &self.whom, group, cancelled)));
        let mut talking = true;
        loop {
            tokio::select! {
                end = &mut end => {
                    if talking {
                        // Whatever is still open then belongs to a process left behind.
                        let _ = tokio::time::timeout(LAST_OUTPUT, talk).await;
                    }
                    return end;
                }
                _ = &mut talk, if talking => talking = false,
            }
        }
    }
}

/// Why an attempt ends before its program runs.
pub(super) fn not_begun(whom: &Whom, what: &str, error: &io::Error) -> JobError {
    let what = format!("{what}: {error}");
    if !is_short_of_room(error) {
        return JobError::retry(what);
    }
    whom.warn(&format!("{what}; tried again soon, and no failure is counted"));
    JobError::snooze(ROOM_AGAIN)
}

/// Whether the machine has no room for another process now: that says nothing of the job.
fn is_short_of_room(error: &io::Error) -> bool {
    let codes = [libc::EMFILE, libc::ENFILE, libc::EAGAIN, libc::ENOMEM];
    error.raw_os_error().is_some_and(|code| codes.contains(&code))
}

/// Waits for the program's end, and brings it about when it must end.
async fn end_of(
    setup: &Setup,
    whom: &Whom,
    group: &mut Group,
    cancelled: impl Future<Output = ()>,
) -> io::Result<End> {
    tokio::select! {
        status = group.wait() => return Ok(End { status: status?, told: false }),
        () = cancelled => {}
    }
    group.terminate();
    let patience = async {
        tokio::select! {
            () = tokio::time::sleep(setup.grace) => {}
            () = setup.hurry.begun() => tokio::time::sleep(setup.grace.min(HURRIED_GRACE)).await,
        }
    };
    let status = tokio::select! {
        status = group.wait() => status?,
        () = patience => {
            whom.warn("did not end within its grace; killed");
            group.kill();
            group.wait().await?
        }
    };
    // What it left behind in its group must not go on either.
    group.kill();
    Ok(End { status, told: true })
}

/// Writes what it is fed; a program that does not read it is its own affair.
async fn feed(mut stdin: ChildStdin, input: &str) {
    let _ = stdin.write_all(input.as_bytes()).await;
    let _ = stdin.shutdown().await;
}
