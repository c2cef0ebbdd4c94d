//! Executables: args on stdin, result in a file, the exit code decides.
//!
//! | ending | meaning |
//! |---|---|
//! | exit 0 | completed; the output is the result file |
//! | exit 75 | retry |
//! | exit 64, 65 | dead at once |
//! | exit 10 after SIGTERM | stopped at a safe point: handed back, not counted |
//! | other exit codes | failed, retry |
//! | killed by a signal | unclean end, retry |
//!
//! The environment names the job, its store and the root of its tree, so that `windlass enqueue`
//! in the program needs no flags and what it enqueues is a child of the job.
//!
//! The program leads a process group of its own. When the attempt must end the group gets
//! SIGTERM, and SIGKILL when the grace is over or the handler's future is dropped.

mod child;
mod folder;
mod logs;
mod recall;
mod report;
mod result;

use std::io;
use std::pin::pin;
use std::process::ExitStatus;
use std::sync::{Arc, Weak};
use std::time::Duration;

use std::os::unix::process::ExitStatusExt as _;
use tokio::io::AsyncWriteExt as _;
use tokio::process::ChildStdin;
use tokio::sync::Notify;
use windlass::AttemptContext;
use windlass::Json;
use windlass::Timestamp;
use windlass::{Handler, HandlerFuture, JobError};

use super::HandlerParts;
use crate::config::{Executable, HandlerConfig};
use crate::shutdown::Hurry;
use child::Group;
pub(crate) use folder::ResultFolder;
use logs::{Log, Tail};
use recall::RecallFile;
use report::ReportPipe;
use result::ResultFile;

/// After the program has ended its output may be held open by a process it left behind; what
/// comes later than this is not waited for.
const LAST_OUTPUT: Duration = Duration::from_millis(250);
/// The grace between SIGTERM and SIGKILL once a stopping worker has no time left.
const HURRIED_GRACE: Duration = Duration::from_secs(2);
/// A service manager may send SIGTERM to worker and program at once; the program's end can then
/// be seen before the worker's own stop.
const STOP_MAY_FOLLOW: Duration = Duration::from_millis(500);

/// Runs a program for each job.
#[derive(Debug)]
pub(crate) struct ExecHandler {
    setup: Arc<Setup>,
}

#[derive(Debug)]
struct Setup {
    executable: Executable,
    grace: Duration,
    max_attempts: u16,
    store: String,
    hurry: Hurry,
    /// The command owns it: handlers may be dropped only after the process is told to end.
    results: Weak<ResultFolder>,
}

/// The files of an attempt, removed with it.
#[derive(Debug)]
struct Files {
    result: ResultFile,
    report: ReportPipe,
    recall: RecallFile,
}

/// How an attempt of a program ended.
#[derive(Debug, Clone, Copy)]
struct End {
    status: ExitStatus,
    /// Whether it had been told to.
    told: bool,
}

impl ExecHandler {
    pub(crate) fn new(
        executable: &Executable,
        config: &HandlerConfig,
        around: &HandlerParts,
        results: &Arc<ResultFolder>,
    ) -> Self {
        let setup = Setup {
            executable: executable.clone(),
            grace: config.grace,
            max_attempts: config.retry.max_attempts.unwrap_or(0),
            store: around.store.clone(),
            hurry: around.hurry.clone(),
            results: Arc::downgrade(results),
        };
        Self { setup: Arc::new(setup) }
    }
}

impl Handler for ExecHandler {
    fn run(&self, attempt: Arc<AttemptContext>) -> HandlerFuture {
        let setup = Arc::clone(&self.setup);
        Box::pin(async move { setup.run(&attempt).await })
    }
}

impl Setup {
    async fn run(&self, attempt: &AttemptContext) -> Result<Option<Json>, JobError> {
        super::check_args(attempt)?;
        let files = self.files(attempt).await?;
        let environment = self.environment(attempt, &files);
        let mut group = Group::spawn(&self.executable, environment).map_err(|error| {
            JobError::retry(format_args!(
                "{} did not start: {error}",
                self.executable.program.display()
            ))
        })?;
        let mut tail = Tail::default();
        let end = self.attend(attempt, &mut group, (&mut tail, &files.report)).await;
        let end = end
            .map_err(|error| JobError::retry(format_args!("its end could not be seen: {error}")))?;
        if end.status.success() {
            return Ok(files.result.read().await);
        }
        Err(verdict(attempt, end, &tail).await)
    }

    /// The files by which the program and the worker talk.
    async fn files(&self, attempt: &AttemptContext) -> Result<Files, JobError> {
        let made = |what: &'static str| {
            move |error: io::Error| JobError::retry(format!("no {what} could be made: {error}"))
        };
        let folder = self.results.upgrade();
        let folder = folder.ok_or_else(|| io::Error::other("the worker has ended"));
        let folder = folder.map_err(made("result file"))?;
        let result = folder.file().map_err(made("result file"))?;
        let report = ReportPipe::below(&folder.path()).map_err(made("pipe for reports"))?;
        let recall = RecallFile::below(&folder.path(), attempt).await?;
        Ok(Files { result, report, recall })
    }

    /// Feeds the program, reads what it prints, and sees it end.
    async fn attend(
        &self,
        attempt: &AttemptContext,
        group: &mut Group,
        (tail, report): (&mut Tail, &ReportPipe),
    ) -> io::Result<End> {
        let ended = Notify::new();
        let watch = async {
            let end = self.talk(attempt, group, tail).await;
            ended.notify_one();
            end
        };
        tokio::join!(watch, report.follow(attempt, ended.notified())).0
    }

    /// Feeds it and reads what it prints, until its end.
    async fn talk(
        &self,
        attempt: &AttemptContext,
        group: &mut Group,
        tail: &mut Tail,
    ) -> io::Result<End> {
        let (stdin, stdout, stderr) = group.pipes();
        let talk = async {
            tokio::join!(
                feed(stdin, attempt.args().as_str()),
                Log::stdout(attempt).read(stdout, |_| {}),
                Log::stderr(attempt).read(stderr, |bytes| tail.push(bytes)),
            )
        };
        let (mut talk, mut end) = (pin!(talk), pin!(self.end_of(attempt, group)));
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

    /// Waits for the program's end, and brings it about when the attempt must end.
    async fn end_of(&self, attempt: &AttemptContext, group: &mut Group) -> io::Result<End> {
        tokio::select! {
            status = group.wait() => return Ok(End { status: status?, told: false }),
            () = attempt.cancelled() => {}
        }
        group.terminate();
        let patience = async {
            tokio::select! {
                () = tokio::time::sleep(self.grace) => {}
                () = self.hurry.begun() => tokio::time::sleep(self.grace.min(HURRIED_GRACE)).await,
            }
        };
        let status = tokio::select! {
            status = group.wait() => status?,
            () = patience => {
                tracing::warn!(job = %attempt.job_id(), kind = attempt.kind(), "did not end within its grace; killed");
                group.kill();
                group.wait().await?
            }
        };
        // What it left behind in its group must not go on either.
        group.kill();
        Ok(End { status, told: true })
    }

    fn environment(
        &self,
        attempt: &AttemptContext,
        files: &Files,
    ) -> Vec<(&'static str, std::ffi::OsString)> {
        let limit = attempt.max_attempts().unwrap_or(self.max_attempts);
        let deadline = Timestamp::wall_clock().after(attempt.timeout());
        vec![
            ("WINDLASS_STORE", self.store.clone().into()),
            ("WINDLASS_JOB_ID", attempt.job_id().to_string().into()),
            ("WINDLASS_KIND", attempt.kind().into()),
            ("WINDLASS_ATTEMPT", attempt.attempt().to_string().into()),
            ("WINDLASS_MAX_ATTEMPTS", limit.to_string().into()),
            ("WINDLASS_DEADLINE", deadline.to_string().into()),
            ("WINDLASS_CORRELATION_ID", attempt.root().to_string().into()),
            ("WINDLASS_LEASE", attempt.fence().lease.to_string().into()),
            ("WINDLASS_RESULT_FILE", files.result.path().into()),
            ("WINDLASS_REPORT_FILE", files.report.path().into()),
            ("WINDLASS_RECALL_FILE", files.recall.path().into()),
        ]
    }
}

/// Writes the args; a program that does not read them is its own affair.
async fn feed(mut stdin: ChildStdin, args: &str) {
    let _ = stdin.write_all(args.as_bytes()).await;
    let _ = stdin.shutdown().await;
}

/// What the end of a program that did not succeed means.
async fn verdict(attempt: &AttemptContext, end: End, tail: &Tail) -> JobError {
    let stopped_by = |told: bool| async move {
        told || tokio::time::timeout(STOP_MAY_FOLLOW, attempt.stopping()).await.is_ok()
    };
    match (end.status.code(), end.status.signal()) {
        (Some(10), _) if stopped_by(end.told).await => JobError::stopped(),
        (_, Some(libc::SIGTERM)) if stopped_by(end.told).await => JobError::stopped(),
        (Some(code @ (64 | 65)), _) => {
            JobError::dead(tail.after(format_args!("exited with {code}")))
        }
        (Some(code), _) => JobError::retry(tail.after(format_args!("exited with {code}"))),
        (None, signal) => {
            let number = signal.unwrap_or_default();
            JobError::retry(tail.after(format_args!("unclean end: signal {number}")))
        }
    }
}
